"""The demos of ch03_convolution: told about place.

>>> from explorables import ch03_convolution as demos
>>> demos.draw_digit()              # a fully connected net and a CNN read a digit that you drag or draw
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style, widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo

# ---- draw or drag a digit ----

START = 3  # a digit that the fully connected net has lost at three pixels, whichever way it went


def draw_digit() -> Widget:
    """The signature demo: both nets run in the browser, with the weights of `experiments.weights`."""
    return widget(
        "widgets/draw_digit.js",
        css="widgets/draw_digit.css",
        data=digit_data(),
        preview=digit_moved,
        alt="A digit that can be dragged, moved with the arrow keys or drawn, and what a fully connected net and a "
        "convolutional net take it for: ten bars of class probabilities each.",
        caption="Both nets were trained on the same digits, all of them in the middle. Away from the middle the fully "
        "connected net soon reads something else. The convolutional net hardly changes its mind.",
        try_this="Drag the 3 a few pixels to a side, or press an arrow key in the picture. At which shift does the "
        "left net lose it, and how sure is it of its wrong answer? Then clear the sheet, draw a digit of your own in a "
        "corner, and press *To the middle*.",
    )


def digit_data() -> dict[str, Any]:
    """What the demo needs: layers and trained tensors of both nets, and one test digit of every class."""
    from experiments.weights import demo_weights

    tensors, told = demo_weights("digits")
    plain = {name: tensor.numpy() for name, tensor in tensors.items()}
    samples = plain.pop(told["samples"]["tensor"])
    return {
        "models": told["models"],
        "tensors": plain,
        "samples": samples,
        "labels": told["samples"]["labels"],
        "canvas": told["input"]["shape"][-1],
        "start": START,
    }


def digit_moved() -> Figure:
    """Accuracy of the two nets of the demo against the shift of the digits, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    from experiments.weights import demo_weights

    _, told = demo_weights("digits")
    figure, axes = plt.subplots()
    for name, label, colour in (("cnn", "convolutional net", style.BLUE), ("mlp", "fully connected net", style.ORANGE)):
        shares = told["models"][name]["accuracy_by_shift"]
        axes.plot(told["shifts"], [100 * share for share in shares], "o-", color=colour, label=label)
    axes.set(xlabel="shift of the test digits / px", ylabel="test accuracy / %", ylim=(0, 102))
    axes.legend()
    return figure


# ---- drag a kernel over a picture ----

