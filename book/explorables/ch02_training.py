"""The demos of ch02_training: from loss to generalization.

>>> from explorables import ch02_training as demos
>>> demos.roll_ball()               # a ball on a loss surface, by gradient descent, momentum or Adam
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style, widget

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo

# ---- a ball on the loss surface ----

START = (-2.6, 1.2)
VALLEY = (1.0, 20.0)
"""Curvatures of the long valley along x and along y: loss = (x^2 + 20 y^2) / 2."""

RATE, MOMENTUM = -16, 90
"""Where the widget's sliders stand at first: the learning rate is 10 ** (RATE / 10), the momentum MOMENTUM / 100."""


def roll_ball() -> Widget:
    """The signature demo: every step is computed in the browser, as torch.optim computes it."""
    return widget(
        "widgets/roll_ball.js",
        css="widgets/roll_ball.css",
        data={"surface": "a long valley", "method": "gradient descent", "rate": RATE, "momentum": MOMENTUM},
        preview=three_paths,
        alt="A loss surface seen from above, the darker the higher, with a ball that can be dragged or moved with the "
        "arrow keys, and the trail of its steps.",
        caption="The loss of two parameters, seen from above: each band is one ratio of loss. Every dot of the trail "
        "is one step. Drag the ball to begin elsewhere.",
        try_this="Roll it as it stands. Then raise the learning rate one notch at a time: where does the ball begin to "
        "jump across the valley, and where does it fly off the map? Go back one notch and try momentum, then Adam.",
    )


