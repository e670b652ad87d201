"""Chapter 2: how much does a fully connected net learn by heart when labels are wrong, and what holds it back?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import data, figures
from experiments.ch02_capacity import flip
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment
from experiments.train import seeded

TITLE = "Wrong labels, learned by heart"
CLAIM = (
    "A fully connected net learns every label of its training set, the wrong ones too, and pays for it on unseen "
    "digits. Before it does so it is better than at the end: early stopping recovers most of the loss, and dropout "
    "with an L2 penalty some."
)
AGAINST = (
    "The net stays clearly below 100 % on the labels it was given; or its accuracy on unseen digits does not fall with "
    "the share of wrong labels; or stopping early gains nothing."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`wrong` are the shares of labels moved to another class, in training and validation; rates as in Adam."""

    seeds: tuple[int, ...] = (0, 1, 2, 3)
    train: int = 500
    validation: int = 250
    wrong: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6)
    hidden: int = 256
    epochs: int = 80
    batch: int = 50
    rate: float = 0.003
    drop: float = 0.5
    penalty: float = 0.0005


DEFAULT = Settings()
QUICK = Settings(seeds=(0, 1, 2), train=100, validation=50, hidden=64, epochs=10)

FREE, HELD = "free", "held"
LABELS = {FREE: "to the end", "stopped": "stopped early", HELD: "dropout and L2, to the end"}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch02_noise", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Accuracy on the given labels and on unseen digits, after every epoch, by method and share of wrong labels.

    `stopped` is the net of `free` at the epoch that is best on the validation labels; epochs are counted from 1.
    """
    grid = [(method, wrong) for method in (FREE, HELD) for wrong in settings.wrong]
    runs = {cell: [] for cell in grid}
    for done, seed in enumerate(settings.seeds):
        for at, (method, wrong) in enumerate(grid):
            report((done + at / len(grid)) / len(settings.seeds), f"seed {seed}, {100 * wrong:.0f} % wrong")
            runs[method, wrong].append(one_run(seed, method, wrong, settings))
    numbers = {method: {} for method in (FREE, HELD, "stopped")}
    for (method, wrong), found in runs.items():
        numbers[method][name_of(wrong)] = {key: spread([run[key] for run in found]) for key in ("given", "unseen")}
        if method == FREE:
            best = [best_epoch(run["validation"]) for run in found]
            numbers["stopped"][name_of(wrong)] = {
                "unseen": spread([run["unseen"][epoch] for run, epoch in zip(found, best, strict=True)]),
                "epoch": spread([epoch + 1 for epoch in best]),
            }
    return {
        "setup": {
            "data": "scikit-learn's 1,797 digits of 8 x 8 pixels",
            "parameters": sum(p.numel() for p in net(settings, 0.0).parameters()),
        },
        "numbers": numbers,
    }


def name_of(wrong: float) -> str:
    """A share of wrong labels as the key of its numbers: percent, "20" for 0.2."""
    return f"{100 * wrong:.0f}"


def net(settings: Settings, drop: float) -> nn.Sequential:
    """A fully connected net for 64 pixels and 10 classes with two hidden layers, dropout after each."""
    wide = settings.hidden
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, wide), nn.ReLU(), nn.Dropout(drop), nn.Linear(wide, wide), nn.ReLU(),
        nn.Dropout(drop), nn.Linear(wide, 10),
    )  # fmt: skip


def one_run(seed: int, method: str, wrong: float, settings: Settings) -> dict[str, list[float]]:
    """After every epoch: accuracy on the given labels and on unseen digits, and the loss on validation labels."""
    digits, labels = data.small_digits()
    shown = data.split(digits, labels, settings.train + settings.validation, seed)
    generator = torch.Generator().manual_seed(seed)
    y = flip(shown.y_train, wrong, generator)
    x, x_kept = shown.x_train[: settings.train], shown.x_train[settings.train :]
    y, y_kept = y[: settings.train], y[settings.train :]
    found: dict[str, list[float]] = {"given": [], "validation": [], "unseen": []}
    with seeded(seed):
        model = net(settings, settings.drop if method == HELD else 0.0)
        for _ in epochs(model, x, y, settings.penalty if method == HELD else 0.0, settings, generator):
            found["given"].append(share_right(model, x, y))
            found["unseen"].append(share_right(model, shown.x_test, shown.y_test))
            with torch.no_grad():
                found["validation"].append(F.cross_entropy(model(x_kept), y_kept).item())
    return found


def epochs(
    model: nn.Module, x: Tensor, y: Tensor, penalty: float, settings: Settings, generator: torch.Generator
) -> Iterator[None]:
    """Trains `model` in place with Adam, and yields after every epoch, in evaluation mode.

    The loss is the cross-entropy plus `penalty` times the sum of the squares of all weights, without biases.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.rate)
    weights = [p for p in model.parameters() if p.dim() == 2]
    for _ in range(settings.epochs):
        model.train()
        for chosen in torch.randperm(len(x), generator=generator).split(settings.batch):
            loss = F.cross_entropy(model(x[chosen]), y[chosen])
            if penalty:
                loss = loss + penalty * torch.stack([w.square().sum() for w in weights]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        yield


@torch.no_grad()
def share_right(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of `x` that `model` classifies as `y`."""
    return (model(x).argmax(dim=1) == y).double().mean().item()


def best_epoch(losses: list[float]) -> int:
    """The first epoch with the lowest loss, counted from 0."""
    return losses.index(min(losses))


def unseen(result: Result, method: str, wrong: float) -> dict[str, Any]:
    """The accuracy on unseen digits that `method` ends with at a share of wrong labels: by seed, mean, deviation."""
    found = result["numbers"][method][name_of(wrong)]["unseen"]
    if method == "stopped":
        return found
    return {
        "by_seed": [row[-1] for row in found["by_seed"]],
        "mean": found["mean"][-1],
        "std": found["std"][-1],
    }


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy against the share of wrong labels, and epoch by epoch at the largest; bars are one deviation."""
    settings = result["settings"]
    shares = [100 * share for share in settings["wrong"]]
    with figures.style(dark) as theme:
        drawn, (top, bottom) = figures.panels((3.2, 2.8))
        for (method, label), colour, marker in zip(LABELS.items(), theme.colours, figures.MARKERS, strict=False):
            ends = [unseen(result, method, share) for share in settings["wrong"]]
            mean, std = ([100 * end[key] for end in ends] for key in ("mean", "std"))
            top.errorbar(shares, mean, std, color=colour, marker=marker, label=label)
        top.set(title="Unseen digits", xlabel="Wrong labels / %", ylabel="Accuracy / %")
        top.legend(loc="lower left", fontsize=8.5)
        found = result["numbers"][FREE][name_of(settings["wrong"][-1])]
        for (key, label), colour in zip(
            (("given", "the labels it was given"), ("unseen", "unseen digits")), theme.colours[3:], strict=False
        ):
            mean, std = ([100 * value for value in found[key][which]] for which in ("mean", "std"))
            every = max(1, len(mean) // 16)
            bottom.errorbar(range(1, len(mean) + 1), mean, std, color=colour, label=label, errorevery=every)
        bottom.set(title=f"Trained with {shares[-1]:.0f} % wrong labels", xlabel="Epoch", ylabel="Accuracy / %")
        bottom.legend(loc="center right", fontsize=8.5)
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; keys end in the share of wrong labels, in percent."""
    settings, quoted = result["settings"], {}
    numbers = result["numbers"]
    for share in settings["wrong"]:
        end = name_of(share)
        for method in LABELS:
            quoted[f"{method}_{end}"] = percent(unseen(result, method, share))
        quoted[f"given_{end}"] = percent(numbers[FREE][end]["given"], -1)
        quoted[f"held_given_{end}"] = percent(numbers[HELD][end]["given"], -1)
        epoch = numbers["stopped"][end]["epoch"]
        quoted[f"epoch_{end}"] = f"{epoch['mean']:.1f} ± {epoch['std']:.1f}"
    return quoted | {
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Accuracy on unseen digits against the share of wrong labels for three ways of training, and accuracy "
        f"epoch by epoch at the largest share. {_verdict(result)}",
        "seeds": str(len(result["seeds"])),
        "parameters": f"{result['setup']['parameters']:,}",
        "train": str(settings["train"]),
        "epochs": str(settings["epochs"]),
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    first, *_, last = result["settings"]["wrong"]
    given = [found["given"]["mean"][-1] for found in result["numbers"][FREE].values()]
    learned = "practically every label" if min(given) > 0.98 else f"not every label ({100 * min(given):.1f} % of them)"
    lost = unseen(result, FREE, first)["mean"] - unseen(result, FREE, last)["mean"]
    parts = [
        f"The net learns {learned} that it is given. With {100 * last:.0f} % wrong labels it loses {100 * lost:.1f} "
        f"points on unseen digits."
    ]
    for method, words in (("stopped", "Stopping early"), (HELD, "Dropout with L2")):
        gains = gains_of(result, method)
        if gains["mean"] > gains["std"]:
            share = "most" if gains["mean"] > lost / 2 else "less than half"
            parts.append(f"{words} brings back {percent(gains).removesuffix(' %')} points, {share} of the loss.")
        else:
            parts.append(f"{words} brings back no more than the seeds differ ({percent(gains)}).")
    return " ".join(parts)


def gains_of(result: Result, method: str) -> dict[str, float]:
    """How much `method` has over training to the end, at the largest share of wrong labels, seed by seed."""
    last = result["settings"]["wrong"][-1]
    pairs = zip(unseen(result, method, last)["by_seed"], unseen(result, FREE, last)["by_seed"], strict=True)
    return spread([mine - other for mine, other in pairs])


def _setup(result: Result) -> str:
    settings = result["settings"]
    return (
        f"{settings['train']} digits of 8 x 8 pixels to train on, {settings['validation']} for validation with labels "
        f"as wrong, the rest of 1,797 for the test, with right labels. A fully connected net, two hidden layers of "
        f"{settings['hidden']}, {result['setup']['parameters']:,} parameters; Adam at {settings['rate']:g}, batches of "
        f"{settings['batch']}, {settings['epochs']} epochs. Held back: dropout {settings['drop']:g} and L2 of strength "
        f"{settings['penalty']:g}. Stopped: the epoch with the lowest validation loss. Seeds "
        f"{', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("ch02_noise")
