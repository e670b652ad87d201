"""K6: is the table of "Attention Is All You Need" what one gets by counting? FLOPs, steps and path lengths."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure

from experiments import figures, layers
from experiments.record import Report, Result, silent, spread
from experiments.record import run as run_experiment

TITLE = "What a layer costs and how far a signal travels, counted"
CLAIM = (
    "The table of Attention Is All You Need (cost of a layer, operations that must wait for one another, longest way "
    "of a signal) comes out when one counts."
)
AGAINST = (
    "A fitted exponent differs from the table's; or a count of steps or of path lengths grows otherwise than the table "
    "says."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Each seed draws its own sizes, uniform in the logarithm, from (low, high); `lengths` are those of the figure."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    draws: int = 12
    n: tuple[int, int] = (48, 400)
    d: tuple[int, int] = (32, 512)
    k: tuple[int, int] = (3, 12)
    r: tuple[int, int] = (4, 32)
    lengths: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256)
    kernel: int = 3
    window: int = 8
    widths: tuple[int, ...] = (16, 32, 64)


DEFAULT = Settings()
QUICK = Settings(draws=6, n=(12, 40), d=(8, 48), lengths=(2, 4, 8, 16), widths=(4, 8))

LABELS = {
    "attention": "self-attention",
    "projected": "the same, with its linear maps",
    "restricted": "restricted attention",
    "recurrent": "recurrent",
    "lstm": "LSTM",
    "convolution": "convolution",
}
TABLE = {
    "attention": (2, 1, 0, 0),
    "restricted": (1, 1, 0, 1),
    "recurrent": (1, 2, 0, 0),
    "convolution": (1, 2, 1, 0),
}
"""Exponents of n, d, k, r in the paper's Table 1."""
PATHS = {
    "recurrent": "recurrent",
    "contiguous": "convolutions, contiguous",
    "restricted": "restricted attention",
    "dilated": "convolutions, dilated",
    "attention": "self-attention",
}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k6", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Exponents by layer, (seed, (n, d, k, r)); exponents of steps, (seed,); path lengths; crossovers."""
    exponents: dict[str, list[list[float]]] = {layer: [] for layer in ("projected", *TABLE, "lstm")}
    steps: dict[str, list[float]] = {layer: [] for layer in TABLE}
    formulas: dict[str, list[float]] = {"contiguous": [], "dilated": [], "restricted": []}
    for done, seed in enumerate(settings.seeds):
        report(done / (len(settings.seeds) + 1), f"seed {seed}")
        drawn = _sizes(settings, seed)
        for layer, rows in exponents.items():
            rows.append(_fitted([layers.count_flops(layer, *sizes) for sizes in drawn], drawn))
        for layer, values in steps.items():
            chains = [layers.longest_chain(graph_of(layer, n, k, r)) for n, _, k, r in drawn]
            values.append(_fitted(chains, [sizes[:1] for sizes in drawn])[0])
        for kind, shares in formulas.items():
            shares.append(_share_of(kind, drawn))
    report(len(settings.seeds) / (len(settings.seeds) + 1), "paths and crossovers")
    return {
        "setup": {
            "lengths": list(settings.lengths),
            "widths": list(settings.widths),
            "counter": "torch.utils.flop_counter, on tensors that have a shape and no numbers",
        },
        "numbers": {
            "exponents": {layer: spread(rows) for layer, rows in exponents.items()},
            "steps": {layer: spread(values) for layer, values in steps.items()},
            "formula_holds": {kind: spread(shares) for kind, shares in formulas.items()},
            "paths": {kind: _paths(kind, settings) for kind in PATHS},
            "crossovers": {
                "attention_recurrent": [_cheaper_up_to("attention", "recurrent", d) for d in settings.widths],
                "projected_lstm": [_cheaper_up_to("projected", "lstm", d) for d in settings.widths],
                "projected_recurrent": [_cheaper_up_to("projected", "recurrent", d) for d in settings.widths],
            },
        },
    }


def _sizes(settings: Settings, seed: int) -> list[tuple[int, int, int, int]]:
    """`draws` different settings of n, d, k and r."""
    generator = torch.Generator().manual_seed(seed)
    ranges = (settings.n, settings.d, settings.k, settings.r)
    shares = torch.rand(settings.draws, len(ranges), generator=generator).tolist()
    return [
        tuple(round(low * (high / low) ** share) for share, (low, high) in zip(row, ranges, strict=True))
        for row in shares
    ]


