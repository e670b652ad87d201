"""The demos of ch00_tensors: tensors, and how checking works.

>>> from explorables import ch00_tensors as demos
>>> demos.broadcasting()            # two shapes meet: what fits, what is stretched, what comes out
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorables import choice, explore, steps, style, widget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorables.afm import Widget
    from explorables.explore import Demo


def power(exponent: float) -> str:
    """Ten to the `exponent`, as a reader sees it on a slider."""
    factor, tens = f"{10.0**exponent:.1e}".split("e")
    return f"{float(factor):g}e−{-int(tens)}" if int(tens) else f"{float(factor):g}"


# ---- broadcasting ----

Shape = tuple[int, ...]
LEFT: dict[str, Shape] = {"(3, 1)": (3, 1), "(3,)": (3,), "(1,)": (1,), "(3, 4)": (3, 4)}
RIGHT: dict[str, Shape] = {"(4,)": (4,), "(1, 4)": (1, 4), "(3,)": (3,), "(3, 1)": (3, 1), "()": ()}


def broadcasting() -> Demo:
    """Two shapes meet."""
    return explore(
        broadcast_grid,
        a=choice(LEFT, label="Shape of A"),
        b=choice(RIGHT, label="Shape of B"),
        alt=broadcast_words,
        caption="Above: the two shapes, lined up from the right. Below: what `A + B` holds. The tens come from A, "
        "the units from B; paler numbers are copies that broadcasting made of an axis of size 1, or of an axis that "
        "was not there.",
        try_this="Predict the shape before you look. Then find two shapes that do not fit, and two of three numbers "
        "each that fit and yet give nine numbers.",
    )


def broadcast_shape(a: Shape, b: Shape) -> Shape | None:
    """The shape of A + B, or None when the shapes do not fit."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def broadcast_words(a: Shape, b: Shape) -> str:
    """The picture in words."""
    out = broadcast_shape(a, b)
    return f"Shapes {a} and {b} {'do not fit' if out is None else f'give a result of shape {out}'}."


def broadcast_grid(a: Shape, b: Shape) -> Figure:
    """Shapes lined up from the right, and the table that A + B is."""
    from matplotlib import pyplot as plt

    figure, (top, bottom) = plt.subplots(2, 1, figsize=(style.WIDTH, 4.0), height_ratios=(1.15, 1.6))
    out = broadcast_shape(a, b)
    _draw_alignment(top, a, b, out)
    if out is None:
        bottom.text(0.5, 0.5, "no result: RuntimeError", ha="center", va="center", color=style.PINK, fontsize=13)
        bottom.set_axis_off()
    else:
        _draw_sum(bottom, a, b, out)
    return figure


def _draw_alignment(axes: Axes, a: Shape, b: Shape, out: Shape | None) -> None:
    """One line for each shape, sizes of the same axis under one another, stretched sizes with an arrow."""
    axes.set(xlim=(-2.2, 2.8), ylim=(-0.55, 2.6))
    axes.set_axis_off()
    for row, (name, shape, colour) in enumerate((("A", a, style.BLUE), ("B", b, style.ORANGE))):
        axes.text(-2, 2 - row, f"{name}  {shape}", va="center", color=colour, fontsize=12)
        for place in range(2):
            size = shape[place - 2] if len(shape) >= 2 - place else None
            goal = out[place - 2] if out is not None and len(out) >= 2 - place else None
            words = "·" if size is None else str(size)
            if goal is not None and size != goal:
                words += f" → {goal}"
            clash = out is None and _clashes(a, b, place)
            axes.text(
                0.6 + 1.4 * place,
                2 - row,
                words,
                ha="center",
                va="center",
                fontsize=13,
                color=style.PINK if clash else style.INK,
            )
    axes.axhline(0.5, 0.0, 1.0, color=style.GREY, linewidth=0.8)
    axes.text(-2, 0, "A + B" if out is None else f"A + B  {out}", va="center", fontsize=12)
    for place in range(2):
        if out is None:
            words = "≠" if _clashes(a, b, place) else ""
        else:
            words = str(out[place - 2]) if len(out) >= 2 - place else ""
        axes.text(
            0.6 + 1.4 * place,
            0,
            words,
            ha="center",
            va="center",
            fontsize=13,
            color=style.PINK if out is None else style.INK,
        )


