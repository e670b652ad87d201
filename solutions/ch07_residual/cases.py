"""What the exercises on residual nets are tried on: branches that bend, a large eps, odd widths."""

import torch

from autograder.authoring.cases import call, case, exercise, probe


def bend(draw, features):
    """A branch: tanh(x W + b)."""
    return probe("affine_tanh", W=draw.normal(features, features), b=draw.normal(features))


def line(draw, features):
    """A branch without a bend, and not small: x W + b."""
    return probe("affine", W=draw.normal(features, features), b=draw.normal(features))


@exercise(points=2, minutes=5, difficulty=1)
def residual(draw):
    yield case("a branch that bends", draw.normal(4, 3), bend(draw, 3), gradients=("x",))
    yield case("a stack of sequences", draw.normal(2, 5, 4), line(draw, 4), gradients=("x",))
    yield case("a branch that gives back its input", draw.normal(7), probe("identity"), gradients=("x",))
    yield case("a branch that takes all away", draw.normal(3, 2), probe("scale", factor=-1.0))


@exercise(points=2, minutes=5, difficulty=1)
def residual_target(draw):
    yield case("a map that bends", bend(draw, 3), draw.normal(4, 3), gradients=("x",))
    yield case("a linear map", line(draw, 5), draw.normal(2, 3, 5))
    yield case("the identity", probe("identity"), draw.normal(6))
    yield case("a map to zero", probe("scale", factor=0.0), draw.normal(3, 2))


def layers(draw, *sizes):
    """A branch of layers with these widths, input first."""
    return [(draw.normal(o, i), draw.normal(o)) for i, o in zip(sizes[:-1], sizes[1:], strict=True)]


@exercise(points=3, minutes=10, difficulty=1)
def zero_init_last(draw):
    yield case("two layers", layers(draw, 4, 7, 4), gradients=("layers",))
    yield case("three layers", layers(draw, 3, 6, 5, 3))
    yield case("one layer", layers(draw, 5, 5))


SQUARE = "a Jacobian is square here, so that both of its axes tell the number of features"


@exercise(points=4, minutes=20, difficulty=2, equivalent={"-1 -> 1": SQUARE, "1 -> 2": SQUARE})
def gradient_product(draw):
    every = ("jacobians",)
    yield case("three layers", call(draw.normal(3, 4, 4), False), gradients=every)
    yield case("three layers with skips", call(draw.normal(3, 4, 4), True), gradients=every)
    yield case("one feature", call(draw.normal(5, 1, 1), False), call(draw.normal(5, 1, 1), True))
    depth = draw.integer(20, 30)
    yield case("many layers with small branches", draw.normal(depth, 3, 3, std=0.1), True)
    yield case("no layer", call(torch.zeros(0, 2, 2), True), call(torch.zeros(0, 3, 3), False))


OWN_NORM = "Write it with means, differences and a root."


def stats(draw, channels):
    """A running mean and a running variance."""
    return draw.normal(channels), draw.uniform(channels, low=0.3, high=3.0)


@exercise(
    points=5,
    minutes=25,
    difficulty=3,
    forbid=("*batch_norm*", "instance_norm*"),
    reason=OWN_NORM,
    equivalent={
        "True -> False": "strict only guards against unequal lengths, and both sides are a mean and a variance",
        "x - mean -> mean - x": "the sign disappears in the square",
    },
)
def batch_norm(draw):
    x = draw.normal(5, 3, mean=0.7, std=1.6)
    yield case("training", x, stats(draw, 3), True, gradients=("x",))
    x = draw.normal(4, 3, mean=-1.0, std=2.0)
    yield case("evaluation", x, stats(draw, 3), False, gradients=("x",))
    slow, large = draw.normal(3, 6, std=0.4), draw.normal(2, 4)
    yield case(
        "another momentum, and a large eps",
        call(slow, stats(draw, 6), True, 0.3, 0.2),
        call(large, stats(draw, 4), False, 0.3, 0.6),
    )
    still = draw.normal(4, 2)
    still[:, 1] = 2.0
    yield case("a channel that never changes", still, stats(draw, 2), True)
    yield case("one example alone", draw.normal(1, 3), stats(draw, 3), False)


@exercise(points=3, minutes=15, difficulty=2, forbid=("*layer_norm*", "*group_norm*"), reason=OWN_NORM)
def layer_norm(draw):
    every = ("x", "gain", "bias")
    x = draw.normal(4, 3, mean=0.5, std=2.0)
    yield case("a few vectors", x, draw.normal(3), draw.normal(3), gradients=every)
    yield case("sequences", draw.normal(2, 4, 5), draw.normal(5), draw.normal(5), gradients=every)
    yield case("a large eps", draw.normal(3, 4, std=0.5), draw.normal(4), draw.normal(4), 0.4)
    far = draw.normal(2, 6, mean=300.0)
    yield case("far from zero", far, draw.normal(6), draw.normal(6), atol=2e-3)
    flat = draw.normal(3, 4)
    flat[1] = 5.0
    yield case("a vector of equal numbers, and one axis", call(flat, draw.normal(4), draw.normal(4)))
    yield case("one vector", draw.normal(7), draw.normal(7), draw.normal(7))


@exercise(points=2, minutes=8, difficulty=2)
def pre_norm_block(draw):
    every = ("x", "gain", "bias")
    x = draw.normal(4, 5, mean=0.8, std=2.0)
    yield case("a branch that bends", x, bend(draw, 5), draw.normal(5), draw.normal(5), gradients=every)
    x = draw.normal(2, 3, 4, mean=-0.5, std=3.0)
    yield case("sequences", x, line(draw, 4), draw.normal(4), draw.normal(4), gradients=every)
    yield case("a branch of zeros", draw.normal(3, 6), probe("scale", factor=0.0), draw.normal(6), draw.normal(6))


@exercise(points=2, minutes=8, difficulty=2)
def post_norm_block(draw):
    every = ("x", "gain", "bias")
    x = draw.normal(4, 5, mean=0.8, std=2.0)
    yield case("a branch that bends", x, bend(draw, 5), draw.normal(5), draw.normal(5), gradients=every)
    x = draw.normal(2, 3, 4, mean=-0.5, std=3.0)
    yield case("sequences", x, line(draw, 4), draw.normal(4), draw.normal(4), gradients=every)
    yield case("a branch of zeros", draw.normal(3, 6), probe("scale", factor=0.0), draw.normal(6), draw.normal(6))


def convolution(draw, outputs, inputs, stride):
    """A branch: a convolution of three places."""
    return probe("convolved", kernel=draw.normal(outputs, inputs, 3), stride=stride, padding=1)


@exercise(points=3, minutes=15, difficulty=2)
def projection_shortcut(draw):
    every = ("x", "W")
    yield case(
        "half the width", draw.normal(2, 3, 7), convolution(draw, 5, 3, 2), draw.normal(5, 3), 2, gradients=every
    )
    yield case("a third", draw.normal(3, 2, 11), convolution(draw, 4, 2, 3), draw.normal(4, 2), 3, gradients=every)
    yield case("more channels, same width", draw.normal(2, 3, 5), convolution(draw, 4, 3, 1), draw.normal(4, 3), 1)
    yield case("fewer channels", draw.normal(1, 5, 8), convolution(draw, 2, 5, 2), draw.normal(2, 5), 2)
