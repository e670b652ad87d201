"""A small course on disk, released and with a gradebook; nbgrader runs on it in this process."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.authoring.chapter import load_chapter
from autograder.authoring.freeze import freeze_public
from autograder.checking.references import save_reference
from autograder.grading import release

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent

# nbgrader 0.9.6 against the pinned SQLAlchemy and Python: its own warnings, which no change of ours can end.
NBGRADER_WARNINGS = (
    "ignore:Object of type:sqlalchemy.exc.SAWarning",
    "ignore:datetime.datetime.utcnow:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            for each in NBGRADER_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(each))


def _load(name: str) -> None:
    """Makes a module of this folder importable by its bare name, as a configuration names it."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec and spec.loader
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


_load("in_process")
_load("small_course")
_load("batches")
_load("lab_server")
from small_course import OUTER, SCALE, STEM, Course, cell  # noqa: E402 - it was made importable just above


@pytest.fixture(scope="session")
def course_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small course, released and recorded once."""
    root = tmp_path_factory.mktemp("course") / "root"
    shutil.copytree(HERE / "fixture", root / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    chapter = load_chapter(STEM, root / "solutions")
    save_reference(freeze_public(chapter), root / "references" / f"{STEM}.safetensors")
    points = {name: exercise.points for name, exercise in chapter.exercises.items()}
    with pytest.MonkeyPatch.context() as patch:
        _own_environment(patch)
        release.build([STEM], {STEM: points}, root, record=True)
    return root


@pytest.fixture
def course(course_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A copy of the small course, judged by a stand-in that runs cells in this process."""
    _own_environment(monkeypatch)
    shutil.copytree(course_template, tmp_path / "root")
    return Course(tmp_path / "root")


def _own_environment(patch: pytest.MonkeyPatch) -> None:
    for name in ("AUTOGRADER_COURSE", "AUTOGRADER_DB", "AUTOGRADER_EXCHANGE", "AUTOGRADER_KEY_FILE"):
        patch.delenv(name, raising=False)
    patch.setenv("AUTOGRADER_KEY", "a key that the tests share")


@pytest.fixture
def solved(course: Course) -> Any:
    """A submission with everything right and the written answer written."""
    notebook = course.notebook()
    cell(notebook, "outer").source = OUTER
    cell(notebook, "Scale").source = SCALE
    cell(notebook, "explain").source = "Rows belong to a."
    return notebook
