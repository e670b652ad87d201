"""K11 with the positions in another order: what is a prior worth that is no longer true?"""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from experiments import figures, k11, race, rivals, worth
from experiments.record import Report, Result, percent, silent
from experiments.record import run as run_experiment

TITLE = "Prior against data, with the positions shuffled"
CLAIM = (
    "One fixed shuffle of the positions leaves the fully connected net where it was and takes most of their lead away "
    "from the nets that are told where things stand."
)
AGAINST = (
    "The fully connected net changes by more than the spread over seeds; or the others keep their accuracy, since then "
    "it was not the order of the positions that they used."
)

KINDS = (rivals.LOGISTIC, rivals.MLP, rivals.CNN, rivals.DENSE, rivals.GRU, rivals.ATTENTION)
SIZES = (250, 4000)
STEPS = {kind: tuple(race.STEPS[kind][race.SIZES.index(size)] for size in SIZES) for kind in KINDS}
DEFAULT = replace(k11.DEFAULT, kinds=KINDS, sizes=SIZES, steps=STEPS)
QUICK = race.quick(DEFAULT)


def run(settings: race.Race = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch09_shuffled", settings, report)


def measure(settings: race.Race, report: Report) -> Result:
    """Test accuracies by kind of net and number of examples, all signals shuffled alike."""
    return race.run_race(settings, report, shuffled=True)


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy against examples with the positions shuffled, one line for each net."""
    with figures.style(dark) as theme:
        drawn, (axes,) = figures.panels((3.9,))
        worth.draw_race(axes, result, KINDS, theme)
        axes.set_title("The positions shuffled, alike for all")
        axes.legend(loc="upper left", ncols=2)
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; mean ± standard deviation over the seeds."""
    return worth.quoted(result) | {
        "verdict": _verdict(result),
        "setup": "The positions stand in one other order. " + worth.told(result),
        "alt": "Test accuracy against the number of training examples with shuffled positions, six nets. "
        + _verdict(result),
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    size, found = result["settings"]["sizes"][-1], result["numbers"]["accuracy"]
    told = [kind for kind in KINDS if kind not in (rivals.LOGISTIC, rivals.MLP)]
    mlp = found[rivals.MLP]["mean"][-1]
    names = "; ".join(f"{rivals.LABELS[kind]} {percent(found[kind], -1)}" for kind in told)
    ahead = [kind for kind in told if found[kind]["mean"][-1] > mlp + found[rivals.MLP]["std"][-1]]
    outcome = (
        f"Still ahead of the MLP: {', '.join(rivals.LABELS[kind] for kind in ahead)}."
        if ahead
        else "None of them is ahead of the MLP."
    )
    return f"With {size:,} shuffled examples the MLP has {percent(found[rivals.MLP], -1)}; {names}. {outcome}"


if __name__ == "__main__":
    from experiments.cli import main

    main("ch09_shuffled")
