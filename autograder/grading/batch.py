"""Grades the submissions of an assignment: what is new is judged by a pool, and one writer records it.

Whatever ends the grader, what was graded is kept by the ledger, and the same call goes on from there.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import nbformat
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.authoring.hidden import find_key
from autograder.execution import Limits, SandboxProblem
from autograder.grading.engine import ATTEMPTS, ConfinedExecutor, Engine, engine_version
from autograder.grading.jobs import Job, Result, dumps, key_of, loads, unjudged
from autograder.grading.judging import Exam
from autograder.grading.ledger import GradingProblem, Ledger
from autograder.grading.nbgrader_steps import NOTES, Judge
from autograder.grading.reading import Unreadable, files_beside, parse, read_bytes
from autograder.grading.recording import Busy, Recorded, Recorder
from autograder.grading.release import course_config

_FULL = (errno.ENOSPC, errno.EDQUOT)
_BUSY_SECONDS = (0.0, 2.0, 5.0)  # pauses before records that the gradebook did not take are tried again


@dataclass(frozen=True)
class Submission:
    """What a student handed in for an assignment."""

    student: str
    folder: Path


@dataclass(frozen=True)
class Row:
    """What became of a submission.

    outcome: "graded", "kept" (as it was: nothing has changed), or "failed": neither graded nor recorded, `remarks` say
    why. Otherwise `remarks` say what a person should look at.
    """

    student: str
    outcome: str
    score: float = 0.0
    max_score: float = 0.0
    penalty: float = 0.0
    by_hand: int = 0
    remarks: tuple[str, ...] = ()
    cpu_seconds: float = 0.0


class Pool(Protocol):
    """Judges jobs at the same time. `width` is how many it should have at hand."""

    @property
    def width(self) -> int: ...

    def submit(self, job: Job) -> Future[Result]: ...

    def close(self) -> None: ...


class LocalPool:
    """Threads of this process, one for each of `jobs` submissions in the making."""

    def __init__(self, engine: Engine, jobs: int) -> None:
        engine.start()
        self.engine, self.width = engine, jobs
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="grading")

    def submit(self, job: Job) -> Future[Result]:
        """The result to come."""
        return self._threads.submit(self.engine.run, job)

    def close(self) -> None:
        """End the warm parent, and with it whatever still runs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.engine.close()


class Course:
    """A course on this machine, as the nbgrader_config.py in `root` describes it."""

    def __init__(self, root: Path, changes: Config | None = None) -> None:
        self.config = course_config(root)
        self.config.merge(changes or Config())
        self.directory = CourseDirectory(config=self.config)
        self._judge = Judge(config=self.config)
        self._executor = ConfinedExecutor(config=self.config)

    @property
    def limits(self) -> Limits:
        """What a submission may use."""
        return self._executor.limits

    @property
    def no_sandbox(self) -> bool:
        """Whether submissions may run unconfined."""
        return self._executor.no_sandbox

    @property
    def batch_folder(self) -> Path:
        """Where the ledger and the results are."""
        return Path(self._judge.course or self.directory.root) / "batch"

    def exam(self, stem: str) -> Exam | None:
        """The exam of a notebook, hidden cases included."""
        return self._judge.exam(stem)

    def exam_digest(self, stem: str) -> bytes:
        """What tells one exam from another: the public reference, the sources of hidden cases, and the key."""
        sources = sorted((Path(self._judge.solutions) / stem).glob("*.py")) if self._judge.solutions else []
        files = [path for path in (Path(self._judge.references) / f"{stem}.safetensors", *sources) if path.is_file()]
        key = find_key(Path(self._judge.course))[0] if sources else b""
        return key_of(*(path.read_bytes() for path in files), key).encode()

    def submissions(self, assignment: str) -> list[Submission]:
        """What was handed in for an assignment, by student."""
        pattern = self._submitted("*", assignment)
        named = re.compile(self._submitted("(?P<student>[^/]+)", re.escape(assignment), escape=True))
        found = [(match["student"], path) for path in glob.glob(pattern) if (match := named.fullmatch(path))]
        return [Submission(student, Path(path)) for student, path in sorted(found) if os.path.isdir(path)]

    def _submitted(self, student: str, assignment: str, escape: bool = False) -> str:
        step = self.directory.submitted_directory
        return os.path.normpath(self.directory.format_path(step, student, assignment, escape=escape))


@dataclass
class _Waiting:
    """A submission until all its notebooks have results."""

    submission: Submission
    digest: str
    keys: Mapping[str, str]
    results: dict[str, Result] = field(default_factory=dict)


