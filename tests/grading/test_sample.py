"""The made-up class: the same for the same seed, with attempts that are what they are called."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import nbformat
import pytest
from small_course import STEM

from autograder.authoring.chapter import load_chapter
from autograder.grading import sample
from autograder.grading.sample import KINDS, Attempt, answer, make


@pytest.fixture
def exercises(course):
    return load_chapter(STEM, course.root / "solutions").exercises


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_class(course, tmp_path):
    first = make([STEM], tmp_path / "a", students=5, seed=4, root=course.root)
    second = make([STEM], tmp_path / "b", students=5, seed=4, root=course.root)
    assert first == second and files(tmp_path / "a") == files(tmp_path / "b")


def test_another_seed_gives_another_class(course, tmp_path):
    first = make([STEM], tmp_path / "a", students=8, seed=1, root=course.root)
    assert first != make([STEM], tmp_path / "b", students=8, seed=2, root=course.root)


def test_one_has_everything_right_and_one_has_not_begun(course, tmp_path):
    class_ = make([STEM], tmp_path, students=2, root=course.root)
    assert {attempt.kind for attempt in class_[0].attempts[STEM].values()} == {"solution"}
    untouched = nbformat.read(tmp_path / class_[1].id / STEM / f"{STEM}.ipynb", as_version=4)
    assert [cell.source for cell in untouched.cells] == [cell.source for cell in course.notebook().cells]


def test_a_large_class_has_every_kind_and_no_id_twice(course, tmp_path):
    class_ = make([STEM], tmp_path, students=60, root=course.root)
    counted = Counter(attempt.kind for student in class_ for attempt in student.attempts[STEM].values())
    assert set(counted) == set(KINDS)
    assert len({student.id for student in class_}) == 60
    assert all(student.id.isascii() and "+" not in student.id for student in class_)


def test_a_submission_changes_nothing_but_answers(course, tmp_path):
    class_ = make([STEM], tmp_path, students=4, root=course.root)
    released = course.notebook()
    for student in class_:
        handed_in = nbformat.read(tmp_path / student.id / STEM / f"{STEM}.ipynb", as_version=4)
        assert [(c.id, c.cell_type, c.metadata) for c in handed_in.cells] == [
            (c.id, c.cell_type, c.metadata) for c in released.cells
        ]
        fixed = [c.source for c in handed_in.cells if not c.metadata.get("nbgrader", {}).get("solution")]
        assert fixed == [c.source for c in released.cells if not c.metadata.get("nbgrader", {}).get("solution")]


def test_a_syntax_error_is_one(exercises):
    for exercise in exercises.values():
        with pytest.raises(SyntaxError):
            compile(answer(exercise, Attempt("syntax error")), "cell", "exec")


def test_an_exception_comes_when_it_is_called(exercises):
    namespace: dict = {"Tensor": object}
    exec(answer(exercises["outer"], Attempt("exception")), namespace)
    with pytest.raises(NameError):
        namespace["outer"](1, 2)


def test_a_mistake_is_handed_in_without_its_hint(exercises):
    source = answer(exercises["outer"], Attempt("mistake", "transposed"))
    assert "changed places" not in source and "The table of all products" in source


def test_no_attempt_shows_the_marks_of_the_author(exercises):
    for name, exercise in exercises.items():
        attempts = [Attempt(kind) for kind in KINDS if kind not in ("mistake", "variant")]
        attempts += [Attempt("mistake", each) for each in exercise.mistakes]
        attempts += [Attempt("variant", each) for each in exercise.variants]
        assert not any("SOLUTION" in answer(exercise, attempt) for attempt in attempts), name


def test_the_class_is_entered_with_names(course, tmp_path):
    class_ = make([STEM], tmp_path, students=3, root=course.root)
    with course.gradebook() as gradebook:
        sample.enroll(class_, str(gradebook.engine.url), "built-in")
        assert gradebook.find_student("yuki.tanaka").last_name == "Tanaka"


def test_a_chapter_that_was_not_released_is_named(course, tmp_path):
    course.released.unlink()
    with pytest.raises(FileNotFoundError, match=f"{STEM} has not been released. Run: python -m autograder build"):
        make([STEM], tmp_path, students=1, root=course.root)


def test_a_class_of_twelve_has_a_copy_a_deleted_check_and_a_process_that_ends(course, tmp_path):
    class_ = make([STEM], tmp_path, students=12, root=course.root)
    assert [student.incident for student in class_[7:11]] == ["", "copied", "check deleted", "process ended"]
    assert class_[8].attempts == class_[7].attempts
    cells = [nbformat.read(tmp_path / student.id / STEM / f"{STEM}.ipynb", as_version=4).cells for student in class_]
    assert "check-outer" not in {each.id for each in cells[9]} and "check-outer" in {each.id for each in cells[7]}
    assert "os._exit(1)" in next(each.source for each in cells[10] if each.id == "Scale")


def test_other_names_change_nothing_that_is_computed():
    source = (
        "def f(a, b):\n    total = a  # keep\n    for step in range(b):\n        total = total + step\n    return total"
    )
    first: dict = {}
    second: dict = {}
    exec(source, first)
    exec(sample.renamed(source), second)
    assert first["f"](3, 4) == second["f"](3, 4) == 9
    assert "my_total" in sample.renamed(source) and "keep" not in sample.renamed(source)
