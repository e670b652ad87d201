# statuses: timeout
# answers: not-run
# seconds: 1
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True:
    pass
