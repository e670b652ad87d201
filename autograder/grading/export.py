"""The grades as a table that spreadsheets and learning platforms read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student
from nbgrader.plugins import ExportPlugin

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


class CsvExport(ExportPlugin):
    """nbgrader's columns and one more, `needs_person`, with every field quoted where it must be.

    nbgrader's own exporter writes a name with a comma as two fields.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Writes `--to` (grades.csv): a line for every assignment and student, submitted or not."""
        path = Path(self.to or "grades.csv")
        wanted = {str(name) for name in self.assignment}
        students = {str(name) for name in self.student}
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for assignment in gradebook.assignments:
                if not wanted or assignment.name in wanted:
                    writer.writerows(_rows(gradebook, assignment, students))
        self.log.info("Wrote the grades to %s", path)


def _rows(gradebook: Gradebook, assignment: Assignment, wanted: set[str]) -> Iterator[dict]:
    for student in gradebook.students:
        if not wanted or student.id in wanted:
            yield _identity(assignment, student) | _scores(gradebook, assignment, student)


def _identity(assignment: Assignment, student: Student) -> dict:
    return {
        "assignment": assignment.name,
        "duedate": assignment.duedate,
        "student_id": student.id,
        "last_name": student.last_name,
        "first_name": student.first_name,
        "email": student.email,
        "max_score": assignment.max_score,
    }


def _scores(gradebook: Gradebook, assignment: Assignment, student: Student) -> dict:
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return {"raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0, "needs_person": "no"}
    penalty = submission.late_submission_penalty
    return {
        "timestamp": submission.timestamp,
        "raw_score": submission.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
        "needs_person": "yes" if submission.needs_manual_grade else "no",
    }
