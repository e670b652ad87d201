"""Facts that outputs must have when their values are free: spread, proportions, accuracy, pairing.

A property is `function(outputs, **params) -> list[Measurement]`; `outputs` are the calls' outputs in order. Each
measurement says what was measured and the range it must lie in, so that a mistake is recognised by its number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

_PROPERTIES: dict[str, Callable[..., list[Measurement]]] = {}


@dataclass(frozen=True, slots=True)
class Measurement:
    """`value` must lie in [low, high]; `what` is the words for it, e.g. "the standard deviation"."""

    what: str
    value: float
    low: float = -math.inf
    high: float = math.inf

    @property
    def holds(self) -> bool:
        return self.low <= self.value <= self.high

    def sentence(self) -> str:
        if self.low == self.high:
            wanted = f"exactly {self.low:.6g}"
        elif self.high == math.inf:
            wanted = f"at least {self.low:.6g}"
        elif self.low == -math.inf:
            wanted = f"at most {self.high:.6g}"
        else:
            wanted = f"between {self.low:.6g} and {self.high:.6g}"
        return f"{self.what} is {self.value:.6g}; it should be {wanted}"


def property_kind(function: Callable[..., list[Measurement]]) -> Callable[..., list[Measurement]]:
    """Register a property under the function's name."""
    _PROPERTIES[function.__name__] = function
    return function


def measure(kind: str, outputs: list[Any], params: dict[str, Any]) -> list[Measurement]:
    """The measurements of property `kind`. Raises KeyError if unknown, ValueError if the outputs do not allow it."""
    function = _PROPERTIES[kind]
    try:
        return function(outputs, **params)
    except (TypeError, AttributeError, LookupError, RuntimeError, ArithmeticError) as error:
        raise ValueError(f"the outputs cannot be measured ({kind}): {str(error)[:120]}") from None


def _tensor(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"a tensor is expected, not {type(value).__name__}")
    return value.double()


@property_kind
def mean(outputs: list[Any], *, low: float, high: float, call: int = 0) -> list[Measurement]:
    """The mean of all elements."""
    return [Measurement("the mean of the output", float(_tensor(outputs[call]).mean()), low, high)]


@property_kind
def std(outputs: list[Any], *, low: float, high: float, call: int = 0) -> list[Measurement]:
    """The standard deviation of all elements."""
    return [Measurement("the standard deviation of the output", float(_tensor(outputs[call]).std()), low, high)]


@property_kind
def kurtosis(outputs: list[Any], *, low: float, high: float, call: int = 0) -> list[Measurement]:
    """The fourth standardized moment of all elements: 3 for a normal distribution, 1.8 for a uniform one."""
    values = _tensor(outputs[call])
    moment = float((((values - values.mean()) / values.std()) ** 4).mean())
    return [Measurement("the kurtosis of the output (normal: 3, uniform: 1.8)", moment, low, high)]


@property_kind
def share_of_zeros(outputs: list[Any], *, low: float, high: float, call: int = 0) -> list[Measurement]:
    """The share of elements that are exactly 0."""
    return [Measurement("the share of zeros", float((_tensor(outputs[call]) == 0).double().mean()), low, high)]


@property_kind
def shape(outputs: list[Any], *, sizes: list[int], call: int = 0) -> list[Measurement]:
    """Each size of the output's shape, for outputs whose values are free."""
    got = list(_tensor(outputs[call]).shape)
    count = Measurement("the number of axes of the output", len(got), len(sizes), len(sizes))
    return [count] if len(got) != len(sizes) else [
        Measurement(f"size of axis {i} of the output", g, s, s) for i, (g, s) in enumerate(zip(got, sizes, strict=True))
    ]  # fmt: skip


@property_kind
def values_among(outputs: list[Any], *, allowed: torch.Tensor, atol: float, call: int = 0) -> list[Measurement]:
    """The share of elements that equal one of `allowed` within `atol`."""
    distance = (_tensor(outputs[call]).flatten()[:, None] - allowed.double()[None, :]).abs().amin(dim=1)
    return [
        Measurement("the share of elements with an allowed value", float((distance <= atol).double().mean()), 1.0, 1.0)
    ]


