"""The numbers on the page, with how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autograder.grading.insight.records import Group, Item, Paper

_Z = 1.959963984540054  # the normal distribution has 95 % within so many standard deviations
FEWEST = 10  # papers below which a correlation is not given


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """Statistics of one item over `papers` submissions that were begun and, for this item, graded.

    difficulty: the mean share of the points, the proportion correct where points are given whole or not at all.
    discrimination: the corrected item-total correlation, of the item's score with the score of all others (Pearson's;
    the point-biserial where the item is right or wrong). None with fewer than FEWEST papers or when all have the same.
    """

    papers: int
    full: Interval | None
    difficulty: float | None
    discrimination: Interval | None


def item_statistics(group: Group, item: Item) -> ItemStatistics:
    """The statistics of one item of the assignment."""
    papers = [paper for paper in group.papers if paper.begun and _graded(paper, item)]
    if not papers or not item.max_score:
        return ItemStatistics(len(papers), None, None, None)
    scores = np.array([paper.attempts[item.key].score / item.max_score for paper in papers])
    rest = np.array([_rest(paper, group, item) for paper in papers])
    full = int((scores >= 1.0 - 1e-9).sum())
    return ItemStatistics(len(papers), wilson(full, len(papers)), float(scores.mean()), correlation(scores, rest))


def wilson(successes: int, total: int) -> Interval:
    """A proportion with Wilson's 95 % score interval, which holds for small classes too (JASA 22, 1927)."""
    share = successes / total
    scale = 1 + _Z**2 / total
    centre = (share + _Z**2 / (2 * total)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def correlation(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> Interval | None:
    """Pearson's correlation with the 95 % interval of Fisher's z, which is approximate for items of few values."""
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    value = float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
    if abs(value) > 1 - 1e-12:
        return Interval(value, value, value)
    z, half = math.atanh(value), _Z / math.sqrt(len(x) - 3)
    return Interval(value, math.tanh(z - half), math.tanh(z + half))


def reading(statistics: ItemStatistics) -> str:
    """What the statistics of an item say to its author, in a sentence, or ""."""
    full, found = statistics.full, statistics.discrimination
    if full is None:
        return ""
    if found and found.high < 0:
        return "Who does well elsewhere does worse here: read the exercise and its check again."
    if full.value == 1.0:
        return "All of them have it."
    if full.low > 0.9:
        return "Nearly all have it."
    if full.high < 0.3:
        return "Few have it: teach it again, or look whether it asks what was taught."
    if found and found.high < 0.2:
        return "It says little about the rest of the work."
    return ""


def _graded(paper: Paper, item: Item) -> bool:
    attempt = paper.attempts.get(item.key)
    return attempt is not None and attempt.state not in ("waiting", "not judged")


def _rest(paper: Paper, group: Group, item: Item) -> float:
    """The score of all other items that a program graded: written answers are graded by and by."""
    others = (each for each in group.items if each.key != item.key and not each.written)
    return sum(paper.attempts[each.key].score for each in others if each.key in paper.attempts)
