"""The grades as tables that spreadsheets and learning platforms read: exporters for `nbgrader export --exporter=…`.

    nbgrader export                                                                              one line a grade
    nbgrader export --exporter=autograder.grading.export.CanvasExport --to canvas.csv
    nbgrader export --exporter=autograder.grading.export.MoodleExport --to moodle.csv

`--assignment` and `--student` narrow all of them, as nbgrader's own exporter.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.plugins import ExportPlugin
from sqlalchemy import Integer, cast, func
from traitlets import Dict, Enum, Unicode

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "needs_person",
)


@dataclass(frozen=True)
class Standing:
    """What the gradebook has of one submission; `raw` is the score before the penalty, manual grades included."""

    timestamp: datetime | None
    raw: float
    penalty: float
    needs_person: bool

    @property
    def score(self) -> float:
        """What counts: never below 0."""
        return max(0.0, self.raw - self.penalty)


def standings(gradebook: Gradebook, assignment: Assignment) -> dict[str, Standing]:
    """By student, what was handed in for an assignment, in three queries however large the class.

    The sums start from grades and notebooks: the gradebook has no index that leads to them from a submission.
    """
    mine = SubmittedAssignment.assignment_id == assignment.id
    scores = (
        gradebook.db.query(
            SubmittedNotebook.assignment_id,
            func.sum(Grade.score),
            func.max(cast(Grade.needs_manual_grade, Integer)),
        )
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .group_by(SubmittedNotebook.assignment_id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(mine)
    )
    penalties = (
        gradebook.db.query(SubmittedNotebook.assignment_id, func.sum(SubmittedNotebook.late_submission_penalty))
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(mine)
        .group_by(SubmittedNotebook.assignment_id)
    )
    raw = {submission: (total or 0.0, bool(needs)) for submission, total, needs in scores}
    less = {submission: total or 0.0 for submission, total in penalties}
    submissions = gradebook.db.query(
        SubmittedAssignment.id, SubmittedAssignment.student_id, SubmittedAssignment.timestamp
    )
    found = {}
    for submission, student, timestamp in submissions.filter(mine):
        total, needs = raw.get(submission, (0.0, False))
        found[student] = Standing(timestamp, total, less.get(submission, 0.0), needs)
    return found


class _Table(ExportPlugin):
    """What the exporters share: who and what is asked for, and a file that is there whole or not at all."""

    file = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Writes the table to `--to`. Ends the program when it cannot, or the gradebook lacks what is asked for."""
        path = Path(self.to or self.file)
        partial = path.with_name(f"{path.name}.partial")
        rows = self.table(self._assignments(gradebook), self._students(gradebook), gradebook)
        try:
            with partial.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
            partial.replace(path)
        except OSError as problem:
            self.log.error("%s cannot be written: %s. Name another file with --to", path, problem.strerror)
            sys.exit(1)
        self.log.info("Wrote the grades to %s", path)

    def table(
        self, assignments: list[Assignment], students: list[Student], gradebook: Gradebook
    ) -> Iterator[Iterable[Any]]:
        """The rows, the names of the columns first."""
        raise NotImplementedError

    def _assignments(self, gradebook: Gradebook) -> list[Assignment]:
        found = {each.name: each for each in gradebook.assignments}
        wanted = [str(name) for name in self.assignment] or list(found)
        unknown = [name for name in wanted if name not in found]
        if unknown:
            self.log.error("The gradebook has no assignment %s; it has %s", unknown[0], ", ".join(found) or "none")
            sys.exit(1)
        return [each for name, each in found.items() if name in wanted]

    def _students(self, gradebook: Gradebook) -> list[Student]:
        wanted = {str(name) for name in self.student}
        return [each for each in gradebook.students if not wanted or each.id in wanted]


class CsvExport(_Table):
    """nbgrader's columns and one more, `needs_person`, with every field quoted where it must be.

    A line for every assignment and student, submitted or not. nbgrader's own exporter writes a name with a comma as two
    fields.
    """

    def table(
        self, assignments: list[Assignment], students: list[Student], gradebook: Gradebook
    ) -> Iterator[Iterable[Any]]:
        yield COLUMNS
        for assignment in assignments:
            found = standings(gradebook, assignment)
            for student in students:
                standing = found.get(student.id, Standing(None, 0.0, 0.0, False))
                yield (
                    assignment.name,
                    assignment.duedate,
                    standing.timestamp,
                    student.id,
                    plain(student.last_name),
                    plain(student.first_name),
                    student.email,
                    standing.raw,
                    standing.penalty,
                    standing.score,
                    assignment.max_score,
                    "yes" if standing.needs_person else "no",
                )


