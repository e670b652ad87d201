"""One plain training loop, and how well a model does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@contextmanager
def seeded(seed: int) -> Iterator[torch.Generator]:
    """Everything random inside depends on `seed` alone; afterwards torch's global generator is as it was before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield torch.Generator().manual_seed(seed)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch: small models are fastest on one, and sums come out in the same order every time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def train(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    steps: int,
    batch: int,
    rate: float,
    generator: torch.Generator,
    prepare: Callable[[Tensor, torch.Generator], Tensor] | None = None,
) -> float:
    """The loss of the last minibatch, after training `model` in place to classify `x` (batch, …) as `y` (batch,).

    Adam with a rate that falls from `rate` to 0 along half a cosine; cross-entropy; a fresh order in every epoch.

    Arguments
        prepare: makes the model's input from a minibatch of `x` and the generator, e.g. places it on a canvas.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    model.train()
    loss = torch.tensor(float("nan"))
    for chosen in minibatches(len(x), batch, steps, generator):
        inputs = x[chosen] if prepare is None else prepare(x[chosen], generator)
        loss = F.cross_entropy(model(inputs), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return loss.item()


def minibatches(examples: int, batch: int, steps: int, generator: torch.Generator) -> Iterator[Tensor]:
    """`steps` lists of at most `batch` indices, epoch after epoch, each epoch in its own random order."""
    done = 0
    while done < steps:
        for chosen in torch.randperm(examples, generator=generator).split(batch):
            if done == steps:
                return
            yield chosen
            done += 1


@torch.no_grad()
def accuracy(model: nn.Module, x: Tensor, y: Tensor, batch: int = 500) -> float:
    """The share of `x` that `model` classifies as `y`, from 0 to 1."""
    model.eval()
    parts = zip(x.split(batch), y.split(batch), strict=True)
    right = sum(int((model(part).argmax(1) == label).sum()) for part, label in parts)
    return right / len(x)
