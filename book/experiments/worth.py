"""What a race says: how many examples a net needs for an accuracy, in numbers, in words and in a figure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

from matplotlib.axes import Axes

from experiments.figures import Theme
from experiments.record import percent, spread
from experiments.rivals import ATTENTION, AUGMENTED, CNN, DENSE, GRU, LABELS, LOCAL, LOGISTIC, MLP, POOLED

LOOKS = {
    LOGISTIC: (4, "v", "-"),
    MLP: (0, "o", "-"),
    AUGMENTED: (0, "P", "--"),
    LOCAL: (4, "X", "--"),
    CNN: (1, "s", "-"),
    POOLED: (1, "^", "--"),
    DENSE: (1, "P", ":"),
    GRU: (2, "D", "-"),
    ATTENTION: (3, "^", "-"),
}
"""Which of a theme's colours, which marker and which line every net has, in all figures of the chapter."""


def crossing(sizes: Sequence[int], accuracies: Sequence[float], wanted: float) -> float | None:
    """How many examples a curve needs to reach the accuracy `wanted`; None when it never does.

    Between two sizes the accuracy is taken to be straight in the logarithm of the number of examples. A curve that
    dips is read at its first crossing; one that starts above `wanted` needs at most its smallest size.
    """
    if accuracies[0] >= wanted:
        return float(sizes[0])
    for (n, low), (m, high) in pairwise(zip(sizes, accuracies, strict=True)):
        if low < wanted <= high:
            return float(n * (m / n) ** ((wanted - low) / (high - low)))
    return None


def needed(result: dict[str, Any], kind: str, wanted: float) -> list[float | None]:
    """For every seed, how many examples the net of `kind` needs to reach the accuracy `wanted`."""
    sizes, rows = result["settings"]["sizes"], result["numbers"]["accuracy"][kind]["by_seed"]
    return [crossing(sizes, row, wanted) for row in rows]


def in_words(counts: Sequence[float | None], most: int, least: int = 0) -> str:
    """Counts of examples, one a seed, as "420 (390 to 460)": the middle one, and the range over the seeds.

    Arguments
        most: the largest number of examples tried; what was not reached is "more than" that.
        least: the smallest number tried; what was reached there is "at most" that.
    """
    ordered = sorted(float("inf") if count is None else count for count in counts)
    low, middle, high = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    if low == float("inf"):
        return f"more than {most:,}"
    if high <= least:
        return f"at most {least:,}"
    if high == float("inf"):
        centre = f"more than {most:,}" if middle == high else _rounded(middle)
        return f"{centre} (from {_rounded(low)} on)"
    return f"{_rounded(middle)} ({_rounded(low)} to {_rounded(high)})"


def _rounded(count: float) -> str:
    """A count with two significant digits."""
    return f"{int(float(f'{count:.2g}')):,}"


def joined(*results: dict[str, Any]) -> dict[str, Any]:
    """Races at different sizes, of the same seeds, as one: the kinds that all of them have, sizes in order."""
    kinds = [k for k in results[0]["numbers"]["accuracy"] if all(k in r["numbers"]["accuracy"] for r in results)]
    by_seed = {
        kind: [
            list(chain(*rows))
            for rows in zip(*(r["numbers"]["accuracy"][kind]["by_seed"] for r in results), strict=True)
        ]
        for kind in kinds
    }
    return {
        "seeds": results[0]["seeds"],
        "settings": {"sizes": [size for result in results for size in result["settings"]["sizes"]]},
        "numbers": {"accuracy": {kind: spread(rows) for kind, rows in by_seed.items()}},
    }


def look(kind: str, theme: Theme) -> dict[str, str]:
    """How the line of a net is drawn."""
    place, marker, line = LOOKS[kind]
    return {"color": theme.colours[place], "marker": marker, "linestyle": line, "label": LABELS[kind]}


def draw_race(axes: Axes, result: dict[str, Any], kinds: Sequence[str], theme: Theme) -> None:
    """Test accuracy against the number of examples, with one standard deviation over the seeds."""
    sizes = result["settings"]["sizes"]
    for kind in kinds:
        found = result["numbers"]["accuracy"][kind]
        mean, std = ([100 * value for value in found[key]] for key in ("mean", "std"))
        axes.errorbar(sizes, mean, std, **look(kind, theme))
    axes.set(xscale="log", xlabel="Training examples", ylabel="Test accuracy (%)", ylim=(0, 100))
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()


def quoted(result: dict[str, Any]) -> dict[str, str]:
    """Accuracies, parameters and FLOPs of a race, as a page may quote them."""
    words: dict[str, str] = {}
    for kind, found in result["numbers"]["accuracy"].items():
        words[f"parameters_{kind}"] = f"{result['setup']['parameters'][kind]:,}"
        words[f"flops_{kind}"] = f"{result['setup']['flops'][kind]:,}"
        for place, size in enumerate(result["settings"]["sizes"]):
            words[f"{kind}_{size}"] = percent(found, place)
    return words | {"seeds": str(len(result["seeds"]))}


def _steps(result: dict[str, Any]) -> str:
    """The steps of every net that ran, at each size."""
    steps = {kind: result["settings"]["steps"][kind] for kind in result["numbers"]["accuracy"]}
    return "; ".join(f"{LABELS[kind]} {'/'.join(f'{count:,}' for count in counts)}" for kind, counts in steps.items())


def told(result: dict[str, Any]) -> str:
    """The set-up of a race in words."""
    settings, counts = result["settings"], result["setup"]["parameters"]
    matched = [count for kind, count in counts.items() if kind != LOGISTIC]
    return (
        f"MNIST-1D; {', '.join(f'{size:,}' for size in settings['sizes'])} examples for training, "
        f"{settings['valid']:,} others to choose the moment by, {settings['test']:,} others for the test, dealt out "
        f"anew for every seed; "
        f"{min(matched):,} to {max(matched):,} parameters; Adam, batches of {settings['batch']}, rates as tuned; "
        f"seeds {', '.join(map(str, result['seeds']))}. Steps: {_steps(result)}."
    )
