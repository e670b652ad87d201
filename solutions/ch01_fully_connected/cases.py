"""Cases of chapter 1. Sizes are never equal, so that a swapped axis shows."""

import itertools

import torch

from autograder.authoring import Draw, call, case, exercise, holds

MATMUL = "Write the weighted sum with @ and a transpose."


@exercise(points=2, minutes=8, difficulty=1, forbid=("linear", "addmm"), reason=MATMUL)
def linear(draw: Draw):
    yield case("a batch", draw.normal(5, 3), draw.normal(4, 3), draw.normal(4), gradients=("x", "W", "b"))
    yield case("one example, one output", draw.normal(1, 6), draw.normal(1, 6), draw.normal(1))
    d_out = draw.integer(6, 9)
    yield case("wide", draw.normal(2, 3), draw.normal(d_out, 3), draw.normal(d_out))


@exercise(points=2, minutes=8, difficulty=1)
def relu_backward(draw: Draw):
    yield case("a batch", draw.normal(4, 5), draw.normal(4, 5))
    x = draw.normal(3, 2, 4)
    x[0, 1, :2] = 0.0
    yield case("exact zeros", draw.normal(3, 2, 4), x)
    yield case("one axis", draw.normal(7), draw.normal(7))


@exercise(
    points=3,
    minutes=12,
    difficulty=1,
    forbid=("softmax", "_softmax", "log_softmax", "_log_softmax", "logsumexp"),
    reason="Write it with exp and a sum.",
)
def softmax(draw: Draw):
    yield case("along the last axis", draw.normal(3, 5), -1, gradients=("x",))
    yield case("along the first axis", draw.normal(4, 3), 0)
    yield case("along the middle axis", draw.normal(2, 4, 3), 1)
    yield case("large scores", draw.normal(3, 4, std=3000.0), 1)


@exercise(
    points=3,
    minutes=15,
    difficulty=2,
    forbid=("cross_entropy*", "nll_loss*", "log_softmax", "_log_softmax", "logsumexp"),
    reason="Write it with exp, log and sums.",
)
def cross_entropy(draw: Draw):
    yield case("a batch", draw.normal(6, 4, std=2.0), draw.integers(0, 4, 6), gradients=("logits",))
    yield case("two classes", draw.normal(3, 2), draw.integers(0, 2, 3))
    extreme = draw.normal(5, 3) + torch.tensor([0.0, -900.0, 700.0, -300.0, 200.0])[:, None]  # (batch, class)
    extreme[:, 1] += 400.0
    target = torch.tensor([0, 1, 2, 0, 2])
    yield case("very sure of itself", extreme, target)


def params(draw: Draw, *sizes: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Parameters of an MLP of these widths."""
    return [(draw.normal(o, i, std=i**-0.5), draw.normal(o)) for i, o in itertools.pairwise(sizes)]


@exercise(points=3, minutes=12, difficulty=2)
def mlp_forward(draw: Draw):
    yield case("three layers", draw.normal(5, 3), params(draw, 3, 7, 6, 4), gradients=("x", "params"))
    yield case("one layer only", draw.normal(4, 3), params(draw, 3, 5))
    yield case("deep and narrow", draw.normal(3, 2), params(draw, 2, 5, 4, 5, 3))


@exercise(
    points=5,
    minutes=35,
    difficulty=3,
    forbid=("torch.autograd.grad", "torch.autograd.backward"),
    reason="Walk back through the layers yourself.",
)
def mlp_backward(draw: Draw):
    yield case("three layers", draw.normal(6, 3), params(draw, 3, 7, 5, 4), draw.integers(0, 4, 6))
    yield case("one layer only", draw.normal(4, 3), params(draw, 3, 5), draw.integers(0, 5, 4))
    yield case("deep", draw.normal(3, 2), params(draw, 2, 6, 5, 6, 3), draw.integers(0, 3, 3))


@exercise(points=2, minutes=10, difficulty=1)
def he_init(draw: Draw):
    for name, fan_in, fan_out in (("narrowing", 300, 120), ("widening", 90, 400)):
        std = (2 / fan_in) ** 0.5
        generator, another = draw.seeded_generator(), draw.seeded_generator()
        yield case(
            name,
            call(fan_in, fan_out, generator),
            call(fan_in, fan_out, generator),
            call(fan_in, fan_out, another),
            values=False,
            properties=(
                holds("shape", sizes=[fan_out, fan_in]),
                holds("mean", low=-0.05 * std, high=0.05 * std),
                holds("std", low=0.97 * std, high=1.03 * std),
                holds("kurtosis", low=2.8, high=3.2),
                holds("equal_calls", first=0, second=1, atol=0.0),
                holds("different_calls", first=0, second=2, atol=std),
            ),
        )


@exercise(points=1, minutes=5, difficulty=1)
def count_parameters(draw: Draw):
    yield case("three layers", [draw.integer(5, 9), draw.integer(10, 14), draw.integer(15, 19), 4])
    yield case("one layer", [draw.integer(5, 9), draw.integer(2, 4)])
    yield case("a digit classifier", [784, draw.integer(30, 90), 10])
