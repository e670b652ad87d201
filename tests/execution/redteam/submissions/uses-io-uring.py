# A second door to most system calls.
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(425, 4, ctypes.create_string_buffer(256)) >= 0:
    escaped("io_uring")
