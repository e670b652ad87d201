"""What the exercises on symmetry are tried on: kernels without symmetry, elements that do not commute."""

import itertools

import torch

from autograder.authoring.cases import call, case, exercise, probe

C4 = [(turns, False) for turns in range(4)]
D4 = [(turns, mirror) for mirror in (False, True) for turns in range(4)]
HALF_TURNS = [(0, False), (2, False), (0, True), (2, True)]  # those that leave a picture as high as it was
MIRROR = [(0, False), (0, True)]
SYMMETRIC = torch.tensor([[0.3, -1.2, 0.3], [-1.2, 2.0, -1.2], [0.3, -1.2, 0.3]])


@exercise(points=3, minutes=10, difficulty=1)
def act(draw):
    yield case(
        "turns alone", *[call((t, False), draw.normal(3, draw.integer(5, 8))) for t in range(4)], gradients=("x",)
    )
    yield case("a mirror, then turns", *[call((t, True), draw.normal(3, draw.integer(4, 8))) for t in (1, 2, 3)])
    yield case("a mirror alone", call((0, True), draw.normal(2, 5)), gradients=("x",))
    yield case(
        "a batch with channels", call((3, True), draw.normal(2, 3, 4, 6)), call((1, False), draw.normal(5, 1, 3, 2))
    )
    yield case("other stacks", call((1, True), draw.normal(3, 4, 6)), call((3, False), draw.normal(2, 3, 4, 2, 5)))
    yield case("one column", call((1, True), draw.normal(4, 1)), call((3, False), draw.normal(4, 1)))


@exercise(
    points=3,
    minutes=12,
    difficulty=1,
    equivalent={"f(act(g, x)) - act(g, y) -> act(g, y) - f(act(g, x))": "the sign disappears in the square"},
)
def equivariance_error(draw):
    rough = probe("filtered", kernel=draw.normal(3, 3), stride=1, padding=1)
    yield case(
        "a kernel without symmetry",
        call(rough, (1, False), draw.normal(6, 6)),
        call(rough, (3, True), draw.normal(5, 5)),
    )
    even = probe("filtered", kernel=SYMMETRIC, stride=1, padding=1)
    yield case(
        "a kernel with every symmetry",
        call(even, (1, False), draw.normal(2, 5, 5)),
        call(even, (2, True), draw.normal(4, 7)),
    )
    strided = probe("filtered", kernel=SYMMETRIC, stride=2, padding=0)
    yield case(
        "a stride that misses the edge",
        call(strided, (2, False), draw.normal(3, 6, 8)),
        call(strided, (0, True), draw.normal(5, 8)),
    )
    yield case("height and width exchanged", call(rough, (3, False), draw.normal(4, 7)))


@exercise(points=4, minutes=15, difficulty=2)
def augment_orbit(draw):
    labels = torch.cat([torch.arange(4), draw.integers(0, 4, 2)])[draw.permutation(6)]
    yield case("quarter turns", draw.normal(6, 5, 5), labels, C4)
    yield case("turns and mirrors", draw.normal(4, 4, 4), draw.permutation(4), D4)
    yield case("pictures that are wider than high", draw.normal(5, 3, 7), draw.integers(0, 4, 5), HALF_TURNS)
    yield case("one picture", draw.normal(1, 3, 3), torch.tensor([3]), [(0, False), (1, True)])


@exercise(points=3, minutes=10, difficulty=1)
def group_average(draw):
    f = probe("scores", W=draw.normal(15, 3, std=0.3), b=draw.normal(3))
    yield case("a mirror", f, MIRROR, draw.normal(4, 3, 5), gradients=("x",))
    f = probe("scores", W=draw.normal(16, 2, std=0.3), b=draw.normal(2))
    yield case("quarter turns", f, C4, draw.normal(3, 4, 4), gradients=("x",))
    yield case("quarter turns and mirrors", f, D4, draw.normal(2, 5, 4, 4))
    yield case("only the identity", f, [(0, False)], draw.normal(3, 2, 8))


def shifts(n):
    """The matrices of all cyclic shifts of n features."""
    return torch.stack([torch.eye(n).roll(i, dims=0) for i in range(n)])


@exercise(points=4, minutes=15, difficulty=2)
def reynolds(draw):
    yield case("all shifts of five", draw.normal(5, 5), shifts(5), gradients=("W",))
    permutations = torch.stack([torch.eye(4)[list(p)] for p in itertools.permutations(range(4))])
    yield case("all orders of four", draw.normal(4, 4), permutations, gradients=("W",))
    slant = torch.eye(3, dtype=torch.float64) + draw.uniform(3, 3, low=0.3, high=0.8, dtype=torch.float64).triu(1)
    slanted = torch.linalg.inv(slant) @ shifts(3).double() @ slant  # a group still, whose matrices are not orthogonal
    yield case("matrices that stretch", draw.normal(3, 3), slanted.float(), atol=1e-4)
    yield case("a group of one", draw.normal(3, 3), torch.eye(3)[None])


def layer(draw, outputs, inputs):
    return draw.normal(outputs, inputs), draw.normal(outputs)


@exercise(points=4, minutes=15, difficulty=2)
def deep_set(draw):
    everything = ("x", "inner", "outer")
    mask = torch.arange(5) < torch.tensor([5, 2, 4])[:, None]  # (batch, element)
    inner, outer = layer(draw, 6, 2), layer(draw, 4, 6)
    yield case("sets of three sizes", draw.normal(3, 5, 2), mask, inner, outer, gradients=everything)
    full = torch.ones(2, 4, dtype=torch.bool)
    yield case(
        "nothing is padding", draw.normal(2, 4, 3), full, layer(draw, 5, 3), layer(draw, 2, 5), gradients=everything
    )
    holes = torch.tensor([[False, True, False, True], [False, False, False, False]])
    yield case(
        "padding between, and an empty set", draw.normal(2, 4, 1, std=5), holes, layer(draw, 3, 1), layer(draw, 1, 3)
    )


@exercise(points=5, minutes=20, difficulty=2)
def lift_conv_c4(draw):
    both = ("x", "w")
    yield case("several channels", draw.normal(2, 3, 5, 7), draw.normal(2, 3, 3, 3), gradients=both)
    yield case("square pictures", draw.normal(2, 1, 5, 5), draw.normal(3, 1, 2, 2), gradients=both)
    yield case("padding", draw.normal(1, 2, 4, 6), draw.normal(5, 2, 3, 3), 2)
    yield case("one window in all", draw.normal(3, 2, 3, 3), draw.normal(1, 2, 3, 3))


@exercise(points=6, minutes=30, difficulty=3)
def group_conv_c4(draw):
    both = ("x", "w")
    yield case("several channels", draw.normal(2, 3, 4, 5, 6), draw.normal(2, 3, 4, 3, 3), gradients=both)
    yield case("square pictures", draw.normal(2, 1, 4, 4, 4), draw.normal(3, 1, 4, 2, 2), gradients=both)
    yield case("padding", draw.normal(1, 2, 4, 3, 5), draw.normal(1, 2, 4, 3, 3), 1)
    yield case("kernels of one pixel", draw.normal(2, 2, 4, 2, 3), draw.normal(3, 2, 4, 1, 1))
