# answers: malformed
import torch
def double(x):
    return {str(number): torch.zeros(1) for number in range(20_000)}
