"""Reads an authored notebook: a percent script whose cell markers say what each cell is for.

```python
# %% [markdown]                                  prose
# %%                                             code that is released as it stands
# %% exercise="conv1d"                           the cell in which the student writes `conv1d`
# %% check="conv1d"                              the test cell; its source is exactly `check(conv1d)`
# %% [markdown] think="why-shared"               an ungraded question with a collapsible answer
# %% [markdown] answer="explain-shift" points=2  a written answer that a person grades
```

In an exercise or answer cell, what lies between `### BEGIN SOLUTION` and `### END SOLUTION` is not released.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
CODE_STUB = "raise NotImplementedError"
TEXT_STUB = "*Write your answer here.*"

Kind = Literal["prose", "code", "exercise", "check", "think", "answer"]
_MARKERS = {"exercise": "code", "check": "code", "think": "markdown", "answer": "markdown"}
_JUPYTEXT = ("lines_to_next_cell",)  # what jupytext notes for itself
_MARKER_LINE = re.compile(r"^# %%(\s|$)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,55}")
_NBGRADER_REGION = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)|### (HASHED )?AUTOTEST")


class AuthoringError(ValueError):
    """What is wrong in an authored file, at which line, and what to write instead."""

    def __init__(self, path: Path, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{path}:{line}: {problem}. {remedy}.")
        self.path, self.line = path, line


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of an authored notebook; `line` is the line of its marker, counted from 1."""

    kind: Kind
    source: str
    line: int
    name: str | None = None
    points: float | None = None  # answers only; an exercise's points stand in cases.py

    @property
    def grade_id(self) -> str | None:
        """The identity of a named cell, used as nbgrader's grade id and as the notebook's cell id."""
        prefix = {"check": "check-", "think": "think-"}.get(self.kind, "")
        return None if self.name is None else prefix + self.name


@dataclass(frozen=True, slots=True)
class Script:
    """An authored notebook, checked as a whole."""

    path: Path
    stem: str
    cells: tuple[Cell, ...]

    @property
    def exercises(self) -> dict[str, Cell]:
        """The exercise cells by name, in course order."""
        return {cell.name: cell for cell in self.cells if cell.kind == "exercise" and cell.name}


def read(path: Path) -> Script:
    """The authored notebook at `path`; its stem is the file's.

    Raises AuthoringError, naming file and line, when a marker, a region or a cell is not what the format asks for.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AuthoringError(path, 1, "no such file", "An authored notebook is solutions/<stem>/<stem>.py") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Script:
    """The authored notebook written in `text`; `path` gives the stem and is named in errors."""
    cells = tuple(_classify(path, *raw) for raw in _split(text, path))
    for cell in cells:
        _check_cell(cell, path)
    _check_ids(cells, path)
    _check_pairs(cells, path)
    return Script(path, path.stem, cells)


def stub(source: str, replacement: str = CODE_STUB) -> str:
    """The source as it is released: every solution region replaced by `replacement` at the region's indentation."""
    lines, inside = [], False
    for line in source.split("\n"):
        if line.strip() == BEGIN:
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + replacement)
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def _split(text: str, path: Path) -> Iterator[tuple[int, str, dict, str]]:
    """Line of the marker, cell type, options and source of every cell, as jupytext reads them."""
    import jupytext  # here, because the stub's text is wanted where jupytext is not

    lines = [number for number, line in enumerate(text.splitlines(), 1) if _MARKER_LINE.match(line)]
    try:
        found = jupytext.reads(text, fmt="py:percent").cells
    except Exception as error:  # jupytext has no error of its own: yaml, nbformat and others come through
        what = str(error).splitlines()[0]
        raise AuthoringError(path, 1, f"jupytext cannot read it: {what}", "Correct or remove the header") from error
    if found and lines and len(found) == len(lines) + 1:
        raise AuthoringError(path, 1, "text before the first cell marker", "Begin the file with '# %% [markdown]'")
    if len(found) != len(lines) or not lines:
        raise AuthoringError(
            path,
            lines[0] if lines else 1,
            f"{len(lines)} lines begin with '# %%' but {len(found)} cells were read",
            "Begin each cell with '# %%' at the start of a line, and no line of a string or code block with it",
        )
    for line, cell in zip(lines, found, strict=True):
        options = {key: value for key, value in cell.metadata.items() if key not in _JUPYTEXT}
        yield line, cell.cell_type, options, cell.source


def _classify(path: Path, line: int, cell_type: str, options: Mapping, source: str) -> Cell:
    """The cell with its marker understood."""
    if cell_type not in ("code", "markdown"):
        raise AuthoringError(path, line, f"a {cell_type} cell", "Write '# %%' or '# %% [markdown]'")
    markers = [key for key in options if key in _MARKERS]
    unknown = [key for key in options if key not in _MARKERS and not (key == "points" and markers == ["answer"])]
    if unknown:
        raise AuthoringError(path, line, *_unknown_marker(unknown[0]))
    if len(markers) > 1:
        raise AuthoringError(path, line, f"two markers, {markers[0]} and {markers[1]}", "Give each a cell of its own")
    if not markers:
        return Cell("code" if cell_type == "code" else "prose", source, line)
    kind, name = markers[0], options[markers[0]]
    if cell_type != _MARKERS[kind]:
        wanted = f'# %% {"[markdown] " if _MARKERS[kind] == "markdown" else ""}{kind}="{name}"'
        raise AuthoringError(path, line, f"{kind}={name!r} on a {cell_type} cell", f"Write '{wanted}'")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        remedy = f'Write {kind}="name" with letters, digits, - and _, at most 56 of them'
        raise AuthoringError(path, line, f"{name!r} cannot name a cell", remedy)
    return Cell(kind, source, line, name, _points(path, line, options) if kind == "answer" else None)


