"""Grades as learning platforms read them, from a gradebook that nbgrader itself wrote; its exporter is the oracle."""

from __future__ import annotations

import csv
import logging
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from batches import run
from nbgrader.plugins.export import CsvExportPlugin
from small_course import OUTER, STEM, cell

from autograder.grading.export import CanvasExport, CsvExport, MoodleExport, plain, points


@pytest.fixture
def graded(course, solved):
    """ada is right and late, bob is wrong with a grade by hand and extra credit, eve handed nothing in."""
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(STEM, duedate=datetime(2026, 10, 11))
        people = {"ada": ("Ada", "Lovelace, Countess"), "bob": ("Bob", "Ünal"), "eve": ("Eve", "Moneypenny")}
        for number, (student, (first, last)) in enumerate(people.items(), 101):
            gradebook.update_or_create_student(
                student, first_name=first, last_name=last, email=f"{first}@uni.example", lms_user_id=str(number)
            )
        gradebook.update_or_create_student("zoe")  # a class list need not have names
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    folder = course.submit("ada", solved).parent
    (folder / "timestamp.txt").write_text("2026-10-12 09:00:00 UTC")
    cell(solved, "outer").source = OUTER.replace("a[:, None] * b", "a")
    course.submit("bob", solved)
    run(course)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("explain", STEM, STEM, "bob")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.255, 0.5, False
        gradebook.db.commit()
    return course


def exported(course, exporter, **fields) -> list[list[str]]:
    path = course.root / "out.csv"
    with course.gradebook() as gradebook:
        exporter(to=str(path), **fields).export(gradebook)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_scores_are_those_that_nbgrader_exports(graded):
    with graded.gradebook() as gradebook:
        for student in gradebook.students:  # nbgrader's exporter does not quote
            student.last_name = (student.last_name or "").replace(",", "")
        gradebook.db.commit()
    theirs = exported(graded, CsvExportPlugin)
    ours = exported(graded, CsvExport)
    columns = [theirs[0].index(name) for name in ("student_id", "raw_score", "late_submission_penalty", "score")]
    assert [[row[i] for i in columns] for row in theirs[1:]] == [
        [row[ours[0].index(name)] for name in ("student_id", "raw_score", "late_submission_penalty", "score")]
        for row in ours[1:]
    ]
    assert {row[3]: float(row[9]) for row in ours[1:]} == {"ada": 0.0, "bob": 3.755, "eve": 0.0, "zoe": 0.0}


def test_canvas_finds_its_columns_in_the_first_line(graded):
    """The rules of GradebookImporter: Student, ID, perhaps a login, Section last before the assignments."""
    header, second, *_ = exported(graded, CanvasExport)
    assert "Student" in header[0] and "ID" in header[1] and header[2] == "SIS Login ID" and "Section" in header[3]
    assert header[4:] == [STEM]
    assert "Points Possible" in second[0] and second[4:] == ["7"]


def test_canvas_gets_ids_logins_and_scores_with_penalty_and_manual_grade(graded):
    _, _, *rows = exported(graded, CanvasExport)
    assert {tuple(row) for row in rows} == {
        ("Lovelace, Countess, Ada", "101", "ada", "", "0"),
        ("Ünal, Bob", "102", "bob", "", "3.75"),
        ("Moneypenny, Eve", "103", "eve", "", ""),
        ("zoe", "", "zoe", "", ""),
    }


def test_canvas_columns_can_be_named_and_logins_can_be_addresses(graded):
    header, _, *rows = exported(graded, CanvasExport, names={STEM: "Small (4711)"}, login="email", missing="0")
    assert header[4] == "Small (4711)"
    assert {row[2]: row[4] for row in rows} == {
        "Ada@uni.example": "0", "Bob@uni.example": "3.75", "Eve@uni.example": "0", "": "0",
    }  # fmt: skip


def test_moodle_gets_a_hyphen_where_there_is_no_grade(graded):
    header, *rows = exported(graded, MoodleExport, names={STEM: "Small chapter"})
    assert header == ["First name", "Last name", "ID number", "Email address", "Small chapter"]
    assert {tuple(row) for row in rows} == {
        ("Ada", "Lovelace, Countess", "101", "Ada@uni.example", "0"),
        ("Bob", "Ünal", "102", "Bob@uni.example", "3.75"),
        ("Eve", "Moneypenny", "103", "Eve@uni.example", "-"),
        ("", "", "zoe", "", "-"),
    }


@pytest.mark.parametrize("exporter", [CanvasExport, MoodleExport])
def test_who_is_wanted_can_be_told(graded, exporter):
    rows = exported(graded, exporter, student=["bob"], assignment=[STEM])
    assert [row[-1] for row in rows[1:] if "Points Possible" not in row[0]] == ["3.75"]


@pytest.mark.parametrize("exporter", [CsvExport, CanvasExport, MoodleExport])
def test_an_assignment_that_is_not_there_is_named_and_no_file_is_left(graded, exporter, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(SystemExit) as left:
        exported(graded, exporter, assignment=["ch98"])
    assert left.value.code == 1 and f"no assignment ch98; it has {STEM}" in caplog.text
    assert not (graded.root / "out.csv").exists()


def test_scores_that_are_not_final_are_told(graded, caplog):
    with caplog.at_level(logging.WARNING):
        exported(graded, MoodleExport)
    assert f"{STEM}: 1 submissions wait for a person" in caplog.text


@pytest.mark.parametrize(("score", "said"), [(0.0, "0"), (12.0, "12"), (2.5, "2.5"), (1 / 3, "0.33"), (100.0, "100")])
def test_scores_have_at_most_two_digits_after_the_point(score, said):
    assert points(score) == said


@pytest.mark.parametrize(("name", "said"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("Ada", "Ada"), (None, ""), ("", "")])
def test_no_name_is_a_formula(name, said):
    assert plain(name) == said


@pytest.mark.slow
def test_nbgrader_s_command_writes_each_format(graded):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "AUTOGRADER_COURSE": str(graded.data)}
    program = Path(sys.executable).with_name("nbgrader")
    with (graded.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.CanvasExport.names = {{'{STEM}': 'Small (4711)'}}\n")
    for exporter, heading in (
        ("CanvasExport", "Student,ID,SIS Login ID,Section,Small (4711)"),
        ("MoodleExport", "First"),
    ):
        path = graded.root / f"{exporter}.csv"
        words = ["export", f"--exporter=autograder.grading.export.{exporter}", "--to", str(path)]
        done = subprocess.run([str(program), *words], cwd=graded.root, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert path.read_text(encoding="utf-8").startswith(heading)
