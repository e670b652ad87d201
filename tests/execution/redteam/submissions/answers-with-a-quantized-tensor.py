# answers: error ok
import torch
def double(x):
    return torch.quantize_per_tensor(2 * x, 0.1, 0, torch.qint8)
