"""What is handed in: whole, as a grader reads it, and with a word on everything that is not done."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from nbgrader.utils import unzip

from autograder.checking.identity import source
from autograder.checking.progress import Record, keep
from autograder.grading import reading
from autograder.grading.archives import look
from autograder.grading.integrity import ReleasedCell, restore
from autograder.grading.senders import sender
from autograder.student import notebooks
from autograder.student.handing_in import hand_in, unfinished
from autograder.student.notebooks import NotebookProblem, parse

STEM = "ch03_convolution"


def released(fresh: bytes) -> list[ReleasedCell]:
    """The release as the grader knows it."""
    about = [(cell, cell["metadata"].get("nbgrader")) for cell in json.loads(fresh)["cells"]]
    return [
        ReleasedCell(n["grade_id"], c["cell_type"], source(c), n["locked"], n["grade"], n["solution"], False,
                     n.get("points"), n["checksum"])
        for c, n in about if n
    ]  # fmt: skip


def test_the_archive_holds_the_notebook_as_it_was_saved(edit, own, folder):
    path = edit(lambda notebook: notebook["cells"].append(own("mine = 1")))
    made = hand_in(path, folder, "ada")
    assert made.path == folder / f"{STEM}_ada.zip"
    with zipfile.ZipFile(made.path) as archive:
        assert archive.namelist() == [f"{STEM}.ipynb"] and archive.read(f"{STEM}.ipynb") == path.read_bytes()
    assert made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()


def test_the_same_notebook_gives_the_same_checksum(edit, folder):
    assert hand_in(edit(), folder, "ada").sha256 == hand_in(edit(), folder, "ada").sha256


def test_a_grader_finds_nothing_wrong_with_what_is_whole(edit, folder, fresh):
    made = hand_in(edit(), folder, "ada")
    with zipfile.ZipFile(made.path) as archive:
        notebook = reading.parse(archive.read(f"{STEM}.ipynb"))
    assert restore(notebook, released(fresh)) == []


def test_nbgrader_unpacks_it_into_a_folder_with_the_students_name(edit, folder):
    made = hand_in(edit(), folder, "ada")
    (folder / "extracted").mkdir()
    unzip(str(made.path), str(folder / "extracted"), create_own_folder=True, tree=True)
    assert (folder / "extracted" / f"{STEM}_ada" / f"{STEM}.ipynb").is_file()


@pytest.mark.parametrize(("given", "told"), [("ada", "ada"), ("a_da.2", "a_da.2"), ("", "")])
def test_collecting_reads_the_name_off_the_archive_alone_or_in_a_platforms(edit, folder, given, told):
    made = hand_in(edit(), folder, given)
    for outer in ((), ("download.zip",)):
        assert sender((*outer, made.path.name, f"{STEM}.ipynb"), STEM).student == told


def test_collecting_reads_the_notebook_in_the_archive(edit, folder):
    path = edit()
    (found,) = look(hand_in(path, folder, "ada").path)
    assert (found.content, found.chapter, found.problem) == (path.read_bytes(), STEM, "")


def test_a_notebook_may_have_been_renamed(edit, folder):
    path = edit().rename(folder / "my work (2).ipynb")
    with zipfile.ZipFile(hand_in(path, folder, "ada").path) as archive:
        assert archive.namelist() == [f"{STEM}.ipynb"]


def test_the_name_is_remembered(edit, folder):
    hand_in(edit(), folder, "ada")
    assert hand_in(edit(), folder).path.name == f"{STEM}_ada.zip"


def test_a_hub_knows_the_name(edit, folder, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "bea")
    assert hand_in(edit(), folder).path.name == f"{STEM}_bea.zip"


def test_without_a_name_it_is_handed_in_by_who_signs_in(edit, folder):
    assert hand_in(edit(), folder).path.name == f"{STEM}_unknown.zip"


@pytest.mark.parametrize("name", ["../ada", "a b", ".ada", "a\\b", "a/b"])
def test_a_name_that_cannot_name_a_file_is_refused(edit, folder, name):
    with pytest.raises(NotebookProblem, match="cannot name a file: write your id without"):
        hand_in(edit(), folder, name)


def rename(notebook, cell):
    cell(notebook, "check-conv2d")["metadata"]["nbgrader"]["grade_id"] = "check-mine"


DAMAGE = {
    "deleted-check": (
        lambda n, cell: n["cells"].remove(cell(n, "check-conv2d")),
        "the check of conv2d was deleted or has lost its name",
    ),
    "deleted-exercise": (
        lambda n, cell: n["cells"].remove(cell(n, "conv1d")),
        "the cell of conv1d was deleted or has lost its name",
    ),
    "duplicated": (
        lambda n, cell: n["cells"].append({**cell(n, "check-conv2d"), "id": "copy"}),
        "the check of conv2d stands there 2 times",
    ),
    "renamed": (rename, "a cell calls itself 'check-mine', which was not released"),
    "edited-check": (
        lambda n, cell: cell(n, "check-conv2d").update(source="4.0"),
        r"the check of conv2d was changed; it has to be check\(conv2d\)",
    ),
    "no-code": (
        lambda n, cell: cell(n, "check-conv2d").update(cell_type="raw"),
        "the check of conv2d was changed",
    ),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named_with_the_command_that_mends_it(edit, cell, folder, fresh, damage, words):
    path = edit(lambda notebook: damage(notebook, cell))
    with pytest.raises(NotebookProblem, match=rf"is not whole: .*{words}.*Mend it: autograder get {STEM} ") as told:
        hand_in(path, folder, "ada")
    assert "\n" not in str(told.value) and not list(folder.glob("*.zip"))
    assert restore(reading.parse(path.read_bytes()), released(fresh))  # a grader would see it too


def test_what_is_not_whole_can_be_handed_in_all_the_same(edit, cell, folder):
    path = edit(lambda notebook: notebook["cells"].remove(cell(notebook, "check-conv2d")))
    made = hand_in(path, folder, "ada", anyway=True)
    assert made.path.is_file() and "the check of conv2d was deleted or has lost its name" in made.remarks


UNREADABLE = {
    "cut-short": lambda content: content[:3000],
    "conflict": lambda content: content.replace(b'"cells"', b"<<<<<<< HEAD\n  \"cells\"", 1),
    "a-list": lambda content: b"[]",
    "no-text": lambda content: b"\xff\xfe\x00",
    "empty": lambda content: b"",
    "another-format": lambda content: content.replace(b'"nbformat": 4', b'"nbformat": 3'),
}  # fmt: skip


@pytest.mark.parametrize("spoil", UNREADABLE.values(), ids=UNREADABLE)
def test_a_broken_file_gets_one_line_with_the_mending_command(edit, folder, spoil):
    path = edit()
    path.write_bytes(spoil(json.dumps(json.loads(path.read_text()), indent=1).encode()))
    with pytest.raises(NotebookProblem, match=rf"{STEM}\.ipynb is no .*Mend it: autograder get {STEM}") as told:
        hand_in(path, folder, "ada", anyway=True)
    assert "\n" not in str(told.value)


def test_a_notebook_too_large_for_graders_says_how_to_make_it_smaller(edit, cell, folder, monkeypatch):
    monkeypatch.setattr("autograder.student.handing_in.LARGEST", 1000)
    with pytest.raises(NotebookProblem, match="Clear its outputs"):
        hand_in(edit(), folder, "ada")


def test_graders_read_as_much_as_students_may_hand_in():
    assert notebooks.LARGEST == reading.LARGEST


def test_a_notebook_of_something_else_is_refused(folder):
    path = folder / "shopping.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(NotebookProblem, match="is the notebook of no chapter that this package knows"):
        hand_in(path, folder, "ada")


def test_what_is_not_done_is_said_exercise_by_exercise(edit, cell, folder):
    keep(STEM, "conv2d", Record(0.0, False))
    keep(STEM, "toeplitz", Record(5.0, True))

    def write(notebook):
        cell(notebook, "conv2d")["source"] = "def conv2d(x, w):\n    return x"
        cell(notebook, "toeplitz")["source"] = "def toeplitz(w, n):\n    return w"
        cell(notebook, "conv_output_size")["source"] = "def conv_output_size(n, k:\n    return n"
        cell(notebook, "max_pool2d")["source"] = "%time\ndef max_pool2d(x):\n    raise NotImplementedError"
        cell(notebook, "receptive_field")["source"] = "%time\ndef receptive_field(x):\n    return 1"

    found = dict(line.split(": ", 1) for line in unfinished(parse(edit(write).read_bytes()), STEM))
    assert found == {
        "conv1d": "not begun",
        "conv_output_size": "no Python (line 1 of its cell)",
        "conv2d": "not yet right when it was last checked",
        "max_pool2d": "not finished, raise NotImplementedError is still in it",
        "conv_weight_gradient": "not begun",
        "receptive_field": "not checked on this machine",
        "SmallCNN": "not begun",
    }


def test_a_written_answer_that_was_not_written_is_said(folder):
    from autograder.checking.identity import record

    cells = [("markdown", "*Write your answer here.*", "explain")]
    nbgrader = {"grade_id": "explain", "grade": True, "solution": True}
    cell = {"cell_type": "markdown", "metadata": {"nbgrader": nbgrader}, "source": cells[0][1]}
    notebook = {"cells": [cell], "metadata": {"autograder": record(STEM, cells)}, "nbformat": 4}
    assert list(unfinished(notebook, STEM)) == ["explain: not answered"]
    cell["source"] = "Because."
    assert list(unfinished(notebook, STEM)) == []


def test_what_is_not_done_keeps_nobody_from_handing_in(edit, folder):
    made = hand_in(edit(), folder, "ada")
    assert made.path.is_file() and "conv1d: not begun" in made.remarks


def test_the_archive_can_go_to_another_folder(edit, folder):
    assert hand_in(edit(), folder / "out", "ada").path.parent == Path(folder / "out")
