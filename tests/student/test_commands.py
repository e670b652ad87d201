"""A student at a terminal: get, status, submit."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.checking.progress import Record, keep
from autograder.cli import main

ROOT = Path(__file__).resolve().parents[2]
STEM = "ch03_convolution"


def test_from_an_empty_folder_to_an_archive(folder, capsys):
    assert main(["get", STEM]) == 0
    assert main(["submit", STEM, "--as", "ada"]) == 0
    said = capsys.readouterr().out
    assert f"made {STEM}.ipynb" in said and f"made {folder / f'{STEM}_ada.zip'}" in said
    assert "conv1d: not begun" in said and "can be handed in all the same" in said
    assert "what you changed since then is not in it" in said


def test_in_a_folder_with_one_notebook_it_need_not_be_named(folder, capsys):
    main(["get", STEM])
    assert main(["submit"]) == 0
    assert "It has no name on it" in capsys.readouterr().out


def test_of_several_notebooks_it_asks_which_by_listing_the_commands(folder, capsys):
    main(["get", STEM, "ch00_tensors"])
    assert main(["submit"]) == 2
    assert "say which: autograder submit ch00_tensors, autograder submit ch03_convolution" in capsys.readouterr().err


def test_where_there_is_no_notebook_it_says_so(folder, capsys):
    assert main(["submit"]) == 2 and main(["submit", STEM]) == 2 and main(["get"]) == 2
    said = capsys.readouterr().err
    assert f"there is no notebook of a chapter in this folder, {folder}. Go to the one where yours lies" in said
    assert f"there is no notebook '{STEM}' in this folder, {folder}." in said
    assert "name a chapter: autograder get ch00_tensors" in said


def test_a_chapter_that_does_not_exist_is_answered_with_those_that_do(folder, capsys):
    assert main(["get", "ch77_nothing"]) == 2 and main(["status", "ch77_nothing"]) == 2
    assert capsys.readouterr().err.count("there is no chapter 'ch77_nothing'. There are: ch00_tensors") == 2


def test_get_without_a_name_renews_what_is_there(folder, capsys):
    main(["get", STEM])
    capsys.readouterr()
    assert main(["get"]) == 0
    assert f"{STEM}.ipynb is up to date" in capsys.readouterr().out


def test_get_takes_what_an_archive_holds_whatever_else_is_there(folder, fresh, capsys):
    main(["get", "ch00_tensors"])
    with zipfile.ZipFile(folder / "week3.zip", "w") as archive:
        archive.writestr(f"{STEM}/{STEM}.ipynb", fresh)
    assert main(["get", "--from", "week3.zip"]) == 0
    assert (folder / f"{STEM}.ipynb").read_bytes() == fresh


def test_get_takes_a_download_whatever_the_browser_called_it(folder, fresh, capsys):
    (folder / "download (1).ipynb").write_bytes(fresh)
    assert main(["get", "--from", "download (1).ipynb"]) == 0
    assert (folder / f"{STEM}.ipynb").read_bytes() == fresh


def test_where_no_fresh_notebook_is_at_hand_it_says_what_to_do(folder, monkeypatch, capsys):
    monkeypatch.setattr("autograder.student.shelf.REPOSITORY", folder)
    monkeypatch.setattr("autograder.student.shelf.INSTALLED", folder)
    assert main(["get", STEM]) == 2
    assert f"autograder get {STEM} --from FILE" in capsys.readouterr().err


def test_what_is_no_file_is_said(folder, capsys):
    assert main(["get", STEM, "--from", "nowhere.zip"]) == 2
    assert "nowhere.zip cannot be read (No such file or directory)" in capsys.readouterr().err


def test_a_damaged_archive_is_said(folder, fresh, capsys):
    with zipfile.ZipFile(folder / "week3.zip", "w") as archive:
        archive.writestr(f"{STEM}.ipynb", fresh)
    content = bytearray((folder / "week3.zip").read_bytes())
    content[200] ^= 255
    (folder / "week3.zip").write_bytes(content)
    assert main(["get", STEM, "--from", "week3.zip"]) == 2
    assert "week3.zip is damaged or locked (Bad CRC-32" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["ch03", "ch03_conv", f"./{STEM}", f"{STEM}/", f"{STEM}.ipynb", f"lessons/{STEM}"])
def test_a_chapter_may_be_named_in_short_or_as_a_file(folder, capsys, what):
    assert main(["get", what]) == 0 and f"made {STEM}.ipynb" in capsys.readouterr().out
    assert main(["status", what]) == 0 and "○ conv1d" in capsys.readouterr().out
    assert main(["submit", what]) == 0 or what.startswith("lessons")


@pytest.mark.parametrize(("what", "meant"), [("ch03_convolutoin", STEM), ("tensors", "ch00_tensors")])
def test_a_typing_error_is_answered_with_what_was_meant(folder, capsys, what, meant):
    assert main(["get", what]) == main(["status", what]) == main(["submit", what]) == 2
    assert capsys.readouterr().err.count(f"no chapter '{what}'. Did you mean {meant}? There are: ch00_tensors") == 3


def test_a_beginning_that_several_chapters_have_is_not_enough(folder, capsys):
    assert main(["get", "ch0"]) == 2 and "there is no chapter 'ch0'." in capsys.readouterr().err


@pytest.mark.parametrize("name", [f"{STEM} (1).ipynb", "my work.ipynb", f"week 3/{STEM}.ipynb"])
def test_a_notebook_of_another_name_or_place_is_mended_by_the_command_too(folder, edit, cell, name, capsys):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    edit(lambda notebook: notebook["cells"].remove(cell(notebook, "check-conv2d"))).rename(path)
    assert main(["submit", name]) == 2
    command = shlex.split(capsys.readouterr().err.split("Mend it: ")[1].split(" (your answers")[0])
    assert main(command[1:]) == 0 and main(["submit", name]) == 0
    assert sorted(folder.rglob("*.ipynb")) == sorted([path, *(path.parent / "backups").iterdir()])


@pytest.mark.parametrize(("name", "mended"), [(f"{STEM}-Copy1.ipynb", True), ("my work.ipynb", False)])
def test_of_a_broken_file_its_name_tells_the_chapter(folder, name, mended, capsys):
    (folder / name).write_text("{")
    assert main(["get", name]) == (0 if mended else 2)
    if not mended:
        assert "Give it the name of its chapter, such as ch00_tensors.ipynb" in capsys.readouterr().err
    assert "{" in [path.read_text() for path in folder.rglob("*.ipynb")]


def test_where_nothing_can_be_written_nothing_breaks(folder, edit, capsys):
    edit()
    (folder / "file").write_text("mine")
    assert main(["submit", STEM, "--out", "file"]) == 2 and (folder / "file").read_text() == "mine"
    (folder / "ch00_tensors.ipynb").mkdir()
    assert main(["get", "ch00_tensors"]) == 2
    said = capsys.readouterr().err
    assert "cannot be written (File exists). What was there is as it was" in said
    assert "ch00_tensors.ipynb is there and cannot be read (Is a directory)" in said


@pytest.mark.parametrize("words", ["submit ch77", "submit", "sumbit"])
def test_in_a_cell_a_command_that_fails_says_why_and_shows_no_traceback(folder, words, capsys):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    ran = shell.run_cell(f"%run -m autograder {words}")
    shown = capsys.readouterr()
    assert ran.success and "autograder: " in shown.err
    assert "Traceback" not in shown.out + shown.err and "Unknown failure" not in shown.err


def test_a_terminal_that_knows_few_letters_gets_others(folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "autograder", "status"], capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"") and b"ch00_tensors" in done.stdout


def test_a_damaged_notebook_is_mended_by_the_command_that_the_message_names(folder, edit, cell, capsys):
    edit(lambda notebook: notebook["cells"].remove(cell(notebook, "check-conv2d")))
    assert main(["submit", STEM]) == 2
    command = capsys.readouterr().err.split("Mend it: autograder ")[1].split(" (")[0].split()
    assert main(command) == 0 and main(["submit", STEM]) == 0


def test_status_shows_chapters_points_and_what_is_next(folder, capsys):
    keep(STEM, "conv1d", Record(4.0, True))
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "1 of 8" in said and "4 of 44" in said and "✓ conv1d" in said
    assert "Next: conv_output_size in ch03_convolution" in said


def test_status_shows_the_exercises_of_the_chapter_asked_for(folder, capsys):
    main(["status", "ch00_tensors"])
    said = capsys.readouterr().out
    assert "○ outer" in said and "○ conv1d" not in said


def test_status_as_json_holds_every_exercise(folder, capsys):
    keep(STEM, "conv1d", Record(4.0, True))
    main(["status", "--json"])
    said = json.loads(capsys.readouterr().out)
    chapter = next(each for each in said["chapters"] if each["chapter"] == STEM)
    assert chapter["exercises"][0] == {
        "exercise": "conv1d", "state": "passed", "points": 4.0, "max_points": 4.0, "minutes": 10, "difficulty": 1,
    }  # fmt: skip
    assert said["next"] == {"chapter": STEM, "exercise": "conv_output_size"}


@pytest.mark.parametrize("words", [["get", STEM], ["status"], ["submit", STEM]], ids=lambda words: words[0])
def test_a_student_needs_no_package_for_it(folder, fresh, words):
    (folder / f"{STEM}.ipynb").write_bytes(fresh)
    program = (
        "import sys\n"
        "class Nothing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] not in {*sys.stdlib_module_names, 'autograder'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Nothing())\n"
        "from autograder.cli import main\n"
        f"sys.exit(main({words!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert STEM in done.stdout
