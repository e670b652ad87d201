import ctypes
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(1000)
if libc.klogctl(3, buffer, 1000) > 0:
    escaped("read the kernel's log")
for path in ("/dev/kmsg", "/proc/kmsg", "/proc/kcore", "/dev/mem"):
    try:
        open(path, "rb", 0)
        escaped(path)
    except OSError:
        pass
