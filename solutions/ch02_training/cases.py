"""Cases of chapter 2. Random outputs are judged by what must hold of them; everything else by value."""

import torch

from autograder.authoring import Draw, call, case, exercise, holds, probe

OWN_STEP = "Write the step with + - * / and a root."


@exercise(points=2, minutes=10, difficulty=1, forbid=("_foreach*", "_fused*"), reason=OWN_STEP)
def sgd_momentum(draw: Draw):
    def tensors(*shape: int):
        return draw.normal(*shape), draw.normal(*shape), draw.normal(*shape, std=2.0)

    yield case("everything at once", *tensors(3, 4), 0.13, 0.8, 0.3)
    yield case("no decay", *tensors(5), 0.2, 0.7)
    param, grad, _ = tensors(2, 3)
    yield case("the first step", param, grad, torch.zeros(2, 3), 0.3)
    yield case("without momentum", *tensors(4, 1), 0.4, 0.0, 0.2)


@exercise(points=4, minutes=20, difficulty=2, forbid=("_foreach*", "_fused*"), reason=OWN_STEP)
def adam(draw: Draw):
    def state(*shape: int, t: int):
        return draw.normal(*shape, std=0.3), draw.uniform(*shape, low=0.1, high=1.0), t

    zeros = torch.zeros(5)
    yield case("the first step", draw.normal(5), draw.normal(5), (zeros, zeros.clone(), 0), 0.1)
    yield case("in the middle", draw.normal(3, 4), draw.normal(3, 4), state(3, 4, t=draw.integer(3, 9)), 0.2)
    shape = (2, 3)
    small = (draw.normal(*shape, std=1e-3), draw.uniform(*shape, low=1e-6, high=1e-5), 6)
    yield case("a large eps", draw.normal(*shape), draw.normal(*shape, std=1e-3), small, 0.5, (0.8, 0.95), 3e-3)


@exercise(points=3, minutes=12, difficulty=1)
def minibatches(draw: Draw):
    for name, n, size in (("a short last batch", 23, 5), ("no rest", 24, 6), ("one batch for all", 13, 40)):
        X, y = draw.normal(n, 3), draw.normal(n)
        generator, another = draw.seeded_generator(), draw.seeded_generator()
        sizes = [min(size, n - start) for start in range(0, n, size)]
        yield case(
            name,
            call(X, y, size, generator),
            call(X, y, size, generator),
            call(X, y, size, another),
            values=False,
            properties=(
                holds("batch_sizes", sizes=sizes),
                holds("permuted_rows", rows=X),
                holds("paired_rows", rows=X, labels=y),
                holds("same_batches", first=0, second=1),
                holds("same_batches", first=0, second=2, same=False),
            ),
        )


def layers(draw: Draw, *sizes: tuple[int, int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """One pair (W, b) a layer, or of their gradients."""
    return [(draw.normal(o, i), draw.normal(o)) for i, o in sizes]


@exercise(
    points=2,
    minutes=10,
    difficulty=1,
    equivalent={"True -> False": "strict only guards against lists of unequal length, which no case holds"},
)
def l2_gradient(draw: Draw):
    for name, sizes, strength in (("three layers", ((3, 5), (5, 4), (4, 2)), 0.3), ("one layer", ((4, 3),), 1.7)):
        yield case(name, layers(draw, *sizes), layers(draw, *sizes), strength)
    yield case("no penalty", layers(draw, (2, 3)), layers(draw, (2, 3)), 0.0)


@exercise(
    points=3,
    minutes=15,
    difficulty=2,
    forbid=("dropout*", "native_dropout*", "feature_dropout*", "alpha_dropout*"),
    reason="Draw the mask yourself, from the generator.",
    equivalent={
        "torch.rand(x.shape, generator=generator) >= p -> torch.rand(x.shape, generator=generator) > p": "a uniform "
        "number equals p with a probability below one in a million",
    },
)
def dropout(draw: Draw):
    for name, p in (("a quarter", 0.25), ("most", 0.8)):
        x = draw.normal(150, 40, mean=3.0)
        generator, another = draw.seeded_generator(), draw.seeded_generator()
        yield case(
            name,
            call(x, p, True, generator),
            call(x, p, True, generator),
            call(x, p, True, another),
            values=False,
            properties=(
                holds("dropped_out", x=x, p=p),
                holds("equal_calls", first=0, second=1, atol=0.0),
                holds("different_calls", first=0, second=2, atol=1.0),
            ),
        )
    yield case("evaluation", draw.normal(4, 5), 0.6, False, draw.seeded_generator(), gradients=("x",))
    yield case("p is 0", draw.normal(2, 3, 4), 0.0, True, draw.seeded_generator(), gradients=("x",))


@exercise(
    points=3,
    minutes=15,
    difficulty=2,
    equivalent={"norm <= max_norm -> norm < max_norm": "at equality the factor is 1"},
)
def clip_grad_norm(draw: Draw):
    yield case("too long", [draw.normal(3, 4, std=3.0), draw.normal(5), draw.normal(2, 1, 3)], 1.5)
    yield case("short enough", [draw.normal(2, 3, std=0.1), draw.normal(4, std=0.2)], 7.0)
    yield case("just below the ceiling", [draw.uniform(3, low=1.0, high=1.1), draw.uniform(6, low=1.0, high=1.1)], 3.5)
    yield case("all zero", [torch.zeros(3), torch.zeros(2, 2)], 1.0)
    yield case("one huge tensor", [draw.normal(4, std=1e4), draw.normal(3)], 0.5)


def story(draw: Draw, moves: str) -> list[float]:
    """Losses told by letters: better than the best so far (b), equal to it (e), a little worse (w), far worse (W)."""
    best, losses = 10.0 + float(draw.uniform()), []
    for move in moves:
        amount = float(draw.uniform(low=0.01, high=0.1))
        best = best - amount if move == "b" else best
        losses.append(best + {"b": 0.0, "e": 0.0, "w": amount, "W": 1.0 + 3 * amount}[move])
    return losses


@exercise(points=3, minutes=15, difficulty=2)
def early_stop(draw: Draw):
    yield case("stops, though better would come", story(draw, "bbwbbWwWwwwbbb"), 3)
    yield case("falls, but not below the best", story(draw, "bbbWwbWwwewbwb"), 4)
    yield case("ties are no improvement", story(draw, "bbebeebbb"), 2)
    yield case("impatient", story(draw, "bbbwbb"), 1)
    yield case("never stops", story(draw, "bbwwbbwWbww"), 3)
    yield case("one epoch", story(draw, "b"), 2)


@exercise(
    points=4,
    minutes=25,
    difficulty=2,
    equivalent={
        "predict(seen) - y[:n] -> y[:n] - predict(seen)": "the difference is squared",
        "predict(unseen) - y_test -> y_test - predict(unseen)": "the difference is squared",
    },
)
def learning_curve(draw: Draw):
    for name, features, n, sizes in (("three features", 3, 30, [4, 9, 30]), ("two, in any order", 2, 19, [12, 5])):
        scales, shifts = draw.uniform(features, low=0.5, high=3.0), draw.normal(features, std=2.0)
        weights = draw.normal(features)
        X = draw.normal(n, features) * scales + shifts
        X_test = draw.normal(n + 4, features) * scales * 1.3 + shifts + 1.0
        y, y_test = (torch.tanh(t @ weights) + 2.0 + 0.3 * draw.normal(len(t)) for t in (X, X_test))
        yield case(name, probe("ridge", strength=1.5), X, y, X_test, y_test, sizes, rtol=1e-3)