def _fitted(counts: list[int], sizes: list[tuple[int, ...]]) -> list[float]:
    """The exponents in count = constant * n^a * d^b * …, by least squares on the logarithms."""
    logs = torch.tensor(sizes, dtype=torch.float64).log()
    columns = torch.cat([logs, torch.ones(len(sizes), 1, dtype=torch.float64)], dim=1)
    targets = torch.tensor(counts, dtype=torch.float64).log()[:, None]
    return [round(value, 9) + 0.0 for value in torch.linalg.lstsq(columns, targets).solution[:-1, 0].tolist()]


def graph_of(layer: str, n: int, k: int, r: int) -> layers.Graph:
    """The dependencies of one layer."""
    if layer == "recurrent":
        return layers.recurrent_graph(n)
    if layer == "attention":
        return layers.attention_graph(n)
    return layers.window_graph(n, k if layer == "convolution" else r, 1)


def stack_of(kind: str, n: int, k: int, r: int) -> Callable[[int], layers.Graph]:
    """For a number of layers, the dependencies of a stack of `kind`."""
    if kind == "attention":
        return lambda count: layers.attention_graph(n, count)
    if kind == "recurrent":
        return lambda count: layers.recurrent_graph(n)
    width = r if kind == "restricted" else k
    return lambda count: layers.window_graph(n, width, count, dilated=kind == "dilated")


