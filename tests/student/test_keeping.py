"""Nothing that a student wrote is ever lost: a new release comes with a backup, and with the answers in it."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import nbformat
import pytest

from autograder.checking.identity import is_released, source
from autograder.student import shelf
from autograder.student.keeping import place
from autograder.student.notebooks import NotebookProblem, irregularities, parse

STEM = "ch03_convolution"
ANSWER = "def conv1d(x, w):\n    return x.unfold(0, len(w), 1) @ w"


def answered(cell):
    """A change of a notebook: an exercise is written."""

    def change(notebook):
        cell(notebook, "conv1d")["source"] = ANSWER

    return change


def sources(path: Path) -> list[str]:
    return [source(each) for each in parse(path.read_bytes())["cells"]]


@pytest.mark.parametrize("stem", sorted(path.stem for path in (shelf.REPOSITORY / "exercises").glob("*/ch*.ipynb")))
def test_every_released_notebook_knows_itself(stem):
    assert is_released(parse((shelf.REPOSITORY / "exercises" / stem / f"{stem}.ipynb").read_bytes()))


def test_where_there_is_none_a_notebook_is_made_as_released(folder, fresh):
    placed = place(fresh, folder / "a.ipynb", carry=True)
    assert (placed.outcome, (folder / "a.ipynb").read_bytes()) == ("new", fresh)


def test_a_notebook_of_this_release_is_left_alone_edited_or_not(edit, cell, fresh):
    path = edit(answered(cell))
    before = path.read_bytes()
    assert place(fresh, path, carry=True).outcome == "unchanged" and path.read_bytes() == before


def test_a_deleted_cell_that_makes_the_check_comes_back(edit, cell, fresh):
    made = [text for text in map(source, json.loads(fresh)["cells"]) if "check = Check(" in text]

    def lose(notebook):
        answered(cell)(notebook)
        notebook["cells"] = [each for each in notebook["cells"] if source(each) not in made]

    path = edit(lose)
    assert place(fresh, path, carry=True).carried == (1, 0)
    assert made[0] in sources(path) and ANSWER in sources(path)
    assert place(fresh, path, carry=True).outcome == "unchanged"


def test_prose_that_was_deleted_stays_deleted(edit, cell, fresh):
    path = edit(lambda notebook: (answered(cell)(notebook), notebook["cells"].pop(0)))
    assert place(fresh, path, carry=True).outcome == "unchanged"


def test_a_notebook_in_which_nothing_was_written_is_renewed_without_a_backup(edit, renewed):
    path = edit()
    placed = place(renewed, path, carry=True)
    assert path.read_bytes() == renewed and placed.backup is None
    assert "nothing had been written in it" in placed.words


def test_outputs_are_no_work(edit, cell, renewed):
    def run(notebook):
        cell(notebook, "check-conv1d")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "0"}]

    assert place(renewed, edit(run), carry=True).backup is None


def test_an_edited_notebook_is_kept_byte_for_byte(edit, cell, renewed):
    path = edit(answered(cell))
    before = path.read_bytes()
    placed = place(renewed, path, carry=True)
    assert placed.backup is not None and placed.backup.read_bytes() == before
    assert placed.backup.parent == path.parent / "backups"
    assert str(placed.backup) in placed.words


def test_the_answers_stand_in_the_new_release(edit, cell, renewed):
    path = edit(answered(cell))
    placed = place(renewed, path, carry=True)
    notebook = parse(path.read_bytes())
    assert source(cell(notebook, "conv1d")) == ANSWER
    assert source(notebook["cells"][0]) == "# Another title" and source(cell(notebook, "added")).startswith("A cell")
    assert placed.carried == (1, 0) and "carried over: 1 answer\n" in placed.words


def test_an_exercise_not_begun_gets_the_new_text(edit, cell, own, renewed):
    path = edit(lambda notebook: notebook["cells"].append(own("x = 1")))
    place(renewed, path, carry=True)
    assert "The weights w" in source(cell(parse(path.read_bytes()), "conv1d"))


def test_a_cell_of_the_students_own_keeps_its_place(edit, cell, own, renewed):
    def change(notebook):
        notebook["cells"].insert(notebook["cells"].index(cell(notebook, "check-conv1d")) + 1, own("print('tried')"))

    path = edit(change)
    placed = place(renewed, path, carry=True)
    texts = sources(path)
    assert texts[texts.index("check(conv1d)") + 1] == "print('tried')"
    assert placed.carried == (0, 1) and "carried over: 1 cell of your own" in placed.words


def test_a_released_cell_that_the_student_changed_is_carried_behind_the_released_one(edit, cell, fresh, renewed):
    path = edit(lambda notebook: notebook["cells"][2].update(source="import math\nimport numpy"))
    place(renewed, path, carry=True)
    texts = sources(path)
    assert texts[texts.index("import math\nimport numpy") - 1] == source(json.loads(fresh)["cells"][2])


def test_the_points_of_a_course_stay_in_its_check(edit, renewed):
    def with_points(notebook):
        for each in notebook["cells"]:
            if "check = Check(" in source(each):
                each["source"] = source(each).replace(f'"{STEM}"', f'"{STEM}", points={{"conv1d": 9}}')

    path = edit(with_points)
    place(renewed, path, carry=True)
    making = [text for text in sources(path) if "check = Check(" in text]
    assert making and all('points={"conv1d": 9}' in text for text in making)


def test_a_deleted_check_comes_back(edit, cell, fresh):
    path = edit(lambda notebook: notebook["cells"].remove(cell(notebook, "check-conv2d")))
    assert list(irregularities(parse(path.read_bytes()), STEM)) == [
        "the check of conv2d was deleted or has lost its name"
    ]
    place(fresh, path, carry=True)
    assert not list(irregularities(parse(path.read_bytes()), STEM))


def test_of_a_copied_exercise_the_last_counts_and_the_other_stays(edit, cell, fresh):
    def copy(notebook):
        second = {**cell(notebook, "conv1d"), "id": "copy", "source": ANSWER}
        cell(notebook, "conv1d")["source"] = "def conv1d(x, w):\n    return 1"
        notebook["cells"].append(second)

    path = edit(copy)
    place(fresh, path, carry=True)
    notebook = parse(path.read_bytes())
    assert source(cell(notebook, "conv1d")) == ANSWER
    assert "def conv1d(x, w):\n    return 1" in sources(path)
    assert not list(irregularities(notebook, STEM))


def test_an_answer_that_lost_its_metadata_is_recognised(edit, cell, fresh):
    def lose(notebook):
        cell(notebook, "conv1d").update(source=ANSWER, metadata={}, id="another")

    path = edit(lose)
    place(fresh, path, carry=True)
    assert source(cell(parse(path.read_bytes()), "conv1d")) == ANSWER


def test_a_notebook_that_lost_all_metadata_is_mended(edit, cell, own, fresh):
    def lose(notebook):
        cell(notebook, "conv1d")["source"] = ANSWER
        notebook["cells"].append(own("mine = 1"))
        notebook.update(metadata={}, nbformat_minor=0)
        for each in notebook["cells"]:
            each["metadata"] = {}
            each.pop("id")

    path = edit(lose)
    place(fresh, path, carry=True)
    notebook = parse(path.read_bytes())
    assert source(cell(notebook, "conv1d")) == ANSWER and "mine = 1" in sources(path)
    assert not list(irregularities(notebook, STEM))
    assert len(notebook["cells"]) == len(parse(fresh)["cells"]) + 1


def test_a_notebook_that_lost_its_cell_ids_is_whole(edit, cell):
    def lose(notebook):
        cell(notebook, "conv1d")["source"] = ANSWER
        notebook["nbformat_minor"] = 0
        for each in notebook["cells"]:
            each.pop("id")

    assert not list(irregularities(parse(edit(lose).read_bytes()), STEM))


def test_a_broken_file_is_kept_and_a_fresh_one_made(folder, fresh):
    path = folder / f"{STEM}.ipynb"
    path.write_bytes(fresh[:3000])
    placed = place(fresh, path, carry=True)
    assert placed.backup is not None and placed.backup.read_bytes() == fresh[:3000]
    assert path.read_bytes() == fresh and "could not be read" in placed.words


def test_building_puts_exactly_the_release_there_and_keeps_what_was(edit, cell, fresh):
    path = edit(answered(cell))
    before = path.read_bytes()
    placed = place(fresh, path, carry=False)
    assert path.read_bytes() == fresh
    assert placed.backup is not None and placed.backup.read_bytes() == before


def test_the_same_work_is_kept_once(edit, cell, fresh):
    place(fresh, edit(answered(cell)), carry=False)
    path = edit(answered(cell))
    place(fresh, path, carry=False)
    assert len(list((path.parent / "backups").iterdir())) == 1


def test_different_work_of_the_same_second_is_kept_twice(edit, own, fresh):
    for text in ("a = 1", "b = 2", "c = 3"):
        path = edit(lambda notebook, text=text: notebook["cells"].append(own(text)))
        place(fresh, path, carry=False)
    assert len(list((path.parent / "backups").iterdir())) == 3


def test_where_nothing_can_be_kept_nothing_is_overwritten(edit, cell, renewed):
    path = edit(answered(cell))
    before = path.read_bytes()
    (path.parent / "backups").write_text("a file in the way")
    with pytest.raises(NotebookProblem, match=r"cannot be written \(File exists\)\. What was there is as it was"):
        place(renewed, path, carry=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(20))
def test_whatever_was_done_to_a_notebook_every_line_of_it_is_somewhere_and_the_new_one_is_whole(
    seed, edit, cell, own, fresh, renewed
):
    luck = random.Random(seed)

    def meddle(notebook):
        for number in range(luck.randint(1, 12)):
            cells = notebook["cells"]
            at = luck.randrange(len(cells))
            luck.choice(
                [
                    lambda at=at, cells=cells: cells.pop(at) if len(cells) > 3 else None,
                    lambda at=at, cells=cells: cells.insert(at, dict(luck.choice(cells))),
                    lambda at=at, cells=cells, number=number: cells.insert(at, own(f"own = {number}", f"own{number}")),
                    lambda at=at, cells=cells, number=number: cells[at].update(source=f"changed = {number}"),
                    lambda at=at, cells=cells: cells[at].update(metadata={}),
                    lambda cells=cells: luck.shuffle(cells),
                    lambda cells=cells: [each.pop("id", None) for each in cells],
                ]
            )()

    path = edit(meddle)
    before = path.read_bytes()
    written = {text for text in sources(path) if text.startswith(("own", "changed"))}
    placed = place(luck.choice([fresh, renewed]), path, carry=True)
    after = parse(path.read_bytes())
    assert not list(irregularities(after, STEM))
    if placed.outcome == "replaced":
        nbformat.validate(nbformat.reads(path.read_text(), as_version=4))
        assert placed.backup is None or placed.backup.read_bytes() == before
        lost = written - set(sources(path))
        assert all(text.startswith("changed") for text in lost)  # what stood in a check is in the backup alone
    else:
        assert path.read_bytes() == before


def test_a_fresh_notebook_is_taken_from_a_file_a_folder_or_an_archive(tmp_path, fresh):
    import zipfile

    (tmp_path / STEM).mkdir()
    file = tmp_path / STEM / f"{STEM}.ipynb"
    file.write_bytes(fresh)
    with zipfile.ZipFile(tmp_path / "week3.zip", "w") as archive:
        archive.write(file, f"{STEM}/{STEM}.ipynb")
    for given in (file, tmp_path, tmp_path / "week3.zip"):
        assert shelf.released(STEM, given) == fresh and shelf.stems(given) == [STEM]


def test_a_fresh_notebook_is_found_wherever_pip_has_put_it(tmp_path, monkeypatch, fresh):
    """As on Colab, where Python's own folder is /usr and pip's is /usr/local."""
    notebook = tmp_path / "local" / "share" / "built-in" / "exercises" / f"{STEM}.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(fresh)
    about = tmp_path / "local" / "lib" / "site-packages" / "built_in-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: built-in\nVersion: 0.1.0\n")
    (about / "RECORD").write_text(f"../../share/built-in/exercises/{STEM}.ipynb,,\n")
    monkeypatch.syspath_prepend(about.parent)
    monkeypatch.setattr(shelf, "REPOSITORY", tmp_path)
    monkeypatch.setattr(shelf, "INSTALLED", tmp_path / "nowhere")
    assert shelf.released(STEM) == fresh


def test_half_a_letter_in_a_notebook_does_not_keep_it_from_being_renewed(edit, cell, renewed, own):
    path = edit(lambda notebook: (answered(cell)(notebook), notebook["cells"].append(own("x = '\ud83d'"))))
    assert place(renewed, path, carry=True).outcome == "replaced"
    assert "x = '\ud83d'" in sources(path)


def test_an_edited_notebook_is_not_taken_for_a_fresh_one(edit, cell):
    path = edit(answered(cell))
    with pytest.raises(NotebookProblem, match="holds no fresh notebook of ch03_convolution"):
        shelf.released(STEM, path)


def test_who_works_in_the_repository_gets_the_committed_notebook(tmp_path, monkeypatch, edit, cell, fresh):
    notebook = tmp_path / "exercises" / STEM / f"{STEM}.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(fresh)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "release"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    monkeypatch.setattr(shelf, "REPOSITORY", tmp_path)
    monkeypatch.setattr(shelf, "INSTALLED", tmp_path / "nowhere")
    notebook.write_bytes(edit(answered(cell)).read_bytes())
    assert shelf.released(STEM) == fresh


def test_without_any_fresh_notebook_the_message_says_where_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "REPOSITORY", tmp_path)
    monkeypatch.setattr(shelf, "INSTALLED", tmp_path)
    with pytest.raises(
        NotebookProblem, match=r"Download it from the course.*autograder get ch03_convolution --from FILE"
    ):
        shelf.released(STEM)
