"""Reads what students hand in: any bytes under any name, of which only sound notebooks pass."""

from __future__ import annotations

import errno
import json
import os
import stat
import warnings
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.validator import normalize

LARGEST = 50 * 1024 * 1024  # bytes of a notebook; figures and all, an honest one has a few millions
MOST_CELLS = 10_000  # each takes time in every step
LARGEST_FILES = 100 * 1024 * 1024  # bytes of what lies beside it


class Unreadable(Exception):
    """What was handed in cannot be graded by a program. The message says why, without naming the submission."""


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a regular file. Raises Unreadable for a link, a folder, a device, or what is too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        why = "it is a link" if problem.errno == errno.ELOOP else problem.strerror
        raise Unreadable(f"it cannot be opened ({why})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is not a regular file")
        if status.st_size > largest:
            raise Unreadable(f"it has {_megabytes(status.st_size)} MB, and at most {_megabytes(largest)} are read")
        with open(descriptor, "rb", closefd=False) as file:  # not before: Python opens no folder
            return file.read(largest + 1)
    except OSError as problem:
        raise Unreadable(f"it cannot be read ({problem.strerror})") from None
    finally:
        os.close(descriptor)


def parse(content: bytes) -> NotebookNode:
    """The notebook in `content`, of format 4 whatever it was. Raises Unreadable for everything else."""
    try:
        said = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not a notebook: not even text") from None
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"it is not a notebook: no JSON ({str(problem)[:80]})") from None
    version = said.get("nbformat") if isinstance(said, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise Unreadable("it is not a notebook: JSON of another kind")
    if version not in (2, 3, 4):
        raise Unreadable(f"it is written in notebook format {version}; formats 2 to 4 are known")
    _count(said.get("cells"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # each asks for what happens here: unique cell ids
            notebook = _upgraded(said, version)
            _check(notebook)
            return normalize(notebook)[1]
    except Unreadable:
        raise
    except Exception as problem:  # nbformat's conversions raise whatever a broken notebook makes them raise
        raise Unreadable(f"it is a broken notebook ({type(problem).__name__}: {str(problem)[:80]})") from None


def files_beside(folder: Path, ignored: Sequence[str] = ()) -> dict[str, bytes]:
    """The regular files below `folder` that are no notebooks, by relative path. Raises Unreadable when too large."""
    found: dict[str, bytes] = {}
    left = LARGEST_FILES
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in ignored)
        for name in sorted(names):
            path = Path(directory, name)
            if path.suffix == ".ipynb" or not stat.S_ISREG(path.lstat().st_mode):
                continue
            if path.lstat().st_size > left:
                limit = _megabytes(LARGEST_FILES)
                raise Unreadable(f"the files beside the notebook have more than {limit} MB")
            relative = str(path.relative_to(folder))
            try:
                content = read_bytes(path, left)
            except Unreadable as problem:
                raise Unreadable(f"{relative}, beside the notebook: {problem}") from None
            left -= len(content)
            found[relative] = content
    return found


def _upgraded(said: dict, version: int) -> NotebookNode:
    return nbformat.convert(nbformat.versions[version].reads_json(json.dumps(said)), 4)


def _check(notebook: NotebookNode) -> None:
    """Raises Unreadable unless every cell has what grading relies on."""
    if not isinstance(notebook.get("metadata"), dict) or not isinstance(notebook.get("cells"), list):
        raise Unreadable("it is a broken notebook: no list of cells, or no metadata")
    _count(notebook.cells)
    for number, cell in enumerate(notebook.cells, 1):
        sound = isinstance(cell, dict) and isinstance(cell.get("metadata"), dict)
        if not sound or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise Unreadable(f"it is a broken notebook: cell {number} is no cell")
        if not isinstance(cell.get("source"), str):
            raise Unreadable(f"it is a broken notebook: cell {number} has no source")
        if "\x00" in cell.source or not _encodable(cell.source):
            raise Unreadable(f"it is a broken notebook: cell {number} holds characters that no text may hold")
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _count(cells: object) -> None:
    if isinstance(cells, list) and len(cells) > MOST_CELLS:
        raise Unreadable(f"it has {len(cells)} cells, and at most {MOST_CELLS} are read")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _megabytes(size: int) -> int:
    return -(-size // (1024 * 1024))
