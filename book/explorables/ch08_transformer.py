"""The demos of ch08_transformer: everything together.

>>> from explorables import ch08_transformer as demos
>>> demos.translator()              # a trained Transformer translates a sentence of yours, and shows every head
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style, toggle, widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo

# ---- translate a sentence ----

EXAMPLES = (
    "the black cat does not often see the young queen",
    "today my small dogs look at some red flowers",
    "she does not love them",
    "this bird loves a white house tonight",
    "these happy bees do not follow a small mouse",
    "they hear the old king",
)
LONGEST = 16


def translator() -> Widget:
    """The signature demo: encoder and decoder run in the browser, with the weights of `experiments.translator`."""
    return widget(
        "widgets/translate.js",
        css="widgets/translate.css",
        data=translator_data(),
        preview=translated,
        alt="An English sentence that can be typed over; its French translation, word by word with probabilities; "
        "small pictures of the shares of every head in encoder, decoder and between; and the chosen one as a matrix.",
        caption="A Transformer of 2 + 2 layers with 4 heads each translates what you type. Choose a French word to "
        "see what else was likely, choose a head to see whom it asks. All of it is computed here, from the trained "
        "weights.",
        try_this="Make *cat* plural. Make it a *bee*. Take *black* away, or *not*: which French words change, and "
        "which English word does a head look at for *ne* and for *pas*? Then type a sentence that is no sentence.",
    )


def translator_data() -> dict[str, Any]:
    """What the demo needs: the words and the trained tensors, matrices as bytes with a scale for every row."""
    from experiments.weights import demo_weights

    tensors, told = demo_weights("translation")
    training = told["training"]
    return {
        "words": told["words"],
        "english": english_words(),
        "tensors": {name: tensor.numpy() for name, tensor in tensors.items()},
        "sizes": {"layers": training["layers"], "heads": training["heads"], "longest": LONGEST},
        "examples": list(EXAMPLES),
        "start": {"layer": START[0], "head": START[1]},
    }


@lru_cache(maxsize=1)
def english_words() -> list[str]:
    """The English words of the grammar, in alphabetical order."""
    from experiments import translation

    some = random.Random(0)
    return sorted({word for _ in range(2000) for word in translation.sentence(some)[0]})


START = (1, 0)
"""Layer and head that are shown first."""


def trained_model() -> Any:
    """The model of the demo as a module of torch, with the weights as they are stored."""
    from experiments.transformer import Transformer
    from experiments.translator import TRANSLATOR, restore
    from experiments.weights import demo_weights

    tensors, told = demo_weights("translation")
    sizes = TRANSLATOR
    model = Transformer(len(told["words"]), sizes.d_model, sizes.heads, sizes.d_ff, sizes.layers)
    restore(model, tensors)
    return model.eval()


def translator_told() -> dict[str, Any]:
    """What is known of the model of the demo: its parameters, and how many new sentences it translates exactly."""
    from experiments.weights import demo_weights

    return demo_weights("translation")[1]


def translated() -> Figure:
    """The shares of the first example, for readers without JavaScript."""
    import torch
    from matplotlib import pyplot as plt

    from experiments import transformer, translation

    english = EXAMPLES[0].split()
    source, model, looked = translation.numbered([english], end=False), trained_model(), []
    written = transformer.greedy(model, source, LONGEST)
    written = written[:, : int((written > 0).sum())]
    with torch.no_grad():
        model.decode(transformer.shifted(written), model.encode(source), source, [], looked)
    words = translation.vocabulary()
    figure, axes = plt.subplots(figsize=(style.WIDTH, 4.6))
    _matrix(axes, looked[START[0]][0, START[1]].numpy(), ["end" if w == 2 else words[w] for w in written[0]], english)
    return figure


def _matrix(axes: Axes, shares: np.ndarray, queries: list[str], keys: list[str]) -> None:
    """Shares as cells, rows the queries."""
    axes.imshow(shares, vmin=0, vmax=1, cmap=style.SEQUENTIAL)
    axes.set_xticks(range(len(keys)), keys, rotation=90 if max(map(len, keys)) > 3 else 0)
    axes.set_yticks(range(len(queries)), queries)
    axes.set(xlabel="key", ylabel="query")
    axes.tick_params(length=0)


# ---- the schedule ----

TOTAL = 100_000


def rate(step: np.ndarray | float, d_model: int, warmup: int) -> np.ndarray:
    """The paper's rate of learning."""
    step = np.asarray(step, dtype=float)
    return d_model**-0.5 * np.minimum(step**-0.5, step * float(warmup) ** -1.5)


