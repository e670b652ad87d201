"""The demos of ch05_recurrence: told about order, one step at a time.

>>> from explorables import ch05_recurrence as demos
>>> demos.spectral_radius()         # what becomes of a gradient that goes back through many steps
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.explore import Demo

# ---- spectral radius ----

HIDDEN, STEPS = 64, 60
RADII = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.3, 1.6, 2.0)
SMALL, LARGE = "small inputs", "large inputs"


@cache
def _matrix() -> np.ndarray:
    """A random matrix whose largest absolute eigenvalue is 1: (hidden, hidden)."""
    matrix = np.random.default_rng(3).normal(size=(HIDDEN, HIDDEN))
    return matrix / np.abs(np.linalg.eigvals(matrix)).max()


def gradient_by_lag(radius: float, scale: float, lags: int = STEPS) -> np.ndarray:
    """The norm of d h_n / d h_(n-k) for k = 0, 1, …, `lags`: h_t = tanh(W h_(t-1) + input), inputs of size `scale`."""
    weight, random = radius * _matrix(), np.random.default_rng(0)
    h, slopes = np.zeros(HIDDEN), []
    for drive in scale * random.normal(size=(2 * lags, HIDDEN)):
        h = np.tanh(weight @ h + drive)
        slopes.append(1 - h**2)
    product, norms = np.eye(HIDDEN), [np.sqrt(HIDDEN)]
    for slope in slopes[: -lags - 1 : -1]:
        product = product @ (slope[:, None] * weight)
        norms.append(np.linalg.norm(product))
    return np.array(norms)


def fading(radius: float, inputs: str) -> Figure:
    """Eigenvalues of W_h with spectral radius {radius}, and the gradient against the lag, with {inputs}."""
    from matplotlib import pyplot as plt

    figure, (plane, axes) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.3), width_ratios=(1, 1.45))
    values = np.linalg.eigvals(radius * _matrix())
    angle = np.linspace(0, 2 * np.pi, 120)
    plane.plot(np.cos(angle), np.sin(angle), color=style.INK, linewidth=1)
    plane.plot(values.real, values.imag, "o", color=style.BLUE, markersize=4)
    plane.set(xlim=(-2.15, 2.15), ylim=(-2.15, 2.15), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    plane.set(xlabel="real part", ylabel="imaginary part")
    plane.set_title("eigenvalues")
    lags = np.arange(STEPS + 1)
    axes.semilogy(lags, np.sqrt(HIDDEN) * radius**lags, "--", color=style.GREY, label="radius to the power k")
    axes.semilogy(lags, gradient_by_lag(radius, INPUTS[inputs]), color=style.ORANGE, label="gradient")
    axes.set(xlabel="lag k / steps", ylim=(1e-12, 1e8), xlim=(0, STEPS), yticks=(1e-12, 1e-8, 1e-4, 1, 1e4, 1e8))
    axes.set_title("norm of the gradient")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=9.5)
    return figure


INPUTS = {SMALL: 0.01, LARGE: 1.0}


def spectral_radius() -> Demo:
    """Below a spectral radius of 1 a gradient fades; above it tanh takes away what the matrix adds, up to a point."""
    return explore(
        fading,
        radius=steps(RADII, label="Spectral radius of W_h", format=".2f", start=0.9),
        inputs=choice([SMALL, LARGE], label="What is read"),
        play="radius",
        caption="Left, the eigenvalues of $W_h$ and the circle of radius 1. Right, the length of the gradient that "
        "goes back k steps, on a logarithmic scale. The dashed line is the spectral radius to the power k.",
        try_this="With small inputs, find the radius from which on the gradient stays level. How much is lost already "
        "at 0.05 less? Go on to 2: where does the gradient begin to grow, and how far behind the dashed line? Then "
        "switch to large inputs, where tanh bends: which radius keeps a gradient level now?",
    )


# ---- what a gate keeps ----

BIASES, UNITS = (-2, -1, 0, 1, 2, 3, 4, 5, 6), 24


@cache
def difference_by_step(bias: float) -> np.ndarray:
    """How far apart two GRUs are that read the same but for the first input, by step: (pair, step), 1 at step 1.

    Weights as PyTorch draws them, the update gate's bias raised by `bias`.
    """
    import torch
    from torch import nn

    rows = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for seed in range(5):
            torch.manual_seed(seed)
            layer = nn.GRU(4, UNITS, batch_first=True).double()
            layer.bias_ih_l0[UNITS : 2 * UNITS] += bias
            x = torch.randn(1, STEPS + 1, 4, dtype=torch.float64).repeat(2, 1, 1)
            x[1, 0] = -x[0, 0]
            one, other = layer(x)[0]
            apart = (one - other).norm(dim=1)
            rows.append((apart / apart[0]).clamp(min=1e-20).numpy())  # a logarithm is taken of it
    return np.array(rows)


def kept(bias: float) -> Figure:
    """How long two GRUs with an update-gate bias of {bias} remember that their first inputs differed."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.0))
    rows = difference_by_step(bias)
    axes.semilogy(rows.T, color=style.BLUE, linewidth=1, alpha=0.45)
    axes.semilogy(np.exp(np.log(rows).mean(0)), color=style.BLUE, label="difference of the two states")
    gate = 1 / (1 + np.exp(-bias))
    axes.semilogy(gate ** np.arange(STEPS + 1), "--", color=style.ORANGE, label=f"z to the power k, z = {gate:.3f}")
    axes.set(xlabel="steps since the first input", ylabel="difference / at first", ylim=(1e-8, 3), xlim=(0, STEPS))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.2, fontsize=9.5)
    return figure


