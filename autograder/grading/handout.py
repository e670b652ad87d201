"""Hands a chapter out: the course's own release of it, entered into the gradebook, and an archive for any platform."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.authoring import notebook, percent
from autograder.authoring.chapter import ROOT
from autograder.checking.references import public_path
from autograder.grading import release
from autograder.grading.collecting import write_whole
from autograder.grading.settings import Assignment, CourseProblem, Settings, with_points, worth

_EPOCH = (2026, 1, 1, 0, 0, 0)  # of every file in an archive, so that the same release gives the same bytes
_STUDENTS_ROOMS = ("checking", "commands", "student")


@dataclass(frozen=True)
class Handout:
    """What was handed out. `points` is all that can be earned."""

    notebook: Path
    archive: Path
    points: float


def hand_out(settings: Settings, assignment: Assignment, config: Config, root: Path = ROOT) -> Handout:
    """The release of one chapter of a course; `root` is the repository. It replaces an earlier one.

    Raises CourseProblem where the course would contradict its gradebook, ReleaseError when nbgrader refuses.
    """
    stem = assignment.stem
    directory = CourseDirectory(config=config)
    points = worth(stem, root / "solutions") | dict(assignment.points)
    built = _built(assignment, points, root)
    notebook.stage(built, stem, Path(directory.format_path(directory.source_directory, ".", ".")).resolve())
    released = Path(directory.format_path(directory.release_directory, ".", ".")).resolve()
    path = released / stem / f"{stem}.ipynb"
    with tempfile.TemporaryDirectory() as fresh:  # nbgrader empties a folder before it writes there
        write_whole(path, release.generate(stem, config, Path(fresh), record=True).read_bytes())
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        due = assignment.due.replace(tzinfo=None).isoformat(" ") if assignment.due else None
        gradebook.update_or_create_assignment(stem, duedate=due)
    archive = settings.folder / "handouts" / f"{stem}.zip"
    pack(archive, path, _begin(settings, assignment, root), root)
    return Handout(path, archive, sum(points.values()))


def pack(archive: Path, released: Path, begin: str, root: Path = ROOT) -> None:
    """Writes an archive with which a student can begin: the notebook, and beside it what its checks need."""
    stem = released.stem
    files = {f"{stem}/{stem}.ipynb": released.read_bytes(), f"{stem}/README.txt": begin.encode()}
    files |= {f"{stem}/{name}": content for name, content in _package(stem, root)}
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_name(f".{archive.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in sorted(files.items()):
                info = zipfile.ZipInfo(name, _EPOCH)
                info.external_attr, info.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                file.writestr(info, content)
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)


def _built(assignment: Assignment, points: Mapping[str, float], root: Path) -> NotebookNode:
    """The chapter's notebook, solutions included, with the course's points in it."""
    stem = assignment.stem
    script = with_points(percent.read(root / "solutions" / stem / f"{stem}.py"), points)
    exercises = {name: points[name] for name in script.exercises}
    built = notebook.build(script, exercises, release.repository(root))
    changed = {name: each for name, each in assignment.points.items() if name in exercises}
    if changed:
        _tell_check(built, stem, changed)
    return built


def _tell_check(built: NotebookNode, stem: str, points: Mapping[str, float]) -> None:
    """Writes the course's points where the notebook makes its `check`, so that verdicts count as the gradebook does."""
    made = re.compile(rf"Check\((['\"]){stem}\1\)")
    cells = [cell for cell in built.cells if cell.cell_type == "code" and made.search(cell.source)]
    if len(cells) != 1:
        raise CourseProblem(
            f'solutions/{stem}/{stem}.py: Check("{stem}") stands in {len(cells)} cells, so that points cannot be '
            "changed. Write it in one, or leave out the points of this chapter in course.toml"
        )
    said = json.dumps({name: int(each) if each.is_integer() else each for name, each in points.items()})
    cells[0].source = made.sub(f'Check("{stem}", points={said})', cells[0].source)


def _package(stem: str, root: Path) -> Iterator[tuple[str, bytes]]:
    """The students' side of the package, with the reference of this chapter alone."""
    package = root / "autograder"
    for path in [*package.glob("*.py"), *(each for room in _STUDENTS_ROOMS for each in (package / room).rglob("*"))]:
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(root)), path.read_bytes()
    reference = public_path(stem)
    yield f"autograder/references/{reference.name}", reference.read_bytes()


def _begin(settings: Settings, assignment: Assignment, root: Path) -> str:
    stem, project = assignment.stem, tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["student"], "jupyterlab"]
    packages = " ".join(re.split(r"[^\w-]", each)[0] for each in wanted)
    due = f"\nIt is due on {settings.local(assignment.due)}.\n" if assignment.due else ""
    return f"""{settings.title or "Exercises"}: {stem}
{due}
1. Unpack this archive. With Python 3.11 or later, once:
   pip install {packages}
2. In the folder {stem}: jupyter lab {stem}.ipynb
3. Write the functions, run their checks, and save.
4. Hand in {stem}.ipynb in the way your instructor said, with its name unchanged; or the archive that
   python -m autograder submit {stem}
   makes of it, after a look at whether it is whole.

The folder autograder holds what the checks need. Leave it beside the notebook.
"""
