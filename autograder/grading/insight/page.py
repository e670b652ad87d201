"""Draws the figures as one HTML page that needs nothing else: no script, no font, no request."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from autograder.grading.insight.figures import Bar, Figures
from autograder.grading.insight.records import STATES
from autograder.grading.insight.similar import LEAST_ALIKE, LEAST_WEIGHT, common_from
from autograder.grading.insight.statistics import FEWEST

_MOST = 8  # mistakes that are shown
_LISTED = 60  # names in one list
_FEW = 2  # reasons to look at one submission
_KINDS = (
    ("changed", "The notebook is not as released"),
    ("crashed", "Crashed"),
    ("timed out", "Ran out of time"),
    ("unclear", "Could not be judged"),
)


def write(made: Figures, path: Path, links: Mapping[str, str]) -> None:
    """Writes the page, all at once. `links` gives the address of the chapter that teaches a notebook, where known."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(page(made, links), encoding="utf-8")
    partial.replace(path)


def page(made: Figures, links: Mapping[str, str]) -> str:
    """The page as text."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        count=_count,
        points=_points,
        percent=lambda value: f"{100 * value:.0f} %",
        signed=_signed,
        seconds=_seconds,
        words=_spaced,
        slug=lambda name: name.replace(" ", "-"),
        inline=_inline,
    )
    here = files("autograder.grading.insight")
    states = {state for each in made.exercises for state in each.states}
    return environment.from_string((here / "page.html.j2").read_text(encoding="utf-8")).render(
        f=made,
        css=Markup((here / "page.css").read_text(encoding="utf-8")),
        people=len({each.student for each in made.people}),
        scores=_labelled(made.scores, _points),
        scores_said=_said("Histogram of scores", made.scores, "points"),
        times=_labelled(made.times.bars, _points) if made.times else (),
        times_said=_said("Histogram of grading times", made.times.bars, "seconds") if made.times else "",
        states=[(state, words) for state, words in STATES.items() if state in states],
        labels=STATES,
        sections={(each.notebook, each.name): each.section for each in made.exercises},
        links={each.notebook: links.get(each.notebook, "") for each in made.exercises},
        kinds=_KINDS,
        most=_MOST,
        listed=_LISTED,
        few=_FEW,
        fewest=FEWEST,
        weight=LEAST_WEIGHT,
        least_alike=LEAST_ALIKE,
        common=common_from(made.compared),
        when=f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}",
    )


def _labelled(bars: tuple[Bar, ...], show: Callable[[float], str]) -> list[dict[str, object]]:
    return [
        {"count": bar.count, "short": show(bar.low), "label": f"{show(bar.low)} to {show(bar.high)}"} for bar in bars
    ]


def _said(title: str, bars: tuple[Bar, ...], unit: str) -> str:
    """A histogram in words, for who cannot see it."""
    each = "; ".join(f"{_points(bar.low)} to {_points(bar.high)} {unit}: {_count(bar.count)}" for bar in bars)
    return f"{title}. {each}"


def _count(number: int) -> str:
    """A number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def _points(number: float) -> str:
    return f"{round(number, 2):g}"


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")


def _seconds(number: float) -> str:
    """Seconds in the unit in which one says them."""
    if number < 120:
        return f"{number:.2g} s" if number < 10 else f"{number:.0f} s"
    return f"{number / 60:.0f} min" if number < 7200 else f"{number / 3600:.1f} h"


def _spaced(name: str) -> str:
    """`numbers_copied` and `ReluForgotten` as words."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("_", " "))
    return parted.capitalize()


def _inline(words: str) -> Markup:
    """Text of a docstring with its `code`."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(words, quote=False)))
