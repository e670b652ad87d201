"""What a submission may have gone through. Each gives a message, is scored by no accident, and is shown to a person."""

from __future__ import annotations

import json

import nbformat
import pytest
from nbformat import v4
from nbgrader.utils import compute_checksum
from small_course import OUTER, STEM, cell

from autograder.grading.integrity import MISSING, ReleasedCell, restore


def delete_test_cell(notebook):
    notebook.cells.remove(cell(notebook, "check-outer"))


def test_a_deleted_test_cell_is_put_back_scores_nothing_and_asks_for_a_person(course, solved):
    delete_test_cell(solved)
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (0.0, True)
    assert "check-outer was deleted: it was put back and scores 0" in grade.comment


def test_a_deleted_test_cell_shows_what_it_would_have_scored(course, solved):
    delete_test_cell(solved)
    course.grade("ada", solved)
    graded = course.graded("ada")
    names = [each.id for each in graded.cells]
    assert names.index("check-outer") == names.index("outer") + 1
    assert "3 of 3 points" in cell(graded, "check-outer").outputs[0].data["text/plain"]


def test_the_other_cells_of_a_notebook_with_a_deleted_one_score_as_ever(course, solved):
    delete_test_cell(solved)
    assert course.grade("ada", solved)["check-Scale"].score == 2.0


def test_the_log_names_the_submission_and_what_to_do(course, solved):
    delete_test_cell(solved)
    course.grade("ada", solved)
    assert f"ada, {STEM}/{STEM}.ipynb: check-outer was deleted" in course.logs[-1]
    assert "Look at it in the formgrader" in course.logs[-1]


def test_a_duplicated_test_cell_scores_once_and_asks_for_a_person(course, solved):
    again = nbformat.from_dict(cell(solved, "check-outer"))
    again.id = "pasted"
    solved.cells.append(again)
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "are both check-outer: the later one counts" in grade.comment


def test_a_grade_id_that_stands_twice_with_another_cell_in_between_counts_the_later(course, solved):
    broken = v4.new_code_cell("def outer(a, b):\n    return a", metadata=cell(solved, "outer").metadata)
    solved.cells.insert(solved.cells.index(cell(solved, "check-outer")), broken)
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (0.0, True)
    assert "are both outer" in grade.comment


def test_raised_points_are_put_back_and_told(course, solved):
    cell(solved, "check-outer").metadata["nbgrader"]["points"] = 100
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "points was 100 and is 3.0" in grade.comment
    with course.gradebook() as gradebook:
        assert gradebook.find_submission(STEM, "ada").max_score == 7.0


def test_points_of_an_earlier_release_are_nobody_s_doing(course, solved):
    check = cell(solved, "check-outer")
    check.metadata["nbgrader"]["points"] = 5
    check.metadata["nbgrader"]["checksum"] = compute_checksum(check)
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, False)


CLAIMS = {"a-number-that-no-float-holds": 10**400, "long-text": "5" * 100_000, "deep": json.loads("[" * 90 + "]" * 90)}


@pytest.mark.parametrize("points", CLAIMS.values(), ids=CLAIMS)
def test_points_of_any_size_are_put_back_and_told_in_brief(course, solved, points):
    cell(solved, "check-outer").metadata["nbgrader"]["points"] = points
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "and is 3.0" in grade.comment and len(grade.comment) < 300


def test_a_name_of_any_length_is_told_in_brief(course, solved):
    solved.cells.append(v4.new_code_cell("1", metadata={"nbgrader": {"grade_id": "x" * 100_000}}))
    course.grade("ada", solved)
    (told,) = course.graded("ada").metadata["autograder"]["irregularities"]
    assert told[0] == "unknown" and len(told[2]) < 300


METADATA = {
    "not-graded-any-more": {"grade": False},
    "unlocked": {"locked": False},
    "a-solution-now": {"solution": True},
    "points-gone": {"points": None},
}


@pytest.mark.parametrize("change", METADATA.values(), ids=METADATA)
def test_changed_metadata_is_put_back_and_told(course, solved, change):
    metadata = cell(solved, "check-outer").metadata["nbgrader"]
    metadata.update(change)
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "the metadata was put back" in grade.comment


UNREADABLE = {"text": "solution", "a-list": ["grade"], "a-number": 7, "an-empty-object": {}, "no-id": {"grade": True}}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_metadata_is_put_back_and_told(course, solved, value):
    cell(solved, "check-outer").metadata["nbgrader"] = value
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "metadata" in grade.comment


def test_an_edited_test_cell_is_put_back_and_told(course, solved):
    cell(solved, "check-outer").source = "print('3.0')"
    cell(solved, "outer").source = "def outer(a, b):\n    return a"
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (0.0, True)
    assert "the test was edited; the released one is back" in grade.comment
    assert cell(course.graded("ada"), "check-outer").source == "check(outer)"


