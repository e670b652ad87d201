"""`check`, the one object a student uses: it runs their code on the chapter's cases and shows the verdict."""

from __future__ import annotations

import copy
import difflib
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn

import torch
from IPython.display import display

from autograder.checking import board, progress
from autograder.checking.compare import describe
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe, place
from autograder.checking.outline import outline
from autograder.checking.progress import GRADING_VARIABLE, Record
from autograder.checking.records import Exercise, Observation, Reference, Verdict
from autograder.checking.references import load_reference, public_path, with_points
from autograder.checking.report import Report


class NotAnExercise(ValueError):
    """What was given to a check is no exercise of its chapter. The message says what to give instead."""

    def _render_traceback_(self) -> list[str]:  # IPython shows this in place of a traceback, which would be ours
        return [str(self)]


class Stopped(KeyboardInterrupt):
    """A student stopped the kernel while their code ran in a check. The message says on which of their lines."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


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
        self._points = dict(points or {})
        self._verdicts: dict[str, Verdict] = {}
        self._hints: dict[str, int] = {}
        outlined = outline(public_path(chapter))
        self._exercises = {each.name: each.points for each in outlined.exercises} if outlined else {}
        if not self._points.keys() <= self._exercises.keys() or not outlined:
            _ = self._reference  # which says what is wrong
        self._exercises |= self._points

    @cached_property
    def _reference(self) -> Reference:
        """All that is known of the exercises; read when the first is checked, since that takes a while."""
        return with_points(load_reference(public_path(self.chapter)), self._points)

    def __call__(self, target: Any, name: str | None = None) -> float:
        """The points `target` earns; the verdict is displayed.

        name: its exercise, where neither `target.__name__` nor the name by which the notebook knows it is that.
        Raises NotAnExercise when `target` is none, and Stopped when it was interrupted.
        """
        exercise = self._find(target, name, sys._getframe(1).f_globals)
        if isinstance(target, str):
            raise NotAnExercise(f"check takes the function or class itself, no text: check({exercise.name}).")
        try:
            verdict = self.verdict(target, exercise.name)
        except KeyboardInterrupt as interrupt:
            line, source = place(interrupt)
            where = f" on line {line} of its cell, `{source}`" if line else ""
            raise Stopped(f"{exercise.name} was stopped{where}. Nothing was noted.") from None
        self._verdicts[exercise.name] = verdict
        self._remember(verdict)
        display(self._report(verdict))
        return float(verdict.points)

    def verdict(self, target: Any, name: str) -> Verdict:
        """The verdict on `target` as exercise `name`, without showing it."""
        exercise = self._reference.exercises[name]
        cases = [(frozen, False) for frozen in exercise.cases]
        seen: list[Observation] = []
        for frozen, _ in cases:
            seen.append(observe(target, frozen.case, forbid=exercise.forbid, kind=exercise.kind))
            failure = seen[-1].failure
            if failure is not None and failure.kind in ("not implemented", "not callable"):
                seen += [seen[-1]] * (len(cases) - len(seen))
                break
        with torch.device("cpu"):  # whatever the notebook has made its default
            return diagnose(exercise, cases, seen)

    def hint(self, target: Any) -> None:
        """Show one more hint on an exercise's last verdict: first what is seen, then the idea, then nearly the line."""
        name = self._find(target, None, sys._getframe(1).f_globals).name
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
        exercise = self._find(target, None, sys._getframe(1).f_globals)
        verdict = self._verdicts.get(exercise.name)
        failing = verdict.first.name if verdict and verdict.first else None
        shown = next((f.case for f in exercise.cases if f.case.name == failing), exercise.cases[0].case)
        return copy.deepcopy(shown.calls[0].inputs())

    def board(self) -> None:
        """Show what passes in this chapter and in the others, the points, and what comes next."""
        if GRADING_VARIABLE not in os.environ:  # a grader's machine remembers nobody's progress
            display(board.board(self.chapter, public_path(self.chapter).parent, self._exercises))

    def unlocked(self, *names: str) -> bool:
        """Whether these exercises (all of the chapter, if none is named) pass; says which are missing if not."""
        wanted = names or tuple(self._exercises)
        missing = [n for n in wanted if n not in self._verdicts or not self._verdicts[n].passed]
        if missing and GRADING_VARIABLE not in os.environ:  # a grader judges the checks without running them
            print(
                f"This cell comes alive when these pass: {', '.join(missing)}. Solve and check them, then run it again."
            )
        return not missing

    def __repr__(self) -> str:
        passed = sum(v.passed for v in self._verdicts.values())
        return f"Check({self.chapter!r}): {passed} of {len(self._exercises)} exercises pass"

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

    def _find(self, target: Any, name: str | None, names: Mapping[str, Any]) -> Exercise:
        """The exercise `name`, or the one that `target` is by its own name or by that which it has among `names`."""
        known = self._reference.exercises
        given = (name,) if name is not None else (
            *_names_of(target, [each for each in known if each in names and names[each] is target]),
            target if isinstance(target, str) else None,
        )  # fmt: skip
        for candidate in given:
            if isinstance(candidate, str) and candidate in known:
                return known[candidate]
        self._refuse(target, name)

    def _refuse(self, target: Any, name: str | None) -> NoReturn:
        known = list(self._exercises)
        asked = name or (target if isinstance(target, str) else getattr(target, "__name__", None))
        if not isinstance(asked, str):
            what = "None" if target is None else describe(target)
            raise NotAnExercise(
                f"check was given {what}, which is no exercise of {self.chapter}. "
                f"Pass the function or class itself, without brackets behind it: check({known[0]}). "
                f"The exercises: {', '.join(known)}."
            )
        meant = difflib.get_close_matches(asked, known, 1)
        raise NotAnExercise(
            f"{self.chapter} has no exercise {asked!r}. {f'Is it {meant[0]}? ' if meant else ''}"
            f"Its exercises: {', '.join(known)}. To check a function of another name, name its exercise: "
            f"check({asked if asked.isidentifier() else 'f'}, name={(meant or known)[0]!r})."
        )


def _names_of(target: Any, bound: list[str]) -> list[Any]:
    """The names to look for, the likeliest first; `bound` are those exercises by whose name the notebook knows it."""
    own = getattr(target, "__name__", None)
    names = [own, *bound] if own in bound or not bound else [*bound, own]
    return [*names, type(target).__name__]
