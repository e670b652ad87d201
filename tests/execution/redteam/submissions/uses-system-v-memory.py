# Segments that outlive their process.
# unconfined: escapes
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
number = libc.shmget(0x1EF7, 4096, 0o1666)
if number >= 0:
    libc.shmctl(number, 0, None)
    escaped("shmget")
if libc.semget(0x1EF7, 1, 0o1666) >= 0:
    libc.semctl(libc.semget(0x1EF7, 1, 0), 0, 0)
    escaped("semget")