def gate_bias() -> Demo:
    """Raise the bias of the update gate, and a GRU keeps its state for longer."""
    return explore(
        kept,
        bias=steps(BIASES, label="Added to the update gate's bias", start=0),
        play="bias",
        caption="Two runs of one untrained GRU begin with different inputs and then read the same sixty. Five draws of "
        "the weights (thin) and their geometric mean (thick): how much of the difference is still in the state. "
        "Dashed: what a gate that always stood at z would keep by itself.",
        try_this="Which is the smallest bias that keeps a tenth of the difference for sixty steps? What would such a "
        "gate do to a state that has to be replaced at every step?",
    )


# ---- who waits for whom ----

RECURRENCE, CONVOLUTION, DILATED, ATTENTION = "recurrence", "convolution", "dilated convolution", "attention"
KERNEL = 3
WAY, MOMENTS = "the shortest way", "what is done at once"
Node = tuple[int, int]


def reads(kind: str, n: int) -> dict[Node, list[Node]]:
    """Who reads whom: value (layer, time) and its sources; as many layers as the last output needs to see the first."""
    table: dict[Node, list[Node]] = {}
    layer, seen = 0, 1
    while seen < n or layer == 0:
        layer += 1
        apart = KERNEL ** (layer - 1) if kind == DILATED else 1
        for t in range(n):
            past = range(t + 1) if kind == ATTENTION else [t - apart * j for j in range(KERNEL)]
            past = [t] if kind == RECURRENCE else past
            table[layer, t] = [(layer - 1, s) for s in past if s >= 0]
            if kind == RECURRENCE and t > 0:
                table[layer, t].append((layer, t - 1))
        seen = n if kind in (RECURRENCE, ATTENTION) else seen + apart * (KERNEL - 1)
    return table


def moments(table: dict[Node, list[Node]]) -> dict[Node, int]:
    """The moment at which each value is there, inputs at 0."""
    found: dict[Node, int] = {}
    for value, sources in table.items():
        found[value] = 1 + max(found.get(source, 0) for source in sources)
    return found


def shortest_way(table: dict[Node, list[Node]]) -> list[Node]:
    """The values on a shortest way from the first input to the last output, both included."""
    best: dict[Node, list[Node]] = {(0, 0): [(0, 0)]}
    for value, sources in table.items():
        ways = [best[source] for source in sources if source in best]
        if ways:
            best[value] = [*min(ways, key=len), value]
    return best[max(table)]


