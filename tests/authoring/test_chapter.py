"""What is authored is read whole, or refused with file and line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch

from autograder.authoring.audit import audit_exercise
from autograder.authoring.chapter import load_chapter
from autograder.authoring.draw import Draw, hidden_seed, public_seed
from autograder.authoring.freeze import freeze_hidden, freeze_public
from autograder.authoring.hidden import KeyProblem, find_key
from autograder.authoring.mutants import mutants
from autograder.authoring.percent import AuthoringError

STEM = "ch98_fixture"
CASES, MISTAKES, NOTEBOOK = "cases.py", "mistakes.py", f"{STEM}.py"
FIXTURE = Path(__file__).parent / "fixture"


@pytest.fixture
def solutions(tmp_path):
    shutil.copytree(FIXTURE, tmp_path / "solutions")
    return tmp_path / "solutions"


def edit(solutions: Path, file: str, old: str, new: str) -> None:
    path = solutions / STEM / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_chapter_holds_functions_and_modules():
    chapter = load_chapter(STEM, FIXTURE)
    assert {name: e.kind for name, e in chapter.exercises.items()} == {"conv1d": "function", "Affine": "module"}


def test_a_mistake_is_also_a_cell_that_runs_alone():
    chapter = load_chapter(STEM, FIXTURE)
    for exercise in chapter.exercises.values():
        for version in [*exercise.mistakes.values(), *exercise.variants.values()]:
            space: dict = {"torch": torch, "nn": torch.nn, "Tensor": torch.Tensor}
            exec(version.cell, space)
            assert callable(space[exercise.name])


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (CASES, "def Affine(draw)", "def Affin(draw)", "exercise Affine has no cases"),
        (CASES, "points=4", "points=0", "Give points and minutes above 0"),
        (CASES, "draw.normal(9), draw", "draw.normal(9) draw", r"cases\.py:\d+: not Python"),
        (CASES, "draw.normal(9)", "draw.norml(9)", "the cases of conv1d raise AttributeError"),
        (CASES, '"even kernel"', '"odd kernel"', "two cases are named 'odd kernel'"),
        (CASES, 'gradients=("x", "w")', 'gradients=("q",)', "asks for the gradient of 'q'"),
        (CASES, "draw.normal(7), draw.normal(4)", "draw.normal(7), 'four'", "the solution of conv1d fails"),
        (CASES, "draw.normal(4))", "draw.normal(4), rtoll=1)", "unknown option rtoll"),
        (CASES, "authoring import", "authoring import nothing,", "raises ImportError"),
        (MISTAKES, '@mistake("conv1d")\ndef one', '@mistake("conv2d")\ndef one', "no exercise 'conv2d'"),
        (MISTAKES, "def one_short", "def kernel_flipped", "stands twice"),
        (NOTEBOOK, "x.unfold(0, len(w), 1) @ w", "x.unfold(0, len(w), 1) @ ww", "the solution of conv1d fails"),
        (NOTEBOOK, "import torch\n", "import torhc\n", r"ch98_fixture\.py:\d+: raises ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_line(solutions, file, old, new, words):
    edit(solutions, file, old, new)
    with pytest.raises(AuthoringError, match=words) as caught:
        freeze_public(load_chapter(STEM, solutions))
    assert re.search(r"\.py:\d+: ", str(caught.value))


def test_an_error_in_the_notebook_names_its_own_line(solutions):
    edit(solutions, "ch98_fixture.py", "import torch\n", "import torch\nimport torhc\n")
    line = (solutions / STEM / "ch98_fixture.py").read_text().split("\n").index("import torhc") + 1
    with pytest.raises(AuthoringError, match=rf"ch98_fixture\.py:{line}: raises"):
        load_chapter(STEM, solutions)


def test_a_missing_file_is_named(solutions):
    (solutions / STEM / "mistakes.py").unlink()
    with pytest.raises(AuthoringError, match=r"mistakes\.py:1: there is no such file"):
        load_chapter(STEM, solutions)


def test_truth_is_in_float64_and_inputs_in_float32():
    frozen = freeze_public(load_chapter(STEM, FIXTURE)).exercises["conv1d"].cases[0]
    x, w = frozen.case.calls[0].args
    assert x.dtype == torch.float32
    expected = torch.nn.functional.conv1d(x.double()[None, None], w.double()[None, None])[0, 0]
    assert frozen.expected.calls[0].output.dtype == torch.float64
    assert torch.allclose(frozen.expected.calls[0].output, expected, rtol=1e-14, atol=1e-14)


def test_hidden_cases_depend_on_key_and_student():
    chapter = load_chapter(STEM, FIXTURE)

    def first(key: bytes, student: str = "") -> torch.Tensor:
        return freeze_hidden(chapter, key, student).exercises["conv1d"].cases[0].case.calls[0].args[0]

    assert torch.equal(first(b"a" * 16), first(b"a" * 16))
    assert not torch.equal(first(b"a" * 16), first(b"b" * 16))
    assert not torch.equal(first(b"a" * 16), first(b"a" * 16, "ada"))
    assert hidden_seed(b"a" * 16, STEM, "conv1d") != public_seed(STEM, "conv1d")


def test_a_random_state_hides_nothing():
    case = freeze_public(load_chapter(STEM, FIXTURE)).exercises["Affine"].cases[0].case
    assert bool((case.state["bias"] != 0).all())


def test_draws_are_normal():
    values = Draw(1).normal(20_000, dtype=torch.float64)
    assert abs(float(values.mean())) < 0.03 and abs(float(values.std()) - 1) < 0.03


@pytest.mark.parametrize("n", [3, 4, 7])
def test_a_drawn_permutation_is_not_its_own_inverse(n):
    for seed in range(20):
        order = Draw(seed).permutation(n)
        assert sorted(order.tolist()) == list(range(n)) and order[order].tolist() != list(range(n))


def test_mutants_change_the_solution_region_only():
    cell = load_chapter(STEM, FIXTURE).exercises["conv1d"].source
    made = mutants(cell, 50)
    assert made and all(
        "Valid cross-correlation" in m.cell and "def conv1d(x: Tensor, w: Tensor)" in m.cell for m in made
    )
    assert len({m.cell for m in made}) == len(made)


def test_an_audit_counts_what_is_rejected_named_and_accepted():
    chapter = load_chapter(STEM, FIXTURE)
    frozen = freeze_public(chapter)
    audit = audit_exercise(chapter, chapter.exercises["conv1d"], frozen.exercises["conv1d"], 50)
    assert (audit.mistakes_rejected, audit.mistakes_named, audit.mistakes) == (3, 3, 3)
    assert (audit.variants_accepted, audit.variants) == (2, 2)
    assert [s.change for s in audit.unexplained] == ["0 -> -1"]  # of a vector, axis -1 is axis 0: truly equivalent


def test_a_key_from_the_environment_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_KEY", "s" * 20)
    assert find_key(tmp_path)[0] == b"s" * 20


def test_a_short_key_is_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_KEY", "short")
    with pytest.raises(KeyProblem, match="at least 16"):
        find_key(tmp_path)


def test_a_named_key_file_that_is_missing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_KEY", raising=False)
    monkeypatch.setenv("AUTOGRADER_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(KeyProblem, match="cannot be read"):
        find_key(tmp_path)


def test_without_a_key_the_course_keeps_one_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_KEY", raising=False)
    monkeypatch.delenv("AUTOGRADER_KEY_FILE", raising=False)
    key, source = find_key(tmp_path)
    assert find_key(tmp_path)[0] == key and "random key" in source
    assert (tmp_path / "hidden.key").stat().st_mode & 0o777 == 0o600
