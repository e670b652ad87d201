"""The demos of ch09_prior_vs_data: what is it all worth?

>>> from explorables import ch09_prior_vs_data as demos
>>> demos.data_size()               # who leads with 100 examples, and who with 40,000
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style
from explorables.afm import widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo

LOOKS = {
    "logistic": ("logistic", style.GREY, "v"),
    "mlp": ("MLP", style.BLUE, "o"),
    "cnn": ("CNN", style.ORANGE, "s"),
    "gru": ("GRU", style.GREEN, "D"),
    "attention": ("attention", style.PINK, "^"),
    "dense": ("CNN, pooled, stride 1", style.ORANGE, "P"),
}


@lru_cache(maxsize=8)
def _result(name: str) -> dict[str, Any]:
    from experiments import ch09_strength, load

    result = load(name)
    return ch09_strength.whole(result) if name == "ch09_strength" else result


@lru_cache(maxsize=1)
def _plain() -> dict[str, Any]:
    """K11 and its continuation with more data, as one race."""
    from experiments import worth

    return worth.joined(_result("k11"), _result("ch09_more_data"))


def _percent(found: dict[str, Any], key: str) -> np.ndarray:
    return 100 * np.array(found[key])


# ---- who leads where ----


def data_size() -> Demo:
    """Accuracies of five nets after a number of examples."""
    return explore(
        leaders,
        examples=steps(_plain()["settings"]["sizes"], label="Examples", format=","),
        alt=leaders_words,
        play="examples",
        caption="Five nets on MNIST-1D, from the results of the experiments K11 below; all but the logistic regression "
        "have about 5,200 parameters. Dots are the seeds, bars their mean. The dashed line is guessing.",
        try_this="Who leads with 100 examples, who with 1,000? From which number on does one see that the MLP learns "
        "something that the logistic regression cannot? Does it catch up at 40,000?",
    )


def leaders(examples: int) -> Figure:
    """Accuracy of five nets after {examples} examples."""
    from matplotlib import pyplot as plt

    race = _plain()
    place = race["settings"]["sizes"].index(examples)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.3))
    for nth, (kind, found) in enumerate(race["numbers"]["accuracy"].items()):
        _, colour, marker = LOOKS[kind]
        seeds = _percent(found, "by_seed")[:, place]
        axes.barh(nth, seeds.mean(), color=colour, alpha=0.35, height=0.7)
        axes.plot(seeds, np.full(len(seeds), nth), marker, color=colour, markersize=6)
        axes.text(103.5, nth, f"{seeds.mean():.0f} %", va="center", fontsize=11)
    axes.axvline(10, color=style.INK, linestyle="--", linewidth=1)
    axes.set(xlabel="test accuracy / %", xlim=(0, 117), xticks=range(0, 101, 20))
    axes.set_yticks(range(len(race["numbers"]["accuracy"])), [LOOKS[k][0] for k in race["numbers"]["accuracy"]])
    axes.invert_yaxis()
    return figure


def leaders_words(examples: int) -> str:
    """The picture in words."""
    race = _plain()
    place = race["settings"]["sizes"].index(examples)
    said = ", ".join(
        f"{LOOKS[kind][0]} {100 * found['mean'][place]:.0f} %" for kind, found in race["numbers"]["accuracy"].items()
    )
    return f"Test accuracy after {examples:,} examples: {said}."


# ---- the price of an accuracy ----

LEVELS = (30, 40, 50, 60, 70, 80, 85, 90)


def price() -> Demo:
    """How many examples each net needs for an accuracy."""
    return explore(
        price_of,
        accuracy=steps(LEVELS, label="Accuracy / %", start=60),
        alt=price_words,
        play="accuracy",
        caption="Curves are means over seeds, straight between the sizes that were measured, in the logarithm of the "
        "number of examples; bands are one standard deviation. Marks stand where a curve reaches the level.",
        try_this="Read the price of 60 % for the MLP and for the others: how many times fewer examples do they need? "
        "Then raise the level. Which curves get there at all? The horizontal distance is what the prior is worth.",
    )


def price_of(accuracy: int) -> Figure:
    """The number of examples at which each curve reaches {accuracy} %."""
    from matplotlib import pyplot as plt

    race = _plain()
    sizes = np.array(race["settings"]["sizes"])
    figure, axes = plt.subplots(figsize=(style.WIDTH, 4.0))
    for kind, found in race["numbers"]["accuracy"].items():
        label, colour, marker = LOOKS[kind]
        mean, std = _percent(found, "mean"), _percent(found, "std")
        axes.plot(sizes, mean, color=colour, linewidth=1.6)
        axes.fill_between(sizes, mean - std, mean + std, color=colour, alpha=0.18, linewidth=0)
        count = needed(kind, accuracy)
        axes.plot([], [], marker, color=colour, label=f"{label}: {in_words(count)}")
        if count is not None:
            axes.plot([count, count], [0, accuracy], ":", color=colour, linewidth=1.4)
            axes.plot([count], [accuracy], marker, color=colour, markersize=9, markeredgecolor=style.INK)
    axes.axhline(accuracy, color=style.INK, linewidth=1, linestyle="--")
    axes.set(xscale="log", xlabel="training examples", ylabel="test accuracy / %", ylim=(0, 100))
    axes.set_xticks(sizes[[0, 2, 3, 4]], [f"{size:,}" for size in sizes[[0, 2, 3, 4]]])
    axes.minorticks_off()
    figure.legend(loc="outside upper center", ncols=2, title=f"examples for {accuracy} %")
    return figure


def needed(kind: str, accuracy: float) -> float | None:
    """How many examples the mean curve of `kind` needs for `accuracy` percent."""
    from experiments import worth

    race = _plain()
    return worth.crossing(race["settings"]["sizes"], race["numbers"]["accuracy"][kind]["mean"], accuracy / 100)


def in_words(count: float | None) -> str:
    """A number of examples with two digits, or that there were not enough."""
    sizes = _plain()["settings"]["sizes"]
    if count is None:
        return f"more than {sizes[-1]:,}"
    return f"at most {sizes[0]}" if count <= sizes[0] else f"{int(float(f'{count:.2g}')):,}"


def price_words(accuracy: int) -> str:
    """The picture in words."""
    said = ", ".join(f"{LOOKS[kind][0]} {in_words(needed(kind, accuracy))}" for kind in _plain()["numbers"]["accuracy"])
    return f"Examples needed for {accuracy} %: {said}."


# ---- the prior in small doses ----

LADDER = {
    "mlp": "nothing",
    "augmented": "nothing; copies are shifted",
    "local": "near numbers",
    "cnn": "… and one kernel for all places",
    "pooled": "… and the largest wins",
    "dense": "… at every place",
}


def prior_strength() -> Demo:
    """Accuracy against how much of the prior is built in, at a number of examples."""
    return explore(
        doses,
        examples=steps(_result("ch09_strength")["settings"]["sizes"], label="Examples", format=",", start=250),
        alt=doses_words,
        play="examples",
        caption="Six nets of 5,200 parameters that are told more and more, from top to bottom. Dots are the seeds. The "
        "second is the fully connected net again, trained on copies shifted at random.",
        try_this="With 250 examples, which step is the largest? And with 4,000? The last net and the one before have "
        "kernels of the same sizes and as many weights: they differ in *where* they look.",
    )


def doses(examples: int) -> Figure:
    """Accuracy of six nets after {examples} examples, by what they are told."""
    from matplotlib import pyplot as plt

    result = _result("ch09_strength")
    place = result["settings"]["sizes"].index(examples)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.6))
    for nth, kind in enumerate(LADDER):
        seeds = _percent(result["numbers"]["accuracy"][kind], "by_seed")[:, place]
        colour = style.GREY if kind == "augmented" else style.BLUE
        axes.barh(nth, seeds.mean(), color=colour, alpha=0.35, height=0.7)
        axes.plot(seeds, np.full(len(seeds), nth), "o", color=colour, markersize=6)
        axes.text(103.5, nth, f"{seeds.mean():.0f} %", va="center", fontsize=11)
    axes.set(xlabel="test accuracy / %", xlim=(0, 117), xticks=range(0, 101, 20))
    axes.set_yticks(range(len(LADDER)), list(LADDER.values()), fontsize=9.5)
    axes.invert_yaxis()
    return figure


def doses_words(examples: int) -> str:
    """The picture in words."""
    result = _result("ch09_strength")
    place = result["settings"]["sizes"].index(examples)
    accuracy = result["numbers"]["accuracy"]
    said = ", ".join(f"{told} {100 * accuracy[kind]['mean'][place]:.0f} %" for kind, told in LADDER.items())
    return f"Test accuracy after {examples:,} examples by what is told: {said}."


# ---- the prior that is no longer true ----

ORDERS = {"in order": "plain", "shuffled": "shuffled"}
SHUFFLED_KINDS = ("logistic", "mlp", "cnn", "dense", "gru", "attention")


def permutation() -> Demo:
    """Accuracies with the positions in order and shuffled, and a signal as the nets see it."""
    return explore(
        reordered,
        order=choice(ORDERS, label="Positions"),
        examples=steps(_result("ch09_shuffled")["settings"]["sizes"], label="Examples", format=",", start=4000),
        alt=reordered_words,
        caption="Above, one signal as the nets get it. Below, their accuracy, every one trained and tested in that "
        "order. All signals are shuffled alike, so that nothing is lost: the shuffle can be undone.",
        try_this="Shuffle the positions with 4,000 examples. Whose bar stays, whose falls, and who is first then? "
        "Look at the signal: could you tell which digit it is?",
    )


@lru_cache(maxsize=2)
def _signal(order: str) -> np.ndarray:
    """One signal of MNIST-1D, in order or shuffled as in the experiment."""
    from experiments import data

    x, y = data.mnist1d(20, seed=3)
    x = x[y.argsort(stable=True)][10:11]
    if order == "shuffled":
        x = data.shuffle_pixels(x[:, None, :], seed=1)[:, 0]
    return x[0].numpy()


def _in_order(kind: str, order: str, examples: int) -> np.ndarray:
    """Accuracies by seed, in percent."""
    name = "ch09_shuffled" if order == "shuffled" else "ch09_strength" if kind == "dense" else "k11"
    result = _result(name)
    place = result["settings"]["sizes"].index(examples)
    return _percent(result["numbers"]["accuracy"][kind], "by_seed")[:, place]


def reordered(order: str, examples: int) -> Figure:
    """A signal, and the accuracy of six nets after {examples} examples."""
    from matplotlib import pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, figsize=(style.WIDTH, 4.6), height_ratios=(1, 2.3))
    above.plot(_signal(order), ".-", color=style.INK, linewidth=1)
    above.set(xlabel="position", ylabel="signal", yticks=[])
    _draw_bars(below, order, examples)
    return figure


def _draw_bars(axes: Axes, order: str, examples: int) -> None:
    for nth, kind in enumerate(SHUFFLED_KINDS):
        _, colour, marker = LOOKS[kind]
        seeds, before = _in_order(kind, order, examples), _in_order(kind, "plain", examples)
        axes.barh(nth, seeds.mean(), color=colour, alpha=0.35, height=0.7)
        axes.plot(seeds, np.full(len(seeds), nth), marker, color=colour, markersize=6)
        axes.plot([before.mean()] * 2, [nth - 0.38, nth + 0.38], color=style.INK, linewidth=1.6)
        axes.text(103.5, nth, f"{seeds.mean():.0f} %", va="center", fontsize=11)
    axes.set(xlabel="test accuracy / % (upright lines: in order)", xlim=(0, 117), xticks=range(0, 101, 20))
    axes.set_yticks(range(len(SHUFFLED_KINDS)), [LOOKS[kind][0] for kind in SHUFFLED_KINDS], fontsize=9.5)
    axes.invert_yaxis()


def reordered_words(order: str, examples: int) -> str:
    """The picture in words."""
    said = ", ".join(f"{LOOKS[kind][0]} {_in_order(kind, order, examples).mean():.0f} %" for kind in SHUFFLED_KINDS)
    name = next(text for text, each in ORDERS.items() if each == order)
    return f"A signal with its positions {name}, and test accuracies after {examples:,} examples: {said}."


# ---- attention that is a convolution ----

SIDE, KERNEL = 7, 3
SHARPNESS = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
QUERIES = {"top left": (0, 0), "middle": (2, 2), "bottom right": (4, 4)}


def heads() -> Demo:
    """Nine heads of attention by relative position, from a mean over all places to a convolution."""
    return explore(
        nine_heads,
        sharpness=steps(SHARPNESS, label="Sharpness β", start=1.0),
        query=choice(list(QUERIES), label="Window"),
        alt=heads_words,
        play="sharpness",
        caption="A picture of seven by seven places, and what each of nine heads looks at when the window stands at "
        "the blue frame: the darker, the larger the share. Above, how far the sum of heads is from the convolution.",
        try_this="Sharpen until every head looks at one place. Which one does head (1, 1) look at? Then take β back to "
        "0: all heads see the mean of the whole picture, and nine heads are no better than one.",
    )


def head_shares(sharpness: float, row: int, column: int) -> np.ndarray:
    """What each head gives to each place, (head, key row, key column), for the window at row and column."""
    keys = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), -1)
    targets = np.array([(row + a, column + b) for a in range(KERNEL) for b in range(KERNEL)])
    distances = ((keys[None] - targets[:, None, None]) ** 2).sum(-1)
    powers = np.exp(-sharpness * distances)
    return powers / powers.sum((1, 2), keepdims=True)


def convolution_error(sharpness: float) -> float:
    """How far attention is from a convolution with a random kernel on a random picture, relative to its size."""
    random = np.random.default_rng(0)
    picture, kernel = random.normal(size=(SIDE, SIDE)), random.normal(size=KERNEL**2)
    places = [(i, j) for i in range(SIDE - KERNEL + 1) for j in range(SIDE - KERNEL + 1)]
    wanted = [(picture[i : i + KERNEL, j : j + KERNEL].ravel() * kernel).sum() for i, j in places]
    got = [((head_shares(sharpness, i, j) * picture).sum((1, 2)) * kernel).sum() for i, j in places]
    return float(np.linalg.norm(np.subtract(got, wanted)) / np.linalg.norm(wanted))


def nine_heads(sharpness: float, query: str) -> Figure:
    """The shares of nine heads at sharpness {sharpness}."""
    from matplotlib import pyplot as plt
    from matplotlib.colors import PowerNorm
    from matplotlib.patches import Rectangle

    row, column = QUERIES[query]
    shares = head_shares(sharpness, row, column)
    figure, grid = plt.subplots(KERNEL, KERNEL, figsize=(style.WIDTH, 5.3))
    for head, axes in enumerate(grid.flat):
        grey = PowerNorm(0.5, 0, 1)  # a share of a 49th is to be seen
        axes.pcolormesh(shares[head], cmap="Greys", norm=grey, edgecolors=style.GREY, linewidth=0.3)
        corner = (column - 0.06, row - 0.06)
        frame = Rectangle(corner, KERNEL + 0.12, KERNEL + 0.12, fill=False, edgecolor=style.BLUE, linewidth=2.2)
        axes.add_patch(frame)
        axes.set(xticks=[], yticks=[], aspect="equal", xlim=(-0.15, SIDE + 0.15), ylim=(SIDE + 0.15, -0.15))
        axes.spines[:].set_visible(False)
        axes.set_title(f"head ({head // KERNEL}, {head % KERNEL})", fontsize=10)
    figure.suptitle(f"relative error of the convolution: {_share(convolution_error(sharpness))}", fontsize=12)
    return figure


def _share(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 else f"{value:.0e}".replace("e-0", "e-")


def heads_words(sharpness: float, query: str) -> str:
    """The picture in words."""
    largest = head_shares(sharpness, *QUERIES[query]).max((1, 2))
    return (
        f"Nine heads at sharpness {sharpness:g}, window {query}: each gives {100 * largest.min():.0f} to "
        f"{100 * largest.max():.0f} % to the one place it is set on; relative error of the convolution "
        f"{_share(convolution_error(sharpness))}."
    )


# ---- the whole table ----

START_TASK = "MNIST-1D"


@lru_cache(maxsize=1)
def _rows() -> list[dict[str, Any]]:
    from experiments import bill

    def where(row: bill.Row) -> dict[str, str]:
        claim = row.experiment.upper() if row.experiment.startswith("k") else row.experiment.split("_")[1]
        return {"short": f"chapter {int(row.chapter[2:4])}, {claim}", "page": f"{row.chapter}.html"}

    return [asdict(row) | where(row) for row in bill.rows()]


def whole_table() -> Widget:
    """Every net of the book: what it was told, what it cost, what it bought."""
    return widget(
        "widgets/course_table.js",
        css="widgets/course_table.css",
        data={"rows": _rows(), "start": START_TASK},
        preview=bought,
        alt=f"A table of {len(_rows())} nets that this book measured, with what each was told, its accuracy, how many "
        "times fewer examples it needs than the net that is told nothing, the examples it learned from, its parameters "
        "and its FLOPs; it can be searched and ordered.",
        caption="Every row is read from the results of an experiment; FLOPs are those of one forward pass, by torch's "
        "own counter. *Examples saved* compares with the net of the same task that is told nothing, at equal accuracy. "
        "A dash: not measured. Accuracies of different tasks cannot be compared.",
        try_this="Order MNIST-1D by examples saved, then by FLOPs: what is the price of the dearest prior? Take all "
        "tasks and search for *kernel*: where was one kernel for all places worth nothing, and why?",
    )


def bought() -> Figure:
    """Examples saved by each net of which it is known, on a logarithmic axis."""
    from matplotlib import pyplot as plt

    shown = [row for row in _rows() if row["saved"] is not None and row["saved"] != 1]
    shown.sort(key=lambda row: row["saved"])
    figure, axes = plt.subplots(figsize=(style.WIDTH, 0.55 * len(shown) + 0.9))
    axes.barh(range(len(shown)), [row["saved"] for row in shown], color=style.BLUE, alpha=0.5)
    for nth, row in enumerate(shown):
        axes.text(row["saved"] * 1.06, nth, f"{'≥ ' if row['at_least'] else ''}{row['saved']:.2g}", va="center")
    axes.set(xscale="log", xlabel="times fewer examples than a net that is told nothing", xlim=(1, 300))
    axes.set_yticks(range(len(shown)), [f"{row['net']}\n{row['task']}" for row in shown], fontsize=9.5)
    return figure
