"""An instructor's first afternoon, from an empty folder to grades and feedback, with the commands as they are typed."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from lab_server import PATIENCE, ROOT, TOKEN, jupyter_lab
from playwright.sync_api import expect
from small_course import OUTER, cell

from autograder import cli

FIRST, SECOND = "ch00_tensors", "ch01_fully_connected"
MOODLE = "Ada Lovelace_4711_assignsubmission_file"
pytestmark = pytest.mark.slow


class Desk:
    """An instructor's terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        gone = [name for name in os.environ if name.startswith("AUTOGRADER_")]
        self.environment = {name: value for name, value in os.environ.items() if name not in gone}
        self.environment |= {
            "HOME": str(folder.parent),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "PYTHONWARNINGS": "ignore",
        }

    def run(self, *words: str, program: str = "autograder", code: int = 0) -> str:
        """What a command says; it ends with `code`."""
        command = [sys.executable, "-m", program, *words]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def here(course: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Runs a command in this process, which spares the seconds in which torch loads."""
    monkeypatch.setenv("AUTOGRADER_COURSE", "")  # so that what the course's configuration sets goes with the test

    def run(*words: str, code: int = 0, folder: Path = course.folder) -> str:
        monkeypatch.chdir(folder)
        got = cli.main(words)
        said = "".join(capsys.readouterr())
        assert got == code, said
        return said

    return run


def zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A course of two chapters with a class list, points and a date of its own, released."""
    folder = tmp_path_factory.mktemp("afternoon")
    Desk(folder).run("new-course", "course", FIRST, SECOND, "--title", "Deep learning")
    desk = Desk(folder / "course")
    text = (desk.folder / "course.toml").read_text()
    text = text.replace("outer = 2", "outer = 10").replace("# due = 2026-12-31 ", "due = 2026-11-03 ", 1)
    (desk.folder / "course.toml").write_text(text.replace('"UTC" ', '"Europe/Zurich" '))
    (desk.folder / "students.csv").write_text(
        "id,first_name,last_name,email\nada,Ada,Lovelace,a@x.example\n77,Grace,Hopper,g@x.example\nbea,Bea,Bell,b@x.example\n"
    )
    desk.run("db", "student", "import", "students.csv", program="nbgrader")
    desk.run("release")
    return desk


def submission(course: Desk, outer: str | None) -> bytes:
    notebook = nbformat.read(course.folder / "release" / FIRST / f"{FIRST}.ipynb", as_version=4)
    if outer:
        cell(notebook, "outer").source = outer
    return nbformat.writes(notebook).encode()


@pytest.fixture(scope="module")
def graded(course: Desk) -> Desk:
    """The same after three students handed in, one through Moodle, one through Canvas, one by autograder submit."""
    downloads = course.folder.parent
    right, wrong = submission(course, OUTER), submission(course, OUTER.replace("a[:, None] * b", "b[:, None] * a"))
    (downloads / "moodle.zip").write_bytes(zipped({f"{MOODLE}/{FIRST}.ipynb": right}))
    (downloads / "submissions.zip").write_bytes(zipped({f"hoppergrace_77_901_{FIRST}-1.ipynb": wrong}))
    (downloads / f"{FIRST}_bea.zip").write_bytes(zipped({f"{FIRST}.ipynb": submission(course, None)}))
    said = course.run("collect", FIRST, "../moodle.zip", "../submissions.zip", f"../{FIRST}_bea.zip")
    assert "3 new." in said and "--times-of-files" in said
    course.run("grade", FIRST)
    return course


def test_a_new_course_has_a_secret_key_and_is_not_made_twice(course, here):
    assert oct((course.folder / "hidden.key").stat().st_mode)[-3:] == "600"
    assert "is there already" in here("new-course", ".", code=2)


def test_a_release_carries_the_points_and_the_date_of_the_course(course, here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert re.search(rf"{FIRST}.*2026-11-03 23:59 CET.*30.*yes", here("course"))
    notebook = nbformat.read(course.folder / "release" / FIRST / f"{FIRST}.ipynb", as_version=4)
    assert cell(notebook, "check-outer").metadata.nbgrader.points == 10
    assert f'Check("{FIRST}", points={{"outer": 10}})' in str(notebook)
    assert "raise NotImplementedError" in cell(notebook, "outer").source


def test_the_repository_is_left_as_it_was(course):
    committed = nbformat.read(ROOT / "exercises" / FIRST / f"{FIRST}.ipynb", as_version=4)
    assert cell(committed, "check-outer").metadata.nbgrader.points == 2


def test_a_student_begins_with_the_archive_alone(course, tmp_path):
    with zipfile.ZipFile(course.folder / "handouts" / f"{FIRST}.zip") as archive:
        archive.extractall(tmp_path)
    desk = tmp_path / FIRST
    begin = (desk / "README.txt").read_text()
    assert "due on 2026-11-03 23:59 CET" in begin and "pip install torch numpy safetensors ipython matplotlib" in begin
    notebook = nbformat.read(desk / f"{FIRST}.ipynb", as_version=4)
    made = next(each.source for each in notebook.cells if f'Check("{FIRST}"' in each.source)
    program = f"{made}\nimport autograder\nprint(autograder.__file__)\n{OUTER}\nprint(check(outer))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=desk,
        capture_output=True,
        text=True,
        env=course.environment | {"PYTHONPATH": ""},
    )
    assert done.stdout.split("\n")[0] == str(desk / "autograder" / "__init__.py"), done.stderr
    assert "outer: passed, 10 of 10 points" in done.stdout


def test_grades_count_the_points_of_the_course(graded):
    graded.run("export", "--to", "grades.csv", program="nbgrader")
    with (graded.folder / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == FIRST}
    assert {student: float(row["score"]) for student, row in rows.items()} == {"ada": 10.0, "77": 0.0, "bea": 0.0}
    assert {float(row["max_score"]) for row in rows.values()} == {30.0}
    assert rows["ada"]["duedate"] == "2026-11-03 22:59:59"


def test_the_course_s_table_says_what_was_handed_in_and_graded(graded):
    assert re.search(rf"{FIRST}.*yes\W+3\W+3", graded.run("course"))


def test_feedback_goes_back_under_the_names_that_platforms_take(graded):
    said = graded.run("feedback", FIRST)
    assert "wrote the feedback of 3 students" in said and "Upload multiple feedback files" in said
    handouts = graded.folder / "handouts"
    assert names(handouts / f"{FIRST}-feedback-moodle.zip") == [f"{MOODLE}_{FIRST}.html"]
    assert names(handouts / f"{FIRST}-feedback-canvas.zip") == [f"hoppergrace_77_901_{FIRST}.html"]
    assert names(handouts / f"{FIRST}-feedback.zip") == [f"bea/{FIRST}.html"]
    assert (
        "outer: passed, 10 of 10 points" in (graded.folder / "feedback" / "ada" / FIRST / f"{FIRST}.html").read_text()
    )


def test_a_stranger_s_submission_is_listed_and_not_placed(graded, here, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "m.zip").write_bytes(zipped({f"Eve X_1_assignsubmission_file/{FIRST}.ipynb": submission(graded, None)}))
    said = here("collect", FIRST, str(tmp_path / "m.zip"), code=1)
    assert "Eve X is not in the class list" in said and "who.csv" in said


def test_what_is_not_taught_or_not_graded_is_refused_with_what_to_do(graded, here, tmp_path):
    assert "Add [chapters.ch03_convolution] there" in here("release", "ch03_convolution", code=2)
    assert f"Grade first: autograder grade {SECOND}" in here("feedback", SECOND, code=2)
    assert "nothing of eve is graded" in here("feedback", FIRST, "--students", "eve", code=2)
    assert "this course does not teach ch98_none" in here("feedback", "ch98_none", code=2)


def test_outside_of_a_course_a_command_says_how_to_make_one(here, tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    assert "autograder new-course DIR" in here("release", code=2, folder=tmp_path)


def test_zip_collect_reads_times_in_the_zone_of_the_course(course, tmp_path):
    desk = Desk(shutil.copytree(course.folder, tmp_path / "copy"))
    shutil.rmtree(desk.folder / "submitted", ignore_errors=True)
    archive = desk.folder / "downloaded" / FIRST / "archive"
    archive.mkdir(parents=True)
    (archive / f"Week_bea_attempt_2026-10-11-09-00-00_{FIRST}.ipynb").write_bytes(submission(course, None))
    desk.run("zip_collect", FIRST, program="nbgrader")
    assert (desk.folder / "submitted" / "bea" / FIRST / "timestamp.txt").read_text().startswith("2026-10-11 07:00:00")


def test_a_configuration_of_another_course_is_refused_with_what_to_do(here, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'other'\n")
    assert "is not that of a course. Make one: autograder new-course DIR" in here("course", code=2, folder=tmp_path)


def test_a_gradebook_that_is_none_is_one_line_with_what_to_do(course, here, tmp_path):
    shutil.copytree(course.folder, tmp_path / "broken")
    (tmp_path / "broken" / "gradebook.db").write_bytes(b"not a database at all, but long enough to look at" * 30)
    for words in (["course"], ["release", FIRST], ["collect", FIRST, "."], ["feedback", FIRST]):
        said = here(*words, code=2, folder=tmp_path / "broken")
        assert "cannot be used: file is not a database" in said and "Traceback" not in said, words
        assert said.count("autograder: ") == 1


def test_a_hub_hands_out_and_collects_through_the_exchange(course, here, tmp_path):
    assert f"Was it put there? autograder release {SECOND} --exchange" in here("collect", SECOND, code=2)
    assert "in the exchange" in here("release", SECOND, "--exchange")
    student = Desk(tmp_path)
    exchange = course.folder / "exchange"
    (tmp_path / "nbgrader_config.py").write_text(
        f"c.CourseDirectory.course_id = 'built-in'\nc.Exchange.root = {str(exchange)!r}\n"
    )
    student.run("fetch_assignment", SECOND, program="nbgrader")
    student.run("submit", SECOND, "--student=bea", program="nbgrader")
    assert "in the exchange" in here("release", SECOND, "--exchange")  # again
    assert f"1 submission of {SECOND} is new" in here("collect", SECOND)
    assert (course.folder / "submitted" / "bea" / SECOND / f"{SECOND}.ipynb").is_file()
    assert f"0 submissions of {SECOND} are new" in here("collect", SECOND)

    by_mail = course.folder / "submitted" / "ada" / SECOND / f"{SECOND}.ipynb"
    by_mail.parent.mkdir(parents=True)
    shutil.copy(course.folder / "release" / SECOND / f"{SECOND}.ipynb", by_mail)
    here("grade", SECOND)
    said = course.run("feedback", SECOND, "--exchange")  # nbgrader misspells an argument, which warns
    assert "wrote the feedback of 2 students" in said and "in the exchange: 1, of those who handed in there" in said
    assert list((exchange / "built-in" / "feedback").glob("*.html"))


@pytest.mark.browser
def test_the_formgrader_opens_on_the_course(graded, tmp_path, page_factory: Callable, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AUTOGRADER_")]:
        monkeypatch.delenv(name)
    with jupyter_lab(graded.folder, tmp_path / "home") as lab:
        visit = page_factory(f"{lab}/formgrader?token={TOKEN}")
        rows = visit.page.locator("tbody tr")
        expect(rows).to_have_count(2, timeout=PATIENCE)
        row = visit.page.locator("tr", has=visit.page.get_by_role("link", name=FIRST, exact=True))
        expect(row.locator("td.num-submissions")).to_contain_text("3")
        visit.page.goto(f"{lab}/formgrader/gradebook/{FIRST}/{FIRST}")
        visit.page.get_by_role("link", name="Submission #1").click()
        expect(visit.page.locator("input.score[id='check-outer']")).to_be_visible(timeout=PATIENCE)
        assert visit.external == []
