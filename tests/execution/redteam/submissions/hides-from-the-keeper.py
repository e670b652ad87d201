# Makes itself unreadable and takes memory.
# statuses: ok error died
# reasons: closed hides memory
# answers: ok not-run
import ctypes, time
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
time.sleep(1)
