"""What must hold of every chapter on disk."""

from __future__ import annotations

import doctest
import functools
import json
import re

import nbformat
import pytest
import torch

from autograder.authoring.audit import audit_chapter
from autograder.authoring.audit_table import complaints
from autograder.authoring.chapter import ROOT, Chapter, chapter_stems, load_chapter
from autograder.authoring.freeze import freeze_hidden, freeze_public
from autograder.authoring.percent import stub
from autograder.checking.compare import Tolerance, differences
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.records import Exercise, FrozenCase, Reference, Verdict
from autograder.checking.references import load_reference, public_path

STEMS = chapter_stems()
EXERCISES = [(stem, name) for stem in STEMS for name in load_chapter(stem).exercises]
WITH_EXAMPLES = [(s, n) for s, n in EXERCISES if ">>> " in (getattr(load_chapter(s).solution, n).__doc__ or "")]
KEYS = [b"one key of an instructor", b"another key of another one"]


@functools.cache
def chapter(stem: str) -> Chapter:
    return load_chapter(stem)


@functools.cache
def committed(stem: str) -> Reference:
    return load_reference(public_path(stem))


@functools.cache
def hidden(stem: str, key: bytes) -> Reference:
    return freeze_hidden(chapter(stem), key)


def verdict(exercise: Exercise, target: object) -> Verdict:
    pairs = [(case, False) for case in exercise.cases]
    seen = [observe(target, c.case, forbid=exercise.forbid, kind=exercise.kind) for c in exercise.cases]
    return diagnose(exercise, pairs, seen)


def each_exercise(function):
    return pytest.mark.parametrize(("stem", "name"), EXERCISES, ids=[f"{s}-{n}" for s, n in EXERCISES])(function)


def each_chapter(function):
    return pytest.mark.parametrize("stem", STEMS)(function)


def test_there_are_chapters():
    assert {"ch00_tensors", "ch03_convolution"} <= set(STEMS)


@each_exercise
def test_the_solution_gets_full_points(stem, name):
    got = verdict(committed(stem).exercises[name], chapter(stem).exercises[name].object)
    assert got.passed and got.points == got.max_points, got


@each_exercise
def test_the_solution_passes_hidden_cases_of_any_key(stem, name):
    for key in KEYS:
        assert verdict(hidden(stem, key).exercises[name], chapter(stem).exercises[name].object).passed


@pytest.mark.parametrize(("stem", "name"), WITH_EXAMPLES, ids=[f"{s}-{n}" for s, n in WITH_EXAMPLES])
def test_the_examples_of_a_docstring_are_true(stem, name):
    solution = chapter(stem).solution
    found = doctest.DocTestFinder().find(getattr(solution, name), name, module=False, globs=vars(solution))
    results = [doctest.DocTestRunner().run(examples) for examples in found if examples.examples]
    assert results and all(result.failed == 0 for result in results)


@each_exercise
def test_a_stub_scores_nothing_and_says_not_implemented(stem, name):
    cell = stub(chapter(stem).exercises[name].source)
    space = dict(vars(chapter(stem).solution))
    exec(compile(cell, "<stub>", "exec"), space)
    got = verdict(committed(stem).exercises[name], space[name])
    assert got.points == 0.0
    assert got.first is not None and got.first.findings[0].code == "not implemented"


@each_exercise
def test_every_mistake_fails_and_is_named_as_itself(stem, name):
    for reference in (committed(stem), hidden(stem, KEYS[0])):
        for mistake, version in chapter(stem).exercises[name].mistakes.items():
            got = verdict(reference.exercises[name], version.object)
            assert not got.passed, f"{mistake} passes"
            assert got.mistake is not None and got.mistake.name == mistake, f"{mistake} is taken for {got.mistake}"


@each_exercise
def test_there_are_three_mistakes_with_hints_and_two_variants(stem, name):
    exercise = chapter(stem).exercises[name]
    assert len(exercise.mistakes) >= 3
    assert len(exercise.variants) >= 2
    for mistake in exercise.mistakes.values():
        assert len(mistake.hints) >= 2, f"{mistake.name} needs an observation and an idea"
        assert all(len(hint) > 20 for hint in mistake.hints[:2]), mistake.name


@each_exercise
def test_every_variant_passes(stem, name):
    for reference in (committed(stem), *(hidden(stem, key) for key in KEYS)):
        for version in chapter(stem).exercises[name].variants.values():
            got = verdict(reference.exercises[name], version.object)
            assert got.passed, f"{version.name}: {got.first}"


@each_exercise
def test_no_two_mistakes_look_alike(stem, name):
    exercise = committed(stem).exercises[name]
    for mistake in exercise.mistakes:
        others = [m for m in exercise.mistakes if m.name < mistake.name]
        for other in others:
            assert not all(_alike(case, mistake.name, other.name) for case in exercise.cases), (
                mistake.name,
                other.name,
            )


def _alike(case: FrozenCase, one: str, two: str) -> bool:
    a, b = case.mistakes[one], case.mistakes[two]
    if a.failure or b.failure:
        return a.failure == b.failure
    tolerance = Tolerance(case.case.rtol, case.case.atol)
    same = (a.broken, a.forbidden, [c.changed for c in a.calls]) == (
        b.broken,
        b.forbidden,
        [c.changed for c in b.calls],
    )
    return same and not any(
        differences(x.output, y.output, tolerance) or differences(dict(x.gradients), dict(y.gradients), tolerance)
        for x, y in zip(a.calls, b.calls, strict=True)
    )


