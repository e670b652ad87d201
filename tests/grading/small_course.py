"""A small course in a folder of its own, and nbgrader run on it in this process."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from autograder.grading import release

STEM = "ch97_small"
OUTER = 'def outer(a, b):\n    """Products."""\n    return a[:, None] * b[None, :]'
SCALE = (
    'class Scale(nn.Module):\n    """x w."""\n\n    def __init__(self, d):\n        super().__init__()\n'
    "        self.weight = nn.Parameter(torch.ones(d))\n\n    def forward(self, x):\n        return x * self.weight"
)


@dataclass
class Course:
    """A course in a folder of its own: `root` is laid out as the repository is."""

    root: Path
    executor: str = "in_process.InProcess"
    logs: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.root / "_build" / "course"

    @property
    def released(self) -> Path:
        return self.root / "exercises" / STEM / f"{STEM}.ipynb"

    @property
    def api(self) -> NbGraderAPI:
        config = release.course_config(self.root)
        config.Judge.executor = self.executor
        config.Judge.references = str(self.root / "references")
        return NbGraderAPI(CourseDirectory(config=config), config=config)

    def notebook(self) -> Any:
        """The released notebook, as a student would open it."""
        return nbformat.read(self.released, as_version=4)

    def submit(self, student: str, notebook: Any) -> Path:
        folder = self.data / "submitted" / student / STEM
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{STEM}.ipynb"
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
        return path

    def autograde(self, student: str) -> dict:
        """Runs `nbgrader autograde` for one student; what it logged is kept in `logs`."""
        result = self.api.autograde(STEM, student)
        self.logs.append(result.get("log", "") + result.get("error", ""))
        return result

    def grade(self, student: str, notebook: Any) -> dict[str, Grade]:
        self.submit(student, notebook)
        result = self.autograde(student)
        assert result["success"], self.logs[-1]
        return self.grades(student)

    def grades(self, student: str) -> dict[str, Grade]:
        with self.gradebook() as gradebook:
            submitted = gradebook.find_submission_notebook(STEM, STEM, student)
            comments = {each.name: each.comment for each in submitted.comments}
            return {
                grade.cell.name: Grade(
                    grade.auto_score, grade.needs_manual_grade, comments.get(grade.cell.name.removeprefix("check-"))
                )
                for grade in submitted.grades
            }

    def gradebook(self) -> contextlib.AbstractContextManager[Gradebook]:
        return Gradebook(release.course_config(self.root).CourseDirectory.db_url, "built-in")

    def graded(self, student: str) -> Any:
        """The notebook that autograding made."""
        return nbformat.read(self.data / "autograded" / student / STEM / f"{STEM}.ipynb", as_version=4)


@dataclass(frozen=True)
class Grade:
    score: float | None
    needs_person: bool
    comment: str | None


def cell(notebook: Any, name: str) -> Any:
    """The cell with this cell id, which for named cells is the grade id."""
    return next(each for each in notebook.cells if each.id == name)
