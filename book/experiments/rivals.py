"""The nets that K11 lets compete on one-dimensional digits: matched in parameters, each told something else.

All read signals `(batch, position)` of 40 numbers and give scores `(batch, class)` of 10 classes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from experiments.models import count_parameters, matching_width

POSITIONS, CLASSES = 40, 10
BUDGET = 5210  # the parameters of the MNIST-1D paper's CNN
PATCH = 5

LOGISTIC, MLP, AUGMENTED, LOCAL = "logistic", "mlp", "augmented", "local"
CNN, POOLED, DENSE = "cnn", "pooled", "dense"
GRU, ATTENTION = "gru", "attention"
LABELS = {
    LOGISTIC: "logistic",
    MLP: "MLP",
    AUGMENTED: "MLP, shifted copies",
    LOCAL: "local, not shared",
    CNN: "CNN",
    POOLED: "CNN, pooled",
    DENSE: "CNN, pooled, stride 1",
    GRU: "GRU",
    ATTENTION: "attention",
}
CONVOLUTIONS = (5, 3, 3)  # kernel sizes of the paper's CNN


class Local(nn.Module):
    """A convolution with stride 2 whose weights are not shared: every place has a kernel of its own."""

    def __init__(self, inputs: int, outputs: int, kernel: int, width: int) -> None:
        super().__init__()
        self.kernel, places = kernel, (width + 1) // 2
        bound = (inputs * kernel) ** -0.5
        self.weight = nn.Parameter(torch.empty(places, outputs, inputs * kernel).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs, places).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        framed = F.pad(x, (self.kernel // 2, self.kernel // 2))
        windows = framed.unfold(2, self.kernel, 2).permute(2, 0, 1, 3).flatten(2)  # (place, batch, in_channel * k)
        return torch.bmm(windows, self.weight.transpose(1, 2)).permute(1, 2, 0) + self.bias  # (batch, channel, place)


class Largest(nn.Module):
    """The largest value of each channel, wherever it is: (batch, channel, position) -> (batch, channel)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(2)


class Recurrent(nn.Module):
    """A GRU that reads one number at a time; the scores are read from its states at all positions."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.answer = nn.Linear(POSITIONS * hidden, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.gru(x[:, :, None])  # (batch, position, hidden)
        return self.answer(states.flatten(1))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward part, each with a skip and its normalization before it."""

    def __init__(self, d_model: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(2))
        self.project, self.merge = nn.Linear(d_model, 3 * d_model), nn.Linear(d_model, d_model)
        self.feed = nn.Sequential(nn.Linear(d_model, inner), nn.ReLU(), nn.Linear(inner, d_model))

    def forward(self, x: Tensor) -> Tensor:
        split = self.project(self.norms[0](x)).unflatten(2, (3, self.heads, -1))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (batch, head, query, d_head) each
        x = x + self.merge(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.feed(self.norms[1](x))


class PatchAttention(nn.Module):
    """Two encoder layers over patches of 5 numbers with learned positions; the mean over the patches answers."""

    def __init__(self, inner: int, d_model: int = 16, heads: int = 2) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH, d_model)
        self.positions = nn.Parameter(0.02 * torch.randn(POSITIONS // PATCH, d_model))
        self.layers = nn.Sequential(*(EncoderLayer(d_model, heads, inner) for _ in range(2)))
        self.norm, self.answer = nn.LayerNorm(d_model), nn.Linear(d_model, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(x.unflatten(1, (-1, PATCH))) + self.positions  # (batch, query, d_model)
        return self.answer(self.norm(self.layers(tokens)).mean(1))


def _fully_connected(hidden: int) -> nn.Module:
    widths = ((POSITIONS, hidden), (hidden, hidden))
    layers = [layer for inputs, outputs in widths for layer in (nn.Linear(inputs, outputs), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(hidden, CLASSES))


def _local(channels: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Unflatten(1, (1, POSITIONS))]
    inputs, width = 1, POSITIONS
    for kernel in CONVOLUTIONS:
        layers += [Local(inputs, channels, kernel, width), nn.ReLU()]
        inputs, width = channels, (width + 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * width, CLASSES))


def _convolutional(channels: int, kind: str) -> nn.Module:
    """The paper's three layers. Stride 2 in one of them is, at stride 1, a doubled dilation of all later ones."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, POSITIONS))]
    inputs, width = 1, POSITIONS
    for depth, kernel in enumerate(CONVOLUTIONS):
        stride, dilation = (1, 2**depth) if kind == DENSE else (2, 1)
        padding = dilation * (kernel // 2)
        layers += [nn.Conv1d(inputs, channels, kernel, stride, padding, dilation), nn.ReLU()]
        inputs, width = channels, (width + 1) // 2
    if kind == CNN:
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * width, CLASSES))
    return nn.Sequential(*layers, Largest(), nn.Linear(channels, CLASSES))


FAMILIES: dict[str, Callable[[int], nn.Module]] = {
    MLP: _fully_connected,
    AUGMENTED: _fully_connected,
    LOCAL: _local,
    CNN: lambda width: _convolutional(width, CNN),
    POOLED: lambda width: _convolutional(width, POOLED),
    DENSE: lambda width: _convolutional(width, DENSE),
    GRU: Recurrent,
    ATTENTION: PatchAttention,
}


@lru_cache(maxsize=64)
def width_of(kind: str, budget: int = BUDGET) -> int:
    """The width with which the net of `kind` comes nearest to `budget` parameters."""
    return matching_width(FAMILIES[kind], budget)


def build(kind: str, budget: int = BUDGET) -> nn.Module:
    """A fresh net of `kind` with about `budget` parameters; logistic regression has the 410 that it has."""
    return nn.Linear(POSITIONS, CLASSES) if kind == LOGISTIC else FAMILIES[kind](width_of(kind, budget))


def parameters(kind: str, budget: int = BUDGET) -> int:
    """How many parameters that net has."""
    return count_parameters(build(kind, budget))


def flops(kind: str, budget: int = BUDGET) -> int:
    """Floating-point operations of the forward pass of one example, by torch's own counter.

    The counter sees matrix products and convolutions and nothing else.
    """
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        build(kind, budget)(torch.zeros(1, POSITIONS))
    return int(counter.get_total_flops())
