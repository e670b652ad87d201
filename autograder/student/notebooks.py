"""Finds and reads a student's notebooks, and says what is wrong with one before a grader has to."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shlex
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.checking.identity import grade_id, said, source
from autograder.checking.outline import REFERENCES, outline

LARGEST = 50 * 1024 * 1024  # bytes of a notebook that graders read
Notebook = dict[str, Any]


class NotebookProblem(Exception):
    """A notebook cannot be used as it is. The message says which, why, and with which command to mend it."""


def read(path: Path) -> Notebook:
    """The notebook at `path` as its JSON, of format 4. Raises NotebookProblem, which names the mending command."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise NotebookProblem(f"{path} cannot be read ({problem.strerror})") from None
    try:
        return parse(content)
    except ValueError as problem:
        raise NotebookProblem(f"{path} {problem}. Mend it: {mending(path)} (a fresh one; this file is kept)") from None


def parse(content: bytes) -> Notebook:
    """The notebook in `content`. Raises ValueError, whose message goes on where a file's name stands before it."""
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ValueError("is no whole notebook: its JSON is broken") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise ValueError("is no notebook of format 4")
    if not isinstance(notebook.get("metadata"), dict) or not all(map(_is_cell, cells)):
        raise ValueError("is no whole notebook: a cell of it is broken")
    return notebook


def _is_cell(cell: Any) -> bool:
    sound = isinstance(cell, dict) and isinstance(cell.get("metadata"), dict)
    return sound and cell.get("cell_type") in ("code", "markdown", "raw") and isinstance(cell.get("source"), str | list)


def chapter(notebook: Notebook, path: Path) -> str:
    """The chapter of a notebook: what it says itself, or else its file's name. Raises NotebookProblem for another."""
    stem = said(notebook, "chapter") or path.stem
    if not re.fullmatch(r"\w+", stem) or outline(REFERENCES / f"{stem}.safetensors") is None:
        raise NotebookProblem(f"{path} is the notebook of no chapter that this package knows: {stem!r}")
    return stem


def named(what: str, known: Sequence[str]) -> str:
    """The chapter meant by its stem, by the beginning of one, or by a path that ends in it.

    known: the stems of all chapters. Raises NotebookProblem, which lists them, for anything else.
    """
    stem = Path(what).name.removesuffix(".ipynb")
    begun = [each for each in known if each.startswith(stem) and stem]
    if stem in known or len(begun) == 1:
        return stem if stem in known else begun[0]
    close = difflib.get_close_matches(stem, known, 1)
    meant = f" Did you mean {close[0]}?" if close else ""
    raise NotebookProblem(f"there is no chapter {what!r}.{meant} There are: {', '.join(known)}")


def meant(what: str, here: Path, known: Sequence[str]) -> tuple[str, Path]:
    """(chapter, where its notebook lies or belongs) of what a student names: a chapter, or the path of a notebook.

    Raises NotebookProblem where that names no chapter.
    """
    path = here / what
    if not what.endswith(".ipynb"):
        stem = named(what, known)
        return stem, find(stem, here) or here / f"{stem}.ipynb"
    if not path.is_file():
        return named(what, known), path
    with contextlib.suppress(NotebookProblem):
        if (stem := said(read(path), "chapter")) in known:
            return stem, path
    alike = [each for each in known if path.stem.startswith(each)]  # a second download is "ch03_convolution (1)"
    if not alike:
        mend = f"Give it the name of its chapter, such as {known[0]}.ipynb, and say: autograder get {known[0]}"
        raise NotebookProblem(f"{path} does not say of which chapter it is. {mend}")
    return alike[0], path


def mending(path: Path) -> str:
    """The command that mends the notebook at `path`, from the folder in which the student stands."""
    found = find(path.stem, Path())
    is_found = found is not None and found.resolve() == path.resolve()
    by_name = is_found and (REFERENCES / f"{path.stem}.safetensors").is_file()
    return f"autograder get {path.stem if by_name else shlex.quote(str(path))}"


def find(what: str, here: Path) -> Path | None:
    """The notebook meant by a path or a chapter's stem, below `here`; None when there is none."""
    if what.endswith(".ipynb"):
        return here / what if (here / what).is_file() else None
    places = (here / f"{what}.ipynb", here / what / f"{what}.ipynb", here / "exercises" / what / f"{what}.ipynb")
    return next((place for place in places if place.is_file()), None)


def all_below(here: Path) -> list[Path]:
    """The notebooks of chapters in the places where `find` looks."""
    stems = {path.stem for pattern in ("*.ipynb", "*/*.ipynb", "exercises/*/*.ipynb") for path in here.glob(pattern)}
    found = (find(stem, here) for stem in sorted(stems) if (REFERENCES / f"{stem}.safetensors").is_file())
    return [path for path in found if path]


def graded_names(notebook: Notebook, stem: str) -> list[str]:
    """The graded cells and solutions that belong in it: as it was released with, or else as its reference has them."""
    listed = said(notebook, "graded").split()
    if listed:
        return listed
    known = outline(REFERENCES / f"{stem}.safetensors")
    return [name for e in (known.exercises if known else ()) for name in (e.name, f"check-{e.name}")]


def irregularities(notebook: Notebook, stem: str) -> Iterator[str]:
    """What is not as a grader needs it, one sentence each; none when the notebook is whole."""
    wanted = graded_names(notebook, stem)
    claimed = Counter(filter(None, map(grade_id, notebook["cells"])))
    for name in wanted:
        if not claimed[name]:
            yield f"the {_what(name)} was deleted or has lost its name"
        elif claimed[name] > 1:
            yield f"the {_what(name)} stands there {claimed[name]} times"
    for name in claimed:
        if name not in wanted:
            yield f"a cell calls itself {name!r}, which was not released"
    for cell in notebook["cells"]:
        name = grade_id(cell)
        if name in wanted and name.startswith("check-"):
            exercise = name.removeprefix("check-")
            if cell["cell_type"] != "code" or source(cell).strip() != f"check({exercise})":
                yield f"the {_what(name)} was changed; it has to be check({exercise})"


def _what(name: str) -> str:
    return f"check of {name.removeprefix('check-')}" if name.startswith("check-") else f"cell of {name}"


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that appears whole or not at all. Raises NotebookProblem where it cannot be written."""
    try:
        _write(path, content)
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise NotebookProblem(f"{path} cannot be written ({why}). What was there is as it was") from None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
