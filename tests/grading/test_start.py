"""`autograder grade` shares its start with the warm parent, which nobody notices and which no secret passes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4
from small_course import STEM, Course

from autograder import cli
from autograder.execution import zygote

PACKAGE = Path(__file__).resolve().parents[2]
KEY = "3f9c1b7e5d2a4806" + "c8e4f1a29b7d6035"
# The halves of the key stand next to each other in this process only where a whole key was copied to.
SEARCH = """
def search():
    found = searched = 0
    first = FIRST.encode()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, mode, _, _, inode = line.split()[:5]
            if mode[0] != "r" or inode != "0":
                continue
            start, end = (int(address, 16) for address in span.split("-"))
            try:
                memory.seek(start)
                block = memory.read(end - start)
            except (OSError, OverflowError):
                continue
            searched += len(block)
            place = block.find(first)
            while place >= 0:
                found += block[place + 16 : place + 32] == SECOND.encode()
                place = block.find(first, place + 1)
    return found, searched > 1 << 26

alone = search()
whole = FIRST + SECOND
import os
print(alone, search()[0] > 0, sorted(os.environ), open("/proc/self/cmdline").read().split(chr(0)))
"""


def notes_what_it_sees(course: Course) -> Path:
    """Lets the course's configuration, which the grader runs, write down what it finds."""
    path = course.root / "seen.json"
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(course.root / 'references')!r}\n")
        file.write("import json, os, sys\n")
        file.write("seen = {'environment': dict(os.environ), 'folder': os.getcwd(), 'path': sys.path}\n")
        file.write("seen |= {'arguments': sys.argv[1:], 'warnings': sys.warnoptions, 'process': os.getpid()}\n")
        file.write(f"open({str(path)!r}, 'w').write(json.dumps(seen))\n")
    return path


def started(course: Course, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`autograder grade` in a process of its own."""
    known = {**os.environ, "PYTHONPATH": str(PACKAGE), "AUTOGRADER_KEY": KEY, **environment}
    command = [sys.executable, "-W", "ignore", "-m", "autograder", "grade", STEM, *words]
    pipe: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=course.root, env=known, **pipe)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """An empty folder for temporary files."""
    path = tmp_path / "temporary"
    path.mkdir()
    return path


def said(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=120)[0]


def test_a_submission_finds_no_secret_in_memory_that_it_shares_with_the_grader(course, solved):
    notes_what_it_sees(course)
    solved.cells.append(v4.new_code_cell(f"FIRST, SECOND = {KEY[:16]!r}, {KEY[16:]!r}\n{SEARCH}", id="search"))
    course.submit("ada", solved)
    grader = started(course, "--students", "ada")
    assert "1 graded" in said(grader)
    output = next(each for each in course.graded("ada").cells if each.id == "search").outputs[0]
    if output.get("ename") == "PermissionError":
        pytest.xfail("without namespaces a submission cannot even look into its own memory")
    printed = output.text
    assert printed.startswith("(0, True) True "), printed
    assert "AUTOGRADER" not in printed and "ada" not in printed and "grade" not in printed.replace("autograder", "")


def test_the_grader_has_the_environment_folder_path_and_arguments_that_it_was_given(course, solved):
    seen = notes_what_it_sees(course)
    course.submit("ada", solved)
    mine = {"COURSE_WORD": "kept", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}
    grader = started(course, "--jobs", "1", **mine)
    assert "1 graded" in said(grader)
    found = json.loads(seen.read_text())
    assert found["arguments"] == ["grade", STEM, "--jobs", "1"] and found["warnings"] == ["ignore"]
    assert found["folder"] == str(course.root) and found["process"] == grader.pid
    given = {**os.environ, "PYTHONPATH": str(PACKAGE), "AUTOGRADER_KEY": KEY, **mine}
    assert {name: value for name, value in found["environment"].items() if name != "PATH"} == {
        name: value
        for name, value in given.items()
        if name != "PATH"  # which nbgrader's tools are added to
    }
    assert found["path"][:2] == [str(course.root), str(PACKAGE)]


def test_where_nothing_is_to_be_judged_no_process_and_no_folder_is_left(course, solved, temporary):
    notes_what_it_sees(course)
    course.submit("ada", solved)
    for words in ("1 graded", "1 unchanged"):
        grader = started(course, TMPDIR=str(temporary))
        assert words in said(grader) and grader.returncode == 0
        assert not list(temporary.glob("autograder-*"))


def test_a_grader_that_is_killed_before_it_began_leaves_nothing(course, solved, temporary):
    notes_what_it_sees(course)
    course.submit("ada", solved)
    grader = started(course, TMPDIR=str(temporary))
    until = time.monotonic() + 60
    while not (waiting := children(grader.pid)):
        assert time.monotonic() < until
        time.sleep(0.005)
    grader.send_signal(signal.SIGKILL)
    said(grader)
    while any(Path(f"/proc/{pid}").exists() for pid in waiting) or list(temporary.glob("autograder-*")):
        assert time.monotonic() < until
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def test_a_process_that_does_other_things_is_not_begun_anew(course, monkeypatch, capsys):
    monkeypatch.setattr(zygote, "become", lambda *_: pytest.fail("begun anew"))
    monkeypatch.chdir(course.root)
    assert cli.main(["grade", "ch98_none"]) == 2
    assert "no assignment ch98_none" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", None])
def test_a_terminal_that_speaks_no_utf_8_gets_a_start_of_its_own(encoding, monkeypatch):
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("begun anew"))
    monkeypatch.setattr(sys, "stdout", type("Stream", (), {"encoding": encoding})())
    zygote.become("autograder.cli:main", ["grade", STEM])


def test_a_machine_that_refuses_lets_the_command_go_on_and_keeps_no_folder(monkeypatch, temporary):
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))

    def refuses(*_):
        raise OSError("no exec here")

    monkeypatch.setattr(os, "execve", refuses)
    zygote.become("autograder.cli:main", ["grade", STEM])
    assert not list(temporary.iterdir())


def test_the_fork_that_has_ended_is_known_to_have():
    child = os.fork()
    if child == 0:
        signal.pause()
    forked = zygote._Forked(child)
    assert forked.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        forked.wait(0.01)
    forked.kill()
    assert forked.wait(10) == -signal.SIGKILL == forked.poll()
    forked.kill()
