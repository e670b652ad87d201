"""Enters results into nbgrader's gradebook and writes autograded/ as `nbgrader autograde` does, converters apart.

The steps named in nbgrader_config.py are kept in their order. Those that would open the gradebook for themselves, five
times a notebook, get the one that is open.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, Notebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, OverwriteKernelspec
from nbgrader.utils import find_all_files
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import selectinload
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.grading.integrity import ReleasedCell, restore
from autograder.grading.jobs import Result, loads
from autograder.grading.ledger import GradingProblem
from autograder.grading.nbgrader_steps import (
    NOTES,
    Judge,
    RestoreCells,
    SaveScores,
    keep_notes,
    released_cells,
    save_scores,
)

# Done here with the gradebook that is open. Metadata is not checked twice: every cell's was just put back as released.
_OURS = (Judge, RestoreCells, SaveScores, AssignLatePenalties, OverwriteKernelspec, CheckCellMetadata)


class Busy(Exception):
    """The gradebook did not take a record for now, and may do later."""


@dataclass(frozen=True)
class Released:
    """A notebook of the assignment as the gradebook has it."""

    name: str
    cells: tuple[ReleasedCell, ...]
    kernelspec: Mapping[str, Any] | None

    @property
    def checks(self) -> dict[str, str]:
        """The exercise of each test cell of ours, by grade id."""
        return {cell.name: cell.exercise for cell in self.cells if cell.exercise}

    @property
    def points(self) -> dict[str, float]:
        """What each exercise with a test cell of ours is worth."""
        return {cell.exercise: cell.points for cell in self.cells if cell.exercise and cell.points}


@dataclass(frozen=True)
class Recorded:
    """What is in the gradebook of one submission. `by_hand` counts the answers that only a person can grade."""

    score: float
    max_score: float
    penalty: float
    by_hand: int
    remarks: tuple[str, ...]


class Recorder:
    """The one writer of a batch. Raises GradingProblem where the gradebook or the assignment cannot be used."""

    def __init__(self, config: Config, directory: CourseDirectory, assignment: str) -> None:
        self._directory, self._assignment = directory, assignment
        self._log = logging.getLogger("autograder")
        autograde = Autograde(coursedir=directory, config=config)
        self._autograde = autograde
        self._sanitize = _steps(autograde.sanitize_preprocessors, config)
        self._finish = _steps(autograde.autograde_preprocessors, config)
        self._penalties = AssignLatePenalties(config=config)
        self._gradebook = _open(directory)
        try:
            self._notebooks = self._gradebook.find_assignment(assignment).notebooks  # kept, or each record asks again
            self.released = {each.name: _released(each, config) for each in self._notebooks}
        except MissingEntry:
            known = ", ".join(sorted(each.name for each in self._gradebook.assignments)) or "none"
            self.close()
            raise GradingProblem(
                f"the gradebook has no assignment {assignment}; it has {known}. "
                f"Release it: autograder release {assignment} (or nbgrader generate_assignment {assignment})"
            ) from None
        except SQLAlchemyError as problem:
            self.close()
            raise GradingProblem(explained(directory.db_url, problem)) from None

    @property
    def terms(self) -> bytes:
        """What a late penalty depends on beside the submission: the due date, and how lateness is dealt with."""
        plugin = self._penalties.plugin_class
        names = [each.__name__ for each in plugin.__mro__ if each.__name__ in self._penalties.config]
        settings = [(name, sorted(self._penalties.config[name].items())) for name in names]
        due = self._gradebook.find_assignment(self._assignment).duedate
        return repr((str(due), plugin.__name__, settings)).encode()

    def close(self) -> None:
        """Leave the gradebook."""
        self._gradebook.close()

    def restored(self, name: str, notebook: NotebookNode) -> NotebookNode:
        """A submitted notebook in the shape of its release, without outputs."""
        released = self.released[name]
        found = restore(notebook, released.cells)
        notebook.metadata[NOTES] = {"irregularities": [[each.kind, each.name, each.message] for each in found]}
        for step in self._sanitize:
            notebook, _ = step.preprocess(notebook, {})
        if released.kernelspec:
            notebook.metadata["kernelspec"] = dict(released.kernelspec)
        return notebook

    def has(self, student: str) -> bool:
        """Whether the submission is in the gradebook and its notebooks are in autograded/."""
        with contextlib.suppress(MissingEntry):
            submission = self._gradebook.find_submission(self._assignment, student)
            names = {each.name for each in submission.notebooks}
            return all((self._destination(student) / f"{name}.ipynb").is_file() for name in names)
        return False

    def standing(self, student: str) -> Recorded:
        """What the gradebook has of a submission. Remarks are of notebooks in which something waits for a person."""
        notebooks = self._loaded(self._gradebook.find_submission(self._assignment, student))
        grades = [grade for notebook in notebooks for grade in notebook.grades]
        remarks = [
            line
            for notebook in notebooks
            if any(grade.needs_manual_grade for grade in notebook.grades)
            for comment in notebook.comments
            for line in (comment.auto_comment or "").split("\n\n")
            if line.startswith("A person will look at this: ")
        ]
        return Recorded(
            score=sum(grade.score for grade in grades),
            max_score=sum(grade.cell.max_score for grade in grades),
            penalty=sum(notebook.late_submission_penalty or 0.0 for notebook in notebooks),
            by_hand=sum(grade.needs_manual_grade for grade in grades),
            remarks=tuple(dict.fromkeys(line.split(": ", 1)[1] for line in remarks)),
        )

    def record(self, student: str, folder: Path, results: Mapping[str, Result]) -> Recorded:
        """Enters the results of a submission in `folder`, by notebook. Raises Busy when the gradebook is locked."""
        notebooks = {name: loads(result.notebook) for name, result in results.items()}
        for name in notebooks:
            resources: dict[str, Any] = {"nbgrader": {"student": student, "notebook": name}}
            for step in self._finish:
                notebooks[name], _ = step.preprocess(notebooks[name], resources)
            keep_notes(notebooks[name], results[name].verdicts, results[name].problems, results[name].usage)
        self._write(student, folder, notebooks)
        try:
            self._enter(student, folder, results, notebooks)
            return self.standing(student)
        except OperationalError as problem:
            self._gradebook.db.rollback()
            raise Busy(explained(self._directory.db_url, problem)) from None
        except SQLAlchemyError as problem:
            self._gradebook.db.rollback()
            raise GradingProblem(explained(self._directory.db_url, problem)) from None
        except Exception:
            self._gradebook.db.rollback()  # or half of this record would go in with the next
            raise

    def _enter(
        self, student: str, folder: Path, results: Mapping[str, Result], notebooks: Mapping[str, NotebookNode]
    ) -> None:
        timestamp = self._directory.get_existing_timestamp(str(folder))
        when = {"timestamp": timestamp} if timestamp else {}
        if not self._autograde.create_student:
            self._gradebook.find_student(student)
        self._gradebook.update_or_create_student(student)
        submission = self._gradebook.update_or_create_submission(self._assignment, student, **when)
        for submitted in self._loaded(submission):
            name = submitted.notebook.name
            if name in notebooks:
                result, notebook = results[name], notebooks[name]
                cells = self.released[name].cells
                save_scores(submitted, cells, notebook, result.scores, result.problems, self._log)
                self._penalize(student, submitted)
            else:
                for grade in submitted.grades:
                    grade.auto_score, grade.needs_manual_grade = 0, False
        self._gradebook.db.commit()

    def _loaded(self, submission: SubmittedAssignment) -> list[SubmittedNotebook]:
        """Its notebooks with all grades and comments as the database has them, in three statements."""
        whole = (selectinload(SubmittedNotebook.grades), selectinload(SubmittedNotebook.comments))
        chosen = select(SubmittedNotebook).where(SubmittedNotebook.assignment_id == submission.id).options(*whole)
        return list(self._gradebook.db.scalars(chosen, execution_options={"populate_existing": True}))

    def _penalize(self, student: str, submitted: SubmittedNotebook) -> None:
        """The penalty of nbgrader's plug-in, as its AssignLatePenalties enters it."""
        late = submitted.assignment.total_seconds_late
        submitted.late_submission_penalty = None
        if late > 0:
            self._penalties.init_plugin()
            self._gradebook.db.flush()
            self._gradebook.db.refresh(submitted)  # its score is a sum that the database makes
            score = submitted.score
            penalty = self._penalties.plugin_inst.late_submission_penalty(student, score, late)
            if penalty is not None:
                submitted.late_submission_penalty = self._penalties._check_late_penalty(submitted, penalty)

    def _write(self, student: str, folder: Path, notebooks: Mapping[str, NotebookNode]) -> None:
        """Puts the graded notebooks into autograded/ with the files beside them, all at once."""
        destination = self._destination(student)
        partial = destination.with_name(f".{destination.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        source = Path(self._directory.format_path(self._directory.source_directory, ".", self._assignment))
        keep = {str(source / name) for name in self._autograde.exclude_overwriting.get(self._assignment, [])}
        _copy(folder, partial, self._directory.ignore)
        _copy(source, partial, self._directory.ignore, keep)
        for name, notebook in notebooks.items():
            (partial / f"{name}.ipynb").write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        _remove(destination)
        partial.rename(destination)
        self._autograde.set_permissions(self._assignment, student)

    def _destination(self, student: str) -> Path:
        return Path(self._directory.format_path(self._directory.autograded_directory, student, self._assignment))


def _steps(names: Iterable[Any], config: Config) -> list[Any]:
    """The configured steps that are switched on and need no gradebook."""
    classes = [import_item(name) if isinstance(name, str) else name for name in names]
    steps = [each(config=config) for each in classes if not issubclass(each, _OURS)]
    return [step for step in steps if step.enabled]


def _open(directory: CourseDirectory) -> Gradebook:
    try:
        gradebook = Gradebook(directory.db_url, directory.course_id)
        gradebook.db().expire_on_commit = False  # what is needed anew is asked for; the release does not change
        return gradebook
    except SQLAlchemyError as problem:
        raise GradingProblem(explained(directory.db_url, problem)) from None


def explained(url: str, problem: SQLAlchemyError) -> str:
    """What is wrong with the gradebook at `url`, and what to do, in one line."""
    said = str(getattr(problem, "orig", None) or problem).strip().splitlines()[0][:200]
    if "locked" in said:
        advice = "another program is writing to it; end that one, or wait, and give the same command again"
    elif isinstance(problem, OperationalError):
        advice = "see that the database can be reached and has room, and give the same command again"
    elif isinstance(problem, DatabaseError):
        advice = "restore it from a backup, and give the same command again"
    else:
        advice = "give the same command again"
    return f"the gradebook ({_address(url)}) cannot be used: {said}. What was graded is kept: {advice}"


def _address(url: str) -> str:
    """A database's address without its password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _released(notebook: Notebook, config: Config) -> Released:
    kernelspec = json.loads(notebook.kernelspec) if notebook.kernelspec else None
    return Released(notebook.name, tuple(released_cells(notebook, config)), kernelspec)


def _copy(source: Path, destination: Path, ignored: list[str], keep: Iterable[str] = ()) -> None:
    """Copies the regular files below `source` but notebooks, links and what is ignored."""
    for name in find_all_files(str(source), [*ignored, "*.ipynb"]):
        if name in keep or os.path.islink(name) or not os.path.isfile(name):
            continue
        target = destination / os.path.relpath(name, source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, target)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        for directory, _, _ in os.walk(folder):
            os.chmod(directory, 0o755)
        shutil.rmtree(folder)
