"""What the warm-up is for: deeper Transformers, normalized after the sum or before the branch, at several rates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from matplotlib.figure import Figure

from experiments import figures, train, transformer, translation
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "Warm-up, and where the normalization stands"
CLAIM = (
    "A deeper Transformer as published (post-norm) needs its warm-up: at a rate that it learns well with after a "
    "warm-up, it does not learn without one. With the normalization in front of the branches (pre-norm) it learns "
    "without any warm-up at that rate."
)
AGAINST = (
    "A post-norm net that, at the same rate, learns as well without a warm-up as with one; or a pre-norm net that "
    "needs the warm-up too."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The training of every net. `peak` is the largest rate of the schedule."""

    seeds: tuple[int, ...] = (0, 1, 2)
    sentences: int = 8000
    test_sentences: int = 300
    d_model: int = 32
    heads: int = 4
    d_ff: int = 128
    layers: int = 4
    batch: int = 24
    steps: int = 360
    every: int = 90
    warmup: int = 160
    peak: float = 5e-3


DEFAULT = Settings()
QUICK = Settings(
    sentences=200, test_sentences=20, d_model=16, heads=2, d_ff=16, layers=1, batch=8, steps=8, every=4, warmup=4
)

POST, BARE, SLOW, PRE = "post_warm", "post_constant", "post_slow", "pre_constant"
LABELS = {
    POST: "post-norm, warm-up",
    BARE: "post-norm, none",
    SLOW: "post-norm, none, half the rate",
    PRE: "pre-norm, none",
}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("ch08_warmup", settings, report)


def rate(kind: str, step: int, settings: Settings) -> float:
    """The rate at a step: the paper's schedule with this peak, or the same without its rise."""
    at = step if kind == POST else max(step, settings.warmup)
    peak = settings.peak / 2 if kind == SLOW else settings.peak
    shape = transformer.noam_rate(at, settings.d_model, settings.warmup)
    return peak * shape / transformer.noam_rate(settings.warmup, settings.d_model, settings.warmup)


