"""What the exercises on prior and data are tried on: odd sizes, no square picture, curves that dip, ties that count."""

import torch

from autograder.authoring.cases import call, case, exercise, holds, probe


@exercise(points=4, minutes=20, difficulty=2)
def make_data(draw):
    for name, classes, length, width in (("three classes", 3, 5, 11), ("two classes, a wide line", 2, 4, 9)):
        templates, noise = draw.normal(classes, length, std=4.0), 0.2 + 0.3 * float(draw.uniform())
        seed, n = draw.integer(0, 1000), 1500 + draw.integer(0, 50)
        told = {"templates": templates, "width": width, "noise": noise}
        yield case(
            name,
            call(n, seed, templates, width, noise),
            call(n, seed, templates, width, noise),
            call(n, seed + 1, templates, width, noise),
            values=False,
            properties=(
                holds("placed_templates", **told),
                holds("placed_templates", **told, call=2),
                holds("same_data", first=0, second=1, same=True),
                holds("same_data", first=0, second=2, same=False),
            ),
        )
    templates, seed = draw.normal(3, 6, std=3.0, dtype=torch.float64), draw.integer(0, 1000)
    yield case(
        "no room to move, no noise, float64",
        call(200, seed, templates, 6, 0.0),
        values=False,
        properties=(holds("placed_templates", templates=templates, width=6, noise=0.0),),
    )


@exercise(
    points=4,
    minutes=20,
    difficulty=2,
    equivalent={"parameters(width) - budget -> budget - parameters(width)": "The absolute value forgets the sign."},
)
def match_parameters(draw):
    for kind in ("mlp", "cnn", "gru", "attention"):
        budgets = [draw.integer(2000, 4000), draw.integer(4000, 9000), draw.integer(400, 1500)]
        yield case(f"the {kind}", *(call(kind, budget) for budget in budgets))
    yield case("next to the middle of two widths, and in it", call("mlp", 146), call("mlp", 147), call("gru", 631))
    yield case("less than one unit", call("gru", 3), call("attention", 1))


@exercise(points=4, minutes=15, difficulty=2)
def patchify(draw):
    yield case("three channels", draw.normal(2, 3, 6, 4), 2, gradients=("x",))
    yield case("patches of three", draw.normal(3, 2, 6, 9), 3, gradients=("x",))
    yield case("one row of patches", draw.normal(1, 2, 2, 8), 2)
    yield case(
        "patches of one pixel, and one patch", call(draw.normal(2, 3, 2, 5), 1), call(draw.normal(2, 2, 3, 3), 3)
    )


LOADED = "Only how the positions start; a check loads them by name."


@exercise(
    points=6,
    minutes=25,
    difficulty=2,
    equivalent={
        "0.02 * torch.randn(tokens, d_model) -> 0.02 / torch.randn(tokens, d_model)": LOADED,
        "0.02 -> 0.04": LOADED,
    },
)
def VisionTransformer(draw):
    both = ("x", "parameters")
    yield case("three channels", draw.normal(2, 3, 4, 6), init=call((3, 4, 6), 2, 8, 2, 1, 5), gradients=both)
    yield case("two blocks", draw.normal(3, 1, 9, 6), init=call((1, 9, 6), 3, 6, 3, 2, 4), gradients=both)
    yield case("no block, one patch", draw.normal(4, 2, 3, 3), init=call((2, 3, 3), 3, 4, 1, 0, 3))


def learners(draw, features, classes, strengths):
    """Settings of one model: they share their features and differ in how strongly they are held back."""
    W, phase = draw.normal(features, 9, std=1.3), draw.uniform(9, low=0.5, high=2.5)
    return [probe("moved_ridge", W=W, phase=phase, classes=classes, strength=s) for s in strengths]


def labelled(draw, centres, n):
    """Inputs around the centres of their classes, so far apart that neither all nor none can be told."""
    y = draw.integers(0, len(centres), n)
    return centres[y] + draw.normal(n, centres.shape[1]), y


@exercise(points=6, minutes=30, difficulty=3)
def accuracy_curve(draw):
    for name, features, classes, sizes, seeds in (
        ("two models, three seeds", 4, 3, [11, 24, 60], [2, 0, 5]),
        ("sizes in another order", 3, 2, [40, 9], [1, 3, 4]),
    ):
        centres = draw.normal(classes, features)
        data = tuple(labelled(draw, centres, n) for n in (60, 23, 41))
        models = {
            "free": learners(draw, features, classes, (1e-3, 0.3, 10.0, 100.0)),
            "held": learners(draw, features, classes, (0.01, 1.0, 30.0)),
        }
        yield case(name, models, data, sizes, seeds)
    centres = draw.normal(2, 3)
    data = tuple(labelled(draw, centres, n) for n in (30, 15, 27))
    yield case("one setting", {"only": learners(draw, 3, 2, (0.1,))}, data, [17, 30], [7])


