"""`autograder regrade`: grades again what a mended test judges differently, and says first what changes for whom.

A preview runs what is new, keeps the results, and enters them into the gradebook in a transaction that is rolled back:
so it shows what recording does, and recording later costs no second run.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Grade, MissingEntry
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from traitlets.config import Config

from autograder.checking.report import HIDDEN_WORDS
from autograder.grading.batch import Course, Row, Submission
from autograder.grading.command import Order, chosen, exit_code, quiet, run
from autograder.grading.jobs import Result
from autograder.grading.ledger import GradingProblem, Ledger
from autograder.grading.nbgrader_steps import NOTES
from autograder.grading.recording import Recorded, Recorder

_LONGEST_TABLE = 60
PENALTY = "late penalty"


@dataclass(frozen=True)
class Change:
    """What another grading does to one exercise of a student, in points. `why` says what the check found and finds.

    `by_hand` is the score that a person gave, which stays: then `old` and `new` are what the check alone would give.
    """

    student: str
    exercise: str
    old: float
    new: float
    why: str
    by_hand: float | None = None

    @property
    def gain(self) -> float:
        """What it adds to the student's score."""
        if self.by_hand is not None:
            return 0.0
        return self.old - self.new if self.exercise == PENALTY else self.new - self.old


@dataclass(frozen=True)
class RegradeOrder(Order):
    """What `autograder regrade` is asked to do: with `preview` write nothing, with `feedback` renew pages."""

    preview: bool = False
    feedback: bool = False


@dataclass(frozen=True)
class _State:
    """What the gradebook has of a submission: automatic and manual points by cell, its penalty."""

    auto: Mapping[tuple[str, str], float] = field(default_factory=dict)
    manual: Mapping[tuple[str, str], float] = field(default_factory=dict)
    penalty: float = 0.0


