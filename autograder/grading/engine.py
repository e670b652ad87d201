"""The confined executor: every submission in a fork of one warm parent that this process keeps."""

from __future__ import annotations

import atexit
import hashlib
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from traitlets import Bool, Float, Integer
from traitlets.config import LoggingConfigurable

from autograder.execution import (
    Answer,
    CellResult,
    KeeperReport,
    Limits,
    ParentGone,
    Reason,
    Status,
    Submission,
    WarmParent,
)
from autograder.grading.jobs import Job, Result, loads, result, unjudged
from autograder.grading.judging import Exam, Session, judge

ATTEMPTS = 3
_BUDGETS = 2  # budgets of a case: until then its check can say that it took too long, and what it was
_PACKAGE = Path(__file__).resolve().parents[1]
_MIB = 1 << 20
_Reply = TypeVar("_Reply", CellResult, Answer)


class Unfinished(RuntimeError):
    """A submission's run ended through no doing of its own; it may be tried again. `report` says how it ended."""

    def __init__(self, report: KeeperReport):
        super().__init__(f"the run was not finished: {report.reason}{f' ({report.error})' if report.error else ''}")
        self.report = report


class ConfinedExecutor(LoggingConfigurable):
    """Sessions that can reach neither the grader's files nor the network, in a fraction of a second each."""

    cell_seconds = Float(120.0, help="seconds that a cell, or an answer to a check, may take").tag(config=True)
    notebook_seconds = Float(1800.0, help="seconds after which a submission is ended").tag(config=True)
    memory_megabytes = Integer(2048, help="memory that a submission may use beyond its start").tag(config=True)
    no_sandbox = Bool(False, help="run submissions unconfined where this machine cannot confine").tag(config=True)

    @property
    def limits(self) -> Limits:
        """What a submission may use."""
        return Limits(
            cell_seconds=self.cell_seconds,
            answer_seconds=self.cell_seconds,
            notebook_seconds=self.notebook_seconds,
            memory_bytes=self.memory_megabytes * _MIB,
        )

    @contextmanager
    def session(self, folder: Path) -> Iterator[Session]:
        """A confined process with the files of `folder`, dead at the end with all that it started."""
        with _shared(self.limits, self.no_sandbox).session(folder) as session:
            yield session


class Sessions:
    """Starts sessions from one warm parent, and a new parent when that has ended. For use by several threads."""

    def __init__(self, limits: Limits, no_sandbox: bool = False) -> None:
        self._limits, self._no_sandbox = limits, no_sandbox
        self._lock = threading.Lock()
        self._parent: WarmParent | None = None
        self._closed = False

    @property
    def parent(self) -> WarmParent:
        """The warm parent, started when there is none that lives."""
        with self._lock:
            if self._closed:
                raise ParentGone("grading has ended")
            if self._parent is not None and not self._parent.alive():
                self._parent.close()
                self._parent = None
            if self._parent is None:
                self._parent = WarmParent(self._limits, no_sandbox=self._no_sandbox)
            return self._parent

    @contextmanager
    def session(self, folder: Path | None) -> Iterator[ConfinedSession]:
        """A session with the files of `folder`. Raises Unfinished at its end when it did not run as it should have."""
        with self.parent.submission(folder) as submission:
            session = ConfinedSession(submission, self._limits)
            yield session
            session.finish()

    def close(self) -> None:
        """End the warm parent, for good."""
        with self._lock:
            self._closed = True
            if self._parent is not None:
                self._parent.close()
                self._parent = None


class ConfinedSession:
    """A submission whose end is told in the words of whoever reads the feedback."""

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self._submission, self._limits = submission, limits

    def run_cell(self, source: str, timeout: float | None = None) -> CellResult:
        """Executes one cell."""
        return self._told(self._submission.run_cell(source, timeout))

    def answer(self, request: dict[str, Any], inputs: bytes = b"", timeout: float | None = None) -> Answer:
        """Asks the student's process. A case that says how long it may take has twice that, if that is the longer."""
        budget = request.get("case", {}).get("seconds") or 0.0
        longest = max(self._limits.answer_seconds, _BUDGETS * budget)
        return self._told(self._submission.answer(request, inputs, timeout or longest))

    def finish(self) -> KeeperReport:
        """Ends it. Raises Unfinished when what came back tells nothing of the student's work."""
        report = self._submission.close()
        if report.reason in (Reason.SETUP_FAILED, Reason.KEEPER_DIED, Reason.GRADER_GONE):
            raise Unfinished(report)
        return report

    def _told(self, reply: _Reply) -> _Reply:
        """The reply, with a detail that says what befell the student's process."""
        report = self._submission.report
        if report is None or reply.status not in (Status.DIED, Status.NOT_RUN):
            return reply
        why = _why(report, self._limits)
        if report.reason is Reason.HIDES:  # no honest notebook does that: a person is to look
            return replace(reply, status=Status.MALFORMED, detail=why)
        return replace(reply, detail=why if reply.status is Status.DIED else f"not run: in an earlier cell {why}")


