"""The progress board: what passed, the points, the time that is left, and what comes next."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checking import progress
from autograder.checking.outline import REFERENCES, ChapterOutline, ExerciseOutline, outlines
from autograder.checking.progress import Record

_BAR = 10  # characters of a bar in text
_MARKS = {"passed": "✓", "not yet right": "✗", "not checked": "○"}
_COLOURS = {"passed": "#1a7f37", "not yet right": "#cf222e", "not checked": "#9a6700"}


@dataclass(frozen=True, slots=True)
class Row:
    """One exercise on the board; `record` is None until it was checked."""

    outline: ExerciseOutline
    record: Record | None
    max_points: float

    @property
    def passed(self) -> bool:
        return self.record is not None and self.record.passed

    @property
    def points(self) -> float:
        return min(self.record.points, self.max_points) if self.record else 0.0

    @property
    def state(self) -> str:
        """In words: passed, not yet right, or not checked."""
        return "not checked" if self.record is None else "passed" if self.passed else "not yet right"


@dataclass(frozen=True, slots=True)
class ChapterBoard:
    """The exercises of one chapter, in course order."""

    stem: str
    rows: tuple[Row, ...]

    @property
    def passed(self) -> int:
        return sum(row.passed for row in self.rows)

    @property
    def points(self) -> float:
        return sum(row.points for row in self.rows)

    @property
    def max_points(self) -> float:
        return sum(row.max_points for row in self.rows)

    @property
    def minutes_left(self) -> int:
        return sum(row.outline.minutes for row in self.rows if not row.passed)

    @property
    def next(self) -> Row | None:
        return next((row for row in self.rows if not row.passed), None)

    @property
    def last_worked(self) -> str:
        """When its last verdict was kept, in ISO 8601; empty when there is none."""
        return max((row.record.when for row in self.rows if row.record), default="")


@dataclass(frozen=True, slots=True)
class Board:
    """All chapters, and the one whose exercises are shown one by one: `current`, or none.

    It shows itself as HTML in a notebook and as text elsewhere.
    """

    chapters: tuple[ChapterBoard, ...]
    current: str = ""

    @property
    def next(self) -> tuple[ChapterBoard, Row] | None:
        """What to do next: in the current chapter, in the one that was worked on last, or in the first that is left."""
        recent = sorted(self.chapters, key=lambda c: (c.stem == self.current, c.last_worked), reverse=True)
        return next(((chapter, chapter.next) for chapter in recent if chapter.next), None)

    def __repr__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def board(current: str = "", directory: Path = REFERENCES, points: Mapping[str, float] | None = None) -> Board:
    """The board of all chapters whose references lie in `directory`, with what this machine remembers.

    points: what the exercises of the current chapter are worth, where that is not what its reference says.
    """
    chapters = (_chapter(each, points or {} if each.stem == current else {}) for each in outlines(directory))
    return Board(tuple(chapters), current)


def _chapter(outline: ChapterOutline, points: Mapping[str, float]) -> ChapterBoard:
    records, rows = progress.load(outline.stem), []
    for exercise in outline.exercises:
        record = records.get(exercise.name)
        noted = record.of if record and record.of else exercise.points
        rows.append(Row(exercise, record, points.get(exercise.name, noted)))
    return ChapterBoard(outline.stem, tuple(rows))


def as_json(board: Board) -> dict[str, Any]:
    """The board as plain data."""
    following = board.next
    return {
        "next": {"chapter": following[0].stem, "exercise": following[1].outline.name} if following else None,
        "chapters": [
            {
                "chapter": chapter.stem,
                "passed": chapter.passed,
                "points": chapter.points,
                "max_points": chapter.max_points,
                "minutes_left": chapter.minutes_left,
                "exercises": [
                    {
                        "exercise": row.outline.name,
                        "state": row.state,
                        "points": row.points,
                        "max_points": row.max_points,
                        "minutes": row.outline.minutes,
                        "difficulty": row.outline.difficulty,
                    }
                    for row in chapter.rows
                ],
            }
            for chapter in board.chapters
        ],
    }


def text(board: Board) -> str:
    """The board as plain text."""
    width = max((len(chapter.stem) for chapter in board.chapters), default=0)
    lines = []
    for chapter in board.chapters:
        full = round(_BAR * chapter.passed / max(len(chapter.rows), 1))
        bar = "█" * full + "░" * (_BAR - full)
        lines.append(f"{chapter.stem:<{width}}  {bar}  {summary(chapter)}")
        if chapter.stem == board.current:
            lines += [f"  {_MARKS[row.state]} {row.outline.name}: {_about(row)}" for row in chapter.rows]
    return "\n".join([*lines, following(board)])


def summary(chapter: ChapterBoard) -> str:
    """`5 of 8 passed, 14 of 24 points, about 50 min left`."""
    left = f", about {duration(chapter.minutes_left)} left" if chapter.minutes_left else ""
    passed = f"{chapter.passed} of {len(chapter.rows)} passed"
    return f"{passed}, {chapter.points:g} of {chapter.max_points:g} points{left}"


def following(board: Board) -> str:
    """What comes next, in a sentence."""
    after = board.next
    if after is None:
        return "Everything passes." if board.chapters else "No chapter was found."
    chapter, row = after
    return f"Next: {row.outline.name} in {chapter.stem}, about {duration(row.outline.minutes)}."


def duration(minutes: int) -> str:
    """`45 min`, `2 h`, `1 h 30 min`: from an hour on, rounded to five minutes."""
    hours, rest = divmod(minutes if minutes < 60 else 5 * round(minutes / 5), 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))


def _about(row: Row) -> str:
    left = "" if row.passed else f", about {duration(row.outline.minutes)}, difficulty {row.outline.difficulty} of 3"
    return f"{row.state}, {row.points:g} of {row.max_points:g} points{left}"


def as_html(board: Board) -> str:
    """The board as static HTML: no script, nothing from a server, ground and text in the page's own colours."""
    rows = "".join(_html_rows(board))
    return (
        '<div class="board" style="margin:.3em 0;font-family:inherit">'
        f'<table style="border-collapse:collapse;text-align:left"><caption style="text-align:left;font-weight:600;'
        f'padding:.3em 0;caption-side:top;color:inherit">{html.escape(following(board))}</caption>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _html_rows(board: Board) -> Iterator[str]:
    cell = 'style="text-align:left;padding:.2em .9em .2em 0;background:none"'
    for chapter in board.chapters:
        share = 100 * chapter.passed / max(len(chapter.rows), 1)
        here = chapter.stem == board.current
        yield (
            f'<tr style="background:none"><th scope="row" style="text-align:left;padding:.2em .9em .2em 0;'
            f'font-weight:{600 if here else 400}">{html.escape(chapter.stem)}</th>'
            f'<td {cell}><div aria-hidden="true" style="width:9em;height:.6em;border-radius:.3em;'
            f'background:rgba(128,128,128,.3)"><div style="width:{share:.0f}%;height:100%;border-radius:.3em;'
            f'background:{_COLOURS["passed"]}"></div></div></td><td {cell}>{html.escape(summary(chapter))}</td></tr>'
        )
        for row in chapter.rows if here else ():
            mark = f'<span aria-hidden="true" style="color:{_COLOURS[row.state]}">{_MARKS[row.state]}</span>'
            yield (
                f'<tr style="background:none"><td style="text-align:left;padding:.1em .9em .1em 1.2em;background:none">'
                f"{mark} <code>{html.escape(row.outline.name)}</code></td>"
                f'<td {cell} colspan="2">{html.escape(_about(row))}</td></tr>'
            )
