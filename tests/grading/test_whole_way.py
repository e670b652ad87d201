"""From the release to the table of grades, with kernels, and with the commands as an instructor types them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import v4
from small_course import OUTER, STEM, Course, cell

from autograder.authoring import percent
from autograder.grading import release, sample

FULL = {"outer": 3.0, "Scale": 2.0}
EXECUTORS = {
    "stock": "autograder.grading.stock.StockExecutor",
    "confined": "autograder.grading.engine.ConfinedExecutor",
}


def test_the_configuration_removes_what_the_authored_format_marks(course):
    stubs = release.course_config(course.root).ClearSolutions
    assert (stubs.begin_solution_delimeter, stubs.end_solution_delimeter) == (percent.BEGIN, percent.END)
    assert (stubs.code_stub, stubs.text_stub) == ({"python": percent.CODE_STUB}, percent.TEXT_STUB)


def test_a_class_is_graded_as_its_attempts_deserve(course):
    students = sample.make([STEM], course.data / "submitted", students=7, seed=3, root=course.root)
    assert course.api.autograde(STEM, "*")["success"]
    for student in students:
        for name, attempt in student.attempts[STEM].items():
            due = FULL[name] if attempt.kind in ("solution", "variant") else 0.0
            assert course.grades(student.id)[f"check-{name}"].score == due, (student.id, name, attempt)


@pytest.fixture(params=EXECUTORS)
def executing(course: Course, request: pytest.FixtureRequest) -> Course:
    """The small course, judged in a process for every submission, which gives a cell some seconds."""
    course.executor = EXECUTORS[request.param]
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.Execute.timeout = 12\nc.ConfinedExecutor.cell_seconds = 3\n")
    return course


@pytest.mark.slow
def test_an_executor_grades_and_the_feedback_shows_nothing_hidden(executing, solved):
    """The function is right on the public case, and tells what it was given on the hidden one in every way it can."""
    cell(solved, "outer").source = (
        "import sys, warnings\ncalls = []\ndef outer(a, b):\n    calls.append(1)\n    if len(calls) > 1:\n"
        "        print('SPY', a.tolist())\n        print('SPY', b.tolist(), file=sys.stderr)\n"
        "        warnings.warn(f'SPY {a.tolist()}')\n        raise ValueError(f'SPY {a.tolist()}')\n"
        "    return a[:, None] * b[None, :]"
    )
    grades = executing.grade("ada", solved)
    assert (grades["check-outer"].score, grades["check-Scale"].score) == (0.0, 2.0)
    assert executing.api.generate_feedback(STEM, "ada")["success"]
    page = (executing.data / "feedback" / "ada" / STEM / f"{STEM}.html").read_text()
    assert "On a hidden case, it raised an exception." in page and "Scale: passed, 2 of 2 points" in page
    assert page.count('class="verdict"') == 2
    assert "SPY [" not in page and "SPY [" not in str(executing.graded("ada"))


@pytest.mark.slow
def test_patches_of_the_checker_in_the_notebook_gain_nothing(executing, solved):
    solved.cells.insert(
        1,
        v4.new_code_cell(
            "import torch, builtins, autograder.checking.diagnose as d, autograder.checking.compare as c\n"
            "d.diagnose = d.findings = c.differences = lambda *a, **k: []\n"
            "torch.allclose = torch.equal = lambda *a, **k: True\n"
            "print('3.0'); get_ipython().displayhook(3.0)"
        ),
    )
    cell(solved, "outer").source = "def outer(a, b):\n    return a"
    assert executing.grade("ada", solved)["check-outer"].score == 0.0


@pytest.mark.slow
def test_the_notebook_gets_no_key_and_no_address_of_the_grader(executing, solved):
    cell(solved, "Scale").source = "import os\nprint(sorted(n for n in os.environ if n.startswith('AUTOGRADER')))"
    executing.grade("ada", solved)
    assert cell(executing.graded("ada"), "Scale").outputs[0].text.strip() == "[]"


@pytest.mark.slow
def test_a_cell_without_end_is_stopped_and_the_rest_is_graded(executing, solved):
    solved.cells.insert(1, v4.new_code_cell("while True:\n    pass"))
    grades = executing.grade("ada", solved)
    assert (grades["check-outer"].score, grades["check-Scale"].score) == (3.0, 2.0)
    names = {output.get("ename") for output in executing.graded("ada").cells[1].outputs}
    assert names & {"KeyboardInterrupt", "CellTimeoutError", "TIMEOUT"}


@pytest.mark.slow
def test_an_exercise_without_end_scores_nothing_and_the_rest_is_graded(executing, solved):
    cell(solved, "outer").source = "def outer(a, b):\n    while True:\n        pass"
    grades = executing.grade("ada", solved)
    assert (grades["check-outer"].score, grades["check-Scale"].score) == (0.0, 2.0)
    assert "stopped" in cell(executing.graded("ada"), "check-outer").outputs[0].data["text/plain"]


@pytest.mark.slow
def test_a_process_that_dies_keeps_what_was_earned_before(executing, solved):
    cell(solved, "Scale").source = "import os\nos._exit(1)"
    grades = executing.grade("ada", solved)
    assert (grades["check-outer"].score, grades["check-Scale"].score) == (3.0, 0.0)
    assert any(output.output_type == "error" for output in cell(executing.graded("ada"), "Scale").outputs)


def nbgrader(course: Course, *words: str, folder: Path | None = None) -> str:
    """What an nbgrader command says; it is started without the environment's scripts on the path."""
    environment = {
        "HOME": str(course.root / "home"),
        "JUPYTER_DATA_DIR": str(course.root / "home" / "data"),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
        "AUTOGRADER_COURSE": str(course.data),
        "AUTOGRADER_KEY": os.environ["AUTOGRADER_KEY"],
    }
    program = Path(sys.executable).with_name("nbgrader")
    done = subprocess.run(
        [str(program), *words], cwd=folder or course.root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_every_command_works_from_the_repository_s_folder(course):
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(course.root / 'references')!r}\n")
    before = course.released.read_bytes()
    course.released.with_name("notes.txt").write_text("of somebody who works here")
    nbgrader(course, "generate_assignment", STEM, "--force")
    assert (course.root / "_build" / "release" / STEM / f"{STEM}.ipynb").read_bytes() == before
    assert course.released.with_name("notes.txt").is_file()
    nbgrader(course, "release_assignment", STEM)
    assert STEM in nbgrader(course, "list")

    desk = course.root / "desk"
    desk.mkdir()
    (desk / "nbgrader_config.py").write_text((course.root / "nbgrader_config.py").read_text())
    nbgrader(course, "fetch_assignment", STEM, folder=desk)
    handed_out = desk / STEM / f"{STEM}.ipynb"
    handed_out.write_text(handed_out.read_text().replace("raise NotImplementedError", "return a[:, None] * b", 1))
    nbgrader(course, "submit", STEM, "--student=ada", folder=desk)

    nbgrader(course, "collect", STEM)
    nbgrader(course, "autograde", STEM)
    assert course.grades("ada")["check-outer"].score == 3.0
    nbgrader(course, "generate_feedback", STEM)
    nbgrader(course, "release_feedback", STEM)
    assert list((course.data / "exchange").rglob("*.html"))
    nbgrader(course, "export")
    with (course.root / "grades.csv").open(newline="") as file:
        assert [(row["student_id"], float(row["score"])) for row in csv.DictReader(file)] == [("ada", 3.0)]


