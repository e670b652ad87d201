"""Chapter 2: how does the test error depend on the number of features, when all are fitted exactly where possible?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from experiments import data, figures
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "Capacity and double descent"
CLAIM = (
    "With more and more random features the test error falls, rises to a peak where there are as many features as "
    "training examples, and falls again beyond it; wrong labels make the peak higher, and a well-chosen L2 penalty "
    "takes it away."
)
AGAINST = (
    "The largest error lies elsewhere than at about as many features as examples; or the error beyond the peak never "
    "comes back to the best value before it; or the penalty leaves a peak."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`features` are counted as random ReLU units; penalties are relative to the mean squared singular value."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    train: int = 300
    validation: int = 300
    features: tuple[int, ...] = (
        10, 20, 40, 70, 100, 150, 200, 240, 270, 300, 330, 360, 420, 500, 700, 1000, 2000, 4000,
    )  # fmt: skip
    wrong: float = 0.2
    penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


DEFAULT = Settings()
QUICK = Settings(seeds=(0, 1, 2), train=60, validation=60, features=(10, 30, 60, 90, 240), penalties=(1e-2, 1.0))

CLEAN, NOISY, RIDGE = "clean", "noisy", "noisy_ridge"
LABELS = {CLEAN: "all labels right", NOISY: "some labels wrong", RIDGE: "some labels wrong, L2 penalty"}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch02_capacity", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Error on the training labels and on unseen digits, by curve and number of features, for every seed."""
    rows: dict[str, dict[str, list[list[float]]]] = {
        name: {"train_error": [], "test_error": [], "weight_norm": []} for name in LABELS
    }
    for done, seed in enumerate(settings.seeds):
        report(done / len(settings.seeds), f"seed {seed}")
        for name, found in one_seed(seed, settings).items():
            for key, values in found.items():
                rows[name][key].append(values)
    return {
        "setup": {"data": "scikit-learn's 1,797 digits of 8 x 8 pixels", "classes": 10, "pixels": 64},
        "numbers": {name: {key: spread(found) for key, found in by.items()} for name, by in rows.items()},
    }


def one_seed(seed: int, settings: Settings) -> dict[str, dict[str, list[float]]]:
    """By curve: training error, test error and norm of the weights, each a list over the numbers of features."""
    digits, labels = data.small_digits()
    shown = data.split(digits, labels, settings.train + settings.validation, seed)
    middle = shown.x_train[: settings.train].flatten(1).double().mean(dim=0)  # (pixel,)
    x, x_test = (part.flatten(1).double() - middle for part in (shown.x_train, shown.x_test))  # (batch, pixel)
    y = shown.y_train  # (batch,)
    generator = torch.Generator().manual_seed(seed)
    noisy = flip(y, settings.wrong, generator)
    directions = torch.randn(x.shape[1] + 1, max(settings.features), generator=generator, dtype=torch.float64)
    found: dict[str, dict[str, list[float]]] = {
        name: {"train_error": [], "test_error": [], "weight_norm": []} for name in LABELS
    }
    for count in settings.features:
        phi = [features(part, directions[:, :count]) for part in (x, x_test)]
        for name, targets in ((CLEAN, y), (NOISY, noisy), (RIDGE, noisy)):
            penalties = settings.penalties if name == RIDGE else (0.0,)
            fitted = solutions(phi[0][: settings.train], targets[: settings.train], penalties)
            kept = (phi[0][settings.train :], targets[settings.train :])
            weight = min(fitted, key=lambda w, kept=kept: error(w, *kept)) if len(fitted) > 1 else fitted[0]
            found[name]["train_error"].append(error(weight, phi[0][: settings.train], targets[: settings.train]))
            found[name]["test_error"].append(error(weight, phi[1], shown.y_test))
            found[name]["weight_norm"].append(weight.norm().item())
    return found


def flip(y: Tensor, share: float, generator: torch.Generator, classes: int = 10) -> Tensor:
    """`y` (batch,) with a share of its labels moved to another class, each other class equally likely."""
    moved = (y + torch.randint(1, classes, y.shape, generator=generator)) % classes
    return torch.where(torch.rand(y.shape, generator=generator) < share, moved, y)


def features(x: Tensor, directions: Tensor) -> Tensor:
    """ReLU of random directions and offsets: x (batch, pixel), directions (pixel + 1, feature) -> (batch, feature)."""
    one = x.new_ones(len(x), 1)
    return torch.relu(torch.cat([x, one], dim=1) @ directions) / directions.shape[1] ** 0.5


def solutions(phi: Tensor, labels: Tensor, penalties: tuple[float, ...], classes: int = 10) -> list[Tensor]:
    """Weights (feature, class) that minimize |phi w - one-hot|^2 + penalty |w|^2, one for each penalty.

    At penalty 0: of all weights with the least squared error, those of least norm. A penalty of 1 is the mean square
    of the singular values of phi (batch, feature).
    """
    u, s, vt = torch.linalg.svd(phi, full_matrices=False)
    targets = u.T @ torch.eye(classes, dtype=phi.dtype)[labels]  # (singular value, class)
    weights = []
    for penalty in penalties:
        if penalty == 0:
            shrunk = torch.where(s > 1e-10 * s[0], 1 / s, torch.zeros_like(s))
        else:
            shrunk = s / (s**2 + penalty * (s**2).mean())
        weights.append(vt.T @ (shrunk[:, None] * targets))
    return weights


