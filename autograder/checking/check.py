"""`check`, the one object a student uses: it runs their code on the chapter's cases and shows the verdict."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

from IPython.display import display

from autograder.checking import board, progress
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.progress import GRADING_VARIABLE, Record
from autograder.checking.records import Exercise, Verdict
from autograder.checking.references import load_reference, public_path, with_points
from autograder.checking.report import Report


class Check:
    """Checks the exercises of one chapter.

    >>> check = Check("ch03_convolution")
    >>> check(conv1d)              # doctest: +SKIP
    4.0

    chapter: the stem of the chapter's notebook. points: what a course gives for some exercises instead of the chapter's
    own points. Raises ReferenceProblem when its reference is missing or damaged.
    """

    def __init__(self, chapter: str, points: Mapping[str, float] | None = None) -> None:
        self.chapter = chapter
        self._reference = with_points(load_reference(public_path(chapter)), points or {})
        self._verdicts: dict[str, Verdict] = {}
        self._hints: dict[str, int] = {}

    def __call__(self, target: Any, name: str | None = None) -> float:
        """The points `target` earns; the verdict is displayed. `name` is needed if `target.__name__` is not it."""
        exercise = self._find(target, name)
        verdict = self.verdict(target, exercise.name)
        self._verdicts[exercise.name] = verdict
        self._remember(verdict)
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
                f"What {name} does matches none of the mistakes known for it, so there is no hint on it.\n"
                f"Take the inputs of the case that the verdict names, inputs = check.inputs({name}), and follow\n"
                "one value through your code by hand: the worst one, if the verdict names one."
            )
        else:
            all_seen = self._hints[name] >= len(verdict.mistake.hints)
            self._hints[name] = min(self._hints[name] + 1, len(verdict.mistake.hints))
            self._keep(verdict)
            display(self._report(verdict))
            if all_seen:
                print("These are all the hints there are.")

    def inputs(self, target: Any) -> dict[str, Any]:
        """The inputs by name, yours to keep, of the case that the last verdict shows; of the first case if it passes.

        Of a module these are the inputs of its first call. `conv1d(**check.inputs(conv1d))` is that call again.
        """
        exercise = self._find(target, None)
        verdict = self._verdicts.get(exercise.name)
        failing = verdict.first.name if verdict and verdict.first else None
        shown = next((f.case for f in exercise.cases if f.case.name == failing), exercise.cases[0].case)
        return copy.deepcopy(shown.calls[0].inputs())

    def board(self) -> None:
        """Show what passes in this chapter and in the others, the points, and what comes next."""
        if GRADING_VARIABLE not in os.environ:  # a grader's machine remembers nobody's progress
            points = {name: float(exercise.points) for name, exercise in self._reference.exercises.items()}
            display(board.board(self.chapter, public_path(self.chapter).parent, points))

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

    def _remember(self, verdict: Verdict) -> None:
        """Keeps the verdict; hints already seen on the same mistake stay shown, in the next session too."""
        known = progress.load(self.chapter).get(verdict.exercise)
        same = verdict.mistake is not None and known is not None and known.mistake == verdict.mistake.name
        hints = verdict.mistake.hints if verdict.mistake else ()
        self._hints[verdict.exercise] = max(1, min(known.hints, len(hints))) if same and known else 1
        self._keep(verdict)

    def _keep(self, verdict: Verdict) -> None:
        first = verdict.first
        if first is not None and first.findings[0].code == "not implemented":
            return  # a fresh notebook takes nothing away
        name = verdict.exercise
        mistake = verdict.mistake.name if verdict.mistake else ""
        hints = self._hints[name] if mistake else 0
        record = Record(float(verdict.points), verdict.passed, mistake, hints, of=float(verdict.max_points))
        progress.keep(self.chapter, name, record)

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
