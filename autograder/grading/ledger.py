"""What a course's batches have done: an append-only file that survives whatever ends the grader, and the results.

    course/batch/ledger.jsonl         {"event": "start" | "done", "key": …} or {"event": "recorded", …}, one a line
    course/batch/results/ab/<key>.json

A line counts once it is on the disk; a torn last line counts as not written. One grader holds the ledger at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from autograder.grading.jobs import Result

__all__ = ["GradingProblem", "Ledger"]


class GradingProblem(Exception):
    """A batch cannot start or go on. The message says why and what to do."""


class Ledger:
    """The ledger in `folder`, held until closed. Raises GradingProblem when another grader holds it."""

    def __init__(self, folder: Path) -> None:
        self._results = folder / "results"
        self._results.mkdir(parents=True, exist_ok=True)
        path = folder / "ledger.jsonl"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            words = f"another `autograder grade` is at work on this course ({path}); wait until it has ended"
            raise GradingProblem(words) from None
        self._starts: Counter[str] = Counter()
        self._recorded: dict[tuple[str, str], str] = {}
        text = path.read_bytes()
        for line in text.split(b"\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line torn by a crash
                self._read(json.loads(line))
        if text and not text.endswith(b"\n"):
            os.write(self._file, b"\n")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another grader have it."""
        os.close(self._file)

    def starts(self, key: str) -> int:
        """How many times a job was started and did not end."""
        return self._starts[key]

    def start(self, key: str) -> None:
        """Note that a job is about to run."""
        self._write({"event": "start", "key": key})

    def done(self, result: Result) -> None:
        """Keep a result."""
        path = self._path(result.key)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            file.write(result.to_json())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        self._write({"event": "done", "key": result.key})

    def result(self, key: str) -> Result | None:
        """The result that was kept under `key`, if there is one."""
        try:
            found = Result.from_json(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.key == key else None

    def recorded(self, assignment: str, student: str) -> str:
        """The digest under which a submission was last entered into the gradebook, or ""."""
        return self._recorded.get((assignment, student), "")

    def record(self, assignment: str, student: str, digest: str) -> None:
        """Note that a submission is in the gradebook."""
        self._write({"event": "recorded", "assignment": assignment, "student": student, "digest": digest})

    def _path(self, key: str) -> Path:
        return self._results / key[:2] / f"{key}.json"

    def _read(self, line: dict[str, Any]) -> None:
        if line["event"] == "start":
            self._starts[line["key"]] += 1
        elif line["event"] == "done":
            del self._starts[line["key"]]
        elif line["event"] == "recorded":
            self._recorded[line["assignment"], line["student"]] = line["digest"]

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)
        self._read(line)
