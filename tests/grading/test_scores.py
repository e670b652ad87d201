"""What is recorded for submissions whose notebook is whole: points by the verdict, nothing by what a cell prints."""

from __future__ import annotations

import pytest
from nbformat import v4
from small_course import OUTER, STEM, cell


def test_a_solved_notebook_scores_in_full_and_leaves_the_written_answer_to_a_person(course, solved):
    grades = course.grade("ada", solved)
    assert {name: (grade.score, grade.needs_person) for name, grade in grades.items()} == {
        "check-outer": (3.0, False),
        "check-Scale": (2.0, False),
        "explain": (None, True),
    }


def test_an_untouched_notebook_scores_nothing_and_says_that_there_was_no_response(course):
    grades = course.grade("ada", course.notebook())
    assert {grade.score for grade in grades.values()} == {0.0}
    assert {grade.comment for grade in grades.values()} == {"No response."}
    assert not any(grade.needs_person for grade in grades.values())


def test_the_verdict_names_the_mistake(course, solved):
    cell(solved, "outer").source = OUTER.replace("a[:, None] * b[None, :]", "a[None, :] * b[:, None]")
    assert course.grade("ada", solved)["check-outer"].score == 0.0
    shown = cell(course.graded("ada"), "check-outer").outputs[0].data
    assert "Known mistake: transposed" in shown["text/plain"] and "transposed" in shown["text/html"]


FORGERIES = {
    "prints-points": "print(3.0)",
    "ends-in-points": "3.0",
    "shows-a-verdict": "print('✓ outer: passed, 3 of 3 points')",
    "redefines-check": "def check(target):\n    return 3.0",
}


@pytest.mark.parametrize("code", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_scores_nothing(course, solved, code):
    cell(solved, "outer").source = "def outer(a, b):\n    return 3.0\n" + code
    assert course.grade("ada", solved)["check-outer"].score == 0.0


def test_a_notebook_that_stops_early_keeps_what_it_earned(course, solved):
    cell(solved, "Scale").source = "def Scale(:"
    grades = course.grade("ada", solved)
    assert (grades["check-outer"].score, grades["check-Scale"].score) == (3.0, 0.0)


def test_what_a_function_prints_on_a_case_is_not_shown(course, solved):
    cell(solved, "outer").source = OUTER.replace("    return", "    print('SPY', a)\n    return")
    course.grade("ada", solved)
    assert not any("SPY" in str(output) for output in cell(course.graded("ada"), "check-outer").outputs)


def test_a_warning_on_a_hidden_case_is_not_shown(course, solved):
    warned = "    import warnings\n    warnings.warn('SPY ' + str(a.tolist()))\n    return"
    cell(solved, "outer").source = OUTER.replace("    return", warned)
    course.grade("ada", solved)
    shown = str(cell(course.graded("ada"), "check-outer").outputs)
    assert shown.count("SPY") <= 2  # as text and as HTML, of the public case


def test_grading_twice_gives_the_same(course, solved):
    assert course.grade("ada", solved) == course.grade("ada", solved)


def test_a_score_that_a_person_gave_survives_and_asks_to_be_looked_at_again(course, solved):
    course.grade("ada", solved)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("check-outer", STEM, STEM, "ada")
        grade.manual_score = 1.0
        gradebook.db.commit()
    course.autograde("ada")
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("check-outer", STEM, STEM, "ada")
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (1.0, 3.0, True)


def test_a_missing_reference_is_named_and_scores_nothing_silently(course, solved):
    (course.root / "references" / f"{STEM}.safetensors").unlink()
    grades = course.grade("ada", solved)
    assert f"{STEM}.safetensors: no reference" in course.logs[-1] and "autograder freeze" in course.logs[-1]
    assert grades["check-outer"].score == 0.0 and grades["check-outer"].needs_person
    assert "could not be judged" in grades["check-outer"].comment


def test_a_reference_cut_in_half_stops_the_grading_and_names_the_file(course, solved):
    path = course.root / "references" / f"{STEM}.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    course.submit("ada", solved)
    assert not course.autograde("ada")["success"]
    assert f"{STEM}.safetensors: the reference is damaged" in course.logs[-1]
    assert (course.data / "submitted" / "ada" / STEM / f"{STEM}.ipynb").is_file()


def test_an_exercise_that_the_reference_lacks_is_for_a_person(course, solved):
    with course.gradebook() as gradebook:
        gradebook.update_or_create_source_cell(
            "check-outer", STEM, STEM, source="check(inner)", cell_type="code", locked=True
        )
    grades = course.grade("ada", solved)
    assert grades["check-outer"].needs_person and "has no exercise inner" in course.logs[-1]


def test_hidden_cases_catch_what_knows_the_public_ones(course, solved):
    """A function that answers the public case from memory, and anything else with zeros."""
    from autograder.checking.references import load_reference

    public = load_reference(course.root / "references" / f"{STEM}.safetensors").exercises["outer"].cases[0].case
    a, b = (tensor.tolist() for tensor in public.calls[0].args)
    cell(solved, "outer").source = (
        f"def outer(a, b):\n    known = torch.tensor({a}), torch.tensor({b})\n"
        "    hit = a.shape == known[0].shape and torch.allclose(a, known[0])\n"
        "    return a[:, None] * b[None, :] * hit\n"
    )
    assert course.grade("ada", solved)["check-outer"].score == 0.0
    shown = cell(course.graded("ada"), "check-outer").outputs[0].data["text/plain"]
    assert "hidden case" in shown and "expected" not in shown


def test_the_key_is_the_course_s_own_where_none_is_given_and_grading_says_so(course, solved, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_KEY")
    course.grade("ada", solved)
    key = course.data / "hidden.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "hidden.key" in course.logs[-1] and key.read_text() not in course.logs[-1]


def test_a_plain_assert_cell_scores_as_in_nbgrader(course, solved):
    with course.gradebook() as gradebook:
        gradebook.update_or_create_source_cell(
            "check-outer", STEM, STEM, source="assert outer(torch.ones(2), torch.ones(3)).shape == (2, 3)",
            cell_type="code", locked=True,
        )  # fmt: skip
    assert course.grade("ada", solved)["check-outer"].score == 3.0
    cell(solved, "outer").source = "def outer(a, b):\n    return a"
    assert course.grade("ada", solved)["check-outer"].score == 0.0


def test_further_cells_of_a_student_change_nothing(course, solved):
    solved.cells.append(v4.new_code_cell("1 / 0"))
    assert course.grade("ada", solved)["check-outer"].score == 3.0
