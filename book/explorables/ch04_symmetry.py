"""The demos of ch04_symmetry: told about groups.

>>> from explorables import ch04_symmetry as demos
>>> demos.turn_the_input()          # a plain and a group-equivariant layer look at a digit that turns
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from explorables import choice, explore, steps, style, toggle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.explore import Demo

# ---- turn the input ----

ANGLES = range(0, 360, 15)
SIDE, KERNEL = 29, 7


@lru_cache(maxsize=1)
def kernels() -> np.ndarray:
    """Four kernels of the plain layer (4, height, width): smooth noise, of mean 0 and norm 1, none like another."""
    noise = np.random.default_rng(5).standard_normal((4, KERNEL + 2, KERNEL + 2))
    windows = np.lib.stride_tricks.sliding_window_view(noise, (3, 3), axis=(1, 2))
    smooth = windows.mean((-2, -1))
    smooth = smooth - smooth.mean((1, 2), keepdims=True)
    return smooth / np.sqrt((smooth**2).sum((1, 2), keepdims=True))


@lru_cache(maxsize=4)
def digit_picture(digit: int) -> np.ndarray:
    """A handwritten digit with a frame of background (SIDE, SIDE), the middle pixel in the middle of the picture."""
    from experiments.data import mnist_digits, rescale

    images, labels = mnist_digits()
    small = rescale(images[int((labels == digit).nonzero()[4])][None], 21)[0].numpy()
    return np.pad(small, (SIDE - 21) // 2)


def turned(picture: np.ndarray, angle: int) -> np.ndarray:
    """`picture` turned by `angle` degrees against the clock: exactly at quarter turns, else between the pixels."""
    if angle % 90 == 0:
        return np.rot90(picture, angle // 90).copy()
    middle, radians = (SIDE - 1) / 2, np.deg2rad(angle)
    rows, columns = np.mgrid[:SIDE, :SIDE] - middle
    # the place of the upright picture that comes to lie here; rows count downwards
    down = rows * np.cos(radians) + columns * np.sin(radians) + middle
    right = columns * np.cos(radians) - rows * np.sin(radians) + middle
    framed = np.pad(picture, 1)
    down, right = np.clip(down + 1, 0, SIDE + 0.999), np.clip(right + 1, 0, SIDE + 0.999)
    top, left = down.astype(int), right.astype(int)
    a, b = down - top, right - left
    upper = (1 - b) * framed[top, left] + b * framed[top, left + 1]
    lower = (1 - b) * framed[top + 1, left] + b * framed[top + 1, left + 1]
    return (1 - a) * upper + a * lower


def maps_of(picture: np.ndarray, layer: str) -> np.ndarray:
    """ReLU of four convolutions (4, height, width): of four kernels ("plain"), or of one in four turns ("group")."""
    bank = kernels() if layer == "plain" else np.stack([np.rot90(kernels()[0], t) for t in range(4)])
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(picture, KERNEL // 2), (KERNEL, KERNEL))
    return np.maximum(np.einsum("hvij,tij->thv", windows, bank), 0)


@lru_cache(maxsize=64)
def features(digit: int, angle: int, layer: str) -> np.ndarray:
    """What is left after pooling: the largest value of every map, and in the group layer of all maps together."""
    largest = maps_of(turned(digit_picture(digit), angle), layer).max((1, 2))
    return largest if layer == "plain" else largest.max(keepdims=True)


@lru_cache(maxsize=8)
def change_by_angle(digit: int, layer: str) -> np.ndarray:
    """How far the pooled features are from those of the upright digit, as a share of their size, for all ANGLES."""
    upright = features(digit, 0, layer)
    moved = [features(digit, angle, layer) - upright for angle in ANGLES]
    return np.linalg.norm(moved, axis=1) / np.linalg.norm(upright)


def draw_turn(angle: int, digit: int) -> Figure:
    """A {digit} turned by {angle}: the maps of a plain and of a group layer, and how far their features change."""
    from matplotlib import pyplot as plt

    picture = turned(digit_picture(digit), angle)
    figure = plt.figure(figsize=(style.WIDTH, 5.4))
    grid = figure.add_gridspec(3, 5, height_ratios=(1, 1, 1.75))
    for row, (layer, colour) in enumerate((("plain", style.ORANGE), ("group", style.BLUE))):
        for k, values in enumerate(maps_of(picture, layer)):
            title = f"turn {k}" if layer == "group" else f"kernel {k + 1}"
            _show_map(figure.add_subplot(grid[row, k + 1]), values, title, colour, 1.4)
    _show_map(figure.add_subplot(grid[:2, 0]), picture, "input", style.INK, 1)
    axes = figure.add_subplot(grid[2, :])
    for layer, label, colour in (
        ("plain", "four kernels", style.ORANGE),
        ("group", "one kernel, four turns", style.BLUE),
    ):
        change = 100 * change_by_angle(digit, layer)
        axes.plot([*ANGLES, 360], [*change, change[0]], color=colour, label=label)
        axes.plot(angle, change[angle // 15], "o", color=colour)
    axes.set(xlabel="angle / degrees", ylabel="change of features / %", xticks=range(0, 361, 90), ylim=(-2, 44))
    axes.legend(loc="upper center", ncols=2)
    return figure


def _show_map(axes: Axes, values: np.ndarray, title: str, colour: str, most: float) -> None:
    axes.imshow(values, cmap="gray", vmin=0, vmax=most)
    axes.set_title(title, fontsize=10, color=colour)
    axes.set(xticks=[], yticks=[])


def turn_words(angle: int, digit: int) -> str:
    """The picture of `draw_turn` in words."""
    plain, group = (100 * change_by_angle(digit, layer)[angle // 15] for layer in ("plain", "group"))
    return (
        f"A {digit} turned by {angle} degrees and eight feature maps. The pooled features of four unlike kernels "
        f"changed by {plain:.0f} percent, those of one kernel in four turns by {group:.0f} percent."
    )


def turn_the_input() -> Demo:
    """The signature demo: the input turns; a plain layer makes new maps, a group layer moves its own."""
    return explore(
        draw_turn,
        angle=steps(ANGLES, label="Turn the digit by", unit="°", start=0),
        digit=steps([4, 7], label="Digit"),
        play="angle",
        alt=turn_words,
        caption="Above, four kernels that have nothing to do with each other; in the middle, one kernel laid on in "
        "four turns. Below, how far the pooled features are from those of the upright digit.",
        try_this="Go to 90°. In the middle row, find the map that stood under *turn 0*: it is turned, and stands under "
        "*turn 1*. Is there such a map in the upper row? And what happens at 45°?",
    )


# ---- an error meter ----

LAYERS = ("one kernel, no symmetry", "one symmetric kernel", "one kernel in four turns")


def convolve(picture: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """The convolution of a picture (height, width) with zeros around it."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(picture, padding), kernel.shape)
    return np.einsum("hvij,ij->hv", windows[::stride, ::stride], kernel)


