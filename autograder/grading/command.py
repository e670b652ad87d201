"""`autograder grade`: a batch with its progress, its summary, and an exit code that says how it went."""

from __future__ import annotations

import json
import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from traitlets.config import Config

from autograder.grading.batch import Batch, Course, LocalPool, Pool, Row, Submission
from autograder.grading.engine import Engine
from autograder.grading.judging import Exam
from autograder.grading.ledger import GradingProblem, Ledger
from autograder.grading.recording import Recorder

_LONGEST_TABLE = 60
_MOST_REMARKS = 3  # of one submission in the table


@dataclass(frozen=True)
class Order:
    """What `autograder grade` is asked to do. No `students` are all; `scheduler` is the address of a Dask scheduler."""

    assignment: str
    students: tuple[str, ...] = ()
    jobs: int = 0
    scheduler: str = ""
    no_sandbox: bool = False
    force: bool = False
    json: Path | None = None


def grade(root: Path, order: Order, console: Console, changes: Config | None = None) -> int:
    """The exit code: 0 all is well, 1 a person should look at something, 2 something was not graded.

    `root` has the nbgrader_config.py of the course; `changes` go over it. Raises GradingProblem, SandboxProblem or
    KeyProblem when it cannot be done.
    """
    with quiet():
        return _grade(root, order, console, changes)


def _grade(root: Path, order: Order, console: Console, changes: Config | None) -> int:
    began = time.monotonic()
    course = Course(root, changes)
    if order.no_sandbox:
        console.print("Submissions run unconfined: their code can do whatever you can do on this machine.")
    with (
        Ledger(course.batch_folder) as ledger,
        closing(Recorder(course.config, course.directory, order.assignment)) as recorder,
    ):
        submissions, missing = chosen(course, order)
        rows = missing + run(course, order, ledger, recorder, submissions, console)
    seconds = time.monotonic() - began
    _show(console, order.assignment, rows, seconds)
    if order.json:
        _write(order.json, order.assignment, rows, seconds)
    return exit_code(rows)


def exit_code(rows: Sequence[Row]) -> int:
    """0 when every submission is graded, 1 when a person should look at some, 2 when some are not graded."""
    if any(row.outcome == "failed" for row in rows):
        return 2
    return 1 if any(row.remarks for row in rows) else 0


def chosen(course: Course, order: Order) -> tuple[list[Submission], list[Row]]:
    """The submissions to grade, and a row for each student who was named and has none."""
    found = course.submissions(order.assignment)
    if not found:
        where = course.directory.format_path(course.directory.submitted_directory, "STUDENT", order.assignment)
        raise GradingProblem(
            f"nothing was handed in: there is no {where}. Collect: autograder collect {order.assignment} DOWNLOAD"
        )
    wanted = set(order.students)
    missing = sorted(wanted - {each.student for each in found})
    rows = [Row(name, "failed", remarks=("nothing was handed in under this name",)) for name in missing]
    return [each for each in found if not wanted or each.student in wanted], rows


def run(
    course: Course,
    order: Order,
    ledger: Ledger,
    recorder: Recorder,
    submissions: Sequence[Submission],
    console: Console,
) -> list[Row]:
    progress = Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn()),
        console=console,
        transient=True,
        auto_refresh=console.is_terminal,  # where nobody sees it, it is not drawn ten times a second
    )
    with progress:
        task = progress.add_task(order.assignment, total=len(submissions))

        def told(row: Row) -> None:
            progress.advance(task)
            for remark in row.remarks if row.outcome == "failed" else ():
                progress.console.print(f"{escape(row.student)}: {escape(remark)}")

        def pool(exams: Mapping[str, Exam | None]) -> Pool:
            progress.update(task, description=f"{order.assignment} (starting)")
            made = _pool(course, order, exams)
            progress.update(task, description=order.assignment)
            return made

        return Batch(course, order.assignment, ledger, recorder, pool, order.force, told).run(submissions)


def _pool(course: Course, order: Order, exams: Mapping[str, Exam | None]) -> Pool:
    no_sandbox = order.no_sandbox or course.no_sandbox
    if order.scheduler:
        from autograder.grading.cluster import ClusterPool

        return ClusterPool(order.scheduler, exams, course.limits, no_sandbox)
    return LocalPool(Engine(exams, course.limits, no_sandbox), order.jobs or os.cpu_count() or 1)


def _show(console: Console, assignment: str, rows: Sequence[Row], seconds: float) -> None:
    """The table: every submission of a small class, of a large one those that need a person."""
    shown = rows if len(rows) <= _LONGEST_TABLE else [row for row in rows if row.remarks]
    table = Table(title=assignment, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("student", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("by hand", justify="right")
    table.add_column("to look at", overflow="fold", ratio=1)
    for row in sorted(shown, key=lambda each: each.student):
        penalty = f" - {row.penalty:g}" if row.penalty else ""
        score = "" if row.outcome == "failed" else f"{row.score:g}{penalty} / {row.max_score:g}"
        table.add_row(escape(row.student), row.outcome, score, str(row.by_hand or ""), escape(_remarks(row)))
    if shown:
        console.print(table)
    counts = {outcome: sum(row.outcome == outcome for row in rows) for outcome in ("graded", "kept", "failed")}
    people = sum(bool(row.remarks) and row.outcome != "failed" for row in rows)
    waiting = sum(row.by_hand for row in rows)
    words = f"{counts['graded']} graded, {counts['kept']} unchanged, {counts['failed']} failed in {seconds:.1f} s."
    console.print(words, highlight=False)
    if people or waiting:
        said = [f"{people} should be looked at by a person"] if people else []
        said += [f"{waiting} {'score waits' if waiting == 1 else 'scores wait'} to be given by hand"] if waiting else []
        console.print(f"{', and '.join(said)}: jupyter lab, Nbgrader, Formgrader.", highlight=False)


def _remarks(row: Row) -> str:
    """What there is to say of a submission, in the room of a table."""
    more = len(row.remarks) - _MOST_REMARKS
    if more <= 1:
        return "\n".join(row.remarks)
    return "\n".join([*row.remarks[:_MOST_REMARKS], f"and {more} more; --json has them all"])


def _write(path: Path, assignment: str, rows: Sequence[Row], seconds: float) -> None:
    said: dict[str, Any] = {"assignment": assignment, "seconds": round(seconds, 3), "exit_code": exit_code(rows)}
    said["submissions"] = [asdict(row) for row in rows]
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(said, indent=1), encoding="utf-8")
    partial.replace(path)


@contextmanager
def quiet() -> Iterator[None]:
    """One thread for torch, since submissions are what runs side by side; and no log: the table says what matters."""
    log = logging.getLogger("traitlets")
    threads, level = torch.get_num_threads(), log.level
    torch.set_num_threads(1)
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Object of type")  # SQLAlchemy on nbgrader's models, at every submission
            yield
    finally:
        torch.set_num_threads(threads)
        log.setLevel(level)
