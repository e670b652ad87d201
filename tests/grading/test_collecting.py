"""Collecting: what is certain is placed, what is not is listed, and nothing that was handed in is lost."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from autograder.grading.archives import look
from autograder.grading.collecting import Desk, collect, senders
from autograder.grading.reading import Unreadable

STEM = "ch97_small"
LABEL = "Ada Lovelace_7"
MOODLE = f"{LABEL}_assignsubmission_file"


def notebook(words: str = "", chapter: str | None = STEM) -> bytes:
    about = {"autograder": {"chapter": chapter}} if chapter else {}
    cells = [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": words}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}).encode()


def archive(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 10, 11, 9, 0, 0)), content)
    return written.getvalue()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    people = {"ada": "Ada Lovelace", "bea": "Bea Bell"}
    return Desk(STEM, tmp_path / "collected", lambda student: tmp_path / "submitted" / student / STEM, people)


def take(desk: Desk, files: dict[str, bytes], name: str = "download.zip") -> dict[str, tuple[str, str, str]]:
    """Student, outcome and remark by label, of a download with these files."""
    path = desk.collected.parent / name
    path.write_bytes(archive(files))
    return {row.label: (row.student, row.outcome, row.remark) for row in collect(desk, [path])}


def placed(desk: Desk) -> dict[str, bytes]:
    return {
        path.parents[1].name: path.read_bytes() for path in desk.collected.parent.glob(f"submitted/*/{STEM}/*.ipynb")
    }


def test_a_bulk_download_is_placed_by_student(desk):
    rows = take(desk, {f"{MOODLE}/{STEM}.ipynb": notebook("ada"), f"bellbea_1_2_{STEM}.ipynb": notebook("bea")})
    assert rows[LABEL] == ("ada", "new", "")
    assert placed(desk) == {"ada": notebook("ada"), "bea": notebook("bea")}


def test_a_student_s_archive_in_the_platform_s_is_opened(desk):
    inner = archive({f"{STEM}.ipynb": notebook("inner")})
    assert take(desk, {f"{MOODLE}/{STEM}_ada.zip": inner})[LABEL] == ("ada", "new", "")
    assert placed(desk) == {"ada": notebook("inner")}


def test_the_platform_s_word_counts_and_an_archive_named_for_another_is_told(desk):
    inner = archive({f"{STEM}.ipynb": notebook()})
    rows = take(desk, {f"{MOODLE}/{STEM}_bea.zip": inner})
    assert rows[LABEL] == ("ada", "new", "its archive is named for bea")


def test_a_renamed_notebook_is_known_by_what_it_says_of_itself(desk):
    take(desk, {f"{MOODLE}/final FINAL.ipynb": notebook("ada")})
    assert placed(desk) == {"ada": notebook("ada")}


def test_a_notebook_of_another_chapter_is_not_taken(desk):
    rows = take(desk, {f"{MOODLE}/{STEM}.ipynb": notebook(chapter="ch98_other")})
    assert rows[LABEL][1:] == ("no notebook", f"{STEM}.ipynb is a notebook of ch98_other, and not of {STEM}")
    assert placed(desk) == {}


BROKEN = {
    "a-zip-that-is-none": ({f"{MOODLE}/x.zip": b"PK but no"}, "it is no sound zip file"),
    "only-a-pdf": ({f"{MOODLE}/x.pdf": b"%PDF"}, "there is no notebook"),
    "three-deep": ({f"{MOODLE}/x.zip": archive({"y.zip": archive({"z.zip": b""})})}, "zip file in a zip file"),
}


@pytest.mark.parametrize(("files", "why"), BROKEN.values(), ids=BROKEN)
def test_what_holds_no_notebook_is_listed_with_the_reason(desk, files, why):
    (row,) = take(desk, files).values()
    assert row[1] == "no notebook" and why in row[2]


def test_what_says_much_of_its_size_is_read_up_to_the_limit(desk, monkeypatch):
    monkeypatch.setattr("autograder.grading.archives.LARGEST", 1000)
    (row,) = take(desk, {f"{MOODLE}/{STEM}.ipynb": notebook("x" * 2000)}).values()
    assert "larger than" in row[2]


def test_a_path_that_climbs_out_of_the_archive_goes_nowhere(desk):
    take(desk, {f"../../ada/{STEM}.ipynb": notebook()})
    assert {path.parent.name for path in desk.collected.parent.rglob("*.ipynb")} <= {STEM, "ada"}
    assert not (desk.collected.parents[2] / "ada").exists()


def test_who_cannot_be_told_is_asked_for_and_taken_from_the_answer(desk):
    files = {f"Eve Stranger_9_assignsubmission_file/{STEM}.ipynb": notebook("eve")}
    (row,) = take(desk, files).values()
    assert row[1:] == ("not placed", "Eve Stranger is not in the class list")
    who = desk.collected / "who.csv"
    assert who.read_text() == "handed_in_as,student\nEve Stranger_9,\n"
    who.write_text(who.read_text().replace("_9,", "_9,bea"))
    (row,) = take(desk, files).values()
    assert row == ("bea", "new", "")
    assert placed(desk) == {"bea": notebook("eve")}


def test_an_answer_that_is_in_no_class_list_is_asked_for_again(desk):
    files = {f"Eve Stranger_9_assignsubmission_file/{STEM}.ipynb": notebook("eve")}
    take(desk, files)
    (desk.collected / "who.csv").write_text("handed_in_as,student\nEve Stranger_9,bae\n")
    (row,) = take(desk, files).values()
    assert row[1:] == ("not placed", "who.csv: bae is not in the class list") and placed(desk) == {}
    assert "Eve Stranger_9,bae" in (desk.collected / "who.csv").read_text()


def test_an_answer_that_is_corrected_tells_of_the_folder_that_it_was_put_into(desk):
    files = {f"Eve Stranger_9_assignsubmission_file/{STEM}.ipynb": notebook("eve")}
    for student in ("bea", "ada"):
        desk.collected.mkdir(exist_ok=True)
        (desk.collected / "who.csv").write_text(f"handed_in_as,student\nEve Stranger_9,{student}\n")
        (row,) = take(desk, files).values()
    assert row[:2] == ("ada", "new") and row[2].startswith("it was taken for bea's before")
    assert str(desk.place("bea")) in row[2]


BESIDE = {
    "blackboard-s-own-text": "Week_ada_attempt_2026-10-11-09-00-00.txt",
    "an-online-text": f"{LABEL}_assignsubmission_onlinetext/onlinetext.html",
    "another-file-on-canvas": "lovelaceada_1_3_report.pdf",
}
NOTEBOOKS = {
    "blackboard-s-own-text": f"Week_ada_attempt_2026-10-11-09-00-00_{STEM}.ipynb",
    "an-online-text": f"{MOODLE}/{STEM}.ipynb",
    "another-file-on-canvas": f"lovelaceada_1_2_{STEM}.ipynb",
}


@pytest.mark.parametrize("kind", BESIDE)
def test_what_a_platform_gives_beside_the_notebook_is_no_second_handing_in(desk, kind):
    rows = take(desk, {NOTEBOOKS[kind]: notebook("ada"), BESIDE[kind]: b"words"})
    assert [row[:2] for row in rows.values()] == [("ada", "new")]


def test_collecting_twice_changes_nothing(desk):
    files = {f"{MOODLE}/{STEM}.ipynb": notebook()}
    take(desk, files)
    (row,) = take(desk, files).values()
    assert row[1] == "unchanged"


def test_a_newer_notebook_takes_the_place_and_the_older_is_kept(desk):
    take(desk, {f"{MOODLE}/{STEM}.ipynb": notebook("first")})
    (row,) = take(desk, {f"{MOODLE}/{STEM}.ipynb": notebook("second")}).values()
    assert row[1] == "replaced" and placed(desk) == {"ada": notebook("second")}
    assert {path.read_bytes() for path in (desk.collected / "ada").iterdir()} == {notebook("first"), notebook("second")}


def blackboard(time: str, student: str = "ada") -> str:
    return f"Week_{student}_attempt_2026-10-{time}-09-00-00_{STEM}.ipynb"


def test_the_last_of_several_attempts_counts_with_its_time(desk):
    rows = take(desk, {blackboard("12"): notebook("late"), blackboard("11"): notebook("early")})
    assert [row[1:] for row in rows.values()] == [("new", "the last of 2")]
    assert placed(desk) == {"ada": notebook("late")}
    stamp = desk.place("ada") / "timestamp.txt"
    assert stamp.read_text() == "2026-10-12 09:00:00 UTC"


def test_an_older_attempt_does_not_replace_a_later_one(desk):
    take(desk, {blackboard("12"): notebook("late")})
    (row,) = take(desk, {blackboard("11"): notebook("early")}).values()
    assert row[1:] == ("older", "a later one is in place") and placed(desk) == {"ada": notebook("late")}


def test_two_notebooks_without_times_are_left_to_a_person(desk):
    rows = take(desk, {f"bellbea_1_2_{STEM}.ipynb": notebook("a"), f"bellbea_1_3_{STEM}-1.ipynb": notebook("b")})
    ((student, outcome, why),) = rows.values()
    assert (student, outcome) == ("bea", "unclear") and "nothing tells which is the last" in why
    assert placed(desk) == {}


def test_the_dates_of_files_count_when_asked_for(desk, tmp_path):
    from dataclasses import replace

    take(desk, {f"{MOODLE}/{STEM}.ipynb": notebook()})
    assert not (desk.place("ada") / "timestamp.txt").exists()
    take(replace(desk, times_of_files=True), {f"{MOODLE}/{STEM}.ipynb": notebook()})
    assert (desk.place("ada") / "timestamp.txt").read_text() == "2026-10-11 09:00:00 UTC"


def test_a_folder_for_each_student_is_read(desk, tmp_path):
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / f"{STEM}.ipynb").write_bytes(notebook("ada"))
    (tmp_path / "in" / "ada" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "in" / "ada" / ".ipynb_checkpoints" / f"{STEM}.ipynb").write_bytes(notebook("old"))
    (row,) = collect(desk, [tmp_path / "in"])
    assert (row.student, row.outcome) == ("ada", "new") and placed(desk) == {"ada": notebook("ada")}


def test_a_link_in_a_folder_is_not_followed(desk, tmp_path):
    (tmp_path / "secret").write_bytes(notebook("secret"))
    (tmp_path / "in" / "ada").mkdir(parents=True)
    os.symlink(tmp_path / "secret", tmp_path / "in" / "ada" / f"{STEM}.ipynb")
    (row,) = collect(desk, [tmp_path / "in"])
    assert row.outcome == "no notebook" and placed(desk) == {}


NO_DOWNLOAD = {
    "missing.zip": "there is no such file or folder",
    "grades.csv": "it is neither a folder, nor a zip file, nor a notebook",
}


@pytest.mark.parametrize(("name", "why"), NO_DOWNLOAD.items(), ids=NO_DOWNLOAD)
def test_what_is_no_download_is_refused_by_name(desk, tmp_path, name, why):
    (tmp_path / "grades.csv").touch()
    with pytest.raises(Unreadable, match=f"{name}: {why}"):
        collect(desk, [tmp_path / name])


def test_how_the_platform_knows_a_student_is_remembered(desk):
    take(desk, {f"{MOODLE}_/{STEM}.ipynb": notebook()})
    assert senders(desk.collected) == {"ada": {"platform": "Moodle", "label": LABEL, "prefix": MOODLE}}


def test_a_download_is_read_file_by_file(tmp_path):
    (tmp_path / "a.zip").write_bytes(archive({"x/y.ipynb": b"{}", "__MACOSX/x/._y.ipynb": b"", "x/z.txt": b"long"}))
    assert [(found.parts, found.content) for found in look(tmp_path / "a.zip")] == [
        (("a.zip", "x", "y.ipynb"), b"{}"),
        (("a.zip", "x", "z.txt"), b""),
    ]
