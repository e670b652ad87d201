"""The class of the benchmark for otter-grader 7.0.0: the same notebooks, the same checks as its tests, its own Python.

Its packages do not agree with those of this project, so it gets a throw-away environment below _build/, which sees
torch, the kernel and this package through the project's own.
"""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring.chapter import Chapter

VERSION = "7.0.0"
ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "_build" / "benchmarks" / f"otter-{VERSION}"
TEST = """
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = {points}


@test_case(points={points})
def test_{name}(check, {name}):
    assert check({name}, "{name}") == {points}
"""


class NoOtter(RuntimeError):
    """otter-grader could not be installed; the message says why."""


def python() -> Path:
    """The Python of otter's environment, made if it is not there. Raises NoOtter."""
    interpreter = PLACE / "bin" / "python"
    if not (PLACE / "made").exists():
        shutil.rmtree(PLACE, ignore_errors=True)
        venv.create(PLACE, with_pip=True)
        install = [interpreter, "-m", "pip", "install", "--quiet", f"otter-grader=={VERSION}"]
        done = subprocess.run(install, capture_output=True, text=True)
        if done.returncode:
            raise NoOtter(f"otter-grader {VERSION} cannot be installed: {done.stderr.strip().splitlines()[-1][:300]}")
        packages = next(PLACE.glob("lib/python*/site-packages"))
        ours = [path for path in site.getsitepackages() if path.startswith(sys.prefix)]
        (packages / "zz_built_in.pth").write_text("\n".join([*ours, str(ROOT)]) + "\n")  # after otter's own
        (PLACE / "made").touch()
    return interpreter


def command(root: Path, chapter: Chapter, group: Mapping[str, NotebookNode], seconds: float) -> list[str]:
    """Lays the class into `root`; what grades it there, dropping a submission after `seconds`. Raises NoOtter."""
    interpreter = python()
    archive = root / "autograder.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("otter_config.json", "{}")
        for name, exercise in chapter.exercises.items():
            made.writestr(f"tests/{name}.py", TEST.format(name=name, points=float(exercise.points)))
    notebooks = []
    for student, notebook in group.items():
        path = root / f"{student}.ipynb"
        path.write_text(nbformat.writes(_without_checks(notebook)), encoding="utf-8")
        notebooks.append(str(path))
    script = Path(__file__).with_name("grade_by_otter.py")
    return [str(interpreter), "-W", "ignore", str(script), str(archive), str(seconds), str(root / "points"), *notebooks]


def scores(root: Path) -> dict[str, dict[str, float]]:
    """By student and exercise, the points that otter gave."""
    return json.loads((root / "points").read_text())


def _without_checks(notebook: NotebookNode) -> NotebookNode:
    """The notebook without its test cells: otter runs its own tests."""
    copy = nbformat.from_dict(notebook)
    copy.cells = [cell for cell in copy.cells if not _is_check(cell)]
    return copy


def _is_check(cell: NotebookNode) -> bool:
    about = cell.metadata.get("nbgrader", {})
    return bool(about.get("grade")) and not about.get("solution")