@lru_cache(maxsize=128)
def turn_errors(side: int, stride: int, padding: int) -> tuple[float, ...]:
    """|f(turn x) - turn f(x)| / |f(x)| for each of LAYERS with 3 x 3 kernels, on a random picture of `side` pixels."""
    random = np.random.default_rng(side)
    picture, free = random.standard_normal((side, side)), random.standard_normal((3, 3))
    even = sum(np.rot90(k, t) for t in range(4) for k in (free, free.T)) / 8

    def lift(x: np.ndarray) -> np.ndarray:
        return np.stack([convolve(x, np.rot90(free, t), stride, padding) for t in range(4)])

    def error(f_of_moved: np.ndarray, moved_f: np.ndarray) -> float:
        return float(np.linalg.norm(f_of_moved - moved_f) / np.linalg.norm(moved_f))

    moved = np.rot90(picture)
    plain = [
        error(convolve(moved, k, stride, padding), np.rot90(convolve(picture, k, stride, padding)))
        for k in (free, even)
    ]
    rolled = np.roll(np.rot90(lift(picture), axes=(1, 2)), 1, axis=0)
    return (*plain, error(lift(moved), rolled))


def rest(side: int, stride: int, padding: int) -> int:
    """Columns at the right edge that no window of three reaches."""
    return (side + 2 * padding - 3) % stride


