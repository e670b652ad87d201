"""The small models that experiments and demos share, and how they are counted and matched."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn


class GlobalMaxPool(nn.Module):
    """The largest value of each channel, wherever it is: (batch, channel, height, width) -> (batch, channel)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=(2, 3))


def mlp(inputs: int, hidden: int, classes: int = 10) -> nn.Sequential:
    """A fully connected net with one hidden layer, for inputs of any shape with `inputs` numbers each."""
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))


def _convolutions(channels: tuple[int, ...], stride: int) -> list[nn.Module]:
    """One 5x5 convolution with ReLU for each of `channels`, zero-padded, each with `stride` 2, or with 1 and dilation.

    A stride of 2 in one layer becomes a doubled dilation in all later ones ("à trous"): the same function, with its
    features computed at every pixel.
    """
    layers: list[nn.Module] = []
    for depth, (before, after) in enumerate(pairwise((1, *channels))):
        dilation = 1 if stride == 2 else 2**depth
        convolution = nn.Conv2d(before, after, 5, stride=stride, padding=2 * dilation, dilation=dilation)
        layers += [convolution, nn.ReLU()]
    return layers


def cnn_flat(canvas: int, channels: tuple[int, ...], classes: int = 10) -> nn.Sequential:
    """A CNN with stride 2 in every layer that flattens its features: the classifier has a weight for every place."""
    grid = canvas
    for _ in channels:
        grid = (grid + 1) // 2
    classifier = nn.Linear(channels[-1] * grid**2, classes)
    return nn.Sequential(*_convolutions(channels, stride=2), nn.Flatten(), classifier)


def cnn_strided(channels: tuple[int, ...], hidden: int, classes: int = 10) -> nn.Sequential:
    """A CNN with stride 2 in every layer and global max pooling: place no longer counts, save for the stride."""
    return nn.Sequential(*_convolutions(channels, stride=2), *_head(channels[-1], hidden, classes))


def cnn_dense(channels: tuple[int, ...], hidden: int, classes: int = 10) -> nn.Sequential:
    """The function of `cnn_strided` with its features computed at every pixel, before the same global max pooling.

    Weights, parameter count and receptive field are those of `cnn_strided`; only the places where the features are
    read differ: every pixel instead of every second, fourth, … one.
    """
    return nn.Sequential(*_convolutions(channels, stride=1), *_head(channels[-1], hidden, classes))


def _head(features: int, hidden: int, classes: int) -> list[nn.Module]:
    if hidden == 0:
        return [GlobalMaxPool(), nn.Linear(features, classes)]
    return [GlobalMaxPool(), nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, classes)]


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def matching_width(build: Callable[[int], nn.Module], budget: int, widest: int = 4096) -> int:
    """The width from 1 to `widest` for which `build(width)` comes nearest to `budget` parameters.

    The count must grow with the width. Nothing is allocated: the models are built on torch's meta device.
    """

    def size(width: int) -> int:
        with torch.device("meta"):
            return count_parameters(build(width))

    low, high = 1, widest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) <= budget else (low, middle)
    return min((low, high), key=lambda width: abs(size(width) - budget))


def describe(model: nn.Sequential, prefix: str) -> list[dict[str, object]]:
    """The layers of `model` in order, as plain data; the names of tensors are those of its state under `prefix`."""
    return [_describe_layer(layer, f"{prefix}.{place}") for place, layer in model.named_children()]


def _describe_layer(layer: nn.Module, name: str) -> dict[str, object]:
    tensors = {"weight": f"{name}.weight", "bias": f"{name}.bias"}
    match layer:
        case nn.Linear():
            return {"kind": "linear", "inputs": layer.in_features, "outputs": layer.out_features} | tensors
        case nn.Conv2d():
            shape = {"inputs": layer.in_channels, "outputs": layer.out_channels, "kernel": layer.kernel_size[0]}
            grid = {"stride": layer.stride[0], "padding": layer.padding[0], "dilation": layer.dilation[0]}
            return {"kind": "conv2d"} | shape | grid | tensors
        case nn.ReLU():
            return {"kind": "relu"}
        case nn.Flatten():
            return {"kind": "flatten"}
        case GlobalMaxPool():
            return {"kind": "global_max_pool"}
    raise TypeError(f"describe: layer {name} is a {type(layer).__name__}, which has no description; add a case for it")
