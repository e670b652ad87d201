"""What is known of a class and one assignment: plain data, from which everything on the page is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.grading.insight.similar import Sketch

# What became of an exercise, in the order in which a chart shows it.
STATES = {
    "right": "full points",
    "partly": "some points",
    "wrong": "wrong",
    "stopped": "crashed or ran out of time",
    "not begun": "not begun",
    "not judged": "not judged",
    "waiting": "waits for a person",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One graded cell of the assignment. `section` is the heading in the notebook above it; `hints` gives the
    observation with which a known mistake's hints begin."""

    notebook: str
    cell: str
    name: str
    max_score: float
    written: bool = False
    section: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.notebook, self.cell


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a submission shows of one item. `finding` is the code of the first difference that its check found."""

    state: str
    score: float
    finding: str = ""
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class Concern:
    """Why a person should look at a submission. kind: "changed", "timed out", "crashed" or "unclear"."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Paper:
    """What one student handed in. `score` has manual grades in it and late penalties off it.

    `seconds` are of processor time, None where grading did not note them; `sketch` is for finding alike papers.
    """

    student: str
    name: str
    score: float
    attempts: Mapping[tuple[str, str], Attempt]
    concerns: tuple[Concern, ...] = ()
    seconds: float | None = None
    judged: bool = False
    sketch: Sketch | None = None
    paths: tuple[str, ...] = ()

    @property
    def begun(self) -> bool:
        """Whether anything was attempted at all, as far as it could be judged."""
        return any(each.state not in ("not begun", "not judged") for each in self.attempts.values())


@dataclass(frozen=True, slots=True)
class Group:
    """A class with one assignment."""

    assignment: str
    enrolled: int
    items: tuple[Item, ...]
    papers: tuple[Paper, ...]
    released: tuple[str, ...] = ()

    @property
    def max_score(self) -> float:
        return sum(item.max_score for item in self.items)
