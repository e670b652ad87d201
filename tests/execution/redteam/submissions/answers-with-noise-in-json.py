# answers: malformed
import struct
def double(x):
    send_raw(struct.pack("!II", 4, 0) + b"\xff\xfe{}")
    return x
