"""The demos of ch07_residual: told to start from the identity.

>>> from explorables import ch07_residual as demos
>>> demos.untrained()               # what a stack of random blocks makes of its input, plain and with skips
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.explore import Demo

PLAIN, RESIDUAL, ZERO = "plain", "residual", "residual_zero"
KINDS = {
    PLAIN: ("plain", style.BLUE, "o"),
    RESIDUAL: ("residual", style.ORANGE, "s"),
    ZERO: ("residual, zero start", style.GREEN, "D"),
}
FITTED = {PLAIN: KINDS[PLAIN], "plain_sized": ("plain, sizes kept", style.PINK, "^")} | KINDS
"""Of the stacks that learn a map: plain ones were started in two ways."""

# ---- before any training ----

DEPTHS = (1, 2, 4, 8, 16, 32)
SIZES = {"0: they start at zero": 0.0, "0.3": 0.3, "1: as large as their input": 1.0}
FEATURES = 64


def untrained() -> Demo:
    """What a stack of random blocks makes of its input, plain and with skips."""
    return explore(
        input_to_output,
        blocks=steps(DEPTHS, label="Blocks", start=1),
        size=choice(SIZES, label="Size of the branches"),
        alt=input_to_output_words,
        play="blocks",
        caption="An input moves along a straight line, and one number of the output is drawn against the same number "
        "of the input. The dotted line is the identity. Nothing is trained. Weights are the same in both stacks.",
        try_this="Leave the branches at zero: the residual stack is the identity at every depth, and the plain one "
        "gives nothing but 0. Then set 0.3 and go deeper. What has become of the plain stack's output at 8 blocks, and "
        "which part of the input can still be told from it? At 1, the residual stack has a trouble of its own.",
    )


@lru_cache(maxsize=1)
def _weights() -> list[tuple[np.ndarray, np.ndarray]]:
    """Two weight matrices a block; with a ReLU between, they keep the size of their input."""
    random = np.random.default_rng(3)
    shape = (FEATURES, FEATURES)
    first, second = (2 / FEATURES) ** 0.5, (1 / FEATURES) ** 0.5
    return [(random.normal(0, first, shape), random.normal(0, second, shape)) for _ in range(max(DEPTHS))]


def run_stack(x: np.ndarray, blocks: int, size: float, skip: bool) -> np.ndarray:
    """Every block is size * W2 relu(W1 x), plus x if `skip`; x is (batch, feature)."""
    for first, second in _weights()[:blocks]:
        branch = size * np.maximum(x @ first.T, 0) @ second.T
        x = x + branch if skip else branch
    return x


def walk() -> tuple[np.ndarray, np.ndarray]:
    """Places from -3 to 3, and inputs (batch, feature) whose first number is the place."""
    place = np.linspace(-3, 3, 121)
    x = np.tile(np.random.default_rng(5).normal(size=FEATURES), (len(place), 1))
    x[:, 0] = place
    return place, x


def input_to_output(blocks: int, size: float) -> Figure:
    """First number out against first number in, of plain and residual stacks."""
    from matplotlib import pyplot as plt

    place, x = walk()
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    axes.plot(place, place, ":", color=style.INK, linewidth=1.2, label="identity")
    for skip, kind in ((False, PLAIN), (True, RESIDUAL)):
        label, colour, _ = KINDS[kind]
        axes.plot(place, run_stack(x, blocks, size, skip)[:, 0], color=colour, label=label)
    axes.set(xlabel="first number of the input", ylabel="first number of the output", ylim=(-6, 6), xlim=(-3, 3))
    axes.legend(loc="upper left")
    return figure


def input_to_output_words(blocks: int, size: float) -> str:
    """The picture in words."""
    x = walk()[1]
    spans = {skip: np.ptp(run_stack(x, blocks, size, skip)[:, 0]) for skip in (False, True)}
    return (
        f"{blocks} blocks with branches of size {size:g}: while the input moves by 6, the output of the plain stack "
        f"moves by {spans[False]:.2g} and that of the residual stack by {spans[True]:.2g}."
    )


# ---- from the stored result of K8 ----


@lru_cache(maxsize=1)
def _k8() -> dict[str, Any]:
    from experiments import load

    return load("k8")


def _depths() -> list[int]:
    return list(_k8()["settings"]["depths"])


def deeper() -> Demo:
    """The training loss of plain and residual nets of one depth, step by step."""
    return explore(
        learning_curves,
        depth=steps(_depths(), label="Layers with weights"),
        alt=learning_words,
        play="depth",
        caption="Loss on the training examples themselves, from the results of the experiment K8 below. Lines are "
        "means over three seeds, bands one standard deviation. All three nets have the same number of parameters.",
        try_this="Go from 4 layers to 64. Which curve rises? It is not overfitting: these are the examples that the "
        "nets are trained on. Which curve is highest at 4 layers, and where is it at 64?",
    )


def learning_curves(depth: int) -> Figure:
    """Training loss by step at {depth} layers."""
    from matplotlib import pyplot as plt

    result = _k8()
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for kind, (label, colour, marker) in KINDS.items():
        found = result["numbers"]["loss"][kind][str(depth)]
        mean, std = np.array(found["mean"]), np.array(found["std"])
        watched = result["settings"]["watched"]
        axes.plot(watched, mean, color=colour, marker=marker, label=label)
        axes.fill_between(watched, mean - std, mean + std, color=colour, alpha=0.2, linewidth=0)
    axes.axhline(np.log(10), color=style.INK, linewidth=1, linestyle=":")
    axes.text(watched[-1], np.log(10) + 0.07, "guessing", ha="right", fontsize=10)
    axes.set(xlabel="step", ylabel="training loss / nats", ylim=(0, 3.4), xlim=(0, watched[-1] + 5))
    axes.legend(loc="lower left")
    return figure


def learning_words(depth: int) -> str:
    """The picture in words."""
    loss = _k8()["numbers"]["loss"]
    ends = ", ".join(f"{label} {loss[kind][str(depth)]['mean'][-1]:.2f}" for kind, (label, *_) in KINDS.items())
    return f"Training loss by step at {depth} layers. At the end: {ends}."


MOMENTS = {"before training": "start", "after 100 steps": "later"}


def gradients() -> Demo:
    """The gradient norm of every layer, at a depth and a moment."""
    return explore(
        gradient_by_layer,
        depth=steps(_depths(), label="Layers with weights", start=16),
        moment=choice(MOMENTS, label="When"),
        alt=gradient_words,
        caption="The size of the gradient that each layer's weights get, from the same runs. A gradient that vanishes "
        "would fall to the left, towards the input. The third net is not drawn where its gradient is exactly zero.",
        try_this="At 16 layers the plain net trains badly already. Is there a layer that gets too small a gradient? "
        "Now go to 64 layers, before training: what goes wrong there is the opposite.",
    )


def gradient_by_layer(depth: int, moment: str) -> Figure:
    """Gradient norm by layer at {depth} layers."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for kind, (label, colour, marker) in KINDS.items():
        norms = np.array(_k8()["numbers"]["gradients"][moment][kind][str(depth)]["mean"])
        layers = np.arange(1, len(norms) + 1)
        shown = np.where(norms > 0, norms, np.nan)
        axes.plot(layers, shown, color=colour, marker=marker, markersize=4, label=label)
    axes.set(xlabel="layer, from the input up", ylabel="gradient norm", yscale="log", ylim=(1e-4, 1e6))
    axes.set_xlim(0, depth + 1)
    axes.legend(loc="upper right")
    return figure


