# answers: malformed
import struct
def double(x):
    body = b'{"reply": {"n": ' + b"9" * 100_000 + b"}}"
    send_raw(struct.pack("!II", len(body), 0) + body)
    return x