@pytest.mark.slow
def test_zip_collect_takes_downloaded_files_into_the_course(course, solved):
    archive = course.data / "downloaded" / STEM / "archive"
    archive.mkdir(parents=True)
    course.submit("nobody", solved).rename(archive / f"bea_attempt_2026-10-11-09-00-00_{STEM}.ipynb")
    nbgrader(course, "zip_collect", STEM)
    assert (course.data / "submitted" / "bea" / STEM / f"{STEM}.ipynb").is_file()


@pytest.mark.slow
def test_validate_says_which_test_cells_fail(course):
    said = nbgrader(course, "validate", str(course.released))
    assert "VALIDATION FAILED ON" in said


def test_the_export_quotes_names_with_commas_and_says_who_needs_a_person(course, solved):
    course.grade("ada", solved)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student("ada", last_name="Lovelace, Countess", first_name='Ada "A"')
        gradebook.update_or_create_student("bob", last_name="Bo", first_name="B")
        from autograder.grading.export import CsvExport

        CsvExport(to=str(course.root / "out.csv")).export(gradebook)
    with (course.root / "out.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows["ada"]["last_name"] == "Lovelace, Countess" and rows["ada"]["first_name"] == 'Ada "A"'
    assert (rows["ada"]["score"], rows["ada"]["needs_person"], rows["ada"]["max_score"]) == ("5.0", "yes", "7.0")
    assert (rows["bob"]["score"], rows["bob"]["needs_person"]) == ("0.0", "no")


def test_the_export_can_be_narrowed(course, solved):
    from autograder.grading.export import CsvExport

    course.grade("ada", solved)
    course.grade("bob", solved)
    with course.gradebook() as gradebook:
        CsvExport(to=str(course.root / "out.csv"), student=["bob"], assignment=[STEM]).export(gradebook)
    assert [line.split(",")[3] for line in (course.root / "out.csv").read_text().splitlines()[1:]] == ["bob"]


def test_a_right_answer_written_another_way_scores_in_full(course, solved):
    cell(solved, "outer").source = OUTER.replace("a[:, None] * b[None, :]", 'torch.einsum("i,j->ij", a, b)')
    assert course.grade("ada", solved)["check-outer"].score == 3.0
