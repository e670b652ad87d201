import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.mq_open(b"/left-behind", 0o102, 0o666, None) >= 0:
    libc.mq_unlink(b"/left-behind")
    escaped("mq_open")
