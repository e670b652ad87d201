"""The solutions of ch03_convolution against torch's own operators."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

TINY = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize(("n", "k"), [(9, 3), (12, 4), (5, 5), (6, 1)])
def test_conv1d_is_torchs(solution, normal, n, k):
    x, w = normal(n), normal(k)
    torch.testing.assert_close(solution.conv1d(x, w), F.conv1d(x[None, None], w[None, None])[0, 0], **TINY)


@pytest.mark.parametrize(
    "setting", [(28, 5, 0, 1, 1), (28, 3, 1, 2, 1), (17, 4, 2, 3, 2), (7, 7, 0, 5, 1), (30, 3, 1, 4, 5)]
)
def test_conv_output_size_is_that_of_torchs_convolution(solution, setting):
    n, k, padding, stride, dilation = setting
    y = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), padding=padding, stride=stride, dilation=dilation)
    assert solution.conv_output_size(*setting) == y.shape[-1]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_conv2d_is_torchs(solution, normal, stride, padding):
    x, w, b = normal(2, 3, 8, 11), normal(4, 3, 2, 5), normal(4)
    expected = F.conv2d(x, w, b, stride, padding)
    torch.testing.assert_close(solution.conv2d(x, w, b, stride, padding), expected, **TINY)


@pytest.mark.parametrize(("n", "k"), [(9, 3), (12, 4), (5, 5), (6, 1)])
def test_the_toeplitz_matrix_is_torchs_convolution(solution, normal, n, k):
    x, w = normal(n), normal(k)
    torch.testing.assert_close(solution.toeplitz(w, n) @ x, F.conv1d(x[None, None], w[None, None])[0, 0], **TINY)


@pytest.mark.parametrize(("k", "stride", "padding"), [(2, None, 0), (3, 2, 1), (3, None, 0), (4, None, 2), (2, 1, 1)])
def test_max_pool2d_is_torchs(solution, normal, k, stride, padding):
    x = normal(2, 3, 8, 11) - 3
    torch.testing.assert_close(solution.max_pool2d(x, k, stride, padding), F.max_pool2d(x, k, stride, padding), **TINY)


def test_conv_weight_gradient_is_torchs(solution, normal):
    x, grad = normal(3, 2, 6, 8), normal(3, 4, 5, 6)
    expected = torch.nn.grad.conv2d_weight(x, (4, 2, 2, 3), grad)
    torch.testing.assert_close(solution.conv_weight_gradient(x, grad), expected, **TINY)


@pytest.mark.parametrize(
    "layers", [[], [(3, 2, 1)], [(3, 1, 1), (2, 2, 1), (3, 1, 1)], [(4, 2, 3), (2, 2, 1), (3, 1, 4)]]
)
def test_the_receptive_field_is_what_a_gradient_reaches(solution, layers):
    x = torch.zeros(1, 1, 101, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride, dilation in layers:
        y = F.conv1d(y, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride, dilation=dilation)
    (reached,) = torch.autograd.grad(y[0, 0, 0], x)
    assert solution.receptive_field(layers) == int(reached[0, 0].nonzero().max()) + 1


def test_small_cnn_is_the_same_network_of_torchs_layers(solution, normal):
    first, second = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 5, 3, padding=1)
    head = nn.Linear(5, 4)
    layers = [first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), head]
    model = solution.SmallCNN(2, (3, 5), 4).double()
    with torch.no_grad():
        for i, layer in enumerate((first, second, head), 1):
            getattr(model, f"w{i}").copy_(layer.weight)
            getattr(model, f"b{i}").copy_(layer.bias)
    x = normal(6, 2, 7, 10)
    torch.testing.assert_close(model(x), nn.Sequential(*layers).double()(x), **TINY)
