"""The demos of ch01_fully_connected: told nothing.

>>> from explorables import ch01_fully_connected as demos
>>> demos.train_net()               # a net is trained in the page while units and layers are added
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style, toggle, widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo

# ---- train a net in the page ----

POINTS = 240


def train_net() -> Widget:
    """The signature demo: forward pass, gradients and Adam run in the browser."""
    return widget(
        "widgets/train_net.js",
        css="widgets/train_net.css",
        data={
            "sets": point_sets(),
            "start": {"set": "two spirals", "layers": 1, "units": 4, "rate": 0.01, "seed": 1},
        },
        preview=boundaries,
        alt="Points of two classes in the plane and the decision boundary of a fully connected net that is trained as "
        "one watches, with the number of its layers and units, its learning rate and its loss.",
        caption="Each step shows the net all points once. The line is its decision boundary: on the blue side it takes "
        "circles for more likely, on the orange side squares. The stronger the colour, the surer it is.",
        try_this="Train one hidden layer of 4 units on the spirals; it gets stuck. Give it more units. Then try two "
        "hidden layers: how few units will do? Last, switch ReLU off, with as many layers as you like.",
    )


def point_sets() -> dict[str, dict[str, np.ndarray]]:
    """Sets of points (point, 2) within -1.1 … 1.1 and their labels (point,), 0 or 1 in turn."""
    random = np.random.default_rng(0)
    label = np.arange(POINTS) % 2
    made = {
        "two spirals": _spirals(label, random),
        "two moons": _moons(label, random),
        "a ring around a disc": _ring(label, random),
        "two clouds": random.normal(size=(POINTS, 2)) * 0.22 + np.where(label, 0.4, -0.4)[:, None],
    }
    return {name: {"points": points, "labels": label.astype(np.int32)} for name, points in made.items()}


def _spirals(label: np.ndarray, random: np.random.Generator) -> np.ndarray:
    share = np.sqrt(random.uniform(0.01, 1, POINTS))
    angle = 2.8 * np.pi * share + np.pi * label
    return share[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.02 * random.normal(size=(POINTS, 2))


def _moons(label: np.ndarray, random: np.random.Generator) -> np.ndarray:
    angle = np.pi * random.uniform(0, 1, POINTS) + np.pi * label
    arc = 0.62 * np.stack([np.cos(angle), np.sin(angle)], 1)
    middle = np.where(label[:, None], [0.3, 0.15], [-0.3, -0.15])
    return arc + middle + 0.06 * random.normal(size=(POINTS, 2))


def _ring(label: np.ndarray, random: np.random.Generator) -> np.ndarray:
    angle = 2 * np.pi * random.uniform(0, 1, POINTS)
    radius = np.where(label, 0.85, 0.4 * np.sqrt(random.uniform(0, 1, POINTS))) + 0.05 * random.normal(size=POINTS)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


def boundaries() -> Figure:
    """The boundaries of three nets after 600 steps on the spirals, for readers without JavaScript."""
    import torch
    from matplotlib import pyplot as plt

    chosen = point_sets()["two spirals"]
    axis = torch.linspace(-1.25, 1.25, 60)
    grid = torch.cartesian_prod(axis, axis)
    figure, row = plt.subplots(1, 3, figsize=(style.WIDTH, 2.1))
    for axes, hidden in zip(row, ([], [4], [16, 16]), strict=True):
        scores = trained([2, *hidden, 2], chosen["points"], chosen["labels"])(grid).detach()
        gap = (scores[:, 1] - scores[:, 0]).reshape(60, 60).T
        axes.contourf(axis, axis, gap, levels=[-1e9, 0, 1e9], colors=[style.BLUE, style.ORANGE], alpha=0.35)
        for label, colour, marker in ((0, style.BLUE, "o"), (1, style.ORANGE, "s")):
            axes.plot(*chosen["points"][chosen["labels"] == label].T, marker, color=colour, markersize=1.8)
        axes.set(title="no hidden layer" if not hidden else " + ".join(map(str, hidden)) + " units", aspect="equal")
        axes.set(xticks=[], yticks=[])
    return figure


def trained(sizes: list[int], points: np.ndarray, labels: np.ndarray, count: int = 600) -> Any:
    """A torch net of these widths after `count` steps of Adam on all points."""
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pairs = [(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
        net = nn.Sequential(*[layer for pair in pairs for layer in pair][:-1])
    x, y = torch.from_numpy(points).float(), torch.from_numpy(labels).long()
    adam = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(count):
        adam.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        adam.step()
    return net


# ---- drag the joints of a ReLU net ----

CURVES = {
    "a wave": lambda x: np.sin(2 * np.pi * x),
    "a dying wave": lambda x: np.exp(-2.5 * x) * np.cos(6 * np.pi * x),
    "a root": lambda x: 1.9 * np.sqrt(x) - 0.95,
    "a step": lambda x: np.tanh(40 * (x - 0.5)),
}
START = [[0.0, 0.0], [0.2, 0.6], [0.4, 0.1], [0.72, -0.4], [1.0, 0.0]]


def drag_joints() -> Widget:
    """Drag the joints of a net of one input and one hidden layer, and read its weights."""
    x = np.linspace(0, 1, 401)
    return widget(
        "widgets/drag_joints.js",
        css="widgets/drag_joints.css",
        data={"targets": {name: np.stack([x, curve(x)], 1) for name, curve in CURVES.items()}, "start": START},
        preview=joints_on_wave,
        alt="A dashed curve and the function of a ReLU net, straight between joints that can be dragged or moved with "
        "the arrow keys; below, the largest distance between the two and the formula of the net.",
        caption="The blue line is a net with one hidden layer. Each joint but the last is one unit; the formula below "
        "holds all of its weights. The dashed line is the curve that it should follow.",
        try_this="Bring the largest distance below 0.2 by hand. Then set 4 units *on the curve, evenly*, then 8, then "
        "16: how does the distance shrink each time their number doubles? Try the same with the step and the root.",
    )


def net_through(joints: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Bias, knots and changes of slope of the ReLU net whose function has these joints (joint, 2), in order of x."""
    rise = np.diff(joints[:, 1]) / np.diff(joints[:, 0])
    return float(joints[0, 1]), joints[:-1, 0], np.diff(rise, prepend=0.0)


