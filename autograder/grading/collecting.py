"""Puts what was handed in into a course: each notebook into its student's folder, and what is not certain nowhere.

Nothing that was collected is lost: every version is kept in collected/, and only the newest one is graded.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path

from nbgrader.plugins.zipcollect import FileNameCollectorPlugin
from nbgrader.utils import parse_utc

from autograder.grading.archives import Found, look
from autograder.grading.reading import Unreadable
from autograder.grading.senders import Roster, Sender, Unknown, sender

WHO = "who.csv"
SENDERS = "senders.json"
TIMESTAMP = "timestamp.txt"
PLACED = ("new", "replaced", "unchanged", "older")


@dataclass(frozen=True)
class Row:
    """What became of one thing that was handed in.

    outcome: one of `PLACED`; or, with why in `remark`, "not placed" (nobody knows whose it is), "no notebook", or
    "unclear" (nothing tells which of several counts). has_time: whether it is known when it was handed in.
    """

    label: str
    outcome: str
    student: str = ""
    remark: str = ""
    has_time: bool = False


@dataclass(frozen=True)
class Desk:
    """Where submissions of one assignment are put, and all that tells whose they are.

    people: full names by student id. times_of_files: whether a file's date is taken for the time of handing in.
    """

    stem: str
    collected: Path
    place: Callable[[str], Path]
    people: Mapping[str, str]
    patterns: tuple[str, ...] = ()
    zone: tzinfo = UTC
    times_of_files: bool = False


@dataclass(frozen=True)
class _HandedIn:
    """A file with its sender. Of a notebook of the assignment, `digest` is the name of its content on the shelf."""

    found: Found
    sender: Sender
    digest: str = ""


def collect(desk: Desk, paths: Iterable[Path], told: Callable[[str], None] = lambda label: None) -> list[Row]:
    """A row for everything that was handed in. Raises Unreadable for a path that is no download.

    `told` is called with the name of each file as it is looked at.
    """
    rows: list[Row] = []
    wanted: dict[str, list[_HandedIn]] = {}
    settled, known, roster = _settled(desk), senders(desk.collected), Roster(desk.people)
    with tempfile.TemporaryDirectory() as shelf:  # the notebooks of a large class are more than a memory holds
        for label, handed_in in _by_sender(desk, paths, Path(shelf), told).items():
            notebooks = [each for each in handed_in if each.digest]
            if not notebooks:
                rows.append(Row(label, "no notebook", remark=_why_none(handed_in, desk.stem)))
                continue
            try:
                said = settled.get(label)
                student = roster.account(said) if said else roster.find(notebooks[0].sender)
            except Unknown as problem:
                rows.append(Row(label, "not placed", remark=f"{WHO}: {problem}" if said else str(problem)))
            else:
                wanted.setdefault(student, []).extend(notebooks)
        try:
            for student, notebooks in sorted(wanted.items()):
                rows.append(_place(desk, student, notebooks, Path(shelf), known))
        finally:
            if known:
                text = json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False)
                write_whole(desk.collected / SENDERS, text.encode())
    _ask(desk, settled, [row.label for row in rows if row.outcome == "not placed"])
    return rows


def senders(collected: Path) -> dict[str, dict[str, str]]:
    """By student, how a platform knows what was collected: `platform`, `label`, `prefix`."""
    try:
        return json.loads((collected / SENDERS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _by_sender(
    desk: Desk, paths: Iterable[Path], shelf: Path, told: Callable[[str], None]
) -> dict[str, list[_HandedIn]]:
    handed_in: dict[str, list[_HandedIn]] = {}
    for path in paths:
        try:
            for found in look(path):
                told(found.parts[-1])
                who = sender(found.parts, desk.stem, desk.patterns, desk.zone)
                handed_in.setdefault(who.label, []).append(_shelved(found, who, desk.stem, shelf))
        except Unreadable as problem:
            raise Unreadable(f"{path}: {problem}") from None
        except OSError as problem:
            raise Unreadable(f"{path}: {problem.strerror}") from None
    return handed_in


def _shelved(found: Found, who: Sender, stem: str, shelf: Path) -> _HandedIn:
    """The file with its content on the shelf, when it is a notebook of the assignment."""
    if found.problem or not _belongs(found, stem):
        return _HandedIn(found, who)
    digest = hashlib.sha256(found.content).hexdigest()
    (shelf / digest).write_bytes(found.content)
    return _HandedIn(replace(found, content=b""), who, digest)


def _belongs(found: Found, stem: str) -> bool:
    """Whether it is a notebook of the assignment: by what it says of itself, or else by its name."""
    return found.is_notebook and (found.chapter == stem or (not found.chapter and stem in found.parts[-1]))


def _why_none(handed_in: Iterable[_HandedIn], stem: str) -> str:
    for each in handed_in:
        if each.found.problem:
            return f"{each.found.parts[-1]}: {each.found.problem}"
        if each.found.is_notebook:
            other = f"a notebook of {each.found.chapter}" if each.found.chapter else "a notebook of something else"
            return f"{each.found.parts[-1]} is {other}, and not of {stem}"
    return f"there is no notebook of {stem} in it"


def _place(desk: Desk, student: str, notebooks: list[_HandedIn], shelf: Path, known: dict[str, dict[str, str]]) -> Row:
    """Puts the newest notebook of a student into place; or says that it cannot be told which that is."""
    different = {each.digest: each for each in notebooks}
    chosen, remark = next(iter(different.values())), ""
    if len(different) > 1:
        times = [_time(desk, each) for each in different.values()]
        if None in times or len(set(times)) < len(times):
            names = ", ".join("/".join(each.found.parts) for each in different.values())
            why = f"{len(different)} different notebooks of {student}, and nothing tells which is the last: {names}"
            return Row(chosen.sender.label, "unclear", student, why)
        chosen = max(different.values(), key=lambda each: _time(desk, each) or datetime.min.replace(tzinfo=UTC))
        remark = f"the last of {len(different)}"
    content = (shelf / chosen.digest).read_bytes()
    row = _put(desk, student, chosen, content, remark)
    if other := _taken_for(desk, chosen.sender, student, content, known):
        still = f"it was taken for {other}'s before, and is in {desk.place(other)} still: delete it there"
        row = replace(row, remark="; ".join(filter(None, [row.remark, still])))
    if row.outcome != "older":
        who = chosen.sender
        known[student] = {"platform": who.platform, "label": who.label, "prefix": who.prefix}
    return replace(row, label=chosen.sender.label, has_time=_time(desk, chosen) is not None)


def _put(desk: Desk, student: str, chosen: _HandedIn, content: bytes, remark: str) -> Row:
    when = _time(desk, chosen)
    path = desk.place(student) / f"{desk.stem}.ipynb"
    stamp = path.with_name(TIMESTAMP)
    write_whole(desk.collected / student / f"{chosen.digest[:12]}.ipynb", content)
    late = "late, as the platform says" if chosen.sender.late else ""
    remark = "; ".join(filter(None, [remark, late, _named_for_another(desk, chosen, student)]))
    before = path.read_bytes() if path.is_file() else None
    earlier = parse_utc(stamp.read_text()) if stamp.is_file() else None
    if before is not None and before != content and when and earlier and _utc(earlier) > when:
        return Row("", "older", student, "; ".join(filter(None, [remark, "a later one is in place"])))
    if before is not None:
        kept = hashlib.sha256(before).hexdigest()[:12]
        write_whole(desk.collected / student / f"{kept}.ipynb", before)
    if before != content:
        stamp.unlink(missing_ok=True)  # it told of the notebook before
        write_whole(path, content)
    if when:
        write_whole(stamp, f"{when:%Y-%m-%d %H:%M:%S} UTC".encode())
    outcome = "new" if before is None else "unchanged" if before == content else "replaced"
    return Row("", outcome, student, remark)


def _taken_for(desk: Desk, who: Sender, student: str, content: bytes, known: Mapping[str, Mapping[str, str]]) -> str:
    """The other student in whose folder this lies, since somebody had said that it was that one's; "" for nobody."""
    for other, kept in known.items():
        path = desk.place(other) / f"{desk.stem}.ipynb"
        if other != student and kept.get("label") == who.label and path.is_file() and path.read_bytes() == content:
            return other
    return ""


