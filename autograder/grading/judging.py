"""Judges a submission: runs its cells in a session, asks the session for answers, and compares them here.

A session holds the student's process and is believed in nothing. It gets inputs and gives back tensors; expected values
stay on this side, and what the student's code prints, displays or returns in a cell earns no points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from nbformat import NotebookNode, from_dict
from torch import Tensor

from autograder.checking import wire
from autograder.checking.diagnose import Pair, diagnose
from autograder.checking.records import Exercise, Failure, FrozenCase, Observation, Reference, Verdict
from autograder.checking.references import merge, with_points
from autograder.checking.report import Report, as_html, text
from autograder.execution import tensors
from autograder.execution.records import Answer, CellResult, Status

_ENDED = {
    Status.TIMEOUT: "it ran out of time",
    Status.MALFORMED: "its answer could not be read",
    Status.DIED: "the notebook's process ended",
    Status.NOT_RUN: "the notebook's process had ended before",
    Status.ERROR: "it gave no answer",
}
_UNREADABLE = "the notebook's process answered a cell in a form that cannot be read, as no honest notebook does"
_MOST_NUMBERS = 1_000_000  # of one answer; the course's own hold some thousands
_FINAL = ("missing", "not implemented", "not callable", "stopped")  # the other cases would show the same


class Session(Protocol):
    """A student's process while a notebook runs in it. `autograder.execution.Submission` is one."""

    def run_cell(self, source: str, timeout: float | None = None) -> CellResult: ...

    def answer(self, request: dict[str, Any], inputs: bytes = b"", timeout: float | None = None) -> Answer: ...


class Executor(Protocol):
    """Starts sessions: nbgrader's stock kernel, or the confined engine."""

    def session(self, folder: Path) -> AbstractContextManager[Session]:
        """A fresh session whose current folder is, or has the files of, `folder`."""
        ...


@dataclass(frozen=True)
class Exam:
    """The exercises of one chapter with all cases, hidden ones included."""

    public: Reference
    cases: Mapping[str, Sequence[Pair]]

    @cached_property
    def questions(self) -> Mapping[str, Sequence[tuple[dict[str, Any], bytes]]]:
        """By exercise, what is asked of a student's process for each case: the request and the encoded inputs.

        They are the same for every submission. Nothing in them tells what is expected, or whether a case is hidden.
        """
        return {
            name: [_question(self.public.exercises[name], frozen) for frozen, _ in cases]
            for name, cases in self.cases.items()
        }

    @classmethod
    def of(cls, public: Reference, hidden: Reference | None) -> Exam:
        return cls(public, merge(public, hidden))

    def worth(self, points: Mapping[str, float]) -> Exam:
        """The exam with the points that the gradebook has for its exercises, by name. Others keep theirs."""
        known = {name: each for name, each in points.items() if name in self.public.exercises}
        return replace(self, public=with_points(self.public, known))


@dataclass(frozen=True)
class Judged:
    """What judging gave: a verdict by grade id, and by grade id why there is none."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, float]:
        """The points of every verdict, by grade id."""
        return {name: verdict.points for name, verdict in self.verdicts.items()}


def judge(notebook: NotebookNode, checks: Mapping[str, str], exam: Exam | None, session: Session) -> Judged:
    """Runs `notebook` cell by cell, filling in its outputs, and judges an exercise wherever a check of it stands.

    `checks` gives the exercise of each test cell by grade id. The test cell itself is not run: its output becomes the
    verdict.
    """
    verdicts: dict[str, Verdict] = {}
    problems: dict[str, str] = {}
    unreadable = False
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name not in checks:
            unreadable |= _run(cell, session) is Status.MALFORMED
            continue
        cell.execution_count, cell.outputs = None, []
        try:
            if exam is None:
                raise LookupError("there is no reference for this notebook")
            verdicts[name] = verdict(checks[name], exam, session)
            cell.outputs = [_shown(verdicts[name], exam)]
        except Exception as error:  # fail closed: whatever goes wrong here is for a person to see, and scores 0
            problems[name] = f"{checks[name]} could not be judged: {type(error).__name__}: {error}"
            cell.outputs = [not_judged()]
    if unreadable:
        problems |= {name: _UNREADABLE for name in graded(notebook) if name not in problems}
    return Judged(verdicts, problems)


def graded(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The code cells of a restored notebook that nbgrader grades by themselves, by grade id."""
    return {
        cell.metadata["nbgrader"]["grade_id"]: cell
        for cell in notebook.cells
        if cell.cell_type == "code"
        and cell.metadata.get("nbgrader", {}).get("grade")
        and not cell.metadata["nbgrader"].get("solution")
    }


