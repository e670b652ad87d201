import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {"bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "keyctl": 250, "quotactl": 179}.items():
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0:
        escaped(name)
