# answers: malformed
import os, struct
def double(x):
    body = b'{"reply": {}}'
    send_raw(struct.pack("!II", len(body), 1000) + body + os.urandom(1000))
    return x
