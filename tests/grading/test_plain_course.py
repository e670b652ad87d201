"""An ordinary nbgrader course, of test cells with asserts: the engine gives the scores that nbgrader gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import compute_checksum
from rich.console import Console
from traitlets.config import Config

from autograder.grading import command
from autograder.grading.release import course_config

ROOT = Path(__file__).resolve().parents[2]
NAME = "ps1"
PARTLY = "got = sum(area(r) == 3 * r * r for r in (1, 2, 3, 4))\ngot / 2"
SQUARE, AREA = "def square(x):\n    return x * x", "def area(r):\n    return 3 * r * r"
ANSWERS = {
    "right": (SQUARE, AREA, "Since it is."),
    "fails-the-hidden-test": ("def square(x):\n    return 9", AREA, "Since it is."),
    "partly": (SQUARE, "def area(r):\n    return 3 * r * r if r < 4 else 0", "Since it is."),
    "not-python": ("def square(x)\n    return x * x", AREA, "Since it is."),
    "writes-to-stderr": (SQUARE.replace("return", "__import__('warnings').warn('hm')\n    return"), AREA, "Hm."),
    "not-begun": (None, None, None),
}


def _named(new: Any, name: str, source: str, points: float | None = None, **kind: bool) -> Any:
    about = {"grade": False, "solution": False, "locked": False, "task": False, **kind}
    worth = {} if points is None else {"points": points}
    return new(source, id=name, metadata={"nbgrader": {**about, **worth, "grade_id": name, "schema_version": 3}})


def _authored() -> Any:
    region = "    ### BEGIN SOLUTION\n    return None\n    ### END SOLUTION"
    hidden = "### BEGIN HIDDEN TESTS\nassert square(-2) == 4\n### END HIDDEN TESTS"
    scheme = "Draw it.\n=== BEGIN MARK SCHEME ===\nOne point for a square.\n=== END MARK SCHEME ==="
    notebook = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook.cells = [
        _named(v4.new_code_cell, "square", f"def square(x):\n{region}", solution=True),
        _named(v4.new_code_cell, "test-square", f"assert square(3) == 9\n{hidden}", 3, grade=True, locked=True),
        _named(v4.new_code_cell, "area", f"def area(r):\n{region}", solution=True),
        _named(v4.new_code_cell, "test-area", PARTLY, 2, grade=True, locked=True),
        _named(v4.new_markdown_cell, "why", "Why?", 5, grade=True, solution=True),
        _named(v4.new_markdown_cell, "draw", scheme, 1, task=True, locked=True),
    ]
    return notebook


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an nbgrader course that knows nothing of ours, released by nbgrader."""
    for name in ("AUTOGRADER_COURSE", "AUTOGRADER_DB", "AUTOGRADER_EXCHANGE"):
        monkeypatch.delenv(name, raising=False)
    source = tmp_path / "source" / NAME / "p1.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(_authored(), str(source))
    (tmp_path / "nbgrader_config.py").write_text(
        f'import os\nos.environ["AUTOGRADER_COURSE"] = {str(tmp_path)!r}\n'
        f'load_subconfig("nbgrader_config.py", path={str(ROOT)!r})\nc = get_config()\n'
        f'c.CourseDirectory.root = {str(tmp_path)!r}\nc.CourseDirectory.source_directory = "source"\n'
        f'c.CourseDirectory.release_directory = "release"\nc.CourseDirectory.db_url = "sqlite:///{tmp_path}/ours.db"\n'
    )
    for database in ("ours", "nbgraders"):
        assert _stock(tmp_path, database).generate_assignment(NAME, force=True)["success"]
    return tmp_path


def _stock(root: Path, database: str = "nbgraders") -> NbGraderAPI:
    """nbgrader as it is, on the same folder with another gradebook."""
    config = Config(CourseDirectory={"root": str(root), "db_url": f"sqlite:///{root}/{database}.db", "course_id": "x"})
    config.CourseDirectory.autograded_directory = f"autograded-{database}"
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def _hand_in(root: Path, student: str, answers: tuple[str | None, ...]) -> None:
    notebook = nbformat.read(str(root / "release" / NAME / "p1.ipynb"), as_version=4)
    for name, answer in zip(("square", "area", "why"), answers, strict=True):
        cell = next(each for each in notebook.cells if each.metadata.nbgrader.grade_id == name)
        cell.source = answer or cell.source
    path = root / "submitted" / student / NAME / "p1.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, str(path))


def _grades(root: Path, database: str) -> dict[tuple[str, str], tuple[float | None, bool]]:
    with Gradebook(f"sqlite:///{root}/{database}.db", "x") as gradebook:
        return {
            (submission.student.id, grade.name): (grade.auto_score, grade.needs_manual_grade)
            for submission in gradebook.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


@pytest.mark.slow
def test_a_plain_course_gets_the_scores_that_nbgrader_gives(plain):
    for student, answers in ANSWERS.items():
        _hand_in(plain, student, answers)
    code = command.grade(plain, command.Order(NAME), Console(quiet=True))
    assert _stock(plain).autograde(NAME, "*")["success"]
    ours = _grades(plain, "ours")
    assert ours == _grades(plain, "nbgraders")
    assert code == 0 and ours["fails-the-hidden-test", "test-square"] == (0.0, False)
    assert ours["partly", "test-area"] == (1.5, False) and ours["not-begun", "why"] == (0.0, False)


def test_a_test_without_its_hidden_part_is_as_it_was_released(plain):
    from autograder.grading.nbgrader_steps import released_cells

    config = course_config(plain)
    with Gradebook(config.CourseDirectory.db_url, "x") as gradebook:
        cells = {cell.name: cell for cell in released_cells(gradebook.find_notebook("p1", NAME), config)}
    released = nbformat.read(str(plain / "release" / NAME / "p1.ipynb"), as_version=4)
    got = {each.metadata.nbgrader.grade_id: each for each in released.cells}
    assert {name: cell.as_handed_out for name, cell in cells.items()} == {name: got[name].source for name in got}
    assert "square(-2)" in cells["test-square"].source and "One point" in cells["draw"].source
    assert cells["test-square"].checksum_at(3) == compute_checksum(got["test-square"])
