"""Where released notebooks are found: given by hand, installed with the package, or in the repository it runs from."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from autograder.checking.identity import is_released, said
from autograder.student.notebooks import LARGEST, NotebookProblem, parse

PACKAGE = "built-in"
REPOSITORY = Path(__file__).parents[2]
INSTALLED = Path(sys.prefix) / "share" / "built-in" / "exercises"  # as pyproject.toml has them installed


def released(stem: str, given: Path | None = None) -> bytes:
    """The notebook of a chapter as it was released. Raises NotebookProblem when none is at hand.

    given: a fresh notebook, or a zip file or folder that holds one, under whatever name; where it is given, nothing
    else is looked at.
    """
    if given:
        for content, found in _fresh(_held(given)):
            if found == stem:
                return content
        raise NotebookProblem(
            f"{given} holds no fresh notebook of {stem}. Give the file that was handed out, unchanged"
        )
    for content, found in _fresh(_at_hand(stem)):
        if found == stem:
            return content
    raise NotebookProblem(
        f"no fresh notebook of {stem} is at hand. Download it from the course, and name it: "
        f"autograder get {stem} --from FILE"
    )


def stems(given: Path) -> list[str]:
    """The chapters of which a file, a zip file or a folder holds a fresh notebook. Raises NotebookProblem if none."""
    found = sorted({stem for _, stem in _fresh(_held(given))})
    if not found:
        raise NotebookProblem(f"{given} holds no fresh notebook. Give the file that was handed out, unchanged")
    return found


def _fresh(contents: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """Those that are notebooks as they were released, each with its chapter."""
    for content in contents:
        try:
            notebook = parse(content)
        except ValueError:
            continue
        if is_released(notebook):
            yield content, said(notebook, "chapter")


def _at_hand(stem: str) -> Iterator[bytes]:
    places = [*_installed(stem), REPOSITORY / "exercises" / stem / f"{stem}.ipynb"]
    if (REPOSITORY / ".git").exists():
        places = places[::-1]
    for place in places:
        if place.is_file():
            yield place.read_bytes()
    yield from _committed(stem)


def _installed(stem: str) -> Iterator[Path]:
    """Where pip has put it: below this Python's own folder, or below another, as it does for a user and on Colab."""
    yield INSTALLED / f"{stem}.ipynb"
    with contextlib.suppress(metadata.PackageNotFoundError):
        for file in metadata.files(PACKAGE) or ():
            if file.name == f"{stem}.ipynb":
                yield Path(str(file.locate()))


def _committed(stem: str) -> Iterator[bytes]:
    """From git, for who works in the repository's own exercises/."""
    name = f"HEAD:exercises/{stem}/{stem}.ipynb"
    try:
        done = subprocess.run(["git", "-C", str(REPOSITORY), "show", name], capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return
    if done.returncode == 0:
        yield done.stdout


def _held(given: Path) -> Iterator[bytes]:
    """The contents of the notebooks in a file, a zip file or a folder. Raises NotebookProblem if it cannot be read."""
    try:
        if given.is_dir():
            for path in sorted([*given.glob("*.ipynb"), *given.glob("*/*.ipynb")]):
                yield path.read_bytes()
        elif zipfile.is_zipfile(given):
            with zipfile.ZipFile(given) as archive:
                for entry in archive.infolist():
                    if entry.filename.endswith(".ipynb") and entry.file_size <= LARGEST:
                        yield archive.read(entry)
        else:
            yield given.read_bytes()
    except OSError as problem:
        raise NotebookProblem(f"{given} cannot be read ({problem.strerror})") from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as problem:
        raise NotebookProblem(f"{given} is damaged or locked ({problem}). Download it again") from None
