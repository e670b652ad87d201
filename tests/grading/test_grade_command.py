"""`autograder grade` as it is typed: exit codes, one line for what goes wrong, and going on after a kill."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batches import grade, write
from small_course import OUTER, STEM, Course, cell

from autograder import cli
from autograder.grading.batch import Row
from autograder.grading.command import exit_code

FINE, LOOK, FAILED = Row("a", "graded"), Row("b", "kept", remarks=("odd",)), Row("c", "failed", remarks=("why",))


@pytest.mark.parametrize(
    ("rows", "code"),
    [([FINE], 0), ([FINE, LOOK], 1), ([FINE, LOOK, FAILED], 2), ([], 0)],
    ids=["fine", "for-a-person", "failed", "nobody"],
)
def test_the_exit_code_says_how_it_went(rows, code):
    assert exit_code(rows) == code


def test_a_class_is_graded_with_a_table_and_json(course, solved):
    course.submit("ada", solved)
    write(course, "bob", b"no notebook")
    code, said = grade(course, jobs=2, json=course.root / "out.json")
    assert code == 1
    assert "ada" in said and "5 / 7" in said and "no JSON" in said
    assert (
        "2 graded, 0 unchanged, 0 failed" in said
        and "1 should be looked at by a person, and 4 scores wait to be given by hand" in said
    )
    report = json.loads((course.root / "out.json").read_text())
    assert (report["assignment"], report["exit_code"]) == (STEM, 1)
    assert {row["student"]: row["score"] for row in report["submissions"]} == {"ada": 5.0, "bob": 0.0}
    code, said = grade(course, students=("ada", "eve"))
    assert code == 2
    assert "0 graded, 1 unchanged, 1 failed" in said and "nothing was handed in under this name" in said


PROBLEMS = {
    "unknown-assignment": (["ch98_none"], f"the gradebook has no assignment ch98_none; it has {STEM}"),
    "nothing-handed-in": ([STEM], "nothing was handed in"),
}


@pytest.mark.parametrize(("words", "said"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(course, monkeypatch, capsys, words, said):
    monkeypatch.chdir(course.root)
    assert cli.main(["grade", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"autograder: {said}") and error.count("\n") == 1


NOT_UNDERSTOOD = {
    "a-folder-that-is-not-there": (["--json", "/nowhere/out.json"], "there is no folder /nowhere"),
    "no-number": (["--jobs", "many"], "expected a number of at least 1"),
    "no-address": (["--scheduler", "cluster"], "expected an address such as tcp://host:8786, and not 'cluster'"),
}


@pytest.mark.parametrize(("words", "said"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_asked_for_is_understood_before_anything_is_graded(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        cli.main(["grade", STEM, *words])
    assert ended.value.code == 2 and capsys.readouterr().err.strip().endswith(said)


def test_what_a_disk_refuses_is_one_line_and_exit_code_2(capsys):
    assert cli.main(["new-course", "/proc/course"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("autograder: /proc/course: ") and error.count("\n") == 1


def test_a_full_disk_is_one_line_and_exit_code_2(monkeypatch, capsys):
    def full(arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("autograder.commands.grading._doctor", full)
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err.startswith("autograder: no space left. Make room")


def test_a_submission_with_many_irregularities_takes_few_lines(course, solved):
    for each in solved.cells:
        each.metadata.pop("nbgrader", None)
    course.submit("ada", solved)
    _, said = grade(course)
    assert "lost all its nbgrader metadata; 5 of 5 cells were recognised" in said
    assert "and 3 more; --json has them all" in said and said.count("recognised") == 3
    assert "3 scores wait to be given by hand: jupyter lab, Nbgrader, Formgrader." in said


def test_no_sandbox_says_what_it_means(course):
    course.submit("ada", course.notebook())
    _, said = grade(course, no_sandbox=True)
    assert "their code can do whatever you can do" in said


def started(course: Course) -> subprocess.Popen:
    """`autograder grade` in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-W", "ignore", "-m", "autograder", "grade", STEM, "--jobs", "2"]
    return subprocess.Popen(command, cwd=course.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ledger(course: Course) -> list[dict]:
    path = course.data / "batch" / "ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
def test_a_grader_that_is_killed_loses_nothing_and_the_next_call_goes_on(course, solved):
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(course.root / 'references')!r}\n")
    for number in range(8):
        cell(solved, "outer").source = f"{OUTER}\n\nimport time\ntime.sleep(0.4)  # {number}"
        course.submit(f"s{number}", solved)
    grader = started(course)
    while sum(line["event"] == "recorded" for line in ledger(course)) < 2:
        assert grader.poll() is None, grader.stdout.read()
        time.sleep(0.02)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    before = [line["key"] for line in ledger(course) if line["event"] == "done"]
    assert 2 <= len(before) < 8

    again = started(course)
    said = again.communicate()[0].decode()
    assert again.returncode == 0, said
    done = [line["key"] for line in ledger(course) if line["event"] == "done"]
    assert len(done) == len(set(done)) == 8  # none was graded twice
    for number in range(8):
        assert course.grades(f"s{number}")["check-outer"].score == 3.0
