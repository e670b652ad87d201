# statuses: timeout
# answers: not-run
# seconds: 1
import os, signal
os.kill(os.getpid(), signal.SIGSTOP)
