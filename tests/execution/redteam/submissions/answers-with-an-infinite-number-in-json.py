# answers: malformed
import struct
def double(x):
    body = b'{"reply": {"score": 1e999}}'
    send_raw(struct.pack("!II", len(body), 0) + body)
    return x