def not_judged() -> NotebookNode:
    """The output of a check without a verdict. To nbgrader it is an error, so the cell scores 0."""
    return _error("NotJudged", "this check could not be judged; a person will look at it")


def verdict(name: str, exam: Exam, session: Session) -> Verdict:
    """The verdict on exercise `name` as it stands in the session. Raises LookupError when the exam does not have it."""
    if name not in exam.public.exercises:
        raise LookupError(f"the reference of {exam.public.chapter} has no exercise {name}")
    exercise, cases = exam.public.exercises[name], exam.cases[name]
    seen: list[Observation] = []
    for (_, hidden), question in zip(cases, exam.questions[name], strict=True):
        observation = _observe(question, hidden, session)
        seen.append(observation)
        if observation.failure and observation.failure.kind in _FINAL:
            seen += [observation] * (len(cases) - len(seen))
            break
    return diagnose(exercise, cases, seen)


def _question(exercise: Exercise, frozen: FrozenCase) -> tuple[dict[str, Any], bytes]:
    case, inputs = wire.encode_case(frozen.case)
    request = {"exercise": exercise.name, "kind": exercise.kind, "forbid": list(exercise.forbid), "case": case}
    return request, tensors.encode(inputs)


def _observe(question: tuple[dict[str, Any], bytes], hidden: bool, session: Session) -> Observation:
    answer = session.answer(*question)
    if answer.status is not Status.OK:
        return _stopped(f"{_ENDED[answer.status]}{f' ({answer.detail})' if answer.detail and not hidden else ''}")
    try:
        observation = wire.decode_observation(answer.reply, answer.tensors)
    except ValueError as error:
        return _stopped(f"its answer could not be read ({error})")
    held = sum(_held([record.output, dict(record.gradients)]) for record in observation.calls)
    if held > _MOST_NUMBERS:  # before anything is computed with them
        return _stopped(f"its answer holds {held:,} numbers, and at most {_MOST_NUMBERS:,} are compared")
    return replace(observation, notes=()) if hidden else observation  # a warning may quote an input


def _held(value: Any) -> int:
    """How many numbers and characters an answer holds; a tensor that is named twice counts twice."""
    if isinstance(value, Mapping | list | tuple):
        return len(value) + sum(map(_held, value.values() if isinstance(value, Mapping) else value))
    return value.numel() if isinstance(value, Tensor) else len(value) if isinstance(value, str) else 1


def _stopped(why: str) -> Observation:
    return Observation(failure=Failure("stopped", why))


def _run(cell: NotebookNode, session: Session) -> Status:
    if not cell.source.strip():
        cell.outputs, cell.execution_count = [], None
        return Status.OK
    result = session.run_cell(cell.source)
    cell.execution_count = result.execution_count
    cell.outputs = [NotebookNode(output) for output in result.outputs]
    raised = [output.ename for output in cell.outputs if output.output_type == "error"]
    if result.status is Status.TIMEOUT and "CellTimeoutError" not in raised:
        why = result.detail or _ENDED[result.status]
        cell.outputs.append(_error(result.status.name, f"this cell was stopped: {why}"))  # an interrupt says no reason
    elif result.status is not Status.OK and not raised:
        cell.outputs.append(_error(result.status.name, result.detail or _ENDED[result.status]))
    return result.status


def _shown(verdict: Verdict, exam: Exam) -> NotebookNode:
    """The verdict as a cell's output. Of a hidden case it tells the kind of the difference and no value."""
    cases = {frozen.case.name: frozen.case for frozen, hidden in exam.cases[verdict.exercise] if not hidden}
    report = Report(verdict, cases)
    return _output("display_data", data={"text/html": as_html(report), "text/plain": text(report)}, metadata={})


def _error(name: str, words: str) -> NotebookNode:
    return _output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])


def _output(kind: str, **fields: Any) -> NotebookNode:
    """An output of ours. Not by `v4.new_output`: to hold each against the schema takes longer than all else."""
    return from_dict({"output_type": kind, **fields})
