"""A batch: what it records, that it goes on where it was, and that one bad submission stops nobody else's."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from datetime import datetime

import nbformat
import pytest
from batches import InProcessPool, graded_course, run, write
from nbformat import v4
from small_course import OUTER, STEM, cell
from traitlets.config import Config

from autograder.grading import batch as batches
from autograder.grading import reading
from autograder.grading.ledger import GradingProblem, Ledger
from autograder.grading.recording import Recorder


class Counting:
    """Makes in-process pools and counts what they are given."""

    def __init__(self) -> None:
        self.pools: list[InProcessPool] = []

    def __call__(self, exams):
        self.pools.append(InProcessPool(exams))
        return self.pools[-1]

    @property
    def jobs(self) -> int:
        return sum(len(pool.jobs) for pool in self.pools)


def everything(course, student):
    """All that the gradebook has of a submission, but no ids, and the notebook that was written."""
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(STEM, student)
        notebook = gradebook.find_submission_notebook(STEM, STEM, student)
        return {
            "submission": (submission.score, submission.max_score, submission.timestamp, submission.total_seconds_late),
            "sums": (submission.code_score, submission.written_score, submission.needs_manual_grade),
            "penalty": (notebook.late_submission_penalty, submission.late_submission_penalty),
            "grades": [
                (each.name, each.auto_score, each.manual_score, each.needs_manual_grade, each.score)
                for each in notebook.grades
            ],
            "comments": [(each.name, each.auto_comment, each.manual_comment) for each in notebook.comments],
            "cells": [
                (each.cell_type, each.source, each.get("outputs"), each.metadata)
                for each in course.graded(student).cells
            ],
        }


def delete_a_test(notebook):
    notebook.cells.remove(cell(notebook, "check-outer"))


def break_the_syntax(notebook):
    cell(notebook, "Scale").source = "def Scale(:"


def make_a_mistake(notebook):
    cell(notebook, "outer").source = OUTER.replace("a[:, None] * b[None, :]", "a[None, :] * b[:, None]")


def lose_all_metadata(notebook):
    for each in notebook.cells:
        each.metadata = {}


CHANGES = [lambda notebook: None, delete_a_test, break_the_syntax, make_a_mistake, lose_all_metadata]


@pytest.mark.parametrize("change", CHANGES, ids=["solved", *(each.__name__ for each in CHANGES[1:])])
def test_a_batch_records_what_nbgrader_records(course, solved, change):
    change(solved)
    folder = course.submit("ada", solved).parent
    (folder / "timestamp.txt").write_text("2026-10-12 09:00:00 UTC")
    (folder / "data.csv").write_text("1,2")
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(STEM, duedate=datetime(2026, 10, 11))
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    assert course.autograde("ada")["success"]
    expected = everything(course, "ada")
    files = sorted(path.name for path in (course.data / "autograded" / "ada" / STEM).iterdir())
    with course.gradebook() as gradebook:
        gradebook.remove_submission(STEM, "ada")
    run(course)
    assert everything(course, "ada") == expected
    assert sorted(path.name for path in (course.data / "autograded" / "ada" / STEM).iterdir()) == files
    assert {path.stat().st_mode & 0o777 for path in (course.data / "autograded" / "ada" / STEM).iterdir()} == {0o444}


def test_an_assert_cell_scores_as_in_nbgrader(course, solved):
    with course.gradebook() as gradebook:
        gradebook.update_or_create_source_cell(
            "check-outer", STEM, STEM, source="assert outer(torch.ones(2), torch.ones(3)).shape == (2, 3)",
            cell_type="code", locked=True,
        )  # fmt: skip
    course.submit("ada", solved)
    cell(solved, "outer").source = "def outer(a, b):\n    return a"
    course.submit("bob", solved)
    rows = run(course)
    assert (rows["ada"].score, rows["bob"].score) == (5.0, 2.0)


def test_a_second_call_has_nothing_to_do(course, solved):
    course.submit("ada", solved)
    pools = Counting()
    first, second = run(course, pools), run(course, pools)
    assert (first["ada"].outcome, second["ada"].outcome, pools.jobs) == ("graded", "kept", 1)
    assert (second["ada"].score, second["ada"].by_hand) == (first["ada"].score, first["ada"].by_hand) == (5.0, 1)


def test_only_what_changed_is_graded_again(course, solved):
    course.submit("ada", solved)
    cell(solved, "outer").source = OUTER + "  # bob"
    course.submit("bob", solved)
    pools = Counting()
    run(course, pools)
    cell(solved, "outer").source = "def outer(a, b):\n    return a"
    course.submit("bob", solved)
    rows = run(course, pools)
    assert (rows["ada"].outcome, rows["bob"].outcome, rows["bob"].score, pools.jobs) == ("kept", "graded", 2.0, 3)


def test_another_key_grades_everything_again(course, solved, monkeypatch):
    course.submit("ada", solved)
    pools = Counting()
    run(course, pools)
    monkeypatch.setenv("AUTOGRADER_KEY", "another key than the tests share")
    assert run(course, pools)["ada"].outcome == "graded" and pools.jobs == 2


def test_another_due_date_or_rule_for_lateness_is_recorded_without_judging_again(course, solved):
    folder = course.submit("ada", solved).parent
    (folder / "timestamp.txt").write_text("2026-10-12 09:00:00 UTC")

    def due(day: int) -> None:
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(STEM, duedate=datetime(2026, 10, day))

    due(11)
    pools, zero = Counting(), Config(LateSubmissionPlugin={"penalty_method": "zero"})
    assert run(course, pools)["ada"].penalty == 0.0
    assert run(course, pools, zero)["ada"].penalty == 5.0
    due(13)
    row = run(course, pools, zero)["ada"]
    assert (row.outcome, row.penalty, pools.jobs) == ("graded", 0.0, 1)
    assert run(course, pools, zero)["ada"].outcome == "kept"


def test_force_grades_everything_again(course, solved):
    course.submit("ada", solved)
    pools = Counting()
    run(course, pools)
    assert run(course, pools, force=True)["ada"].outcome == "graded" and pools.jobs == 2


def test_equal_submissions_are_judged_once_and_recorded_for_each(course):
    for student in ("ada", "bob", "eve"):
        course.submit(student, course.notebook())
    pools = Counting()
    assert {row.outcome for row in run(course, pools).values()} == {"graded"} and pools.jobs == 1


def test_what_the_gradebook_lost_is_recorded_again_without_judging(course, solved):
    course.submit("ada", solved)
    pools = Counting()
    run(course, pools)
    with course.gradebook() as gradebook:
        gradebook.remove_submission(STEM, "ada")
    assert run(course, pools)["ada"].outcome == "graded" and pools.jobs == 1
    assert course.grades("ada")["check-outer"].score == 3.0


def test_a_score_that_a_person_gave_survives_force(course, solved):
    course.submit("ada", solved)
    run(course)
    with course.gradebook() as gradebook:
        gradebook.find_grade("check-outer", STEM, STEM, "ada").manual_score = 1.0
        gradebook.db.commit()
    run(course, force=True)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("check-outer", STEM, STEM, "ada")
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (1.0, 3.0, True)


def test_feedback_is_made_of_what_a_batch_wrote(course, solved):
    course.submit("ada", solved)
    run(course)
    assert course.api.generate_feedback(STEM, "ada")["success"]
    assert "passed, 3 of 3 points" in (course.data / "feedback" / "ada" / STEM / f"{STEM}.html").read_text()


BAD = {
    "empty": (b"", "no JSON"),
    "binary": (b"\x89PNG\r\n\x1a\n\xff\xfe", "not even text"),
    "not-a-notebook": (b'{"a": 1}', "JSON of another kind"),
    "truncated": (b'{"nbformat": 4, "cells": [', "no JSON"),
    "nested-too-deeply": (b"[" * 100_000, "no JSON"),
    "from-the-future": (b'{"nbformat": 5, "nbformat_minor": 0, "cells": [], "metadata": {}}', "notebook format 5"),
    "cells-are-numbers": (b'{"nbformat": 4, "nbformat_minor": 5, "cells": [1], "metadata": {}}', "broken notebook"),
    "no-metadata": (b'{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": 7}', "broken notebook"),
    "half-a-character": (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": "\\ud800", '
        b'"metadata": {}, "outputs": [], "execution_count": null}]}',
        "characters that no text may hold",
    ),
}


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD)
def test_what_is_no_notebook_is_for_a_person_and_the_rest_goes_on(course, solved, content, words):
    write(course, "ada", content)
    course.submit("bob", solved)
    rows = run(course)
    assert (rows["ada"].outcome, rows["ada"].score) == ("graded", 0.0)
    assert len(rows["ada"].remarks) == 1 and words in rows["ada"].remarks[0]
    assert rows["bob"].score == 5.0 and not rows["bob"].remarks
    assert all(grade.needs_person for grade in course.grades("ada").values())
    assert "could not be read" in course.graded("ada").cells[0].source


def test_a_notebook_of_200_megabytes_is_not_read(course):
    path = write(course, "ada", b"")
    os.truncate(path, 200 << 20)
    (remark,) = run(course)["ada"].remarks
    assert "it has 200 MB, and at most 50 are read" in remark


def test_a_link_to_the_gradebook_is_not_followed(course):
    path = write(course, "ada", b"")
    path.unlink()
    path.symlink_to(course.data / "gradebook.db")
    assert any("cannot be opened" in remark for remark in run(course)["ada"].remarks)


def test_a_folder_called_like_the_notebook_is_told_and_the_rest_goes_on(course, solved):
    path = write(course, "ada", b"")
    path.unlink()
    path.mkdir()
    course.submit("bob", solved)
    rows = run(course)
    assert rows["bob"].score == 5.0 and rows["ada"].score == 0.0
    assert any("it is not a regular file" in remark for remark in rows["ada"].remarks)


def test_a_file_beside_the_notebook_that_cannot_be_read_is_named(course, solved, monkeypatch):
    course.submit("ada", solved)
    write(course, "ada", b"1,2", name="data.csv")
    whole = reading.read_bytes

    def refuse(path, largest=reading.LARGEST):
        if path.name == "data.csv":
            raise reading.Unreadable("it cannot be opened (Permission denied)")
        return whole(path, largest)

    monkeypatch.setattr(reading, "read_bytes", refuse)
    assert run(course)["ada"].remarks == ("data.csv, beside the notebook: it cannot be opened (Permission denied)",)


def test_a_notebook_of_an_older_format_is_graded(course, solved):
    old = nbformat.convert(solved, 3)
    write(course, "ada", nbformat.v3.writes_json(old).encode())
    assert run(course)["ada"].score == 5.0


def test_a_missing_kernelspec_does_not_matter(course, solved):
    del solved.metadata["kernelspec"]
    course.submit("ada", solved)
    assert run(course)["ada"].score == 5.0
    assert course.graded("ada").metadata.kernelspec.name == "python3"


def test_a_notebook_without_code_scores_nothing_and_is_for_a_person(course):
    course.submit("ada", v4.new_notebook(cells=[v4.new_markdown_cell("Sorry.")]))
    row = run(course)["ada"]
    assert row.score == 0.0 and row.remarks


def test_a_folder_with_a_binary_name_is_told_and_the_rest_goes_on(course, solved):
    course.submit("bob", solved)
    folder = os.fsencode(course.data / "submitted") + b"/\xff\xfe/" + STEM.encode()
    os.makedirs(folder)
    with open(folder + b"/" + STEM.encode() + b".ipynb", "wb") as file:
        file.write(b"{}")
    rows = run(course)
    assert rows["bob"].score == 5.0
    assert rows["\\xff\\xfe"].outcome == "failed" and "rename" in rows["\\xff\\xfe"].remarks[0]


def test_a_folder_without_the_notebook_is_told(course, solved):
    write(course, "ada", b"x", name="homework.docx")
    course.submit("bob", solved)
    rows = run(course)
    assert rows["ada"].remarks == (f"no notebook was handed in; {STEM}.ipynb is expected",)
    assert rows["bob"].outcome == "graded"


def test_an_unknown_assignment_is_named_with_those_that_are_known(course):
    graded = graded_course(course)
    with pytest.raises(GradingProblem, match=rf"no assignment ch98; it has {STEM}.*nbgrader generate_assignment ch98"):
        Recorder(graded.config, graded.directory, "ch98")


def test_a_chapter_without_a_reference_is_not_graded(course, solved):
    course.submit("ada", solved)
    run(course)
    (course.root / "references" / f"{STEM}.safetensors").unlink()
    with pytest.raises(GradingProblem, match=f"no reference for {STEM}.*Make it: autograder freeze {STEM}"):
        run(course, force=True)
    assert course.grades("ada")["check-outer"].score == 3.0


def test_a_file_that_is_no_database_is_named(course):
    (course.data / "gradebook.db").write_bytes(b"not a database at all, but long enough to look at" * 30)
    graded = graded_course(course)
    with pytest.raises(GradingProblem, match=r"gradebook.db\) cannot be used: file is not a database.*backup"):
        Recorder(graded.config, graded.directory, STEM)


def test_a_locked_gradebook_loses_nothing(course, solved, monkeypatch):
    monkeypatch.setattr(batches, "_BUSY_SECONDS", (0.0,))
    course.submit("ada", solved)
    pools = Counting()
    other = sqlite3.connect(course.data / "gradebook.db")

    def lock_then_judge(exams):
        other.execute("BEGIN EXCLUSIVE")
        return pools(exams)

    url = graded_course(course).directory.db_url + "?timeout=0.1"
    row = run(course, lock_then_judge, Config({"CourseDirectory": {"db_url": url}}))["ada"]
    assert row.outcome == "failed" and "database is locked" in row.remarks[0] and "same command again" in row.remarks[0]
    other.rollback()
    other.close()
    assert run(course, pools)["ada"].score == 5.0 and pools.jobs == 1


def test_a_full_disk_ends_the_batch_and_keeps_what_was_graded(course, solved, monkeypatch):
    for number, student in enumerate(("ada", "bob")):
        cell(solved, "outer").source = OUTER + f"  # {number}"
        course.submit(student, solved)
    keep = Ledger.done

    def full(self, result):
        if any(self._results.rglob("*.json")):
            raise OSError(errno.ENOSPC, "No space left on device", "results")
        keep(self, result)

    pools = Counting()
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "done", full)
        with pytest.raises(GradingProblem, match=r"no space left for results\. What was graded is kept"):
            run(course, pools)
    assert {row.score for row in run(course, pools).values()} == {5.0} and pools.jobs == 3


def test_a_crash_while_judging_one_is_told_and_the_rest_goes_on(course, solved):
    class Broken(InProcessPool):
        def submit(self, job):
            future = super().submit(job)
            if "# ada" in job.notebook:
                future = type(future)()
                future.set_exception(RuntimeError("a fault of the grader"))
            return future

    course.submit("bob", solved)
    cell(solved, "outer").source = OUTER + "  # ada"
    course.submit("ada", solved)
    rows = run(course, Broken)
    assert rows["ada"].outcome == "failed" and "a fault of the grader" in rows["ada"].remarks[0]
    assert rows["bob"].score == 5.0


def test_what_stopped_the_grader_three_times_is_for_a_person(course, solved):
    course.submit("ada", solved)

    class Fatal(InProcessPool):
        def submit(self, job):
            raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            run(course, Fatal)
    row = run(course)["ada"]
    assert row.score == 0.0 and row.remarks[0].startswith("grading it stopped the grader 3 times")
    assert run(course, force=True)["ada"].score == 5.0


def test_a_torn_last_line_of_the_ledger_counts_as_not_written(course, solved):
    course.submit("ada", solved)
    run(course)
    path = course.data / "batch" / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    pools = Counting()
    assert run(course, pools)["ada"].outcome == "graded" and pools.jobs == 0
    assert all(json.loads(line) for line in path.read_text().splitlines()[-1:])


def test_a_damaged_result_is_judged_again(course, solved):
    course.submit("ada", solved)
    pools = Counting()
    run(course, pools)
    (path,) = (course.data / "batch" / "results").rglob("*.json")
    path.write_text(path.read_text()[:100])
    (course.data / "autograded" / "ada" / STEM / f"{STEM}.ipynb").unlink()
    assert run(course, pools)["ada"].score == 5.0 and pools.jobs == 2


def test_two_graders_do_not_work_on_one_course(course):
    folder = graded_course(course).batch_folder
    with Ledger(folder), pytest.raises(GradingProblem, match="another `autograder grade` is at work"):
        Ledger(folder)


def test_a_timestamp_that_is_none_is_told_and_the_next_record_is_whole(course, solved):
    (course.submit("ada", solved).parent / "timestamp.txt").write_text("yesterday, or so")
    course.submit("bob", solved)
    rows = run(course)
    assert rows["ada"].outcome == "failed" and "could not be recorded" in rows["ada"].remarks[0]
    assert (rows["bob"].outcome, rows["bob"].score) == ("graded", 5.0)


def test_a_file_with_a_binary_name_beside_the_notebook_does_no_harm(course, solved):
    folder = course.submit("ada", solved).parent
    with open(os.fsencode(folder) + b"/\xff\xfe.bin", "wb") as file:
        file.write(b"x")
    assert run(course)["ada"].score == 5.0


def test_a_notebook_that_restoring_trips_over_stops_nobody_else(course, solved, monkeypatch):
    course.submit("ada", solved)
    bad = nbformat.from_dict(solved)
    bad.metadata["trips"] = True
    course.submit("bob", bad)
    restored = Recorder.restored

    def tripping(self, name, notebook):
        if "trips" in notebook.metadata:
            raise OverflowError("int too large to convert to float")
        return restored(self, name, notebook)

    monkeypatch.setattr(Recorder, "restored", tripping)
    rows = run(course)
    assert (rows["ada"].outcome, rows["ada"].score) == ("graded", 5.0)
    assert (rows["bob"].outcome, rows["bob"].score) == ("graded", 0.0)
    assert "cannot be put back as it was released (OverflowError: int too large" in rows["bob"].remarks[0]


def test_a_notebook_of_too_many_cells_is_not_read(course, solved, monkeypatch):
    monkeypatch.setattr(reading, "MOST_CELLS", len(solved.cells))
    course.submit("ada", solved)
    solved.cells.append(v4.new_markdown_cell("one more"))
    course.submit("bob", solved)
    rows = run(course)
    assert (rows["ada"].score, rows["bob"].score) == (5.0, 0.0)
    assert f"it has {len(solved.cells)} cells, and at most" in rows["bob"].remarks[0]