KERNELS = {
    "vertical edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "horizontal edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "blur": [[1 / 9] * 3] * 3,
    "spots": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "one step left": [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
}
SIDE = 18


def slide_kernel() -> Widget:
    """Drag a kernel over a picture: products, sum and output; and move the picture under it."""
    return widget(
        "widgets/slide_kernel.js",
        css="widgets/slide_kernel.css",
        data={"pictures": pictures(), "kernels": KERNELS, "start": [6, 2]},
        preview=kernel_output,
        alt="A picture with a frame of three by three pixels that can be dragged or moved with the arrow keys, the "
        "products of its pixels with a kernel, and the picture of their sums.",
        caption="Nine weights, used at every place. Blue outputs are positive, orange ones negative; the pink frames "
        "mark one output and the nine pixels it sees.",
        try_this="Find a place where the kernel for vertical edges gives exactly 0 although there is ink under the "
        "frame. Then move the picture, and compare the output before and after.",
    )


def pictures() -> dict[str, np.ndarray]:
    """Square pictures with ink from 0 to 1: a box, a ring, and a handwritten digit; (height, width) each."""
    from experiments.data import mnist_digits, rescale

    box = np.zeros((SIDE, SIDE), dtype=np.float32)
    box[4:13, 3:11] = 1
    rows, columns = np.mgrid[:SIDE, :SIDE]
    far = np.hypot(rows - 8, columns - 7)
    ring = np.clip(2 - np.abs(far - 4.5), 0, 1).astype(np.float32)
    digits, labels = mnist_digits()
    seven = digits[int((labels == 7).nonzero()[3])]
    return {"a box": box, "a ring": ring, "a handwritten 7": rescale(seven[None], SIDE)[0].numpy()}


def correlate(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The valid cross-correlation of a picture (height, width) with a kernel (kernel_height, kernel_width)."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, kernel.shape)
    return (windows * kernel).sum((-2, -1))


def kernel_output() -> Figure:
    """A box and the output of the kernel for vertical edges, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    box = pictures()["a box"]
    output = correlate(box, np.array(KERNELS["vertical edges"]))
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.6))
    left.imshow(box, cmap="gray")
    right.imshow(output, cmap=style.DIVERGING, vmin=-4, vmax=4)
    left.set_title("input")
    right.set_title("output: vertical edges")
    for axes in (left, right):
        axes.set(xlabel="width / px", ylabel="height / px")
    return figure


# ---- stride, padding, dilation ----

INPUTS, KERNEL = 10, 3
TAPS = (style.BLUE, style.ORANGE, style.GREEN)


def output_size(n: int, k: int, padding: int, stride: int, dilation: int) -> int:
    """How many outputs a convolution has: floor((n + 2p - r(k - 1) - 1) / s) + 1."""
    return (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1


def geometry(stride: int, padding: int, dilation: int) -> Figure:
    """Which inputs each output sees, stride {stride}, padding {padding}, dilation {dilation}."""
    from matplotlib import pyplot as plt

    outputs = output_size(INPUTS, KERNEL, padding, stride, dilation)
    seen = [[start * stride + tap * dilation - padding for tap in range(KERNEL)] for start in range(outputs)]
    centres = [row[0] + dilation * (KERNEL - 1) / 2 for row in seen]
    used = {place for row in seen for place in row}
    figure, axes = plt.subplots(figsize=(style.WIDTH, 2.7))
    for row, centre in zip(seen, centres, strict=True):
        for place, colour in zip(row, TAPS, strict=True):
            axes.plot([place, centre], [0.26, 1.74], color=colour, linewidth=1.6, alpha=0.9)
    for place in range(-padding, INPUTS + padding):
        inside = 0 <= place < INPUTS
        face = style.PAPER if not inside else style.GREY if place in used else style.PAPER
        _cell(axes, place, 0, f"{place}" if inside else "0", face, dashed=not inside, dim=place not in used)
    for number, centre in enumerate(centres):
        _cell(axes, centre, 2, f"{number}", style.BLUE)
    axes.set(xlim=(-2.5, INPUTS + 1.5), ylim=(-0.75, 2.85), yticks=[], xticks=[])
    axes.spines[:].set_visible(False)
    unused = [place for place in range(INPUTS) if place not in used]
    words = f"{outputs} outputs" + (f"; never read: input {', '.join(map(str, unused))}" if unused else "")
    axes.text(-2.4, 2.62, words, fontsize=11)
    axes.text(-2.4, -0.7, f"{INPUTS} inputs" + (", zeros at the ends" if padding else ""), fontsize=10)
    return figure


def _cell(axes: Axes, x: float, y: float, text: str, face: str, dashed: bool = False, dim: bool = False) -> None:
    from matplotlib.patches import FancyBboxPatch

    line = {"edgecolor": style.INK, "linewidth": 1.2, "linestyle": ":" if dashed else "-"}
    rounded = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch((x - 0.36, y - 0.24), 0.72, 0.48, boxstyle=rounded, facecolor=face, **line))
    ink = style.INK if face == style.PAPER else "white"
    axes.text(x, y, text, ha="center", va="center", fontsize=10, color=ink, alpha=0.6 if dim and not dashed else 1)


def geometry_words(stride: int, padding: int, dilation: int) -> str:
    """The picture of `geometry` in words."""
    outputs = output_size(INPUTS, KERNEL, padding, stride, dilation)
    return (
        f"{INPUTS} inputs, kernel of {KERNEL}, stride {stride}, padding {padding}, dilation {dilation}: {outputs} "
        f"outputs. Output 0 sees inputs {', '.join(str(tap * dilation - padding) for tap in range(KERNEL))}."
    )


def stride_padding_dilation() -> Demo:
    """Ten inputs, a kernel of three: stride, padding and dilation decide which inputs each output sees."""
    return explore(
        geometry,
        stride=steps([1, 2, 3], label="Stride s"),
        padding=steps([0, 1, 2], label="Padding p"),
        dilation=steps([1, 2, 3], label="Dilation r"),
        alt=geometry_words,
        caption="Every output (top) reads three inputs (bottom). Lines of one colour carry the same weight. Dotted "
        "cells are padding; a pale number is an input that no output reads.",
        try_this="Set the stride to 3 without padding. One input is never read: that is the floor in the formula. "
        "Then find all settings of stride 1 that keep ten outputs.",
    )


# ---- the receptive field ----

WAYS = {"stride 1": (1, 1), "stride 2 in every layer": (2, 1), "dilation 1, 2, 4, …": (1, 2)}
REACH = 30


def layers_of(way: str, kernel: int, layers: int) -> list[tuple[int, int, int]]:
    """(kernel, stride, dilation) of every layer, from the input up."""
    stride, growth = WAYS[way]
    return [(kernel, stride, growth**depth) for depth in range(layers)]


def receptive_field(layers: list[tuple[int, int, int]]) -> int:
    """1 + the sum over layers of dilation (kernel - 1) times the product of the strides before."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump *= stride
    return field


def cone(layers: int, kernel: int, way: str) -> Figure:
    """The inputs that one unit in layer {layers} can depend on: kernel {kernel}, {way}."""
    from matplotlib import pyplot as plt

    stack = layers_of(way, kernel, layers)
    jumps = np.cumprod([1] + [stride for _, stride, _ in stack])
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.2))
    reached = {0}
    for depth in range(layers, 0, -1):
        width, _, dilation = stack[depth - 1]
        taps = [(tap - (width - 1) // 2) * dilation * jumps[depth - 1] for tap in range(width)]
        lines = [(unit, unit + tap) for unit in reached for tap in taps]
        axes.plot(*_segments(lines, depth), color=style.BLUE, linewidth=0.9, alpha=0.55)
        _dots(axes, depth, jumps[depth], reached)
        reached = {below for _, below in lines}
    _dots(axes, 0, 1, reached, style.ORANGE)
    field = receptive_field(stack)
    axes.set(xlim=(-REACH - 1.5, REACH + 1.5), ylim=(-0.5, 4.3), xlabel="place in the input / px")
    axes.set_yticks(range(layers + 1), ["input", *(f"layer {depth}" for depth in range(1, layers + 1))])
    axes.set_xticks([-30, -20, -10, 0, 10, 20, 30])
    axes.tick_params(axis="y", length=0)
    axes.spines[["left"]].set_visible(False)
    axes.set_title(f"receptive field: {field} px", loc="left")
    return figure


def _segments(lines: list[tuple[int, int]], depth: int) -> tuple[list[float], list[float]]:
    """All lines from one layer to the next below as one broken line."""
    xs = [x for above, below in lines for x in (above, below, np.nan)]
    return xs, [depth, depth - 1, np.nan] * len(lines)


def _dots(axes: Axes, depth: int, jump: int, reached: set[int], colour: str = style.BLUE) -> None:
    places = np.arange(-(REACH // jump) * jump, REACH + 1, jump)
    axes.plot(places, np.full(len(places), depth), ".", color=style.GREY, markersize=3.5, alpha=0.7)
    axes.plot(sorted(reached), np.full(len(reached), depth), "o", color=colour, markersize=4.5)


def receptive_cone() -> Demo:
    """How far one unit sees, by depth, kernel and stride or dilation."""
    return explore(
        cone,
        layers=steps([1, 2, 3, 4], label="Layers", start=3),
        kernel=steps([3, 5], label="Kernel size k"),
        way=choice(list(WAYS), label="What every layer does"),
        play="layers",
        caption="The top unit depends on the orange inputs and on no other. With stride 1 its field grows by k − 1 "
        "a layer; with stride 2 or doubled dilation it doubles, roughly, with every layer.",
        try_this="How many layers of kernel 3 and stride 1 would see as far as four layers of stride 2? Count the "
        "growth per layer, then use the formula of the proposition.",
    )


# ---- shuffle the pixels ----

SHARES = (0, 10, 20, 40, 60, 80, 100)
DISTANCES = np.arange(1, 9)


@lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """1,000 digits (batch, height, width) and their labels."""
    from experiments.data import mnist_digits

    images, labels = mnist_digits()
    return images[::5].numpy(), labels[::5].numpy()


def partial_shuffle(pixels: int, share: int, seed: int = 0) -> np.ndarray:
    """An order of the pixels in which `share` percent of them, drawn at random, change places with one another."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(pixels)[: round(pixels * share / 100)]
    order = np.arange(pixels)
    order[chosen] = random.permutation(chosen)
    return order


def correlation_by_distance(images: np.ndarray, distances: np.ndarray = DISTANCES) -> np.ndarray:
    """Mean correlation, over the data, of pixels that lie so many places apart in a row or a column.

    Pixels that hardly vary (standard deviation below 0.05) are left out.
    """
    spread = images.std(0)
    z = np.where(spread > 0.05, (images - images.mean(0)) / np.maximum(spread, 0.05), np.nan)
    pairs = [((z[:, :, far:] * z[:, :, :-far]).mean(0), (z[:, far:] * z[:, :-far]).mean(0)) for far in distances]
    return np.array([np.nanmean(np.concatenate([across.ravel(), down.ravel()])) for across, down in pairs])


def shuffled(share: int, digit: int) -> Figure:
    """A {digit} with {share} of its pixels shuffled, and how alike pixels are by their distance."""
    from matplotlib import pyplot as plt

    images, labels = _digits()
    order = partial_shuffle(images[0].size, share)
    moved = images.reshape(len(images), -1)[:, order].reshape(images.shape)
    figure = plt.figure(figsize=(style.WIDTH, 4.6))
    grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1))
    shown = int(np.flatnonzero(labels == digit)[2])
    for column, (picture, title) in enumerate(((images[shown], "as written"), (moved[shown], "shuffled"))):
        axes = figure.add_subplot(grid[0, column])
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
    axes = figure.add_subplot(grid[1, :])
    axes.plot(DISTANCES, correlation_by_distance(images), color=style.GREY, linestyle="--", label="as written")
    axes.plot(DISTANCES, correlation_by_distance(moved), "o-", color=style.BLUE, label="shuffled")
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.set(xlabel="distance of two pixels / px", ylabel="correlation", ylim=(-0.2, 0.8), xticks=DISTANCES)
    axes.legend()
    return figure


def shuffle_pixels() -> Demo:
    """Pixels change places, the same way in every picture: what is lost, and what is not?"""
    return explore(
        shuffled,
        share=steps(SHARES, label="Pixels that change places", unit="%"),
        digit=steps([3, 7, 8], label="Digit"),
        play="share",
        caption="Above, one digit before and after the same shuffle that every picture gets. Below, how alike two "
        "pixels are over a thousand digits, by their distance. No pixel value is lost; that neighbours are alike is.",
        try_this="From which share on can you no longer read the digit? Where does the blue line reach the ground?",
    )
