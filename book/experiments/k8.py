"""K8: do deeper plain nets train worse, although their gradients are healthy? Training error against depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import data, figures, train
from experiments.figures import Theme
from experiments.models import count_parameters
from experiments.record import Report, Result, silent, spread
from experiments.record import run as run_experiment

TITLE = "Degradation: training error against depth"
CLAIM = (
    "Deeper plain nets get a higher training error, with batch normalization and with gradients that do not vanish; "
    "residual nets do not. A plain stack finds it hard to learn the identity, and a residual one starts there."
)
AGAINST = (
    "The training loss of plain nets does not rise with depth; or that of residual nets rises as much; or the first "
    "layers of the plain nets get gradients that are too small to learn from; or a plain stack fits the identity as "
    "well as a residual one."
)

START, LATER = "start", "later"
PLAIN, RESIDUAL, ZERO, SIZED = "plain", "residual", "residual_zero", "plain_sized"
LABELS = {PLAIN: "plain", RESIDUAL: "residual", ZERO: "residual, branches start at zero"}
FITTED = LABELS | {SIZED: "plain, numbers keep their size"}
"""The kinds of stacks that learn a map. Without normalization, plain ones of many blocks are started in two ways."""
TARGETS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "nearly": lambda x: x + 0.3 * x.abs(),
    "zero": torch.zeros_like,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """`depths` count the layers with weights; a block has two. `watched` and `gradients_at` are steps to measure at."""

    seeds: tuple[int, ...] = (0, 1, 2)
    examples: int = 2000
    width: int = 32
    depths: tuple[int, ...] = (4, 8, 16, 32, 64)
    steps: int = 400
    batch: int = 128
    rate: float = 0.05
    momentum: float = 0.9
    watched: tuple[int, ...] = (0, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400)
    gradients_at: tuple[int, ...] = (0, 100)
    control_depth: int = 16
    control_rates: tuple[float, ...] = (0.0125, 0.2)
    fit_width: int = 16
    fit_blocks: tuple[int, ...] = (1, 4, 16)
    fit_steps: int = 200
    fit_rate: float = 2e-3


DEFAULT = Settings()
QUICK = Settings(
    examples=300, control_depth=4, steps=2, watched=(0, 2), gradients_at=(0, 2), fit_blocks=(1, 2), fit_steps=4
)


class Block(nn.Module):
    """Two layers with batch normalization, and around them a skip, or none: (batch, width) to the same."""

    def __init__(self, width: int, kind: str) -> None:
        super().__init__()
        self.skip = kind != PLAIN
        self.first, self.second = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width, track_running_stats=False) for _ in range(2))
        if kind == ZERO:
            nn.init.zeros_(self.norms[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        branch = self.norms[1](self.second(torch.relu(self.norms[0](self.first(x)))))
        return torch.relu(x + branch if self.skip else branch)


def classifier(inputs: int, width: int, depth: int, kind: str) -> nn.Sequential:
    """A net of `depth` layers with weights; all kinds have the same parameters. Weights start as He says."""
    entry = [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width, track_running_stats=False), nn.ReLU()]
    net = nn.Sequential(*entry, *(Block(width, kind) for _ in range((depth - 2) // 2)), nn.Linear(width, 10))
    for layer in linears(net):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return net


def linears(net: nn.Module) -> list[nn.Linear]:
    """The layers with weights, from the input up."""
    return [layer for layer in net.modules() if isinstance(layer, nn.Linear)]


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k8", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Losses by kind and depth, gradient norms by layer, and errors of stacks that learn three maps."""
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {k: {str(d): [] for d in settings.depths} for k in LABELS}
    controls: dict[str, list[list[float]]] = {kind: [] for kind in LABELS}
    errors: dict[str, Any] = {t: {k: [] for k in FITTED} for t in TARGETS}
    firsts: dict[str, list[list[float]]] = {kind: [] for kind in FITTED}
    for done, seed in enumerate(settings.seeds):
        x, y = data.mnist1d(settings.examples, seed)
        for depth, kind in product(settings.depths, LABELS):
            report(done / len(settings.seeds), f"seed {seed}: {LABELS[kind]}, {depth} layers")
            runs[kind][str(depth)].append(_trained(x, y, kind, depth, seed, settings))
        report((done + 0.8) / len(settings.seeds), f"seed {seed}: other rates, and stacks that learn the identity")
        for kind, rows in controls.items():
            others = [replace(settings, rate=rate) for rate in settings.control_rates]
            rows.append([_trained(x, y, kind, settings.control_depth, seed, other)["loss"][-1] for other in others])
        for target, kind in product(TARGETS, FITTED):
            found = [_fitted(target, kind, blocks, seed, settings) for blocks in settings.fit_blocks]
            errors[target][kind].append([error for error, _ in found])
            if target == "identity":
                firsts[kind].append([gradient for _, gradient in found])

    def by_depth(read: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        return {k: {d: spread([read(run) for run in found]) for d, found in runs[k].items()} for k in runs}

    fits = {target: {k: spread(rows) for k, rows in kinds.items()} for target, kinds in errors.items()}
    return {
        "setup": {
            "data": "MNIST-1D, made anew for every seed",
            "parameters": {str(depth): parameters(settings, depth) for depth in settings.depths},
        },
        "numbers": {
            "loss": by_depth(lambda run: run["loss"]),
            "accuracy": by_depth(lambda run: run["accuracy"]),
            "gradients": {
                START: by_depth(lambda run: run["gradients"][0]),
                LATER: by_depth(lambda run: run["gradients"][-1]),
            },
            "control": {kind: spread(rows) for kind, rows in controls.items()},
            "fit": fits,
            "fit_gradient": {kind: spread(rows) for kind, rows in firsts.items()},
        },
    }


def parameters(settings: Settings, depth: int) -> int:
    """How many parameters a net of `depth` layers has; the skips have none."""
    return count_parameters(classifier(40, settings.width, depth, PLAIN))


def _trained(x: Tensor, y: Tensor, kind: str, depth: int, seed: int, settings: Settings) -> dict[str, Any]:
    """Loss and accuracy on all training examples and the gradient norm of each layer, as training goes on."""
    with train.seeded(seed) as generator:
        net = classifier(x.shape[1], settings.width, depth, kind)
        optimizer = torch.optim.SGD(net.parameters(), lr=settings.rate, momentum=settings.momentum, foreach=True)
        found: dict[str, Any] = {"loss": [], "accuracy": [], "gradients": []}
        order = train.minibatches(len(x), settings.batch, settings.steps, generator)
        for step in range(settings.steps + 1):
            if step in settings.watched:
                loss, accuracy = _measured(net, x, y)
                found["loss"].append(loss)
                found["accuracy"].append(accuracy)
            if step in settings.gradients_at:
                found["gradients"].append(gradient_norms(net, x, y))
            if step < settings.steps:
                chosen = next(order)
                optimizer.zero_grad()
                F.cross_entropy(net(x[chosen]), y[chosen]).backward()
                optimizer.step()
    return found


@torch.no_grad()
def _measured(net: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Loss and accuracy on all of `x`, normalized by the statistics of all of `x`."""
    scores = net(x)
    return float(F.cross_entropy(scores, y)), float((scores.argmax(1) == y).float().mean())


def gradient_norms(net: nn.Module, x: Tensor, y: Tensor) -> list[float]:
    """The norm of the loss's gradient with respect to the weights of each layer, from the input up."""
    weights = [layer.weight for layer in linears(net)]
    return [float(grad.norm()) for grad in torch.autograd.grad(F.cross_entropy(net(x), y), weights)]


def branch(width: int, kind: str) -> nn.Sequential:
    """Two layers with a ReLU between, started as torch starts them, at zero, or so that numbers keep their size."""
    made = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
    first, last = made[0], made[2]
    if kind == ZERO:
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    if kind == SIZED:
        for layer, nonlinearity in ((first, "relu"), (last, "linear")):
            nn.init.kaiming_normal_(layer.weight, nonlinearity=nonlinearity)
            nn.init.zeros_(layer.bias)
    return made


def _fitted(target: str, kind: str, blocks: int, seed: int, settings: Settings) -> tuple[float, float]:
    """Of a stack of blocks without normalization that learnt `target`: its mean squared error on fresh inputs, and the
    norm of the gradient that the weights of its first layer got at the first step.
    """
    with train.seeded(seed) as generator:
        width = settings.fit_width
        stack = nn.ModuleList(branch(width, kind) for _ in range(blocks))

        def error(examples: int) -> Tensor:
            x = h = torch.randn(examples, width, generator=generator)
            for block in stack:
                h = block(h) + (h if kind in (RESIDUAL, ZERO) else 0)
            return (h - TARGETS[target](x)).square().mean()

        optimizer = torch.optim.Adam(stack.parameters(), lr=settings.fit_rate, foreach=True)
        gradient = 0.0
        for step in range(settings.fit_steps):
            optimizer.zero_grad()
            error(settings.batch).backward()
            if step == 0:
                gradient = float(stack[0][0].weight.grad.norm())
            optimizer.step()
        with torch.no_grad():
            return float(error(2000)), gradient


def figure(result: Result, dark: bool = False) -> Figure:
    """Training loss against depth; gradient norms by layer; error of stacks that learn the identity."""
    with figures.style(dark) as theme:
        drawn, (top, middle, bottom) = figures.panels((3.0, 3.0, 2.7))
        _draw_losses(top, result, theme)
        _draw_gradients(middle, result, theme)
        _draw_fits(bottom, result, theme)
    return drawn


def _draw_losses(axes: Axes, result: Result, theme: Theme) -> None:
    depths = result["settings"]["depths"]
    for (kind, label), colour, marker in zip(LABELS.items(), theme.colours, figures.MARKERS, strict=False):
        found = [result["numbers"]["loss"][kind][str(depth)] for depth in depths]
        means, stds = ([each[key][-1] for each in found] for key in ("mean", "std"))
        axes.errorbar(depths, means, stds, color=colour, marker=marker, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(depths, [str(depth) for depth in depths])
    axes.set(xlabel="Layers with weights", ylabel="Training loss (nats)", ylim=(0, None))
    axes.set_title("Deeper plain nets train worse")
    axes.legend()


def _draw_gradients(axes: Axes, result: Result, theme: Theme) -> None:
    shown = _shown_depth(result)
    steps = result["settings"]["gradients_at"]
    for (kind, colour), marker in zip({PLAIN: 0, RESIDUAL: 1}.items(), figures.MARKERS, strict=False):
        for moment, step, line in ((START, steps[0], "-"), (LATER, steps[-1], "--")):
            found = result["numbers"]["gradients"][moment][kind][str(shown)]
            layers = range(1, len(found["mean"]) + 1)
            axes.errorbar(
                layers,
                found["mean"],
                found["std"],
                color=theme.colours[colour],
                marker=marker,
                linestyle=line,
                label=f"{LABELS[kind]}, step {step}",
            )
    axes.set(xlabel="Layer, from the input up", ylabel="Gradient norm", yscale="log", ylim=(1e-3, 1e2))
    axes.set_title(f"The gradients of {shown} layers do not vanish")
    axes.legend(ncols=2)


def _draw_fits(axes: Axes, result: Result, theme: Theme) -> None:
    blocks = result["settings"]["fit_blocks"]
    for kind, nth in {PLAIN: 0, SIZED: 3, RESIDUAL: 1}.items():
        found, shown = result["numbers"]["fit"]["identity"][kind], {"marker": figures.MARKERS[nth]}
        axes.errorbar(blocks, found["mean"], found["std"], color=theme.colours[nth], label=FITTED[kind], **shown)
    axes.set_xscale("log", base=2)
    axes.set_xticks(blocks, [str(count) for count in blocks])
    axes.set(xlabel="Blocks", ylabel="Mean squared error", yscale="log", ylim=(1e-4, 3))
    axes.set_title("Learning to give back the input")
    axes.legend(loc="center left")


def _shown_depth(result: Result) -> int:
    """The least depth at which plain nets train clearly worse than the best of them; else the largest."""
    depths, loss = result["settings"]["depths"], result["numbers"]["loss"][PLAIN]
    ends = {depth: (loss[str(depth)]["mean"][-1], loss[str(depth)]["std"][-1]) for depth in depths}
    best, noise = min(ends.values())
    worse = [depth for depth, (mean, std) in ends.items() if mean > best + 3 * (std + noise)]
    return min((depth for depth in worse if depth > depths[0]), default=depths[-1])


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; mean ± standard deviation over the seeds."""
    numbers, settings = result["numbers"], result["settings"]
    quoted: dict[str, str] = {}
    for kind, depth in product(LABELS, map(str, settings["depths"])):
        loss, accuracy = (numbers[name][kind][depth] for name in ("loss", "accuracy"))
        quoted[f"loss_{kind}_{depth}"] = f"{loss['mean'][-1]:.2f} ± {loss['std'][-1]:.2f}"
        quoted[f"error_{kind}_{depth}"] = percent_wrong(accuracy)
        for moment, by_kind in numbers["gradients"].items():
            norms = by_kind[kind][depth]["mean"][1:-1]
            quoted[f"gradient_{kind}_{depth}_{moment}_low"] = _short(min(norms))
            quoted[f"gradient_{kind}_{depth}_{moment}_high"] = _short(max(norms))
    for (target, kind), (place, blocks) in product(product(TARGETS, FITTED), enumerate(settings["fit_blocks"])):
        quoted[f"fit_{target}_{kind}_{blocks}"] = _short(numbers["fit"][target][kind]["mean"][place])
        firsts = [norms[place] for norms in numbers["fit_gradient"][kind]["by_seed"]]
        quoted[f"fit_gradient_{kind}_{blocks}_low"], quoted[f"fit_gradient_{kind}_{blocks}_high"] = (
            _short(each(firsts)) for each in (min, max)
        )
    for kind, place in product(LABELS, range(len(settings["control_rates"]))):
        found = numbers["control"][kind]
        quoted[f"control_{kind}_{place}"] = f"{found['mean'][place]:.2f} ± {found['std'][place]:.2f}"
    return quoted | {
        "shown_depth": str(_shown_depth(result)),
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Three charts: training loss against depth for plain and residual nets, gradient norm by layer, and the "
        "error of stacks that learn the identity against their number of blocks. " + _verdict(result),
    }


def percent_wrong(accuracy: dict[str, Any]) -> str:
    """The share of training examples that are misclassified at the end."""
    return f"{100 - 100 * accuracy['mean'][-1]:.0f} ± {100 * accuracy['std'][-1]:.0f} %"


def _short(value: float) -> str:
    if value >= 1000:
        return f"{float(f'{value:.1g}'):,.0f}"
    return "0" if value == 0 else f"{value:.2g}" if value >= 1e-3 else f"{value:.0e}".replace("e-0", "e-")


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    numbers, settings, shown = result["numbers"], result["settings"], _shown_depth(result)
    depths = settings["depths"]

    def rise(kind: str, depth: int) -> float:
        ends = [numbers["loss"][kind][str(d)]["mean"][-1] for d in (depths[0], depth)]
        return ends[1] - ends[0]

    control = numbers["control"]
    degraded, deepest = rise(PLAIN, shown) > 0.1, depths[-1]
    parts = [
        f"Deeper plain nets train worse: the loss rises from depth {depths[0]} to {shown} already."
        if degraded
        else "Deeper plain nets do not train worse: the claim fails."
    ]
    norms = numbers["gradients"][START][PLAIN][str(shown)]["mean"][1:-1]
    if degraded:
        small = norms[0] < 0.1 * norms[-1]
        parts.append(
            "There the first layers get much smaller gradients than the last, so that these may be the reason."
            if small
            else "There the first layers get gradients as large as the last or larger, so vanishing is not the reason."
        )
    ahead = min(control[PLAIN]["mean"]) > max(max(control[kind]["mean"]) for kind in (RESIDUAL, ZERO))
    parts.append(
        f"At {settings['control_depth']} layers every residual net is ahead of every plain one at other rates too."
        if ahead
        else "Another learning rate lets plain nets come level."
    )
    deep = numbers["gradients"][START][PLAIN][str(deepest)]["mean"][1:-1]
    if deep[0] > 100 * deep[-1]:
        parts.append(f"At depth {deepest} the gradients of plain nets explode towards the input.")
    held = {kind: rise(kind, deepest) for kind in (RESIDUAL, ZERO)}
    for kind, by in held.items():
        what = "does not rise" if by < 0.05 else "rises too, but less" if by < rise(PLAIN, deepest) else "rises as much"
        nets = "whose branches start at zero " if kind == ZERO else ""
        parts.append(f"The loss of residual nets {nets}{what}.")
    plain, sized, residual = (numbers["fit"]["identity"][kind]["mean"] for kind in (PLAIN, SIZED, RESIDUAL))
    parts.append(
        "Residual stacks learn the identity, plain ones do not, however they are started."
        if all(10 * c < min(a, b) for a, b, c in zip(plain, sized, residual, strict=True))
        else "Plain stacks learn the identity about as well as residual ones."
    )
    zero = [numbers["fit"]["zero"][kind]["mean"][0] for kind in (PLAIN, RESIDUAL)]
    if zero[0] < zero[1]:
        parts.append("The map to zero is the plain block's: there it is ahead.")
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings = result["settings"]
    depths, rates = (" and ".join(f"{v:g}" for v in settings[key]) for key in ("depths", "control_rates"))
    return (
        f"{settings['examples']:,} examples of MNIST-1D; fully connected nets of width {settings['width']} with batch "
        f"normalization after every layer but the last; {depths.replace(' and ', ', ')} layers, equal parameters at "
        f"equal depth; SGD, rate {settings['rate']:g}, momentum {settings['momentum']:g}, batches of "
        f"{settings['batch']}, {settings['steps']} steps; at {settings['control_depth']} layers also rates {rates}; "
        f"loss on all training examples. Stacks that learn a map: width {settings['fit_width']}, no normalization, "
        f"{settings['fit_steps']} steps of Adam; started as PyTorch does, plain ones also so that numbers keep their "
        f"size. Seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k8")
