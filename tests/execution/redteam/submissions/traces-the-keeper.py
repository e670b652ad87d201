import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for process in (os.getppid(), PARENT, GRADER):
    if libc.ptrace(16, process, None, None) == 0 or libc.ptrace(0x4206, process, None, None) == 0:
        escaped(f"traces {process}")
