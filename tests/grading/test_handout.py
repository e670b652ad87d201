"""The archive with which a student begins."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from autograder.grading.handout import pack

STEM = "ch00_tensors"


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A released notebook in a repository with a small package."""
    for name in ("__init__.py", "checking/check.py", "checking/__pycache__/check.pyc", "grading/engine.py"):
        path = tmp_path / "autograder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    path = tmp_path / "release" / STEM / f"{STEM}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return path


def test_it_holds_the_notebook_and_what_its_checks_need_and_nothing_else(released, tmp_path):
    pack(tmp_path / "a.zip", released, "Begin.", tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == [
            f"{STEM}/README.txt",
            f"{STEM}/autograder/__init__.py",
            f"{STEM}/autograder/checking/check.py",
            f"{STEM}/autograder/references/{STEM}.safetensors",
            f"{STEM}/{STEM}.ipynb",
        ]
        assert archive.read(f"{STEM}/README.txt") == b"Begin."


def test_the_same_release_gives_the_same_bytes(released, tmp_path):
    for name in ("a.zip", "b.zip"):
        pack(tmp_path / name, released, "Begin.", tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