def draw_meter(side: int, stride: int, padding: int) -> Figure:
    """Equivariance error under a quarter turn, {side} wide, stride {stride}, padding {padding}."""
    from matplotlib import pyplot as plt

    figure, (top, bottom) = plt.subplots(2, 1, figsize=(style.WIDTH, 3.6), height_ratios=(1, 2.2))
    starts = np.arange(-padding, side + padding - 2, stride)
    middle = (side - 1) / 2
    top.axvspan(-0.5, side - 0.5, color=style.GREY, alpha=0.25, linewidth=0)
    top.plot(starts + 1, np.full(len(starts), 0.3), "o", color=style.BLUE, markersize=6)
    top.plot(2 * middle - starts - 1, np.full(len(starts), -0.3), "o", color=style.ORANGE, markersize=6)
    top.set(ylim=(-0.75, 0.75), xlim=(-2.6, 18.6), yticks=[0.3, -0.3], xlabel="place in the picture / px")
    top.set_yticklabels(["windows", "turned by half"])
    errors = np.maximum(turn_errors(side, stride, padding), 1e-17)
    colours = (style.ORANGE, style.GREEN, style.BLUE)
    bottom.barh(range(3), errors, left=1e-17, color=colours)
    bottom.set(xscale="log", xlim=(1e-17, 30), xlabel="equivariance error under a quarter turn", yticks=range(3))
    bottom.set_yticklabels([name.replace(", ", ",\n").replace("kernel in", "kernel\nin") for name in LAYERS])
    bottom.invert_yaxis()
    bottom.set_xticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
    return figure


def meter_words(side: int, stride: int, padding: int) -> str:
    """The picture of `draw_meter` in words."""
    errors = "; ".join(f"{n}: {e:.0e}" for n, e in zip(LAYERS, turn_errors(side, stride, padding), strict=True))
    left = rest(side, stride, padding)
    edge = f"{left} columns at one edge are never read" if left else "windows end flush with both edges"
    return f"Picture of {side} pixels, stride {stride}, padding {padding}: {edge}. Errors: {errors}."


def error_meter() -> Demo:
    """How exactly three layers commute with a quarter turn, by the size of the picture, stride and padding."""
    return explore(
        draw_meter,
        side=steps([12, 13, 14, 15], label="Side of the picture", unit="px", start=14),
        stride=steps([1, 2, 3], label="Stride s"),
        padding=steps([0, 1, 2], label="Padding p"),
        alt=meter_words,
        caption="Above, the middles of the windows along one axis, and the same after a half turn of the picture. "
        "Below, the error on a logarithmic axis: 1e-16 is rounding, 1 is as large as the output itself.",
        try_this="At stride 1 the symmetric kernel and the four turns are exact with every padding. Set the stride to "
        "2: for which sides does the error jump? Look at the dots above. Which rule do you find?",
    )


# ---- what remains of a matrix ----

FEATURES = 6
GROUPS = {
    "nothing": [tuple(range(FEATURES))],
    "mirror": [tuple(range(FEATURES)), tuple(reversed(range(FEATURES)))],
    "shifts": [tuple((i + s) % FEATURES for i in range(FEATURES)) for s in range(FEATURES)],
    "shifts and mirrors": [
        tuple((sign * i + s) % FEATURES for i in range(FEATURES)) for sign in (1, -1) for s in range(FEATURES)
    ],
    "every order": list(itertools.permutations(range(FEATURES))),
}


@lru_cache(maxsize=16)
def averaged_matrix(group: str, draw: int) -> np.ndarray:
    """The Reynolds operator of a group of permutations, applied to the random matrix number `draw`."""
    W = np.random.default_rng(40 + draw).uniform(-1, 1, (FEATURES, FEATURES))
    orders = np.array(GROUPS[group])
    return W[orders[:, :, None], orders[:, None, :]].mean(0)


