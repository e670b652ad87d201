# statuses: ok error died
# reasons: closed processes
# answers: ok not-run
import os, time
for _ in range(200):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