@property_kind
def accuracy(outputs: list[Any], *, labels: torch.Tensor, at_least: float, call: int = 0) -> list[Measurement]:
    """The share of predictions equal to labels; a 2-D float output counts as class scores."""
    got = outputs[call]
    if not isinstance(got, torch.Tensor):
        raise TypeError(f"predictions must be a tensor, not {type(got).__name__}")
    if got.dim() == labels.dim() + 1:
        got = got.argmax(dim=-1)
    if got.shape != labels.shape:
        raise TypeError(f"predictions have shape {tuple(got.shape)}, expected {tuple(labels.shape)}")
    return [Measurement("the accuracy", float((got == labels).double().mean()), at_least, 1.0)]


@property_kind
def exact_match(outputs: list[Any], *, labels: torch.Tensor, at_least: float, call: int = 0) -> list[Measurement]:
    """The share of rows (sentences) that are equal to the row of labels in every place."""
    got = outputs[call]
    if not isinstance(got, torch.Tensor) or got.shape != labels.shape:
        shape = tuple(got.shape) if isinstance(got, torch.Tensor) else type(got).__name__
        raise TypeError(f"what was written has shape {shape}, expected {tuple(labels.shape)}")
    right = (got == labels).flatten(1).all(dim=1)
    return [
        Measurement(
            "the share of new strings that are right, to the last symbol", float(right.double().mean()), at_least, 1.0
        )
    ]


