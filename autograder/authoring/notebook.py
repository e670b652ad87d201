"""Makes the notebook that nbgrader releases from an authored one: same bytes on every build.

The notebook carries nbgrader's cell metadata (schema 3) and, on each exercise and its check, the course's own:
`"autograder": {"exercise": "conv1d", "chapter": "ch03_convolution"}`. What stands in the notebook's own metadata, by
which a student's work is told from the release, is in `autograder/checking/identity.py`. Nothing here imports nbgrader.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from autograder.authoring.percent import CODE_STUB, TEXT_STUB, AuthoringError, Cell, Script, stub
from autograder.checking.identity import grade_id, record

_SETUP = """\
try:
    import autograder
except ImportError:  # on Colab, or wherever the course's package is not installed yet
    {otherwise}\
"""
_INSTALL = '%pip install --quiet "built-in[student] @ git+{repository}"'
_EXPLAIN = 'raise ImportError("install the course first: its page For students says how") from None'
_END = """\
---

**Where you stand.** The next cell shows what passes in this chapter and in the others. To hand in, save this notebook
and run `%run -m autograder submit {stem}` in a new cell, or the same without `%run -m` in a terminal, unless your
instructor told you another way. It says what is not done, and makes the file to hand in."""
_MAKES_CHECK = re.compile(r"^check\s*=\s*Check\(", re.MULTILINE)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def build(script: Script, points: Mapping[str, float], repository: str | None = None) -> NotebookNode:
    """The notebook of `script`, solutions included, with `points[name]` for every exercise.

    Its first code cell installs the package from `repository` (a git address) where `autograder` cannot be imported,
    and does nothing elsewhere; without a repository it says what is missing. Its last one shows the progress board.
    Raises AuthoringError when an exercise has no points, or points have no exercise.
    """
    _check_points(script, points)
    cells = [_cell(cell, script.stem, points) for cell in script.cells]
    names = [cell.grade_id for cell in script.cells]
    first_code = next((index for index, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    otherwise = _INSTALL.format(repository=repository) if repository else _EXPLAIN
    cells.insert(first_code, v4.new_code_cell(_SETUP.format(otherwise=otherwise), metadata={"tags": ["setup"]}))
    names.insert(first_code, "setup")
    if any(_MAKES_CHECK.search(cell.source) for cell in cells):
        cells += [v4.new_markdown_cell(_END.format(stem=script.stem)), v4.new_code_cell("check.board()")]
        names += ["hand-in", "board"]
    _set_ids(cells, names, script.stem)
    metadata = {
        "autograder": {"chapter": script.stem},
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
    }
    notebook = v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)
    nbformat.validate(notebook)
    return notebook


def stage(notebook: NotebookNode, stem: str, source: Path) -> Path:
    """Writes `source/<stem>/<stem>.ipynb`, alone in its folder: nbgrader releases every file that it finds there.

    Returns the path. The file appears whole or not at all; an unchanged one keeps its time of change.
    """
    folder = source / stem
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.ipynb"
    for other in folder.iterdir():
        if other != path:
            raise FileExistsError(
                f"{other} would be released to students. Move it away: only {path.name} belongs here."
            )
    text = nbformat.writes(_recorded(notebook, stem)) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        with tempfile.NamedTemporaryFile("w", dir=source, encoding="utf-8", suffix=".ipynb", delete=False) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    return path


def _recorded(notebook: NotebookNode, stem: str) -> NotebookNode:
    """The notebook with the record of its release, in which the solutions are taken out."""
    cells = [
        (c.cell_type, stub(c.source, CODE_STUB if c.cell_type == "code" else TEXT_STUB), grade_id(c))
        for c in notebook.cells
    ]
    recorded = copy.deepcopy(notebook)
    recorded.metadata["autograder"] = record(stem, cells)
    return recorded


def _check_points(script: Script, points: Mapping[str, float]) -> None:
    exercises = script.exercises
    for name, cell in exercises.items():
        if not points.get(name, 0) > 0:
            raise AuthoringError(script.path, cell.line, f"no points for {name}", "Give it points in cases.py")
    for name in points:
        if name not in exercises:
            remedy = f"Write a cell '# %% exercise=\"{name}\"', or remove it from cases.py"
            raise AuthoringError(script.path, 1, f"cases.py has an exercise {name}, this file has none", remedy)


def _cell(cell: Cell, stem: str, points: Mapping[str, float]) -> NotebookNode:
    """The notebook cell of an authored one, but for its id."""
    metadata: dict = {}
    if cell.kind in ("exercise", "check"):
        metadata["autograder"] = {"chapter": stem, "exercise": cell.name}
    if cell.kind in ("exercise", "check", "answer"):
        graded = points[cell.name] if cell.kind == "check" and cell.name else cell.points
        metadata["nbgrader"] = _nbgrader(cell, graded)
    new = v4.new_markdown_cell if cell.kind in ("prose", "think", "answer") else v4.new_code_cell
    return new(cell.source, metadata=metadata)


def _nbgrader(cell: Cell, points: float | None) -> dict:
    """nbgrader's schema 3: a check is graded and locked, an exercise a solution, an answer graded and a solution."""
    metadata = {
        "grade": cell.kind != "exercise",
        "grade_id": cell.grade_id,
        "locked": cell.kind == "check",
        "schema_version": 3,
        "solution": cell.kind != "check",
        "task": False,
    }
    # JupyterLab writes whole numbers without a decimal point, so that saving would change every graded cell
    return metadata if points is None else metadata | {"points": int(points) if points == int(points) else points}


def _set_ids(cells: list[NotebookNode], names: list[str | None], stem: str) -> None:
    """Gives every cell its name as id, or one that depends on chapter and content, counted where two are equal."""
    taken = {name for name in names if name}
    for cell, name in zip(cells, names, strict=True):
        digest = hashlib.sha256(f"{stem}\n{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        candidates = (digest if count == 1 else f"{digest}-{count}" for count in itertools.count(1))
        cell.id = name or next(candidate for candidate in candidates if candidate not in taken)
        taken.add(cell.id)
