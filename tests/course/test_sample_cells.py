"""Every mistake and variant of the course, written into a notebook as `autograder sample-class` writes it, is known."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.authoring.chapter import Chapter, chapter_stems, load_chapter
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.progress import GRADING_VARIABLE
from autograder.checking.records import Exercise, Verdict
from autograder.checking.references import load_reference, public_path
from autograder.grading.sample import Attempt, answer

SLOW = ("train",)  # what the audit of its chapter runs


def before(chapter: Chapter, notebook: Any, name: str) -> dict[str, Any]:
    """The names of a notebook in which everything before the exercise is solved."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook.cells:
        known = cell.metadata.get("nbgrader", {}).get("grade_id")
        if known == name:
            break
        if cell.cell_type == "code" and not cell.source.startswith("check("):
            source = chapter.exercises[known].source if known in chapter.exercises else cell.source
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, "cell", "exec"), space)
    return space


def judged(exercise: Exercise, target: Any) -> Verdict:
    cases = [(frozen, False) for frozen in exercise.cases]
    seen = [observe(target, frozen.case, forbid=exercise.forbid, kind=exercise.kind) for frozen in exercise.cases]
    return diagnose(exercise, cases, seen)


@pytest.mark.parametrize("stem", chapter_stems())
def test_a_mistake_in_a_cell_is_named_and_a_variant_passes(stem: str, root: Path, monkeypatch):
    monkeypatch.setenv(GRADING_VARIABLE, "autograde")
    chapter, reference = load_chapter(stem), load_reference(public_path(stem))
    notebook = nbformat.read(root / "exercises" / stem / f"{stem}.ipynb", as_version=4)
    found, wanted = {}, {}
    for name, authored in chapter.exercises.items():
        space = before(chapter, notebook, name)
        attempts = [Attempt("mistake", each) for each in authored.mistakes]
        attempts += [Attempt("variant", each) for each in authored.variants]
        for attempt in attempts if name not in SLOW else ():
            mine = dict(space)
            exec(compile(answer(authored, attempt), "cell", "exec"), mine)
            verdict = judged(reference.exercises[name], mine[name])
            wanted[name, attempt.version] = attempt.version if attempt.kind == "mistake" else "passes"
            found[name, attempt.version] = "passes" if verdict.passed else verdict.mistake and verdict.mistake.name
    assert found == wanted and len(wanted) > 30
