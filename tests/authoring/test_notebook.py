"""The staged notebook: nbgrader's metadata, ids that stay, bytes that stay, and nothing beside it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from autograder.authoring import notebook
from autograder.authoring.percent import TEXT_STUB, AuthoringError, parse, stub
from autograder.checking.identity import is_released, source

STEM = "ch99_demo"
PATH = Path(f"solutions/{STEM}/{STEM}.py")
TEXT = '''\
# %% [markdown]
# # Demo
# %%
import math
# %% exercise="twice"
def twice(x):
    """Returns 2 x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
# %% check="twice"
check(twice)
# %%
twice(2)
# %%
twice(2)
# %% [markdown] think="why"
# Why?
# <details><summary>Answer</summary>Because.</details>
# %% [markdown] answer="explain" points=2
# Explain.
# ### BEGIN SOLUTION
# So.
# ### END SOLUTION
'''
POINTS = {"twice": 3.0}


@pytest.fixture
def built() -> nbformat.NotebookNode:
    return notebook.build(parse(TEXT, PATH), POINTS)


def by_id(built: nbformat.NotebookNode) -> dict:
    return {cell.id: cell for cell in built.cells}


def test_an_exercise_is_an_nbgrader_solution(built):
    assert by_id(built)["twice"].metadata["nbgrader"] == {
        "grade": False, "grade_id": "twice", "locked": False, "schema_version": 3, "solution": True, "task": False,
    }  # fmt: skip


def test_a_check_is_a_locked_nbgrader_test_with_the_points_given(built):
    assert by_id(built)["check-twice"].metadata["nbgrader"] == {
        "grade": True, "grade_id": "check-twice", "locked": True, "points": 3, "schema_version": 3, "solution": False,
        "task": False,
    }  # fmt: skip


def test_whole_points_are_written_as_jupyterlab_writes_them(built):
    written = nbformat.writes(built)
    assert '"points": 3,' in written and '"points": 2,' in written
    half = nbformat.writes(notebook.build(parse(TEXT, PATH), {"twice": 2.5}))
    assert '"points": 2.5,' in half


def test_a_notebook_that_makes_a_check_ends_in_the_board_and_how_to_hand_in():
    text = TEXT.replace("import math", 'from autograder import Check\n\ncheck = Check("ch99_demo")')
    *_, words, board = notebook.build(parse(text, PATH), POINTS).cells
    assert (board.id, board.source) == ("board", "check.board()")
    assert f"autograder submit {STEM}" in words.source


def test_the_staged_notebook_records_its_release_without_the_solutions(built, tmp_path: Path):
    staged = json.loads(notebook.stage(built, STEM, tmp_path).read_text())
    assert not is_released(staged)  # it still has the solutions
    for cell in staged["cells"]:
        cell["source"] = stub(source(cell), "raise NotImplementedError" if cell["cell_type"] == "code" else TEXT_STUB)
    assert is_released(staged)
    assert staged["metadata"]["autograder"]["graded"] == "twice check-twice explain"


def test_an_answer_is_graded_by_a_person(built):
    metadata = by_id(built)["explain"].metadata["nbgrader"]
    assert (metadata["grade"], metadata["solution"], metadata["points"]) == (True, True, 2.0)


def test_exercise_and_check_name_chapter_and_exercise(built):
    for name in ("twice", "check-twice"):
        assert by_id(built)[name].metadata["autograder"] == {"chapter": STEM, "exercise": "twice"}


def test_a_question_is_released_with_its_answer_and_without_grading(built):
    cell = by_id(built)["think-why"]
    assert "nbgrader" not in cell.metadata and "Because." in cell.source


def test_two_builds_are_equal_byte_for_byte():
    first, second = (nbformat.writes(notebook.build(parse(TEXT, PATH), POINTS)) for _ in range(2))
    assert first == second


def test_ids_are_unique_even_where_cells_are_equal(built):
    ids = [cell.id for cell in built.cells]
    assert len(set(ids)) == len(ids)


def test_a_new_cell_leaves_the_ids_of_the_others(built):
    text = TEXT.replace("# %%\nimport math", "# %%\nimport os\n# %%\nimport math")
    longer = notebook.build(parse(text, PATH), POINTS)
    assert set(by_id(built)) < set(by_id(longer))


def test_the_first_code_cell_installs_the_package_from_the_repository():
    cells = notebook.build(parse(TEXT, PATH), POINTS, "https://git.example.org/course").cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert '%pip install --quiet "built-in[student] @ git+https://git.example.org/course"' in first.source


def test_the_set_up_cell_does_nothing_where_the_package_is(built):
    source = by_id(built)["setup"].source
    exec(
        compile(source, "setup", "exec"), {}
    )  # plain Python without a repository; it raises where nothing is installed


def test_the_notebook_is_valid_and_names_its_kernel(built):
    nbformat.validate(built)
    assert built.metadata["kernelspec"]["name"] == "python3" and built.metadata["language_info"] == {"name": "python"}


def test_an_exercise_without_points_is_named_with_its_line():
    with pytest.raises(AuthoringError, match=rf"{STEM}\.py:5: no points for twice\. .*cases\.py"):
        notebook.build(parse(TEXT, PATH), {})


def test_points_without_an_exercise_are_named():
    with pytest.raises(AuthoringError, match=r"cases\.py has an exercise thrice"):
        notebook.build(parse(TEXT, PATH), POINTS | {"thrice": 1})


def test_the_notebook_is_staged_alone_in_its_folder(built, tmp_path: Path):
    path = notebook.stage(built, STEM, tmp_path)
    assert path == tmp_path / STEM / f"{STEM}.ipynb"
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    assert json.loads(path.read_text())["nbformat"] == 4


def test_a_file_that_would_leak_stops_the_staging(built, tmp_path: Path):
    (tmp_path / STEM).mkdir()
    (tmp_path / STEM / "cases.py").write_text("")
    with pytest.raises(FileExistsError, match=r"cases\.py would be released to students"):
        notebook.stage(built, STEM, tmp_path)


def test_an_unchanged_notebook_keeps_its_time_of_change(built, tmp_path: Path):
    path = notebook.stage(built, STEM, tmp_path)
    before = path.stat().st_mtime_ns
    notebook.stage(built, STEM, tmp_path)
    assert path.stat().st_mtime_ns == before
