"""Our steps in `nbgrader autograde`: put the submission back in shape, judge it, record what the verdicts say.

nbgrader_config.py puts them in the places of nbgrader's DeduplicateIds and OverwriteCells, Execute, and SaveAutoGrades.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook, Notebook, SolutionCell, SubmittedNotebook, TaskCell
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, NbGraderPreprocessor
from nbgrader.utils import compute_checksum, determine_grade
from traitlets import DottedObjectName, Unicode
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from autograder.authoring.chapter import load_chapter
from autograder.authoring.freeze import freeze_hidden
from autograder.authoring.hidden import find_key
from autograder.checking.records import Reference
from autograder.checking.references import DIRECTORY, load_reference
from autograder.grading.integrity import Irregularity, ReleasedCell, restore
from autograder.grading.jobs import summary
from autograder.grading.judging import Exam, Executor, Judged, judge

NOTES = "autograder"  # where a graded notebook's metadata has what grading noted: irregularities, verdicts, usage


class RestoreCells(NbGraderPreprocessor):
    """Puts the cells of a submission back as they were released, and notes what had become of them."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        with _gradebook(resources) as gradebook:
            found = restore(nb, released_cells(_released(gradebook, resources), self.config))
        nb.metadata[NOTES] = {"irregularities": [[each.kind, each.name, each.message] for each in found]}
        for each in found:
            if each.kind != "metadata" or found[0].kind != "lost":
                self.log.warning("%s: %s. Look at it in the formgrader.", _where(resources), each.message)
        return nb, resources


class Judge(NbGraderPreprocessor):
    """Runs a submission in an executor's session and judges its test cells. Leaves the verdicts in `resources`."""

    executor = DottedObjectName(
        "autograder.grading.stock.StockExecutor", help="class that starts the sessions; takes parent=…"
    ).tag(config=True)
    references = Unicode(str(DIRECTORY), help="folder of the chapters' public references").tag(config=True)
    solutions = Unicode("", help="folder of the authored chapters, from which hidden cases are drawn").tag(config=True)
    course = Unicode("", help="folder that keeps the course's random key, where no key is given").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        with _gradebook(resources) as gradebook:
            released = released_cells(_released(gradebook, resources))
        checks = {cell.name: cell.exercise for cell in released if cell.exercise}
        exam = self.exam(resources["nbgrader"]["notebook"]) if checks else None
        exam = exam and exam.worth({cell.exercise: cell.points for cell in released if cell.exercise and cell.points})
        executor: Executor = import_item(self.executor)(parent=self)
        with executor.session(Path(resources["metadata"]["path"])) as session:
            resources[NOTES] = judge(nb, checks, exam, session)
        return nb, resources

    def exam(self, stem: str) -> Exam | None:
        """The exam of a chapter, with hidden cases where its sources are at hand; None without a reference."""
        path = Path(self.references) / f"{stem}.safetensors"
        if not path.is_file():
            self.log.error("%s: no reference, so no check can be judged. Make it: python -m autograder freeze", path)
            return None
        drawn = None
        if self.solutions and (Path(self.solutions) / stem).is_dir():
            key, origin = find_key(Path(self.course))
            self.log.info("Hidden cases of %s are keyed by %s", stem, origin)
            drawn = _draw(stem, key, self.solutions, _stamp(Path(self.solutions) / stem))
        else:
            self.log.warning("%s is judged without hidden cases: its sources are not in %r", stem, self.solutions)
        return Exam.of(load_reference(path), drawn)