def _unknown_marker(key: str) -> tuple[str, str]:
    if key == "points":
        return "points on a cell that is not a written answer", "An exercise's points stand in cases.py; remove it here"
    close = difflib.get_close_matches(key, _MARKERS, 1)
    known = ", ".join(_MARKERS)
    return f"unknown marker {key!r}", f"Write {close[0]!r}" if close else f"The markers are {known}"


def _points(path: Path, line: int, options: Mapping) -> float:
    points = options.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < float("inf"):
        raise AuthoringError(path, line, "a written answer without points", "Write points=2 (a number above 0)")
    return float(points)


def _check_cell(cell: Cell, path: Path) -> None:
    """Refuses a cell whose source is not what its kind asks for."""
    _check_regions(cell, path)
    if cell.kind == "check" and cell.source != f"check({cell.name})":
        remedy = f"Its source is exactly 'check({cell.name})'; put other code in a cell before it"
        raise AuthoringError(path, cell.line, f"the test cell of {cell.name} has other content", remedy)
    if cell.kind == "think" and not re.search(r"<details>.*<summary>.*</summary>.*</details>", cell.source, re.DOTALL):
        remedy = "Put the answer in <details><summary>Answer</summary> … </details>"
        raise AuthoringError(path, cell.line, f"the question {cell.name!r} has no collapsible answer", remedy)
    if cell.kind == "exercise":
        _check_exercise(cell, path)


def _check_regions(cell: Cell, path: Path) -> None:
    """Refuses regions that are unbalanced, nested, misspelt or where they would not be removed."""
    allowed, begun = cell.kind in ("exercise", "answer"), None
    for line, text in enumerate(cell.source.split("\n"), cell.line + 1):
        mark = text.strip()
        if not _NBGRADER_REGION.search(text):
            continue
        if mark not in (BEGIN, END):
            remedy = f"Write '{BEGIN}' and '{END}', each alone on its line; hidden cases stand in cases.py"
            raise AuthoringError(path, line, f"{mark!r} is no region of this format", remedy)
        if not allowed:
            remedy = 'Move the solution into a cell marked exercise="…" or answer="…"'
            raise AuthoringError(path, line, "a solution region in a cell that is released as it stands", remedy)
        if (mark == BEGIN) == (begun is not None):
            problem = "a solution region inside another" if begun else f"'{END}' without a beginning"
            raise AuthoringError(path, line, problem, f"Write '{BEGIN}' … '{END}' in turn")
        begun = line if mark == BEGIN else None
    if begun is not None:
        raise AuthoringError(path, begun, "a solution region without an end", f"Close it with '{END}'")
    if allowed and BEGIN not in cell.source:
        remedy = f"Put the solution between '{BEGIN}' and '{END}'"
        raise AuthoringError(path, cell.line, f"the {cell.kind} {cell.name!r} has no solution region", remedy)


def _check_exercise(cell: Cell, path: Path) -> None:
    """Refuses an exercise that does not define its name, solved and as a stub, with a docstring on the stub."""
    assert cell.name is not None
    for source, what in ((cell.source, "solution"), (stub(cell.source), "released stub")):
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            line = cell.line + (error.lineno or 1) if what == "solution" else cell.line
            remedy = "Leave the signature and docstring outside the region, and one region in every body"
            raise AuthoringError(path, line, f"the {what} of {cell.name} is no Python: {error.msg}", remedy) from None
        definition = next((node for node in tree.body if cell.name in _defines(node)), None)
        if definition is None:
            remedy = f"Write 'def {cell.name}(…)', 'class {cell.name}' or '{cell.name} = …' outside the region"
            raise AuthoringError(path, cell.line, f"the {what} of {cell.name} does not define {cell.name}", remedy)
    if isinstance(definition, ast.FunctionDef | ast.ClassDef) and not ast.get_docstring(definition):
        line = cell.line + definition.lineno
        raise AuthoringError(path, line, f"{cell.name} has no docstring", "Say what it returns, with shapes")


def _defines(node: ast.stmt) -> set[str]:
    """The names that a top-level statement binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _check_ids(cells: tuple[Cell, ...], path: Path) -> None:
    seen: dict[str, int] = {}
    for cell in cells:
        if cell.grade_id is None:
            continue
        if cell.grade_id in seen:
            problem = f"the id {cell.grade_id!r} stands twice, first in line {seen[cell.grade_id]}"
            raise AuthoringError(path, cell.line, problem, "Give every cell a name of its own")
        seen[cell.grade_id] = cell.line


def _check_pairs(cells: tuple[Cell, ...], path: Path) -> None:
    """Refuses a check before or without its exercise, and an exercise without a check."""
    open_exercises: dict[str, Cell] = {}
    for cell in cells:
        if cell.kind == "exercise" and cell.name:
            open_exercises[cell.name] = cell
        elif cell.kind == "check" and open_exercises.pop(cell.name or "", None) is None:
            remedy = f"Write a cell '# %% exercise=\"{cell.name}\"' above it"
            raise AuthoringError(path, cell.line, f"a check of {cell.name} before or without its exercise", remedy)
    for name, cell in open_exercises.items():
        remedy = f"Write a cell '# %% check=\"{name}\"' with 'check({name})' below it"
        raise AuthoringError(path, cell.line, f"the exercise {name} has no check", remedy)
