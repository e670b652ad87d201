"""Freezes a chapter: runs the solution in float64 on every case, and every mistake as a student would run it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from autograder.authoring.chapter import AuthoredExercise, Chapter
from autograder.authoring.draw import Draw, hidden_seed, public_seed
from autograder.authoring.percent import AuthoringError
from autograder.checking.diagnose import findings, property_findings
from autograder.checking.observe import observe
from autograder.checking.records import Call, Case, Exercise, FrozenCase, Mistake, Observation, Reference
from autograder.checking.trees import map_tensors


def freeze_public(chapter: Chapter) -> Reference:
    """The public reference of a chapter. Raises AuthoringError for a case that the solution cannot answer."""
    return _freeze(chapter, lambda name: public_seed(chapter.stem, name), hidden=False)


def freeze_hidden(chapter: Chapter, key: bytes, student: str = "") -> Reference:
    """The hidden reference of a chapter, from an instructor's key (and a student's id, for cases of their own)."""
    return _freeze(chapter, lambda name: hidden_seed(key, chapter.stem, name, student), hidden=True)


def freeze_exercise(authored: AuthoredExercise, seed: int, cases_path: Any) -> Exercise:
    """One exercise, frozen from `seed`."""
    plan = authored.plan
    try:
        cases = list(plan.cases(Draw(seed)))
    except Exception as error:  # authored code may raise anything
        raise AuthoringError(
            cases_path, plan.line, f"the cases of {plan.name} raise {type(error).__name__}: {error}", "Correct them"
        ) from error
    problem = _problem(cases)
    if problem:
        raise AuthoringError(cases_path, plan.line, f"exercise {plan.name}: {problem}", "Correct the cases")
    exercise = Exercise(
        name=plan.name,
        kind=authored.kind,
        points=plan.points,
        minutes=plan.minutes,
        difficulty=plan.difficulty,
        forbid=plan.forbid,
        forbid_reason=plan.reason,
        partial=plan.partial,
        mistakes=tuple(Mistake(m.name, m.hints) for m in authored.mistakes.values()),
        cases=(),
    )
    frozen = tuple(_freeze_case(c, authored, exercise, Draw(seed + 1 + i), cases_path) for i, c in enumerate(cases))
    return replace(exercise, cases=frozen)


def _freeze(chapter: Chapter, seed_of: Callable[[str], int], *, hidden: bool) -> Reference:
    path = chapter.directory / "cases.py"
    exercises = {name: freeze_exercise(e, seed_of(name), path) for name, e in chapter.exercises.items()}
    return Reference(chapter.stem, exercises, hidden)


def _problem(cases: list[Any]) -> str:
    """What is wrong with a list of cases; empty when nothing is."""
    if not cases:
        return "it has no case"
    if not all(isinstance(c, Case) for c in cases):
        return "it yields something that case(...) did not make"
    names = [c.name for c in cases]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        return f"two cases are named {twice[0]!r}"
    if any(not c.values and not c.properties for c in cases):
        return "a case asks neither for values nor for a property, so that it could not fail"
    return ""


def _freeze_case(case: Case, authored: AuthoredExercise, exercise: Exercise, draw: Draw, path: Any) -> FrozenCase:
    case = _named(case, authored, path)
    if authored.kind == "module" and case.state is None:
        case = replace(case, state=_random_state(case, authored, draw))
    truth = observe(authored.object, _in_float64(case), kind=authored.kind)
    if truth.failure is not None:
        where = f"line {truth.failure.line}: {truth.failure.source}" if truth.failure.line else "it"
        raise AuthoringError(
            path,
            authored.plan.line,
            f"the solution of {authored.name} fails on case {case.name!r}: {truth.failure.exception} "
            f"{truth.failure.message} ({where})",
            "Correct the case or the solution",
        )
    truth = _stripped(truth, keep_outputs=case.values)
    mistakes = {
        name: _as_mistake(observe(m.object, case, forbid=exercise.forbid, kind=authored.kind), case)
        for name, m in authored.mistakes.items()
    }
    frozen = FrozenCase(case, truth, mistakes)
    wrong = findings(frozen, observe(authored.object, case, forbid=exercise.forbid, kind=authored.kind), exercise)
    if wrong:
        raise AuthoringError(
            path,
            authored.plan.line,
            f"the solution of {authored.name} does not pass case {case.name!r} itself: {wrong[0].message}",
            "Loosen the tolerance with a reason, or correct the case",
        )
    return frozen


def _named(case: Case, authored: AuthoredExercise, path: Any) -> Case:
    """The case with the names of its positional arguments, from the solution's signature."""
    module = authored.kind == "module"
    calls = []
    for call in case.calls:
        target = getattr(authored.object, call.method or "forward") if module else authored.object
        calls.append(replace(call, names=_names(target, call, skip=int(module))))
    init = case.init or (Call() if module else None)
    if init is not None:
        init = replace(init, names=_names(authored.object.__init__, init, skip=1))
    named = replace(case, calls=tuple(calls), init=init)
    known = {n for c in calls for n in c.inputs()} | ({"parameters"} if module else set())
    unknown = [g for g in case.gradients if g not in known]
    if unknown:
        raise AuthoringError(
            path,
            authored.plan.line,
            f"case {case.name!r} of {authored.name} asks for the gradient of {unknown[0]!r}",
            f"The inputs are {', '.join(sorted(known))}",
        )
    return named


def _names(target: Any, call: Call, skip: int) -> tuple[str, ...]:
    names: list[str] = []
    for parameter in list(inspect.signature(target).parameters.values())[skip:]:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(len(call.args) - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return tuple(names[: len(call.args)])


def _random_state(case: Case, authored: AuthoredExercise, draw: Draw) -> dict[str, torch.Tensor]:
    """Parameters in which nothing can hide: no zeros, no ones, the spread of the solution's own initialization."""
    init = case.init or Call()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = authored.object(*init.args, **init.kwargs)
    state = {}
    for name, parameter in module.named_parameters():
        value = parameter.detach()
        constant = value.numel() == 1 or bool((value == value.flatten()[0]).all())
        noise = draw.normal(*value.shape)
        state[name] = value + 0.3 * noise if constant else noise * float(value.std())
    return state


def _in_float64(case: Case) -> Case:
    def up(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.double() if tensor.dtype == torch.float32 else tensor

    calls = tuple(replace(c, args=map_tensors(up, c.args), kwargs=map_tensors(up, dict(c.kwargs))) for c in case.calls)
    init = case.init and replace(
        case.init, args=map_tensors(up, case.init.args), kwargs=map_tensors(up, dict(case.init.kwargs))
    )
    return replace(case, calls=calls, init=init, state=map_tensors(up, case.state) if case.state else case.state)


def _as_mistake(observation: Observation, case: Case) -> Observation:
    """What a mistake is recognised by: its outputs, or, where they are random, the numbers of its broken properties."""
    if observation.failure is not None:
        return _stripped(observation)
    broken = tuple(f.measured for f in property_findings(case, observation))
    return replace(_stripped(observation, keep_outputs=case.values), broken=broken)


def _stripped(observation: Observation, *, keep_outputs: bool = True) -> Observation:
    """Without what changes from run to run or from one line number to the next."""
    failure = observation.failure and replace(observation.failure, line=0, source="")
    calls = tuple(c if keep_outputs else replace(c, output=None) for c in observation.calls)
    return replace(observation, calls=calls, seconds=0.0, notes=(), failure=failure)