def _time(desk: Desk, handed_in: _HandedIn) -> datetime | None:
    """When it was handed in, in UTC, as far as that is known."""
    if handed_in.sender.time or not desk.times_of_files or not handed_in.found.time:
        return handed_in.sender.time
    return handed_in.found.time.replace(tzinfo=desk.zone).astimezone(UTC)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _named_for_another(desk: Desk, chosen: _HandedIn, student: str) -> str:
    """A remark when the archive that a student made is named for somebody else than the platform says."""
    if not chosen.sender.platform or chosen.sender.platform in ("archive", "file", "folder"):
        return ""
    inner = sender(chosen.found.parts[-2:], desk.stem)
    named = inner.student if inner.platform == "archive" else ""
    return f"its archive is named for {named}" if named not in ("", student) else ""


def _settled(desk: Desk) -> dict[str, str]:
    """What a person wrote into who.csv: student by label."""
    path = desk.collected / WHO
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if len(row) >= 2]
    return {label: student.strip() for label, student, *_ in rows[1:] if student.strip()}


def _ask(desk: Desk, settled: Mapping[str, str], labels: Iterable[str]) -> None:
    """Adds to who.csv what a person has to settle, and keeps what is there."""
    rows = {**dict.fromkeys(labels, ""), **settled}
    path = desk.collected / WHO
    if not rows:
        path.unlink(missing_ok=True)
        return
    table = io.StringIO(newline="")
    csv.writer(table).writerows([("handed_in_as", "student"), *sorted(rows.items())])
    write_whole(path, table.getvalue().encode())


class NameCollector(FileNameCollectorPlugin):
    """For `nbgrader zip_collect`: reads the names of files as `autograder collect` does.

    It knows no class list, so it takes only names that tell an account. A `named_regexp` in the configuration is used
    where it matches.
    """

    @cached_property
    def _said_by_the_course(self) -> tuple[tuple[str, ...], tzinfo]:
        """The patterns and the time zone of course.toml, where there is one."""
        from autograder.grading.settings import CourseProblem, read

        try:
            settings = read(Path(self.config.Judge.course))
        except (CourseProblem, TypeError):  # a TypeError where no configuration names the folder
            return (), UTC
        return settings.patterns, settings.timezone

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Student, notebook and time of a file; None for one to skip."""
        if not submitted_file.endswith(tuple(self.valid_ext)):
            return None
        if self.named_regexp and (said := self._match(submitted_file)):
            return said
        stem = self.parent.coursedir.assignment_id
        extracted = Path(self.parent._format_collect_path(self.parent.extracted_directory))
        patterns, zone = self._said_by_the_course
        who = sender(Path(submitted_file).relative_to(extracted).parts, stem, patterns, zone)
        if not who.student:
            self.log.warning("%s does not tell an account. Use: autograder collect %s", submitted_file, stem)
            return None
        said = {"student_id": who.student, "file_id": stem}
        return said | ({"timestamp": f"{who.time:%Y-%m-%d %H:%M:%S} UTC"} if who.time else {})
