# Deeper than any path may be long.
# statuses: died
# answers: not-run
# reasons: disk
import os, time
for _ in range(1200):
    os.mkdir("d" * 50)
    os.chdir("d" * 50)
time.sleep(20)
