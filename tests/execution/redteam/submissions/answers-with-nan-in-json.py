# answers: malformed
import struct
def double(x):
    body = b'{"reply": {"score": NaN}}'
    send_raw(struct.pack("!II", len(body), 0) + body)
    return x
