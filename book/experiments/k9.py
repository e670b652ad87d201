"""K9: what happens to tokens in a deep stack of attention? Distance to rank one against depth, random weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from experiments import figures, train
from experiments.figures import Theme
from experiments.record import Report, Result, silent, spread
from experiments.record import run as run_experiment

TITLE = "Attention alone makes all tokens equal"
CLAIM = (
    "A stack of attention layers without skips collapses to rank one, doubly exponentially with depth: all tokens "
    "become the same vector. Skips slow it down; neither layer normalization nor a feed-forward part alone does."
)
AGAINST = (
    "The distance to rank one stays, or falls by one factor a layer and not faster; or skips do not slow it down; or "
    "layer normalization or the feed-forward part, without skips, keeps the tokens apart."
)

ATTENTION, NORM, FEED_FORWARD, SKIP, PRE, POST = "attention", "norm", "feed_forward", "skip", "pre", "post"
LABELS = {
    ATTENTION: "attention alone",
    NORM: "and layer norm",
    FEED_FORWARD: "and feed-forward",
    SKIP: "and skips",
    PRE: "pre-norm block",
    POST: "post-norm block",
}
Layer = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in float64: in float32 the collapse is lost in rounding errors after two layers."""

    seeds: tuple[int, ...] = tuple(range(10))
    tokens: int = 48
    d_model: int = 64
    d_ff: int = 256
    depth: int = 16
    exact_depth: int = 5


DEFAULT = Settings()
QUICK = Settings(seeds=(0, 1, 2), tokens=7, d_model=8, d_ff=16, depth=4, exact_depth=3)


def make_layers(depth: int, d_model: int, d_ff: int, generator: torch.Generator) -> list[Layer]:
    """Random weights of one attention head and one feed-forward part a layer, each of which keeps the size of x."""

    def normal(rows: int, columns: int, variance: float) -> Tensor:
        return torch.randn(rows, columns, generator=generator, dtype=torch.float64) * variance**0.5

    return [
        {name: normal(d_model, d_model, 1 / d_model) for name in ("query", "key", "value")}
        | {"up": normal(d_model, d_ff, 2 / d_model), "down": normal(d_ff, d_model, 1 / d_ff)}
        for _ in range(depth)
    ]


def attention(x: Tensor, layer: Layer) -> Tensor:
    """One head of self-attention with a softmax over the keys: (query, d_model)."""
    scores = (x @ layer["query"]) @ (x @ layer["key"]).T / math.sqrt(x.shape[-1])  # (query, key)
    return scores.softmax(-1) @ x @ layer["value"]


def feed_forward(x: Tensor, layer: Layer) -> Tensor:
    """Two layers with a ReLU between, the same at every position: (query, d_model)."""
    return torch.relu(x @ layer["up"]) @ layer["down"]


def normalized(x: Tensor) -> Tensor:
    """Layer normalization without gain and bias."""
    return F.layer_norm(x, x.shape[-1:])


def advance(x: Tensor, layer: Layer, kind: str) -> Tensor:
    """The tokens after one layer of `kind`, a key of LABELS: (query, d_model)."""
    match kind:
        case "attention":
            return attention(x, layer)
        case "norm":
            return normalized(attention(x, layer))
        case "feed_forward":
            return feed_forward(attention(x, layer), layer)
        case "skip":
            return x + attention(x, layer)
        case "pre":
            x = x + attention(normalized(x), layer)
            return x + feed_forward(normalized(x), layer)
        case "post":
            x = normalized(x + attention(x, layer))
            return normalized(x + feed_forward(x, layer))
    raise KeyError(f"no kind of layer called {kind!r}; there are {', '.join(LABELS)}")


def distance(x: Tensor) -> float:
    """How far the tokens (query, d_model) are from being one vector: ||x - mean|| / ||x||, from 0 to 1."""
    return float((x - x.mean(0)).norm() / x.norm())


def exact_distances(x: Tensor, layers: list[Layer]) -> list[float]:
    """The distances after 0, 1, 2, … layers of attention alone, to full relative precision however small they are.

    The tokens are kept as their mean m and deviations y, of which float64 holds 1e-300 as well as 1. Row i of the
    attention is q + D_i: q is the softmax of what all queries share, m A y_j, and D_i what y_i A y_j adds to it. Shared
    parts drop out of the deviations before they can drown them.
    """
    m, y = x.mean(0), x - x.mean(0)
    found = [float(y.norm() / x.norm())]
    for layer in layers:
        A = layer["query"] @ layer["key"].T / math.sqrt(len(m))
        q = (m @ A @ y.T).softmax(0)  # (key,)
        own = torch.expm1(y @ A @ y.T)  # (query, key)
        z = own @ q  # (query,)
        D = q * (own - z[:, None]) / (1 + z)[:, None]  # (query, key)
        moved = D @ y  # (query, d_model)
        m = (m + q @ y + moved.mean(0)) @ layer["value"]
        y = (moved - moved.mean(0)) @ layer["value"]
        found.append(float(y.norm() / math.hypot(float(y.norm()), math.sqrt(len(y)) * float(m.norm()))))
    return found


