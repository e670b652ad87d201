"""`check`, the one object a student uses: it runs their code on the chapter's cases and shows the verdict."""

from __future__ import annotations

import os
from typing import Any

from IPython.display import display

from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.records import Exercise, Verdict
from autograder.checking.references import load_reference, public_path
from autograder.checking.report import Report

GRADING_VARIABLE = "NBGRADER_EXECUTION"  # set by nbgrader, and by our engine, while they run a notebook


class Check:
    """Checks the exercises of one chapter.

    >>> check = Check("ch03_convolution")
    >>> check(conv1d)              # doctest: +SKIP
    4.0

    chapter: the stem of the chapter's notebook. Raises ReferenceProblem when its reference is missing or damaged.
    """

    def __init__(self, chapter: str) -> None:
        self.chapter = chapter
        self._reference = load_reference(public_path(chapter))
        self._verdicts: dict[str, Verdict] = {}
        self._hints: dict[str, int] = {}

    def __call__(self, target: Any, name: str | None = None) -> float:
        """The points `target` earns; the verdict is displayed. `name` is needed if `target.__name__` is not it."""
        exercise = self._find(target, name)
        verdict = self.verdict(target, exercise.name)
        self._verdicts[exercise.name] = verdict
        self._hints[exercise.name] = 1
        display(self._report(verdict))
        return float(verdict.points)

    def verdict(self, target: Any, name: str) -> Verdict:
        """The verdict on `target` as exercise `name`, without showing it."""
        exercise = self._reference.exercises[name]
        cases = [(frozen, False) for frozen in exercise.cases]
        seen = []
        for frozen, _ in cases:
            seen.append(observe(target, frozen.case, forbid=exercise.forbid, kind=exercise.kind))
            failure = seen[-1].failure
            if failure is not None and failure.kind in ("not implemented", "not callable"):
                return diagnose(exercise, cases, seen + [seen[-1]] * (len(cases) - len(seen)))
        return diagnose(exercise, cases, seen)

    def hint(self, target: Any) -> None:
        """Show one more hint on an exercise's last verdict: first what is seen, then the idea, then nearly the line."""
        name = self._find(target, None).name
        verdict = self._verdicts.get(name)
        if verdict is None:
            print(f"Run check({name}) first.")
        elif verdict.passed:
            print(f"{name} passes: there is nothing to hint at.")
        elif verdict.mistake is None:
            print(
                "Your output matches none of the mistakes known for this exercise. "
                "Start from the worst value named above."
            )
        else:
            self._hints[name] = min(self._hints[name] + 1, len(verdict.mistake.hints))
            display(self._report(verdict))

    def unlocked(self, *names: str) -> bool:
        """Whether these exercises (all of the chapter, if none is named) pass; says which are missing if not."""
        wanted = names or tuple(self._reference.exercises)
        missing = [n for n in wanted if n not in self._verdicts or not self._verdicts[n].passed]
        if missing and GRADING_VARIABLE not in os.environ:  # a grader judges the checks without running them
            print(
                f"This cell comes alive when these pass: {', '.join(missing)}. Solve and check them, then run it again."
            )
        return not missing

    def __repr__(self) -> str:
        passed = sum(v.passed for v in self._verdicts.values())
        return f"Check({self.chapter!r}): {passed} of {len(self._reference.exercises)} exercises pass"

    def _report(self, verdict: Verdict) -> Report:
        cases = {frozen.case.name: frozen.case for frozen in self._reference.exercises[verdict.exercise].cases}
        return Report(verdict, cases, self._hints.get(verdict.exercise, 1))

    def _find(self, target: Any, name: str | None) -> Exercise:
        known = self._reference.exercises
        candidates = (
            name,
            getattr(target, "__name__", None),
            type(target).__name__,
            target if isinstance(target, str) else None,
        )
        for candidate in candidates:
            if candidate is not None and candidate in known:
                return known[candidate]
        asked = name or getattr(target, "__name__", None) or repr(target)[:40]
        raise ValueError(
            f"{self.chapter} has no exercise {asked!r}. Its exercises: {', '.join(known)}. "
            "Pass the function or class itself, as in check(conv1d), or give its exercise: check(f, name='conv1d')."
        )