class _PlatformExport(_Table):
    """A line for every student and a column for every assignment."""

    names = Dict(help="by assignment, the name that its column has on the platform").tag(config=True)
    missing = Unicode(help="what stands where nothing was handed in").tag(config=True)

    def heading(self, assignment: Assignment) -> str:
        """The name of an assignment's column."""
        return str(self.names.get(assignment.name, assignment.name))

    def scores(self, found: Iterable[Mapping[str, Standing]], student: Student) -> list[str]:
        """The scores of a student, one for each assignment."""
        own = [each.get(student.id) for each in found]
        return [self.missing if standing is None else points(standing.score) for standing in own]

    def read(self, gradebook: Gradebook, assignments: list[Assignment]) -> list[dict[str, Standing]]:
        """The standings by assignment. Says which are not final."""
        found = [standings(gradebook, assignment) for assignment in assignments]
        for assignment, each in zip(assignments, found, strict=True):
            waiting = sum(standing.needs_person for standing in each.values())
            if waiting:
                words = "%s: %d submissions wait for a person, and their scores may change: jupyter lab, Formgrader"
                self.log.warning(words, assignment.name, waiting)
        return found


class CanvasExport(_PlatformExport):
    """A file for Canvas: Gradebook, Import.

    Columns as Canvas exports and imports them (instructure/canvas-lms, lib/gradebook_importer.rb): Student, ID, SIS
    Login ID and Section, then a column for each assignment, and points possible in the second line. Canvas finds a
    student by ID (the number it gave, nbgrader's `lms_user_id`), then by login, then by name; and an assignment by the
    number at the end of "Convolution (4711)", then by name. A name that it does not have it offers to create.
    """

    file = "canvas.csv"
    missing = Unicode("", help="what stands where nothing was handed in; empty is no grade").tag(config=True)
    login = Enum(["id", "email"], "id", help="what students log in to Canvas with").tag(config=True)

    def table(
        self, assignments: list[Assignment], students: list[Student], gradebook: Gradebook
    ) -> Iterator[Iterable[Any]]:
        found = self.read(gradebook, assignments)
        yield ["Student", "ID", "SIS Login ID", "Section", *map(self.heading, assignments)]
        yield ["    Points Possible", "", "", "", *(points(each.max_score) for each in assignments)]
        for student in students:
            name = ", ".join(filter(None, [student.last_name, student.first_name])) or student.id
            login = student.email if self.login == "email" else student.id
            yield [plain(name), student.lms_user_id or "", login or "", "", *self.scores(found, student)]


class MoodleExport(_PlatformExport):
    """A file for Moodle: Grades, Import, CSV file.

    Moodle asks which column identifies a user ("Map from" Email address or ID number, "Map to" the same) and which
    grade item each other column is (docs.moodle.org/405/en/Grade_import). "-" is no grade (moodle/moodle,
    grade/import/csv/classes/load_data.php). E-mail addresses must agree in case. ID number is nbgrader's `lms_user_id`
    where there is one, and the student's id otherwise.
    """

    file = "moodle.csv"
    missing = Unicode("-", help="what stands where nothing was handed in; - is no grade").tag(config=True)

    def table(
        self, assignments: list[Assignment], students: list[Student], gradebook: Gradebook
    ) -> Iterator[Iterable[Any]]:
        for assignment in assignments:
            if assignment.max_score > 100:
                words = "%s has %s points; Moodle refuses grades above 100 unless a site allows them"
                self.log.warning(words, assignment.name, points(assignment.max_score))
        found = self.read(gradebook, assignments)
        yield ["First name", "Last name", "ID number", "Email address", *map(self.heading, assignments)]
        for student in students:
            identity = [plain(student.first_name), plain(student.last_name), student.lms_user_id or student.id]
            yield [*identity, student.email or "", *self.scores(found, student)]


def points(score: float) -> str:
    """A score with at most two digits after the point, as the platforms show and compare them."""
    return f"{score:.2f}".rstrip("0").rstrip(".")


def plain(name: str | None) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name and name[0] in "=+-@\t\r" else name or ""
