# statuses: error died
# answers: ok not-run
# reasons: closed disk
import time
for number in range(3000):
    open(f"file-{number}", "w").close()
time.sleep(20)
escaped("3000 files")
