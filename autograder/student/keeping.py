"""Puts a released notebook where a student works, and never at the cost of what they wrote.

An edited notebook is first copied into `backups/` beside it. Its answers and own cells then go into the new one.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.checking.identity import digest_of, grade_id, is_released, said, source
from autograder.student.notebooks import Notebook, NotebookProblem, irregularities, parse, write_whole

BACKUPS = "backups"
_RESULTS = ("source", "outputs", "execution_count", "attachments")


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a notebook. outcome: new, unchanged, or replaced; `backup` is where the former one is kept.

    `carried` counts the answers and the student's own cells that stand in the new one, where that was asked for.
    """

    path: Path
    outcome: str
    backup: Path | None = None
    carried: tuple[int, int] | None = None
    broken: bool = False

    @property
    def words(self) -> str:
        """What a student should know of it, in a line or two."""
        if self.outcome == "new":
            return f"made {self.path}"
        if self.outcome == "unchanged":
            return f"{self.path} is up to date"
        if self.backup is None:
            return f"renewed {self.path}; nothing had been written in it"
        return f"renewed {self.path}{self._carried()}\nwhat was there is kept as {self.backup}"

    def _carried(self) -> str:
        if self.broken:
            return "; the former one could not be read (JupyterLab may have an earlier state in .ipynb_checkpoints)"
        if self.carried is None:
            return ""
        kinds = zip(self.carried, ("answer", "cell of your own"), ("answers", "cells of your own"), strict=True)
        counted = [f"{number} {one if number == 1 else many}" for number, one, many in kinds if number]
        return f"; carried over: {' and '.join(counted)}" if counted else "; nothing of yours was in it"


def place(fresh: bytes, path: Path, *, carry: bool) -> Placed:
    """Puts the released notebook `fresh` at `path`.

    carry: keep the student's answers, and leave alone what is whole and of this release. Without it the file ends up as
    `fresh`, byte for byte. Either way an edited notebook is kept as a backup first. Raises NotebookProblem where
    something cannot be read or written.
    """
    if not path.exists():
        write_whole(path, fresh)
        return Placed(path, "new")
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise NotebookProblem(f"{path} is there and cannot be read ({problem.strerror})") from None
    if content == fresh:
        return Placed(path, "unchanged")
    try:
        old = parse(content)
    except ValueError:
        kept = back_up(path)
        write_whole(path, fresh)
        return Placed(path, "replaced", kept, broken=True)
    new = parse(fresh)
    if carry and _is_current(old, new):
        return Placed(path, "unchanged")
    if is_released(old):
        write_whole(path, fresh)
        return Placed(path, "replaced")
    kept = back_up(path)
    if not carry:
        write_whole(path, fresh)
        return Placed(path, "replaced", kept)
    merged, carried = carry_over(old, new)
    text = json.dumps(merged, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text.encode(errors="backslashreplace"))  # half a surrogate pair is escaped, as JSON escapes it
    return Placed(path, "replaced", kept, carried)


def back_up(path: Path) -> Path:
    """Where a copy of the file at `path` is kept from now on; a copy that is there already serves again."""
    content = path.read_bytes()
    folder = path.parent / BACKUPS
    for kept in sorted(folder.glob(f"{path.stem}-*{path.suffix}")):
        if kept.read_bytes() == content:
            return kept
    name, count = f"{path.stem}-{datetime.now():%Y%m%d-%H%M%S}", 1
    target = folder / f"{name}{path.suffix}"
    while target.exists():
        count += 1
        target = folder / f"{name}-{count}{path.suffix}"
    write_whole(target, content)
    return target


def carry_over(old: Notebook, new: Notebook) -> tuple[Notebook, tuple[int, int]]:
    """`new` with the answers and the own cells of `old`, and how many there were of each."""
    was_released = set(said(old, "cells").split()) | {digest_of(cell) for cell in new["cells"]}
    cells: list[dict[str, Any]] = [dict(cell) for cell in new["cells"]]
    places = {grade_id(cell): index for index, cell in enumerate(cells) if grade_id(cell)}
    answers = _answers(old, {name: cells[index] for name, index in places.items()})
    written = {name: cell for name, cell in answers.items() if digest_of(cell) not in was_released}
    for name, cell in written.items():  # an exercise that was not begun gets the text of the new release
        cells[places[name]] |= {key: cell[key] for key in _RESULTS if key in cell}
    _keep_points(old, cells)
    own = _own_cells(old, new, {id(cell): places[name] for name, cell in answers.items()}, was_released)
    merged = list(own.get(-1, []))
    for index, cell in enumerate(cells):
        merged += [cell, *own.get(index, [])]
    return {**new, "cells": merged}, (len(written), sum(map(len, own.values())))


