"""K5: what does it cost to read one step at a time? Time against length, gradient against distance, recall."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import figures, scaling, sequences
from experiments.figures import Theme
from experiments.record import Report, Result, silent, spread
from experiments.record import run as run_experiment
from experiments.sequences import ATTENTION, CONVOLUTION, GRU, KINDS, RNN
from experiments.train import seeded

TITLE = "One step at a time"
CLAIM = (
    "A recurrent layer is sequential: as many operations wait for one another as the sequence has steps, and its time "
    "grows in proportion to the length; that of attention grows with the square, so that it wins on short sequences "
    "and loses on long ones. What recurrence pays besides is the long path: its gradient fades with distance, and it "
    "recalls a symbol across a shorter gap than layers with a short path."
)
AGAINST = (
    "The longest chain of a recurrent layer does not grow with the length; or its time does not grow in proportion, or "
    "attention's no faster; or there is no length at which attention falls behind; or the gradient of recurrent layers "
    "reaches as far as that of attention; or they recall as far."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are CPU time of one thread, forward and backward; a seed is one round of all measurements."""

    seeds: tuple[int, ...] = (0, 1, 2)
    widths: tuple[int, ...] = (32, 128)
    lengths: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048, 4096)
    fitted: int = 3
    time_batch: int = 4
    least_seconds: float = 0.03
    chain_lengths: tuple[int, ...] = (8, 16, 32)
    gradient_width: int = 32
    distances: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)
    gaps: tuple[int, ...] = (4, 8, 16, 32)
    later_gaps: tuple[int, ...] = (4, 32, 128)
    radius: float = 1.0
    symbols: int = 4
    distractors: int = 8
    width: int = 32
    updates: int = 300
    batch: int = 32
    rate: float = 5e-3
    test_sequences: int = 1000


DEFAULT = Settings()
QUICK = replace(
    DEFAULT, seeds=(0, 1, 2), widths=(8, 12), lengths=(16, 32, 64, 128), least_seconds=0.0, gradient_width=6,
    distances=(1, 8, 32), gaps=(2, 6), later_gaps=(2, 6), width=8, updates=8, batch=8, test_sequences=50,
)  # fmt: skip

LABELS = {RNN: "RNN", GRU: "GRU", CONVOLUTION: "causal convolution", ATTENTION: "attention"}
SHORT = {RNN: "RNN", GRU: "GRU", CONVOLUTION: "convolution", ATTENTION: "attention"}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k5", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Longest chains; gradient norms and recall by seed; and times, which alone differ from run to run."""
    gradients, recalls, transfers, rescaled, rounds = [], [], [], [], []
    for done, seed in enumerate(settings.seeds):
        for part, (words, rows, task) in enumerate(
            (
                ("gradients", gradients, gradient_norms),
                ("recall", recalls, recall),
                ("longer gaps", transfers, transfer),
                ("larger weights", rescaled, recall_rescaled),
                ("times", rounds, times),
            )
        ):
            report((done + part / 5) / len(settings.seeds), f"seed {seed}: {words}")
            rows.append(task(seed, settings))
    by_width = {f"width_{i + 1}": [row[i] for row in rounds] for i in range(len(settings.widths))}
    return {
        "setup": {"chains": {kind: longest_chains(kind, settings.chain_lengths) for kind in KINDS}},
        "numbers": {
            "gradient": {kind: spread([row[kind] for row in gradients]) for kind in KINDS},
            "recall": {kind: spread([row[kind] for row in recalls]) for kind in KINDS},
            "transfer": {kind: spread([row[kind] for row in transfers]) for kind in (RNN, GRU)},
            "rescaled": {key: spread([row[key] for row in rescaled]) for key in rescaled[0]},
        },
        "times": {name: _timing(rows, settings) for name, rows in by_width.items()},
    }


def longest_chains(kind: str, lengths: tuple[int, ...]) -> list[int]:
    """For each length, how many operations of the layer wait for one another: the longest way through its graph.

    The graph is the one that autograd recorded, from the outputs back to the inputs.
    """
    layer = sequences.layer(kind, 2)
    return [scaling.longest_chain(layer(torch.zeros(1, length, 2, requires_grad=True))) for length in lengths]