def gradient_words(depth: int, moment: str) -> str:
    """The picture in words."""
    found = _k8()["numbers"]["gradients"][moment]
    norms = [found[kind][str(depth)]["mean"] for kind in (PLAIN, RESIDUAL)]
    first, last = ([f"{each[place]:.2g}" for each in norms] for place in (1, -2))
    return (
        f"Gradient norms at {depth} layers: plain {first[0]} in the second layer and {last[0]} in the last but one; "
        f"residual {first[1]} and {last[1]}."
    )


MAPS = {"the identity": "identity", "nearly the identity": "nearly", "zero": "zero"}
FLOOR = 1e-12


def fit() -> Demo:
    """The error of stacks of 1, 4 and 16 blocks that learn a map."""
    return explore(
        fit_errors,
        target=choice(MAPS, label="The map to learn"),
        alt=fit_words,
        caption="Mean squared error on fresh inputs after the same training, dots are seeds, from K8. Without "
        "normalization. *Sizes kept*: plain stacks that were started with larger weights, so that neither numbers nor "
        "gradients vanish. An arrow marks an error of exactly 0.",
        try_this="Which stack is better at the identity, and which at zero? Now take the map that is nearly the "
        "identity: does depth help, and to whom?",
    )


def fit_errors(target: str) -> Figure:
    """Errors of all kinds of stacks that learn a map."""
    from matplotlib import pyplot as plt

    blocks = _k8()["settings"]["fit_blocks"]
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for nth, (kind, (label, colour, marker)) in enumerate(FITTED.items()):
        errors = np.array(_k8()["numbers"]["fit"][target][kind]["by_seed"])  # (seed, blocks)
        for place in range(len(blocks)):
            x = place + 0.17 * (nth - 1.5)
            zero = errors[:, place] == 0
            shown = np.maximum(errors[:, place], FLOOR)
            axes.plot(np.full((~zero).sum(), x), shown[~zero], marker, color=colour, markersize=6, alpha=0.85)
            axes.plot(np.full(int(zero.any()), x), np.full(int(zero.any()), FLOOR), "v", color=colour, markersize=8)
        axes.plot([], [], marker, color=colour, label=label)
    axes.set(xlabel="blocks", ylabel="mean squared error", yscale="log", ylim=(FLOOR / 3, 3e4))
    axes.set_xticks(range(len(blocks)), [str(count) for count in blocks])
    axes.set_xlim(-0.5, len(blocks) - 0.5)
    axes.legend(loc="upper center", ncols=2, columnspacing=1, handletextpad=0.2)
    return figure