def graph(kind: str, n: int, lit: str) -> Figure:
    """Who reads whom in a {kind} over {n} inputs; lit: {lit}."""
    from matplotlib import pyplot as plt

    table = reads(kind, n)
    layers, when, way = max(table)[0], moments(table), shortest_way(table)
    on_way = set(pairwise(way)) if lit == WAY else set()
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for (layer, t), sources in table.items():
        for source in sources:
            _arrow(axes, source, (layer, t), (source, (layer, t)) in on_way)
    size = 210 if n <= 9 else 105
    _dots(axes, [(0, t) for t in range(n)], style.GREY, size)
    if lit == WAY:
        _dots(axes, list(table), style.GREY, size)
        _dots(axes, way, style.ORANGE, size)
    else:
        last = max(when.values())
        for value, moment in when.items():
            share = moment / last
            axes.scatter(value[1], value[0], s=size, color=plt.get_cmap("viridis")(0.15 + 0.75 * share), zorder=3)
            if n <= 9:
                ink = style.ON_COLOUR if share > 0.55 else "white"
                axes.text(value[1], value[0], str(moment), ha="center", va="center", fontsize=9.5, color=ink, zorder=4)
    axes.set(xlim=(-0.6, n - 0.4), ylim=(-0.45, layers + 0.45), xlabel="time")
    axes.set_xticks(range(0, n, 1 if n <= 9 else 3), range(1, n + 1, 1 if n <= 9 else 3))
    axes.set_yticks(range(layers + 1), ["input", *(f"layer {i}" for i in range(1, layers + 1))])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"shortest way: {len(way) - 1}; one after another: {max(when.values())}", loc="left")
    return figure


def _arrow(axes: Axes, start: Node, end: Node, lit: bool) -> None:
    colour, width = (style.ORANGE, 2.6) if lit else (style.GREY, 0.7)
    axes.plot([start[1], end[1]], [start[0], end[0]], color=colour, linewidth=width, alpha=1 if lit else 0.55, zorder=1)


def _dots(axes: Axes, values: list[Node], colour: str, size: float) -> None:
    axes.scatter([t for _, t in values], [layer for layer, _ in values], s=size, color=colour, zorder=3)


def graph_words(kind: str, n: int, lit: str) -> str:
    """The picture of `graph` in words."""
    table = reads(kind, n)
    shown = "The way is lit." if lit == WAY else "Each value carries the moment at which it is there."
    return (
        f"{kind} over {n} inputs, {max(table)[0]} layers: the shortest way from the first input to the last output "
        f"passes {len(shortest_way(table)) - 1} operations; {max(moments(table).values())} must be done one after "
        f"another. {shown}"
    )


def dependencies() -> Demo:
    """Who reads whom, the shortest way from the first input to the last output, and what must wait."""
    return explore(
        graph,
        kind=choice([RECURRENCE, CONVOLUTION, DILATED, ATTENTION], label="Layer"),
        n=steps([5, 9, 16], label="Inputs n", start=9),
        lit=choice([WAY, MOMENTS], label="Show"),
        alt=graph_words,
        caption="Every line is a reading: the value above, or to the right, needs the one below. Orange is a shortest "
        "way from the first input to the last output. With moments shown, equal colours are done at once.",
        try_this="For which layers does the shortest way grow in proportion to n? Then show what is done at once: in "
        "which of them do values of one and the same layer have to wait for one another?",
    )


# ---- time against length ----


@cache
def _stored() -> dict[str, Any]:
    import experiments

    return experiments.load("k5")


COLOURS = {"rnn": style.BLUE, "gru": style.ORANGE, "convolution": style.GREEN, "attention": style.PINK}
NAMES = {"rnn": "RNN", "gru": "GRU", "convolution": "convolution", "attention": "attention"}


def clock(n: int, width: int) -> Figure:
    """Measured time of four layers against length, with {n} marked, at width {width}."""
    from matplotlib import pyplot as plt

    result = _stored()
    lengths, place = result["settings"]["lengths"], result["settings"]["widths"].index(width)
    ratios = {kind: found["mean"] for kind, found in list(result["times"].values())[place]["ratio"].items()}
    figure, (axes, bars) = plt.subplots(2, 1, figsize=(style.WIDTH, 4.8), height_ratios=(1.5, 1))
    at = lengths.index(n)
    axes.axvline(n, color=style.INK, linewidth=1)
    for kind, ratio in ratios.items():
        axes.loglog(lengths, ratio, "o-", color=COLOURS[kind], label=NAMES[kind], markersize=4)
    axes.set_xticks(lengths, lengths)
    axes.minorticks_off()
    axes.set(xlabel="length n", ylabel=f"time / RNN at {lengths[0]}")
    axes.legend(loc="upper left", ncols=2, fontsize=9.5)
    fastest = min(ratio[at] for ratio in ratios.values())
    order = sorted(ratios, key=lambda kind: -ratios[kind][at])
    shares = [ratios[kind][at] / fastest for kind in order]
    bars.barh([NAMES[kind] for kind in order], shares, color=[COLOURS[kind] for kind in order])
    for row, share in enumerate(shares):
        bars.text(share * 1.1, row, f"{share:.1f}" if share < 9.95 else f"{share:.0f}", va="center", fontsize=10)
    bars.set(xscale="log", xlim=(0.8, 300), xlabel=f"times as long as the fastest, at n = {n}")
    bars.set_xticks([1, 10, 100], ["1", "10", "100"])
    return figure


