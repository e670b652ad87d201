# By clone and clone3, which keeps its flags in memory.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
if child > 0:
    escaped("clone")
arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
child = libc.syscall(435, ctypes.byref(arguments), 64)
if child == 0:
    os._exit(0)
if child > 0:
    escaped("clone3")