class SaveScores(NbGraderPreprocessor):
    """Records scores, comments and what needs a person. Goes by the gradebook's cells, not by the submission's."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        judged: Judged = resources.get(NOTES) or Judged()
        about = resources["nbgrader"]
        with _gradebook(resources) as gradebook:
            student = gradebook.find_submission_notebook(about["notebook"], about["assignment"], about["student"])
            for name, why in judged.problems.items():
                self.log.error("%s: %s (%s). It scores 0 until a person has looked.", _where(resources), why, name)
            cells = released_cells(student.notebook)
            save_scores(student, cells, nb, judged.scores, judged.problems, self.log)
            gradebook.db.commit()
        keep_notes(nb, {name: summary(verdict) for name, verdict in judged.verdicts.items()}, judged.problems, {})
        return nb, resources


def keep_notes(
    nb: NotebookNode,
    verdicts: Mapping[str, Mapping[str, Any]],
    problems: Mapping[str, str],
    usage: Mapping[str, Any],
) -> None:
    """Keeps what grading found in the graded notebook: reports on a class are made of it, however it was graded."""
    notes = nb.metadata.setdefault(NOTES, {})
    notes.update(verdicts={**verdicts}, problems={**problems}, usage={**usage})


def save_scores(
    student: SubmittedNotebook,
    released: Sequence[ReleasedCell],
    nb: NotebookNode,
    scores: Mapping[str, float],
    problems: Mapping[str, str],
    log: Any,
) -> dict[str, list[str]]:
    """By grade id what a person should look at, once scores and comments are in the gradebook, not yet committed.

    `released` are the cells of the release, `scores` the points of checks that were judged, `problems` why there is no
    trusting a score; both by grade id.
    """
    irregular = [Irregularity(*each) for each in nb.metadata.get(NOTES, {}).get("irregularities", [])]
    told = _problems(released, problems, irregular)
    _save_grades(student, released, nb, scores, told, irregular, log)
    _save_comments(student, released, nb, told)
    return told


def released_cells(notebook: Notebook, config: Config | None = None) -> list[ReleasedCell]:
    """The cells of a notebook in the gradebook, in the order of the release.

    The gradebook has them with their hidden tests and mark schemes; `config` may say how these are marked.
    """
    points = {cell.name: cell.max_score for cell in [*notebook.grade_cells, *notebook.task_cells]}
    graded = {cell.name for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    tasks = {cell.name for cell in notebook.task_cells}
    cells = [
        ReleasedCell(
            name=cell.name,
            cell_type=cell.cell_type,
            source=cell.source,
            locked=cell.locked,
            grade=cell.name in graded,
            solution=cell.name in solutions,
            task=cell.name in tasks,
            points=points.get(cell.name),
            checksum=cell.checksum,
        )
        for cell in notebook.source_cells
    ]
    steps = [step(config=config, enforce_metadata=False) for step in (ClearHiddenTests, ClearMarkScheme)]
    return [_handed_out(cell, steps) for cell in cells]


def _handed_out(cell: ReleasedCell, steps: list[NbGraderPreprocessor]) -> ReleasedCell:
    """The cell with what is left of it after the steps that nbgrader takes before it hands out."""
    left = NotebookNode(cell_type=cell.cell_type, source=cell.source, metadata=NotebookNode(nbgrader=cell.metadata()))
    for step in steps:
        left, _ = step.preprocess_cell(left, {}, 0)
    if left.source == cell.source:
        return cell
    checksum = cell.checksum if cell.locked else compute_checksum(left)  # a locked one gets its whole source back
    return replace(cell, handed_out=left.source, checksum=checksum)


def _save_grades(
    student: SubmittedNotebook,
    released: Sequence[ReleasedCell],
    nb: NotebookNode,
    scores: Mapping[str, float],
    problems: dict[str, list[str]],
    irregular: list[Irregularity],
    log: Any,
) -> None:
    checks = {cell.name for cell in released if cell.exercise}
    deleted = {each.name for each in irregular if each.kind == "deleted"}
    cells = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in nb.cells if "nbgrader" in cell.metadata}
    for grade in student.grades:
        name = grade.cell.name
        if isinstance(grade.cell, TaskCell):
            continue  # a person gives a task its points, as in nbgrader
        if name in deleted:
            score: float | None = 0.0
        elif name in checks:
            score = scores.get(name, 0.0)
        elif _failed(cells[name]):
            score = 0.0
        else:
            score = determine_grade(cells[name], log)[0]
        valid = score is None or (math.isfinite(score) and 0 <= score <= grade.cell.max_score)
        grade.auto_score = score if valid else 0.0
        if not valid:
            problems.setdefault(name, []).append(f"the score {score} is not within 0 and {grade.cell.max_score:g}")
        grade.needs_manual_grade = grade.manual_score is not None or score is None or name in problems


def _failed(cell: NotebookNode) -> bool:
    """Whether a test cell of plain asserts raised. nbgrader reads a score that stands before the error, if any does."""
    is_answer = cell.metadata["nbgrader"].get("solution", False)
    return not is_answer and any(output.output_type == "error" for output in cell.get("outputs", ()))


def _problems(
    released: Sequence[ReleasedCell], unjudged: Mapping[str, str], irregular: list[Irregularity]
) -> dict[str, list[str]]:
    """By grade id, what a person should look at. What befell an exercise's cell is told at its check as well."""
    problems: dict[str, list[str]] = {}
    for each in irregular:
        problems.setdefault(each.name, []).append(each.message)
    for name, why in unjudged.items():
        problems.setdefault(name, []).append(why)
    for cell in released:
        if cell.exercise and cell.exercise in problems:
            problems.setdefault(cell.name, []).extend(problems[cell.exercise])
    lost = problems.pop("", [])
    return {cell.name: [*lost, *problems.get(cell.name, [])] for cell in released if lost or cell.name in problems}