def clock_words(n: int, width: int) -> str:
    """The picture of `clock` in words."""
    result = _stored()
    at, place = result["settings"]["lengths"].index(n), result["settings"]["widths"].index(width)
    ratios = list(result["times"].values())[place]["ratio"]
    ordered = sorted(ratios, key=lambda kind: ratios[kind]["mean"][at])
    told = ", ".join(f"{NAMES[kind]} {ratios[kind]['mean'][at]:.2g}" for kind in ordered)
    return f"Length {n}, width {width}. Time over that of the RNN at the shortest length, fastest first: {told}."


def time_against_length() -> Demo:
    """The measured times of K5, one length at a time: which layer is the fastest, and by how much?"""
    settings = _stored()["settings"]
    return explore(
        clock,
        n=steps(settings["lengths"], label="Length n", start=256),
        width=steps(settings["widths"], label="Width d"),
        alt=clock_words,
        play="n",
        caption="Forward and backward through one layer, as K5 measured it. Above, all lengths. Below, the layers at "
        "the chosen length, the slowest at the bottom.",
        try_this="At width 32 attention stays ahead of the RNN up to long sequences; at width 128 it falls behind "
        "early. Find both places. And which layer is never behind, at any length?",
    )


# ---- recall ----


def recall_at(gap: int) -> Figure:
    """The share of symbols recalled across {gap} others, by layer and seed, and the gradient over the distances."""
    from matplotlib import pyplot as plt

    result = _stored()
    settings, numbers = result["settings"], result["numbers"]
    at = settings["gaps"].index(gap)
    figure, (axes, arrives) = plt.subplots(2, 1, figsize=(style.WIDTH, 4.6))
    for row, (kind, name) in enumerate(NAMES.items()):
        shares = [100 * seed[at] for seed in numbers["recall"][kind]["by_seed"]]
        axes.barh(name, np.mean(shares), color=COLOURS[kind], alpha=0.55)
        axes.plot(shares, row + np.linspace(-0.2, 0.2, len(shares)), "o", color=style.INK, markersize=4)
        arrives.loglog(settings["distances"], numbers["gradient"][kind]["mean"], "o-", color=COLOURS[kind], label=name)
    axes.axvline(100 / settings["symbols"], color=style.INK, linestyle=":", linewidth=1)
    axes.invert_yaxis()
    axes.set(xlim=(0, 104), xlabel="recalled / %")
    arrives.axvline(gap + 1, color=style.INK, linewidth=1)
    arrives.set(ylim=(1e-12, 10), yticks=(1e-12, 1e-9, 1e-6, 1e-3, 1))
    arrives.set(xlabel="distance / steps", ylabel="gradient, untrained")
    arrives.set_xticks(settings["distances"], settings["distances"])
    arrives.minorticks_off()
    return figure


def recall_words(gap: int) -> str:
    """The picture of `recall_at` in words."""
    result = _stored()
    at = result["settings"]["gaps"].index(gap)
    told = ", ".join(f"{NAMES[k]} {100 * v['mean'][at]:.0f} %" for k, v in result["numbers"]["recall"].items())
    return f"Recall across {gap} symbols: {told}. Below, the gradient of each untrained layer against the distance."


def recall_lag() -> Demo:
    """How far back each layer recalls, beside how far its gradient reaches before training."""
    return explore(
        recall_at,
        gap=steps(_stored()["settings"]["gaps"], label="Symbols in between"),
        alt=recall_words,
        play="gap",
        caption="Above, what each layer recalls after the same number of updates: bars are means, dots are seeds, the "
        "dotted line is guessing. Below, how much gradient reaches so far before training; the line marks the gap.",
        try_this="Follow the GRU. How large is its gradient at the last gap that it masters, and at the first that it "
        "does not?",
    )
