"""Puts a submitted notebook back into the shape of its release, and says what had become of it.

nbgrader finds cells by the metadata in the submission. It puts back the source of locked cells, but it loses a graded
cell whose metadata changed, gives full points to a test cell that did not run, and says all of it in its log alone.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode, v4
from nbgrader.utils import compute_checksum

MISSING = "This cell was missing from the submission."
_CHECK = re.compile(r"check\((\w+)\)")
_COMPARED = ("grade", "solution", "locked", "task", "points")
_MOST_POINTS = 1e9  # no release gives so many, and JSON holds whole numbers that no float can
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = 60


@dataclass(frozen=True, slots=True)
class ReleasedCell:
    """A cell that nbgrader knows by its grade id. `points` is None where nothing is graded.

    `source` is what is graded. `handed_out` is what students got of it, which is less where nbgrader took hidden tests
    or a mark scheme out; None where it is the same. `checksum` is nbgrader's.
    """

    name: str
    cell_type: str
    source: str
    locked: bool
    grade: bool
    solution: bool
    task: bool = False
    points: float | None = None
    checksum: str | None = None
    handed_out: str | None = None

    @property
    def as_handed_out(self) -> str:
        """The source that students got."""
        return self.source if self.handed_out is None else self.handed_out

    @property
    def exercise(self) -> str | None:
        """The exercise that this cell checks, if it is a test cell of ours."""
        match = _CHECK.fullmatch(self.source.strip()) if self.grade and self.locked else None
        return match.group(1) if match else None

    def metadata(self) -> dict[str, Any]:
        """nbgrader's metadata of this cell, schema 3."""
        fields = {
            "cell_type": self.cell_type,
            "checksum": self.checksum,
            "grade": self.grade,
            "grade_id": self.name,
            "locked": self.locked,
            "points": self.points,
            "schema_version": 3,
            "solution": self.solution,
            "task": self.task,
        }
        return {key: value for key, value in fields.items() if value is not None}

    def checksum_at(self, points: float) -> str:
        """nbgrader's checksum of what students got, had it been released with these points."""
        metadata = {"nbgrader": {**self.metadata(), "points": points}}
        return compute_checksum(
            NotebookNode(cell_type=self.cell_type, source=self.as_handed_out, metadata=NotebookNode(metadata))
        )


@dataclass(frozen=True, slots=True)
class Irregularity:
    """What is not as it was released. kind: "deleted", "duplicated", "metadata", "edited", "type", "unknown", "lost".

    `name` is the grade id it is about ("" for the whole notebook); `message` says where, what, and what was done.
    """

    kind: str
    name: str
    message: str


def restore(notebook: NotebookNode, released: Sequence[ReleasedCell]) -> list[Irregularity]:
    """The irregularities of a submitted notebook; `notebook` then has every released cell exactly once, as released.

    Solutions and answers keep the student's source. A missing cell is put back where it belongs. Of a cell that stands
    more than once the last is taken, since that is what the names in the notebook mean at its end.
    """
    by_name = {cell.name: cell for cell in released}
    found: list[Irregularity] = []
    places = _claims(notebook, by_name, found)
    _recover(notebook, released, places, found)
    for position, cell in enumerate(notebook.cells):
        owner = next((name for name, index in places.items() if index == position), None)
        if owner is None:
            cell.metadata.pop("nbgrader", None)
        else:
            _restore_cell(cell, position, by_name[owner], found)
    _put_back(notebook, released, places, found)
    return found


def _claims(notebook: NotebookNode, by_name: Mapping[str, ReleasedCell], found: list[Irregularity]) -> dict[str, int]:
    """Where each released cell stands, going by the metadata."""
    places: dict[str, int] = {}
    for position, cell in enumerate(notebook.cells):
        claimed = _grade_id(cell)
        if claimed is None:
            continue
        if claimed in by_name:
            if claimed in places:
                where = f"cells {places[claimed] + 1} and {position + 1}"
                words = f"{where} are both {claimed}: the later one counts, the other is an ordinary cell"
                found.append(Irregularity("duplicated", claimed, words))
            places[claimed] = position
        else:
            calls = f"cell {position + 1} calls itself {_briefly(claimed)}"
            words = f"{calls}, which was not released: it is an ordinary cell"
            found.append(Irregularity("unknown", claimed, words))
    return places


def _grade_id(cell: NotebookNode) -> str | None:
    """The grade id that a cell's metadata gives, whatever has become of the metadata."""
    metadata = cell.metadata.get("nbgrader")
    claimed = metadata.get("grade_id") if isinstance(metadata, Mapping) else None
    return claimed if isinstance(claimed, str) and claimed else None