def net_value(net: tuple[float, np.ndarray, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The net's function at every x."""
    bias, knots, slopes = net
    return bias + np.maximum(x[:, None] - knots, 0) @ slopes


def even_joints(curve: Any, pieces: int) -> np.ndarray:
    """Joints (pieces + 1, 2) on a curve over 0 … 1, evenly spaced."""
    x = np.linspace(0, 1, pieces + 1)
    return np.stack([x, curve(x)], 1)


def joints_on_wave() -> Figure:
    """Nets of 3, 6 and 12 units on the wave, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    x = np.linspace(0, 1, 401)
    figure, row = plt.subplots(1, 3, figsize=(style.WIDTH, 2.2), sharey=True)
    for axes, pieces in zip(row, (3, 6, 12), strict=True):
        joints = even_joints(CURVES["a wave"], pieces)
        axes.plot(x, CURVES["a wave"](x), "--", color=style.ORANGE)
        axes.plot(*joints.T, "o-", color=style.BLUE, markersize=3, linewidth=1.2)
        axes.set(title=f"{pieces} units", xlabel="x")
    return figure


# ---- the collapse without a nonlinearity ----

SPAN = np.linspace(-3, 3, 6001)


@lru_cache(maxsize=128)
def random_net(layers: int, width: int, seed: int = 3) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Weights and biases of a net with one input, one output and `layers` layers; He's variance, biases of size 0.5."""
    random = np.random.default_rng(seed)
    sizes = [1, *[width] * (layers - 1), 1]
    return tuple((random.normal(size=(b, a)) * np.sqrt(2 / a), random.normal(size=b) * 0.5) for a, b in pairwise(sizes))


def outputs_and_folds(layers: int, width: int, relu: bool) -> tuple[np.ndarray, np.ndarray]:
    """The output of the net at every point of `SPAN`, and its joints: where each ReLU turns on or off."""
    x, folds = SPAN[:, None], np.zeros(len(SPAN) - 1, dtype=int)
    net = random_net(layers, width)
    for W, b in net[:-1]:
        x = x @ W.T + b
        if relu:
            folds += np.diff(x > 0, axis=0).sum(1)
            x = np.maximum(x, 0)
    W, b = net[-1]
    return (x @ W.T + b)[:, 0], np.repeat(np.arange(len(folds)), folds)


def collapse(layers: int, width: int, relu: bool) -> Figure:
    """The function of a random net with one input."""
    from matplotlib import pyplot as plt

    y, folds = outputs_and_folds(layers, width, relu)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.0))
    axes.plot(SPAN, y, color=style.BLUE)
    if len(folds) <= 60:
        axes.plot(SPAN[folds], y[folds], "o", color=style.ORANGE, markersize=4)
    reach = np.abs(y - y.mean()).max() * 1.15
    axes.set(xlabel="input x", ylabel="output", xlim=(-3, 3), ylim=(y.mean() - reach, y.mean() + reach))
    axes.set_title(_collapse_title(layers, width, relu, len(folds)), loc="left")
    return figure


def _collapse_title(layers: int, width: int, relu: bool, folds: int) -> str:
    if not relu:
        slope = (random_net(layers, width))[0][0]
        for W, _ in random_net(layers, width)[1:]:
            slope = W @ slope
        return f"one straight line, slope {slope.item():.2f}".replace("-", "−")
    return f"{folds} joint{'' if folds == 1 else 's'}"


def collapse_words(layers: int, width: int, relu: bool) -> str:
    """The picture of `collapse` in words."""
    folds = len(outputs_and_folds(layers, width, relu)[1])
    how = "with ReLU" if relu else "without ReLU"
    return f"A net of {layers} layers, {width} units wide, {how}: {_collapse_title(layers, width, relu, folds)}."


