"""Makes what students receive: authored notebook -> staged notebook -> nbgrader's generate_assignment -> exercises/."""

from __future__ import annotations

import contextlib
import copy
import io
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from traitlets.config import Config, PyFileConfigLoader

from autograder.authoring import notebook, percent
from autograder.student.keeping import place

SOURCE, RELEASE = Path("_build/source"), Path("_build/release")  # as in nbgrader_config.py

_RAISED = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception): ")  # the last line of a traceback


class ReleaseError(RuntimeError):
    """nbgrader refused a notebook; the message holds what it logged."""


def course_config(root: Path) -> Config:
    """What nbgrader_config.py of the repository at `root` says."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()


def stage(stem: str, points: Mapping[str, float], root: Path) -> Path:
    """Path of the notebook, solutions included, from which nbgrader makes the release of `stem`."""
    script = percent.read(root / "solutions" / stem / f"{stem}.py")
    return notebook.stage(notebook.build(script, points, repository(root)), stem, root / SOURCE)


def build(
    stems: Iterable[str],
    points_by_stem: Mapping[str, Mapping[str, float]],
    root: Path,
    out: Path | None = None,
    record: bool = False,
    told: Callable[[str], None] = lambda words: print(words, file=sys.stderr),
) -> list[Path]:
    """Paths of the released notebooks, `exercises/<stem>/<stem>.ipynb` or `out/<stem>/<stem>.ipynb`.

    `points_by_stem[stem]` gives every exercise its points. With `record`, the release is also noted in the course's
    gradebook and lies where nbgrader looks for it, as after `nbgrader generate_assignment`. An edited notebook is kept
    in `backups/` beside it, and `told` is called with a word on it. Raises AuthoringError for what is wrong in a file
    of solutions/, ReleaseError when nbgrader refuses.
    """
    root = root.resolve()
    released = (out or root / "exercises").resolve()
    stems = list(stems)
    for stem in stems:
        stage(stem, points_by_stem[stem], root)
    return [_built(stem, root, released, record, told) for stem in stems]


def repository(root: Path) -> str | None:
    """The git address from which a notebook opened elsewhere installs the package: pyproject.toml, [project.urls]."""
    project = root / "pyproject.toml"
    if not project.is_file():
        return None
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"].get("urls", {}).get("Repository")


def generate(stem: str, config: Config, released: Path, record: bool) -> Path:
    """Path of the notebook that nbgrader makes from the staged one, in `released/<stem>/`.

    With `record`, its exercises and points go into the gradebook. Raises ReleaseError when nbgrader refuses.
    """
    config = copy.deepcopy(config)
    config.CourseDirectory.release_directory = str(released)
    config.CourseDirectory.assignment_id = stem
    config.BaseConverter.force = True
    if not record:
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
    with contextlib.redirect_stderr(io.StringIO()):
        result = capture_log(GenerateAssignment(coursedir=CourseDirectory(config=config), config=config))
    path = released / stem / f"{stem}.ipynb"
    if not succeeded(result) or not path.is_file():
        raise ReleaseError(f"nbgrader did not release {stem}: {reason(result)}")
    return path


def succeeded(result: Mapping[str, Any]) -> bool:
    """Whether nbgrader did what it was asked. Raises KeyboardInterrupt, which nbgrader catches, again."""
    if "KeyboardInterrupt" in result.get("error", "").strip().rpartition("\n")[2]:
        raise KeyboardInterrupt
    return bool(result["success"])


def reason(result: Mapping[str, Any]) -> str:
    """The line in which nbgrader, that was asked to do something, says why it did not."""
    lines = f"{result.get('error', '')}\n{result.get('log', '')}".splitlines()
    said = [line.strip() for line in lines if line.strip() and "the above traceback" not in line]
    raised = [line for line in said if _RAISED.match(line)]
    found = (raised or said or ["it did not say why"])[-1]
    return re.sub(r"^(?:nbgrader[\w.]*: |\[\w+\] )", "", found)


def _built(stem: str, root: Path, released: Path, record: bool, told: Callable[[str], None]) -> Path:
    """Released from where `build` staged it, whatever course the configuration is of. Only the notebook is replaced."""
    config = course_config(root)
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = str(SOURCE)
    with tempfile.TemporaryDirectory() as passing:
        fresh = root / RELEASE if record else Path(passing)  # nbgrader empties the folder that it writes into
        made = generate(stem, config, fresh, record).read_bytes()
    placed = place(made, released / stem / f"{stem}.ipynb", carry=False)
    if placed.backup:
        told(placed.words)
    return placed.path
