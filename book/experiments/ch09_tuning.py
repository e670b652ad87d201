"""How the nets of K11 are trained: the learning rate, chosen on validation examples alone, and when they are best."""

from __future__ import annotations

from dataclasses import dataclass, field

from matplotlib.figure import Figure

from experiments import figures, race, rivals, worth
from experiments.record import Report, Result, silent, spread
from experiments.record import run as run_experiment

TITLE = "Tuning on validation examples"
CLAIM = (
    "Every net of the race has a best learning rate inside the range that was tried, and with it the end of the "
    "training is about its best moment."
)
AGAINST = (
    "The best rate of a net is the largest or the smallest that was tried; or a net was better at an earlier moment by "
    "more than the spread over seeds, so that it is trained too long."
)

KINDS = (rivals.LOGISTIC, rivals.MLP, rivals.CNN, rivals.GRU, rivals.ATTENTION)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every net is trained with every rate, on `examples` examples and for as many steps as in the race."""

    seeds: tuple[int, ...] = (0, 1, 2)
    rates: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1)
    examples: int = 1000
    steps: dict[str, int] = field(default_factory=lambda: {kind: race.STEPS[kind][2] for kind in KINDS})
    batch: int = 50
    valid: int = 1000
    looks: int = 5


DEFAULT = Settings()
QUICK = Settings(steps=dict.fromkeys(KINDS, 5), examples=40, valid=50)


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch09_tuning", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Accuracy on validation examples by kind of net, over seeds, rates, and moments of the training."""
    rows: dict[str, list[list[list[float]]]] = {kind: [] for kind in KINDS}
    for done, seed in enumerate(settings.seeds):
        dealt = race.pool(settings.examples, settings.valid, 1, seed, source=1)
        for place, kind in enumerate(KINDS):
            report((done + place / len(KINDS)) / len(settings.seeds), f"seed {seed}: {rivals.LABELS[kind]}")
            rows[kind].append([_looks(kind, dealt, rate, seed, settings) for rate in settings.rates])
    return {
        "setup": {"data": "MNIST-1D, dealt out anew for every seed; no example of the races"},
        "numbers": {kind: spread(found) for kind, found in rows.items()},
    }


def _looks(kind: str, dealt: race.Pool, rate: float, seed: int, settings: Settings) -> list[float]:
    """Accuracy on validation examples at every look of one training."""
    run = race.learned(
        kind,
        settings.examples,
        dealt,
        rate=rate,
        steps=settings.steps[kind],
        batch=settings.batch,
        looks=settings.looks,
        seed=seed,
    )
    return run["valid"]


def chosen(result: Result) -> dict[str, float]:
    """The rate of each kind with the best mean accuracy on validation examples, at its best moment."""
    rates = result["settings"]["rates"]
    best = {kind: [max(looks) for looks in result["numbers"][kind]["mean"]] for kind in KINDS}
    return {kind: rates[values.index(max(values))] for kind, values in best.items()}


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy on validation examples at the end against the rate, one line for each net."""
    with figures.style(dark) as theme:
        drawn, (axes,) = figures.panels((3.9,))
        rates = result["settings"]["rates"]
        for kind in KINDS:
            found = result["numbers"][kind]
            mean, std = ([100 * looks[-1] for looks in found[key]] for key in ("mean", "std"))
            axes.errorbar(rates, mean, std, **worth.look(kind, theme))
        axes.set(xscale="log", xlabel="Learning rate", ylabel="Validation accuracy (%)", ylim=(0, 100))
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axes.minorticks_off()
        axes.set_title(f"{result['settings']['examples']:,} examples, at the end of the training", pad=44)
        axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result."""
    settings, best = result["settings"], chosen(result)
    steps = ", ".join(f"{rivals.LABELS[kind]} {settings['steps'][kind]:,}" for kind in KINDS)
    return {f"rate_{kind}": f"{rate:g}" for kind, rate in best.items()} | {
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(result),
        "setup": (
            f"{settings['examples']:,} examples of MNIST-1D for training and {settings['valid']:,} others to choose "
            f"by; rates {', '.join(f'{rate:g}' for rate in settings['rates'])}; Adam, batches of {settings['batch']}, "
            f"as many steps as in the race ({steps}); {settings['looks']} looks at the validation examples. No example "
            f"of the races is read. Seeds {', '.join(map(str, result['seeds']))}."
        ),
        "alt": "Validation accuracy against the learning rate for five nets. " + _verdict(result),
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    rates, best = result["settings"]["rates"], chosen(result)
    edge = [rivals.LABELS[kind] for kind in KINDS if best[kind] in (rates[0], rates[-1])]
    parts = [
        f"The best rate stands on the edge of the range for: {', '.join(edge)}."
        if edge
        else "Every net has its best rate inside the range."
    ]
    early = [rivals.LABELS[kind] for kind in KINDS if _better_before(result, kind)]
    parts.append(
        f"Better at an earlier moment, by more than the spread over seeds: {', '.join(early)}."
        if early
        else "With it none was better at an earlier moment by more than the spread over seeds."
    )
    return " ".join(parts)


def _better_before(result: Result, kind: str) -> bool:
    """Whether, at the chosen rate, an earlier look is above the last one by more than its deviation."""
    place = result["settings"]["rates"].index(chosen(result)[kind])
    mean, std = (result["numbers"][kind][key][place] for key in ("mean", "std"))
    return bool(max(mean) > mean[-1] + std[-1])


if __name__ == "__main__":
    from experiments.cli import main

    main("ch09_tuning")
