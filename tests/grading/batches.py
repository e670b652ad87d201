"""Batches over the small course: with a pool that judges in this process, or with the engine itself."""

from __future__ import annotations

import io
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

from in_process import InProcessSession
from rich.console import Console
from small_course import STEM, Course
from traitlets.config import Config

from autograder.grading import batch as batches
from autograder.grading import command
from autograder.grading.batch import Batch, Row
from autograder.grading.jobs import Job, Result, loads, result
from autograder.grading.judging import Exam, judge
from autograder.grading.ledger import Ledger
from autograder.grading.recording import Recorder


class InProcessPool:
    """Judges at once, without protection; remembers what it was given."""

    width = 1

    def __init__(self, exams: Mapping[str, Exam | None]) -> None:
        self.exams, self.jobs = exams, []

    def submit(self, job: Job) -> Future[Result]:
        self.jobs.append(job)
        future: Future[Result] = Future()
        notebook = loads(job.notebook)
        judged = judge(notebook, job.checks, self.exams[job.stem], InProcessSession())
        future.set_result(result(job.key, notebook, judged, {"cpu_seconds": 0.0}))
        return future

    def close(self) -> None:
        """Nothing to end."""


def graded_course(course: Course, changes: Config | None = None) -> batches.Course:
    """The course as a batch sees it."""
    config = Config({"Judge": {"references": str(course.root / "references")}})
    config.merge(changes or Config())
    return batches.Course(course.root, config)


def run(course: Course, make_pool: Any = InProcessPool, changes: Config | None = None, **kwargs: Any) -> dict[str, Row]:
    """The rows of a batch over all submissions, by student."""
    graded = graded_course(course, changes)
    with Ledger(graded.batch_folder) as ledger, closing(Recorder(graded.config, graded.directory, STEM)) as recorder:
        rows = Batch(graded, STEM, ledger, recorder, make_pool, **kwargs).run(graded.submissions(STEM))
    assert len({row.student for row in rows}) == len(rows)
    return {row.student: row for row in rows}


def grade(course: Course, **fields: Any) -> tuple[int, str]:
    """Exit code and words of `autograder grade`, by the engine."""
    said = io.StringIO()
    config = Config({"Judge": {"references": str(course.root / "references")}})
    order = command.Order(STEM, **fields)
    return command.grade(course.root, order, Console(file=said, width=200), config), said.getvalue()


def write(course: Course, student: str, content: bytes, name: str = f"{STEM}.ipynb") -> Path:
    """Hands in any bytes."""
    path = course.data / "submitted" / student / STEM / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
