# Over the package, and the root again for writing.
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"tmpfs", b"/usr", b"tmpfs", 0, None) == 0:
    escaped("mounted over /usr")
if libc.mount(None, b"/usr", None, 32 | 4096, None) == 0:
    escaped("remounted /usr")
if libc.umount2(b"/proc", 2) == 0:
    escaped("unmounted /proc")
