"""The prior told in small doses: from the fully connected net to the convolution that is pooled everywhere."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from matplotlib.figure import Figure

from experiments import figures, k11, race, rivals, worth
from experiments.record import Report, Result, load, percent, silent
from experiments.record import run as run_experiment

TITLE = "How much of a prior"
CLAIM = (
    'It is the prior that counts, not the name of the net: the more of "a digit is the same digit wherever it stands" '
    "is built in, the fewer examples are needed."
)
AGAINST = (
    "The nets come in another order than that of what they are told; or telling it by shifted copies of the examples "
    "does as much as building it in."
)

KINDS = (rivals.AUGMENTED, rivals.LOCAL, rivals.POOLED, rivals.DENSE)
LADDER = (rivals.MLP, rivals.LOCAL, rivals.CNN, rivals.POOLED, rivals.DENSE)
"""From nothing to all of it: nothing; near numbers; and one kernel for all places; and the largest answer wins,
wherever it is; and that at every place, not at every eighth."""

DEFAULT = replace(k11.DEFAULT, kinds=KINDS)
QUICK = race.quick(DEFAULT)


def whole(result: Result) -> Result:
    """This race and two nets of K11, which ran on the same examples with the same seeds, as one result.

    A race at other sizes, such as the quick one, is left as it is.
    """
    other = load("k11")
    if other["settings"]["sizes"] != result["settings"]["sizes"] or other["seeds"] != result["seeds"]:
        return result

    def both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
        return {kind: (first | second)[kind] for kind in rivals.LABELS if kind in second or kind in LADDER}

    setup = {name: both(other["setup"][name], result["setup"][name]) for name in ("parameters", "flops")}
    accuracy = both(other["numbers"]["accuracy"], result["numbers"]["accuracy"])
    return result | {"setup": result["setup"] | setup, "numbers": {"accuracy": accuracy}}


def run(settings: race.Race = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch09_strength", settings, report)


def measure(settings: race.Race, report: Report) -> Result:
    """Test accuracies by kind of net and number of examples."""
    return race.run_race(settings, report)


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy against examples, one line for each dose."""
    with figures.style(dark) as theme:
        drawn, (axes,) = figures.panels((4.3,))
        found = whole(result)
        worth.draw_race(axes, found, list(found["numbers"]["accuracy"]), theme)
        axes.set_title("The prior in small doses", pad=60)
        axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; mean ± standard deviation over the seeds."""
    result = whole(result)
    sizes, accuracy = result["settings"]["sizes"], result["numbers"]["accuracy"]
    words = worth.quoted(result)
    for other in (rivals.MLP, rivals.CNN):
        for kind in accuracy if other in accuracy else ():
            counts = worth.needed(result, kind, accuracy[other]["mean"][-1])
            words[f"needed_{kind}_as_{other}"] = worth.in_words(counts, sizes[-1], sizes[0])
    return words | {
        "verdict": _verdict(result),
        "setup": worth.told(result) + " MLP and CNN are those of K11, on the same examples.",
        "alt": "Test accuracy against the number of training examples for six nets that are told more and more. "
        + _verdict(result),
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    sizes, found = result["settings"]["sizes"], result["numbers"]["accuracy"]
    ladder = [kind for kind in LADDER if kind in found]
    parts = []
    for place in (1, len(sizes) - 1):
        names = "; ".join(f"{rivals.LABELS[kind]} {percent(found[kind], place)}" for kind in ladder)
        parts.append(f"With {sizes[place]:,} examples: {names}.")
    falls = [
        f"{rivals.LABELS[after]} below {rivals.LABELS[before]} at {sizes[place]:,}"
        for before, after in pairwise(ladder)
        for place in range(len(sizes))
        if found[after]["mean"][place] < found[before]["mean"][place]
    ]
    parts.append(f"Out of order: {'; '.join(falls)}." if falls else "Every dose helps at every number of examples.")
    built, shown = (found[kind]["mean"][-1] for kind in (rivals.DENSE, rivals.AUGMENTED))
    parts.append(
        f"Shifted copies take the MLP to {percent(found[rivals.AUGMENTED], -1)}, "
        + ("not as far as building it in." if built > shown + found[rivals.AUGMENTED]["std"][-1] else "as far.")
    )
    return " ".join(parts)


if __name__ == "__main__":
    from experiments.cli import main

    main("ch09_strength")
