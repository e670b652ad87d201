"""What students receive: nbgrader's release of the staged notebook, with nothing of the solutions in it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from small_course import STEM

from autograder.authoring import percent
from autograder.grading import release

POINTS = {STEM: {"outer": 3.0, "Scale": 2.0}}


def test_a_release_holds_no_solution_no_output_and_no_count(course):
    notebook = course.notebook()
    script = percent.read(course.root / "solutions" / STEM / f"{STEM}.py")
    released = "\n".join(cell.source for cell in notebook.cells)
    for cell in script.cells:
        inside = re.findall(rf"{percent.BEGIN}\n(.*?)\n\s*{percent.END}", cell.source, re.DOTALL)
        assert bool(inside) == (cell.kind in ("exercise", "answer"))
        assert not any(line.strip() in released for region in inside for line in region.split("\n"))
    assert "SOLUTION" not in released
    assert all(cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if "outputs" in cell)


def test_a_stub_keeps_signature_and_docstring_and_is_not_implemented(course):
    source = next(cell.source for cell in course.notebook().cells if cell.id == "outer")
    namespace: dict = {"Tensor": object}
    exec(source, namespace)
    assert namespace["outer"].__doc__.startswith("The table of all products")
    with pytest.raises(NotImplementedError):
        namespace["outer"](1, 2)


def test_two_releases_are_equal_byte_for_byte(course, tmp_path: Path):
    again = release.build([STEM], POINTS, course.root, tmp_path / "again")[0]
    assert again == tmp_path / "again" / STEM / f"{STEM}.ipynb"
    assert again.read_bytes() == course.released.read_bytes()


def test_a_release_is_the_only_file_of_its_folder(course):
    assert list(course.released.parent.iterdir()) == [course.released]
    staged = course.root / "_build" / "source" / STEM
    assert [path.name for path in staged.iterdir()] == [f"{STEM}.ipynb"]


def test_a_release_is_a_valid_notebook_of_schema_3(course):
    nbformat.validate(course.notebook())
    known = [cell.metadata["nbgrader"] for cell in course.notebook().cells if "nbgrader" in cell.metadata]
    assert {metadata["schema_version"] for metadata in known} == {3} and len(known) == 5


def test_building_keeps_an_edited_notebook_and_says_so(course):
    before = course.released.read_bytes()
    edited = before.replace(b"raise NotImplementedError", b"return a[:, None] * b", 1)
    course.released.write_bytes(edited)
    course.released.with_name("notes.txt").write_text("of somebody who works here")
    words: list[str] = []
    release.build([STEM], POINTS, course.root, told=words.append)
    (kept,) = (course.released.parent / "backups").iterdir()
    assert (course.released.read_bytes(), kept.read_bytes()) == (before, edited)
    assert len(words) == 1 and f"what was there is kept as {kept}" in words[0]
    assert course.released.with_name("notes.txt").is_file()


def test_building_twice_makes_no_backup(course):
    release.build([STEM], POINTS, course.root, told=pytest.fail)
    assert not (course.released.parent / "backups").exists()


def test_a_release_without_recording_leaves_the_gradebook_alone(course, tmp_path: Path):
    gradebook = course.data / "gradebook.db"
    before = gradebook.read_bytes()
    release.build([STEM], POINTS, course.root, tmp_path / "again")
    assert gradebook.read_bytes() == before


def test_a_recorded_release_knows_points_and_cells(course):
    with course.gradebook() as gradebook:
        notebook = gradebook.find_notebook(STEM, STEM)
        assert {cell.name: cell.max_score for cell in notebook.grade_cells} == {
            "check-outer": 3.0,
            "check-Scale": 2.0,
            "explain": 2.0,
        }


def test_a_wrong_cell_stops_the_release_and_leaves_the_old_one(course):
    source = course.root / "solutions" / STEM / f"{STEM}.py"
    source.write_text(source.read_text().replace('exercise="outer"', 'exercize="outer"'))
    before = course.released.read_bytes()
    with pytest.raises(percent.AuthoringError, match=rf"{STEM}\.py:\d+: unknown marker 'exercize'"):
        release.build([STEM], POINTS, course.root)
    assert course.released.read_bytes() == before


def test_what_nbgrader_refuses_is_told_in_its_words(course):
    """nbgrader changes no assignment that has submissions."""
    course.submit("ada", course.notebook())
    assert course.autograde("ada")["success"]
    source = course.root / "solutions" / STEM / f"{STEM}.py"
    extra = '\n# %% exercise="twice"\ndef twice(x):\n    """2 x."""\n    ### BEGIN SOLUTION\n    return 2 * x\n'
    source.write_text(source.read_text() + extra + '    ### END SOLUTION\n# %% check="twice"\ncheck(twice)\n')
    with pytest.raises(release.ReleaseError, match="there are submissions associated with it"):
        release.build([STEM], {STEM: POINTS[STEM] | {"twice": 1.0}}, course.root, record=True)


def test_the_repository_s_address_comes_from_the_project_s_file(tmp_path: Path):
    assert release.repository(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[project.urls]\nRepository = "https://a.example/b"\n'
    )
    assert release.repository(tmp_path) == "https://a.example/b"


def test_the_course_s_data_can_lie_elsewhere(course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tmp_path / "elsewhere"))
    course.executor = "in_process.InProcess"
    release.build([STEM], POINTS, course.root, record=True)
    folder = tmp_path / "elsewhere" / "submitted" / "ada" / STEM
    folder.mkdir(parents=True)
    (folder / f"{STEM}.ipynb").write_text(nbformat.writes(course.notebook()))
    assert course.autograde("ada")["success"], course.logs[-1]
    assert (tmp_path / "elsewhere" / "autograded" / "ada" / STEM / f"{STEM}.ipynb").is_file()
    assert not (course.data / "autograded").exists()
