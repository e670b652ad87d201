"""Looks into what a learning platform hands out: folders, zip files, and the zip files that students put into them."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from autograder.grading.reading import LARGEST, LARGEST_FILES, Unreadable, read_bytes

DEEPEST = 2  # zip files in zip files: a platform's, and a student's in it
_CLUTTER = {"__MACOSX", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Found:
    """A file in a download. `parts` is its path with the zip files that it lies in; `time` is its date there.

    `content` is read for notebooks alone; `problem` says why something could not be read.
    """

    parts: tuple[str, ...]
    content: bytes = b""
    time: datetime | None = None
    problem: str = ""

    @property
    def is_notebook(self) -> bool:
        return self.parts[-1].endswith(".ipynb")

    @property
    def chapter(self) -> str:
        """The chapter that the notebook says it belongs to; empty where it says nothing."""
        try:
            said = json.loads(self.content)["metadata"]["autograder"]["chapter"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        return said if isinstance(said, str) else ""


def look(path: Path) -> Iterator[Found]:
    """The files of a download at `path`: a folder, a zip file, or a notebook. Raises Unreadable for anything else."""
    if path.is_dir():
        for file in sorted(each for each in path.rglob("*") if not each.is_dir()):
            yield from _file(file, file.relative_to(path).parts)
    elif path.suffix in (".zip", ".ipynb") and path.is_file():
        # a zip file's own name tells a student where it is one student's, as the archives of `autograder submit` are
        yield from _file(path, (path.name,))
    elif not path.exists():
        raise Unreadable("there is no such file or folder")
    else:
        raise Unreadable("it is neither a folder, nor a zip file, nor a notebook")


def _file(file: Path, parts: tuple[str, ...]) -> Iterator[Found]:
    if _is_clutter(parts):
        return
    if file.suffix == ".zip" and not file.is_symlink():
        with file.open("rb") as opened:
            yield from _members(opened, parts, DEEPEST)
        return
    when = datetime.fromtimestamp(file.lstat().st_mtime)
    try:
        yield Found(parts, read_bytes(file) if file.suffix == ".ipynb" else b"", when)
    except Unreadable as problem:
        yield Found(parts, time=when, problem=str(problem))


def _members(opened: io.BufferedIOBase, parts: tuple[str, ...], deeper: int) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(opened) as archive:
            for member in sorted(archive.infolist(), key=lambda each: each.filename):
                inside = PurePosixPath(member.filename.replace("\\", "/")).parts
                if not member.is_dir() and inside and not _is_clutter(inside):
                    yield from _member(archive, member, (*parts, *inside), deeper)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as problem:
        yield Found(parts, problem=f"it is no sound zip file ({problem})")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, parts: tuple[str, ...], deeper: int) -> Iterator[Found]:
    when = _date(member)
    is_zip, is_notebook = parts[-1].endswith(".zip"), parts[-1].endswith(".ipynb")
    if stat.S_ISLNK(member.external_attr >> 16) or not (is_zip or is_notebook):
        yield Found(parts, time=when)
        return
    largest = LARGEST_FILES if is_zip else LARGEST
    try:
        with archive.open(member) as file:
            content = file.read(largest + 1)  # what its header says of its size is not believed
    except (RuntimeError, zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as problem:
        yield Found(parts, time=when, problem=f"it cannot be unpacked ({problem})")
        return
    except Exception as problem:  # zlib and lzma have errors of their own
        yield Found(parts, time=when, problem=f"it cannot be unpacked ({type(problem).__name__})")
        return
    if len(content) > largest:
        yield Found(parts, time=when, problem=f"it is larger than {largest // 1024**2} MB")
    elif is_notebook:
        yield Found(parts, content, when)
    elif deeper > 1:
        yield from _members(io.BytesIO(content), parts, deeper - 1)
    else:
        yield Found(parts, time=when, problem="it is a zip file in a zip file in a zip file")


def _date(member: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*member.date_time)
    except ValueError:
        return None


def _is_clutter(parts: tuple[str, ...]) -> bool:
    return any(part in _CLUTTER or part.startswith(("._", ".~")) for part in parts)
