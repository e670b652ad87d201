# answers: malformed
import struct
def double(x):
    send_raw(struct.pack("!II", 2, 0) + b"[]")
    return x