def measure(settings: Settings, report: Report) -> Result:
    """Training loss along the steps, and exact match on new sentences at the end, for every kind and seed."""
    loss: dict[str, list[list[float]]] = {kind: [] for kind in LABELS}
    exact: dict[str, list[float]] = {kind: [] for kind in LABELS}
    for done, seed in enumerate(settings.seeds):
        pairs = translation.corpus(settings.sentences, settings.test_sentences, seed)
        for place, kind in enumerate(LABELS):
            report((done + place / len(LABELS)) / len(settings.seeds), f"seed {seed}: {LABELS[kind]}")
            model, losses = _trained(kind, pairs, settings, seed)
            loss[kind].append(losses)
            exact[kind].append(transformer.exact(model, pairs.new_source, pairs.new_target))
    return {
        "setup": {"steps": [settings.every * (at + 1) for at in range(settings.steps // settings.every)]},
        "numbers": {
            "loss": {kind: spread(values) for kind, values in loss.items()},
            "exact": {kind: spread(values) for kind, values in exact.items()},
        },
    }


def _trained(
    kind: str, pairs: translation.Corpus, settings: Settings, seed: int
) -> tuple[transformer.Transformer, list[float]]:
    """A net, and its mean training loss over every `every` steps. All kinds start alike and see the same batches."""
    with train.seeded(seed) as generator:
        sizes = (settings.d_model, settings.heads, settings.d_ff, settings.layers)
        model = transformer.Transformer(len(translation.vocabulary()), *sizes, norm_first=kind == PRE)
        optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9, fused=True)
        losses = []
        chosen = train.minibatches(len(pairs.source), settings.batch, settings.steps, generator)
        for step, rows in enumerate(chosen, start=1):
            target = pairs.target[rows]
            loss = transformer.loss(model(pairs.source[rows], transformer.shifted(target)), target, 0.1)
            optimizer.param_groups[0]["lr"] = rate(kind, step, settings)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    parts = [losses[at : at + settings.every] for at in range(0, settings.steps, settings.every)]
    return model.eval(), [sum(part) / len(part) for part in parts]


def figure(result: Result, dark: bool = False) -> Figure:
    """Training loss along the steps, and exact match at the end."""
    numbers, setup = result["numbers"], result["setup"]
    with figures.style(dark) as theme:
        drawn, (top, bottom) = figures.panels((2.8, 2.4))
        for place, (kind, label) in enumerate(LABELS.items()):
            found = numbers["loss"][kind]
            shown = {"color": theme.colours[place], "marker": figures.MARKERS[place], "label": label}
            top.errorbar(setup["steps"], found["mean"], yerr=found["std"], **shown)
        top.set(xlabel="Step of training", ylabel="Training loss (nats a word)", title="Four nets, one task")
        top.legend(loc="lower center", bbox_to_anchor=(0.45, 1.1), ncols=2)
        mean, std = ([100 * numbers["exact"][kind][key] for kind in LABELS] for key in ("mean", "std"))
        bottom.bar(range(len(LABELS)), mean, 0.6, yerr=std, color=theme.colours[:4], ecolor=theme.ink, capsize=3)
        ticks = [label.replace(", ", ",\n") for label in LABELS.values()]
        bottom.set_xticks(range(len(LABELS)), ticks, fontsize=9)
        bottom.set(ylabel="Exactly right (%)", ylim=(0, 104), title="New sentences, at the end")
        bottom.grid(axis="x", visible=False)
    return drawn


def summary(result: Result) -> dict[str, str]:
    """What a page may quote; shares are mean ± standard deviation over the seeds."""
    numbers, settings = result["numbers"], result["settings"]
    return {
        **{kind: percent(numbers["exact"][kind]) for kind in LABELS},
        **{f"loss_{kind}": f"{numbers['loss'][kind]['mean'][-1]:.2f}" for kind in LABELS},
        "layers": str(settings["layers"]),
        "peak": f"{settings['peak']:g}",
        "half": f"{settings['peak'] / 2:g}",
        "steps": str(settings["steps"]),
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Training loss against the step for four nets, and bars of how many new sentences they translate "
        f"exactly. {_verdict(result)}",
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    exact = {kind: result["numbers"]["exact"][kind]["mean"] for kind in LABELS}
    told = {kind: percent(result["numbers"]["exact"][kind]) for kind in LABELS}
    needed = exact[BARE] < exact[POST] / 2
    parts = [
        f"Post-norm with the warm-up: {told[POST]} exact; without it, at the same rate: {told[BARE]}.",
        "The warm-up made the difference." if needed else "The warm-up did not make the difference that was claimed.",
        f"Pre-norm without a warm-up: {told[PRE]}.",
        "It needs none." if exact[PRE] > 0.8 * exact[POST] else "It would have needed one as well.",
    ]
    if exact[SLOW] > exact[BARE] + 0.1:
        parts.append(
            f"At half the rate post-norm learns without a warm-up too, {told[SLOW]}: what the warm-up buys is a larger "
            "rate."
        )
    else:
        parts.append(f"Half the rate does not help post-norm without a warm-up: {told[SLOW]}.")
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings = result["settings"]
    return (
        f"The grammar and the training of K10, with {settings['layers']} + {settings['layers']} layers, d_model "
        f"{settings['d_model']}, {settings['heads']} heads, d_ff {settings['d_ff']}, batches of {settings['batch']} "
        f"and {settings['steps']} steps only. The rate rises for {settings['warmup']} steps to {settings['peak']:g} "
        "and then falls with the root of the step; or it is at its peak from the first step to the "
        f"{settings['warmup']}th, and falls in the same way. All four nets of a seed start with the same weights and "
        "see the same batches. Above, the mean loss since the point before, label smoothing included. Seeds "
        f"{', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("ch08_warmup")
