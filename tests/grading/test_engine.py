"""The engine on real forks: what a submission does to itself is told truthfully, and costs it only its own points."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from batches import graded_course, run
from nbformat import v4
from small_course import OUTER, SCALE, STEM, Course, cell

from autograder.execution import Answer, Limits, Status
from autograder.grading.batch import LocalPool
from autograder.grading.engine import Engine
from autograder.grading.recording import Recorder

LIMITS = Limits(cell_seconds=2, answer_seconds=2, notebook_seconds=30, memory_bytes=300 << 20)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One engine for the tests of this file; its exams are the course's, which every test sets."""
    made = Engine({}, LIMITS)
    yield made
    made.close()


@pytest.fixture
def graded(course: Course, engine: Engine):
    """Grades one notebook by the engine and gives (row, scores, graded notebook)."""

    class Pool(LocalPool):
        def close(self) -> None:
            self._threads.shutdown()

    def pool(exams):
        engine._exams = exams
        return Pool(engine, 2)

    def grade(notebook, student="ada"):
        course.submit(student, notebook)
        rows = run(course, pool)
        scores = {name: grade.score for name, grade in course.grades(student).items() if name != "explain"}
        return rows[student], scores, course.graded(student)

    return grade


FULL = {"check-outer": 3.0, "check-Scale": 2.0}


def shown(notebook, name) -> str:
    outputs = cell(notebook, name).outputs
    return " ".join(each.get("evalue") or each.get("data", {}).get("text/plain", "") for each in outputs)


def test_a_right_notebook_scores_in_full(graded, solved):
    row, scores, notebook = graded(solved)
    assert scores == FULL and not row.remarks
    assert "passed, 3 of 3 points" in shown(notebook, "check-outer")


def test_a_mistake_is_named(graded, solved):
    cell(solved, "outer").source = OUTER.replace("a[:, None] * b[None, :]", "a[None, :] * b[:, None]")
    _, scores, notebook = graded(solved)
    assert scores == {**FULL, "check-outer": 0.0}
    assert "Known mistake: transposed" in shown(notebook, "check-outer")


def test_an_exercise_without_end_scores_nothing_and_the_others_as_ever(graded, solved):
    cell(solved, "outer").source = "def outer(a, b):\n    while True:\n        pass"
    row, scores, notebook = graded(solved)
    assert scores == {**FULL, "check-outer": 0.0}
    assert "was stopped" in shown(notebook, "check-outer") and not row.remarks


def test_a_cell_without_end_is_interrupted_and_the_others_score_as_ever(graded, solved):
    solved.cells.insert(1, v4.new_code_cell("while True:\n    pass"))
    _, scores, notebook = graded(solved)
    assert scores == FULL
    assert any(output.get("ename") == "KeyboardInterrupt" for output in notebook.cells[1].outputs)


def test_a_cell_that_ignores_the_interrupt_keeps_what_was_earned_before(graded, solved):
    deaf = "while True:\n    try:\n        while True:\n            pass\n    except KeyboardInterrupt:\n        pass"
    cell(solved, "Scale").source = f"{SCALE}\n{deaf}"
    _, scores, notebook = graded(solved)
    assert scores == {**FULL, "check-Scale": 0.0}
    assert "no reply within 2 s" in shown(notebook, "Scale")
    assert "did not come back from an interrupt" in shown(notebook, "check-Scale")


def test_too_much_memory_ends_a_notebook_and_is_told(graded, solved):
    cell(solved, "Scale").source = "hog = []\nwhile True:\n    hog.append(torch.ones(1 << 20))"
    _, scores, notebook = graded(solved)
    assert scores == {**FULL, "check-Scale": 0.0}
    told = shown(notebook, "Scale")
    assert "more memory than the 300 MB" in told or "MemoryError" in told or "can't allocate memory" in told


def test_a_notebook_that_ends_its_process_keeps_what_was_earned_before(graded, solved):
    cell(solved, "Scale").source = "import os\nos._exit(0)"
    row, scores, notebook = graded(solved)
    assert scores == {**FULL, "check-Scale": 0.0} and not row.remarks
    assert "ended its own process" in shown(notebook, "Scale")
    assert "ended its own process" in shown(notebook, "check-Scale")


def test_a_test_cell_that_did_not_run_scores_nothing(course, graded, solved):
    with course.gradebook() as gradebook:
        gradebook.update_or_create_source_cell(
            "check-Scale", STEM, STEM, source="assert Scale(3)", cell_type="code", locked=True
        )
    cell(solved, "Scale").source = "import os\nos._exit(0)"
    assert graded(solved)[1] == {**FULL, "check-Scale": 0.0}


