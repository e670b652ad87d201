"""What a course asks and when: course.toml in the course's folder, the one file that an instructor edits.

title = "Deep learning, autumn 2026"
timezone = "Europe/Zurich"

[chapters.ch03_convolution]
due = 2026-11-03              # the end of that day; or 2026-11-03T18:00:00
points = { conv1d = 6 }       # what is not named keeps the points of its chapter

[collect]
patterns = ['(?P<student>[a-z]+)-handin']     # names of files, beside those of known platforms
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autograder.authoring.chapter import SOLUTIONS, chapter_stems, load_chapter
from autograder.authoring.percent import Script

FILE = "course.toml"


class CourseProblem(Exception):
    """A course cannot be used as it is. The message says where, what is wrong and what to do."""


@dataclass(frozen=True)
class Assignment:
    """What the course says of one chapter. `due` is in UTC; `points` are those that differ from the chapter's own."""

    stem: str
    due: datetime | None = None
    points: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What course.toml says. `patterns` are regular expressions that tell who handed a file in, by its name."""

    folder: Path
    title: str
    timezone: ZoneInfo
    assignments: Mapping[str, Assignment]
    patterns: tuple[str, ...] = ()

    def assignment(self, stem: str) -> Assignment:
        """What it says of one chapter. Raises CourseProblem for a chapter that the course does not teach."""
        if stem in self.assignments:
            return self.assignments[stem]
        taught = ", ".join(self.assignments) or "none"
        raise CourseProblem(
            f"{self.folder / FILE}: this course does not teach {stem}; it teaches {taught}. Add [chapters.{stem}] there"
        )

    def local(self, moment: datetime) -> str:
        """A moment as the course's people read it: 2026-11-03 23:59 CET."""
        return f"{moment.astimezone(self.timezone):%Y-%m-%d %H:%M %Z}"


def read(folder: Path, solutions: Path = SOLUTIONS) -> Settings:
    """The settings of the course in `folder`. Raises CourseProblem for what is missing or not understood."""
    path = folder / FILE
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseProblem(
            f"{path}: there is no such file, so this is no course. Make one: autograder new-course DIR, and cd there"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CourseProblem(f"{path}: not TOML: {problem}. Correct that line") from None
    _only(said, ("title", "timezone", "chapters", "collect"), path, "")
    zone = _zone(said.get("timezone", "UTC"), path)
    collect = _table(said, "collect", path)
    _only(collect, ("patterns",), path, "collect.")
    known = chapter_stems(solutions)
    assignments = {}
    for stem in _table(said, "chapters", path):
        if stem not in known:
            raise CourseProblem(f"{path}: there is no chapter {stem!r}. {_closest(stem, known)}")
        assignments[stem] = _assignment(stem, _table(said["chapters"], stem, path), zone, path, solutions)
    return Settings(folder, str(said.get("title", "")), zone, assignments, _patterns(collect, path))


def worth(stem: str, solutions: Path = SOLUTIONS) -> dict[str, float]:
    """The points of everything in a chapter that is graded, as its author set them: exercises and written answers."""
    chapter = load_chapter(stem, solutions)
    exercises = {name: exercise.points for name, exercise in chapter.exercises.items()}
    return exercises | {cell.name: cell.points for cell in chapter.script.cells if cell.name and cell.points}


def with_points(script: Script, points: Mapping[str, float]) -> Script:
    """The authored notebook with other points for its written answers."""
    cells = (
        replace(cell, points=points[cell.name]) if cell.kind == "answer" and cell.name and cell.name in points else cell
        for cell in script.cells
    )
    return replace(script, cells=tuple(cells))


def template(title: str, stems: Iterable[str], solutions: Path = SOLUTIONS) -> str:
    """The text of a new course.toml, in which everything that can be set stands."""
    lines = [
        "# What this course asks, and when. After a change: autograder release CHAPTER",
        f"title = {json.dumps(title, ensure_ascii=False)}",
        'timezone = "UTC"                # such as "Europe/Zurich"; the dates below are in it',
    ]
    for stem in stems:
        lines += [
            "",
            f"[chapters.{stem}]",
            "# due = 2026-12-31            # the end of that day, or 2026-12-31T18:00:00",
        ]
        lines += [f"[chapters.{stem}.points]", *(f"{name} = {each:g}" for name, each in worth(stem, solutions).items())]
    return "\n".join(lines) + "\n"


def _assignment(stem: str, said: dict[str, Any], zone: ZoneInfo, path: Path, solutions: Path) -> Assignment:
    where = f"chapters.{stem}."
    _only(said, ("due", "points"), path, where)
    given, points = worth(stem, solutions), {}
    for name, value in _table(said, "points", path).items():
        if name not in given:
            raise CourseProblem(f"{path}: {stem} has no exercise {name!r}. {_closest(name, list(given))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise CourseProblem(f"{path}: {where}points.{name} is {value!r}. Write a number above 0")
        if float(value) != given[name]:
            points[name] = float(value)
    return Assignment(stem, _due(said.get("due"), zone, path, where), points)


def _due(said: Any, zone: ZoneInfo, path: Path, where: str) -> datetime | None:
    if said is None:
        return None
    if isinstance(said, datetime):
        moment = said if said.tzinfo else said.replace(tzinfo=zone)
    elif isinstance(said, date):
        moment = datetime.combine(said, time(23, 59, 59), zone)
    else:
        raise CourseProblem(f"{path}: {where}due is {said!r}. Write a date without quotes, such as 2026-11-03")
    return moment.astimezone(UTC)


def _zone(said: Any, path: Path) -> ZoneInfo:
    try:
        return ZoneInfo(said)
    except (OSError, ValueError, TypeError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise CourseProblem(f'{path}: there is no time zone {said!r}. Write one such as "Europe/Zurich"') from None


def _patterns(collect: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    patterns = collect.get("patterns", [])
    for each in patterns if isinstance(patterns, list) else [patterns]:
        try:
            groups = re.compile(each).groupindex
        except (re.error, TypeError) as problem:
            raise CourseProblem(f"{path}: {each!r} is no regular expression: {problem}. Correct it") from None
        if not {"student", "name"} & set(groups):
            raise CourseProblem(f"{path}: {each!r} names nobody. Put (?P<student>...) or (?P<name>...) into it")
    return tuple(patterns)


def _table(said: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    found = said.get(key, {})
    if not isinstance(found, dict):
        raise CourseProblem(f"{path}: {key} is {found!r}. Write it as a table: [{key}]")
    return found


def _only(said: Mapping[str, Any], known: tuple[str, ...], path: Path, where: str) -> None:
    for key in said:
        if key not in known:
            raise CourseProblem(f"{path}: {where}{key} is not known. {_closest(key, list(known))}")


def _closest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known)}"
