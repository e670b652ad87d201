"""K7: does a sentence survive when its words move? Attention, convolution and a fully connected net."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import figures, models, readers, train
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "A phrase that moves, and an order that matters"
CLAIM = (
    "Self-attention without positions is permutation-equivariant, exactly; with positions, word order matters. And a "
    "phrase that moves from the front of a sentence to its end costs attention little and a fully connected net nearly "
    "everything."
)
AGAINST = (
    "A permutation error above rounding without positions; attention without positions that tells who saw whom; or "
    "attention that loses the moved sentences as the fully connected net does; or a fully connected net that keeps "
    "them."
)

ANIMALS = ("dog", "cat", "bird", "horse", "fox", "hare", "goat", "mouse")
PLACES = ("park", "river", "house", "garden", "market", "school", "forest", "bridge")
PHRASES = ("today", "yesterday", "this morning", "last night")
GOING, SEEING = ("went", "ran", "came", "walked"), ("saw", "met", "followed", "heard")
WORDS = ("-", "the", "to", "this", "morning", "last", "night", "today", "yesterday", *GOING, *SEEING, *ANIMALS, *PLACES)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every net has the parameters of the attention model, as nearly as a whole width allows."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    moving_train: int = 600
    order_train: int = 160
    d_model: int = 32
    heads: int = 4
    batch: int = 64
    rate: float = 3e-3
    steps: int = 400


DEFAULT = Settings()
QUICK = Settings(seeds=(0, 1, 2), d_model=16, heads=2, steps=12)

MLP, CNN, BARE, PLACED = "mlp", "cnn", "attention", "attention_positions"
LABELS = {
    MLP: "fully connected",
    CNN: "convolutional",
    BARE: "attention without positions",
    PLACED: "attention with positions",
}
LENGTH = 8
FRONT, END, MIDDLE = "front", "end", "middle"


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k7", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """By net: accuracy with the phrase in front and moved to the end, and on who saw whom; permutation errors.

    And, trained with the phrase at both ends, accuracy with it in front, at the end and in the middle.
    """
    nets = matched(settings, len(ANIMALS) + len(PLACES) + len(PHRASES))
    kinds = (FRONT, END, "order", *(f"both_{where}" for where in (FRONT, END, MIDDLE)))
    found: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in nets} for kind in kinds}
    errors: dict[str, list[float]] = {name: [] for name in (CNN, BARE, PLACED)}
    for done, seed in enumerate(settings.seeds):
        for place, name in enumerate(nets):
            report((done + place / len(nets)) / len(settings.seeds), f"seed {seed}: {LABELS[name]}")
            seen = _moving(name, settings, seed, (FRONT,))
            for where in (FRONT, END):
                found[where][name].append(seen[where])
            for where, share in _moving(name, settings, seed, (FRONT, END)).items():
                found[f"both_{where}"][name].append(share)
            found["order"][name].append(_order(name, settings, seed))
        for name, values in errors.items():
            values.append(permutation_error(name, settings, seed))
    return {
        "setup": {
            "parameters": {name: models.count_parameters(build()) for name, build in nets.items()},
            "moving_sentences": len(moving_sentences(FRONT)[0]),
            "order_sentences": len(order_sentences()[0]),
            "chance": {
                "moving": 1 / (len(ANIMALS) * len(PLACES) * len(PHRASES)),
                "order": 1 / len(ANIMALS),
                "order_of_two": 0.5,
            },
        },
        "numbers": {
            "accuracy": {kind: {name: spread(values) for name, values in rows.items()} for kind, rows in found.items()},
            "permutation_error": {name: spread(values) for name, values in errors.items()},
        },
    }


def matched(settings: Settings, answers: int) -> dict[str, Callable[[], nn.Module]]:
    """How to build each net, with as many parameters as the attention model."""
    words = len(WORDS)

    def attention(positions: bool) -> Callable[[], nn.Module]:
        return lambda: readers.Attention(words, settings.d_model, settings.heads, answers, positions)

    budget = models.count_parameters(attention(True)())
    hidden = models.matching_width(lambda width: readers.FullyConnected(words, LENGTH, width, answers), budget)
    channels = models.matching_width(lambda width: readers.Convolutional(words, width, answers), budget)
    return {
        MLP: lambda: readers.FullyConnected(words, LENGTH, hidden, answers),
        CNN: lambda: readers.Convolutional(words, channels, answers),
        BARE: attention(False),
        PLACED: attention(True),
    }


def moving_sentences(place: str) -> tuple[Tensor, Tensor]:
    """Every "today the dog went to the park", (sentence, position), in one order, with the phrase at `place`.

    That is `FRONT`, `END` ("the dog went to the park today") or `MIDDLE` ("the dog today went to the park"). With it,
    who, where and when, as classes: (sentence, 3).
    """
    rows, answers = [], []
    kinds = (ANIMALS, GOING, PLACES, PHRASES)
    for who, went, where, when in itertools.product(*kinds):
        acts, goes = f"the {who}", f"{went} to the {where}"
        told = {FRONT: (when, acts, goes), END: (acts, goes, when), MIDDLE: (acts, when, goes)}[place]
        rows.append(numbers(" ".join(told)))
        answers.append([ANIMALS.index(who), PLACES.index(where), PHRASES.index(when)])
    return torch.tensor(rows), torch.tensor(answers)


def order_sentences() -> tuple[Tensor, Tensor]:
    """Every "the dog saw the cat" with two different animals, (sentence, position), and who saw: (sentence,).

    A sentence and its mirror image, "the cat saw the dog", stand one after the other.
    """
    told = [
        (f"the {one} {saw} the {other}", ANIMALS.index(one))
        for pair, saw in itertools.product(itertools.combinations(ANIMALS, 2), SEEING)
        for one, other in (pair, pair[::-1])
    ]
    return torch.tensor([numbers(text) for text, _ in told]), torch.tensor([who for _, who in told])


def numbers(text: str) -> list[int]:
    """The words of a sentence as numbers, filled up with 0 to `LENGTH`."""
    found = [WORDS.index(word) for word in text.split()]
    return found + [0] * (LENGTH - len(found))


def _moving(name: str, settings: Settings, seed: int, told: tuple[str, ...]) -> dict[str, float]:
    """By place of the phrase, the share of new sentences with all three answers right.

    In training the phrase stands at each of the places `told` in turn.
    """
    parts = [len(ANIMALS), len(PLACES), len(PHRASES)]
    sentences = {place: moving_sentences(place)[0] for place in (FRONT, END, MIDDLE)}
    answers = moving_sentences(FRONT)[1]
    with train.seeded(seed) as generator:
        order = torch.randperm(len(answers), generator=generator)
        known, new = order[: settings.moving_train], order[settings.moving_train :]
        net = matched(settings, sum(parts))[name]()
        x = torch.stack([sentences[told[place % len(told)]][number] for place, number in enumerate(known.tolist())])

        def loss(chosen: Tensor) -> Tensor:
            scores = net(x[chosen]).split(parts, dim=1)
            wanted = answers[known][chosen].unbind(1)
            return sum(F.cross_entropy(*pair) for pair in zip(scores, wanted, strict=True))

        _train(net, loss, len(known), settings, generator)
    return {place: _all_right(net, found[new], answers[new], parts) for place, found in sentences.items()}


def _order(name: str, settings: Settings, seed: int) -> float:
    """Share of new sentences for which the net says who saw."""
    x, who = order_sentences()
    with train.seeded(seed) as generator:
        pairs = torch.randperm(len(x) // 2, generator=generator)
        order = torch.stack([2 * pairs, 2 * pairs + 1], dim=1).flatten()
        known, new = order[: settings.order_train], order[settings.order_train :]
        net = matched(settings, len(ANIMALS))[name]()

        def loss(chosen: Tensor) -> Tensor:
            return F.cross_entropy(net(x[known][chosen]), who[known][chosen])

        _train(net, loss, len(known), settings, generator)
    return _all_right(net, x[new], who[new, None], [len(ANIMALS)])


def _train(
    net: nn.Module, loss: Callable[[Tensor], Tensor], examples: int, settings: Settings, generator: torch.Generator
) -> None:
    """Adam with a rate that falls to 0 along half a cosine; `loss` takes the chosen examples."""
    optimizer = torch.optim.Adam(net.parameters(), lr=settings.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for chosen in train.minibatches(examples, settings.batch, settings.steps, generator):
        optimizer.zero_grad()
        loss(chosen).backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def _all_right(net: nn.Module, x: Tensor, answers: Tensor, parts: list[int]) -> float:
    """The share of `x` with every one of its answers right."""
    said = torch.stack([scores.argmax(1) for scores in net(x).split(parts, dim=1)], dim=1)
    return float((said == answers).all(1).double().mean())


@torch.no_grad()
def permutation_error(name: str, settings: Settings, seed: int) -> float:
    """The largest difference, over the positions, that a shuffle of eight words makes; untrained, in float64.

    What is shuffled back is what every position says before the net pools them.
    """
    with train.seeded(seed) as generator:
        net = matched(settings, len(ANIMALS))[name]().double()
        tokens = 1 + torch.randperm(len(WORDS) - 1, generator=generator)[:LENGTH]
        order = torch.randperm(LENGTH, generator=generator)
        return float((net.said(tokens[None, order]) - net.said(tokens[None])[:, order]).abs().max())


def figure(result: Result, dark: bool = False) -> Figure:
    """Accuracy of every net with the phrase in front and moved; and on who saw whom."""
    accuracy = result["numbers"]["accuracy"]
    names = list(LABELS)
    ticks = [LABELS[name].replace("attention ", "attention\n") for name in names]
    with figures.style(dark) as theme:
        drawn, (top, bottom) = figures.panels((3.0, 2.4))
        for kind, label, shift, colour in (
            ("front", "phrase in front, as in training", -0.2, theme.colours[0]),
            ("end", "phrase moved to the end", 0.2, theme.colours[1]),
        ):
            _bars(top, accuracy[kind], shift, colour, theme.ink, label)
        _bars(bottom, accuracy["order"], 0, theme.colours[2], theme.ink)
        chance = 100 * result["setup"]["chance"]["order_of_two"]
        bottom.axhline(chance, color=theme.ink, linewidth=0.9, linestyle=":")
        bottom.text(names.index(BARE), chance + 4, "one of the two", fontsize=9, ha="center")
        for axes, title in ((top, "Who, where and when"), (bottom, "Who saw whom")):
            axes.set(ylabel="All right (%)", ylim=(0, 108), title=title)
            axes.set_xticks(range(len(names)), ticks, fontsize=9)
            axes.grid(axis="x", visible=False)
        top.legend(loc="lower center", bbox_to_anchor=(0.5, 1.12), ncols=2)
    return drawn


def _bars(axes: Axes, found: dict[str, Any], shift: float, colour: str, ink: str, label: str | None = None) -> None:
    """A bar for every net, with its deviation; beside one another when shifted."""
    mean, std = ([100 * found[name][key] for name in LABELS] for key in ("mean", "std"))
    places = [index + shift for index in range(len(LABELS))]
    width = 0.38 if shift else 0.5
    axes.bar(places, mean, width, yerr=std, color=colour, label=label, ecolor=ink, capsize=3)


def summary(result: Result) -> dict[str, str]:
    """What a page may quote; accuracies are mean ± standard deviation over the seeds."""
    accuracy, errors, setup = result["numbers"]["accuracy"], result["numbers"]["permutation_error"], result["setup"]
    quoted = {f"{name}_{kind}": percent(rows[name]) for kind, rows in accuracy.items() for name in LABELS}
    largest = {f"{name}_error": f"{max(found['by_seed']):.1g}" for name, found in errors.items()}
    counts = setup["parameters"].values()
    return (
        quoted
        | largest
        | {
            "parameters": f"{min(counts):,} to {max(counts):,}",
            "seeds": str(len(result["seeds"])),
            "verdict": _verdict(result),
            "setup": _setup(result),
            "alt": "Two bar charts over four nets: share of sentences with who, where and when all right, the phrase "
            f"in front and moved to the end; share right on who saw whom. {_verdict(result)}",
        }
    )


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    accuracy, errors = result["numbers"]["accuracy"], result["numbers"]["permutation_error"]
    front, end, order = ({name: accuracy[kind][name]["mean"] for name in LABELS} for kind in ("front", "end", "order"))
    kept = [name for name in LABELS if end[name] > front[name] - 0.1]
    lost = [name for name in LABELS if end[name] < 0.1]
    parts = [
        "Without positions attention is equivariant up to rounding."
        if max(errors[BARE]["by_seed"]) < 1e-12
        else "Attention without positions is not equivariant: the claim fails.",
        f"The moved sentences are kept, within ten points, by: {_listed(kept)}." if kept else "No net keeps them.",
        f"They are lost by: {_listed(lost)}." if lost else "No net loses them all.",
    ]
    if BARE not in kept or PLACED not in kept or MLP not in lost:
        parts.append("That is not as claimed.")
    if CNN not in kept and CNN not in lost:
        parts.append("The convolutional net keeps a part: its windows see the neighbours too, and those have changed.")
    if order[BARE] <= 0.5 and order[PLACED] > 0.9:
        parts.append("Who saw whom can be told with positions, and without them no better than by guessing of two.")
    else:
        parts.append("On who saw whom, positions did not make the difference that was claimed.")
    return " ".join(parts)


def _listed(names: list[str]) -> str:
    return " and ".join(LABELS[name] for name in names)


def _setup(result: Result) -> str:
    settings, setup = result["settings"], result["setup"]
    return (
        f"{setup['moving_sentences']:,} sentences like “today the dog went to the park” ({len(ANIMALS)} animals, "
        f"{len(GOING)} verbs, {len(PLACES)} places, {len(PHRASES)} phrases of one or two words), "
        f"{settings['moving_train']} for training, the phrase always in front; the others for the test, as they are "
        "and with the phrase at the end. Three answers, counted right if all three are. Second task: "
        f"{setup['order_sentences']} sentences like “the dog saw the cat”, {settings['order_train']} for training; who "
        "saw? A sentence and its mirror image are both for training or both for the test. The first task once more, "
        "with the phrase of every second training sentence at the end. Four nets "
        f"of {min(setup['parameters'].values()):,} to {max(setup['parameters'].values()):,} parameters; "
        f"Adam, {settings['steps']} steps, batches of {settings['batch']}; seeds "
        f"{', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k7")