def _peak(d_model: int, warmup: int) -> str:
    return f"{1e4 * float(rate(warmup, d_model, warmup)):.1f}·10⁻⁴"


def schedule(d_model: int, warmup: int) -> Figure:
    """The rate of learning over {warmup} steps of warm-up and beyond, for d_model {d_model}."""
    from matplotlib import pyplot as plt

    at = np.unique(np.geomspace(1, TOTAL, 240).round())
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.1))
    axes.plot(at, rate(at, 512, 4000), color=style.GREY, linestyle="--", label="base model of the paper")
    axes.plot(at, rate(at, d_model, warmup), color=style.BLUE, label="this one")
    axes.plot([warmup], rate(warmup, d_model, warmup), "o", color=style.ORANGE)
    axes.set(xscale="log", yscale="log", ylim=(1e-7, 0.1), xlabel="step", ylabel="rate of learning")
    axes.set_title(f"largest at step {warmup:,}: {_peak(d_model, warmup)}", loc="left")
    axes.legend(loc="lower right")
    return figure


def schedule_curves() -> Demo:
    """A line up, a root down; what wide models and long warm-ups change."""
    return explore(
        schedule,
        d_model=steps([48, 128, 512, 1024], label="d_model", start=512),
        warmup=steps([300, 1000, 4000, 16000], label="Warm-up, steps", start=4000),
        alt=lambda d_model, warmup: (
            f"d_model {d_model}, warm-up {warmup}: the rate rises in proportion to the step up to "
            f"{_peak(d_model, warmup)} at step {warmup}, then falls with the root of the step."
        ),
        caption="Both axes are logarithmic: a straight rise of slope 1, a straight fall of slope −½. The orange point "
        "is the peak, $(d_\\text{model} \\cdot \\text{warmup})^{-1/2}$.",
        try_this="Double the warm-up twice: what happens to the peak, and what to the rate at the last step?",
    )


# ---- the masks ----

ENGLISH = ["the", "cat", "sleeps", "-", "-"]
FRENCH = ["<", "le", "chat", "dort", "-"]
MASKS = ("encoder, to itself", "decoder, to itself", "decoder, to the encoder")


def mask(attention: str, ahead: bool, filling: bool) -> tuple[np.ndarray, list[str], list[str]]:
    """Who may look at whom, (query, key), and the words of both axes; without a rule its mask is left out."""
    queries = ENGLISH if attention == MASKS[0] else FRENCH
    keys = FRENCH if attention == MASKS[1] else ENGLISH
    seen = np.ones((len(queries), len(keys)), bool)
    if attention == MASKS[1] and ahead:
        seen &= np.tril(seen)
    if filling:
        seen &= np.array([word != "-" for word in keys])
    return seen, queries, keys


def masks(attention: str, ahead: bool, filling: bool) -> Figure:
    """Who may look at whom: {attention}."""
    from matplotlib import pyplot as plt

    seen, queries, keys = mask(attention, ahead, filling)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.6))
    axes.imshow(seen, vmin=-0.6, vmax=1.25, cmap="Blues")
    for row, column in np.argwhere(~seen):
        axes.text(column, row, "✕", ha="center", va="center", color=style.ON_COLOUR, fontsize=12)
    axes.set_xticks(range(len(keys)), keys)
    axes.set_yticks(range(len(queries)), queries)
    axes.set(xlabel="key: who is asked", ylabel="query: who asks")
    axes.tick_params(length=0)
    axes.set_title(_counted(seen), loc="left")
    return figure


def _counted(seen: np.ndarray) -> str:
    return f"{int(seen.sum())} of {seen.size} pairs may look"