def test_a_test_cell_turned_into_text_is_code_again(course, solved):
    position = solved.cells.index(cell(solved, "check-outer"))
    old = solved.cells[position]
    solved.cells[position] = v4.new_markdown_cell(old.source, metadata=old.metadata, id=old.id)
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "it had become a markdown cell" in grade.comment


def test_a_test_cell_tagged_not_to_run_is_judged_all_the_same(course, solved):
    cell(solved, "check-outer").metadata["tags"] = ["skip-execution"]
    cell(solved, "outer").source = "def outer(a, b):\n    return a"
    assert course.grade("ada", solved)["check-outer"].score == 0.0


def without_metadata(notebook):
    for each in notebook.cells:
        each.metadata = nbformat.from_dict({})
    return notebook


def test_a_notebook_that_lost_its_metadata_is_recognised_scored_and_shown_to_a_person(course, solved):
    grades = course.grade("ada", without_metadata(solved))
    assert [grades[name].score for name in ("check-outer", "check-Scale")] == [3.0, 2.0]
    assert all(grade.needs_person for grade in grades.values())
    assert "the notebook lost all its nbgrader metadata; 5 of 5 cells were recognised" in grades["check-outer"].comment
    assert course.logs[-1].count("lost all its nbgrader metadata") == 1


def test_cells_are_recognised_without_ids_too(course, solved):
    text = json.loads(nbformat.writes(without_metadata(solved)))
    for number, each in enumerate(text["cells"]):
        each["id"] = f"other-{number}"
    grades = course.grade("ada", nbformat.reads(json.dumps(text), as_version=4))
    assert [grades[name].score for name in ("check-outer", "check-Scale")] == [3.0, 2.0]
    assert grades["explain"].score == 0.0  # a written answer has nothing else to be known by
    assert "explain was deleted" in grades["explain"].comment


def test_a_notebook_with_nothing_of_the_release_scores_nothing_and_is_shown_to_a_person(course):
    grades = course.grade("ada", v4.new_notebook(cells=[v4.new_code_cell("1 + 1")]))
    assert {(grade.score, grade.needs_person) for grade in grades.values()} == {(0.0, True)}
    sources = [each.source for each in course.graded("ada").cells]
    assert "check(outer)" in sources and f"# {MISSING}" in sources


def test_a_renamed_grade_id_is_told_and_its_cell_found_by_its_source(course, solved):
    cell(solved, "check-outer").metadata["nbgrader"]["grade_id"] = "mine"
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (3.0, True)
    assert "calls itself 'mine'" in course.logs[-1] and "was recognised" in grade.comment


def test_a_deleted_exercise_cell_is_put_back_as_a_note(course, solved):
    solved.cells.remove(cell(solved, "outer"))
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person) == (0.0, True)
    graded = course.graded("ada")
    assert cell(graded, "outer").source == f"# {MISSING}"
    assert "outer: not defined" in cell(graded, "check-outer").outputs[0].data["text/plain"]


def test_an_exercise_moved_to_a_cell_of_the_student_counts(course, solved):
    solved.cells.remove(cell(solved, "outer"))
    solved.cells.insert(3, v4.new_code_cell(OUTER + "\n"))
    assert course.grade("ada", solved)["check-outer"].score == 3.0


def test_a_whole_notebook_gives_no_irregularity(course, solved):
    course.grade("ada", solved)
    assert course.graded("ada").metadata["autograder"]["irregularities"] == []


def test_notes_that_a_student_wrote_into_the_notebook_are_not_taken_for_ours(course, solved):
    solved.metadata["autograder"] = {"irregularities": [["deleted", "check-outer", "forged"]]}
    grade = course.grade("ada", solved)["check-outer"]
    assert (grade.score, grade.needs_person, grade.comment) == (3.0, False, None)


def test_one_unreadable_file_stops_no_other_submission(course, solved):
    course.submit("ada", solved)
    course.submit("bob", solved).write_text("this is no notebook", encoding="utf-8")
    assert not course.autograde("*")["success"]
    assert course.grades("ada")["check-outer"].score == 3.0
    assert (course.data / "submitted" / "bob" / STEM / f"{STEM}.ipynb").is_file()
    assert f"'{STEM}' for student 'bob'" in course.logs[-1]


def test_cells_are_put_back_in_the_order_of_the_release():
    released = [
        ReleasedCell(name, "code", f"source of {name}", locked=True, grade=True, solution=False, points=1.0)
        for name in ("one", "two", "three")
    ]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# Title")])
    found = restore(notebook, released)
    assert [each.get("id") for each in notebook.cells][:3] == ["one", "two", "three"]
    assert [each.kind for each in found] == ["lost", "deleted", "deleted", "deleted"]
