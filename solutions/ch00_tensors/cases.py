"""Cases of chapter 0. Sizes differ from one another, values are neither symmetric nor saturated."""

import math

import torch

from autograder.authoring.cases import case, exercise, probe

PRODUCTS = ("*matmul*", "bmm", "mm", "mv", "addmm", "baddbmm", "einsum", "tensordot", "linear")


@exercise(
    points=2,
    minutes=5,
    difficulty=1,
    forbid=("outer", "ger", "kron"),
    reason="Give each vector the axis it lacks and multiply.",
)
def outer(draw):
    yield case("more columns than rows", draw.normal(4), draw.normal(7), gradients=("a", "b"))
    yield case("a single column", draw.normal(5), draw.normal(1), gradients=("a", "b"))
    yield case("a single row", draw.normal(1), draw.normal(3))


@exercise(points=2, minutes=5, difficulty=1)
def row_normalize(draw):
    yield case("more columns than rows", draw.uniform(3, 5, low=0.2, high=4), gradients=("X",))
    yield case("as many rows as columns", draw.uniform(4, 4, low=0.2, high=4))
    yield case("a single row", draw.uniform(1, 6, low=5, high=90))


@exercise(
    points=3,
    minutes=10,
    difficulty=2,
    forbid=PRODUCTS,
    reason="Multiply with four axes and sum over the one that A and B share.",
)
def batched_matmul(draw):
    yield case("four different sizes", draw.normal(2, 3, 4, std=2), draw.normal(2, 4, 5), gradients=("A", "B"))
    yield case("as many columns as inner", draw.normal(3, 2, 4), draw.normal(3, 4, 4))
    yield case("one example, one column", draw.normal(1, 4, 3), draw.normal(1, 3, 1))


@exercise(
    points=2, minutes=8, difficulty=1, forbid=("one_hot",), reason="Compare the labels with a row of all classes."
)
def one_hot(draw):
    yield case("the last class is absent", torch.cat([draw.integers(0, 4, 6), torch.tensor([0, 3])]), 5)
    yield case("every class", draw.permutation(4), 4)
    yield case("one example", draw.integers(1, 6, 1), 7)


@exercise(points=3, minutes=12, difficulty=2)
def masked_mean(draw):
    lengths = torch.tensor([2, 5, 3])
    mask = torch.arange(5) < lengths[:, None]  # (batch, time)
    yield case("padded sequences", draw.normal(3, 5, 2, mean=1), mask, gradients=("x",))
    first, none = torch.tensor([False]), torch.zeros(4, dtype=torch.bool)
    empty = torch.stack([torch.cat([first, draw.boolean(3)]), none])  # (batch, time); no row begins with a real step
    yield case("a sequence without a real step", draw.normal(2, 4, 3, mean=-2), empty, gradients=("x",))
    padding = torch.tensor([math.inf, math.nan])  # (feature,)
    yield case("padding of infinities and NaN", torch.where(mask[:, :, None], draw.normal(3, 5, 2), padding), mask)


@exercise(
    points=4,
    minutes=12,
    difficulty=2,
    forbid=("logsumexp", "special_logsumexp", "logaddexp*", "*log_softmax", "*softmax", "logcumsumexp"),
    reason="Take out the largest value yourself.",
)
def stable_logsumexp(draw):
    yield case("small values", draw.normal(3, 5), 1, gradients=("x",))
    rows = torch.tensor([[10_000.0], [-9_000.0], [300.0]])
    yield case("rows of very different size", rows + draw.normal(3, 4, std=2), 1, rtol=1e-6, atol=0)
    yield case("along the first of three axes", draw.normal(4, 2, 3, std=3), 0, gradients=("x",))
    x = draw.normal(3, 1, 6, std=2)
    x[0, 0, draw.integer(0, 6)] = -math.inf
    yield case("an axis of size 1, and minus infinity", x, -1)


@exercise(
    points=2,
    minutes=8,
    difficulty=1,
    equivalent={
        "torch.maximum(x.square().sum().sqrt(), y.square().sum().sqrt()) -> "
        "torch.maximum(y.square().sum().sqrt(), x.square().sum().sqrt())": "a maximum does not ask which came first",
        "x - y -> y - x": "the sign disappears in the square",
    },
)
def relative_error(draw):
    x = draw.normal(3, 4)
    yield case("nearly equal", x, x + draw.normal(3, 4, std=0.02), rtol=1e-3, atol=0)
    x = draw.normal(6)
    yield case("a trillion times smaller", 1e-12 * x, 1e-12 * (2 * x + draw.normal(6, std=0.1)), atol=0)
    yield case("one of them is zero", draw.normal(2, 3), torch.zeros(2, 3))
    yield case("both are zero", torch.zeros(4), torch.zeros(4))
    x = draw.normal(5)
    yield case("the first is twice the second", 2 * x, x)


@exercise(
    points=4,
    minutes=15,
    difficulty=2,
    forbid=("torch.autograd.grad", "torch.autograd.backward", "torch._functorch.*"),
    reason="This function is there to test automatic differentiation.",
    equivalent={"x.detach() -> x": "no case has an x that tracks gradients; with one, only memory would be wasted"},
)
def numeric_gradient(draw):
    f = probe("waves", frequency=draw.uniform(6, low=0.5, high=2.5, dtype=torch.float64))
    fine = {"rtol": 1e-6, "atol": 1e-7, "dtype": "exact"}
    yield case("a matrix", f, draw.uniform(2, 3, low=0.4, high=2, dtype=torch.float64), **fine)
    quadratic = probe("quadratic", A=draw.normal(4, 4, dtype=torch.float64), b=draw.normal(4, dtype=torch.float64))
    yield case("single precision comes in", quadratic, draw.normal(4), **fine)
    f = probe("waves", frequency=draw.uniform(3, low=0.5, high=2.5, dtype=torch.float64))
    yield case("a wide step", f, draw.uniform(3, low=0.4, high=2, dtype=torch.float64), 0.5, **fine)