def formula(kind: str, n: int, k: int, r: int) -> int:
    """The length of the longest path as one works it out: how many windows of width w reach over n positions."""
    if kind != "dilated":
        return -(-(n - 1) // ((r if kind == "restricted" else k) - 1))
    return next(count for count in range(1, n + 1) if k**count >= n)


def _share_of(kind: str, drawn: list[tuple[int, int, int, int]]) -> float:
    """In which share of the drawn sizes the path found in the graph is as long as `formula` says."""
    found = [layers.farthest_path(n, stack_of(kind, n, k, r)) == formula(kind, n, k, r) for n, _, k, r in drawn]
    return sum(found) / len(found)


def _paths(kind: str, settings: Settings) -> list[int]:
    k, r = settings.kernel, settings.window
    return [layers.farthest_path(n, stack_of(kind, n, k, r)) for n in settings.lengths]


def _cheaper_up_to(one: str, other: str, d: int) -> int:
    """The largest n, up to 8 d, at which layer `one` takes no more FLOPs than `other`; 0 when there is none."""

    def dearer(n: int) -> bool:
        return layers.count_flops(one, n, d, 3, 3) > layers.count_flops(other, n, d, 3, 3)

    return bisect_left(range(1, 8 * d + 1), True, key=dearer)


def figure(result: Result, dark: bool = False) -> Figure:
    """Above, the fitted exponents with the table's as open rings; below, path length against n."""
    numbers, setup = result["numbers"], result["setup"]
    with figures.style(dark) as theme:
        drawn, (top, bottom) = figures.panels((3.4, 3.4))
        names = list(LABELS)
        for place, (symbol, colour, marker) in enumerate(zip("ndkr", theme.colours, figures.MARKERS, strict=False)):
            rows = [index + (place - 1.5) * 0.18 for index in range(len(names))]
            mean, std = ([numbers["exponents"][name][key][place] for name in names] for key in ("mean", "std"))
            shown = {"color": colour, "marker": marker, "linestyle": "none", "label": f"${symbol}$"}
            top.errorbar(mean, rows, xerr=std, **shown)
            stated = [(TABLE[name][place], row) for name, row in zip(names, rows, strict=True) if name in TABLE]
            top.plot(*zip(*stated, strict=True), "o", markersize=10, fillstyle="none", color=theme.ink, linewidth=0.8)
        top.set(xlabel="Exponent fitted to counted FLOPs (rings: the paper)", ylabel="Layer", xlim=(-0.25, 2.6))
        top.set_yticks(range(len(names)), [LABELS[name].replace(", ", ",\n") for name in names])
        top.invert_yaxis()
        top.legend(loc="upper right")
        for (kind, label), colour, marker in zip(PATHS.items(), theme.colours, figures.MARKERS, strict=True):
            bottom.errorbar(setup["lengths"], numbers["paths"][kind], color=colour, marker=marker, label=label)
        bottom.set(xscale="log", yscale="log", xlabel="Positions $n$", ylabel="Longest path (operations)")
        ticks = setup["lengths"]
        bottom.set_xticks(ticks, ticks)
        bottom.set_yticks([1, 10, 100], ["1", "10", "100"])
        bottom.minorticks_off()
        bottom.legend(loc="upper left")
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote; exponents are mean ± standard deviation over the seeds."""
    numbers, settings = result["numbers"], result["settings"]
    quoted = {
        f"{layer}_{symbol}": _exponent(numbers["exponents"][layer], place)
        for layer in LABELS
        for place, symbol in enumerate("ndkr")
    }
    quoted |= {f"{layer}_steps": _exponent(numbers["steps"][layer]) for layer in TABLE}
    longest = {f"{kind}_path": str(numbers["paths"][kind][-1]) for kind in PATHS}
    crossings = {
        f"{pair}_crossover": ", ".join(map(str, found)) if any(found) else "none"
        for pair, found in numbers["crossovers"].items()
    }
    return (
        quoted
        | longest
        | crossings
        | {
            "seeds": str(len(result["seeds"])),
            "draws": str(settings["draws"]),
            "longest": str(settings["lengths"][-1]),
            "kernel": str(settings["kernel"]),
            "window": str(settings["window"]),
            "widths": ", ".join(map(str, settings["widths"])),
            "verdict": _verdict(result),
            "setup": _setup(result),
            "alt": "Two charts: exponents of n, d, k and r fitted to counted FLOPs for six layers, and the longest "
            f"path against the number of positions for five. {_verdict(result)}",
        }
    )


def _exponent(found: dict[str, list[float]], place: int | None = None) -> str:
    mean, std = (found[key] if place is None else found[key][place] for key in ("mean", "std"))
    return f"{mean + 0.0:.2f} ± {std:.2f}" if std > 0.005 else f"{abs(mean) if abs(mean) < 5e-3 else mean:.2f}"


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    numbers = result["numbers"]
    wrong = [
        LABELS[layer]
        for layer, stated in TABLE.items()
        if any(abs(got - want) > 0.01 for got, want in zip(numbers["exponents"][layer]["mean"], stated, strict=True))
    ]
    steps_wrong = [
        LABELS[layer] for layer in TABLE if abs(numbers["steps"][layer]["mean"] - (layer == "recurrent")) > 0.01
    ]
    held = min(min(found["by_seed"]) for found in numbers["formula_holds"].values())
    widths, crossings = result["setup"]["widths"], numbers["crossovers"]
    parts = [
        "Every exponent of the table's costs comes out."
        if not wrong
        else f"The cost of the table does not come out for: {', '.join(wrong)}.",
        "So do the operations that must wait for one another: n for the recurrent layer, one for the others."
        if not steps_wrong
        else f"The steps of the table do not come out for: {', '.join(steps_wrong)}.",
        "Paths are as long as the formulas say at every size drawn: (n - 1)/(k - 1) for contiguous windows, log_k n "
        "for dilated ones, both rounded up."
        if held == 1
        else "Some paths are not as long as the formulas say.",
    ]
    if crossings["attention_recurrent"] == widths:
        parts.append("Without its linear maps, attention takes no more FLOPs than the recurrent layer up to n = d.")
    if not any(crossings["projected_recurrent"]):
        parts.append("With them it always takes more.")
    if crossings["projected_lstm"] == [2 * d for d in widths]:
        parts.append("Against an LSTM it takes no more up to n = 2d.")
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings, (n, d, k, r) = result["settings"], (result["settings"][name] for name in "ndkr")
    return (
        f"Each seed draws {settings['draws']} settings, uniform in the logarithm: n from {n[0]} to {n[1]}, d from "
        f"{d[0]} to {d[1]}, kernels k from {k[0]} to {k[1]}, windows r from {r[0]} to {r[1]}. PyTorch's counter "
        "watches each layer run; the exponents are fitted by least squares to the logarithms. Steps and paths are "
        "found in the graph of what is computed from what, by its longest chain and by breadth-first search. Kernels "
        "and windows look back only. Seeds "
        f"{', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k6")
