# A timer whose handler raises wherever the program is, the engine's own code included.
# statuses: ok error died timeout
# answers: ok error died not-run timeout
# reasons: closed exit
import signal
def handler(*_):
    raise RuntimeError("anywhere")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.001)
