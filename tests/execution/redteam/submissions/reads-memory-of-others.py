# The memory of the keeper, the warm parent and the grader, by /proc and by process_vm_readv.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(64)
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
here = Vector(ctypes.addressof(buffer), 64)
there = Vector(id(buffer), 64)
for process in (os.getppid(), PARENT, GRADER):
    try:
        open(f"/proc/{process}/mem", "rb")
        escaped(f"opened the memory of {process}")
    except OSError:
        pass
    if libc.process_vm_readv(process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        escaped(f"read the memory of {process}")
