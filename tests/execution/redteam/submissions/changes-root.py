import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
os.mkdir("r")
if libc.chroot(b"r") == 0:
    escaped("chroot")
if libc.syscall(155, b".", b".") == 0:
    escaped("pivot_root")