def descend(method: str, rate: float, momentum: float, count: int, start: tuple[float, float] = START) -> np.ndarray:
    """The places of a ball in the long valley after 0, 1, …, `count` steps: (step, 2)."""
    curvature, at = np.array(VALLEY), np.array(start)
    m, v, places = np.zeros(2), np.zeros(2), [at]
    for t in range(1, count + 1):
        gradient = curvature * at
        if method == "Adam":
            m, v = momentum * m + (1 - momentum) * gradient, 0.999 * v + 0.001 * gradient**2
            at = at - rate * (m / (1 - momentum**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        else:
            m = (momentum if method == "momentum" else 0.0) * m + gradient
            at = at - rate * m
        places.append(at)
    return np.array(places)


def valley(places: np.ndarray) -> np.ndarray:
    """The loss of the long valley at places (…, 2)."""
    return places**2 @ np.array(VALLEY) / 2


def three_paths() -> Figure:
    """Sixty steps of each method in the long valley, for readers without JavaScript."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    x, y = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(-2, 2, 81))
    height = valley(np.stack([x, y], axis=-1))
    axes.contour(x, y, np.log2(1 + height), levels=8, colors=style.GREY, linewidths=0.8, linestyles="solid")
    for method, colour, rate in (
        ("gradient descent", style.BLUE, 0.08), ("momentum", style.ORANGE, 0.03), ("Adam", style.GREEN, 0.2)
    ):  # fmt: skip
        places = descend(method, rate, 0.8, 60)
        axes.plot(*places.T, "o-", color=colour, markersize=3, linewidth=1.2, label=f"{method}, rate {rate:g}")
    axes.set(xlabel="first parameter", ylabel="second parameter", xlim=(-3, 3), ylim=(-2, 2))
    axes.legend(loc="lower right", fontsize=10)
    return figure


# ---- the learning rate up to divergence ----

RATES = (0.005, 0.01, 0.02, 0.05, 0.08, 0.09, 0.095, 0.1, 0.105, 0.12)
STEPS = 60


def learning_rate(rate: float, method: str) -> Figure:
    """Loss against step in the long valley: rate {rate}, {method}."""
    from matplotlib import pyplot as plt

    places = descend(method, rate, 0.9, STEPS)
    parts = np.array(VALLEY) * places**2 / 2
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for part, words, colour in zip(
        parts.T, ("flat, curvature 1", "steep, curvature 20"),
        (style.BLUE, style.ORANGE), strict=True,
    ):  # fmt: skip
        axes.semilogy(np.maximum(part, 1e-12), color=colour, label=words)
    axes.set(xlabel="step", ylabel="loss", ylim=(1e-10, 1e6), xlim=(0, STEPS))
    axes.set_title(f"after {STEPS} steps: {_written(parts[-1].sum())}", loc="left", pad=26)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=2, fontsize=10, borderaxespad=0)
    return figure


def _written(loss: float) -> str:
    return f"loss {loss:.2g}" if loss < 100 else f"loss {loss:.1e}, growing"


def learning_rate_words(rate: float, method: str) -> str:
    """The picture of `learning_rate` in words."""
    flat, steep = np.array(VALLEY) * descend(method, rate, 0.9, STEPS)[-1] ** 2 / 2
    return (
        f"{method} at rate {rate:g}: after {STEPS} steps the flat part of the loss is {flat:.2g}, the steep part "
        f"{steep:.2g}."
    )


def up_to_divergence() -> Demo:
    """One learning rate for two curvatures: too small for one, too large for the other."""
    return explore(
        learning_rate,
        rate=steps(RATES, label="Learning rate η", start=0.02),
        method=choice(["gradient descent", "momentum"], label="Method"),
        alt=learning_rate_words,
        play="rate",
        caption="The two parts of the loss of the long valley, along its flat and its steep direction. On this scale "
        "a straight line down is exponential decay, a straight line up is divergence. Momentum is 0.9.",
        try_this="At which rate does the steep part stop falling? Compare with 2 / 20. How long would the flat part "
        "need at that rate? Then switch to momentum: what has become of the bound?",
    )


# ---- capacity ----

POINTS, DRAWS, LARGEST = 15, 40, 200
COUNTS = (2, 3, 4, 6, 8, 10, 12, 14, 15, 16, 18, 22, 30, 50, 100, 200)


def truth(x: np.ndarray) -> np.ndarray:
    """What the points are drawn from, before the noise."""
    return np.sin(3 * x) + 0.5 * x


def legendre(x: np.ndarray, count: int) -> np.ndarray:
    """The first `count` Legendre polynomials at x (point,): (point, count)."""
    return np.polynomial.legendre.legvander(x, count - 1)


def sample(noise: float, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """Points x (point,) spread over [-1, 1], and noisy values y (point,)."""
    random = np.random.default_rng(draw)
    x = np.sort(random.uniform(-1, 1, POINTS))
    return x, truth(x) + noise * random.standard_normal(POINTS)


def fitted(x: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Coefficients (count,) of least squared error; of least norm where many fit exactly."""
    return np.linalg.lstsq(legendre(x, count), y, rcond=1e-10)[0]


@lru_cache(maxsize=8)
def errors(noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square error on the points, and on the truth, by number of coefficients: medians over the draws."""
    grid = np.linspace(-0.98, 0.98, 150)
    found = np.zeros((DRAWS, len(COUNTS), 2))
    for draw in range(DRAWS):
        x, y = sample(noise, draw)
        for at, count in enumerate(COUNTS):
            c = fitted(x, y, count)
            found[draw, at, 0] = np.sqrt(np.mean((legendre(x, count) @ c - y) ** 2))
            found[draw, at, 1] = np.sqrt(np.mean((legendre(grid, count) @ c - truth(grid)) ** 2))
    seen, unseen = np.median(found, axis=0).T
    return seen, unseen


def polynomial(count: int, noise: float) -> Figure:
    """A polynomial with {count} coefficients through 15 points with noise {noise}, and the errors by count."""
    from matplotlib import pyplot as plt

    x, y = sample(noise, 3)
    grid = np.linspace(-1, 1, 500)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(style.WIDTH, 5.2))
    top.plot(grid, truth(grid), color=style.GREY, linewidth=1.4, linestyle="--", label="the truth")
    top.plot(grid, legendre(grid, count) @ fitted(x, y, count), color=style.BLUE, label="the fit")
    top.plot(x, y, "o", color=style.INK, label="what it was given")
    top.set(ylim=(-3, 3), xlabel="x", ylabel="y")
    top.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=10, columnspacing=1.2, borderaxespad=0)
    seen, unseen = errors(noise)
    bottom.loglog(COUNTS, np.maximum(seen, 1e-3), "o-", color=style.ORANGE, markersize=3.5, label="on the points")
    bottom.loglog(COUNTS, unseen, "o-", color=style.BLUE, markersize=3.5, label="on the truth")
    bottom.axvline(POINTS, color=style.GREY, linestyle=":", linewidth=1.2)
    bottom.plot(count, unseen[COUNTS.index(count)], "o", color=style.PINK, markersize=9)
    bottom.set(xlabel="coefficients", ylabel="error", ylim=(8e-4, 1e6))
    bottom.set_xticks([2, 5, 15, 50, 200], ["2", "5", "15", "50", "200"])
    bottom.minorticks_off()
    bottom.legend(loc="upper left", fontsize=10)
    return figure


def polynomial_words(count: int, noise: float) -> str:
    """The picture of `polynomial` in words."""
    at = COUNTS.index(count)
    seen, unseen = (found[at] for found in errors(noise))
    return (
        f"Polynomials with {count} coefficients through {POINTS} points with noise {noise:g}: typical error {seen:.2g} "
        f"on the points and {unseen:.2g} on the truth."
    )


def capacity() -> Demo:
    """Polynomials from too few coefficients to far too many."""
    return explore(
        polynomial,
        count=steps(COUNTS, label="Coefficients", start=4),
        noise=choice({"none": 0.0, "0.3": 0.3}, label="Noise", start=0.3),
        play="count",
        alt=polynomial_words,
        caption="Above, the least-squares polynomial through 15 points; where many pass through all of them, the one "
        "with the smallest coefficients. Below, its typical error (median over 40 sets of points). Dotted: 15 "
        "coefficients.",
        try_this="Go from 4 to 15 coefficients and watch the ends of the curve. Then go on to 200. The fit passes "
        "through every point in both cases; why is it calmer?",
    )


# ---- wrong labels ----

METHODS = {"nothing": "free", "dropout and L2": "held"}


def label_noise(wrong: str, method: str) -> Figure:
    """Accuracy epoch by epoch with {wrong} wrong labels, held back by {method}."""
    from matplotlib import pyplot as plt

    found = _noise()["numbers"][method][wrong]
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.4))
    for key, words, colour in (
        ("given", "on the labels it was given", style.ORANGE), ("unseen", "on unseen digits", style.BLUE)
    ):  # fmt: skip
        mean, std = (100 * np.array(found[key][which]) for which in ("mean", "std"))
        epochs = np.arange(1, len(mean) + 1)
        axes.plot(epochs, mean, color=colour, label=words)
        axes.fill_between(epochs, mean - std, mean + std, color=colour, alpha=0.2, linewidth=0)
    if wrong != "0":
        axes.axhline(100 - float(wrong), color=style.GREY, linestyle=":", linewidth=1.2)
        axes.text(len(mean), 98 - float(wrong), "share of right labels", fontsize=10, ha="right", va="top")
    axes.set(xlabel="epoch", ylabel="accuracy / %", ylim=(0, 104), xlim=(1, len(mean)))
    axes.legend(loc="lower left", fontsize=10)
    return figure


def label_noise_words(wrong: str, method: str) -> str:
    """The picture of `label_noise` in words."""
    found = _noise()["numbers"][method][wrong]
    given, unseen = (100 * found[key]["mean"][-1] for key in ("given", "unseen"))
    best = 100 * max(found["unseen"]["mean"])
    return (
        f"{wrong} percent wrong labels: at the end {given:.0f} percent of the given labels and {unseen:.0f} percent of "
        f"unseen digits are right; at best {best:.0f} percent of unseen digits were."
    )


@lru_cache(maxsize=1)
def _noise() -> dict[str, Any]:
    import experiments

    return experiments.load("ch02_noise")


def wrong_labels() -> Demo:
    """A net learns labels of which some are wrong, with nothing to hold it back or with dropout and L2."""
    shares = [f"{100 * share:.0f}" for share in _noise()["settings"]["wrong"]]
    return explore(
        label_noise,
        wrong=choice({f"{share} %": share for share in shares}, label="Wrong labels", start="40"),
        method=choice(METHODS, label="What holds the net back"),
        alt=label_noise_words,
        caption="Accuracy epoch by epoch, mean and one standard deviation over the seeds of the experiment below. "
        "A net that had learned the rule and nothing else would get as many of the given labels right as are right "
        "(dotted).",
        try_this="With 40 % wrong labels, at which epoch is the net best on unseen digits? How many of its labels has "
        "it learned by then, and what does it learn afterwards?",
    )
