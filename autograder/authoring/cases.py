"""The vocabulary of `cases.py`, `mistakes.py` and `variants.py`.

```python
@exercise(points=4, minutes=10, difficulty=1, forbid=("conv*", "numpy.convolve"), reason="Write the sum yourself.")
def conv1d(draw):
    yield case("odd kernel", draw.normal(9), draw.normal(3), gradients=("x", "w"))

@mistake("conv1d")
def kernel_flipped(x, w):
    '''The kernel runs backwards. <- step 1: what is seen

    Mathematics flips, deep learning does not. <- step 2: the idea

    Multiply x[i + j] by w[j]. <- step 3: nearly the line
    '''
    return solution.conv1d(x, w.flip(0))
```
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from autograder.authoring.draw import Draw
from autograder.checking.probes import Probe
from autograder.checking.records import Call, Case, Property

Cases = Callable[[Draw], Iterator[Case]]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_OPTIONS = {f.name for f in fields(Case)} - {"name", "calls"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What `cases.py` says of one exercise. `equivalent` explains mutants that no case can reject."""

    name: str
    cases: Cases
    points: float
    minutes: int
    difficulty: int
    forbid: tuple[str, ...]
    reason: str
    partial: bool
    equivalent: Mapping[str, str]
    line: int


def exercise(
    *,
    points: float,
    minutes: int,
    difficulty: int,
    forbid: Sequence[str] = (),
    reason: str = "",
    partial: bool = False,
    equivalent: Mapping[str, str] | None = None,
) -> Decorator:
    """Declares the cases of an exercise; the decorated generator has the exercise's name and takes a `Draw`.

    points: awarded whole, or by the share of cases passed if `partial`. minutes: estimated time. difficulty: 1 to 3.
    forbid: patterns of operators that may not be called: "conv*" for torch's, "numpy.convolve" for another library's.
    reason: one sentence that says why, and what to use instead.
    equivalent: for mutants that change nothing a case could see, "old -> new": why. Listed by `autograder audit`.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__plan__ = Plan(  # type: ignore[attr-defined]
            name=function.__name__,
            cases=function,
            points=float(points),
            minutes=minutes,
            difficulty=difficulty,
            forbid=tuple(forbid),
            reason=reason,
            partial=partial,
            equivalent=dict(equivalent or {}),
            line=function.__code__.co_firstlineno,
        )
        return function

    return declare


def case(name: str, *args: Any, **options: Any) -> Case:
    """One case. `args` are the arguments of the only call, or several `call(...)`; `options` are fields of `Case`.

    For a module, `init=call(...)` are the constructor's arguments. Raises TypeError for an unknown option.
    """
    unknown = set(options) - _OPTIONS
    if unknown:
        raise TypeError(
            f"case {name!r}: unknown option {', '.join(sorted(unknown))}; known: {', '.join(sorted(_OPTIONS))}"
        )
    is_calls = bool(args) and all(isinstance(a, Call) for a in args)
    options["gradients"] = tuple(options.get("gradients", ()))
    options["properties"] = tuple(options.get("properties", ()))
    return Case(name, tuple(args) if is_calls else (Call(args),), **options)


def call(*args: Any, train: bool | None = None, method: str | None = None, **kwargs: Any) -> Call:
    """One call: arguments as the student's object gets them; `train` sets a module's mode, `method` picks a method."""
    return Call(args, kwargs, train, method)


def holds(kind: str, **params: Any) -> Property:
    """A property of the outputs, by the name of a function in `autograder/checking/properties.py`."""
    return Property(kind, params)


def probe(kind: str, **params: Any) -> Probe:
    """A callable input, by the name of a function in `autograder/checking/probes.py`."""
    return Probe(kind, **params)


def mistake(exercise: str) -> Decorator:
    """Declares a known wrong version of an exercise. Its docstring's paragraphs are the hints, in steps."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__mistake_of__ = exercise  # type: ignore[attr-defined]
        return function

    return declare


def variant(exercise: str) -> Decorator:
    """Declares a correct version of an exercise, written in another way than the solution."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__variant_of__ = exercise  # type: ignore[attr-defined]
        return function

    return declare


def hint_steps(function: Callable[..., Any]) -> tuple[str, ...]:
    """The paragraphs of a docstring, each on one line."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return tuple(" ".join(p.split()) for p in paragraphs if p.strip())
