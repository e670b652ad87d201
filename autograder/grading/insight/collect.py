"""Reads a class out of nbgrader's gradebook and the notebooks that grading wrote, changing neither."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment as Entry
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.api import Notebook as Released
from sqlalchemy.exc import SQLAlchemyError

from autograder.checking.references import load_reference
from autograder.grading.batch import Course
from autograder.grading.insight.notebooks import Notes, read_all
from autograder.grading.insight.records import Attempt, Concern, Group, Item, Paper
from autograder.grading.ledger import GradingProblem
from autograder.grading.nbgrader_steps import Judge, released_cells

_CRASHES = {
    "exit": "the notebook's process ended itself",
    "signal": "the notebook's process was ended by a signal",
    "memory": "it used more memory than it may",
    "processes": "it ran more processes than it may",
    "disk": "it wrote more than it may",
}
_TIMES = {"wall": "the notebook took longer than it may", "cpu": "it used more processor time than it may"}
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_PERSON = "A person will look at this: "

Advance = Callable[[int, int], None]  # how many more were read, of how many


@dataclass
class _Submission:
    student: str
    name: str
    penalty: float = 0.0
    notebooks: dict[str, str] = field(default_factory=dict)
    grades: dict[tuple[str, str], Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def read(course: Course, assignment: str, advance: Advance = lambda count, total: None) -> Group:
    """The class as it stands. `advance` is told of each submission that was read.

    Raises GradingProblem when the gradebook cannot be read, does not have the assignment, or has no submission of it.
    """
    references = Path(Judge(config=course.config).references)
    try:
        with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
            entry = _entry(gradebook, assignment)
            sections, released = _release(course, assignment, [each.name for each in entry.notebooks])
            items = tuple(_items(entry, references, sections))
            submissions = _submissions(gradebook, entry)
            enrolled = gradebook.db.query(Student).count()
    except SQLAlchemyError as problem:
        said = str(getattr(problem, "orig", None) or problem).strip().splitlines()[0][:200]
        raise GradingProblem(f"the gradebook cannot be read: {said}. Is it the one of this course?") from None
    if not submissions:
        raise GradingProblem(f"no submission of {assignment} is graded yet. Grade them: autograder grade {assignment}")
    paths = [_paths(course, assignment, each) for each in submissions]
    papers = []
    for submission, where, notes in zip(submissions, paths, read_all(paths, released), strict=True):
        papers.append(_paper(submission, items, where, notes))
        advance(1, len(submissions))
    return Group(assignment, enrolled, items, tuple(papers), released)


def _entry(gradebook: Gradebook, assignment: str) -> Entry:
    try:
        return gradebook.find_assignment(assignment)
    except MissingEntry:
        known = ", ".join(sorted(each.name for each in gradebook.assignments)) or "none"
        raise GradingProblem(
            f"the gradebook has no assignment {assignment}; it has {known}. "
            f"Release it: autograder release {assignment} (or nbgrader generate_assignment {assignment})"
        ) from None


def _items(entry: Entry, references: Path, sections: Mapping[str, str]) -> Iterator[Item]:
    for notebook in entry.notebooks:
        path = references / f"{notebook.name}.safetensors"
        exercises = load_reference(path).exercises if path.is_file() else {}
        for cell in released_cells(notebook):
            if not cell.points:
                continue
            exercise = exercises.get(cell.exercise or "")
            known = exercise.mistakes if exercise else ()
            hints = {each.name: each.hints[0] for each in known if each.hints}
            written = cell.solution or cell.task
            name = cell.exercise or cell.name
            yield Item(notebook.name, cell.name, name, cell.points, written, sections.get(cell.name, ""), hints)


def _submissions(gradebook: Gradebook, entry: Entry) -> list[_Submission]:
    """What the gradebook has of every submission, in four queries however many there are."""
    db, mine = gradebook.db, SubmittedAssignment.assignment_id == entry.id
    found: dict[str, _Submission] = {}
    owner: dict[str, _Submission] = {}
    notebooks = (
        db.query(Student, Released.name, SubmittedNotebook.id, SubmittedNotebook.late_submission_penalty)
        .select_from(SubmittedNotebook)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Student, SubmittedAssignment.student_id == Student.id)
        .join(Released, SubmittedNotebook.notebook_id == Released.id)
        .filter(mine)
        .order_by(Student.id)
    )
    for student, notebook, key, penalty in notebooks:
        name = " ".join(filter(None, [student.first_name, student.last_name]))
        submission = found.setdefault(student.id, _Submission(student.id, name))
        submission.notebooks[key] = notebook
        submission.penalty += penalty or 0.0
        owner[key] = submission
    cells = dict(
        db.query(BaseCell.id, BaseCell.name)
        .join(Released, BaseCell.notebook_id == Released.id)
        .filter(Released.assignment_id == entry.id)
        .all()
    )
    grades = (
        db.query(
            Grade.notebook_id,
            Grade.cell_id,
            Grade.score,
            Grade.auto_score,
            Grade.manual_score,
            Grade.needs_manual_grade,
        )
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(mine)
    )
    waiting: set[str] = set()
    for key, cell, *grade in grades:
        owner[key].grades[owner[key].notebooks[key], cells[cell]] = grade
        if grade[-1]:
            waiting.add(key)
    comments = (
        db.query(Comment.notebook_id, Comment.auto_comment)
        .join(SubmittedNotebook, Comment.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .filter(mine, Comment.auto_comment.contains(_PERSON))
    )
    for key, words in comments:
        if key not in waiting:
            continue  # somebody has looked, and given a score
        lines = [line.removeprefix(_PERSON) for line in words.split("\n\n") if line.startswith(_PERSON)]
        owner[key].remarks += [line for line in lines if line not in owner[key].remarks]
    return list(found.values())


def _release(course: Course, assignment: str, notebooks: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Of the release: the heading above each graded cell, by grade id, and the sources of its code cells."""
    directory = course.directory
    folder = Path(directory.format_path(directory.release_directory, ".", assignment))
    sections: dict[str, str] = {}
    sources: list[str] = []
    for path in (folder / f"{name}.ipynb" for name in notebooks):
        heading = ""
        for cell in json.loads(path.read_bytes())["cells"] if path.is_file() else ():
            source = "".join(cell["source"])
            if cell["cell_type"] == "code":
                sources.append(source)
            else:
                heading = next(iter(_HEADING.findall(source)[::-1]), heading)
            sections[cell["metadata"].get("nbgrader", {}).get("grade_id", "")] = heading
    return sections, tuple(sources)


