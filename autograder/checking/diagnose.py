"""Turns observations into a verdict: what differs, where, and which known mistake it is.

Trusted side: this runs where the expected values are, and never calls anything of the student's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from autograder.checking.compare import Tolerance, describe, differences
from autograder.checking.observe import CUT_OFF, OVERWRITTEN
from autograder.checking.properties import Measurement, measure
from autograder.checking.records import (
    CallRecord,
    Case,
    CaseVerdict,
    Exercise,
    Failure,
    Finding,
    Foreign,
    FrozenCase,
    Mistake,
    Observation,
    Verdict,
)

_STAY_IN_TORCH = (
    "Keep to torch operations on the inputs: no .item(), .numpy(), .detach() or torch.tensor(...) of a tensor."
)
_WITHOUT_GRADIENT = {
    CUT_OFF: _STAY_IN_TORCH,
    OVERWRITTEN: "Make new tensors: x = x - y for x -= y, torch.where(...) or torch.stack(...) for x[i] = y.",
}
_LONGEST = 2000  # characters of a finding: a key, a shape and what a value is called may have any length
Pair = tuple[FrozenCase, bool]  # a frozen case, and whether it is hidden


def diagnose(exercise: Exercise, cases: Sequence[Pair], observations: Sequence[Observation]) -> Verdict:
    """The verdict on one exercise: `observations[i]` is what the student's object did on `cases[i]`.

    Points are given whole or not at all, unless the exercise is `partial`: then by the share of cases passed.
    """
    verdicts = tuple(
        CaseVerdict(frozen.case.name, tuple(findings(frozen, o, exercise)), hidden)
        for (frozen, hidden), o in zip(cases, observations, strict=True)
    )
    passed = sum(v.passed for v in verdicts)
    share = (passed / len(verdicts) if exercise.partial else float(passed == len(verdicts))) if verdicts else 0.0
    notes = tuple(dict.fromkeys(note for o in observations for note in o.notes))
    return Verdict(
        exercise=exercise.name,
        points=float(exercise.points * share),
        max_points=float(exercise.points),
        cases=verdicts,
        mistake=None if share == 1.0 else name_mistake(exercise, cases, observations),
        notes=notes,
    )


def findings(frozen: FrozenCase, seen: Observation, exercise: Exercise) -> list[Finding]:
    """What tells an observation from a passing one, in the order in which a student should read it."""
    return [replace(each, message=_readable(each.message)) for each in _findings(frozen, seen, exercise)]


def _findings(frozen: FrozenCase, seen: Observation, exercise: Exercise) -> list[Finding]:
    case = frozen.case
    if seen.failure is not None:
        return [_failure_finding(seen.failure, exercise)]
    if len(seen.calls) != len(case.calls):
        return [Finding("raised", "the run ended before every call was answered.")]
    found = []
    for i, (got, expected) in enumerate(zip(seen.calls, frozen.expected.calls, strict=True)):
        where = "output" if len(case.calls) == 1 else f"output of call {i + 1}"
        found += _call_findings(got, expected, case, where)
        if found and not case.values:
            break  # nothing to measure; the next call says the same
    if not any(f.code == "type" for f in found):
        found += property_findings(case, seen)
    found += _conduct_findings(frozen, seen, exercise)
    return found


def _readable(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"


def name_mistake(exercise: Exercise, cases: Sequence[Pair], observations: Sequence[Observation]) -> Mistake | None:
    """The known mistake whose behaviour on every case equals the student's, if there is exactly such a one."""
    for mistake in exercise.mistakes:
        if all(
            mistake.name in frozen.mistakes and _alike(frozen, seen, frozen.mistakes[mistake.name])
            for (frozen, _), seen in zip(cases, observations, strict=True)
        ):
            return mistake
    return None


def _call_findings(got: CallRecord, expected: CallRecord, case: Case, where: str) -> list[Finding]:
    tolerance = Tolerance(case.rtol, case.atol, case.dtype)
    found = differences(got.output, expected.output, tolerance, where) if case.values else _nothing(got.output, where)
    if found or not case.gradients:
        return found
    if got.gradient_problem:
        hint = _WITHOUT_GRADIENT.get(got.gradient_problem, "")
        return [Finding("gradient", f"gradient: {got.gradient_problem}. {hint}".rstrip())]
    return _gradient_findings(got.gradients, expected.gradients, tolerance)


def _nothing(output: Any, where: str) -> list[Finding]:
    """A finding where there is an output whose values are free, and it is none that could be measured."""
    if output is None or isinstance(output, Foreign):
        return [Finding("type", f"{where} is {describe(output)}, which cannot be measured.", where)]
    return []


def _gradient_findings(
    got: Mapping[str, torch.Tensor | None], expected: Mapping[str, torch.Tensor | None], tolerance: Tolerance
) -> list[Finding]:
    found = []
    for name, wanted in expected.items():
        where = f"gradient with respect to {name.split('#')[0]}"
        have = got.get(name)
        zero = wanted is None or not bool((wanted != 0).any())
        if have is None and not zero:
            why = "the output does not depend on it, or the way back was cut (.detach(), .item(), torch.tensor(...))"
            found.append(Finding("gradient", f"{where}: none flows back; {why}."))
        elif have is not None and wanted is not None:
            found += [replace(f, code="gradient") for f in differences(have, wanted, tolerance, where)]
        elif have is not None and bool((have != 0).any()):
            found.append(Finding("gradient", f"{where} is not zero; the output should not depend on it."))
    return found