def gradient_norms(seed: int, settings: Settings) -> dict[str, list[float]]:
    """By kind, the Frobenius norm of d(last output) / d(input so many steps earlier), untrained, in float64."""
    time_steps, d_model = max(settings.distances) + 1, settings.gradient_width
    norms = {}
    with seeded(seed) as generator:
        x = torch.randn(1, time_steps, d_model, generator=generator, dtype=torch.float64).requires_grad_()
        for kind in KINDS:
            layer = sequences.layer(kind, d_model, sequences.layers_to_reach(time_steps)).double()
            last = layer(x)[0, -1]  # (d_model,)
            squares = torch.zeros(time_steps, dtype=torch.float64)
            for number in last:
                (row,) = torch.autograd.grad(number, x, retain_graph=True)
                squares += row[0].square().sum(1)
            norms[kind] = [float(squares[-1 - distance].sqrt()) for distance in settings.distances]
    return norms


def recall(seed: int, settings: Settings) -> dict[str, list[float]]:
    """By kind, the share of first symbols recalled across each gap, after the same number of updates."""
    return {
        kind: [recalled(trained(kind, gap, seed, settings), gap, seed, settings) for gap in settings.gaps]
        for kind in KINDS
    }


def transfer(seed: int, settings: Settings) -> dict[str, list[float]]:
    """By recurrent layer, the share recalled across each of `later_gaps` after training across the shortest gap."""
    models = {kind: trained(kind, settings.gaps[0], seed, settings) for kind in (RNN, GRU)}
    return {
        kind: [recalled(model, gap, seed, settings) for gap in settings.later_gaps] for kind, model in models.items()
    }


def recall_rescaled(seed: int, settings: Settings) -> dict[str, float | list[float]]:
    """The share that an RNN recalls across each gap when its W_h begins with a spectral radius of `radius`.

    And the radius with which it begins otherwise.
    """
    with seeded(seed):
        begins = float(spectral_radius(sequences.Recall(RNN, settings.width, 2, 1, 1).layer.layer.weight_hh_l0))
    shares = [
        recalled(trained(RNN, gap, seed, settings, settings.radius), gap, seed, settings) for gap in settings.gaps
    ]
    return {RNN: shares, "radius": begins}


def spectral_radius(matrix: Tensor) -> Tensor:
    """The largest absolute eigenvalue."""
    return torch.linalg.eigvals(matrix.detach()).abs().max()


def trained(kind: str, gap: int, seed: int, settings: Settings, radius: float | None = None) -> nn.Module:
    """A net that was trained to recall across `gap`; `radius` is the spectral radius that W_h begins with, if given."""
    symbols, distractors = settings.symbols, settings.distractors
    with seeded(seed) as generator:
        model = sequences.Recall(kind, settings.width, gap + 2, symbols + distractors + 1, symbols)
        if radius is not None:
            weight = model.layer.layer.weight_hh_l0
            weight.data *= radius / spectral_radius(weight)
        optimizer = torch.optim.Adam(model.parameters(), lr=settings.rate)
        for _ in range(settings.updates):
            x, y = sequences.recall_batch(settings.batch, gap, symbols, distractors, generator)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    return model


@torch.no_grad()
def recalled(model: nn.Module, gap: int, seed: int, settings: Settings) -> float:
    """The share of symbols that `model` recalls across `gap`, on sequences that it has not seen."""
    generator = torch.Generator().manual_seed(1_000_000 + seed)
    x, y = sequences.recall_batch(settings.test_sequences, gap, settings.symbols, settings.distractors, generator)
    return float((model(x).argmax(1) == y).float().mean())


@torch.no_grad()
def kept_by_a_gate(seed: int, settings: Settings) -> float:
    """Of the number of the state that its gate keeps best, the share left across the longest gap by the gate alone.

    The median over the test sequences, of a GRU that was trained across the shortest gap.
    """
    gap, generator = settings.gaps[-1], torch.Generator().manual_seed(1_000_000 + seed)
    with torch.enable_grad():
        model = trained(GRU, settings.gaps[0], seed, settings)
    x, _ = sequences.recall_batch(settings.test_sequences, gap, settings.symbols, settings.distractors, generator)
    gates = sequences.update_gates(model.layer.layer, model.embed(x))[:, 1:-1]  # (batch, gap, hidden)
    return float(gates.prod(1).amax(1).median())


