"""A small exercise, frozen in the test itself: y = x W with a known mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from autograder.checking.diagnose import diagnose, property_findings
from autograder.checking.observe import observe
from autograder.checking.records import Call, Case, Exercise, FrozenCase, Mistake, Observation, Verdict


def _make_exercise(
    solution: Callable[..., Any],
    *cases: Case,
    mistakes: dict[str, Callable[..., Any]] | None = None,
    kind: str = "function",
    **changes: Any,
) -> Exercise:
    """An exercise whose truth is `solution`, run as it stands."""
    mistakes = mistakes or {}
    forbid = changes.get("forbid", ())
    frozen = tuple(
        FrozenCase(
            case,
            observe(solution, case, kind=kind),
            {name: _as_mistake(observe(m, case, forbid=forbid, kind=kind), case) for name, m in mistakes.items()},
        )
        for case in cases
    )
    records = tuple(Mistake(name, ("What is seen.", "The idea.")) for name in mistakes)
    exercise = Exercise("product", kind, 4.0, 5, 1, (), "", False, records, frozen)
    return replace(exercise, **changes)


def _as_mistake(seen: Observation, case: Case) -> Observation:
    return replace(seen, broken=tuple(f.measured for f in property_findings(case, seen)))


def _judge(exercise: Exercise, target: Any) -> Verdict:
    """The verdict on `target`."""
    cases = [(c, False) for c in exercise.cases]
    return diagnose(
        exercise, cases, [observe(target, c.case, forbid=exercise.forbid, kind=exercise.kind) for c, _ in cases]
    )


def _code_of(verdict: Verdict) -> str:
    """The code of the first finding a student reads."""
    first = verdict.first
    assert first is not None
    return first.findings[0].code


@pytest.fixture(scope="session")
def make_exercise() -> Callable[..., Exercise]:
    """Freezes an exercise from a solution and cases."""
    return _make_exercise


@pytest.fixture(scope="session")
def judge() -> Callable[[Exercise, Any], Verdict]:
    """The verdict on an object."""
    return _judge


@pytest.fixture(scope="session")
def code_of() -> Callable[[Verdict], str]:
    """The code of the first finding a student reads."""
    return _code_of


@pytest.fixture
def case() -> Case:
    """x (5, 3) and W (3, 4)."""
    generator = torch.Generator().manual_seed(7)
    x, w = torch.randn(5, 3, generator=generator), torch.randn(3, 4, generator=generator)
    return Case("small", (Call((x, w), names=("x", "W")),), gradients=("x", "W"))


@pytest.fixture
def exercise(case: Case) -> Exercise:
    """x @ W, with the mistake `doubled`."""
    return _make_exercise(lambda x, W: x @ W, case, mistakes={"doubled": lambda x, W: 2 * (x @ W)})
