# Deleted files that stay open.
# statuses: error died
# answers: ok not-run
# reasons: closed disk
import os, time
held = []
for number in range(6):
    file = open("part", "wb")
    os.unlink("part")
    file.write(b"x" * (9 << 20))
    file.flush()
    held.append(file)
time.sleep(20)
escaped("54 MB in deleted files")