def times(seed: int, settings: Settings) -> list[dict[str, list[float]]]:
    """For each width, by kind, the seconds of one forward and backward pass at every length."""
    rounds = []
    for d_model in settings.widths:
        row: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for length in settings.lengths:
            for kind in KINDS:
                row[kind].append(_seconds(kind, d_model, length, seed, settings))
        rounds.append(row)
    return rounds


def _seconds(kind: str, d_model: int, length: int, seed: int, settings: Settings) -> float:
    """The median over as many repeats as `least_seconds` holds, two at least."""
    with seeded(seed):
        layer = sequences.layer(kind, d_model)
        x = torch.randn(settings.time_batch, length, d_model, requires_grad=True)
        spent: list[float] = []
        while len(spent) < 2 or sum(spent) < settings.least_seconds:
            started = time.process_time()
            layer(x).square().mean().backward()
            spent.append(time.process_time() - started)
    return statistics.median(spent)


def _timing(rows: list[dict[str, list[float]]], settings: Settings) -> Result:
    """Ratios to the time of the RNN at the shortest length of the same round; fitted exponents; crossovers."""
    timing: Result = {"ratio": {}, "exponent": {}, "crossover": {}}
    for kind in KINDS:
        timing["ratio"][kind] = spread([[seconds / row[RNN][0] for seconds in row[kind]] for row in rows])
        last = slice(-settings.fitted, None)
        timing["exponent"][kind] = spread([scaling.exponent(settings.lengths[last], row[kind][last]) for row in rows])
    for kind in (RNN, GRU):
        timing["crossover"][kind] = [scaling.crossover(settings.lengths, row[ATTENTION], row[kind]) for row in rows]
    timing["reference_milliseconds"] = spread([1000 * row[RNN][0] for row in rows])
    return timing


def figure(result: Result, dark: bool = False) -> Figure:
    """Time against length for both widths, gradient against distance, recall across a gap."""
    settings, numbers, timed = result["settings"], result["numbers"], result["times"]
    with figures.style(dark) as theme:
        drawn, (*clocks, gradient, recalled) = figures.panels((3.4, 2.9, 2.9, 2.7))
        for axes, timing, width in zip(clocks, timed.values(), settings["widths"], strict=True):
            _draw(axes, settings["lengths"], timing["ratio"], theme)
            _mark_crossovers(axes, timing, theme)
            axes.set(title=f"Time forward and backward, width {width}", xscale="log", yscale="log", xlabel="Length n")
            axes.set(ylabel=f"Time / RNN at {settings['lengths'][0]}")
            axes.set_xticks(settings["lengths"], settings["lengths"])
            axes.minorticks_off()
        clocks[0].legend(loc="lower center", bbox_to_anchor=(0.45, 1.12), ncols=2, columnspacing=1.2)
        _draw(gradient, settings["distances"], numbers["gradient"], theme)
        gradient.set(title="What arrives, before training", xscale="log", yscale="log", ylim=(1e-12, 30))
        gradient.set(xlabel="Distance to the last output", ylabel="Gradient norm")
        gradient.set_xticks(settings["distances"], settings["distances"])
        gradient.minorticks_off()
        _draw(recalled, settings["gaps"], numbers["recall"], theme, scale=100)
        recalled.axhline(100 / settings["symbols"], color=theme.ink, linewidth=1, linestyle=":")
        recalled.annotate("guessing", (settings["gaps"][0], 100 / settings["symbols"]), (0, -11),
                          textcoords="offset points", fontsize=8.5)  # fmt: skip
        recalled.set(title="Recall across a gap", xscale="log", xlabel="Symbols in between", ylim=(0, 108))
        recalled.set_ylabel("Recalled / %")
        recalled.set_xticks(settings["gaps"], settings["gaps"])
        recalled.minorticks_off()
    return drawn


def _draw(axes: Axes, xs: list[int], curves: Result, theme: Theme, scale: float = 1) -> None:
    for (kind, label), colour, marker in zip(LABELS.items(), theme.colours, figures.MARKERS, strict=False):
        mean, std = ([scale * value for value in curves[kind][key]] for key in ("mean", "std"))
        axes.errorbar(xs, mean, std, color=colour, marker=marker, label=label)


