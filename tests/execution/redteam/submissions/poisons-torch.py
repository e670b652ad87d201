import torch
torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
torch.Tensor.__add__ = torch.Tensor.__mul__ = lambda *_: 1 / 0
torch.nn.Module.__call__ = None
torch.rand = lambda *_: torch.zeros(1)
