"""The demos of ch06_attention: told that elements relate.

>>> from explorables import ch06_attention as demos
>>> demos.who_attends()             # a trained model reads a sentence of yours: who attends to whom
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import explore, steps, style, toggle, widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo

# ---- type a sentence ----

EXAMPLES = (
    "today the old dog followed a cat to the park",
    "the old dog followed a cat to the park today",
    "a cat followed the old dog to the park today",
    "the young queen saw a hungry fox near the river",
    "sometimes a small robot walked to the market",
    "the girl tonight met the brown horse",
)


def who_attends() -> Widget:
    """The signature demo: both models run in the browser, with the weights of `experiments.weights`."""
    return widget(
        "widgets/who_attends.js",
        css="widgets/who_attends.css",
        data=sentence_data(),
        preview=read_sentence,
        alt="A sentence that can be typed over and whose words can be moved; under each word, how much attention the "
        "chosen word gives it and which word the model says it belongs to; and all shares of a head as a matrix.",
        caption="A trained model of two layers and four heads says of every word which other word it belongs to. "
        "Choose a word: the bluer another one, the more of its attention it gets. All of it is computed here, as you "
        "type.",
        try_this="Drag *today* to the end, or move it with the buttons: does any answer change? Then exchange *dog* "
        "and *cat* and ask *followed*. Switch the positions off, and exchange them again.",
    )


def sentence_data() -> dict[str, Any]:
    """What the demo needs: the words, and the trained tensors of the models with and without positions."""
    from experiments.weights import demo_weights

    tensors, told = demo_weights("sentences")
    training = told["training"]
    return {
        "words": told["words"],
        "tensors": {name: tensor.numpy() for name, tensor in tensors.items()},
        "sizes": {"layers": training["layers"], "heads": training["heads"], "longest": 16},
        "examples": list(EXAMPLES),
        "start": 4,
        "layer": 1,
        "head": training["heads"],
    }


def read_sentence() -> Figure:
    """The shares of the first example, mean over the heads of the last layer, for readers without JavaScript."""
    import torch
    from matplotlib import pyplot as plt

    from experiments.sentences import NUMBER

    words = EXAMPLES[0].split()
    with torch.no_grad():
        _, shares = trained_model(positions=True)(torch.tensor([[NUMBER[word] for word in words]]))
    figure, axes = plt.subplots(figsize=(style.WIDTH, 4.4))
    _matrix(axes, shares[-1][0].mean(0).numpy(), words, words)
    return figure


def trained_model(positions: bool) -> Any:
    """The model of the demo as a module of torch."""
    from experiments.sentences import SENTENCES, WordModel
    from experiments.weights import demo_weights

    tensors, _ = demo_weights("sentences")
    name = "placed." if positions else "bare."
    model = WordModel(SENTENCES, positions)
    model.load_state_dict({key.removeprefix(name): value for key, value in tensors.items() if key.startswith(name)})
    return model.eval()


def sentence_models() -> dict[str, dict[str, Any]]:
    """Of the model with positions ("placed") and without ("bare"): parameters, and accuracy on new sentences."""
    from experiments.weights import demo_weights

    return demo_weights("sentences")[1]["models"]


def _matrix(axes: Axes, shares: np.ndarray, queries: list[str], keys: list[str]) -> None:
    """Shares as cells, rows the queries."""
    axes.imshow(shares, vmin=0, vmax=1, cmap=style.SEQUENTIAL)
    axes.set_xticks(range(len(keys)), keys, rotation=90 if max(map(len, keys)) > 3 else 0)
    axes.set_yticks(range(len(queries)), queries)
    axes.set(xlabel="key", ylabel="query")
    axes.tick_params(length=0)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Shares along the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


# ---- a query among keys ----

KEYS = np.array([[2.0, 0.4], [0.6, 2.2], [-1.8, 1.2], [-1.0, -2.0], [1.6, -1.6]])
VALUES = np.array([8.0, 3.0, 6.0, 1.0, 5.0])
QUERY = np.array([1.4, -0.5])


def asked(pointing: np.ndarray) -> tuple[np.ndarray, float]:
    """Shares of the five keys, and the answer, for a query in the plane."""
    shares = softmax(KEYS @ pointing / np.sqrt(2))
    return shares, float(shares @ VALUES)


def query_and_shares() -> Figure:
    """Five keys in the plane, a query, and the shares of the keys, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    shares, answer = asked(QUERY)
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.9), width_ratios=(1.25, 1))
    for place, (key, share) in enumerate(zip(KEYS, shares, strict=True)):
        left.plot([0, key[0]], [0, key[1]], color=style.GREY, linewidth=1)
        left.scatter(*key, s=60 + 500 * share, color=style.BLUE, alpha=0.85)
        left.text(*(1.5 * key), f"k{place}", ha="center", va="center")
    left.annotate("", QUERY, (0, 0), arrowprops={"arrowstyle": "-|>", "color": style.ORANGE, "linewidth": 2.2})
    left.set(xlim=(-4.2, 4.2), ylim=(-4.2, 4.2), xticks=[], yticks=[], aspect="equal")
    left.spines[:].set_visible(False)
    left.set_title("query (orange), keys", loc="left")
    right.barh(range(len(KEYS)), 100 * shares, color=style.BLUE)
    right.set_yticks(range(len(KEYS)), [f"k{place}, v = {value:.0f}" for place, value in enumerate(VALUES)])
    right.invert_yaxis()
    right.set(xlim=(0, 100), xlabel="share / %")
    right.set_title(f"answer {answer:.2f}", loc="left")
    return figure