def mask_gallery() -> Demo:
    """The three attentions of a Transformer and their masks."""
    return explore(
        masks,
        attention=choice(MASKS, label="Attention", start=MASKS[1]),
        ahead=toggle(label="Not ahead", start=True),
        filling=toggle(label="Not the filling", start=True),
        alt=lambda attention, ahead, filling: (
            f"{attention}; causal mask {'on' if ahead else 'off'}, padding mask {'on' if filling else 'off'}: "
            f"{_counted(mask(attention, ahead, filling)[0])}."
        ),
        caption="*The cat sleeps* has three words in a tensor of five, *le chat dort* three and the mark of the "
        "beginning. Crosses are forbidden pairs.",
        try_this="Switch both rules off and on again for each attention. For which of the three does *not ahead* "
        "change nothing, and why?",
    )


# ---- the beam ----

TREE: dict[tuple[str, ...], dict[str, float]] = {
    (): {"le": 0.5, "un": 0.4, "ce": 0.1},
    ("le",): {"chat": 0.4, "chien": 0.35, ">": 0.25},
    ("un",): {"chat": 0.9, "chien": 0.1},
    ("ce",): {"chat": 0.6, ">": 0.4},
    ("le", "chat"): {">": 0.6, "noir": 0.4},
    ("le", "chien"): {">": 0.7, "noir": 0.3},
    ("un", "chat"): {">": 0.5, "noir": 0.5},
    ("un", "chien"): {">": 0.8, "noir": 0.2},
    ("ce", "chat"): {">": 0.7, "noir": 0.3},
}
"""Made-up probabilities of the next word; after *noir* the sentence ends with probability 0.95."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A beginning, its probability, and whether it was kept."""

    words: tuple[str, ...]
    p: float
    kept: bool


def search(beam: int, alpha: float) -> tuple[list[Branch], tuple[str, ...]]:
    """Every extension that was looked at, and the sentence that wins."""
    begun, seen, finished = [((), 1.0)], [], []
    for _ in range(4):
        extended = [
            ((*words, word), p * q)
            for words, p in begun
            for word, q in (TREE.get(words) or {">": 0.95, "dort": 0.05}).items()
        ]
        extended.sort(key=lambda pair: -pair[1])
        seen += [Branch(words, p, place < beam) for place, (words, p) in enumerate(extended)]
        finished += [pair for pair in extended[:beam] if pair[0][-1] == ">"]
        begun = [pair for pair in extended[:beam] if pair[0][-1] != ">"]
        if not begun:
            break
    done = [*finished, *begun]
    return seen, max(done, key=lambda pair: math.log(pair[1]) / ((5 + len(pair[0])) / 6) ** alpha)[0]


