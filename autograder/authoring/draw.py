"""Seeded inputs for cases: the public ones from a fixed seed, the hidden ones from an instructor's key."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from typing import Any

import torch


class Draw:
    """Draws inputs that are never symmetric by accident. The same seed gives the same inputs on every machine.

    Values come from 53-bit uniform integers of torch's CPU generator, so that no change of torch's normal sampler
    moves a reference. Floats are float32 unless `dtype` says otherwise.
    """

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def uniform(
        self, *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32
    ) -> torch.Tensor:
        """Uniform values in [low, high) of the given shape."""
        bits = torch.randint(0, 2**53, shape, generator=self.generator, dtype=torch.int64)
        return (low + (high - low) * bits.double() / 2**53).to(dtype)

    def normal(
        self, *shape: int, mean: float = 0.0, std: float = 1.0, dtype: torch.dtype = torch.float32
    ) -> torch.Tensor:
        """Normal values of the given shape (Box and Muller)."""
        radius = torch.sqrt(-2 * torch.log1p(-self.uniform(*shape, dtype=torch.float64)))
        angle = 2 * math.pi * self.uniform(*shape, dtype=torch.float64)
        return (mean + std * radius * torch.cos(angle)).to(dtype)

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """int64 values in [low, high) of the given shape."""
        return torch.randint(low, high, shape, generator=self.generator, dtype=torch.int64)

    def integer(self, low: int, high: int) -> int:
        """One int in [low, high)."""
        return int(self.integers(low, high))

    def boolean(self, *shape: int, p: float = 0.5) -> torch.Tensor:
        """bool values that are True with probability p; the first two differ whenever there are two."""
        values = self.uniform(*shape) < p
        if values.numel() >= 2 and bool((values == values.flatten()[0]).all()):
            values.view(-1)[0] = ~values.view(-1)[0]
        return values

    def permutation(self, n: int) -> torch.Tensor:
        """A permutation of 0..n-1 that is not the identity (n > 1), nor its own inverse where n > 2."""
        while True:
            order = torch.argsort(self.uniform(n, dtype=torch.float64))
            own_inverse = bool((order[order] == torch.arange(n)).all())
            if n < 2 or not own_inverse or n == 2:
                return order

    def choice(self, items: Sequence[Any]) -> Any:
        """One of `items`."""
        return items[self.integer(0, len(items))]

    def seeded_generator(self) -> torch.Generator:
        """A torch.Generator for the student's function, restarted from its seed for every run."""
        return torch.Generator().manual_seed(self.integer(0, 2**31))


def public_seed(chapter: str, exercise: str) -> int:
    """The seed of an exercise's public cases."""
    return _seed(hashlib.sha256(f"public/{chapter}/{exercise}".encode()).digest())


def hidden_seed(key: bytes, chapter: str, exercise: str, student: str = "") -> int:
    """The seed of an exercise's hidden cases: HMAC-SHA256 of the instructor's key, so that it cannot be guessed.

    student: when given, every student gets cases of their own.
    """
    return _seed(hmac.new(key, f"hidden/{chapter}/{exercise}/{student}".encode(), hashlib.sha256).digest())


def _seed(digest: bytes) -> int:
    return int.from_bytes(digest[:7], "big")