def _mark_crossovers(axes: Axes, timing: Result, theme: Theme) -> None:
    """A dotted line where attention falls behind each recurrent layer."""
    for place, (kind, found) in enumerate(timing["crossover"].items()):
        if None in found:
            continue
        at = statistics.mean(found)
        axes.axvline(at, color=theme.ink, linewidth=1, linestyle=":")
        axes.annotate(
            f"{SHORT[kind]} ahead →", (at, 0.04 + 0.09 * place), (-3, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right", fontsize=8.5,
        )  # fmt: skip


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result."""
    settings, numbers = result["settings"], result["numbers"]
    quoted = {}
    for place, timing in enumerate(result["times"].values(), 1):
        for kind in KINDS:
            quoted[f"exponent_{kind}_{place}"] = _plus_minus(timing["exponent"][kind], "{:.2f}")
            last = settings["lengths"][-2:], timing["ratio"][kind]["mean"][-2:]
            quoted[f"doubling_{kind}_{place}"] = f"{scaling.exponent(*last):.2f}"
            for at, length in enumerate(settings["lengths"]):
                quoted[f"ratio_{kind}_{place}_{length}"] = f"{timing['ratio'][kind]['mean'][at]:.2g}"
        for kind, found in timing["crossover"].items():
            quoted[f"crossover_{kind}_{place}"] = _crossover_words(found, settings["lengths"])
        quoted[f"width_{place}"] = str(settings["widths"][place - 1])
    for kind in KINDS:
        for at, distance in enumerate(settings["distances"]):
            quoted[f"gradient_{kind}_{distance}"] = _power(numbers["gradient"][kind]["mean"][at])
        for at, gap in enumerate(settings["gaps"]):
            quoted[f"recall_{kind}_{gap}"] = _share(numbers["recall"][kind], at)
        (near, far), (before, after) = settings["distances"][-2:], numbers["gradient"][kind]["mean"][-2:]
        quoted[f"fade_{kind}"] = f"{(after / before) ** (1 / (far - near)):.2f}"
        quoted[f"chain_{kind}"] = ", ".join(map(str, result["setup"]["chains"][kind]))
    for kind, found in numbers["transfer"].items():
        for at, gap in enumerate(settings["later_gaps"]):
            quoted[f"transfer_{kind}_{gap}"] = _share(found, at)
    for at, gap in enumerate(settings["gaps"]):
        quoted[f"rescaled_rnn_{gap}"] = _share(numbers["rescaled"][RNN], at)
    return quoted | {
        "radius": _plus_minus(numbers["rescaled"]["radius"], "{:.2f}"),
        "longest": f"{settings['lengths'][-1]:,}",
        "chain_lengths": ", ".join(map(str, settings["chain_lengths"])),
        "seeds": str(len(result["seeds"])),
        "updates": str(settings["updates"]),
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Four charts for an RNN, a GRU, a causal convolution and attention: time against length at two widths, "
        "gradient norm against distance, and recall across a gap. " + _verdict(result),
    }


def _share(found: Result, at: int) -> str:
    return f"{100 * found['mean'][at]:.0f} ± {100 * found['std'][at]:.0f} %"


def _power(value: float) -> str:
    """`value` with one digit and a power of ten: 4·10⁻³."""
    digit, power = f"{value:.0e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value:.1f}" if value >= 0.095 else f"{digit}·10{raised}"


def _plus_minus(found: Result, form: str) -> str:
    return f"{form.format(found['mean'])} ± {form.format(found['std'])}"


def _crossover_words(found: list[float | None], lengths: list[int]) -> str:
    values = [value for value in found if value is not None]
    if len(values) < len(found):
        return f"not up to {lengths[-1]:,}"
    if max(values) <= lengths[0]:
        return f"below {lengths[0]:,}"
    low, high = (float(f"{value:.2g}") for value in (min(values), max(values)))
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def farthest_recalled(result: Result, kind: str, share: float = 0.9) -> int:
    """The longest gap up to which at least `share` is recalled on average at every measured gap; 0 for none."""
    farthest = 0
    for gap, mean in zip(result["settings"]["gaps"], result["numbers"]["recall"][kind]["mean"], strict=True):
        if mean < share:
            break
        farthest = gap
    return farthest


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    settings = result["settings"]
    chains = result["setup"]["chains"]
    steps = settings["chain_lengths"][-1] - settings["chain_lengths"][0]
    waits = all(chains[kind][-1] - chains[kind][0] >= steps for kind in (RNN, GRU))
    parallel = all(chains[kind][-1] == chains[kind][0] for kind in (CONVOLUTION, ATTENTION))
    parts = [
        "The chain of a recurrent layer grows with every step; those of convolution and attention do not grow."
        if waits and parallel
        else "The chains are not as claimed."
    ]
    for timing, width in zip(result["times"].values(), settings["widths"], strict=True):
        fitted = {kind: timing["exponent"][kind]["mean"] for kind in KINDS}
        behind = " and ".join(
            f"behind the {SHORT[kind]} {'' if None in found else 'at a length of '}"
            f"{_crossover_words(found, settings['lengths'])}"
            for kind, found in timing["crossover"].items()
        )
        parts.append(
            f"At width {width} time grows as n to the power {fitted[RNN]:.2f} (RNN), {fitted[GRU]:.2f} (GRU), "
            f"{fitted[CONVOLUTION]:.2f} (convolution) and {fitted[ATTENTION]:.2f} (attention); "
            f"attention falls {behind}."
        )
    far, norms = settings["distances"][-1], result["numbers"]["gradient"]
    fades = all(norms[kind]["mean"][-1] < 1e-3 * norms[ATTENTION]["mean"][-1] for kind in (RNN, GRU))
    parts.append(
        f"At distance {far} the gradient of the recurrent layers is less than a thousandth of attention's."
        if fades
        else f"At distance {far} a recurrent layer's gradient is no less than a thousandth of attention's."
    )
    reach = {kind: farthest_recalled(result, kind) for kind in KINDS}
    listed = ", ".join(f"{SHORT[kind]} {gap}" for kind, gap in reach.items())
    parts.append(f"Longest gap across which 90 % is recalled: {listed}.")
    level = [(one, other) for one in (RNN, GRU) for other in (CONVOLUTION, ATTENTION) if reach[one] >= reach[other]]
    if level:
        pairs = " and ".join(f"the {SHORT[one]} gets as far as {SHORT[other]}" for one, other in level)
        parts.append(f"So {pairs}, which is not as claimed.")
    near, far, gru = settings["gaps"][0], settings["gaps"][-1], result["numbers"]["transfer"][GRU]
    direct, told = _share(result["numbers"]["recall"][GRU], -1), _share(gru, settings["later_gaps"].index(far))
    parts.append(
        f"Across {far} symbols a GRU trained across {far} recalls {direct}; one trained across {near}, {told}."
    )
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings = result["settings"]
    lengths, gaps = settings["lengths"], settings["gaps"]
    return (
        f"PyTorch's own layers, one of each, all causal: `nn.RNN`, `nn.GRU`, `nn.Conv1d` with a kernel of "
        f"{sequences.KERNEL}, and fused attention with one head and its four projections. Time: forward and backward "
        f"at lengths {lengths[0]:,} to {lengths[-1]:,}, batch {settings['time_batch']}, CPU time of one thread; a seed "
        f"is a round of its own; exponents are fitted to the {settings['fitted']} longest. Gradient: the Frobenius "
        f"norm of the derivatives of the last output, width {settings['gradient_width']}, PyTorch's initial weights, "
        f"float64. Recall: one of {settings['symbols']} symbols, then {gaps[0]} to {gaps[-1]} random ones of "
        f"{settings['distractors']} others, then a question mark, where the answer is read; width {settings['width']}, "
        f"Adam at {settings['rate']:g}, {settings['updates']} updates on {settings['batch']} fresh sequences each, "
        f"tested on {settings['test_sequences']:,}; recurrent nets trained across {gaps[0]} are tested across up to "
        f"{settings['later_gaps'][-1]} too, and the RNN is trained once more with its W_h scaled to a spectral radius "
        f"of {settings['radius']:g}. For gradient and recall the convolution is dilated (1, 3, 9, …), with as "
        f"many layers as it takes to see the first input. Seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k5")
