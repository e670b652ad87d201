"""The records that pass between authoring, checking and grading. Plain data: no behaviour beyond small look-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the student's object.

    `train` sets a module's mode before the call (None leaves it); `method` calls that method instead of the object.
    `names` are the parameter names of the positional arguments, used in messages and to ask for gradients.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    train: bool | None = None
    method: str | None = None
    names: tuple[str, ...] = ()

    def inputs(self) -> dict[str, Any]:
        """All inputs by parameter name, positional ones first."""
        named = {self.names[i] if i < len(self.names) else f"argument {i}": a for i, a in enumerate(self.args)}
        return named | dict(self.kwargs)


@dataclass(frozen=True, slots=True)
class Property:
    """A fact that must hold of the outputs; `kind` names a function in `properties.py`, `params` are its arguments."""

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One set of inputs of an exercise, and what is asked of the outputs.

    gradients   parameter names whose gradients are compared; "parameters" means a module's own parameters
    rtol, atol  tolerance: |got - expected| <= atol + rtol * |expected|, in the dtype the student works in
    dtype       "kind" (floating for floating, integer for integer, bool for bool) or "exact" or "any"
    values      False when outputs are random and only properties are asked
    init, state  constructor arguments and parameters (loaded by name) of a module
    flops       the FLOPs counted by torch may be at most this factor times the reference's; None: not counted
    seconds     the time budget of the whole case in seconds; None: no budget
    """

    name: str
    calls: tuple[Call, ...]
    init: Call | None = None
    state: Mapping[str, torch.Tensor] | None = None
    gradients: tuple[str, ...] = ()
    rtol: float = 1e-4
    atol: float = 1e-5
    dtype: str = "kind"
    values: bool = True
    properties: tuple[Property, ...] = ()
    flops: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The student's object gave no output.

    kind: "missing", "not callable", "not implemented", "raised", "state" (parameters do not fit), "stopped".
    """

    kind: str
    message: str
    exception: str = ""
    line: int = 0
    source: str = ""
    call: int = 0


@dataclass(frozen=True, slots=True)
class Foreign:
    """Stands in an observed output for a value that is not a tensor or plain number; `what` says what it was."""

    what: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one call gave: the output tree and, by input path, gradients (None: no gradient flows)."""

    output: Any
    gradients: Mapping[str, torch.Tensor | None] = field(default_factory=dict)
    gradient_problem: str = ""
    changed: tuple[str, ...] = ()
    flops: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """What running one case on one object showed. Holds no expected value and no opinion.

    `broken` is set for mistakes only: the numbers of the properties that do not hold, by which random outputs
    are recognised.
    """

    calls: tuple[CallRecord, ...] = ()
    failure: Failure | None = None
    forbidden: tuple[str, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    broken: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenCase:
    """A case with the reference's observation (float64 truth) and that of every mistake."""

    case: Case
    expected: Observation
    mistakes: Mapping[str, Observation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A known wrong implementation. `hints` are steps: observation, idea, near-solution."""

    name: str
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exercise:
    """One graded function or module with its frozen cases.

    kind is "function" or "module"; points are awarded whole, or by the share of cases passed when `partial`;
    minutes is the estimated time; difficulty 1 to 3; `forbid` are patterns of operator names the student may not call.
    """

    name: str
    kind: str
    points: float
    minutes: int
    difficulty: int
    forbid: tuple[str, ...]
    forbid_reason: str
    partial: bool
    mistakes: tuple[Mistake, ...]
    cases: tuple[FrozenCase, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The frozen exercises of one chapter, in course order. `hidden` is True for keyed cases drawn at grading time."""

    chapter: str
    exercises: Mapping[str, Exercise]
    hidden: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two tensors of one shape in float64, where they agree, and the index of the worst value. For pictures."""

    got: torch.Tensor
    expected: torch.Tensor
    same: torch.Tensor
    worst: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what was observed and what was expected, as the student reads it.

    `measured` are the numbers of property findings, by which a mistake can be recognised. `compared` are the values
    of which the message speaks, where it speaks of a tensor's.
    """

    code: str
    message: str
    where: str = ""
    measured: tuple[float, ...] = ()
    compared: Compared | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """The findings of one case; none means passed."""

    name: str
    findings: tuple[Finding, ...]
    hidden: bool = False

    @property
    def passed(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check concluded about one exercise. `mistake` is set when the outputs equal a known mistake's."""

    exercise: str
    points: float
    max_points: float
    cases: tuple[CaseVerdict, ...]
    mistake: Mistake | None = None
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return bool(self.cases) and all(case.passed for case in self.cases)

    @property
    def first(self) -> CaseVerdict | None:
        """The failing case a student should read first: a visible one if there is any."""
        failing = [case for case in self.cases if not case.passed]
        return min(failing, key=lambda case: case.hidden, default=None)