@lru_cache(maxsize=8)
def orbits(group: str) -> np.ndarray:
    """The number of the orbit to which each entry of a matrix belongs: entries of one orbit become equal."""
    numbers = np.arange(FEATURES**2).reshape(FEATURES, FEATURES)
    orders = np.array(GROUPS[group])
    least = numbers[orders[:, :, None], orders[:, None, :]].min(0)
    return np.unique(least, return_inverse=True)[1].reshape(FEATURES, FEATURES)


def draw_matrix(group: str, draw: int) -> Figure:
    """A dense matrix number {draw}, and what remains of it when it must respect: {group}."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(style.WIDTH, 2.9))
    kinds = orbits(group)
    titles = (f"dense: {FEATURES**2} numbers", f"what remains: {kinds.max() + 1}")
    for axes, matrix, title in zip(
        panels, (averaged_matrix("nothing", draw), averaged_matrix(group, draw)), titles, strict=True
    ):
        axes.imshow(matrix, cmap=style.DIVERGING, vmin=-1, vmax=1)
        axes.set_title(title, fontsize=11)
        axes.set(xlabel="input feature", ylabel="output feature", xticks=range(FEATURES), yticks=range(FEATURES))
    left = averaged_matrix(group, draw)
    for (row, column), kind in np.ndenumerate(kinds):
        colour = "white" if abs(left[row, column]) > 0.6 else style.ON_COLOUR
        panels[1].text(column, row, _letter(kind), ha="center", va="center", fontsize=10, color=colour)
    return figure


def _letter(kind: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[kind]


def matrix_words(group: str, draw: int) -> str:
    """The picture of `draw_matrix` in words."""
    return (
        f"A random matrix of {FEATURES} by {FEATURES} and its average over the group: {group}. "
        f"{orbits(group).max() + 1} different numbers are left."
    )


def what_remains() -> Demo:
    """The Reynolds operator at work: average a dense matrix over a group and see the architecture appear."""
    return explore(
        draw_matrix,
        group=choice(list(GROUPS), label="What it must respect", start="mirror"),
        draw=steps([1, 2, 3], label="Random matrix"),
        alt=matrix_words,
        caption="Left, a matrix of random numbers. Right, its average over the group. Entries with one letter are "
        "equal, whatever the matrix was.",
        try_this="Choose *shifts*: along which lines do you find one letter? You have met this matrix in the last "
        "chapter. Then *every order*: two letters are left. What does the layer compute?",
    )


# ---- half the data ----

FACTORS = (1, 1.5, 2, 3, 4, 6, 8)


def draw_slide(world: str, factor: float) -> Figure:
    """Accuracy against training digits for {world}, the plain net's curve moved to the left by a factor of {factor}."""
    from matplotlib import pyplot as plt

    import experiments

    result = experiments.load("k4")
    numbers, settings = result["numbers"][world], result["settings"]
    sizes = {"plain": settings["sizes"], "averaged": settings["sizes_eight" if world == "eight" else "sizes"]}
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for name, label, colour, by in (
        ("plain", "not told", style.ORANGE, factor),
        ("averaged", "symmetry built in", style.BLUE, 1),
    ):
        mean, std = (100 * np.array(numbers[name][key]) for key in ("mean", "std"))
        axes.errorbar(np.array(sizes[name]) / by, mean, std, fmt="o-", color=colour, label=label, capsize=2.5)
    axes.set(xscale="log", xlim=(25, 5000), xlabel="training digits", ylabel="test accuracy / %")
    axes.set_xticks([31, 62, 125, 250, 500, 1000, 2000, 4000], ["31", "62", "125", "250", "500", "1k", "2k", "4k"])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    if factor != 1:
        axes.set_title(f"orange: digits divided by {factor:g}")
    return figure


def slide_curves() -> Demo:
    """Slide the plain net's curve until it lies on the other: the factor is what the symmetry is worth."""
    return explore(
        draw_slide,
        world=choice({"a coin decides on a mirror": "mirror", "eight positions": "eight"}, label="True symmetry"),
        factor=steps(FACTORS, label="Give the plain net this many times the digits", format="g", unit="×"),
        play="factor",
        alt="Accuracy against training digits with {world}, measured in K4, the plain net's curve drawn as if it had "
        "{factor} the digits.",
        caption="The curves of K4. Dividing the plain net's digits by a factor slides its curve to the left. Where the "
        "curves meet, the factor is what the symmetry was worth.",
        try_this="Find the factor at which the curves lie on one another, for the mirror (two elements) and for the "
        "eight positions. How does it compare with the number of elements?",
    )


