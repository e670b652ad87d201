# A user namespace would give capabilities back.
# unconfined: escapes
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, flag in {"user": 0x10000000, "mount": 0x20000, "network": 0x40000000, "pid": 0x20000000}.items():
    if libc.unshare(flag) == 0:
        escaped(name)
