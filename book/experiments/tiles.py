"""A net that attends between the tiles of a picture and is not told where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class TileSettings:
    """The net and its training; `tile` is the side of a tile in pixels."""

    tile: int = 8
    d_model: int = 48
    heads: int = 2
    steps: int = 3000
    rate: float = 3e-3


class Tiles(nn.Module):
    """A picture cut into tiles, each a row of its pixels: (batch, 1, height, width) -> (batch, tile, pixel)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        high, wide = (length // self.size for length in x.shape[-2:])
        cut = x.reshape(len(x), high, self.size, wide, self.size)  # (batch, down, row, right, column)
        return cut.transpose(2, 3).reshape(len(x), high * wide, self.size**2)


class Attend(nn.Module):
    """Multi-head self-attention added to its input, (batch, tile, d_model); no tile knows its place."""

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(d_model, d_model) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        batch, tiles, d_model = x.shape

        def split(y: Tensor) -> Tensor:
            return y.reshape(batch, tiles, self.heads, -1).transpose(1, 2)  # (batch, head, tile, d_head)

        mixed = F.scaled_dot_product_attention(split(self.query(x)), split(self.key(x)), split(self.value(x)))
        return x + self.out(mixed.transpose(1, 2).reshape(batch, tiles, d_model))


class FeedForward(nn.Module):
    """Two layers, the same for every tile, added to their input: (batch, tile, d_model)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(d_model, 2 * d_model), nn.Linear(2 * d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class MeanOverTiles(nn.Module):
    """(batch, tile, d_model) -> (batch, d_model): the mean, in which no tile counts more for where it stands."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(1)


def attention_net(settings: TileSettings, classes: int = 10) -> nn.Sequential:
    """Two blocks of attention between tiles, a mean, and a classifier: whatever the order of the tiles, one answer."""
    width = settings.d_model
    blocks = [layer for _ in range(2) for layer in (Attend(width, settings.heads), FeedForward(width))]
    embed, classify = nn.Linear(settings.tile**2, width), nn.Linear(width, classes)
    return nn.Sequential(Tiles(settings.tile), embed, *blocks, MeanOverTiles(), classify)


def shuffle_tiles(pictures: Tensor, size: int, seed: int) -> Tensor:
    """`pictures` (batch, 1, height, width) with the tiles of each in an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    rows = Tiles(size)(pictures)  # (batch, tile, pixel)
    orders = torch.stack([torch.randperm(rows.shape[1], generator=generator) for _ in rows])
    mixed = rows.gather(1, orders[..., None].expand_as(rows))
    high, wide = (length // size for length in pictures.shape[-2:])
    back = mixed.reshape(-1, high, wide, size, size).transpose(2, 3)  # (batch, down, row, right, column)
    return back.reshape(pictures.shape)


def describe(net: nn.Sequential, prefix: str) -> list[dict[str, object]]:
    """The layers of `net` in order, as plain data; the names of tensors are those of its state under `prefix`."""
    return [_describe(layer, f"{prefix}.{place}") for place, layer in net.named_children()]


def _describe(layer: nn.Module, name: str) -> dict[str, object]:
    def tensors(of: str) -> dict[str, str]:
        return {"weight": f"{of}.weight", "bias": f"{of}.bias"}

    match layer:
        case Tiles():
            return {"kind": "tiles", "size": layer.size}
        case nn.Linear():
            return {"kind": "linear"} | tensors(name)
        case Attend():
            inner = {part: tensors(f"{name}.{part}") for part in ("query", "key", "value", "out")}
            return {"kind": "attend", "heads": layer.heads} | inner
        case FeedForward():
            return {"kind": "feed_forward"} | {part: tensors(f"{name}.{part}") for part in ("first", "second")}
        case MeanOverTiles():
            return {"kind": "mean"}
    raise TypeError(f"describe: layer {name} is a {type(layer).__name__}, which has no description; add a case for it")