def tokens(settings: Settings, seed: int) -> tuple[Tensor, list[Layer]]:
    """Random tokens (query, d_model) and layers."""
    with train.seeded(seed) as generator:
        x = torch.randn(settings.tokens, settings.d_model, generator=generator, dtype=torch.float64)
        return x, make_layers(settings.depth, settings.d_model, settings.d_ff, generator)


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k9", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Distances to rank one after 0, 1, … layers of every kind, and, of attention alone, their exact logarithms."""
    distances: dict[str, list[list[float]]] = {kind: [] for kind in LABELS}
    exact, exponents = [], []
    for done, seed in enumerate(settings.seeds):
        report(done / len(settings.seeds), f"seed {seed}")
        x, layers = tokens(settings, seed)
        for kind in LABELS:
            h, found = x, [distance(x)]
            for layer in layers:
                h = advance(h, layer, kind)
                found.append(distance(h))
            distances[kind].append(found)
        logs = [math.log10(value) for value in exact_distances(x, layers[: settings.exact_depth])]
        exact.append(logs)
        exponents.append((logs[-1] - logs[-2]) / (logs[-2] - logs[-3]))
    return {
        "setup": {"data": "tokens and weights drawn from a normal distribution, float64"},
        "numbers": {
            "distance": {kind: spread(rows) for kind, rows in distances.items()},
            "exact_log10": spread(exact),
            "exponent": spread(exponents),
        },
    }


def figure(result: Result, dark: bool = False) -> Figure:
    """Above, distance to rank one against depth for every kind; below, attention alone, exactly."""
    with figures.style(dark) as theme:
        drawn, (above, below) = figures.panels((3.9, 2.7))
        _draw_kinds(above, result, theme)
        _draw_exact(below, result, theme)
        drawn.legend(*above.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return drawn


def _draw_kinds(axes: Axes, result: Result, theme: Theme) -> None:
    for nth, (kind, label) in enumerate(LABELS.items()):
        found = result["numbers"]["distance"][kind]
        colour = theme.colours[nth % len(theme.colours)]
        shape = {"marker": figures.MARKERS[nth % len(figures.MARKERS)], "linestyle": "--" if nth > 4 else "-"}
        bars = [[min(s, 0.9 * m) for m, s in zip(found["mean"], found["std"], strict=True)], found["std"]]
        axes.errorbar(range(len(found["mean"])), found["mean"], bars, color=colour, label=label, **shape)
    axes.axhline(2.2e-16, color=theme.ink, linewidth=0.9, linestyle=":")
    axes.text(len(found["mean"]) - 1, 1.5e-15, "rounding of float64", ha="right", fontsize=9)
    axes.set(xlabel="Layers", ylabel="Distance to rank one", yscale="log", ylim=(3e-17, 8))
    axes.set_title("Random layers")


def _draw_exact(axes: Axes, result: Result, theme: Theme) -> None:
    found = result["numbers"]["exact_log10"]
    depths = range(len(found["mean"]))
    axes.errorbar(depths, found["mean"], found["std"], color=theme.colours[0], marker=figures.MARKERS[0])
    axes.set(xlabel="Layers", ylabel="log10 of the distance", xticks=list(depths))
    axes.set_title("Attention alone, without rounding")


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result."""
    numbers = result["numbers"]
    quoted = {
        f"{kind}_{depth}": _short(value)
        for kind, found in numbers["distance"].items()
        for depth, value in enumerate(found["mean"])
    }
    quoted |= {f"exact_{depth}": f"{value:.0f}".replace("-", "−") for depth, value in _numbered(numbers["exact_log10"])}
    exponent = numbers["exponent"]
    return quoted | {
        "exponent": f"{exponent['mean']:.2f} ± {exponent['std']:.2f}",
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Two charts of the distance to rank one against the number of layers: six kinds of random layers, and "
        "attention alone with its exact logarithm. " + _verdict(result),
    }


def _numbered(found: dict[str, list[float]]) -> list[tuple[int, float]]:
    return list(enumerate(found["mean"]))


def _short(value: float) -> str:
    return (
        f"{value:.2f}" if value >= 0.095 else f"{value:.2g}" if value >= 1e-3 else f"{value:.0e}".replace("e-0", "e-")
    )


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    numbers, depth = result["numbers"], result["settings"]["depth"]
    final = {kind: found["mean"][-1] for kind, found in numbers["distance"].items()}
    exponent, gone = numbers["exponent"]["mean"], 1e-6
    parts = []
    if final[ATTENTION] > gone:
        parts.append("Attention alone does not collapse: the claim fails.")
    elif exponent > 1.5:
        parts.append("Attention alone collapses doubly exponentially.")
    else:
        parts.append("Attention alone collapses, but by one factor a layer.")
    alone = {NORM: "With layer normalization", FEED_FORWARD: "With a feed-forward part"}
    parts += [
        f"{words} alone it {'collapses too' if final[kind] < gone else 'does not'}." for kind, words in alone.items()
    ]
    apart = all(final[kind] > 1e-3 for kind in (SKIP, PRE, POST))
    parts.append(
        f"With skips the tokens are still apart after {depth} layers, though less and less."
        if apart
        else "Not everything with skips keeps the tokens apart."
    )
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings = result["settings"]
    return (
        f"{settings['tokens']} random tokens of {settings['d_model']} numbers; up to {settings['depth']} layers with "
        f"random weights, one head, {settings['d_ff']} hidden units in the feed-forward part; nothing is "
        f"trained; float64. The distance is ||x − mean|| / ||x||. Seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k9")