def linear_collapse() -> Demo:
    """Layers on layers, with and without a nonlinearity between them."""
    return explore(
        collapse,
        layers=steps([1, 2, 3, 4, 6, 8], label="Layers", start=4),
        width=steps([2, 4, 8, 16, 32, 64], label="Units in each hidden layer", start=16),
        relu=toggle(label="ReLU between them"),
        alt=collapse_words,
        caption="The output of a net with random weights, for one input. Dots mark its joints, where some "
        "unit turns on or off; where there are more than 60 they are left out.",
        try_this="Without ReLU, look for any number of layers and units that bends the line. Then switch ReLU on. "
        "Which brings more joints, twice the units or twice the layers?",
    )


# ---- the scale of activations by depth ----

DEPTH, EXAMPLES = 30, 64
VARIANCES = (0.5, 1.0, 1.5, 2.0, 2.5, 4.0)


@lru_cache(maxsize=8)
def scales(width: int, relu: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square of activations and of gradients after 0 … `DEPTH` layers of weights of variance 1 / width.

    Another variance c / width multiplies each layer by the root of c, since ReLU commutes with positive factors and
    there are no biases; so one run serves for every c.
    """
    random = np.random.default_rng(seed)
    x = random.normal(size=(EXAMPLES, width))
    weights = [random.normal(size=(width, width)) / np.sqrt(width) for _ in range(DEPTH)]
    forward, masks = [_rms(x)], []
    for W in weights:
        x = x @ W.T
        masks.append(x > 0 if relu else np.ones_like(x, dtype=bool))
        x = x * masks[-1]
        forward.append(_rms(x))
    grad = random.normal(size=x.shape)
    backward = [_rms(grad)]
    for W, mask in zip(reversed(weights), reversed(masks), strict=True):
        grad = (grad * mask) @ W
        backward.append(_rms(grad))
    return np.array(forward), np.array(backward[::-1])


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


def measured(c: float, width: int, relu: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same for weights of variance c / width."""
    forward, backward = scales(width, relu, seed)
    depth = np.arange(DEPTH + 1)
    return forward * c ** (depth / 2), backward * c ** ((DEPTH - depth) / 2)


def predicted(c: float, relu: bool) -> np.ndarray:
    """What the theorem says of the activations' root mean square after 0 … `DEPTH` layers, on average over weights."""
    return (c / 2 if relu else c) ** (np.arange(DEPTH + 1) / 2)


def scale_by_depth(c: float, width: int, relu: bool) -> Figure:
    """Root mean square of activations and gradients in every layer of a net with random weights."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.3))
    depth = np.arange(DEPTH + 1)
    for seed in range(3):
        forward, backward = measured(c, width, relu, seed)
        first = seed == 0
        axes.semilogy(depth, forward, color=style.BLUE, linewidth=1.3, label="activations" if first else None)
        axes.semilogy(depth, backward, color=style.ORANGE, linewidth=1.3, label="gradients" if first else None)
    axes.semilogy(depth, predicted(c, relu), ":", color=style.INK, label="theorem")
    axes.set(xlabel="layer", ylabel="root mean square", ylim=(1e-10, 1e10), xlim=(0, DEPTH))
    axes.legend(loc="upper center", ncols=3, handlelength=1.4, columnspacing=1.2)
    return figure


def scale_words(c: float, width: int, relu: bool) -> str:
    """The picture of `scale_by_depth` in words."""
    reached = np.median([measured(c, width, relu, seed)[0][-1] for seed in range(3)])
    how = "with ReLU" if relu else "without ReLU"
    return (
        f"Weights of variance {c:g} / fan_in, {width} units a layer, {how}: after {DEPTH} layers the activations' root "
        f"mean square is {reached:.1e}; the theorem says {predicted(c, relu)[-1]:.1e}."
    )


def activation_scale() -> Demo:
    """How large activations and gradients are in every layer, by the variance of the weights."""
    return explore(
        scale_by_depth,
        c=steps(VARIANCES, label="Variance of the weights, times fan_in", start=1.0),
        width=choice({"16 units": 16, "256 units": 256}, label="Width", start=256),
        relu=toggle(label="ReLU", start=True),
        alt=scale_words,
        caption="Thirty layers of random weights, three draws. The input has size 1, and so has the gradient that "
        "comes in at the end. Follow activations from left to right, gradients from right to left.",
        try_this="Which variance keeps both level with ReLU? And which without? Then take 16 units: the three draws "
        "part ways.",
    )


# ---- the cost of being told nothing ----


def every_place(axes: Axes, sizes: list[int], means: dict[int, list[float]], stds: dict[int, list[float]]) -> None:
    """Accuracy against examples per place, one line for each number of places."""
    colours = (style.BLUE, style.ORANGE, style.GREEN, style.PINK)
    for (places, mean), colour, marker in zip(means.items(), colours, "osD^", strict=False):
        label = f"{places} place" + ("s" if places > 1 else "")
        at = np.array(sizes) * 1.03 ** (np.log2(places) / 2)
        axes.errorbar(at, 100 * np.array(mean), 100 * np.array(stds[places]), color=colour, marker=marker, label=label)
    axes.set(xscale="log", xlabel="training examples per place", ylabel="test accuracy / %", ylim=(0, 100))
    axes.set_xticks(sizes, list(map(str, sizes)))
    axes.minorticks_off()
    axes.legend()
