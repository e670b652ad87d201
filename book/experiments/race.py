"""The race of K11: data dealt out by seed, training with the moment chosen on validation examples, and its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from experiments import data, rivals, train
from experiments.record import spread

RATES = {
    rivals.LOGISTIC: 0.03,
    rivals.MLP: 0.01,
    rivals.CNN: 0.03,
    rivals.GRU: 0.03,
    rivals.ATTENTION: 0.01,
}
"""The rates that did best on validation examples, as `ch09_tuning` found them."""

LIKE = {
    rivals.AUGMENTED: rivals.MLP,
    rivals.LOCAL: rivals.CNN,
    rivals.POOLED: rivals.CNN,
    rivals.DENSE: rivals.CNN,
}
"""Who is trained with whose rate."""

SIZES = (100, 250, 1000, 4000)
STEPS = {
    rivals.LOGISTIC: (200, 300, 600, 1000),
    rivals.MLP: (400, 800, 1500, 3500),
    rivals.AUGMENTED: (400, 800, 1500, 3500),
    rivals.LOCAL: (300, 500, 1000, 2500),
    rivals.CNN: (300, 400, 800, 1500),
    rivals.POOLED: (300, 400, 800, 1500),
    rivals.DENSE: (300, 400, 800, 1500),
    rivals.GRU: (200, 300, 600, 900),
    rivals.ATTENTION: (300, 400, 900, 1800),
}
"""Steps of training by kind, at each of SIZES: as many as the budget of time allows."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One seed's share of the data: `train` is cut to size, `valid` chooses, `test` is read once."""

    train: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


@lru_cache(maxsize=2)
def _signals(examples: int, source: int) -> tuple[Tensor, Tensor]:
    """At least `examples` signals; the generator gives as many of every class."""
    return data.mnist1d(rivals.CLASSES * -(-examples // rivals.CLASSES), seed=source)


def pool(largest: int, valid: int, test: int, seed: int, shuffled: bool = False, source: int = 0) -> Pool:
    """`largest` examples for training, `valid` and `test` others, dealt out anew for every seed.

    Arguments
        shuffled: put the 40 positions into another order, the same for every example and every seed.
        source: the seed of the generator; another one gives examples that are all others.
    """
    examples = largest + valid + test
    x, y = _signals(examples, source)
    if shuffled:
        x = data.shuffle_pixels(x[:, None, :], seed=1)[:, 0]
    dealt = torch.randperm(len(x), generator=torch.Generator().manual_seed(1000 + seed))[:examples]
    parts = [(x[chosen], y[chosen]) for chosen in dealt.split([largest, valid, test])]
    return Pool(*parts)


def learned(
    kind: str, examples: int, pool: Pool, *, rate: float, steps: int, batch: int, looks: int, seed: int
) -> dict[str, Any]:
    """Accuracies of a net of `kind` after training on the first `examples` of the pool.

    Adam, the rate falls to 0 along half a cosine; the gradients of the GRU are cut to length 1. At `looks` moments,
    evenly spread, the net is tried on the validation examples; that of the best moment is the one that is tested, once.

    Returns
        valid: accuracy at every look; step: the moment chosen; test: its accuracy on the test examples.
    """
    x, y = pool.train[0][:examples], pool.train[1][:examples]
    with train.seeded(seed) as generator:
        net = rivals.build(kind)
        optimizer = torch.optim.Adam(net.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        seen: list[float] = []
        best: dict[str, Tensor] = {}
        for step, chosen in enumerate(train.minibatches(examples, min(batch, examples), steps, generator), 1):
            inputs = rolled(x[chosen], generator) if kind == rivals.AUGMENTED else x[chosen]
            optimizer.zero_grad()
            F.cross_entropy(net(inputs), y[chosen]).backward()
            if kind == rivals.GRU:
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step * looks % steps < looks:
                seen.append(train.accuracy(net, *pool.valid))
                net.train()
                if seen[-1] == max(seen):
                    best = {name: value.clone() for name, value in net.state_dict().items()}
        net.load_state_dict(best)
        chosen_look = max(look for look, value in enumerate(seen) if value == max(seen))
        return {
            "valid": seen,
            "step": round((chosen_look + 1) * steps / looks),
            "test": train.accuracy(net, *pool.test),
        }


def rolled(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every signal of `x` (batch, position) moved by a random number of positions; what leaves comes back in front."""
    places = torch.arange(rivals.POSITIONS) - torch.randint(rivals.POSITIONS, (len(x), 1), generator=generator)
    return x.gather(1, places % rivals.POSITIONS)


@dataclass(frozen=True, slots=True)
class Race:
    """Settings of a race: who runs, on how many examples, and how each is trained."""

    kinds: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    sizes: tuple[int, ...] = SIZES
    steps: dict[str, tuple[int, ...]] = field(default_factory=lambda: dict(STEPS))
    rates: dict[str, float] = field(default_factory=lambda: dict(RATES))
    batch: int = 50
    valid: int = 1000
    test: int = 4000
    looks: int = 5


def quick(race: Race) -> Race:
    """`race` with so few examples and steps that it ends within seconds; the kinds stay."""
    sizes = tuple(20 + 10 * place for place in range(len(race.sizes)))
    steps = {kind: (2,) * len(sizes) for kind in race.steps}
    return replace(race, sizes=sizes, steps=steps, valid=30, test=60, looks=2)


def run_race(race: Race, report: Callable[[float, str], None], shuffled: bool = False) -> dict[str, Any]:
    """Accuracy on test examples by kind, and the step chosen, each over seeds and sizes; and who took part."""
    found: dict[str, dict[str, list[list[float]]]] = {name: {kind: [] for kind in race.kinds} for name in READ}
    for done, seed in enumerate(race.seeds):
        dealt = pool(max(race.sizes), race.valid, race.test, seed, shuffled)
        for place, kind in enumerate(race.kinds):
            report((done + place / len(race.kinds)) / len(race.seeds), f"seed {seed}: {rivals.LABELS[kind]}")
            runs = [_run(race, kind, at, dealt, seed) for at in range(len(race.sizes))]
            for name, key in READ.items():
                found[name][kind].append([run[key] for run in runs])
    return {
        "setup": {
            "data": "MNIST-1D, dealt out anew for every seed",
            "parameters": {kind: rivals.parameters(kind) for kind in race.kinds},
            "flops": {kind: rivals.flops(kind) for kind in race.kinds},
        },
        "numbers": {name: {kind: spread(rows) for kind, rows in kinds.items()} for name, kinds in found.items()},
    }


READ = {"accuracy": "test", "step": "step"}


def _run(race: Race, kind: str, at: int, dealt: Pool, seed: int) -> dict[str, Any]:
    return learned(
        kind,
        race.sizes[at],
        dealt,
        rate=race.rates[LIKE.get(kind, kind)],
        steps=race.steps[kind][at],
        batch=race.batch,
        looks=race.looks,
        seed=seed,
    )