def _clashes(a: Shape, b: Shape, place: int) -> bool:
    """Whether the sizes at `place` (0: last but one, 1: last) can not be reconciled."""
    sizes = {shape[place - 2] for shape in (a, b) if len(shape) >= 2 - place}
    return len(sizes - {1}) > 1


def _draw_sum(axes: Axes, a: Shape, b: Shape, out: Shape) -> None:
    """The cells of A + B; a number stands strong where its source stands, pale where it is a copy."""
    rows, columns = (1,) * (2 - len(out)) + out
    for row in range(rows):
        for column in range(columns):
            axes.add_patch(_cell(row, column))
            for shape, unit, colour, x in ((a, 10, style.BLUE, 0.44), (b, 1, style.ORANGE, 0.74)):
                value, copied = _source(shape, row, column)
                text, side = (f"{unit * value} +", "right") if unit == 10 else (f"{value}", "center")
                strength = {"alpha": 0.7} if copied else {"fontweight": "bold"}
                axes.text(column + x, row + 0.5, text, ha=side, va="center", color=colour, fontsize=11, **strength)
    axes.set(xlim=(-0.05, max(columns, 4) + 0.05), ylim=(max(rows, 3) + 0.05, -0.05))
    axes.set_axis_off()


def _cell(row: int, column: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column, row), 1, 1, facecolor="none", edgecolor=style.GREY)


def _source(shape: Shape, row: int, column: int) -> tuple[int, bool]:
    """(the number, counted from 1, and whether it is a copy) that a tensor of `shape` shows at a cell of the sum."""
    padded = (1,) * (2 - len(shape)) + shape
    own = (row if padded[0] > 1 else 0, column if padded[1] > 1 else 0)
    value = own[0] * padded[1] + own[1] + 1 if padded[0] > 1 and padded[1] > 1 else max(own) + 1
    return value, own != (row, column)


