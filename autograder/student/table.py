"""The progress board as a table on a terminal, in colour. The only module of this room that needs `rich`."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.checking.board import Board, ChapterBoard, Row, duration, following

_WIDTH = 16  # characters of a bar
_STYLES = {"passed": ("✓", "green"), "not yet right": ("✗", "red"), "not checked": ("○", "yellow")}


def table(board: Board) -> RenderableType:
    """All chapters, the exercises of the current one, and what comes next."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("chapter", "", "passed", "points", "left"):
        shown.add_column(title, justify="right" if title in ("passed", "points", "left") else "left")
    for chapter in board.chapters:
        here = chapter.stem == board.current
        shown.add_row(
            Text(chapter.stem, style="bold" if here else ""),
            _bar(chapter),
            f"{chapter.passed} of {len(chapter.rows)}",
            f"{chapter.points:g} of {chapter.max_points:g}",
            duration(chapter.minutes_left) if chapter.minutes_left else "",
        )
        for row in chapter.rows if here else ():
            shown.add_row(*_exercise(row))
    return Group(shown, Text(""), Text(following(board), style="bold"))


def _bar(chapter: ChapterBoard) -> Text:
    full = round(_WIDTH * chapter.passed / max(len(chapter.rows), 1))
    return Text.assemble(("━" * full, "green"), ("━" * (_WIDTH - full), "bright_black"))


def _exercise(row: Row) -> tuple[RenderableType, ...]:
    mark, style = _STYLES[row.state]
    left = "" if row.passed else duration(row.outline.minutes)
    name = Text.assemble("  ", (mark, style), f" {row.outline.name}")
    return name, Text(row.state, style="dim"), "", f"{row.points:g} of {row.max_points:g}", left
