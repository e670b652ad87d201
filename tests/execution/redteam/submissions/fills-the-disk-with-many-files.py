# statuses: error died
# answers: ok not-run
# reasons: closed disk
import time
for number in range(6):
    with open(f"part-{number}", "wb") as file:
        file.write(b"x" * (9 << 20))
time.sleep(20)
escaped("54 MB in six files")
