# A safetensors header that says it is enormous.
# answers: malformed
import struct
def double(x):
    body, data = b'{"reply": {}}', struct.pack("<Q", 1 << 62) + b"{}"
    send_raw(struct.pack("!II", len(body), len(data)) + body + data)
    return x
