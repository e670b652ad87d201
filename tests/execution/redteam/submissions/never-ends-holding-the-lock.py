# Holds Python's lock while it sleeps, so no Python code can react.
# statuses: timeout
# answers: ok not-run
# seconds: 0.4
import ctypes
ctypes.PyDLL(None).sleep(60)