# ---- a symmetry that is not quite true ----

DIMENSION = 64
EXAMPLES = np.unique(np.geomspace(DIMENSION + 4, 4000, 120).astype(int))


def plain_error(examples: np.ndarray, noise: float) -> np.ndarray:
    """Expected error of least squares without a symmetry: all of it is noise that was learned."""
    return noise * DIMENSION / (examples - DIMENSION - 1)


def averaged_error(examples: np.ndarray, noise: float, share: float) -> np.ndarray:
    """Expected error with the mirror built in: noise learned by half as many weights, and the part it cannot say."""
    half = DIMENSION / 2
    return share + (noise + share) * half / (examples - half - 1)


def helps_up_to(share: float, noise: float) -> int:
    """The largest number of examples, up to the end of the axis, at which the student with the mirror is ahead."""
    examples = np.arange(DIMENSION + 2, EXAMPLES[-1] + 1)
    return int(examples[averaged_error(examples, noise, share) < plain_error(examples, noise)][-1])


def draw_nearly_true(share: float, noise: float, built_in: bool) -> Figure:
    """Error against examples when {share} of the truth breaks the mirror, noise {noise}. Built in: {built_in}."""
    from matplotlib import pyplot as plt

    plain, averaged = plain_error(EXAMPLES, noise), averaged_error(EXAMPLES, noise, share)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.5))
    if built_in:
        axes.fill_between(
            EXAMPLES, 1e-3, np.full(len(EXAMPLES), max(share, 1e-3)), color=style.PINK, alpha=0.35, linewidth=0
        )
        axes.fill_between(EXAMPLES, max(share, 1e-3), averaged, color=style.BLUE, alpha=0.3, linewidth=0)
    else:
        axes.fill_between(EXAMPLES, 1e-3, plain, color=style.ORANGE, alpha=0.3, linewidth=0)
    axes.plot(EXAMPLES, plain, color=style.ORANGE, label="no mirror", linestyle="--" if built_in else "-")
    axes.plot(EXAMPLES, averaged, color=style.BLUE, label="mirror built in", linestyle="-" if built_in else "--")
    last = helps_up_to(share, noise)
    words = "the mirror helps at every size"
    if last < EXAMPLES[-1]:
        axes.axvline(last, color=style.INK, linewidth=0.8, linestyle=":")
        words = f"the mirror helps up to {last:,} examples"
    axes.set(xscale="log", yscale="log", ylim=(1e-3, 6), xlabel="training examples", ylabel="error / share of variance")
    axes.set_xticks([100, 250, 500, 1000, 2000, 4000], ["100", "250", "500", "1k", "2k", "4k"])
    axes.minorticks_off()
    axes.set_title(words)
    axes.legend(loc="upper right")
    return figure


def nearly_true() -> Demo:
    """The wrong-symmetry toggle: build in a mirror that is true, nearly true or false."""
    return explore(
        draw_nearly_true,
        share=steps(
            [0, 0.01, 0.03, 0.09, 0.27, 0.5],
            label="Share of the truth that breaks the mirror",
            format=".0%",
            start=0.09,
        ),
        noise=choice({"weak (0.1)": 0.1, "as strong as the signal (1)": 1.0}, label="Noise", start=1.0),
        built_in=toggle(label="Build the mirror in", start=True),
        caption="The error of least squares with 64 weights, by the proposition. Orange: noise that was learned. "
        "Blue: the same with half the weights. Pink: what the mirror forbids to say, which no data repairs.",
        try_this="With 9\u00a0% untrue and strong noise, up to how many examples does the mirror help? Weaken the "
        "noise: why does the same mirror hurt so much earlier? At 0\u00a0%, does it ever hurt?",
    )
