"""FLOPs are those of torch's own counter, an outside oracle, whatever a function is made of."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from autograder.checking.operators import watch

X = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
W = torch.rand(4, 3, 3, 3, generator=torch.Generator().manual_seed(1))
A = torch.rand(2, 5, 6, generator=torch.Generator().manual_seed(2))


def _backward():
    weight = W.clone().requires_grad_()
    functional.conv2d(X, weight).sum().backward()


def _inference():
    with torch.inference_mode():
        return torch.matmul(A, A.mT) + functional.linear(A, A[0])


CASES = {
    "matrix product": lambda: A[0] @ A[0].T,
    "batched product": lambda: A @ A.mT,
    "einsum": lambda: torch.einsum("bij,bkj->bik", A, A),
    "convolution": lambda: functional.conv2d(X, W, padding=1),
    "backward of a convolution": _backward,
    "linear module": lambda: nn.Linear(6, 3)(A),
    "attention": lambda: functional.scaled_dot_product_attention(A, A, A),
    "multi-head module": lambda: nn.MultiheadAttention(6, 2, batch_first=True)(A, A, A),
    "recurrent module": lambda: nn.GRU(6, 4, batch_first=True)(A),
    "without gradients": _inference,
    "no products": lambda: functional.pad(X, (1, 1)).relu().sum(),
}


@pytest.mark.parametrize("name", CASES)
def test_flops_are_those_of_torchs_counter(name: str):
    with FlopCounterMode(display=False) as oracle:
        CASES[name]()
    with watch((), flops=True) as seen:
        CASES[name]()
    assert seen.flops == oracle.get_total_flops()
    assert (seen.flops > 0) == (name != "no products")


def test_counting_flops_does_not_import_the_compiler(tmp_path):
    import subprocess
    import sys

    code = "import sys, torch; from autograder.checking.operators import watch\n"
    code += "with watch(('conv*',), flops=True): torch.nn.functional.pad(torch.ones(2, 2) @ torch.ones(2, 2), (1, 1))\n"
    code += "sys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0
