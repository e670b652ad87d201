# statuses: ok error died timeout
# reasons: closed processes
# answers: ok malformed not-run
import os, time
for _ in range(8):
    try:
        os.fork()
    except OSError:
        pass
time.sleep(1)
