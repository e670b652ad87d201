"""Reads a handed-in notebook with suspicion: whatever the file is, the answer is cells or one clear line."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import frames

__all__ = ["Cell", "Unreadable", "read_cells"]

_AT_MOST_BYTES = 50 << 20
_KINDS = ("code", "markdown", "raw")
_MAJOR = 4


class Unreadable(ValueError):
    """A file that is not a notebook this engine can run. The message is one line: which file, what, what to do."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `kind` is code, markdown or raw; `metadata` is whatever JSON object the file holds."""

    kind: str
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read_cells(path: Path | str, at_most_bytes: int = _AT_MOST_BYTES) -> tuple[Cell, ...]:
    """The cells of the notebook at `path`, in order. Raises `Unreadable`, and nothing else, when there are none."""
    try:
        return _cells(frames.parse(_bytes(Path(path), at_most_bytes)))
    except frames.Malformed as problem:
        reason = str(problem).replace("the reply", "its content")
    except (OSError, ValueError) as problem:
        reason = str(problem)
    line = " ".join(reason.split())[:300]
    shown = os.fsencode(path).decode(errors="replace")
    raise Unreadable(f"{shown}: {line}. Ask for the notebook again, saved by Jupyter as .ipynb")


def _bytes(path: Path, at_most_bytes: int) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe in place of a file must not block
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        if status.st_size > at_most_bytes:
            raise ValueError(f"it has {status.st_size >> 20} MB, at most {at_most_bytes >> 20} MB are read")
        return file.read(at_most_bytes).removeprefix(b"\xef\xbb\xbf")


def _cells(notebook: dict[str, Any]) -> tuple[Cell, ...]:
    major = notebook.get("nbformat")
    if major != _MAJOR or isinstance(major, bool):
        raise ValueError(f"its notebook format is {json.dumps(major)[:20]}, this engine reads {_MAJOR}")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    found = tuple(_cell(cell, number) for number, cell in enumerate(cells, 1))
    if not any(cell.kind == "code" for cell in found):
        raise ValueError("it has no code cells")
    return found


def _cell(cell: Any, number: int) -> Cell:
    if not isinstance(cell, dict) or cell.get("cell_type") not in _KINDS:
        raise ValueError(f"cell {number} has no known cell_type")
    source, metadata = cell.get("source", ""), cell.get("metadata", {})
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or not isinstance(metadata, dict):
        raise ValueError(f"the source or the metadata of cell {number} is not what a notebook holds")
    return Cell(cell["cell_type"], source.encode("utf-8", "replace").decode(), metadata)
