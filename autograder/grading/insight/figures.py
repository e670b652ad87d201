"""Counts everything that the page shows, as plain records that also make its JSON."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checking.report import HIDDEN_WORDS
from autograder.grading.insight.notebooks import own_cells
from autograder.grading.insight.records import STATES, Concern, Group, Item, Paper
from autograder.grading.insight.similar import (
    LEAST_ALIKE,
    Alike,
    baseline,
    candidates,
    own,
    similarity,
    tokens,
)
from autograder.grading.insight.statistics import ItemStatistics, item_statistics, reading

_MOST_PAIRS = 25
_MOST_CELLS = 8  # of one pair
_CONCERNS = ("changed", "crashed", "timed out", "unclear")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: the values from `low` to `high`, and how many there are."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """One item: how many are in each state, its statistics, and what they say to its author."""

    name: str
    notebook: str
    max_score: float
    written: bool
    section: str
    states: Mapping[str, int]
    statistics: ItemStatistics
    reading: str


@dataclass(frozen=True, slots=True)
class Common:
    """A mistake that students made. `mistake` is "" for wrong answers that equal no known mistake.

    `words` is the observation with which a known mistake's hints begin, or the kind of difference.
    """

    exercise: str
    notebook: str
    mistake: str
    words: str
    students: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A submission to look at, and why."""

    student: str
    name: str
    concern: Concern


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code. kind: "same" when the other side has one with the same tokens, "given" when released, or ""."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Beside:
    """One cell of two papers, side by side."""

    name: str
    similarity: float
    left: tuple[Line, ...]
    right: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two papers to look at, with the cells in which they agree most."""

    alike: Alike
    names: tuple[str, str]
    cells: tuple[Beside, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of processor time that grading a submission took."""

    total: float
    median: float
    nearly_all: float  # the 95th percentile
    longest: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page shows."""

    assignment: str
    handed_in: int
    enrolled: int
    begun: int
    judged: int
    waiting: int
    max_score: float
    mean: float
    median: float
    quartiles: tuple[float, float]
    scores: tuple[Bar, ...]
    exercises: tuple[Exercise, ...]
    mistakes: tuple[Common, ...]
    unnamed: tuple[Common, ...]
    people: tuple[Person, ...]
    pairs: tuple[Pair, ...]
    times: Times | None
    compared: int


def figures(group: Group) -> Figures:
    """Everything counted."""
    scores = np.array([paper.score for paper in group.papers])
    sketches = {paper.student: paper.sketch for paper in group.papers if paper.sketch}
    quartiles = np.percentile(scores, [25, 75])
    return Figures(
        assignment=group.assignment,
        handed_in=len(group.papers),
        enrolled=group.enrolled,
        begun=sum(paper.begun for paper in group.papers),
        judged=sum(paper.judged for paper in group.papers),
        waiting=sum(each.state == "waiting" for paper in group.papers for each in paper.attempts.values()),
        max_score=group.max_score,
        mean=float(scores.mean()),
        median=float(np.median(scores)),
        quartiles=(float(quartiles[0]), float(quartiles[1])),
        scores=score_bars(scores, group.max_score),
        exercises=tuple(_exercise(group, item) for item in group.items),
        mistakes=tuple(_common(group, named=True)),
        unnamed=tuple(_common(group, named=False)),
        people=tuple(_people(group.papers)),
        pairs=tuple(_pairs(group)) if len(sketches) > 1 else (),
        times=_times(group.papers),
        compared=len(sketches),
    )


def as_json(made: Figures) -> dict[str, Any]:
    """The figures as plain data, without the code of pairs."""
    said = asdict(made)
    for pair in said["pairs"]:
        pair["cells"] = [cell["name"] for cell in pair["cells"]]
    return json.loads(json.dumps(said))


def score_bars(scores: np.ndarray, max_score: float) -> tuple[Bar, ...]:
    """Bars of whole points, at most twelve, the last with the highest score in it."""
    width = max(1, math.ceil(max(max_score, 1) / 11))
    edges = [width * step for step in range(math.floor(max_score / width) + 2)]
    top = len(edges) - 2
    places = np.minimum((scores // width).astype(int), top)
    counts = np.bincount(places, minlength=len(edges) - 1)
    return tuple(Bar(low, high, int(n)) for low, high, n in zip(edges, edges[1:], counts, strict=False))


def time_bars(seconds: np.ndarray) -> tuple[Bar, ...]:
    """Bars from 1, 2 and 5 times powers of ten, from the shortest to the longest."""
    ladder = [round(step * 10.0**power, 3) for power in range(-2, 5) for step in (1, 2, 5)]
    first = min(max(int(np.searchsorted(ladder, seconds.min(), side="right")) - 1, 0), len(ladder) - 2)
    last = int(np.searchsorted(ladder, seconds.max(), side="right"))
    edges = ladder[first : max(last, first + 1) + 1]
    places = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(places, minlength=len(edges) - 1)
    return tuple(Bar(low, high, int(n)) for low, high, n in zip(edges, edges[1:], counts, strict=False))


def _exercise(group: Group, item: Item) -> Exercise:
    counted = Counter(paper.attempts[item.key].state for paper in group.papers if item.key in paper.attempts)
    statistics = item_statistics(group, item)
    states = {state: counted[state] for state in STATES if counted[state]}
    says = "" if item.written else reading(statistics)
    return Exercise(item.name, item.notebook, item.max_score, item.written, item.section, states, statistics, says)


def _common(group: Group, named: bool) -> Iterator[Common]:
    """The mistakes, the most common first. Those without a name by the kind of difference."""
    made: dict[tuple[tuple[str, str], str], list[str]] = defaultdict(list)
    items = {item.key: item for item in group.items}
    order = {key: place for place, key in enumerate(items)}
    for paper in group.papers:
        for key, attempt in paper.attempts.items():
            if attempt.state not in ("wrong", "partly", "stopped") or bool(attempt.mistake) != named:
                continue
            what = attempt.mistake or attempt.finding
            if what:
                made[key, what].append(paper.student)
    for (key, what), students in sorted(made.items(), key=lambda each: (-len(each[1]), order[each[0][0]], each[0][1])):
        item = items[key]
        words = item.hints.get(what, "") if named else HIDDEN_WORDS.get(what, what)
        yield Common(item.name, item.notebook, what if named else "", words, tuple(students))


def _people(papers: Sequence[Paper]) -> Iterator[Person]:
    found = [Person(paper.student, paper.name, concern) for paper in papers for concern in paper.concerns]
    yield from sorted(found, key=lambda each: (_CONCERNS.index(each.concern.kind), each.student))


def _times(papers: Sequence[Paper]) -> Times | None:
    seconds = np.array([paper.seconds for paper in papers if paper.seconds is not None])
    if len(seconds) == 0:
        return None
    middle, nearly = np.percentile(seconds, [50, 95])
    return Times(float(seconds.sum()), float(middle), float(nearly), float(seconds.max()), time_bars(seconds))


def _pairs(group: Group) -> list[Pair]:
    """The pairs to look at: those of the candidates whose own code is alike from end to end, the most alike first."""
    papers = {paper.student: paper for paper in group.papers}
    given = baseline(group.released)
    lines = frozenset(line.strip() for source in group.released for line in source.splitlines())
    found = []
    for each in candidates({paper.student: paper.sketch for paper in group.papers if paper.sketch}):
        left, right = (_own_cells(papers[student], group.released) for student in (each.left, each.right))
        words = [[word for source in cells.values() for word in own(tokens(source), given)] for cells in (left, right)]
        alike = replace(each, similarity=similarity(*words))
        if alike.similarity >= LEAST_ALIKE:
            found.append((alike, left, right))
    found.sort(key=lambda each: (-each[0].similarity * each[0].share, -each[0].weight))
    return [
        Pair(alike, (papers[alike.left].name, papers[alike.right].name), tuple(_beside(left, right, given, lines)))
        for alike, left, right in found[:_MOST_PAIRS]
    ]


def _own_cells(paper: Paper, released: Sequence[str]) -> dict[str, str]:
    known = frozenset(released)
    cells: dict[str, str] = {}
    for path in paper.paths:
        cells |= dict(own_cells(json.loads(Path(path).read_bytes())["cells"], known))
    return cells


def _beside(
    left: Mapping[str, str], right: Mapping[str, str], given: np.ndarray, released: frozenset[str]
) -> Iterator[Beside]:
    """The cells that are alike, in the order of the notebook."""
    shown = 0
    for name in left:
        if name not in right or shown == _MOST_CELLS:
            continue
        words = [own(tokens(cells[name]), given) for cells in (left, right)]
        alike = similarity(*words) if all(words) else 0.0
        if alike >= LEAST_ALIKE:
            shown += 1
            yield Beside(name, alike, *_marked((left[name], right[name]), released))


def _marked(sources: tuple[str, str], released: frozenset[str]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Both sources by line, with a mark on lines that were released, and on those that the other has up to names."""
    both = [[(line, tokens(line.strip())) for line in source.splitlines()] for source in sources]
    has = [{words for _, words in lines if words} for lines in both]
    left, right = (
        tuple(_folded([Line(line, _kind(line, words in has[1 - side], released)) for line, words in both[side]]))
        for side in (0, 1)
    )
    return left, right


def _kind(line: str, same: bool, released: frozenset[str]) -> str:
    if line.strip() in released:
        return "given"
    return "same" if same else ""


def _folded(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, of which three or more released ones in a row become one."""
    for given, run in groupby(lines, key=lambda line: line.kind == "given"):
        found = list(run)
        if given and len(found) >= 3:
            yield found[0]
            yield Line(f"    ⋯ {len(found) - 1} lines as released", "given")
        else:
            yield from found