# ---- tolerance ----


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to standardize rows, and its error against float64."""

    name: str
    right: bool
    error: float


SPREADS = {"ordinary, deviation 1": 1.0, "tiny, deviation 0.01": 0.01}
ROWS, FEATURES, EPS = 40, 64, 1e-5


def tolerance() -> Demo:
    """A slider for the tolerance, over right and nearly right answers."""
    return explore(
        tolerance_line,
        exponent=steps(np.arange(-9, 0.5, 0.5), label="Tolerance", format=power, start=-2.0),
        spread=choice(SPREADS, label="Input"),
        alt=tolerance_words,
        caption="Six ways to standardize the rows of a table: subtract the mean, divide by "
        "$\\sqrt{\\text{var} + 10^{-5}}$. Three are right (●), three are wrong (✕). What lies left of the line is "
        "accepted.",
        try_this="Put the line where it accepts all the right answers and no wrong one. How wide is the gap? Then "
        "switch to tiny numbers.",
    )


@lru_cache
def standardized_answers(std: float) -> tuple[Answer, ...]:
    """Right and wrong ways to standardize rows of numbers of a given deviation, with their largest relative errors."""
    x = (0.5 * std + std * np.random.default_rng(0).standard_normal((ROWS, FEATURES))).astype(np.float32)
    truth = _standardize(x.astype(np.float64))
    ways = (
        ("in float64", True, lambda: _standardize(x.astype(np.float64))),
        ("in float32", True, lambda: _standardize(x)),
        ("via mean of squares", True, lambda: _by_mean_of_squares(x)),
        ("ε forgotten", False, lambda: _standardize(x, eps=0.0)),
        ("ε outside the root", False, lambda: _centred(x) / (x.std(axis=1, keepdims=True) + np.float32(EPS))),
        ("n − 1 in place of n", False, lambda: _standardize(x, ddof=1)),
    )
    size = np.abs(truth).max()
    return tuple(Answer(name, right, float(np.abs(way() - truth).max() / size)) for name, right, way in ways)


def _centred(x: np.ndarray) -> np.ndarray:
    return x - x.mean(axis=1, keepdims=True)


def _standardize(x: np.ndarray, eps: float = EPS, ddof: int = 0) -> np.ndarray:
    return _centred(x) / np.sqrt(x.var(axis=1, keepdims=True, ddof=ddof) + x.dtype.type(eps))


def _by_mean_of_squares(x: np.ndarray) -> np.ndarray:
    mean = x.mean(axis=1, keepdims=True)
    variance = (x * x).mean(axis=1, keepdims=True) - mean * mean
    return (x - mean) / np.sqrt(variance + x.dtype.type(EPS))


def tolerance_line(exponent: float, spread: float) -> Figure:
    """Errors of right and wrong answers on a line, and which of them a tolerance accepts."""
    from matplotlib import pyplot as plt

    answers, limit = standardized_answers(spread), 10.0**exponent
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.6))
    axes.axvspan(1e-10, limit, color=style.BLUE, alpha=0.12, linewidth=0)
    axes.axvline(limit, color=style.BLUE)
    for row, answer in enumerate(answers):
        error = max(answer.error, 2e-10)
        colour = style.BLUE if answer.right else style.ORANGE
        axes.plot([error], [row], "o" if answer.right else "X", color=colour, markersize=9)
        if (answer.error <= limit) != answer.right:
            axes.plot([error], [row], "o", color=style.PINK, markersize=18, markerfacecolor="none", markeredgewidth=2)
    wrong = sum((a.error <= limit) != a.right for a in answers)
    axes.set_title("every verdict is just" if not wrong else f"{wrong} unjust verdict{'s' * (wrong > 1)} (ringed)")
    axes.set(xscale="log", xlim=(1e-10, 1), ylim=(len(answers) - 0.5, -0.5), xlabel="largest error / largest value")
    axes.set_yticks(range(len(answers)), [answer.name for answer in answers])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return figure


def tolerance_words(exponent: float, spread: float) -> str:
    """The picture in words."""
    answers, limit = standardized_answers(spread), 10.0**exponent
    parts = [
        f"{a.name} ({'right' if a.right else 'wrong'}): {'accepted' if a.error <= limit else 'rejected'}"
        for a in answers
    ]
    return f"Tolerance {limit:.1e}, input of standard deviation {spread:g}. {'; '.join(parts)}."


# ---- verdicts ----


def read_verdicts(answers: Sequence[tuple[str, str, str]]) -> Widget:
    """Choose an answer and read its verdict. `answers` are (name, code, verdict as HTML); the page asks the checker."""
    return widget(
        "widgets/read_verdict.js",
        css="widgets/read_verdict.css",
        data={"answers": [{"name": n, "code": c, "verdict": v} for n, c, v in answers], "chosen": 0},
        alt=f"A choice of {len(answers)} answers to exercises of this chapter, each with its code and with what the "
        "checker says of it.",
        caption="Each verdict was given by the checker of this course when this page was built. It is what you would "
        "read in the notebook.",
        try_this="Read the code first, and say what the verdict will be. Then look. Which of these would a check of "
        "the shape alone have let through?",
    )


# ---- finite differences ----

POINT = 1.0
PRECISIONS = {"float64": np.float64, "float32": np.float32}


def difference_step() -> Demo:
    """The step of a finite difference, from too small to too large."""
    return explore(
        step_errors,
        exponent=steps(np.arange(-14, 0.5, 0.5), label="Step h", format=power, start=-1.0),
        precision=list(PRECISIONS),
        alt=step_words,
        play="exponent",
        caption="The derivative of sin at 1, by differences. On the right of the lowest point the formula is to blame "
        "(truncation), on the left the digits (round-off); the triangles mark the best steps of the theory. Below: the "
        "two values of sin whose difference is taken. Pale digits agree and cancel; the others are what is left.",
        try_this="Make the step smaller and smaller, and watch the pale digits grow. Where is the best step for "
        "central differences, and where for one-sided ones? Then do it again in float32.",
    )


def difference(h: float, precision: str, central: bool) -> float:
    """The difference quotient of sin at 1 with step h, calculated in `precision` throughout."""
    kind = PRECISIONS[precision]
    x, h = kind(POINT), kind(h)
    if central:
        return float((np.sin(x + h) - np.sin(x - h)) / (kind(2) * h))
    return float((np.sin(x + h) - np.sin(x)) / h)


def difference_error(h: float, precision: str, central: bool) -> float:
    """The relative error of `difference`."""
    exact = float(np.cos(POINT))
    return abs(difference(h, precision, central) - exact) / exact


def step_errors(exponent: float, precision: str) -> Figure:
    """Error of one-sided and central differences against the step, and the digits that cancel at one of the steps."""
    from matplotlib import pyplot as plt

    figure, (axes, digits) = plt.subplots(2, 1, figsize=(style.WIDTH, 4.7), height_ratios=(3.3, 1))
    hs, eps = 10.0 ** np.arange(-14, 0.01, 0.125), float(np.finfo(PRECISIONS[precision]).eps)
    for central, name, colour in ((False, "one-sided", style.ORANGE), (True, "central", style.BLUE)):
        errors = [max(difference_error(h, precision, central), 1e-13) for h in hs]
        axes.loglog(hs, errors, color=colour, linewidth=1.1, label=name)
        now = max(difference_error(10.0**exponent, precision, central), 1e-13)
        axes.plot([10.0**exponent], [now], "o", color=colour, markersize=9)
        best = _best_step(eps, central)
        axes.plot([best], [0.02], marker="v", color=colour, transform=axes.get_xaxis_transform(), clip_on=False)
    axes.axvline(10.0**exponent, color=style.GREY, linewidth=0.8)
    axes.set(xlabel="step h", ylabel="relative error", ylim=(3e-14, 30), xlim=(7e-15, 1.5))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.06))
    _draw_digits(digits, 10.0**exponent, precision)
    return figure


def _best_step(eps: float, central: bool) -> float:
    """The step that the error analysis gives for sin at 1 (every derivative of sin has about the size of sin there)."""
    value, third = np.sin(POINT), np.cos(POINT)
    return float((3 * eps * value / third) ** (1 / 3)) if central else float(2 * np.sqrt(eps))


def compared_values(h: float, precision: str) -> tuple[str, str]:
    """sin(1 + h) and sin(1 - h) to the digits that the precision holds."""
    kind = PRECISIONS[precision]
    places = 16 if precision == "float64" else 8
    x, h = kind(POINT), kind(h)
    return f"{np.sin(x + h):.{places}f}", f"{np.sin(x - h):.{places}f}"


def _draw_digits(axes: Axes, h: float, precision: str) -> None:
    above, below = compared_values(h, precision)
    agreed = next((i for i, (a, b) in enumerate(zip(above, below, strict=True)) if a != b), len(above))
    axes.set(xlim=(-6.5, 18.5), ylim=(-0.6, 1.6))
    axes.set_axis_off()
    for row, (name, number) in enumerate((("sin(1 + h)", above), ("sin(1 − h)", below))):
        axes.text(-6.4, 1 - row, name, va="center", fontsize=11)
        for place, digit in enumerate(number):
            strength = {"color": style.PINK, "fontweight": "bold"}
            if place < agreed:
                strength = {"color": style.INK, "alpha": 0.5}
            axes.text(place, 1 - row, digit, ha="center", va="center", fontsize=13, **strength)


def step_words(exponent: float, precision: str) -> str:
    """The picture in words."""
    h = 10.0**exponent
    central, one = (difference_error(h, precision, c) for c in (True, False))
    above, below = compared_values(h, precision)
    return (
        f"In {precision} with step {h:.1e}, the derivative of sin at 1 has an error of {central:.1e} by central "
        f"and of {one:.1e} by one-sided differences. The values compared are {above} and {below}."
    )
