# JSON that takes a hundred times its size in memory.
# answers: malformed ok
import struct
def double(x):
    body = b'{"reply": {"a": [' + b"[]," * 600_000 + b"[]]}}"
    send_raw(struct.pack("!II", len(body), 0) + body)
    return x