def _recover(
    notebook: NotebookNode, released: Sequence[ReleasedCell], places: dict[str, int], found: list[Irregularity]
) -> None:
    """Finds cells without their metadata: by cell id, by a test cell's exact source, by the name they define."""
    bare = not any("nbgrader" in cell.metadata for cell in notebook.cells)
    for cell in released:
        free = [
            position
            for position, other in enumerate(notebook.cells)
            if position not in places.values() and other.cell_type == cell.cell_type
        ]
        position = _recognised(cell, free, notebook) if cell.name not in places else None
        if position is not None:
            places[cell.name] = position
            words = f"cell {position + 1} had lost the metadata of {cell.name} and was recognised"
            found.append(Irregularity("metadata", cell.name, words))
    if bare and released:
        words = f"the notebook lost all its nbgrader metadata; {len(places)} of {len(released)} cells were recognised"
        found.insert(0, Irregularity("lost", "", words))


def _recognised(cell: ReleasedCell, free: list[int], notebook: NotebookNode) -> int | None:
    """The one free cell that is plainly `cell`."""
    defines = re.compile(rf"^(def|class)\s+{re.escape(cell.name)}\b", re.MULTILINE)
    marks = (
        lambda other: other.get("id") == cell.name,
        lambda other: cell.locked and other.source.strip() in (cell.source.strip(), cell.as_handed_out.strip()),
        lambda other: cell.solution and cell.cell_type == "code" and bool(defines.search(other.source)),
    )
    for mark in marks:
        fitting = [index for index in free if mark(notebook.cells[index])]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _restore_cell(cell: NotebookNode, position: int, released: ReleasedCell, found: list[Irregularity]) -> None:
    """Gives a cell its released type, metadata and, when locked, source."""
    where = f"cell {position + 1} ({released.name})"
    had = cell.metadata.get("nbgrader")
    wanted = released.metadata()
    if isinstance(had, Mapping):
        changed = [key for key in _COMPARED if had.get(key, False) != wanted.get(key, False)]
        if changed and not (changed == ["points"] and _of_a_release(had, released)):
            words = ", ".join(f"{key} was {_briefly(had.get(key))} and is {wanted.get(key)!r}" for key in changed)
            found.append(Irregularity("metadata", released.name, f"{where}: the metadata was put back: {words}"))
    elif had is not None:
        found.append(Irregularity("metadata", released.name, f"{where}: unreadable metadata was put back"))
    if cell.cell_type != released.cell_type:
        words = f"{where}: it had become a {cell.cell_type} cell and is a {released.cell_type} cell again"
        found.append(Irregularity("type", released.name, words))
        _retype(cell, released.cell_type)
    if released.locked:
        if cell.source not in (released.source, released.as_handed_out):
            words = f"{where}: the test was edited; the released one is back"
            found.append(Irregularity("edited", released.name, words))
        cell.source = released.source
    cell.metadata["nbgrader"] = NotebookNode(wanted)


def _of_a_release(had: Mapping[str, Any], released: ReleasedCell) -> bool:
    """Whether the metadata is that of a release with other points: the checksum, which covers them, fits."""
    points = had.get("points")
    if not isinstance(points, int | float) or isinstance(points, bool) or not 0 <= points < _MOST_POINTS:
        return False
    return bool(had.get("checksum") == released.checksum_at(points))


def _briefly(value: Any) -> str:
    """What a notebook claims, as it may be told: the gradebook keeps what is told, and a claim has any size."""
    return _BRIEF.repr(value)


def _retype(cell: NotebookNode, cell_type: str) -> None:
    cell.cell_type = cell_type
    if cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    cell.pop("attachments", None)


def _put_back(
    notebook: NotebookNode, released: Sequence[ReleasedCell], places: dict[str, int], found: list[Irregularity]
) -> None:
    """Inserts what is missing: a check after its exercise, another cell after the one released before it."""
    present = {name: notebook.cells[position] for name, position in places.items()}
    before: ReleasedCell | None = None
    for cell in released:
        if cell.name not in present:
            anchor = present.get(cell.exercise or "") or (present[before.name] if before else None)
            position = 1 + next((i for i, other in enumerate(notebook.cells) if other is anchor), -1)
            present[cell.name] = _as_released(cell, {other.get("id") for other in notebook.cells})
            notebook.cells.insert(position, present[cell.name])
            scores = " and scores 0" if cell.points is not None else ""
            found.append(Irregularity("deleted", cell.name, f"{cell.name} was deleted: it was put back{scores}"))
        before = cell


def _as_released(cell: ReleasedCell, taken: set[str | None]) -> NotebookNode:
    new = v4.new_code_cell if cell.cell_type == "code" else v4.new_markdown_cell
    source = cell.source if cell.locked else f"# {MISSING}" if cell.cell_type == "code" else f"*{MISSING}*"
    made = new(source, metadata={"nbgrader": cell.metadata()})
    if cell.name not in taken and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", cell.name):
        made.id = cell.name
    return made