def test_bytes_that_are_no_reply_score_nothing_and_are_for_a_person(graded, solved):
    cell(solved, "Scale").source = (
        "import os, socket\n"
        "for number in range(3, 40):\n"
        "    try:\n"
        "        os.write(number, b'\\xff' * 4096)\n"
        "    except OSError:\n"
        "        pass"
    )
    row, scores, _ = graded(solved)
    assert scores["check-Scale"] == 0.0 and row.score <= FULL["check-outer"]
    assert any("cannot be read" in remark for remark in row.remarks)


def test_a_warm_parent_that_is_killed_is_replaced_and_nothing_is_lost(graded, solved, engine):
    solved.cells.insert(1, v4.new_code_cell("import time\ntime.sleep(1.5)"))
    first = engine.parent.pid
    killer = threading.Timer(0.8, os.kill, (first, signal.SIGKILL))
    killer.start()
    row, scores, _ = graded(solved)
    killer.join()
    assert scores == FULL and not row.remarks
    assert engine.parent.pid != first


def test_files_that_were_handed_in_lie_beside_the_notebook(course, graded, solved):
    (course.submit("ada", solved).parent / "data.csv").write_text("1,2")
    solved.cells.append(v4.new_code_cell("print(open('data.csv').read())"))
    assert graded(solved)[2].cells[-1].outputs[0].text.strip() == "1,2"


def test_nothing_of_a_hidden_case_is_shown(graded, solved):
    cell(solved, "outer").source = (
        "def outer(a, b):\n    print('SPY', a)\n    import warnings\n    warnings.warn(f'SPY {a}')\n"
        "    raise ValueError(f'SPY {a}')\n"
    )
    outputs = str(cell(graded(solved)[2], "check-outer").outputs)
    assert "hidden case" not in outputs or "SPY" not in outputs.split("hidden case")[1]


def test_nbgrader_s_own_autograde_uses_the_engine(course, solved, monkeypatch):
    course.executor = "autograder.grading.engine.ConfinedExecutor"
    cell(solved, "Scale").source = f"{SCALE}\nimport os\nprint(os.getcwd(), os.path.exists({str(course.data)!r}))"
    grades = course.grade("ada", solved)
    assert (grades["check-outer"].score, grades["check-Scale"].score) == (3.0, 2.0)
    assert cell(course.graded("ada"), "Scale").outputs[0].text.strip() == "/home/student False"


def test_the_engine_records_what_nbgrader_records(course, solved, graded):
    course.executor = "autograder.grading.engine.ConfinedExecutor"
    cell(solved, "outer").source = OUTER.replace("a[:, None] * b[None, :]", "a[None, :] * b[:, None]")
    expected = course.grade("ada", solved)
    cells = [(each.source, each.get("outputs")) for each in course.graded("ada").cells]
    with course.gradebook() as gradebook:
        gradebook.remove_submission(STEM, "ada")
    _, _, notebook = graded(solved)
    assert course.grades("ada") == expected
    assert [(each.source, each.get("outputs")) for each in notebook.cells] == cells


def test_several_at_a_time_score_as_one_by_one(course, solved, engine):
    class Pool(LocalPool):
        def close(self) -> None:
            self._threads.shutdown()

    def pool(exams):
        engine._exams = exams
        return Pool(engine, 4)

    for number in range(8):
        cell(solved, "outer").source = OUTER if number % 2 else "def outer(a, b):\n    return a"
        cell(solved, "outer").source += f"  # {number}"
        course.submit(f"s{number}", solved)
    rows = run(course, pool)
    assert [rows[f"s{number}"].score for number in range(8)] == [2.0, 5.0] * 4


def test_closing_waits_for_nobody(course, solved):
    graded = graded_course(course)
    engine = Engine({STEM: graded.exam(STEM)}, LIMITS)
    pool = LocalPool(engine, 1)
    with closing(Recorder(graded.config, graded.directory, STEM)) as recorder:
        solved.cells.insert(1, v4.new_code_cell("import time\ntime.sleep(60)"))
        from autograder.grading.jobs import Job, dumps

        notebook = recorder.restored(STEM, solved)
        pool.submit(Job("key", STEM, dumps(notebook), recorder.released[STEM].checks))
    time.sleep(0.3)
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 15


def test_a_case_that_says_how_long_it_may_take_is_not_stopped_before():
    """The course's limit for a cell is for cells; a chapter knows what its own exercises take."""
    from autograder.grading.engine import ConfinedSession

    class Asked:
        report = None

        def answer(self, request, inputs, timeout):
            self.timeout = timeout
            return Answer(Status.OK)

    asked = Asked()
    session = ConfinedSession(asked, LIMITS)
    limits = []
    for seconds in (None, 0.5, 60):
        session.answer({"exercise": "train", "case": {"name": "long", "seconds": seconds}})
        limits.append(asked.timeout)
    assert limits == [2, 2, 120]
