# answers: ok
# statuses: ok error
import json, struct, torch
from safetensors.torch import save
def double(x):
    body = json.dumps({"reply": {"name": "double"}}).encode()
    tensors = save({"output": torch.zeros_like(x)})
    send_raw(struct.pack("!II", len(body), len(tensors)) + body + tensors)
    return x