def _save_comments(
    student: SubmittedNotebook, released: Sequence[ReleasedCell], nb: NotebookNode, problems: dict[str, list[str]]
) -> None:
    """nbgrader's "No response.", and what needs a person: at the solution cell, since only such cells have comments."""
    anchors: dict[str, list[str]] = {}
    anchor = next((cell.name for cell in released if cell.solution), None)
    for cell in released:
        anchor = cell.exercise if cell.exercise and cell.exercise in {other.name for other in released} else anchor
        anchor = cell.name if cell.solution or cell.task else anchor
        if anchor and cell.name in problems:
            anchors.setdefault(anchor, []).extend(problems[cell.name])
    cells = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in nb.cells if "nbgrader" in cell.metadata}
    for comment in student.comments:
        if not isinstance(comment.cell, SolutionCell | TaskCell):
            continue
        name = comment.cell.name
        words = [f"A person will look at this: {why}." for why in dict.fromkeys(anchors.get(name, []))]
        if isinstance(comment.cell, SolutionCell) and _unchanged(cells[name]):
            words.insert(0, "No response.")
        comment.auto_comment = "\n\n".join(words) or None


def _unchanged(cell: NotebookNode) -> bool:
    return cell.metadata["nbgrader"].get("checksum") == compute_checksum(cell)


def _gradebook(resources: dict[str, Any]) -> Gradebook:
    return Gradebook(resources["nbgrader"]["db_url"])


def _released(gradebook: Gradebook, resources: dict[str, Any]) -> Notebook:
    return gradebook.find_notebook(resources["nbgrader"]["notebook"], resources["nbgrader"]["assignment"])


def _where(resources: dict[str, Any]) -> str:
    about = resources["nbgrader"]
    return f"{about['student']}, {about['assignment']}/{about['notebook']}.ipynb"


def _stamp(folder: Path) -> tuple[int, ...]:
    """When a chapter's sources last changed: hidden cases are drawn again after that."""
    return tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*.py")))


@cache
def _draw(stem: str, key: bytes, solutions: str, stamp: tuple[int, ...]) -> Reference:
    """The hidden reference of a chapter, drawn once in a process and kept in its memory alone."""
    return freeze_hidden(load_chapter(stem, Path(solutions)), key)
