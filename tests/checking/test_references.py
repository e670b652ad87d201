"""Reference files are whole or refused with the command that mends them."""

from __future__ import annotations

import pytest
import torch

from autograder.checking.records import Reference
from autograder.checking.references import ReferenceProblem, load_reference, save_reference


@pytest.fixture
def path(exercise, tmp_path):
    path = tmp_path / "ch98_fixture.safetensors"
    save_reference(Reference("ch98_fixture", {"product": exercise}), path)
    return path


def test_a_reference_survives_its_file(path, exercise, judge):
    loaded = load_reference(path).exercises["product"]
    assert loaded.mistakes == exercise.mistakes and loaded.points == exercise.points
    assert judge(loaded, lambda x, W: x @ W).passed
    assert judge(loaded, lambda x, W: 2 * (x @ W)).mistake.name == "doubled"


def test_equal_tensors_are_stored_once(path, exercise, tmp_path):
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        stored = [file.get_tensor(k) for k in file.keys()]  # noqa: SIM118 - not a mapping
    assert not any(a.shape == b.shape and torch.equal(a, b) for i, a in enumerate(stored) for b in stored[:i])


def test_a_missing_reference_names_the_command(tmp_path):
    with pytest.raises(ReferenceProblem, match="python -m autograder freeze ch98_fixture"):
        load_reference(tmp_path / "ch98_fixture.safetensors")


@pytest.mark.parametrize(
    "keep", [0, 4, 0.3, 0.5, 0.99], ids=["empty", "four-bytes", "header-cut", "half", "last-bytes-cut"]
)
def test_a_truncated_reference_is_refused(path, keep):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])
    with pytest.raises(ReferenceProblem, match="damaged"):
        load_reference(path)


def test_a_reference_of_another_format_is_refused(path, monkeypatch):
    monkeypatch.setattr("autograder.checking.references.FORMAT", 99)
    with pytest.raises(ReferenceProblem, match="format 1, this package reads 99"):
        load_reference(path)


def test_a_safetensors_file_that_is_no_reference_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"x": torch.ones(2)}, tmp_path / "ch98_fixture.safetensors")
    with pytest.raises(ReferenceProblem, match="damaged"):
        load_reference(tmp_path / "ch98_fixture.safetensors")
