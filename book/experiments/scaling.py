"""How a cost grows with the length of a sequence: exponents, crossovers, and operations that wait for one another."""

from __future__ import annotations

import math
import statistics

from torch import Tensor


def longest_chain(output: Tensor) -> int:
    """How many operations on the way to `output` had to wait for one another: the longest chain in autograd's graph.

    What was there from the start (inputs and parameters) does not count.
    """
    depth: dict[object, int] = {}
    waiting = [output.grad_fn]
    while waiting:
        node = waiting[-1]
        sources = [source for source, _ in node.next_functions if source is not None and source.next_functions]
        unknown = [source for source in sources if source not in depth]
        if unknown:
            waiting.extend(unknown)
            continue
        depth[node] = 1 + max((depth[source] for source in sources), default=0)
        waiting.pop()
    return depth[output.grad_fn]


def exponent(lengths: tuple[int, ...], seconds: list[float]) -> float:
    """The slope of log(seconds) against log(length), by least squares."""
    xs, ys = [math.log(n) for n in lengths], [math.log(s) for s in seconds]
    return statistics.linear_regression(xs, ys).slope


def crossover(lengths: tuple[int, ...], one: list[float], other: list[float]) -> float | None:
    """The length from which on `one` takes longer than `other`, between lengths on straight lines of the logarithms.

    None when `one` is the faster at the longest length; the shortest length when `one` is always the slower.
    """
    lead = [math.log(a / b) for a, b in zip(one, other, strict=True)]
    if lead[-1] <= 0:
        return None
    for at in range(len(lengths) - 1, 0, -1):
        if lead[at - 1] <= 0:
            share = -lead[at - 1] / (lead[at] - lead[at - 1])
            return float(f"{lengths[at - 1] * (lengths[at] / lengths[at - 1]) ** share:.6g}")
    return float(lengths[0])
