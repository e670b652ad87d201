"""A student's folder, a released notebook, and the hand that edits it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.checking.identity import grade_id, record, source

ROOT = Path(__file__).resolve().parents[2]
STEM = "ch03_convolution"


def _cell(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    """The cell with this grade id or cell id."""
    return next(cell for cell in notebook["cells"] if name in (grade_id(cell), cell["id"]))


def _own(text: str, name: str = "note", kind: str = "code") -> dict[str, Any]:
    """A cell that a student adds."""
    results = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": {}, "source": text, **results}


def _next_release(fresh: bytes) -> bytes:
    """The release after `fresh`: another word in its title, another docstring, and one cell more."""
    notebook = json.loads(fresh)
    notebook["cells"][0]["source"] = "# Another title"
    _cell(notebook, "conv1d")["source"] = source(_cell(notebook, "conv1d")).replace("The kernel w", "The weights w")
    notebook["cells"].insert(2, _own("A cell that the new release adds.", "added", "markdown"))
    cells = [(cell["cell_type"], source(cell), grade_id(cell)) for cell in notebook["cells"]]
    notebook["metadata"]["autograder"] = record(STEM, cells)
    return json.dumps(notebook).encode()


@pytest.fixture(scope="session")
def fresh() -> bytes:
    """The notebook of a chapter as it is released."""
    return (ROOT / "exercises" / STEM / f"{STEM}.ipynb").read_bytes()


@pytest.fixture(scope="session")
def renewed(fresh: bytes) -> bytes:
    """A later release of the same chapter."""
    return _next_release(fresh)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the student stands, with no progress and no name so far."""
    monkeypatch.setenv("AUTOGRADER_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def edit(folder: Path, fresh: bytes) -> Callable[..., Path]:
    """Writes the released notebook into the folder, changed by a function if one is given."""

    def write(change: Callable[[dict[str, Any]], None] = lambda notebook: None) -> Path:
        notebook = copy.deepcopy(json.loads(fresh))
        change(notebook)
        path = folder / f"{STEM}.ipynb"
        path.write_text(json.dumps(notebook))
        return path

    return write


@pytest.fixture(scope="session")
def cell() -> Callable[[dict[str, Any], str], dict[str, Any]]:
    """The cell with a name."""
    return _cell


@pytest.fixture(scope="session")
def own() -> Callable[..., dict[str, Any]]:
    """Makes a cell that a student adds."""
    return _own