def property_findings(case: Case, seen: Observation) -> list[Finding]:
    """The properties of a case that do not hold, each with its numbers."""
    found = []
    for prop in case.properties:
        try:
            measured = measure(prop.kind, [c.output for c in seen.calls], dict(prop.params))
        except ValueError as error:
            found.append(Finding("type", f"{error}."))
            continue
        found += [_property_finding(m) for m in measured if not m.holds]
    return found


def _property_finding(m: Measurement) -> Finding:
    return Finding("property", f"{m.sentence()}.", measured=(m.value,))


def _conduct_findings(frozen: FrozenCase, seen: Observation, exercise: Exercise) -> list[Finding]:
    """Forbidden operators, inputs changed in place, FLOPs and time: read only when the values are right."""
    found, case = [], frozen.case
    if seen.forbidden:
        reason = f" {exercise.forbid_reason}" if exercise.forbid_reason else ""
        found.append(Finding("forbidden", f"{', '.join(seen.forbidden)} may not be used in this exercise.{reason}"))
    for i, record in enumerate(seen.calls):
        if record.changed:
            names, inputs = ", ".join(record.changed), case.calls[i].inputs()
            tensors = all(isinstance(inputs.get(name), torch.Tensor) for name in record.changed)
            copied = "x = x.clone(), x + 1 for x += 1" if tensors else "copy.deepcopy, or a new dict or list"
            found.append(Finding("modified", f"the input {names} was changed in place; work on a copy ({copied})."))
        allowed = _flops_allowed(frozen, i)
        if record.flops > allowed:
            found.append(
                Finding(
                    "cost",
                    f"{record.flops:,} FLOPs were counted; at most {allowed:,.0f} are allowed.",
                    measured=(record.flops,),
                )
            )
    if case.seconds is not None and seen.seconds > case.seconds:
        found.append(Finding("time", f"it took {seen.seconds:.1f} s; at most {case.seconds:g} s are allowed."))
    return found


def _flops_allowed(frozen: FrozenCase, call: int) -> float:
    factor = frozen.case.flops
    return math.inf if factor is None else factor * frozen.expected.calls[call].flops


def _too_costly(frozen: FrozenCase, seen: Observation) -> list[bool]:
    """By call, whether the FLOPs pass the budget: their number depends on how the same thing is written."""
    return [record.flops > _flops_allowed(frozen, i) for i, record in enumerate(seen.calls)]


def _failure_finding(failure: Failure, exercise: Exercise) -> Finding:
    if failure.kind == "not implemented":
        if failure.source.isidentifier() and failure.source != exercise.name:
            words = f"calls {failure.source}, which is not implemented yet. Write {failure.source} first."
            return Finding("raised", f"{exercise.name} {words}")
        return Finding("not implemented", f"{exercise.name} is not implemented yet.")
    if failure.kind == "missing":
        return Finding("missing", f"{exercise.name} is not defined. Run the cell that defines it first.")
    if failure.kind == "not callable":
        return Finding("not callable", f"{exercise.name} is not a {exercise.kind}: {failure.message}.")
    if failure.kind == "state":
        return Finding(
            "state", f"the parameters of {exercise.name} do not have the names and shapes asked for: {failure.message}."
        )
    if failure.kind == "stopped":
        return Finding("stopped", f"{exercise.name} was stopped: {failure.message}.")
    code = f": `{failure.source}`" if failure.source else ""
    place = f" (line {failure.line}{code})" if failure.line else ""
    words = f": {failure.message}" if failure.message else ""
    advice = f". {_STAY_IN_TORCH}" if "numpy() on Tensor that requires grad" in failure.message else ""
    return Finding("raised", f"{exercise.name} raised {failure.exception}{words}{place}{advice}")


def _alike(frozen: FrozenCase, seen: Observation, mistake: Observation) -> bool:
    """Whether an observation equals a mistake's on this case, as far as a check can see."""
    if (seen.failure is None) != (mistake.failure is None):
        return False
    if seen.failure is not None and mistake.failure is not None:
        return _failure_key(seen.failure) == _failure_key(mistake.failure)
    case = replace(frozen.case, properties=())
    if bool(seen.forbidden) != bool(mistake.forbidden) or len(seen.calls) != len(mistake.calls):
        return False
    if [bool(c.changed) for c in seen.calls] != [bool(c.changed) for c in mistake.calls]:
        return False
    if _too_costly(frozen, seen) != _too_costly(frozen, mistake):
        return False
    return _calls_alike(case, seen, mistake) and _properties_alike(frozen.case, seen, mistake)


def _failure_key(failure: Failure) -> tuple[str, ...]:
    """What two failures of the same cause share: an exception's words name the sizes that clashed."""
    return failure.kind, failure.exception, failure.message


def _calls_alike(case: Case, seen: Observation, mistake: Observation) -> bool:
    for got, wrong in zip(seen.calls, mistake.calls, strict=True):
        if got.gradient_problem != wrong.gradient_problem:
            return False
        if _call_findings(replace(got, gradient_problem=""), wrong, case, "output"):
            return False
    return True


def _properties_alike(case: Case, seen: Observation, mistake: Observation) -> bool:
    """The same properties broken, with the same numbers within 5 %: random outputs vary."""
    mine = [f.measured for f in property_findings(case, seen)]
    if [len(numbers) for numbers in mine] != [len(numbers) for numbers in mistake.broken]:
        return False
    pairs = [(x, y) for a, b in zip(mine, mistake.broken, strict=True) for x, y in zip(a, b, strict=True)]
    return all(abs(x - y) <= 0.05 * max(abs(x), abs(y)) + 1e-9 for x, y in pairs)
