# answers: malformed
import struct
def double(x):
    body = b'{"reply":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    send_raw(struct.pack("!II", len(body), 0) + body)
    return x