class Batch:
    """One call of `autograder grade`. `told` is called with every row as it comes to stand."""

    def __init__(
        self,
        course: Course,
        assignment: str,
        ledger: Ledger,
        recorder: Recorder,
        pool: Callable[[Mapping[str, Exam | None]], Pool],
        force: bool = False,
        told: Callable[[Row], None] = lambda row: None,
    ) -> None:
        self._course, self._assignment, self._ledger, self._recorder = course, assignment, ledger, recorder
        self._make_pool, self._force, self._told = pool, force, told
        self._running: dict[Future[Result], str] = {}
        self._waiting: dict[str, list[_Waiting]] = {}
        self._busy: list[tuple[_Waiting, str]] = []
        self._pool_made: Pool | None = None
        self.rows: list[Row] = []

    def run(self, submissions: Iterable[Submission]) -> list[Row]:
        """The rows of `submissions`, each graded and recorded. Raises GradingProblem when it cannot go on."""
        try:
            for submission in submissions:
                self._begin(submission)
                while self._running and len(self._running) >= self._pool.width:
                    self._harvest()
            while self._running:
                self._harvest()
            self._try_again()
        except OSError as problem:
            if problem.errno not in _FULL:
                raise
            where = problem.filename or self._course.batch_folder
            words = f"no space left for {where}. What was graded is kept: make room and give the same command again"
            raise GradingProblem(words) from None
        finally:
            if self._pool_made is not None:
                self._pool_made.close()
        return self.rows

    @property
    def _pool(self) -> Pool:
        """The pool, made when there is something to judge."""
        if self._pool_made is None:
            self._pool_made = self._make_pool({name: self._exam(name) for name in self._recorder.released})
        return self._pool_made

    def _exam(self, name: str) -> Exam | None:
        exam, released = self._course.exam(name), self._recorder.released[name]
        if exam is None and released.checks:  # or every submission would be recorded with 0 points
            raise GradingProblem(
                f"there is no reference for {name}, so no check can be judged. Nothing was graded. "
                f"Make it: autograder freeze {name}"
            )
        return exam and exam.worth(released.points)

    @cached_property
    def _assignment_parts(self) -> dict[str, bytes]:
        """By notebook, all that a result depends on beside the submission."""
        limits = repr(self._course.limits).encode()
        return {
            name: key_of(repr(each).encode(), self._course.exam_digest(name), limits, engine_version()).encode()
            for name, each in self._recorder.released.items()
        }

    @cached_property
    def _terms(self) -> bytes:
        return self._recorder.terms

    def _begin(self, submission: Submission) -> None:
        """Starts what is not judged yet, and finishes what is."""
        try:
            jobs = self._jobs(submission)
            stamp = submission.folder / "timestamp.txt"
            times = read_bytes(stamp) if os.path.lexists(stamp) else b""
        except Unreadable as problem:
            self._tell(Row(_printable(submission.student), "failed", remarks=(str(problem),)))
            return
        digest = key_of(times, self._terms, *(f"{name} {key}".encode() for name, (key, _) in sorted(jobs.items())))
        if not self._force and self._is_recorded(submission.student, digest):
            self._tell(self._row(submission.student, "kept", self._recorder.standing(submission.student)))
            return
        waiting = _Waiting(submission, digest, {name: key for name, (key, _) in jobs.items()})
        for name, (key, make) in jobs.items():
            self._want(waiting, name, key, make)
        self._finish_if_whole(waiting)

    def _is_recorded(self, student: str, digest: str) -> bool:
        return self._ledger.recorded(self._assignment, student) == digest and self._recorder.has(student)

    def _jobs(self, submission: Submission) -> dict[str, tuple[str, Callable[[], Job | Result]]]:
        """By notebook of the release that was handed in, its key and what makes its job."""
        if not _is_text(submission.student):
            raise Unreadable("the name of its folder is no text; rename the folder")
        files = self._files(submission)
        lying = b"".join(key_of(os.fsencode(name), content).encode() for name, content in sorted(files.items()))
        found = {}
        for name, parts in self._assignment_parts.items():
            path = submission.folder / f"{name}.ipynb"
            if not os.path.lexists(path):
                continue
            try:
                content = read_bytes(path)
            except Unreadable as problem:
                why = f"{path.name}: {problem}"
                found[name] = (key_of(parts, why.encode()), _later(self._unread, name, why))
                continue
            key = key_of(parts, content, lying)
            found[name] = (key, _later(self._job, key, name, content, files))
        if not found:
            names = ", ".join(f"{name}.ipynb" for name in self._assignment_parts)
            raise Unreadable(f"no notebook was handed in; {names} is expected")
        return found

    def _files(self, submission: Submission) -> dict[str, bytes]:
        """What lies beside the notebooks; the released file where there is one of the same name."""
        ignored = self._course.directory.ignore
        source = self._course.directory.format_path(self._course.directory.source_directory, ".", self._assignment)
        return files_beside(submission.folder, ignored) | files_beside(Path(source), ignored)

    def _job(self, key: str, name: str, content: bytes, files: dict[str, bytes]) -> Job | Result:
        try:
            notebook = self._recorder.restored(name, parse(content))
        except Unreadable as problem:
            return replace(self._unread(name, f"{name}.ipynb: {problem}"), key=key)
        except Exception as problem:  # fail closed: what one student hands in ends no batch
            words = f"it cannot be put back as it was released ({type(problem).__name__}: {str(problem)[:80]})"
            return replace(self._unread(name, f"{name}.ipynb: {words}"), key=key)
        beside = {each: held for each, held in files.items() if each != "timestamp.txt"}
        return Job(key, name, dumps(notebook), self._recorder.released[name].checks, tuple(beside.items()))

    def _unread(self, name: str, why: str) -> Result:
        """The result of a file that is no notebook: the release, with what a person should know at its top."""
        notebook = self._recorder.restored(name, nbformat.v4.new_notebook())
        for irregularity in notebook.metadata[NOTES]["irregularities"]:
            irregularity[2] = why  # one reason, not one for each cell that is missing
        words = f"The file that was handed in could not be read. {why}."
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(words, id="unreadable"))
        return unjudged(key_of(self._assignment_parts[name], why.encode()), notebook, why)

    def _want(self, waiting: _Waiting, name: str, key: str, make: Callable[[], Job | Result]) -> None:
        """Gets the result of one notebook: what was kept, what is under way, or a new job."""
        if key in self._waiting:
            self._waiting[key].append(waiting)
            return
        kept = None if self._force else self._ledger.result(key)
        made = kept or make()
        if isinstance(made, Job) and not self._force and self._ledger.starts(key) >= ATTEMPTS:
            notebook = loads(made.notebook)
            made = unjudged(key, notebook, f"grading it stopped the grader {ATTEMPTS} times")
        if isinstance(made, Job):
            self._ledger.start(key)
            self._waiting[key] = [waiting]
            self._running[self._pool.submit(made)] = key
            return
        if kept is None:
            self._ledger.done(made)
        waiting.results[name] = made

    def _harvest(self) -> None:
        """Takes in the results that are there, at least one."""
        ready, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in ready:
            key = self._running.pop(future)
            all_waiting = self._waiting.pop(key)
            try:
                result = future.result()
            except (SandboxProblem, GradingProblem):
                raise
            except Exception as problem:
                for waiting in all_waiting:
                    words = f"it could not be graded: {type(problem).__name__}: {str(problem)[:200]}"
                    self._tell(Row(waiting.submission.student, "failed", remarks=(words,)))
                continue
            self._ledger.done(result)
            for waiting in all_waiting:
                names = [name for name, wanted in waiting.keys.items() if wanted == key]
                waiting.results |= dict.fromkeys(names, result)
                self._finish_if_whole(waiting)

    def _finish_if_whole(self, waiting: _Waiting) -> None:
        if len(waiting.results) < len(waiting.keys):
            return
        try:
            self._record(waiting)
        except Busy as problem:
            self._busy.append((waiting, str(problem)))

    def _record(self, waiting: _Waiting) -> None:
        student = waiting.submission.student
        try:
            recorded = self._recorder.record(student, waiting.submission.folder, waiting.results)
        except (Busy, GradingProblem):
            raise
        except Exception as problem:  # one record that fails must not stop the others; the result is kept
            words = f"it was graded and could not be recorded: {type(problem).__name__}: {str(problem)[:200]}"
            if isinstance(problem, OSError) and problem.errno in _FULL:
                raise
            self._tell(Row(student, "failed", remarks=(words,)))
            return
        self._ledger.record(self._assignment, student, waiting.digest)
        seconds = sum(result.usage.get("cpu_seconds", 0.0) for result in waiting.results.values())
        self._tell(replace(self._row(student, "graded", recorded), cpu_seconds=seconds))

    def _try_again(self) -> None:
        """Records what the gradebook did not take before."""
        for pause in _BUSY_SECONDS:
            if not self._busy:
                return
            time.sleep(pause)
            again, self._busy = self._busy, []
            for waiting, _ in again:
                self._finish_if_whole(waiting)
        for waiting, why in self._busy:
            self._tell(Row(waiting.submission.student, "failed", remarks=(why,)))

    def _row(self, student: str, outcome: str, recorded: Recorded) -> Row:
        return Row(
            student,
            outcome,
            recorded.score,
            recorded.max_score,
            recorded.penalty,
            recorded.by_hand,
            recorded.remarks,
        )

    def _tell(self, row: Row) -> None:
        self.rows.append(row)
        self._told(row)


def _later(make: Callable[..., Job | Result], *arguments: Any) -> Callable[[], Job | Result]:
    return lambda: make(*arguments)


def _is_text(name: str) -> bool:
    with contextlib.suppress(UnicodeEncodeError):
        return bool(name.encode())
    return False


def _printable(name: str) -> str:
    """A file's name as it may be printed: bytes that are no text are spelt out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