@property_kind
def loss_falls(outputs: list[Any], *, steps: int, at_most: float, call: int = 0) -> list[Measurement]:
    """A list of one loss a step; the mean of its last tenth is at most `at_most`."""
    losses = [float(loss) for loss in outputs[call]]
    last = losses[-max(1, steps // 10) :] or [math.inf]
    return [
        Measurement("the number of losses", len(losses), steps, steps),
        Measurement("the mean of the last losses", sum(last) / len(last), high=at_most),
    ]


@property_kind
def at_least(outputs: list[Any], *, value: float, call: int = 0, what: str = "the result") -> list[Measurement]:
    """A scalar output of at least `value`."""
    return [Measurement(what, float(outputs[call]), value, math.inf)]


@property_kind
def permuted_rows(outputs: list[Any], *, rows: torch.Tensor, call: int = 0, part: int = 0) -> list[Measurement]:
    """The output's batches (a list of tuples) together hold every row of `rows` exactly once, shuffled.

    Shuffled: most rows that lay side by side do so no longer. A stored order that was turned around, or begun at
    another row, keeps its neighbours. Of 13 rows or more a shuffle keeps 80 % of them less than once in a million.
    """
    got = torch.cat([batch[part].double().reshape(len(batch[part]), -1) for batch in outputs[call]])
    wanted = rows.double().reshape(len(rows), -1)
    if got.shape != wanted.shape:
        return [Measurement("the number of rows over all batches", len(got), len(wanted), len(wanted))]
    place = {tuple(row): i for i, row in enumerate(wanted.tolist())}
    order = [place[row] for row in map(tuple, got.tolist()) if row in place]
    beside = sum(abs(a - b) == 1 for a, b in pairwise(order)) / max(1, len(wanted) - 1)
    return [
        Measurement("the number of different rows that the batches hold", len(set(order)), len(wanted), len(wanted)),
        Measurement("the share of neighbours in the input that are still neighbours", beside, 0, 0.8),
    ]


@property_kind
def paired_rows(outputs: list[Any], *, rows: torch.Tensor, labels: torch.Tensor, call: int = 0) -> list[Measurement]:
    """The share of (row, label) pairs in the batches that belong together in the input."""
    table = {tuple(r.double().flatten().tolist()): label.item() for r, label in zip(rows, labels, strict=True)}
    pairs = [
        (tuple(x.double().flatten().tolist()), y.item()) for batch in outputs[call] for x, y in zip(*batch, strict=True)
    ]
    share = sum(table.get(x) == y for x, y in pairs) / max(1, len(pairs))
    return [Measurement("the share of rows that kept their own label", share, 1, 1)]


@property_kind
def equal_calls(outputs: list[Any], *, first: int, second: int, atol: float) -> list[Measurement]:
    """Two calls gave the same output within `atol`."""
    distance = float((_tensor(outputs[first]) - _tensor(outputs[second])).abs().max())
    return [Measurement(f"the largest difference between call {first + 1} and call {second + 1}", distance, 0, atol)]


@property_kind
def different_calls(outputs: list[Any], *, first: int, second: int, atol: float) -> list[Measurement]:
    """Two calls gave outputs that differ by more than `atol` somewhere."""
    distance = float((_tensor(outputs[first]) - _tensor(outputs[second])).abs().max())
    return [Measurement(f"the largest difference between call {first + 1} and call {second + 1}", distance, atol)]


@property_kind
def equivariant(outputs: list[Any], *, dims: list[int], shifts: list[int], atol: float) -> list[Measurement]:
    """Call 2's output is call 1's rolled by `shifts` along `dims`: the input of call 2 was rolled in the same way."""
    expected = torch.roll(_tensor(outputs[0]), shifts, dims)
    distance = float((_tensor(outputs[1]) - expected).abs().max())
    return [Measurement("the largest difference between f(shift(x)) and shift(f(x))", distance, 0, atol)]


@property_kind
def batch_sizes(outputs: list[Any], *, sizes: list[int], call: int = 0) -> list[Measurement]:
    """The sizes of the output's batches (a list of tuples), in order."""
    got = [len(batch[0]) for batch in outputs[call]]
    count = Measurement("the number of batches", len(got), len(sizes), len(sizes))
    return [count] if len(got) != len(sizes) else [
        Measurement(f"the size of batch {i + 1}", g, s, s) for i, (g, s) in enumerate(zip(got, sizes, strict=True))
    ]  # fmt: skip


@property_kind
def same_batches(outputs: list[Any], *, first: int, second: int, same: bool = True) -> list[Measurement]:
    """Two calls gave the same batches (lists of tuples) in the same order; or, with another seed, others."""
    one, two = outputs[first], outputs[second]
    differ = sum(not torch.equal(a[0], b[0]) for a, b in zip(one, two, strict=False)) + abs(len(one) - len(two))
    if same:
        return [Measurement("the number of batches that differ when the same seed is used again", differ, 0, 0)]
    return [Measurement("the number of batches that differ when another seed is used", differ, low=1)]


@property_kind
def dropped_out(outputs: list[Any], *, x: torch.Tensor, p: float, call: int = 0) -> list[Measurement]:
    """Each element is 0, with probability p, or that of x divided by 1 - p; two rows have zeros of their own."""
    got, zero = _tensor(outputs[call]), _tensor(outputs[call]) == 0
    kept = x.double() / (1 - p)
    right = float((zero | ((got - kept).abs() <= 1e-4 * kept.abs())).double().mean())
    scale = float((got / x.double())[~zero].median()) if not zero.all() else 0.0
    slack = 5 * math.sqrt(p * (1 - p) / x.numel())
    alike = float((zero[1:] == zero[:-1]).all(dim=-1).double().mean())
    return [
        Measurement("the share of zeros", float(zero.double().mean()), p - slack, p + slack),
        Measurement("the share of elements that are 0 or x / (1 - p)", right, 1, 1),
        Measurement("what is kept, divided by x,", scale, 0.999 / (1 - p), 1.001 / (1 - p)),
        Measurement("the share of rows with the zeros of the row before", alike, 0, 0.05),
    ]


@property_kind
def placed_templates(
    outputs: list[Any], *, templates: torch.Tensor, width: int, noise: float, call: int = 0
) -> list[Measurement]:
    """The output is (x, y): row i of x holds the template of class y_i at one of all places, and normal noise.

    What is measured of classes and places ends with the first fact that does not hold, and so does what is measured of
    the noise: one mistake breaks one fact of each.
    """
    (classes, length), (x, y) = templates.shape, _signals_and_classes(outputs[call], templates, width)
    x, n = x.double(), len(y)
    placed = torch.zeros(width - length + 1, n, width, dtype=torch.float64)
    for place in range(len(placed)):
        placed[place, :, place : place + length] = templates.double()[y]
    start = (x - placed).square().sum(-1).argmin(dim=0)  # the place at which least is left
    left = x - placed[start, torch.arange(n)]
    return [*_until_broken(_deals(y, start, classes, len(placed))), *_until_broken(_noises(left, noise))]


def _signals_and_classes(output: Any, templates: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two tensors of an output (x, y), x (n, width) and y (n,). Raises ValueError, in a student's words."""
    pair = list(output) if isinstance(output, list | tuple) else []
    if len(pair) != 2 or not all(isinstance(part, torch.Tensor) for part in pair):
        raise ValueError("the output is not a pair of tensors; signals and their classes are expected, (x, y)")
    x, y = pair
    if y.dim() != 1 or x.shape != (len(y), width):
        raise ValueError(
            f"the shapes of the output are {tuple(x.shape)} and {tuple(y.shape)}; "
            f"signals (n, {width}) and classes (n,) are expected"
        )
    for what, part, dtype in (("classes", y, torch.int64), ("signals", x, templates.dtype)):
        if part.dtype != dtype:
            got, wanted = (str(each).removeprefix("torch.") for each in (part.dtype, dtype))
            raise ValueError(f"the {what} have dtype {got}; {wanted} is expected")
    if bool(((y < 0) | (y >= len(templates))).any()):
        raise ValueError(f"some classes are none of 0 to {len(templates) - 1}")
    return x, y


def _deals(y: torch.Tensor, start: torch.Tensor, classes: int, places: int) -> Iterator[Measurement]:
    """Whether classes `y` and places `start` were drawn, with equal chances, one whatever the other is."""
    n = len(y)
    of_class, of_place = torch.bincount(y, minlength=classes), torch.bincount(start, minlength=places)
    yield Measurement("the number of classes that occur", float((of_class > 0).sum()), classes, classes)
    yield Measurement("the share of the rarest class", float(of_class.min() / n), _share(n, classes, -5), 1.0)
    again = float((y[1:] == y[:-1]).double().mean())
    chance = (_share(n - 1, classes, -5), _share(n - 1, classes, 5)) if classes > 1 else (1.0, 1.0)
    yield Measurement("the share of signals with the class of the one before", again, *chance)
    yield Measurement("the number of places at which templates start", float((of_place > 0).sum()), places, places)
    yield Measurement("the share of the commonest place", float(of_place.max() / n), 0.0, _share(n, places, 5))
    yield Measurement("the share of the rarest place", float(of_place.min() / n), _share(n, places, -5), 1.0)
    pairs = len(torch.unique(y * places + start))
    yield Measurement("the number of pairs of class and place that occur", pairs, classes * places, classes * places)


def _noises(left: torch.Tensor, noise: float) -> Iterator[Measurement]:
    """Whether `left`, signals (n, width) without their templates, are normal and independent at all positions."""
    n, width = left.shape
    slack, spread = 5 / math.sqrt(2 * n * width), float(left.square().mean().sqrt())
    if noise and spread > 0.01 * noise:
        own = float((left[1:] - left[:-1]).abs().amax(-1).gt(1e-6 + 1e-6 * noise).double().mean())
        yield Measurement("the share of signals with noise of their own", own, 1, 1)
        beside = width * float(left.mean(-1).var()) / max(float(left.var()), 1e-30)
        what = "the variance of the mean noise of a signal, times its positions, as a multiple of the noise's variance"
        yield Measurement(f"{what} (independent: 1)", beside, 0.75, 1.25)
    low, high = noise * (1 - slack) * 0.97, noise * (1 + slack) + 1e-6
    yield Measurement("what is left without the templates, as a standard deviation", spread, low, high)
    if noise:
        centre = noise * (0.01 + 5 / math.sqrt(n * width))
        yield Measurement("the mean of the noise", float(left.mean()), -centre, centre)
        peak = float((left / spread).pow(4).mean())
        yield Measurement("the kurtosis of the noise (normal: 3, uniform: 1.8)", peak, 2.5, 3.5)


def _until_broken(facts: Iterator[Measurement]) -> Iterator[Measurement]:
    """The measurements up to the first that does not hold."""
    for fact in facts:
        yield fact
        if not fact.holds:
            return


def _share(n: int, ways: int, deviations: float) -> float:
    """A share of 1 / ways among n draws, `deviations` standard deviations off."""
    return 1 / ways + deviations * math.sqrt((1 / ways) * (1 - 1 / ways) / n)


@property_kind
def same_data(outputs: list[Any], *, first: int, second: int, same: bool) -> list[Measurement]:
    """Whether two calls gave the same (x, y)."""
    one, two = outputs[first], outputs[second]
    equal = all(torch.equal(_tensor(a), _tensor(b)) for a, b in zip(one, two, strict=True))
    seeds = "the same seed" if same else "another seed"
    return [Measurement(f"equal data for {seeds} (1: yes, 0: no)", float(equal), float(same), float(same))]
