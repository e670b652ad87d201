"""K11: what is a prior worth, in examples? Accuracy against the number of examples, at equal parameters."""

from __future__ import annotations

from matplotlib.figure import Figure

from experiments import figures, race, rivals, worth
from experiments.record import Report, Result, silent
from experiments.record import run as run_experiment

TITLE = "Prior against data"
CLAIM = (
    "At equal parameters, a net that is told something true about the data needs fewer examples than one that is told "
    "nothing: the convolution, the recurrence and the attention overtake the fully connected net."
)
AGAINST = (
    "The fully connected net is as accurate as the others at every number of examples; or it is ahead at the largest "
    "number; or the differences are within the spread over seeds."
)

KINDS = (rivals.LOGISTIC, rivals.MLP, rivals.CNN, rivals.GRU, rivals.ATTENTION)
TOLD = KINDS[2:]

DEFAULT = race.Race(KINDS)
QUICK = race.quick(DEFAULT)

PAPER = {rivals.LOGISTIC: (32, 32), rivals.MLP: (68, 68), rivals.CNN: (94, 56), rivals.GRU: (91, 57)}
"""Accuracies in percent, plain and shuffled, of Greydanus and Kobak (2024), at 4,000 examples; people: 96 and 30."""


def run(settings: race.Race = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k11", settings, report)


def measure(settings: race.Race, report: Report) -> Result:
    """Test accuracies by kind of net and number of examples."""
    return race.run_race(settings, report)


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy against examples, one line for each net."""
    with figures.style(dark) as theme:
        drawn, (axes,) = figures.panels((3.9,))
        worth.draw_race(axes, result, KINDS, theme)
        axes.set_title("About 5,200 parameters each")
        axes.legend(loc="upper left", ncols=2)
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; mean ± standard deviation over the seeds."""
    sizes = result["settings"]["sizes"]
    mlp = result["numbers"]["accuracy"][rivals.MLP]["mean"]
    words = worth.quoted(result)
    for kind in TOLD:
        for place, size in enumerate(sizes):
            counts = worth.needed(result, kind, mlp[place])
            words[f"needed_{kind}_{size}"] = worth.in_words(counts, sizes[-1], sizes[0])
    return words | {
        "verdict": _verdict(result),
        "setup": worth.told(result),
        "alt": "Test accuracy against the number of training examples for logistic regression, MLP, CNN, GRU and "
        "attention. " + _verdict(result),
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    sizes, found = result["settings"]["sizes"], result["numbers"]["accuracy"]
    means = {kind: found[kind]["mean"] for kind in KINDS}
    order = sorted(TOLD, key=lambda kind: -means[kind][-1])
    ahead = [kind for kind in order if _clearly_above(result, kind, -1)]
    names = ", ".join(f"{rivals.LABELS[k]} {100 * means[k][-1]:.0f} %" for k in (*order, rivals.MLP, rivals.LOGISTIC))
    first = f"With {sizes[-1]:,} examples: {names}."
    if not ahead:
        return first + " No net is clearly ahead of the MLP: the claim fails."
    parts = [first]
    if len(ahead) < len(TOLD):
        missing = ", ".join(rivals.LABELS[kind] for kind in TOLD if kind not in ahead)
        parts.append(f"Not clearly ahead of the MLP: {missing}.")
    for place, size in enumerate(sizes):
        below = [kind for kind in TOLD if not _clearly_above(result, kind, place)]
        if below:
            parts.append(
                f"With {size:,} a lead over the MLP is within twice the spread over seeds for: {_names(below)}."
            )
    best = max(TOLD, key=lambda kind: means[kind][0])
    last = max(TOLD, key=lambda kind: means[kind][-1])
    if best != last:
        parts.append(
            f"The highest mean is that of {_the(best)} at {sizes[0]:,} examples, of {_the(last)} at {sizes[-1]:,}."
        )
    return " ".join(parts)


def _clearly_above(result: Result, kind: str, place: int) -> bool:
    """Whether `kind` is above the MLP by more than twice the spread of both over the seeds."""
    mine, other = (result["numbers"]["accuracy"][name] for name in (kind, rivals.MLP))
    noise = (mine["std"][place] ** 2 + other["std"][place] ** 2) ** 0.5
    return bool(mine["mean"][place] - other["mean"][place] > 2 * noise)


def _names(kinds: list[str]) -> str:
    return ", ".join(rivals.LABELS[kind] for kind in kinds)


def _the(kind: str) -> str:
    return rivals.LABELS[kind] if kind == rivals.ATTENTION else f"the {rivals.LABELS[kind]}"


if __name__ == "__main__":
    from experiments.cli import main

    main("k11")
