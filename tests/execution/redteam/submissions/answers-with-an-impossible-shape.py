# More elements than bytes, and more than a number can hold.
# answers: malformed
import json, struct
def double(x):
    head = json.dumps({"output": {"dtype": "F32", "shape": [1 << 62, 1 << 62, 0], "data_offsets": [0, 0]}}).encode()
    body, data = b'{"reply": {}}', struct.pack("<Q", len(head)) + head
    send_raw(struct.pack("!II", len(body), len(data)) + body + data)
    return x