def error(weight: Tensor, phi: Tensor, labels: Tensor) -> float:
    """The share of examples whose largest score is not that of their label."""
    return ((phi @ weight).argmax(dim=1) != labels).double().mean().item()


def figure(result: Result, dark: bool = False) -> Figure:
    """Test error above, training error below, against the number of features; bars are one standard deviation."""
    settings, numbers = result["settings"], result["numbers"]
    with figures.style(dark) as theme:
        drawn, (top, bottom) = figures.panels((3.4, 2.4))
        for axes, key in ((top, "test_error"), (bottom, "train_error")):
            for (name, label), colour, marker in zip(LABELS.items(), theme.colours, figures.MARKERS, strict=False):
                mean, std = ([100 * value for value in numbers[name][key][which]] for which in ("mean", "std"))
                axes.errorbar(settings["features"], mean, std, color=colour, marker=marker, label=label)
            axes.axvline(settings["train"], color=theme.ink, linewidth=1, linestyle=":")
            axes.set(xscale="log", xlabel="Random features")
            axes.xaxis.set_major_formatter("{x:,.0f}")
        top.set(title="On unseen digits", ylabel="Error / %", ylim=(0, None))
        bottom.set(title="On the training labels", ylabel="Error / %")
        top.annotate(
            "as many features\nas examples", (settings["train"], 1), (5, -4), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top", fontsize=8.5,
        )  # fmt: skip
        top.legend(loc="lower center", bbox_to_anchor=(0.45, 1.12), ncols=2, fontsize=8.5)
    return drawn


def peak(result: Result, name: str) -> tuple[int, int]:
    """(position of the largest mean test error among the counts from half the examples on, that count)."""
    counts = result["settings"]["features"]
    mean = result["numbers"][name]["test_error"]["mean"]
    later = [i for i, count in enumerate(counts) if count >= result["settings"]["train"] / 2]
    at = max(later, key=lambda i: mean[i])
    return at, counts[at]


def best_before(result: Result, name: str) -> int:
    """The position of the smallest mean test error with fewer features than examples."""
    counts = result["settings"]["features"]
    mean = result["numbers"][name]["test_error"]["mean"]
    return min((i for i, count in enumerate(counts) if count < result["settings"]["train"]), key=lambda i: mean[i])


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result."""
    settings = result["settings"]
    quoted = {}
    for name in LABELS:
        found = result["numbers"][name]["test_error"]
        (at, count), before = peak(result, name), best_before(result, name)
        quoted |= {
            f"{name}_peak": percent(found, at),
            f"{name}_peak_features": f"{count:,}",
            f"{name}_before": percent(found, before),
            f"{name}_before_features": f"{settings['features'][before]:,}",
            f"{name}_end": percent(found, -1),
            f"{name}_train_end": percent(result["numbers"][name]["train_error"], -1),
        }
    return quoted | {
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": f"Test and training error of three curves against the number of random features. {_verdict(result)}",
        "seeds": str(len(result["seeds"])),
        "train": f"{settings['train']}",
        "most": f"{max(settings['features']):,}",
        "wrong": f"{100 * settings['wrong']:.0f} %",
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    train, numbers, parts = result["settings"]["train"], result["numbers"], []
    for name, words in ((CLEAN, "With right labels"), (NOISY, "With wrong labels among them")):
        found = numbers[name]["test_error"]
        (at, count), before = peak(result, name), best_before(result, name)
        there = "where there are as many features as examples" if count == train else f"at {count:,} features"
        slack = found["std"][before] + found["std"][-1]
        lower = found["mean"][-1] < found["mean"][before] - slack
        again = (
            "below"
            if lower
            else "back to about"
            if found["mean"][-1] < found["mean"][before] + slack
            else "not yet back to"
        )
        parts.append(
            f"{words}, the error peaks {there}, at {percent(found, at)}, and at the largest width it is {again} the "
            f"best value before the peak ({percent(found, -1)} against {percent(found, before)})."
        )
    found = numbers[RIDGE]["test_error"]
    (at, count), before = peak(result, RIDGE), best_before(result, RIDGE)
    rise = found["mean"][at] - found["mean"][before]
    flat = rise < found["std"][at] + found["std"][before]
    parts.append(
        "With the penalty there is no peak." if flat else f"With the penalty a rise of {100 * rise:.1f} points is left."
    )
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings = result["settings"]
    return (
        f"{settings['train']} digits of 8 x 8 pixels to train on, {settings['validation']} to choose the penalty by, "
        f"the rest of 1,797 for the test, with right labels; the mean training digit is subtracted. "
        f"Fixed random ReLU features, and on them the least-squares "
        f"weights for ten classes (of least norm where many fit), in float64. Wrong labels: each with probability "
        f"{settings['wrong']:g}, in training and validation. Penalty: the best of {len(settings['penalties'])} on the "
        f"validation digits, at every width. Seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("ch02_capacity")