def beam_tree(beam: int, alpha: float) -> Figure:
    """A search with a beam of {beam} and a length penalty of strength {alpha}."""
    from matplotlib import pyplot as plt

    seen, best = search(beam, alpha)
    height = _heights([branch.words for branch in seen])
    figure, axes = plt.subplots(figsize=(style.WIDTH, 4.4))
    for branch in seen:
        depth, end = len(branch.words), branch.words[-1] == ">"
        wins = best[:depth] == branch.words
        colour = style.ORANGE if wins else style.BLUE if branch.kept else style.GREY
        before = height[branch.words[:-1]] if depth > 1 else height[()]
        axes.plot(
            [depth - (0.3 if depth > 1 else 0.6), depth - 0.04],
            [before, height[branch.words]],
            color=colour,
            linewidth=2.2 if wins else 1,
        )
        said = "end" if end else branch.words[-1]
        weight = "bold" if wins else "normal"
        axes.text(depth, height[branch.words], f"{said} {branch.p:.2g}", va="center", fontsize=10, weight=weight)
    axes.text(0.36, height[()], "<", va="center", ha="right", fontsize=11)
    axes.set(xlim=(0.2, 4.9), ylim=(-0.7, max(height.values()) + 0.7), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(f"best: {' '.join(best).replace('>', '(end)')}", loc="left")
    return figure


def _heights(seen: list[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
    """Where each beginning stands: leaves one under the other, the others in the middle of theirs."""
    places: dict[tuple[str, ...], float] = {}

    def place(words: tuple[str, ...]) -> float:
        children = [each for each in seen if each[:-1] == words and len(each) == len(words) + 1]
        if words not in places:
            places[words] = sum(map(place, children)) / len(children) if children else float(leaf.pop())
        return places[words]

    leaf = list(range(len(seen)))
    place(())
    lowest = min(places.values())
    return {words: height - lowest for words, height in places.items()}


def beams() -> Demo:
    """Greedy decoding misses the best sentence; a beam of two does not."""
    return explore(
        beam_tree,
        beam=steps([1, 2, 3, 4], label="Beam", start=1),
        alpha=steps([0.0, 0.6, 1.2], label="Length penalty", format=".1f", start=0.6),
        alt=lambda beam, alpha: (
            f"Beam {beam}, length penalty {alpha:g}: {len(search(beam, alpha)[0])} beginnings were looked at, the best "
            f"sentence is {' '.join(search(beam, alpha)[1])}."
        ),
        caption="A tree of beginnings with their probabilities (made up, so that something happens). Blue was kept, "
        "grey was dropped, orange won. A beam of 1 is greedy decoding.",
        try_this="Which beam is the first to find a sentence that begins with *un*? With it, at which length penalty "
        "does the cat turn black?",
    )


# ---- the ledger ----


def ledger_data() -> dict[str, Any]:
    """The rows of the paper's table, and what the sliders may be set to."""
    from experiments import ledger

    def sizes(row: ledger.Row) -> dict[str, int]:
        d_head = row.d_model // row.heads
        keys = {"d_key": d_head if row.d_key is None else row.d_key, "d_value": row.d_value or d_head}
        return {"layers": row.layers, "d_model": row.d_model, "d_ff": row.d_ff, "heads": row.heads, **keys}

    names = {"layers": "layers", "d_model": "d_model", "d_ff": "d_ff", "heads": "heads", "d_key": "d_key"}
    values = {
        "layers": list(range(1, 13)),
        "d_model": [128, 256, 512, 768, 1024],
        "d_ff": [512, 1024, 2048, 4096],
        "heads": [1, 2, 4, 8, 16],
        "d_key": [16, 32, 64, 128],
        "d_value": [16, 32, 64, 128],
        "vocabulary": list(range(30_000, 45_001, 500)),
    }
    labels = names | {"d_value": "d_value", "vocabulary": "vocabulary"}
    return {
        "rows": [{"name": row.name, "stated": row.stated, "sizes": sizes(row)} for row in ledger.TABLE],
        "sliders": [{"name": name, "label": labels[name], "values": given} for name, given in values.items()],
        "vocabulary": ledger.WORDS,
    }


def ledger_bars() -> Figure:
    """The parameters of the paper's base model by part, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    from experiments import ledger

    base = ledger.BASE
    found = ledger.parts(ledger.WORDS, base.d_model, base.d_ff, base.layers, base.heads)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 2.8))
    axes.barh(range(len(found)), [count / 1e6 for count in found.values()], color=style.BLUE)
    axes.set_yticks(range(len(found)), list(found))
    axes.invert_yaxis()
    axes.set(xlabel="parameters / million")
    axes.set_title(f"{sum(found.values()):,} parameters", loc="left")
    return figure


def ledger_sliders() -> Widget:
    """The parameters of the paper's Table 3, counted."""
    return widget(
        "widgets/ledger.js",
        css="widgets/ledger.css",
        data=ledger_data(),
        preview=ledger_bars,
        alt="Sliders for the sizes of a Transformer, buttons for the rows of Table 3 of the paper, the number of "
        "parameters, and a bar for every part of the model.",
        caption="The buttons set the sliders to a row of the paper's Table 3. The vocabulary stays as you leave it: "
        "the paper says *about 37,000*.",
        try_this="Go through the rows with 37,000 words. Then find a vocabulary with which the base model rounds to 65 "
        "million, and go through the rows again: which one does not fit?",
    )
