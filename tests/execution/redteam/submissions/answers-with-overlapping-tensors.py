# Two tensors that claim the same bytes.
# answers: malformed
import json, struct
def double(x):
    entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    head = json.dumps({"output": entry, "again": entry}).encode()
    body, data = b'{"reply": {}}', struct.pack("<Q", len(head)) + head + b"\0" * 16
    send_raw(struct.pack("!II", len(body), len(data)) + body + data)
    return x