def _paths(course: Course, assignment: str, submission: _Submission) -> dict[str, str]:
    """The graded notebooks of a submission, by name."""
    directory = course.directory
    folder = Path(directory.format_path(directory.autograded_directory, submission.student, assignment))
    paths = {name: folder / f"{name}.ipynb" for name in submission.notebooks.values()}
    return {name: str(path) for name, path in paths.items() if path.is_file()}


def _paper(
    submission: _Submission, items: Sequence[Item], paths: Mapping[str, str], notes: Mapping[str, Notes]
) -> Paper:
    attempts = {
        item.key: _attempt(item, submission.grades[item.key], notes.get(item.notebook, Notes()).verdicts.get(item.cell))
        for item in items
        if item.key in submission.grades
    }
    seconds = [each.usage["cpu_seconds"] for each in notes.values() if "cpu_seconds" in each.usage]
    return Paper(
        student=submission.student,
        name=submission.name or submission.student,
        score=max(0.0, sum(each.score for each in attempts.values()) - submission.penalty),
        attempts=attempts,
        concerns=tuple(_concerns(submission, notes, items)),
        seconds=sum(seconds) if seconds else None,
        judged=any(each.kept for each in notes.values()),
        sketch=next((each.sketch for each in notes.values() if each.sketch), None),
        paths=tuple(paths.values()),
    )


def _attempt(item: Item, grade: Sequence[Any], verdict: Mapping[str, Any] | None) -> Attempt:
    score, auto, manual, needs = grade
    finding = str((verdict or {}).get("finding") or "")
    mistake = str((verdict or {}).get("mistake") or "")
    if needs and manual is None and auto is None:
        return Attempt("waiting", 0.0)
    if manual is None and not finding and not score:  # no check has said that it is wrong
        if needs:
            return Attempt("not judged", 0.0)
        if item.written:
            return Attempt("not begun", 0.0)
    if score >= item.max_score:
        return Attempt("right", score)
    if score > 0:
        return Attempt("partly", score, finding, mistake)
    state = {"not implemented": "not begun", "missing": "not begun", "stopped": "stopped"}.get(finding, "wrong")
    return Attempt(state, score, finding, mistake)


def _concerns(submission: _Submission, notes: Mapping[str, Notes], items: Sequence[Item]) -> Iterator[Concern]:
    """Why a person should look, the worst first, each reason once."""
    changed, others = set(), list(submission.remarks)
    late: dict[str, None] = {}
    names = {item.cell: item.name for item in items}
    for each in notes.values():
        changed |= {message for _, _, message in each.irregularities}
        reason = each.usage.get("reason", "")
        if reason in _TIMES:
            late[_TIMES[reason]] = None
        if each.timed_out:
            cells = [names.get(cell, cell) for cell in dict.fromkeys(each.timed_out) if cell]
            late[f"ran out of time: {', '.join(cells) or 'a cell that is not graded'}"] = None
        if reason in _CRASHES:
            yield Concern("crashed", _CRASHES[reason])
    for words in late:
        yield Concern("timed out", words)
    for words in dict.fromkeys(others):
        yield Concern("changed" if words.rstrip(".") in changed or words in changed else "unclear", words.rstrip("."))