def query_among_keys() -> Widget:
    """Drag a query among five keys: who gets how much, and what comes out."""
    return widget(
        "widgets/drag_query.js",
        css="widgets/drag_query.css",
        data={"keys": KEYS.tolist(), "values": VALUES.tolist(), "query": QUERY.tolist()},
        preview=query_and_shares,
        alt="A plane with a query and five keys that can be dragged or moved with the arrow keys, the share of every "
        "key as a bar, and the answer: the mean of the values, weighted by the shares.",
        caption="The direction of the query decides *which* key gets most; its length decides *how much more*. A key "
        "is drawn the larger, the larger its share; the dotted ring has radius 2.",
        try_this="Drag the query until the answer is more than 7, then until it is nearly 1. What is the answer when "
        "the query lies in the middle? Can you make it 9, by moving the keys too?",
    )


# ---- scale and saturation ----

WIDTHS = (2, 8, 32, 128, 512)
ASKED = 12


@lru_cache(maxsize=1)
def _random_scores() -> dict[int, np.ndarray]:
    """For every d_head, dot products of 400 random queries with 12 random keys each: (query, key)."""
    random = np.random.default_rng(5)
    return {
        width: np.einsum("qd,qkd->qk", random.normal(size=(400, width)), random.normal(size=(400, ASKED, width)))
        for width in WIDTHS
    }


def saturation(d_head: int, scaled: bool) -> tuple[np.ndarray, float, float]:
    """Mean shares, the largest first; the mean largest share; and the mean size of the gradient of that share."""
    shares = np.sort(softmax(_random_scores()[d_head] / (np.sqrt(d_head) if scaled else 1)))[:, ::-1]
    return shares.mean(0), float(shares[:, 0].mean()), float((shares[:, 0] * (1 - shares[:, 0])).mean())


def shares_by_width(d_head: int, scaled: bool) -> Figure:
    """Mean shares of twelve random keys, the largest first: d_head {d_head}, division by its root {scaled}."""
    from matplotlib import pyplot as plt

    shares, largest, gradient = saturation(d_head, scaled)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 2.9))
    axes.bar(range(1, ASKED + 1), 100 * shares, color=style.BLUE if scaled else style.ORANGE)
    axes.axhline(100 / ASKED, color=style.INK, linewidth=0.9, linestyle=":")
    axes.set(ylim=(0, 100), xlabel="key, by its share", ylabel="mean share / %", xticks=range(1, ASKED + 1))
    axes.set_title(f"largest {100 * largest:.0f} %, its gradient {gradient:.3f}", loc="left")
    return figure


def scale_slider() -> Demo:
    """Why the root: longer vectors make larger scores, and larger scores make a softmax decide too early."""
    return explore(
        shares_by_width,
        d_head=steps(WIDTHS, label="d_head", start=32),
        scaled=toggle(label="Divide by the root of d_head"),
        alt=lambda d_head, scaled: (
            f"d_head {d_head}, {'divided by its root' if scaled else 'not divided'}: the largest of {ASKED} shares is "
            f"{100 * saturation(d_head, scaled)[1]:.0f} % on average, its gradient {saturation(d_head, scaled)[2]:.3f}."
        ),
        caption="400 random queries, each with twelve random keys of its own; every number has variance 1. The "
        "gradient is that of the largest share by its own score, $A(1 - A)$. The dotted line is an equal share.",
        try_this="Go from 2 to 512 without the division, then with it. Which of the two can still be taught at 512?",
    )


# ---- masks ----

