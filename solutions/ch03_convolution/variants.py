"""Correct versions of the exercises on convolution, written in other ways than the solution. All must pass."""

import math

import solution
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring.cases import variant


@variant("conv1d")
def by_places(x, w):
    k = len(w)
    return torch.stack([(x[i : i + k] * w).sum() for i in range(len(x) - k + 1)])


@variant("conv1d")
def by_weights(x, w):
    places = len(x) - len(w) + 1
    return sum(weight * x[j : j + places] for j, weight in enumerate(w))


@variant("conv1d")
def by_indices(x, w):
    i = torch.arange(len(x) - len(w) + 1)[:, None] + torch.arange(len(w))
    return torch.einsum("ij,j->i", x[i], w)


@variant("conv_output_size")
def by_counting(n, k, padding=0, stride=1, dilation=1):
    last = n + 2 * padding - dilation * (k - 1) - 1
    return len(range(0, last + 1, stride))


@variant("conv_output_size")
def by_asking_torch(n, k, padding=0, stride=1, dilation=1):
    x, w = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
    return F.conv1d(x, w, padding=padding, stride=stride, dilation=dilation).shape[-1]


@variant("conv_output_size")
def by_math_floor(n, k, padding=0, stride=1, dilation=1):
    return math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride + 1)


@variant("conv2d")
def by_pixels(x, w, b=None, stride=1, padding=0):
    x = F.pad(x, (padding,) * 4)
    k_h, k_w = w.shape[2:]
    rows = range(0, x.shape[2] - k_h + 1, stride)
    columns = range(0, x.shape[3] - k_w + 1, stride)
    b = torch.zeros(len(w), dtype=x.dtype) if b is None else b
    lines = []
    for h in rows:
        windows = [x[:, None, :, h : h + k_h, v : v + k_w] for v in columns]
        lines.append(torch.stack([(window * w).sum(dim=(2, 3, 4)) + b for window in windows], dim=-1))
    return torch.stack(lines, dim=-2)


@variant("conv2d")
def by_kernel_places(x, w, b=None, stride=1, padding=0):
    height, width = x.shape[2] + 2 * padding, x.shape[3] + 2 * padding
    canvas = x.new_zeros(x.shape[0], x.shape[1], height, width)
    canvas[:, :, padding : height - padding, padding : width - padding] = x
    out_height = solution.conv_output_size(x.shape[2], w.shape[2], padding, stride)
    out_width = solution.conv_output_size(x.shape[3], w.shape[3], padding, stride)
    y = x.new_zeros(len(x), len(w), out_height, out_width)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            shifted = canvas[:, :, i::stride, j::stride][:, :, :out_height, :out_width]
            y = y + torch.einsum("nchv,oc->nohv", shifted, w[:, :, i, j])
    return y if b is None else y + b.view(1, -1, 1, 1)


@variant("conv2d")
def by_columns(x, w, b=None, stride=1, padding=0):
    columns = F.unfold(x, w.shape[2:], padding=padding, stride=stride)  # (batch, window, place)
    y = w.flatten(1) @ columns
    y = y if b is None else y + b[:, None]
    return y.unflatten(2, (solution.conv_output_size(x.shape[2], w.shape[2], padding, stride), -1))


@variant("toeplitz")
def by_diagonals(w, n):
    rows = n - len(w) + 1
    return sum(torch.diag(weight.expand(n), j)[:rows, :n] for j, weight in enumerate(w))


@variant("toeplitz")
def by_unit_vectors(w, n):
    return torch.stack([solution.conv1d(e, w) for e in torch.eye(n, dtype=w.dtype)], dim=1)


@variant("toeplitz")
def by_rolled_rows(w, n):
    row = torch.cat([w, w.new_zeros(n - len(w))])
    return torch.stack([row.roll(i) for i in range(n - len(w) + 1)])


@variant("max_pool2d")
def window_by_window(x, k, stride=None, padding=0):
    stride = k if stride is None else stride
    x = F.pad(x, (padding,) * 4, value=float("-inf"))
    rows, columns = range(0, x.shape[2] - k + 1, stride), range(0, x.shape[3] - k + 1, stride)
    lines = [torch.stack([x[:, :, h : h + k, v : v + k].amax((2, 3)) for v in columns], -1) for h in rows]
    return torch.stack(lines, -2)


@variant("max_pool2d")
def rows_then_columns(x, k, stride=None, padding=0):
    stride = stride if stride is not None else k
    x = F.pad(x, (padding,) * 4, value=-1e30)
    x = x.unfold(2, k, stride).max(dim=-1).values
    return x.unfold(3, k, stride).max(dim=-1).values


@variant("conv_weight_gradient")
def by_weights_of_the_kernel(x, grad):
    height, width = grad.shape[2:]
    k_h, k_w = x.shape[2] - height + 1, x.shape[3] - width + 1
    dw = x.new_zeros(grad.shape[1], x.shape[1], k_h, k_w)
    for i in range(k_h):
        for j in range(k_w):
            dw[:, :, i, j] = torch.einsum("nohv,nchv->oc", grad, x[:, :, i : i + height, j : j + width])
    return dw


@variant("conv_weight_gradient")
def by_own_convolution(x, grad):
    return solution.conv2d(x.transpose(0, 1), grad.transpose(0, 1)).transpose(0, 1)


@variant("receptive_field")
def from_the_top_down(layers):
    size = 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
    return size


@variant("receptive_field")
def by_products(layers):
    strides = [stride for _, stride, _ in layers]
    return 1 + sum(d * (k - 1) * math.prod(strides[:i]) for i, (k, _, d) in enumerate(layers))


@variant("SmallCNN")
class PoolsFirst(nn.Module):
    def __init__(self, in_channels, channels, classes):
        super().__init__()
        shapes = {
            "w1": (channels[0], in_channels, 3, 3),
            "b1": (channels[0],),
            "w2": (channels[1], channels[0], 3, 3),
            "b2": (channels[1],),
            "w3": (classes, channels[1]),
            "b3": (classes,),
        }
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(0.1 * torch.randn(shape)))

    def forward(self, x):
        x = solution.max_pool2d(solution.conv2d(x, self.w1, self.b1, padding=1), 2).clamp(min=0)
        x = solution.conv2d(x, self.w2, self.b2, padding=1).flatten(2).max(dim=2).values.clamp(min=0)
        return F.linear(x, self.w3, self.b3)


@variant("SmallCNN")
class OneWindow(nn.Module):
    def __init__(self, in_channels, channels, classes):
        super().__init__()
        self.b3 = nn.Parameter(torch.zeros(classes))
        self.w3 = nn.Parameter(torch.randn(classes, channels[1]))
        self.b2, self.b1 = (nn.Parameter(torch.zeros(c)) for c in reversed(channels))
        self.w2 = nn.Parameter(torch.randn(channels[1], channels[0], 3, 3))
        self.w1 = nn.Parameter(torch.randn(channels[0], in_channels, 3, 3))

    def forward(self, x):
        x = solution.max_pool2d(F.relu(solution.conv2d(x, self.w1, self.b1, 1, 1)), 2, 2)
        x = F.relu(solution.conv2d(x, self.w2, self.b2, 1, 1))
        x = x.max(dim=3).values.max(dim=2).values
        return torch.einsum("nc,kc->nk", x, self.w3) + self.b3