class Engine:
    """Judges jobs, several at a time when called from several threads."""

    def __init__(self, exams: Mapping[str, Exam | None], limits: Limits, no_sandbox: bool = False) -> None:
        self._exams = exams
        self._sessions = Sessions(limits, no_sandbox)

    def start(self) -> None:
        """Start the warm parent. Raises SandboxProblem where submissions cannot be run."""
        _ = self._sessions.parent

    @property
    def parent(self) -> WarmParent:
        """The warm parent that forks the next submission."""
        return self._sessions.parent

    def run(self, job: Job) -> Result:
        """What judging a job gives. A run that ended through no doing of its own is tried again.

        Raises Unfinished when no run could even be set up, SandboxProblem when the warm parent cannot start.
        """
        trouble: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._judge(job)
            except (Unfinished, ParentGone) as problem:
                trouble = problem
        if isinstance(trouble, Unfinished) and trouble.report.reason is Reason.SETUP_FAILED:
            raise trouble
        notebook = loads(job.notebook)
        return unjudged(job.key, notebook, f"it was run {ATTEMPTS} times and never came to an end ({trouble})")

    def close(self) -> None:
        """End the warm parent."""
        self._sessions.close()

    def _judge(self, job: Job) -> Result:
        notebook = loads(job.notebook)
        with _folder(job.files) as folder, self._sessions.session(folder) as session:
            judged = judge(notebook, job.checks, self._exams.get(job.stem), session)
            report = session.finish()
        usage = {
            "reason": report.reason,
            "tier": report.tier,
            "wall_seconds": report.wall_seconds,
            "cpu_seconds": report.cpu_seconds,
            "peak_bytes": report.peak_bytes,
        }
        return result(job.key, notebook, judged, usage)


def engine_version() -> bytes:
    """What tells one engine from another: its sources, and the torch that it judges with."""
    total = hashlib.sha256(torch.__version__.encode())
    for room in ("checking", "execution", "grading"):
        for path in sorted((_PACKAGE / room).glob("*.py")):
            total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.digest()


@contextmanager
def _folder(files: tuple[tuple[str, bytes], ...]) -> Iterator[Path | None]:
    """A folder with `files`, while they are needed; None when there are none."""
    if not files:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="autograder-files-") as name:
        for relative, content in files:
            path = Path(name) / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield Path(name)


def _why(report: KeeperReport, limits: Limits) -> str:
    """What ended the student's process, in a sentence without its full stop."""
    words = {
        Reason.MEMORY: f"the notebook used more memory than the {limits.memory_bytes // _MIB} MB that it may use",
        Reason.CPU: f"a process used more than {limits.cpu_seconds} s of processor time",
        Reason.WALL: f"the notebook took longer than the {limits.notebook_seconds:g} s that it may take",
        Reason.PROCESSES: f"the notebook ran more than the {limits.processes} processes and threads that it may run",
        Reason.DISK: f"the notebook wrote more than the {limits.disk_bytes // _MIB} MB or {limits.files} files "
        "that it may write",
        Reason.EXIT: "the notebook ended its own process",
        Reason.SIGNAL: f"the notebook's process was ended by signal {-report.code}",
        Reason.HIDES: "the notebook made a process of its own unreadable",
        Reason.CLOSED: "the notebook did not come back from an interrupt",
    }
    return words.get(report.reason, f"the notebook's process ended ({report.reason})")


def _shared(limits: Limits, no_sandbox: bool) -> Sessions:
    """The sessions of this process for these limits."""
    return _all_sessions.setdefault((limits, no_sandbox), Sessions(limits, no_sandbox))


_all_sessions: dict[tuple[Limits, bool], Sessions] = {}


@atexit.register
def _close_all() -> None:
    for sessions in _all_sessions.values():
        sessions.close()
    _all_sessions.clear()
