# Kernel keys outlive a process.
# unconfined: escapes
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(248, b"user", b"left-behind", b"x", 1, ctypes.c_long(-2)) >= 0:
    escaped("stored a key")