N = 6
FILLED = 4
MASKS = {
    "everyone": np.ones((N, N), bool),
    "not the future": np.tril(np.ones((N, N), bool)),
    f"not the filling ({FILLED} words)": np.tile(np.arange(N) < FILLED, (N, 1)),
    "neither": np.tril(np.ones((N, N), bool)) & (np.arange(N) < FILLED),
    "two places away at most": np.abs(np.subtract.outer(np.arange(N), np.arange(N))) <= 2,
}
START = "not the future"
SCORES = np.random.default_rng(2).normal(size=(N, N)).round(2)


def masked(mask: np.ndarray, early: bool) -> np.ndarray:
    """Shares of the scores under a mask that is applied before the softmax (early) or, wrongly, after it."""
    return softmax(np.where(mask, SCORES, -np.inf)) if early else softmax(SCORES) * mask


def mask_and_shares() -> Figure:
    """The shares under a causal mask, and what each row adds up to, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    shares = masked(MASKS[START], early=True)
    names = [str(place) for place in range(N)]
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.6))
    _matrix(axes, shares, names, names)
    for row, column in zip(*np.nonzero(~MASKS[START]), strict=True):
        axes.text(column, row, "✕", ha="center", va="center", color="white", fontsize=11)
    for place, total in enumerate(shares.sum(1)):
        axes.text(N - 0.3, place, f"sum {100 * total:.0f} %", va="center", fontsize=10)
    return figure


def paint_mask() -> Widget:
    """Click on cells: who may look at whom, and what goes wrong when the mask comes too late."""
    return widget(
        "widgets/paint_mask.js",
        css="widgets/paint_mask.css",
        data={
            "scores": SCORES.tolist(),
            "masks": {name: mask.tolist() for name, mask in MASKS.items()},
            "start": START,
        },
        preview=mask_and_shares,
        alt="A table of six queries by six keys. Each cell shows the share, in percent, that the query gives the key; "
        "a click forbids or allows it. Behind each row stands what it adds up to.",
        caption="Rows ask, columns are asked; crosses are forbidden. The six by six scores stay the same all the time.",
        try_this="Which mask would you need to write a text word by word, in a batch of texts of different lengths? "
        "Apply it after the softmax, and look at the sums. Then forbid a whole row.",
    )


# ---- heads as a convolution ----

TAPS = (-1, 0, 1)
KERNEL = np.array([-1.0, 2.0, -1.0])
PLACES, CLOCKS = 14, 32


def positions(n: int, d: int) -> np.ndarray:
    """Sinusoidal positions, (position, d)."""
    angles = np.arange(n)[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(n, d)


def turned(waves: np.ndarray, by: int) -> np.ndarray:
    """Every clock of `waves` (position, d) turned on by so many positions: a linear map."""
    d = waves.shape[1]
    angles = by * 10000.0 ** (-np.arange(0, d, 2) / d)
    sines, cosines = waves[:, 0::2], waves[:, 1::2]
    new = [sines * np.cos(angles) + cosines * np.sin(angles), cosines * np.cos(angles) - sines * np.sin(angles)]
    return np.stack(new, -1).reshape(waves.shape)


def head(tap: int, sharpness: float) -> np.ndarray:
    """The shares of a head that asks, by position alone, for the place `tap` further on: (query, key)."""
    waves = positions(PLACES, CLOCKS)
    return softmax(sharpness * turned(waves, tap) @ waves.T)


def heads_and_convolution(sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """What three heads give, and what the convolution gives, inside the signal: (place,) each."""
    signal = np.random.default_rng(3).normal(size=PLACES).cumsum()
    heads = sum(weight * head(tap, sharpness) @ signal for weight, tap in zip(KERNEL, TAPS, strict=True))
    return heads[1:-1], np.convolve(signal, KERNEL[::-1], "valid")


def heads_like_kernel(sharpness: float) -> Figure:
    """Three heads that ask for the place before, the place itself and the place after, sharpness {sharpness}."""
    from matplotlib import pyplot as plt

    ours, theirs = heads_and_convolution(sharpness)
    figure = plt.figure(figsize=(style.WIDTH, 4.3))
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 1.1))
    for column, (tap, weight) in enumerate(zip(TAPS, KERNEL, strict=True)):
        axes = figure.add_subplot(grid[0, column])
        axes.imshow(head(tap, sharpness), vmin=0, vmax=1, cmap=style.SEQUENTIAL)
        axes.set(xticks=[0, 5, 10], yticks=[0, 5, 10], xlabel="key", ylabel="" if column else "query")
        axes.set_title(f"{tap:+d}, times {weight:g}".replace("-", "−").replace("+0", "0"), fontsize=11)
    axes = figure.add_subplot(grid[1, :])
    axes.plot(range(1, PLACES - 1), theirs, "o-", color=style.GREY, label="convolution", markersize=8)
    axes.plot(range(1, PLACES - 1), ours, "s-", color=style.ORANGE, label="three heads", markersize=4)
    axes.set(xlabel="place", ylabel="output", ylim=(-5, 5))
    axes.set_title(f"largest difference {np.abs(ours - theirs).max():.2g}", loc="left")
    axes.legend(loc="upper right", ncols=2)
    return figure


def heads_as_convolution() -> Demo:
    """With a head for each weight of the kernel, attention can be a convolution."""
    return explore(
        heads_like_kernel,
        sharpness=steps([0, 0.5, 1, 2, 5, 20, 100], label="Sharpness of the softmax", start=1),
        alt=lambda sharpness: (
            f"Sharpness {sharpness:g}: three heads and a convolution with kernel -1, 2, -1 differ by at most "
            f"{np.abs(np.subtract(*heads_and_convolution(sharpness))).max():.2g}."
        ),
        play="sharpness",
        caption="Above, the shares of three heads whose queries are the positions, turned by −1, 0 and +1 steps. "
        "Below, the sum of the three, weighted by the kernel (−1, 2, −1), beside the convolution with that kernel.",
        try_this="At which sharpness can you no longer tell the two curves apart? What are the three heads at "
        "sharpness 0, and what is their sum then?",
    )


# ---- what a layer costs ----

LAYERS = ("self-attention", "restricted", "recurrent", "convolution")


def costs(n: int, d: int, k: int, r: int) -> dict[str, tuple[int, int, int]]:
    """By layer: FLOPs, operations that must wait for one another, longest path when layers are stacked.

    Windows that are stacked are contiguous.
    """
    r = min(r, n)
    return {
        "self-attention": (4 * n * n * d, 1, 1),
        "restricted": (4 * r * n * d, 1, -(-(n - 1) // (r - 1))),
        "recurrent": (4 * n * d * d, n, n),
        "convolution": (2 * k * n * d * d, 1, -(-(n - 1) // (k - 1))),
    }


def dilated_path(n: int, k: int) -> int:
    """The longest path through dilated convolutions: as many layers as it takes until k^layers reaches n."""
    return next(layers for layers in range(1, n + 1) if k**layers >= n)


def in_words(flops: int) -> str:
    """Three digits and a unit: 33 k, 4.2 M, 68.7 G."""
    size, unit = next((size, unit) for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if flops >= size)
    return f"{flops / size:.3g} {unit}"


def bill(n: int, d: int, k: int, r: int) -> Figure:
    """What four layers cost: n {n}, d {d}, k {k}, r {r}."""
    from matplotlib import pyplot as plt

    found = costs(n, d, k, r)
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.0))
    cheapest = min(flops for flops, _, _ in found.values())
    for row, (flops, chain, path) in enumerate(found[layer] for layer in LAYERS):
        axes.barh(row, flops, left=1, color=style.BLUE if flops == cheapest else style.GREY, height=0.55)
        words = f"{in_words(flops)}, steps {chain:,}, path {path:,}"
        words += f" (dilated {dilated_path(n, k)})" if LAYERS[row] == "convolution" else ""
        axes.text(1.3e4, row - 0.42, words, fontsize=10, va="center")
    axes.set_yticks(range(len(LAYERS)), LAYERS)
    axes.set(xscale="log", xlim=(1e4, 1e11), xlabel="FLOPs of one layer", ylim=(len(LAYERS) - 0.5, -0.75))
    return figure


def what_it_costs() -> Demo:
    """Move n, d, k and r, and see which layer is cheapest and how far a signal travels."""
    return explore(
        bill,
        n=steps([16, 64, 256, 1024, 4096], label="Positions n", start=64),
        d=steps([64, 256, 1024], label="Numbers of each d", start=256),
        k=steps([3, 9], label="Kernel k"),
        r=steps([8, 32], label="Window r"),
        alt=lambda n, d, k, r: (
            f"n {n}, d {d}, k {k}, r {r}. "
            + "; ".join(
                f"{layer}: {flops:,} FLOPs, {chain:,} steps, path {path:,}"
                for layer, (flops, chain, path) in costs(n, d, k, r).items()
            )
            + f", or {dilated_path(n, k)} when dilated."
        ),
        caption="Blue is the cheapest in FLOPs (linear maps of attention not counted, as in the paper). *Steps* must "
        "wait for one another; *path* is the way of a signal from the first to the last position, in operations, which "
        "is shorter for dilated convolutions.",
        try_this="For each d, up to which n is self-attention no dearer than the recurrent layer? Make n large: what "
        "does dilation do to the path of the convolution? And which number would you look at on a machine with a "
        "thousand cores?",
    )
