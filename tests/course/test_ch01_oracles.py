"""The solutions of ch01_fully_connected against torch's own layers, losses, initializers and autograd."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

TINY = {"rtol": 0, "atol": 1e-12}


@pytest.fixture
def net():
    """torch's own net of three layers, and its parameters as the exercises take them."""
    torch.manual_seed(0)
    layers = [nn.Linear(3, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 4)]
    net = nn.Sequential(*layers).double()
    return net, [(layer.weight.detach(), layer.bias.detach()) for layer in layers[::2]]


def test_linear_is_torchs(solution, normal):
    x, W, b = normal(5, 3), normal(4, 3), normal(4)
    torch.testing.assert_close(solution.linear(x, W, b), F.linear(x, W, b), **TINY)


def test_relu_backward_is_autograds_at_zero_too(solution, normal):
    grad, x = normal(4, 5), normal(4, 5)
    x[1, 2] = 0.0
    x.requires_grad_()
    (exact,) = torch.autograd.grad(F.relu(x), x, grad)
    torch.testing.assert_close(solution.relu_backward(grad, x), exact, **TINY)


@pytest.mark.parametrize("dim", [0, 1, 2, -2])
def test_softmax_is_torchs(solution, normal, dim):
    x = 100 * normal(3, 4, 5)
    torch.testing.assert_close(solution.softmax(x, dim), torch.softmax(x, dim), **TINY)


def test_cross_entropy_is_torchs(solution, normal):
    logits, target = 300 * normal(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])
    torch.testing.assert_close(solution.cross_entropy(logits, target), F.cross_entropy(logits, target), **TINY)


def test_mlp_forward_is_torchs_net(solution, normal, net):
    x, (torchs, params) = normal(6, 3), net
    torch.testing.assert_close(solution.mlp_forward(x, params), torchs(x).detach(), **TINY)


def test_mlp_backward_is_autograds(solution, normal, net):
    x, target, (torchs, params) = normal(6, 3), torch.tensor([0, 3, 1, 1, 2, 0]), net
    F.cross_entropy(torchs(x), target).backward()
    exact = [(layer.weight.grad, layer.bias.grad) for layer in torchs[::2]]
    torch.testing.assert_close(solution.mlp_backward(x, params, target), exact, **TINY)


def test_he_init_has_the_spread_of_torchs_own(solution):
    generator = torch.Generator().manual_seed(0)
    torchs = nn.init.kaiming_normal_(torch.empty(400, 300), nonlinearity="relu", generator=generator)
    ours = solution.he_init(300, 400, torch.Generator().manual_seed(1))
    assert ours.shape == torchs.shape
    assert abs(float(ours.std() / torchs.std()) - 1) < 0.02


def test_the_count_is_that_of_torchs_net(solution, net):
    assert solution.count_parameters([3, 7, 5, 4]) == sum(p.numel() for p in net[0].parameters())