def fit_words(target: str) -> str:
    """The picture in words."""
    blocks = _k8()["settings"]["fit_blocks"]
    found = _k8()["numbers"]["fit"][target]
    ends = ", ".join(f"{label} {found[kind]['mean'][-1]:.2g}" for kind, (label, *_) in FITTED.items())
    return f"Mean squared error of stacks of {', '.join(map(str, blocks))} blocks. With {blocks[-1]}: {ends}."


# ---- tokens that collapse ----

STACKS = {
    "attention alone": "attention",
    "attention and layer norm": "norm",
    "attention and feed-forward": "feed_forward",
    "attention with skips": "skip",
    "pre-norm block": "pre",
}
LAYERS = (0, 1, 2, 3, 4, 6, 8, 12, 16)


def tokens() -> Demo:
    """A cloud of tokens, layer by layer, in stacks with and without skips."""
    return explore(
        token_cloud,
        layers=steps(LAYERS, label="Layers"),
        stack=choice(STACKS, label="Each layer is"),
        alt=token_words,
        play="layers",
        caption="Forty-eight random tokens go through random layers. Drawn are two of their 64 numbers, as shares of "
        "the tokens' own size; colours mark the first number at the start. Below, all they still differ by.",
        try_this="Attention alone: count the layers until you see one dot. Then switch on layer normalization, then "
        "the feed-forward part, then the skips. Which of them would you build a deep net with?",
    )


@lru_cache(maxsize=len(STACKS))
def _clouds(stack: str) -> list[np.ndarray]:
    """The tokens (query, d_model) after 0, 1, 2, … layers of `stack`."""
    from experiments import k9

    x, layers = k9.tokens(k9.DEFAULT, seed=0)
    clouds = [x]
    for layer in layers:
        clouds.append(k9.advance(clouds[-1], layer, stack))
    return [cloud.numpy() for cloud in clouds]


def apart(x: np.ndarray) -> float:
    """||x - mean|| / ||x|| of tokens (query, d_model)."""
    return float(np.linalg.norm(x - x.mean(0)) / np.linalg.norm(x))


def token_cloud(layers: int, stack: str) -> Figure:
    """The tokens after {layers} layers, two of their numbers."""
    from matplotlib import pyplot as plt

    clouds = _clouds(stack)
    figure, (above, below) = plt.subplots(2, 1, figsize=(style.WIDTH, 4.9), height_ratios=(2.2, 1))
    x = clouds[layers] / np.sqrt(np.mean(clouds[layers] ** 2))
    above.scatter(x[:, 0], x[:, 1], c=clouds[0][:, 0], cmap="viridis", s=34, edgecolors=style.INK, linewidths=0.4)
    above.set(xlim=(-4, 4), ylim=(-4, 4), xlabel="first number", ylabel="second number")
    _draw_distances(below, [apart(cloud) for cloud in clouds], layers)
    return figure


def _draw_distances(axes: Axes, distances: list[float], layers: int) -> None:
    axes.plot(range(len(distances)), distances, color=style.GREY)
    axes.plot([layers], [distances[layers]], "o", color=style.PINK, markersize=8)
    axes.set(xlabel="layers", ylabel="distance\nto one dot", yscale="log", ylim=(1e-17, 10), xlim=(-0.4, 16.4))
    axes.set_yticks([1e-16, 1e-8, 1])
    axes.minorticks_off()


def token_words(layers: int, stack: str) -> str:
    """The picture in words."""
    name = next(label for label, kind in STACKS.items() if kind == stack)
    return f"{name}, {layers} layers: the tokens' distance to being one is {apart(_clouds(stack)[layers]):.1e} of 1."