def _keep_points(old: Notebook, cells: list[dict[str, Any]]) -> None:
    """Lets `cells` make their check with the points of the student's course, where `old` does."""
    makes = re.compile(r"^check\s*=\s*Check\(", re.MULTILINE)
    given = [source(c) for c in old["cells"] if c["cell_type"] == "code" and makes.search(source(c))]
    for cell in cells:
        if cell["cell_type"] == "code" and makes.search(source(cell)) and given and "points=" in given[0]:
            cell["source"] = given[0]


def _own_cells(
    old: Notebook, new: Notebook, answers: dict[int, int], was_released: set[str]
) -> dict[int, list[dict[str, Any]]]:
    """The cells that the student added or changed, by the place in `new` of the released cell after which they stand.

    answers: by the identity of a cell of `old`, the place in `new` that its content has taken.
    """
    places = {key: index for index, cell in enumerate(new["cells"]) for key in (digest_of(cell), cell.get("id")) if key}
    locked = {grade_id(cell) for cell in new["cells"] if _is_locked(cell)}
    ids = {cell.get("id") for cell in new["cells"]}
    found: dict[int, list[dict[str, Any]]] = {}
    after = -1
    for cell in old["cells"]:
        released = digest_of(cell) in was_released or grade_id(cell) in locked or id(cell) in answers
        after = answers.get(id(cell), places.get(digest_of(cell), places.get(cell.get("id"), after)))
        if not released and source(cell).strip():
            found.setdefault(after, []).append(_plain(cell, ids))
    return found


def _is_current(old: Notebook, new: Notebook) -> bool:
    """Whether a student's notebook is of the release `new`, and whole: without the imports no check runs."""
    same = said(old, "cells") == said(new, "cells") and bool(said(old, "cells"))
    there = {key for cell in old["cells"] for key in (digest_of(cell), cell.get("id"))}
    missing = any(
        cell["cell_type"] == "code" and not {digest_of(cell), cell.get("id")} & there for cell in new["cells"]
    )
    return same and not missing and not list(irregularities(old, said(new, "chapter")))


def _answers(old: Notebook, wanted: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The student's cell of each solution; the last where there are several, as graders take it."""
    found: dict[str, dict[str, Any]] = {}
    for cell in old["cells"]:
        name = grade_id(cell)
        if name in wanted and not _is_locked(wanted[name]) and cell["cell_type"] == wanted[name]["cell_type"]:
            found[name] = cell
    taken = {id(cell) for cell in found.values()}
    for name, released in wanted.items():
        if name in found or _is_locked(released):
            continue
        defines = re.compile(rf"^(def|class)\s+{re.escape(name)}\b", re.MULTILINE)
        alike = [
            cell
            for cell in old["cells"]
            if id(cell) not in taken
            and cell["cell_type"] == released["cell_type"]
            and (cell.get("id") == name or (cell["cell_type"] == "code" and defines.search(source(cell))))
        ]
        if alike:
            found[name] = alike[-1]
            taken.add(id(alike[-1]))
    return found


def _is_locked(cell: dict[str, Any]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("locked"))


def _plain(cell: dict[str, Any], taken: set[Any]) -> dict[str, Any]:
    """The cell as an ordinary one, since graders go by the names in a cell's metadata, under an id not yet `taken`."""
    ours = ("nbgrader", "autograder", "deletable", "editable")
    name = cell.get("id") or "own"
    names = itertools.chain([name], (f"own-{number}" for number in itertools.count(1)))
    free = next(each for each in names if each not in taken)
    taken.add(free)
    return {**cell, "id": free, "metadata": {k: v for k, v in cell["metadata"].items() if k not in ours}}
