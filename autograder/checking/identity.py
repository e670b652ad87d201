"""What a released notebook says of itself, so that a student's work in it can be told from the release.

Its metadata has `"autograder": {"chapter": stem, "cells": digests, "graded": names}`: one digest a cell in the order of
the release, and nbgrader's name of every graded cell and solution. Nothing here needs nbformat: a notebook is its JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any


def digest(cell_type: str, source: str) -> str:
    """Eight hexadecimal digits of a cell's type and source; line ends and spaces at its end do not count."""
    text = "\n".join(source.splitlines()).rstrip()
    return hashlib.sha256(f"{cell_type}\n{text}".encode(errors="surrogatepass")).hexdigest()[:8]


def record(stem: str, cells: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The metadata of a release of `stem`, whose `cells` are (type, source, grade id or nothing)."""
    listed = list(cells)
    return {
        "chapter": stem,
        "cells": " ".join(digest(cell_type, source) for cell_type, source, _ in listed),
        "graded": " ".join(name for *_, name in listed if name),
    }


def said(notebook: Mapping[str, Any], what: str) -> str:
    """What a notebook's metadata says under `what`; empty where it says nothing that can be read."""
    metadata = notebook.get("metadata")
    about = metadata.get("autograder") if isinstance(metadata, Mapping) else None
    value = about.get(what) if isinstance(about, Mapping) else None
    return value if isinstance(value, str) else ""


def source(cell: Mapping[str, Any]) -> str:
    """The source of a cell as one text, however the file splits it."""
    text = cell.get("source", "")
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def digest_of(cell: Mapping[str, Any]) -> str:
    return digest(str(cell.get("cell_type")), source(cell))


def is_released(notebook: Mapping[str, Any]) -> bool:
    """Whether every cell is as released: nothing written, added, moved or removed. Outputs do not count."""
    cells = said(notebook, "cells")
    return bool(cells) and cells.split() == [digest_of(cell) for cell in notebook.get("cells", [])]


def grade_id(cell: Mapping[str, Any]) -> str:
    """nbgrader's name of a cell; empty for an ordinary one, whatever has become of the metadata."""
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    name = about.get("grade_id") if isinstance(about, Mapping) else None
    return name if isinstance(name, str) else ""
