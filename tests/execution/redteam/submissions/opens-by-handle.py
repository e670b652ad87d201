# File handles go around paths.
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
handle = ctypes.create_string_buffer(b"\x80\x00\x00\x00" + b"\0" * 140)
mount = ctypes.c_int()
if libc.name_to_handle_at(-100, b"/", handle, ctypes.byref(mount), 0) == 0:
    escaped("got a handle")
