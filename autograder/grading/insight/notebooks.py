"""Reads graded notebooks, in several processes when they are many. Imports little: each process starts with it."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from autograder.grading.insight.similar import Sketch, baseline, sketch

NOTES = "autograder"  # where a graded notebook's metadata has what grading noted, as in nbgrader_steps.py
_FEW = 200  # notebooks that one process reads faster than several can start


@dataclass(frozen=True)
class Notes:
    """What one graded notebook says. `kept` tells whether grading left notes in it; `timed_out` are grade ids."""

    kept: bool = False
    verdicts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    irregularities: Sequence[Sequence[str]] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    timed_out: tuple[str, ...] = ()
    sketch: Sketch | None = None


def read_all(paths: Sequence[Mapping[str, str]], released: tuple[str, ...]) -> Iterator[dict[str, Notes]]:
    """The notes of every submission's notebooks, read by one process or by several."""
    if len(paths) <= _FEW or (os.cpu_count() or 1) == 1:
        _prepare(released)
        yield from map(_read, paths)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_prepare, initargs=(released,)) as pool:
        yield from pool.map(_read, paths, chunksize=50)


def own_cells(cells: Sequence[Mapping[str, Any]], released: Collection[str]) -> Iterator[tuple[str, str]]:
    """Name and source of each code cell of a graded notebook that is its author's: not locked, not as released."""
    for number, cell in enumerate(cells, 1):
        about = cell["metadata"].get("nbgrader", {})
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and not about.get("locked") and source not in released:
            yield about.get("grade_id") or f"cell {number}", source


_released: tuple[frozenset[str], np.ndarray] = (frozenset(), baseline(()))


def _prepare(released: tuple[str, ...]) -> None:
    global _released
    _released = frozenset(released), baseline(released)


def _read(paths: Mapping[str, str]) -> dict[str, Notes]:
    return {name: _notes(path) for name, path in paths.items()}


def _notes(path: str) -> Notes:
    """What one graded notebook says. One that cannot be read says nothing."""
    try:
        notebook = json.loads(Path(path).read_bytes())
        notes = notebook["metadata"].get(NOTES, {})
        sources = [source for _, source in own_cells(notebook["cells"], _released[0])]
        return Notes(
            "verdicts" in notes,
            notes.get("verdicts", {}),
            notes.get("problems", {}),
            notes.get("irregularities", ()),
            notes.get("usage", {}),
            tuple(_timed_out(notebook["cells"])),
            sketch(sources, _released[1]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Notes()


def _timed_out(cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Grade ids of cells that were stopped for their time, and of checks whose answer did not come; "" without one."""
    for cell in cells:
        for output in cell.get("outputs", ()):
            words = "".join(output.get("data", {}).get("text/plain", ""))
            late = output.get("ename") in ("TIMEOUT", "CellTimeoutError") or "was stopped: it ran out of time" in words
            if late:
                yield cell["metadata"].get("nbgrader", {}).get("grade_id", "")
