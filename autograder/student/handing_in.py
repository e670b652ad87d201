"""Makes the archive that an instructor collects, from a notebook that is whole, and says what is not done in it."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.checking import progress
from autograder.checking.identity import digest_of, grade_id, said, source
from autograder.student.notebooks import (
    LARGEST,
    Notebook,
    NotebookProblem,
    chapter,
    graded_names,
    irregularities,
    mending,
    read,
    write_whole,
)

STUB = "raise NotImplementedError"
NOBODY = "unknown"  # what an archive is named for where nobody is; a learning platform knows who sends it
_IDENTITY = "student.json"
_NAME = re.compile(r"[^\s/\\.][^\s/\\]*")
_EPOCH = (2026, 1, 1, 0, 0, 0)  # of the file in the archive, so that the same notebook gives the same checksum


@dataclass(frozen=True, slots=True)
class Archive:
    """What was made: its path, its checksum, and what a student should know of it before they hand it in."""

    path: Path
    sha256: str
    notebook: Path
    stem: str
    remarks: tuple[str, ...]


def hand_in(path: Path, out: Path, student: str = "", *, anyway: bool = False) -> Archive:
    """The archive `<chapter>_<student>.zip` in `out`, with the notebook at `path` as its last saved version has it.

    student: an id, remembered for the next time. anyway: make it though the notebook is not whole.
    Raises NotebookProblem when the notebook cannot be graded as it is, or the id cannot name a file.
    """
    notebook = read(path)
    stem = chapter(notebook, path)
    found = list(irregularities(notebook, stem))
    if found and not anyway:
        raise NotebookProblem(
            f"{path} is not whole: {'; '.join(found)}. Mend it: {mending(path)} (your answers are carried "
            f"over, and this file is kept). To hand it in as it is: autograder submit {shlex.quote(str(path))} --anyway"
        )
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise NotebookProblem(
            f"{path} has {len(content) / 1e6:.0f} MB, and graders read {LARGEST / 1e6:.0f} MB. Clear its outputs "
            "(Edit, Clear Outputs of All Cells), save, and hand it in again; outputs are made anew when it is graded"
        )
    name = _identity(student)
    target = out / f"{stem}_{name}.zip"
    packed = _zip(f"{stem}.ipynb", content)
    write_whole(target, packed)
    remarks = (*found, *unfinished(notebook, stem))
    return Archive(target, hashlib.sha256(packed).hexdigest(), path, stem, remarks)


def unfinished(notebook: Notebook, stem: str) -> Iterator[str]:
    """What is not done, or did not pass when it was last checked; one line each. It keeps nobody from handing in."""
    as_released = set(said(notebook, "cells").split())
    checks = {name.removeprefix("check-") for name in graded_names(notebook, stem) if name.startswith("check-")}
    records = progress.load(stem)
    for cell in notebook["cells"]:
        name = grade_id(cell)
        if cell["cell_type"] == "markdown" and name and digest_of(cell) in as_released:
            yield f"{name}: not answered"
        if name not in checks:
            continue
        if digest_of(cell) in as_released:
            yield f"{name}: not begun"
        elif why := _broken(source(cell)):
            yield f"{name}: {why}"
        elif name not in records:
            yield f"{name}: not checked on this machine"
        elif not records[name].passed:
            yield f"{name}: not yet right when it was last checked"


def saved(path: Path) -> str:
    """When a file was last saved, in the machine's own time."""
    return f"{datetime.fromtimestamp(path.stat().st_mtime):%Y-%m-%d %H:%M:%S}"


def _broken(text: str) -> str:
    """Why the source of an exercise cannot work yet; empty when nothing shows."""
    if any(line.strip() == STUB for line in text.splitlines()):
        return f"not finished, {STUB} is still in it"
    plain = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in text.splitlines())
    try:
        ast.parse(plain)
    except (SyntaxError, ValueError) as problem:
        return f"no Python (line {getattr(problem, 'lineno', None) or 1} of its cell)"
    return ""


def _identity(student: str) -> str:
    """The id that names the archive: as given, as given before, or as a JupyterHub says."""
    if student:
        if not _NAME.fullmatch(student):
            raise NotebookProblem(f"{student!r} cannot name a file: write your id without spaces and slashes")
        with contextlib.suppress(OSError, RuntimeError):  # then it has to be given again, and that is all
            progress.write(_IDENTITY, {"student": student})
        return student
    try:
        known = json.loads((progress.folder() / _IDENTITY).read_text(encoding="utf-8"))["student"]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        known = os.environ.get("JUPYTERHUB_USER", "")
    return known if isinstance(known, str) and _NAME.fullmatch(known) else NOBODY


def _zip(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name, _EPOCH)
        info.external_attr, info.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
    return buffer.getvalue()
