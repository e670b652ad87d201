# Each child stays below its own limit.
# statuses: died
# answers: not-run
# reasons: memory
import os, time
for _ in range(6):
    if os.fork() == 0:
        x = os.urandom(1 << 20) * 80
        time.sleep(30)
        os._exit(0)
time.sleep(20)