@each_chapter
def test_no_two_references_are_identical(stem):
    cases = [
        (name, case.case.name, case.expected, case.case)
        for name, exercise in committed(stem).exercises.items()
        for case in exercise.cases
    ]
    for i, (name, title, expected, case) in enumerate(cases):
        for other, other_title, other_expected, other_case in cases[:i]:
            outputs = [c.output for c in expected.calls], [c.output for c in other_expected.calls]
            inputs = [dict(c.inputs()) for c in case.calls], [dict(c.inputs()) for c in other_case.calls]
            tensors = any(isinstance(o, torch.Tensor) and o.numel() > 1 for o in outputs[0])
            same = not differences(outputs[0], outputs[1], Tolerance(0, 0)) and tensors
            same_inputs = str(inputs[0]) == str(inputs[1])
            assert not (same and same_inputs), f"{name}/{title} and {other}/{other_title} are the same"


@each_chapter
def test_references_regenerate_within_tolerance(stem):
    fresh, stored = freeze_public(chapter(stem)), committed(stem)
    assert list(fresh.exercises) == list(stored.exercises), f"run: python -m autograder freeze {stem}"
    for name, exercise in fresh.exercises.items():
        old = stored.exercises[name]
        assert (exercise.points, exercise.forbid, exercise.mistakes) == (old.points, old.forbid, old.mistakes), name
        assert len(exercise.cases) == len(old.cases), name
        for a, b in zip(exercise.cases, old.cases, strict=True):
            tolerance = Tolerance(1e-6, 1e-8)
            assert not differences(
                [c.inputs() for c in a.case.calls], [c.inputs() for c in b.case.calls], tolerance
            ) or _probes(a)
            for x, y in zip(a.expected.calls, b.expected.calls, strict=True):
                assert not differences(x.output, y.output, tolerance), f"run: python -m autograder freeze {stem}"


def _probes(case: FrozenCase) -> bool:
    """Whether inputs hold callables or generators, which compare by identity."""
    return any(callable(v) or isinstance(v, torch.Generator) for c in case.case.calls for v in _leaves(c.inputs()))


def _leaves(value: object) -> list[object]:
    """What stands in containers, at any depth."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list | tuple):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


@each_chapter
def test_a_public_reference_is_small(stem):
    assert public_path(stem).stat().st_size < 1_000_000


@each_chapter
def test_the_audit_finds_nothing_wanting(stem):
    found = complaints(stem, audit_chapter(stem))
    assert not found, "\n".join(found)


@each_chapter
def test_a_chapter_has_six_to_ten_exercises_with_points_and_minutes(stem):
    exercises = committed(stem).exercises
    least = 6 if stem < "ch10" else 1  # the book's own chapters; an instructor's may be smaller
    assert least <= len(exercises) <= 10
    assert all(e.points > 0 and e.minutes > 0 and e.difficulty in (1, 2, 3) for e in exercises.values())


@each_chapter
def test_page_notebook_references_and_demos_share_the_stem(stem):
    for path in (
        ROOT / "book" / f"{stem}.md",
        ROOT / "book" / "explorables" / f"{stem}.py",
        ROOT / "exercises" / stem / f"{stem}.ipynb",
        public_path(stem),
    ):
        assert path.is_file(), path
    page = (ROOT / "book" / f"{stem}.md").read_text()
    assert re.search(rf"explorables(\.| import ){stem}", page), "the page shows its demos"
    assert f"exercises/{stem}/{stem}.ipynb" in page, "the page links its notebook"


@each_chapter
def test_the_released_notebook_has_no_solution_no_hidden_test_and_no_output(stem):
    notebook = nbformat.read(ROOT / "exercises" / stem / f"{stem}.ipynb", as_version=4)
    text = json.dumps(notebook)
    assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
    for name, exercise in chapter(stem).exercises.items():
        released = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
        for line in _solution_lines(exercise.source):
            assert line not in released.source.split("\n"), f"{name}: {line}"


@each_chapter
def test_words_in_a_formula_escape_what_jupyterlab_refuses_in_them(stem):
    notebook = nbformat.read(ROOT / "exercises" / stem / f"{stem}.ipynb", as_version=4)
    formulas = [
        f for c in notebook.cells if c.cell_type == "markdown" for f in re.findall(r"\\text\{[^}]*\}", c.source)
    ]
    assert not [formula for formula in formulas if re.search(r"(?<!\\)[_^#&%]", formula)]


def _solution_lines(source: str) -> list[str]:
    inside, lines = False, []
    for line in source.split("\n"):
        if "### " in line:
            inside = "BEGIN" in line
        elif inside and len(line.strip()) > 25:
            lines.append(line)
    kept = set(stub(source).split("\n"))
    return [line for line in lines if line not in kept]


@each_chapter
def test_notebooks_regenerate_byte_for_byte(stem, tmp_path):
    from autograder.grading.release import build

    points = {stem: {name: e.points for name, e in chapter(stem).exercises.items()}}
    for path in build([stem], points, ROOT, tmp_path):
        assert path.read_bytes() == (ROOT / "exercises" / stem / path.name).read_bytes(), (
            f"run: python -m autograder build {stem}"
        )


@pytest.mark.slow
@each_chapter
def test_the_solved_notebook_runs_from_top_to_bottom_in_time(stem, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_PROGRESS", str(tmp_path / "progress"))  # and not that of whoever runs the tests
    import time

    from nbclient import NotebookClient

    from autograder.authoring.notebook import build

    notebook = build(chapter(stem).script, {name: e.points for name, e in chapter(stem).exercises.items()})
    start = time.monotonic()
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    seconds = time.monotonic() - start
    printed = json.dumps(notebook)
    assert printed.count(": passed, ") >= len(chapter(stem).exercises)
    assert "not yet right" not in printed and "This cell comes alive when" not in printed
    assert seconds < (240 if stem == "ch08_transformer" else 120), f"{seconds:.0f} s on a possibly busy machine"
