# statuses: timeout
# answers: not-run
# seconds: 0.4
import os, signal
os.kill(os.getpid(), signal.SIGSTOP)
