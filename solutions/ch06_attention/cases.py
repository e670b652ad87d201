"""What the exercises on attention are tried on: as many queries as keys nowhere, so that no swapped axis can hide."""

import math

import torch

from autograder.authoring.cases import call, case, exercise, probe

OWN_ATTENTION = "Write the scores, the softmax and the weighted sum yourself: that is the exercise."
SAME_EXCHANGE = "Exchanging axis 1 with axis 2 is exchanging axis 2 with axis 1."
TORCHS = ("*scaled_dot_product*", "*multi_head_attention*", "_transformer*")


def allowed(draw, *shape):
    """A random mask in which every query may look at one key at least, and not at all of them."""
    mask = draw.boolean(*shape, p=0.6)
    mask[..., 0] |= ~mask.any(-1)
    mask[..., -1] &= ~mask.all(-1)
    return mask


@exercise(
    points=6,
    minutes=25,
    difficulty=2,
    forbid=TORCHS,
    reason=OWN_ATTENTION,
    equivalent={"k.transpose(-2, -1) -> k.transpose(-1, -2)": "The last two axes are exchanged either way."},
)
def scaled_dot_product_attention(draw):
    every = ("q", "k", "v")
    q, k, v = draw.normal(4, 3), draw.normal(6, 3), draw.normal(6, 5)
    yield case("one sequence", q, k, v, gradients=every)
    q, k, v = draw.normal(2, 3, 5, 4), draw.normal(2, 3, 7, 4), draw.normal(2, 3, 7, 2)
    yield case("heads and a mask", q, k, v, allowed(draw, 2, 1, 5, 7), gradients=every)
    q, k, v = draw.normal(3, 6, std=300.0), draw.normal(8, 6, std=300.0), draw.normal(8, 2)
    mask = allowed(draw, 3, 8)
    # the two keys that query 0 may look at fit it badly, -1e5 and -0.99e5: what stands for -inf has to be lower
    mask[0] = torch.arange(8) < 2
    k[:2] = torch.tensor([[-1e5], [-0.99e5]]) * math.sqrt(6) * q[0] / q[0].square().sum()
    yield case("scores as large as 1e5", q, k, v, mask)
    yield case("one key", draw.normal(2, 1, 5), draw.normal(2, 1, 5), draw.normal(2, 1, 3), gradients=("v",))


@exercise(
    points=2,
    minutes=8,
    difficulty=1,
    equivalent={
        "torch.ones(n, n, dtype=torch.bool) -> torch.ones(n, n, dtype=torch.bool)": "The two sizes are the same n."
    },
)
def causal_mask(draw):
    n = draw.integer(5, 9)
    yield case("several positions", n)
    yield case("one, two and three positions", call(1), call(2), call(3))


@exercise(points=3, minutes=10, difficulty=1)
def padding_mask(draw):
    n = draw.integer(6, 9)
    lengths = torch.tensor([n - 2, 3, 1, n - 4])
    yield case("four sentences", lengths[draw.permutation(4)], n)
    yield case("nothing to fill up", torch.tensor([5, 4, 5]), 5)
    yield case("one sentence", torch.tensor([draw.integer(2, 5)]), 7)


@exercise(
    points=3,
    minutes=12,
    difficulty=2,
    equivalent={"x.transpose(1, 2) -> x.transpose(2, 1)": SAME_EXCHANGE},
)
def split_heads(draw):
    yield case("two heads", draw.normal(3, 5, 6), 2, gradients=("x",))
    yield case("three heads", draw.normal(2, 4, 15), 3, gradients=("x",))
    yield case("one head, and one number for each", call(draw.normal(2, 3, 4), 1), call(draw.normal(2, 3, 4), 4))


@exercise(
    points=3,
    minutes=10,
    difficulty=2,
    equivalent={"x.transpose(1, 2) -> x.transpose(2, 1)": SAME_EXCHANGE},
)
def merge_heads(draw):
    yield case("two heads", draw.normal(3, 2, 5, 4), gradients=("x",))
    yield case("five heads", draw.normal(2, 5, 4, 3), gradients=("x",))
    yield case("one head, and one number for each", call(draw.normal(2, 1, 3, 4)), call(draw.normal(2, 4, 3, 1)))


@exercise(
    points=8,
    minutes=30,
    difficulty=3,
    forbid=TORCHS,
    reason="Use the functions that you wrote above.",
    equivalent={"nn.Linear(d_model, d_model) -> nn.Linear(d_model, d_model)": "The two sizes are the same d_model."},
)
def MultiHeadAttention(draw):
    both = ("x", "parameters")
    yield case("self-attention", draw.normal(3, 5, 12), init=call(12, 3), gradients=both)
    yield case(
        "another source, and a mask for each sentence",
        call(draw.normal(2, 4, 10), source=draw.normal(2, 6, 10), mask=allowed(draw, 2, 1, 6)),
        init=call(10, 2),
        gradients=("x", "source", "parameters"),
    )
    yield case(
        "one mask for all, and a mask for each query",
        call(draw.normal(2, 5, 8), mask=allowed(draw, 5, 5)),
        call(draw.normal(2, 3, 8), source=draw.normal(2, 4, 8), mask=allowed(draw, 2, 3, 4)),
        init=call(8, 4),
        gradients=both,
    )


@exercise(points=4, minutes=15, difficulty=2)
def sinusoidal_positions(draw):
    yield case("eight numbers", draw.integer(11, 15), 8)
    yield case("many numbers", draw.integer(5, 8), 2 * draw.integer(9, 13))
    yield case("two numbers, and one position", call(5, 2), call(1, 6))


@exercise(
    points=3,
    minutes=12,
    difficulty=2,
    equivalent={"f(x[perm]) - f(x)[perm] -> f(x)[perm] - f(x[perm])": "The absolute value forgets the sign."},
)
def permutation_error(draw):
    perm = draw.permutation(5)
    mixes = probe("dense", W=draw.normal(15, 15, dtype=torch.float64))
    yield case("a function that mixes positions", mixes, perm, draw.normal(5, 3))
    perm = draw.permutation(4)
    mixes = probe("dense", W=draw.normal(8, 8, mean=0.4, dtype=torch.float64))
    yield case("another one", mixes, perm, draw.normal(4, 2))
    same = probe("affine", W=draw.normal(3, 3, dtype=torch.float64), b=draw.normal(3, dtype=torch.float64))
    yield case("the same for every position", same, draw.permutation(6), draw.normal(6, 3))


@exercise(points=4, minutes=15, difficulty=2)
def flops(draw):
    n, d = draw.integer(20, 40), draw.integer(50, 70)
    yield case("attention", call("attention", n, d), call("attention", n, d, projections=True))
    yield case("recurrent", call("recurrent", n, d), call("recurrent", d, n, projections=True))
    k = draw.integer(4, 9)
    yield case("convolution", call("convolution", n, d), call("convolution", n, d, k), call("convolution", d, n, 1))
    r = draw.integer(4, 8)
    few = call("restricted", n, d, r=r, projections=True)
    yield case("restricted", call("restricted", n, d), call("restricted", n, d, 5, r), few)
