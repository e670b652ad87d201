# statuses: died
# answers: not-run
# reasons: signal
import ctypes
ctypes.string_at(0)