class Comparing(Recorder):
    """A recorder that finds out what a record changes, in `changes`, and then makes it unless it is a preview."""

    def __init__(self, course: Course, assignment: str, preview: bool) -> None:
        super().__init__(course.config, course.directory, assignment)
        self.changes: list[Change] = []
        self._preview, self._apart = preview, False
        self._log_of_changes = course.batch_folder / "changes.jsonl"

    def graded(self) -> set[str]:
        """The students of whom the gradebook has a submission."""
        return {each.student.id for each in self._gradebook.assignment_submissions(self._assignment)}

    def record(self, student: str, folder: Path, results: Mapping[str, Result]) -> Recorded:
        """What is in the gradebook of a submission after its record, or would be."""
        verdicts = self._verdicts(student)
        with self._rolled_back():
            before = self._state(student)
            recorded = super().record(student, folder, results)
            after = self._state(student)
        found = list(_changes(student, before, after, verdicts, results, self._exercises()))
        if not self._preview:
            self._keep(found)
            recorded = super().record(student, folder, results)
        self.changes += found
        return recorded

    def _write(self, student: str, folder: Path, notebooks: Mapping[str, Any]) -> None:
        if not self._apart:
            super()._write(student, folder, notebooks)

    @contextlib.contextmanager
    def _rolled_back(self) -> Iterator[None]:
        """While it lasts, what is committed to the gradebook is not; at its end it is as it was."""
        sessions, engine = self._gradebook.db, self._gradebook.engine
        sessions.remove()
        with engine.connect() as connection:
            transaction = connection.begin()
            sessions.configure(bind=connection, join_transaction_mode="rollback_only")
            self._apart = True
            try:
                yield
            finally:
                self._apart = False
                sessions.remove()
                if transaction.is_active:
                    transaction.rollback()
                sessions.configure(bind=engine, join_transaction_mode="conditional_savepoint")

    def _state(self, student: str) -> _State:
        self._gradebook.db.expire_all()
        try:
            submission = self._gradebook.find_submission(self._assignment, student)
        except MissingEntry:
            return _State()
        grades: dict[tuple[str, str], Grade] = {
            (notebook.name, grade.name): grade for notebook in submission.notebooks for grade in notebook.grades
        }
        return _State(
            {key: grade.auto_score or 0.0 for key, grade in grades.items()},
            {key: grade.manual_score for key, grade in grades.items() if grade.manual_score is not None},
            sum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks),
        )

    def _verdicts(self, student: str) -> dict[tuple[str, str], Mapping[str, Any]]:
        """What was found when the submission was last graded, as its graded notebooks tell."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for name in self.released:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                path = self._destination(student) / f"{name}.ipynb"
                notes = json.loads(path.read_bytes())["metadata"][NOTES]
                found |= {(name, cell): verdict for cell, verdict in notes["verdicts"].items()}
        return found

    def _exercises(self) -> dict[tuple[str, str], str]:
        return {
            (name, cell.name): cell.exercise or cell.name for name, each in self.released.items() for cell in each.cells
        }

    def _keep(self, changes: Sequence[Change]) -> None:
        """Writes changes down before they are made: who is killed between the two finds them there twice, not never."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        lines = [{"when": when, "assignment": self._assignment, **asdict(change)} for change in changes]
        if lines:
            with self._log_of_changes.open("a", encoding="utf-8") as file:
                file.write("".join(f"{json.dumps(line)}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())


class _Unrecorded(Ledger):
    """A ledger that keeps results, and does not take them for recorded."""

    def record(self, assignment: str, student: str, digest: str) -> None:
        """Nothing was recorded."""


def regrade(root: Path, order: RegradeOrder, console: Console, changes: Config | None = None) -> int:
    """The exit code, as that of `grade`. Raises what `grade` raises, and GradingProblem when nothing is graded yet."""
    began = time.monotonic()
    course = Course(root, changes)
    with (
        quiet(),
        (_Unrecorded if order.preview else Ledger)(course.batch_folder) as ledger,
        closing(Comparing(course, order.assignment, order.preview)) as recorder,
    ):
        submissions, missing = chosen(course, order)
        graded = recorder.graded()
        again = [each for each in submissions if each.student in graded]
        if not again and not missing:
            words = f"no submission of {order.assignment} is graded yet. Grade: autograder grade {order.assignment}"
            raise GradingProblem(words)
        rows = missing + run(course, order, ledger, recorder, again, console)
    found = sorted(recorder.changes, key=lambda each: (each.student, each.exercise))
    _show(console, order, found, rows, submissions, graded)
    if order.feedback and not order.preview:
        rows += _feedback(course, order.assignment, found, console)
    if order.json:
        _write(order, found, rows, time.monotonic() - began)
    return exit_code(rows)


def _changes(
    student: str,
    before: _State,
    after: _State,
    verdicts: Mapping[tuple[str, str], Mapping[str, Any]],
    results: Mapping[str, Result],
    names: Mapping[tuple[str, str], str],
) -> Iterator[Change]:
    for key, new in after.auto.items():
        old = before.auto.get(key, 0.0)
        if old == new:
            continue
        notebook, cell = key
        result = results.get(notebook)
        is_now = (result.verdicts.get(cell) if result else None) or {}
        problem = result.problems.get(cell, "") if result else "its notebook was not handed in"
        why = problem or _why(verdicts.get(key, {}), is_now)
        yield Change(student, names.get(key, cell), old, new, why, before.manual.get(key))
    if before.penalty != after.penalty:
        yield Change(student, PENALTY, before.penalty, after.penalty, "its score or the time it was due has changed")


def _why(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    was, is_now = _found(old), _found(new)
    if was == is_now and old.get("max_points") != new.get("max_points"):
        return f"it was worth {old['max_points']:g} and is worth {new['max_points']:g}"
    return f"was: {was}; is: {is_now}" if old else f"is: {is_now}"


def _found(verdict: Mapping[str, Any]) -> str:
    """What a check found, in some words."""
    if not verdict:
        return "graded by its cell"
    if verdict.get("mistake"):
        return f"known mistake {verdict['mistake'].replace('_', ' ')}"
    finding = verdict.get("finding")
    return HIDDEN_WORDS.get(finding, finding) if finding else "passes"


def _show(
    console: Console,
    order: RegradeOrder,
    changes: Sequence[Change],
    rows: Sequence[Row],
    submissions: Sequence[Submission],
    graded: set[str],
) -> None:
    """The table of changes, in a large class those that lose something first, and what they come to."""
    title = f"{order.assignment}: what {'would change' if order.preview else 'changed'}"
    table = Table("student", "exercise", title=title)
    for heading in ("was", "is"):
        table.add_column(heading, justify="right")
    table.add_column("why")
    worst_first = sorted(changes, key=lambda each: (each.gain >= 0, each.student, each.exercise))
    for change in worst_first[:_LONGEST_TABLE] if len(changes) > _LONGEST_TABLE else changes:
        kept = f"; {change.by_hand:g} given by hand stays" if change.by_hand is not None else ""
        words = [escape(each) for each in (change.student, change.exercise, f"{change.old:g}", f"{change.new:g}")]
        table.add_row(*words, escape(change.why + kept))
    if changes:
        console.print(table)
    if len(changes) > _LONGEST_TABLE:
        console.print(f"{len(changes) - _LONGEST_TABLE} more: --json FILE has all of them.", highlight=False)
    _sum_up(console, order, changes, rows)
    waiting = sum(each.student not in graded for each in submissions)
    if waiting:
        console.print(f"{waiting} never graded: autograder grade {order.assignment}", highlight=False)


def _sum_up(console: Console, order: RegradeOrder, changes: Sequence[Change], rows: Sequence[Row]) -> None:
    gains: dict[str, float] = defaultdict(float)
    for change in changes:
        gains[change.student] += change.gain
    more, less = sum(each > 0 for each in gains.values()), sum(each < 0 for each in gains.values())
    failed = sum(row.outcome == "failed" for row in rows)
    same = len(rows) - failed - more - less
    verb = "would gain" if order.preview else "gained"
    words = f"{more} {verb} points, {less} {'would lose' if order.preview else 'lost'} some, {same} keep their score"
    console.print(f"{words}{f', {failed} failed' if failed else ''}.", highlight=False)
    if order.preview and changes:
        only = f" --students {' '.join(order.students)}" if order.students else ""
        console.print(f"Nothing is written. To write it: autograder regrade {order.assignment}{only}", highlight=False)
    elif gains and not order.feedback:
        students = " ".join(sorted(gains)) if len(gains) <= 10 else ""
        only = f" --students {students}" if students else ""
        console.print(f"Their feedback is the old one: autograder feedback {order.assignment}{only}", highlight=False)


def _feedback(course: Course, assignment: str, changes: Sequence[Change], console: Console) -> list[Row]:
    """Writes the pages of those for whom something changed; a row for each that could not be written."""
    from nbgrader.apps.api import NbGraderAPI

    from autograder.grading.returning import write_pages

    students = sorted({change.student for change in changes})
    api = NbGraderAPI(course.directory, config=course.config)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("feedback", total=len(students))
        failed = write_pages(api, assignment, students, lambda student: progress.advance(task))
    written = len(students) - len(failed)
    console.print(f"Wrote the feedback of {written} student{'' if written == 1 else 's'}.", highlight=False)
    return [Row(student, "failed", remarks=(f"no feedback: {why}",)) for student, why in failed.items()]


def _write(order: RegradeOrder, changes: Sequence[Change], rows: Sequence[Row], seconds: float) -> None:
    assert order.json
    said = {
        "assignment": order.assignment,
        "preview": order.preview,
        "seconds": round(seconds, 3),
        "exit_code": exit_code(rows),
        "changes": [asdict(change) for change in changes],
        "submissions": [asdict(row) for row in rows],
    }
    partial = order.json.with_name(f"{order.json.name}.partial")
    partial.write_text(json.dumps(said, indent=1), encoding="utf-8")
    partial.replace(order.json)
