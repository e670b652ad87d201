# statuses: ok error died timeout
# reasons: closed processes
# Many processes read and answer at the same socket.
# answers: ok malformed error timeout died
# seconds: 10
import os, time
for _ in range(8):
    try:
        os.fork()
    except OSError:
        pass
time.sleep(1)