@exercise(
    points=3,
    minutes=15,
    difficulty=2,
    equivalent={"1 -> 0": "The first accuracy was looked at before, and is too low."},
)
def examples_needed(draw):
    sizes = [100, 250, 1000, 4000]
    steps = draw.uniform(4, low=0.08, high=0.15)
    rising = 0.2 + torch.cumsum(steps, 0)
    at = float(draw.uniform(low=0.2, high=0.45))
    wanted = [float(rising[i] + at * (rising[i + 1] - rising[i])) for i in range(3)]
    yield case("a rising curve", *(call(sizes, rising, value) for value in wanted))
    dips = rising[[0, 2, 1, 3]]
    yield case(
        "a curve that dips", call(sizes, dips, float(rising[1] + 0.02)), call(sizes, dips, float(rising[3] - 0.01))
    )
    falls = rising[[0, 1, 3, 2]]  # the last accuracy is below the level that was reached before
    yield case(
        "a curve that ends with a fall",
        call(sizes, falls, float(rising[3] - 0.02)),
        call([20, 60, *sizes], torch.cat([rising[:1] - 0.05, rising[1:2], falls]), float(rising[1] - 0.02)),
    )
    yield case(
        "never",
        call(sizes, rising, float(rising[-1]) + 0.01),
        call([30, 70], rising[:2], 0.99),
        call([60], rising[:1], 0.9),
    )
    exact = torch.tensor([0.25, 0.5, 0.75])
    yield case("just reached", call(sizes[1:], exact, 0.75), call(sizes[:1], exact[:1], 0.25))
    yield case("from the start", call(sizes, rising, float(rising[0]) - 0.05), call([500], rising[:1], 0.1))


@exercise(points=3, minutes=15, difficulty=2)
def crossover(draw):
    sizes = [50, 200, 700, 5000]
    first = 0.5 + 0.05 * torch.cumsum(draw.uniform(4, 3, low=0.5, high=1.0), 0)
    gap = torch.tensor([[-0.2, -0.1, -0.12], [-0.1, 0.1, -0.05], [0.05, 0.2, -0.03], [0.2, 0.3, 0.1]])
    second = first + gap * draw.uniform(4, 3, low=0.7, high=1.0)
    yield case("it overtakes", sizes, first, second)
    yield case("it stays behind", sizes, first, first - 0.05 - draw.uniform(4, 3, high=0.1))
    # whole numbers will do where every answer is one of the sizes
    yield case(
        "it leads from the start", sizes[1:], first[1:], first[1:] + 0.01 + draw.uniform(3, 3, high=0.1), dtype="any"
    )
    mixed = torch.stack([second[:, 0], first[:, 1] - 0.04, first[:, 2] + 0.06], dim=1)
    yield case("every seed another way", sizes, first, mixed)
    falls = torch.tensor([[-0.2, 0.1, -0.1], [0.1, -0.1, 0.15], [-0.1, 0.2, -0.05], [0.1, 0.3, -0.02]])
    yield case("it overtakes and falls behind again", sizes, first, first + falls * draw.uniform(4, 3, low=0.7))
    level = torch.tensor([[0.25, 0.5], [0.5, 0.5], [0.75, 0.75]])
    above = torch.tensor([[0.0, -0.25], [-0.125, 0.0], [0.125, 0.125]])
    yield case("level at the start, and level later", [40, 90, 600], level, level + above, dtype="any")


@exercise(
    points=6,
    minutes=30,
    difficulty=3,
    equivalent={
        "targets[:, :, None] - grid(height, width) -> grid(height, width) - targets[:, :, None]": "It is squared.",
        "1 -> 2": "A kernel is as high as it is wide.",
        "grid(k, k) -> grid(k, k)": "The two sizes are the same k.",
    },
)
def conv_as_attention(draw):
    both = ("kernel",)
    yield case("kernel of 2", draw.normal(3, 2, 2, 2), 3, 5, 0.4, gradients=both)
    yield case("kernel of 3", draw.normal(2, 4, 3, 3), 6, 4, 0.15, gradients=both)
    yield case("a picture as large as the kernel", draw.normal(1, 2, 3, 3), 3, 3, 0.3)
    yield case("kernel of 1", draw.normal(2, 3, 1, 1), 2, 3, 0.7)


@exercise(points=3, minutes=12, difficulty=1)
def confidence_interval(draw):
    accuracy, n = 0.6 + 0.3 * float(draw.uniform()), draw.integer(40, 90)
    yield case("95 per cent", call(accuracy, n), call(accuracy / 3, 5 * n))
    yield case("other intervals", call(accuracy, n, 1.0), call(1 - accuracy, n, 2.576))
    yield case("none or all of them right", call(0.0, n), call(1.0, n), call(1.0, 1))
