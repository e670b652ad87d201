"""The demo of the front page: one picture, three nets, and what each was told.

>>> from explorables import index as demos
>>> demos.three_nets()              # drag the digit, or shuffle the tiles of its picture
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorables import style, widget

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from explorables.afm import Widget

TOLD = {"mlp": "told nothing", "cnn": "told about place", "attention": "told that parts relate"}
LABELS = {"mlp": "fully connected", "cnn": "convolutional", "attention": "attention"}
COLOURS = {"mlp": style.ORANGE, "cnn": style.BLUE, "attention": style.GREEN}


def three_nets() -> Widget:
    """A fully connected, a convolutional and an attention net read the same digit, with the weights that are stored."""
    return widget(
        "widgets/draw_digit.js",
        css="widgets/draw_digit.css",
        data=three_data(),
        preview=what_each_keeps,
        heights=(820, 532),
        alt="A digit that can be dragged, moved with the arrow keys, drawn or cut into shuffled tiles, and what a "
        "fully connected, a convolutional and an attention net take it for: ten bars of class probabilities each.",
        caption="All three were trained on the same digits, always whole and in the middle. They differ in what they "
        "were told before.",
        try_this="Move the 4 to a side, or into a corner: who still reads it? Put it back in the middle and shuffle "
        "the tiles: who does not even notice? Then draw a digit of your own.",
    )


def three_data() -> dict[str, Any]:
    """What the demo needs: layers, tensors and one word of each net, and one test digit of every class."""
    from experiments.weights import demo_weights

    tensors, told = demo_weights("three")
    plain = {name: tensor.numpy() for name, tensor in tensors.items()}
    samples = plain.pop("samples")
    return {
        "models": {name: {"layers": net["layers"], "told": TOLD[name]} for name, net in told["models"].items()},
        "tensors": plain,
        "samples": (samples * 255).round().astype("uint8"),
        "labels": told["labels"],
        "canvas": told["canvas"],
        "tile": told["tile"],
        "start": 4,
    }


def what_each_keeps() -> Figure:
    """Test accuracy of the three nets on digits in the middle, moved by 4 px, and with shuffled tiles."""
    from matplotlib import pyplot as plt

    from experiments.weights import demo_weights

    _, told = demo_weights("three")
    figure, axes = plt.subplots()
    at = told["shifts"].index(4)
    for place, (name, net) in enumerate(told["models"].items()):
        shares = [net["accuracy_by_shift"][0], net["accuracy_by_shift"][at], net["accuracy_shuffled"]]
        where = [group + 0.25 * (place - 1) for group in range(3)]
        bars = axes.bar(where, [100 * share for share in shares], 0.23, color=COLOURS[name], label=LABELS[name])
        axes.bar_label(bars, fmt="%.0f", fontsize=10)
    axes.set(ylabel="test accuracy / %", ylim=(0, 125))
    axes.set_xticks(range(3), ["in the middle", "moved by 4 px", "tiles shuffled"])
    axes.legend(loc="upper center", ncols=3, columnspacing=1, handlelength=1)
    return figure
