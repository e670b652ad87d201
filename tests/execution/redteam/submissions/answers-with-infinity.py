import torch
def double(x):
    return x * float("inf")
