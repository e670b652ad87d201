import torch
x = torch.ones(1 << 28)
escaped("took a gigabyte")
