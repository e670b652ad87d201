"""What a chapter asks for, without its tensors: read from the head of its reference, in a moment and without torch."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FORMAT = 1  # of a reference file
REFERENCES = Path(__file__).parents[1] / "references"


@dataclass(frozen=True, slots=True)
class ExerciseOutline:
    """One exercise: `points`, estimated `minutes`, `difficulty` 1 to 3."""

    name: str
    points: float
    minutes: int
    difficulty: int


@dataclass(frozen=True, slots=True)
class ChapterOutline:
    """The exercises of a chapter in course order."""

    stem: str
    exercises: tuple[ExerciseOutline, ...]


def outlines(directory: Path = REFERENCES) -> tuple[ChapterOutline, ...]:
    """The chapters whose references lie in `directory`, in course order; one that cannot be read is left out."""
    found = (outline(path) for path in sorted(directory.glob("*.safetensors")))
    return tuple(chapter for chapter in found if chapter)


def outline(path: Path) -> ChapterOutline | None:
    """The outline in one reference file; None when the file is missing, cut short or of another format."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _read(path, status.st_mtime_ns, status.st_size)


@cache
def _read(path: Path, *_stamp: int) -> ChapterOutline | None:
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            head = json.loads(file.read(size))
            stored = file.seek(0, os.SEEK_END) - 8 - size
        spec = json.loads(head.pop("__metadata__")["reference"])
        if spec["format"] != FORMAT or stored < max((tensor["data_offsets"][1] for tensor in head.values()), default=0):
            return None
        exercises = [
            ExerciseOutline(str(e["name"]), float(e["points"]), int(e["minutes"]), int(e["difficulty"]))
            for e in spec["exercises"]
        ]
        return ChapterOutline(str(spec["chapter"]), tuple(exercises))
    except (OSError, ValueError, KeyError, TypeError, struct.error, MemoryError, OverflowError):
        return None
