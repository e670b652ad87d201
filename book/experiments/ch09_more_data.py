"""K11 with more examples: does the net that is told nothing catch up?"""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from experiments import figures, k11, race, rivals, worth
from experiments.record import Report, Result, percent, silent
from experiments.record import run as run_experiment

TITLE = "Ten times the data"
CLAIM = (
    "With ten times the examples of the MNIST-1D paper, and more steps, the fully connected net comes nearer to the "
    "others, and does not reach them."
)
AGAINST = "The fully connected net is as accurate as one of the others, within the spread over seeds."

KINDS = k11.KINDS
STEPS = {
    rivals.LOGISTIC: (1000,),
    rivals.MLP: (7000,),
    rivals.CNN: (2000,),
    rivals.GRU: (1000,),
    rivals.ATTENTION: (3000,),
}
DEFAULT = replace(k11.DEFAULT, sizes=(40000,), steps=STEPS)
QUICK = race.quick(DEFAULT)


def run(settings: race.Race = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch09_more_data", settings, report)


def measure(settings: race.Race, report: Report) -> Result:
    """Test accuracies by kind of net and number of examples."""
    return race.run_race(settings, report)


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy of every net, as bars."""
    with figures.style(dark) as theme:
        drawn, (axes,) = figures.panels((3.0,))
        found = [result["numbers"]["accuracy"][kind] for kind in KINDS]
        mean, std = ([100 * each[key][0] for each in found] for key in ("mean", "std"))
        axes.bar(range(len(KINDS)), mean, 0.65, color=[worth.look(kind, theme)["color"] for kind in KINDS])
        axes.errorbar(range(len(KINDS)), mean, std, fmt="none", ecolor=theme.ink)
        axes.set_xticks(range(len(KINDS)), [rivals.LABELS[kind] for kind in KINDS])
        axes.set(ylabel="Test accuracy (%)", ylim=(0, 100))
        axes.grid(axis="x", visible=False)
        axes.set_title(f"{result['settings']['sizes'][0]:,} examples")
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; mean ± standard deviation over the seeds."""
    return worth.quoted(result) | {
        "verdict": _verdict(result),
        "setup": worth.told(result),
        "alt": "Test accuracy of five nets after a large number of training examples. " + _verdict(result),
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    found = result["numbers"]["accuracy"]
    mlp = found[rivals.MLP]
    names = ", ".join(f"{rivals.LABELS[kind]} {percent(found[kind], 0)}" for kind in k11.TOLD)
    reached = [
        rivals.LABELS[kind]
        for kind in k11.TOLD
        if found[kind]["mean"][0] - mlp["mean"][0] <= found[kind]["std"][0] + mlp["std"][0]
    ]
    outcome = f"It has caught up with: {', '.join(reached)}." if reached else "It has caught up with none of them."
    size = result["settings"]["sizes"][0]
    return f"With {size:,} examples the MLP has {percent(mlp, 0)}; {names}. {outcome}"


if __name__ == "__main__":
    from experiments.cli import main

    main("ch09_more_data")
