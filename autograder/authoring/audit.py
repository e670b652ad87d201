"""The measured grader: how many wrong solutions each exercise rejects, and how many it names.

Mistakes are the known ones, variants the known correct ones, mutants are made by machine. A survivor is either
killed by a better case or explained in `equivalent` of `cases.py`.
"""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from autograder.authoring.chapter import ROOT, AuthoredExercise, Chapter, load_chapter, solution_with
from autograder.authoring.freeze import freeze_public
from autograder.authoring.mutants import Mutant, mutants
from autograder.authoring.percent import AuthoringError
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.records import Exercise, Verdict

MUTANTS = 60
SECONDS = 3.0
CACHE = ROOT / "_build" / "audit"


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that passed all cases; `reason` is the author's explanation, empty when there is none."""

    change: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ExerciseAudit:
    """What the cases of one exercise catch."""

    name: str
    points: float
    minutes: int
    difficulty: int
    cases: int
    mistakes: int
    mistakes_rejected: int
    mistakes_named: int
    misnamed: tuple[str, ...]
    variants: int
    variants_accepted: int
    variants_refused: tuple[str, ...]
    mutants: int
    mutants_rejected: int
    survivors: tuple[Survivor, ...]

    @property
    def unexplained(self) -> tuple[Survivor, ...]:
        return tuple(s for s in self.survivors if not s.reason)

    @property
    def share_rejected(self) -> float:
        """Rejected mutants among those that are not explained as equivalent; 1.0 when there are none."""
        counted = self.mutants - (len(self.survivors) - len(self.unexplained))
        return self.mutants_rejected / counted if counted else 1.0


class _Overtime(BaseException):
    """A mutant ran too long. No Exception, so that no student-level handler swallows it."""


def audit_chapter(stem: str, *, limit: int = MUTANTS) -> list[ExerciseAudit]:
    """The audit of every exercise of a chapter, from the cache under `_build/` when nothing it depends on changed."""
    path = CACHE / f"{stem}.json"
    key = _key(stem, limit)
    if path.is_file():
        stored = json.loads(path.read_text())
        if stored["key"] == key:
            return [_from_json(e) for e in stored["exercises"]]
    chapter = load_chapter(stem)
    reference = freeze_public(chapter)
    audits = [audit_exercise(chapter, e, reference.exercises[name], limit) for name, e in chapter.exercises.items()]
    CACHE.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"key": key, "exercises": [asdict(a) for a in audits]}, indent=1))
    return audits


def audit_exercise(chapter: Chapter, authored: AuthoredExercise, frozen: Exercise, limit: int) -> ExerciseAudit:
    """The audit of one exercise against its public cases."""
    on_mistakes = {name: _verdict(m.object, frozen) for name, m in authored.mistakes.items()}
    on_variants = {name: _verdict(v.object, frozen) for name, v in authored.variants.items()}
    made = mutants(authored.source, limit)
    survivors = []
    for mutant in made:
        if _survives(mutant, chapter, authored, frozen):
            reason = authored.plan.equivalent.get(mutant.change, "")
            survivors.append(Survivor(mutant.change, authored.line + mutant.line, reason))
    named = [n for n, v in on_mistakes.items() if v.mistake is not None and v.mistake.name == n]
    return ExerciseAudit(
        name=authored.name,
        points=authored.plan.points,
        minutes=authored.plan.minutes,
        difficulty=authored.plan.difficulty,
        cases=len(frozen.cases),
        mistakes=len(on_mistakes),
        mistakes_rejected=sum(not v.passed for v in on_mistakes.values()),
        mistakes_named=len(named),
        misnamed=tuple(n for n in on_mistakes if n not in named),
        variants=len(on_variants),
        variants_accepted=sum(v.passed for v in on_variants.values()),
        variants_refused=tuple(n for n, v in on_variants.items() if not v.passed),
        mutants=len(made),
        mutants_rejected=len(made) - len(survivors),
        survivors=tuple(survivors),
    )


def _verdict(target: Any, frozen: Exercise) -> Verdict:
    seen = [observe(target, c.case, forbid=frozen.forbid, kind=frozen.kind) for c in frozen.cases]
    return diagnose(frozen, [(c, False) for c in frozen.cases], seen)


def _survives(mutant: Mutant, chapter: Chapter, authored: AuthoredExercise, frozen: Exercise) -> bool:
    """Whether a mutant passes every case in time."""
    budget = SECONDS + sum(c.case.seconds or 0.0 for c in frozen.cases)
    try:
        with _at_most(budget), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            module = solution_with(chapter, authored.name, mutant.cell, f"<mutant of {authored.name}>")
            for case in frozen.cases:
                target = getattr(module, authored.name)
                seen = observe(target, case.case, forbid=frozen.forbid, kind=frozen.kind)
                if not diagnose(frozen, [(case, False)], [seen]).passed:
                    return False
    except (_Overtime, AuthoringError, RecursionError, MemoryError):
        return False
    return True


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _Overtime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _key(stem: str, limit: int) -> str:
    """A hash of everything an audit depends on."""
    total = hashlib.sha256(str(limit).encode())
    own = sorted((ROOT / "solutions" / stem).glob("*.py"))
    for path in (
        own + sorted((ROOT / "autograder" / "checking").glob("*.py")) + sorted(Path(__file__).parent.glob("*.py"))
    ):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def _from_json(spec: dict[str, Any]) -> ExerciseAudit:
    spec["survivors"] = tuple(Survivor(**s) for s in spec["survivors"])
    spec["misnamed"], spec["variants_refused"] = tuple(spec["misnamed"]), tuple(spec["variants_refused"])
    return ExerciseAudit(**spec)
