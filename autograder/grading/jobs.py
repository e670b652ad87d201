"""One notebook to judge and what judging it gave: plain data that outlives processes and travels between machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.checking.records import Verdict
from autograder.grading.judging import Judged, graded, not_judged


@dataclass(frozen=True, slots=True)
class Job:
    """A restored notebook to judge.

    `key` names its result: equal keys give equal results. `stem` names the exam, `notebook` is JSON, `checks` gives the
    exercise of each test cell by grade id, `files` are what lies beside the notebook, by relative path.
    """

    key: str
    stem: str
    notebook: str
    checks: Mapping[str, str]
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What judging a notebook gave. `scores` are points and `problems` what a person should see, by grade id.

    `verdicts` tells of every check its exercise, points, first finding and known mistake; `usage` seconds and bytes.
    """

    key: str
    notebook: str
    scores: Mapping[str, float] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The result as JSON, the notebook in it as such."""
        rest = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "notebook"}
        return f'{json.dumps(rest, separators=(",", ":"))[:-1]},"notebook":{self.notebook}}}'

    @classmethod
    def from_json(cls, text: str) -> Result:
        """The result that `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        said = json.loads(text)
        return cls(**{**said, "notebook": json.dumps(said["notebook"])})


def dumps(notebook: NotebookNode) -> str:
    """A notebook as JSON for the next process; nbformat's own way, for files that people compare, takes ten times."""
    return json.dumps(notebook, separators=(",", ":"))


def loads(text: str) -> NotebookNode:
    """The notebook that `dumps` wrote."""
    return nbformat.from_dict(json.loads(text))


def result(key: str, notebook: NotebookNode, judged: Judged, usage: Mapping[str, Any]) -> Result:
    """What judging `notebook` gave, as data."""
    verdicts = {name: summary(verdict) for name, verdict in judged.verdicts.items()}
    return Result(key, dumps(notebook), judged.scores, dict(judged.problems), verdicts, dict(usage))


def unjudged(key: str, notebook: NotebookNode, why: str) -> Result:
    """The result of a notebook that could not be judged: nothing scores, and a person is told `why`."""
    cells = graded(notebook)
    for cell in cells.values():
        cell.execution_count, cell.outputs = None, [not_judged()]
    return Result(key, dumps(notebook), problems=dict.fromkeys(cells, why))


def key_of(*parts: bytes) -> str:
    """A hash of `parts`, in which it matters where one ends."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:32]


def summary(verdict: Verdict) -> dict[str, Any]:
    """A verdict as what is kept of it: its exercise, points, first finding and known mistake."""
    first = verdict.first
    return {
        "exercise": verdict.exercise,
        "points": verdict.points,
        "max_points": verdict.max_points,
        "finding": first.findings[0].code if first else None,
        "mistake": verdict.mistake.name if verdict.mistake else None,
    }
