"""K10: a small Transformer, all of the paper's architecture, learns to translate; and what its heads look at."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from experiments import figures, ledger, models, train, transformer, translation
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "A Transformer learns to translate"
CLAIM = (
    "A small encoder-decoder Transformer, the paper's architecture with its loss and its schedule, learns to translate "
    "a small grammar from English into French on one CPU core within a minute: at least 99 % of new sentences exactly. "
    "Heads between decoder and encoder learn which word belongs to which, although nobody tells them."
)
AGAINST = (
    "Less than 99 % of new sentences exact for any seed, or more than a minute; or no head that gives the English word "
    "which a French word belongs to clearly more than an equal share."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The training of one model for each seed; every seed draws its own sentences."""

    seeds: tuple[int, ...] = (0, 1, 2)
    sentences: int = 8000
    test_sentences: int = 500
    d_model: int = 48
    heads: int = 4
    d_ff: int = 192
    layers: int = 2
    batch: int = 64
    steps: int = 800
    every: int = 100
    apart: int = 25
    warmup: int = 300
    smoothing: float = 0.1


DEFAULT = Settings()
QUICK = Settings(
    sentences=300,
    test_sentences=40,
    d_model=16,
    heads=2,
    d_ff=32,
    layers=1,
    batch=16,
    steps=40,
    every=20,
    apart=4,
    warmup=10,
)
CHECKPOINTS = 5
ALONE, EQUAL = "best head", "equal shares"


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k10", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Exact match and loss over the steps of training, and the shares that heads give to the word that belongs."""
    found: dict[str, list[Any]] = {"loss": [], "exact": [], ALONE: [], EQUAL: []}
    seconds, words = [], translation.vocabulary()
    for done, seed in enumerate(settings.seeds):
        started = time.process_time()
        pairs = translation.corpus(settings.sentences, settings.test_sentences, seed)
        model, curve = learned(settings, pairs, seed, _told(report, done, settings))
        seconds.append(time.process_time() - started)
        found["exact"].append([exact for exact, _ in curve])
        found["loss"].append([loss for _, loss in curve])
        shares, equal = shares_of_aligned(model, pairs)
        found[ALONE].append([float(by_head.max()) for by_head in shares])
        found[EQUAL].append(equal)
    return {
        "setup": {
            "steps": [settings.every * (at + 1) for at in range(settings.steps // settings.every)],
            "parameters": models.count_parameters(model),
            "counted": ledger.parameters(len(words), settings.d_model, settings.d_ff, settings.layers, settings.heads),
            "vocabulary": len(words),
            "kinds": list(translation.KINDS),
            "seconds": round(sum(seconds) / len(seconds), 1),
            "new_sentences": len(pairs.new),
        },
        "numbers": {name: spread(rows) for name, rows in found.items()},
    }


def _told(report: Report, done: int, settings: Settings) -> Callable[[float], None]:
    """Tells how far all seeds are, from how far the one after `done` others is."""
    return lambda share: report((done + share) / len(settings.seeds), f"seed {settings.seeds[done]}")


def learned(
    settings: Any, pairs: translation.Corpus, seed: int, report: Callable[[float], None] = lambda share: None
) -> tuple[transformer.Transformer, list[tuple[float, float]]]:
    """A trained model, and at every `every` steps the exact match on new sentences and the mean loss since the last.

    As in the paper the model at the end is the mean of the last checkpoints, which are `apart` steps apart.
    """
    with train.seeded(seed) as generator:
        model = transformer.Transformer(
            len(translation.vocabulary()), settings.d_model, settings.heads, settings.d_ff, settings.layers
        )
        optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)
        curve, losses, kept = [], [], []
        chosen = train.minibatches(len(pairs.source), settings.batch, settings.steps, generator)
        for step, rows in enumerate(chosen, start=1):
            source, target = pairs.source[rows], pairs.target[rows]
            scores = model(source, transformer.shifted(target))
            loss = transformer.loss(scores, target, settings.smoothing)
            optimizer.param_groups[0]["lr"] = transformer.noam_rate(step, settings.d_model, settings.warmup)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if step % settings.apart == 0:
                kept = [*kept, {name: value.clone() for name, value in model.state_dict().items()}][-CHECKPOINTS:]
            if step == settings.steps:
                model.load_state_dict({name: sum(each[name] for each in kept) / len(kept) for name in kept[0]})
            if step % settings.every == 0:
                exact = transformer.exact(model, pairs.new_source, pairs.new_target)
                curve.append((exact, sum(losses[-settings.every :]) / settings.every))
                report(step / settings.steps)
    return model.eval(), curve


@torch.no_grad()
def shares_of_aligned(model: transformer.Transformer, pairs: translation.Corpus) -> tuple[Tensor, list[float]]:
    """By kind and head between decoder and encoder: the mean share of the word that belongs; and an equal share.

    The first is (kind, head), the heads of all layers side by side.
    """
    looked: list[Tensor] = []
    memory = model.encode(pairs.new_source)
    model.decode(transformer.shifted(pairs.new_target), memory, pairs.new_source, [], looked)
    every = torch.cat(looked, dim=1)  # (sentence, head, query, key)
    sums = {kind: torch.zeros(every.shape[1]) for kind in translation.KINDS}
    equal, count = dict.fromkeys(translation.KINDS, 0.0), dict.fromkeys(translation.KINDS, 0)
    for row, (english, french) in enumerate(pairs.new):
        for query, key, kind in translation.alignment(english, french):
            sums[kind] += every[row, :, query, key]
            equal[kind] += 1 / len(english)
            count[kind] += 1
    kinds = translation.KINDS
    return torch.stack([sums[kind] / max(1, count[kind]) for kind in kinds]), [
        equal[kind] / max(1, count[kind]) for kind in kinds
    ]


def figure(result: Result, dark: bool = False) -> Figure:
    """Exact match against steps of training; and the share of the word that belongs, by kind."""
    numbers, setup = result["numbers"], result["setup"]
    with figures.style(dark) as theme:
        drawn, (top, bottom) = figures.panels((2.7, 3.0))
        exact = numbers["exact"]
        top.errorbar(
            setup["steps"],
            [100 * value for value in exact["mean"]],
            yerr=[100 * value for value in exact["std"]],
            color=theme.colours[0],
            marker="o",
        )
        top.axhline(99, color=theme.ink, linewidth=0.9, linestyle=":")
        top.text(setup["steps"][0], 94, "99 %", fontsize=9, ha="left", va="top")
        top.set(xlabel="Step of training", ylabel="Exactly right (%)", ylim=(0, 104), title="New sentences")
        _bars(bottom, numbers, setup["kinds"], theme)
    return drawn


def _bars(axes: Axes, numbers: dict[str, Any], kinds: list[str], theme: figures.Theme) -> None:
    for shift, name, colour in ((-0.2, ALONE, theme.colours[0]), (0.2, EQUAL, theme.colours[4])):
        mean, std = ([100 * value for value in numbers[name][key]] for key in ("mean", "std"))
        places = [place + shift for place in range(len(kinds))]
        axes.bar(places, mean, 0.38, yerr=std, color=colour, label=name, ecolor=theme.ink, capsize=3)
    names = [kind.replace("adjective ", "adjective\n") for kind in kinds]
    axes.set_xticks(range(len(kinds)), names, fontsize=8.5)
    axes.set(ylabel="Share of the word\nthat belongs (%)", ylim=(0, 104), title="What a head looks at")
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper right", bbox_to_anchor=(1.02, 1.2), ncols=2, handlelength=1.2, columnspacing=1.2)


def summary(result: Result) -> dict[str, str]:
    """What a page may quote; shares are mean ± standard deviation over the seeds."""
    numbers, setup = result["numbers"], result["setup"]
    kinds = {f"share_{kind.replace(' ', '_')}": percent(numbers[ALONE], at) for at, kind in enumerate(setup["kinds"])}
    early = next((at for at, mean in enumerate(numbers["exact"]["mean"]) if mean >= 0.9), -1)
    return kinds | {
        "exact": percent(numbers["exact"], -1),
        "exact_worst": f"{100 * min(curve[-1] for curve in numbers['exact']['by_seed']):.1f} %",
        "loss": f"{numbers['loss']['mean'][-1]:.2f}",
        "early": f"{setup['steps'][early]}",
        "early_seconds": f"{setup['seconds'] * setup['steps'][early] / setup['steps'][-1]:.0f}",
        "equal": f"{100 * min(numbers[EQUAL]['mean']):.0f} to {100 * max(numbers[EQUAL]['mean']):.0f} %",
        "seconds": f"{setup['seconds']:.0f}",
        "steps": f"{setup['steps'][-1]:,}",
        "parameters": f"{setup['parameters']:,}",
        "vocabulary": str(setup["vocabulary"]),
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "A curve of exactly right translations against the step of training, and bars of the share that the "
        f"best head gives to the word that belongs, by kind of word. {_verdict(result)}",
    }


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    numbers, setup = result["numbers"], result["setup"]
    last = [curve[-1] for curve in numbers["exact"]["by_seed"]]
    parts = [
        f"After {setup['steps'][-1]:,} steps, {setup['seconds']:.0f} CPU-seconds a model, "
        f"{percent(numbers['exact'], -1)} of new sentences are exactly right, {100 * min(last):.1f} % for the worst "
        "seed.",
        "The claim holds." if min(last) >= 0.99 and setup["seconds"] <= 60 else "That is less than was claimed.",
    ]
    clear = [
        kind
        for kind, best, equal in zip(setup["kinds"], numbers[ALONE]["mean"], numbers[EQUAL]["mean"], strict=True)
        if best > 2 * equal
    ]
    parts.append(
        "For every kind of word there is a head that gives the word which belongs more than twice an equal share."
        if len(clear) == len(setup["kinds"])
        else f"More than twice an equal share goes to the word that belongs for: {', '.join(clear) or 'no kind'}; for "
        "the other kinds no head does that."
    )
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings, setup = result["settings"], result["setup"]
    return (
        f"A grammar of our own makes {settings['sentences']:,} English sentences with their French translation for "
        f"training and {setup['new_sentences']} others for the test, none of which is among the first; "
        f"{setup['vocabulary']} words of both languages and marks in one vocabulary. A Transformer as published "
        f"(post-norm, tied table, sinusoidal positions; no dropout): {settings['layers']} + {settings['layers']} "
        f"layers, d_model {settings['d_model']}, {settings['heads']} heads, d_ff {settings['d_ff']}, "
        f"{setup['parameters']:,} parameters. Label smoothing {settings['smoothing']}, Adam with the paper's schedule "
        f"and {settings['warmup']} steps of warm-up, batches of {settings['batch']}, {settings['steps']:,} steps, one "
        f"thread; at the end the mean of the last {CHECKPOINTS} checkpoints, {settings['apart']} steps "
        "apart. Greedy decoding; a translation counts if every word is right. Attention: with the right translation "
        "as what was written so far, the share that a head gives the English word which the next French word belongs "
        f"to, for the best of {settings['layers'] * settings['heads']} heads. Seeds "
        f"{', '.join(map(str, result['seeds']))}, each with sentences of its own."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k10")
