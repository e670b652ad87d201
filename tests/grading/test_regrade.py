"""Grading again after a wrong test was mended: who it changes something for, said before it is written."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from batches import InProcessPool, graded_course, run
from rich.console import Console
from small_course import OUTER, STEM, Course, cell
from traitlets.config import Config

from autograder.authoring.chapter import load_chapter
from autograder.authoring.freeze import freeze_public
from autograder.checking.references import save_reference
from autograder.grading import regrade
from autograder.grading.batch import Batch
from autograder.grading.ledger import GradingProblem, Ledger
from autograder.grading.regrade import PENALTY, Change, Comparing, _Unrecorded

RIGHT, WRONG = "return a[:, None] * b[None, :]", "return a[None, :] * b[:, None]"
TRANSPOSED = OUTER.replace(RIGHT, WRONG)


def ask_for(course: Course, answer: str) -> None:
    """Makes `answer` what the test of outer asks for."""
    path = course.root / "solutions" / STEM / f"{STEM}.py"
    text = path.read_text().replace(WRONG, RIGHT).replace(RIGHT, answer)
    path.write_text(text)
    chapter = load_chapter(STEM, course.root / "solutions")
    save_reference(freeze_public(chapter), course.root / "references" / f"{STEM}.safetensors")


@pytest.fixture
def wronged(course, solved):
    """A class of three, graded by a wrong test: ada is right, bob has made its mistake, eve has not begun."""
    ask_for(course, WRONG)
    course.submit("ada", solved)
    cell(solved, "outer").source = TRANSPOSED
    course.submit("bob", solved)
    course.submit("eve", course.notebook())
    rows = run(course)
    assert {name: row.score for name, row in rows.items()} == {"ada": 2.0, "bob": 5.0, "eve": 0.0}
    return course


def compare(course: Course, preview: bool, pool=InProcessPool) -> dict[tuple[str, str], Change]:
    """What a preview or a regrade changes, by student and exercise."""
    graded = graded_course(course)
    with (
        (_Unrecorded if preview else Ledger)(graded.batch_folder) as ledger,
        closing(Comparing(graded, STEM, preview)) as recorder,
    ):
        Batch(graded, STEM, ledger, recorder, pool).run(graded.submissions(STEM))
        return {(change.student, change.exercise): change for change in recorder.changes}


def kept(course: Course) -> dict[str, object]:
    """All that a regrade could change: the rows of the gradebook, and the graded notebooks."""
    with course.gradebook() as gradebook:
        rows = [
            (student, grade.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade)
            for student in ("ada", "bob", "eve")
            for grade in gradebook.find_submission_notebook(STEM, STEM, student).grades
        ]
    files = {str(path): path.read_bytes() for path in (course.data / "autograded").rglob("*.ipynb")}
    return {"rows": rows, "files": files}


def test_a_preview_says_who_gains_and_who_loses_and_why(wronged):
    ask_for(wronged, RIGHT)
    found = compare(wronged, preview=True)
    assert set(found) == {("ada", "outer"), ("bob", "outer")}
    ada, bob = found["ada", "outer"], found["bob", "outer"]
    assert (ada.old, ada.new, ada.gain) == (0.0, 3.0, 3.0)
    assert (bob.old, bob.new, bob.gain) == (3.0, 0.0, -3.0)
    assert ada.why.endswith("is: passes") and ada.why.startswith("was: ")
    assert bob.why == "was: passes; is: known mistake transposed"


def test_a_preview_writes_nothing(wronged):
    before = kept(wronged)
    ask_for(wronged, RIGHT)
    compare(wronged, preview=True)
    assert kept(wronged) == before
    assert not (wronged.data / "batch" / "changes.jsonl").exists()


def test_what_a_preview_said_is_what_is_made_and_nothing_runs_twice(wronged):
    ask_for(wronged, RIGHT)
    said = compare(wronged, preview=True)

    def no_pool(exams):
        raise AssertionError("everything was judged by the preview")

    assert compare(wronged, preview=False, pool=no_pool) == said
    assert wronged.grades("ada")["check-outer"].score == 3.0
    assert wronged.grades("bob")["check-outer"].score == 0.0
    assert "Known mistake" in str(cell(wronged.graded("bob"), "check-outer").outputs)


def test_a_second_regrade_has_nothing_to_change(wronged):
    ask_for(wronged, RIGHT)
    assert compare(wronged, preview=False)
    assert not compare(wronged, preview=False) and not compare(wronged, preview=True)


def test_scores_and_comments_by_hand_stay(wronged):
    with wronged.gradebook() as gradebook:
        gradebook.find_grade("check-outer", STEM, STEM, "ada").manual_score = 1.5
        gradebook.find_comment("outer", STEM, STEM, "ada").manual_comment = "We talked about this."
        gradebook.db.commit()
    ask_for(wronged, RIGHT)
    change = compare(wronged, preview=True)["ada", "outer"]
    assert (change.by_hand, change.gain, change.new) == (1.5, 0.0, 3.0)
    compare(wronged, preview=False)
    with wronged.gradebook() as gradebook:
        grade = gradebook.find_grade("check-outer", STEM, STEM, "ada")
        assert (grade.score, grade.auto_score) == (1.5, 3.0)
        assert gradebook.find_comment("outer", STEM, STEM, "ada").comment == "We talked about this."


def test_what_was_stopped_midway_goes_on_and_the_log_has_every_change(wronged, monkeypatch):
    ask_for(wronged, RIGHT)
    expected = compare(wronged, preview=True)
    record = Ledger.record

    def stop(self, assignment, student, digest):
        record(self, assignment, student, digest)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", stop)
        with pytest.raises(KeyboardInterrupt):
            compare(wronged, preview=False)
    after_one = [
        name for name in ("ada", "bob") if wronged.grades(name)["check-outer"].score == expected[name, "outer"].new
    ]
    assert after_one == ["ada"]
    assert set(compare(wronged, preview=False)) == {("bob", "outer")}
    lines = [json.loads(line) for line in (wronged.data / "batch" / "changes.jsonl").read_text().splitlines()]
    assert {(line["student"], line["new"]) for line in lines} == {("ada", 3.0), ("bob", 0.0)}


def test_a_late_penalty_that_changes_is_a_change(wronged):
    with wronged.gradebook() as gradebook:
        gradebook.update_or_create_assignment(STEM, duedate=datetime(2026, 10, 11))
    for student in ("ada", "bob", "eve"):
        (wronged.data / "submitted" / student / STEM / "timestamp.txt").write_text("2026-10-12 09:00:00 UTC")
    with (wronged.root / "nbgrader_config.py").open("a") as file:
        file.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    run(wronged)
    ask_for(wronged, RIGHT)
    found = compare(wronged, preview=True)
    assert (found["ada", PENALTY].old, found["ada", PENALTY].new) == (2.0, 5.0)
    assert sum(each.gain for (student, _), each in found.items() if student == "ada") == 0.0


def test_points_that_were_changed_are_a_change_too(course, solved):
    course.submit("ada", solved)
    run(course)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_grade_cell("check-outer", STEM, STEM, max_score=6, cell_type="code")
    (change,) = compare(course, preview=True).values()
    assert (change.exercise, change.old, change.new, change.why) == ("outer", 3.0, 6.0, "it was worth 3 and is worth 6")


def by_command(course: Course, **fields) -> tuple[int, str]:
    """Exit code and words of `autograder regrade`, by the engine."""
    said = io.StringIO()
    config = Config({"Judge": {"references": str(course.root / "references")}})
    code = regrade.regrade(course.root, regrade.RegradeOrder(STEM, **fields), Console(file=said, width=200), config)
    return code, said.getvalue()


def test_an_assignment_of_which_nothing_is_graded_cannot_be_regraded(course, solved):
    course.submit("ada", solved)
    with pytest.raises(GradingProblem, match=f"no submission of {STEM} is graded yet. Grade: autograder grade {STEM}"):
        by_command(course, preview=True)


def test_who_was_never_graded_is_told_and_left_alone(wronged, solved):
    wronged.submit("zoe", solved)
    ask_for(wronged, RIGHT)
    code, said = by_command(wronged, json=wronged.root / "out.json")
    assert code == 0 and f"1 never graded: autograder grade {STEM}" in said
    with wronged.gradebook() as gradebook:
        assert "zoe" not in {each.student.id for each in gradebook.assignment_submissions(STEM)}
    assert "1 gained points, 1 lost some, 1 keep their score." in said
    assert f"autograder feedback {STEM} --students ada bob" in said
    report = json.loads((wronged.root / "out.json").read_text())
    assert (report["preview"], report["exit_code"], len(report["submissions"])) == (False, 0, 3)
    assert {(each["student"], each["new"]) for each in report["changes"]} == {("ada", 3.0), ("bob", 0.0)}


@pytest.mark.slow
def test_the_whole_way_in_a_terminal(wronged):
    """A wrong test is mended: preview, regrade, feedback, as they are typed."""
    with (wronged.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(wronged.root / 'references')!r}\n")
    ask_for(wronged, RIGHT)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}

    def autograder(*words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-W", "ignore", "-m", "autograder", *words]
        return subprocess.run(command, cwd=wronged.root, env=environment, capture_output=True, text=True)

    preview = autograder("regrade", STEM, "--preview")
    assert preview.returncode == 0, preview.stderr
    assert "1 would gain points, 1 would lose some, 1 keep their score." in preview.stdout
    assert wronged.grades("ada")["check-outer"].score == 0.0
    made = autograder("regrade", STEM, "--feedback")
    assert made.returncode == 0 and "Wrote the feedback of 2 students." in made.stdout, made.stdout + made.stderr
    assert wronged.grades("ada")["check-outer"].score == 3.0
    page = wronged.data / "feedback" / "ada" / STEM / f"{STEM}.html"
    assert "outer: passed, 3 of 3 points" in page.read_text()
    assert not (wronged.data / "feedback" / "eve").exists()
    unknown = autograder("regrade", "ch98_none")
    assert unknown.returncode == 2 and unknown.stderr.startswith(
        "autograder: the gradebook has no assignment ch98_none"
    )
