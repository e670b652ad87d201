"""Progress is kept on the student's machine, and never stands in the way of a check."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autograder.checking import progress
from autograder.checking.progress import Record, keep, load

DONE = Record(4.0, True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(progress.FOLDER_VARIABLE, str(tmp_path / "kept"))
    monkeypatch.delenv(progress.GRADING_VARIABLE, raising=False)
    return tmp_path / "kept"


def test_what_is_kept_is_read_again():
    keep("ch03", "conv1d", Record(2.5, False, "kernel_flipped", 2))
    known = load("ch03")["conv1d"]
    assert (known.points, known.passed, known.mistake, known.hints) == (2.5, False, "kernel_flipped", 2)
    assert known.when


def test_one_exercise_leaves_the_others():
    keep("ch03", "conv1d", DONE)
    keep("ch03", "conv2d", DONE)
    keep("ch04", "act", DONE)
    assert set(load("ch03")) == {"conv1d", "conv2d"} and set(load("ch04")) == {"act"}


def test_it_lies_in_the_home_folder_unless_a_folder_is_named(monkeypatch):
    monkeypatch.delenv(progress.FOLDER_VARIABLE)
    assert progress.folder() == Path.home() / ".built-in"


def test_nothing_is_kept_while_a_notebook_is_graded(folder, monkeypatch):
    monkeypatch.setenv(progress.GRADING_VARIABLE, "autograde")
    keep("ch03", "conv1d", DONE)
    assert not folder.exists()


def test_a_place_that_cannot_be_written_is_no_error(folder):
    folder.write_text("a file where a folder should be")
    keep("ch03", "conv1d", DONE)
    assert load("ch03") == {}


def test_a_read_only_disk_is_no_error(monkeypatch):
    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    keep("ch03", "conv1d", DONE)
    assert load("ch03") == {}


def test_a_system_without_a_home_is_no_error(monkeypatch):
    monkeypatch.delenv(progress.FOLDER_VARIABLE)

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", staticmethod(homeless))
    keep("ch03", "conv1d", DONE)
    assert load("ch03") == {}


REST = '"of": 1, "passed": true, "mistake": "", "hints": 0, "when": ""'
DAMAGED = {
    "empty": "",
    "half": '{"chapter": "ch03", "exerc',
    "list": "[]",
    "no-exercises": "{}",
    "exercises-a-list": '{"exercises": []}',
    "points-a-word": f'{{"exercises": {{"a": {{"points": "x", {REST}}}}}}}',
    "points-without-end": f'{{"exercises": {{"a": {{"points": 1e999, {REST}}}}}}}',
    "not-text": "\udcff",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_counts_as_none_and_is_replaced(folder, content):
    folder.mkdir()
    (folder / "ch03.json").write_bytes(content.encode(errors="surrogateescape"))
    assert load("ch03") == {}
    keep("ch03", "conv1d", DONE)
    assert load("ch03")["conv1d"].passed


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(folder, monkeypatch):
    keep("ch03", "conv1d", DONE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    keep("ch03", "conv2d", DONE)
    assert [path.name for path in folder.iterdir()] == ["ch03.json"]
    assert set(json.loads((folder / "ch03.json").read_text())["exercises"]) == {"conv1d"}
