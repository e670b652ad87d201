"""The progress board: what it counts, what it says comes next, and that it is static."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from autograder.checking import board as boards
from autograder.checking.outline import outline, outlines
from autograder.checking.progress import Record, keep
from autograder.checking.references import load_reference, public_path

CHAPTERS = {"ch00_first": ("one", "two"), "ch01_second": ("three",)}


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """References of two chapters, of which a board reads the heads alone."""
    import numpy as np

    monkeypatch.setenv("AUTOGRADER_PROGRESS", str(tmp_path / "kept"))
    for stem, names in CHAPTERS.items():
        said = [{"name": name, "points": 3.0, "minutes": 40, "difficulty": 2} for name in names]
        text = json.dumps({"format": 1, "chapter": stem, "exercises": said})
        save_file({"x": np.zeros(1)}, tmp_path / f"{stem}.safetensors", metadata={"reference": text})
    return tmp_path


def test_the_outline_is_the_references_own():
    stem = "ch03_convolution"
    exercises = load_reference(public_path(stem)).exercises.values()
    found = outline(public_path(stem))
    assert found is not None and [(e.name, e.points, e.minutes, e.difficulty) for e in found.exercises] == [
        (e.name, e.points, e.minutes, e.difficulty) for e in exercises
    ]


def test_a_reference_that_cannot_be_read_is_left_out(course):
    (course / "ch02_broken.safetensors").write_bytes(b"\xff" * 40)
    (course / "ch03_empty.safetensors").write_bytes(b"")
    whole = (course / "ch00_first.safetensors").read_bytes()
    (course / "ch04_cut.safetensors").write_bytes(whole[:-1])
    (course / "ch05_later.safetensors").write_bytes(whole.replace(b'\\"format\\": 1', b'\\"format\\": 2'))
    assert [chapter.stem for chapter in outlines(course)] == list(CHAPTERS)


def test_points_and_passes_are_counted(course):
    keep("ch00_first", "one", Record(3.0, True))
    keep("ch00_first", "two", Record(1.5, False))
    first = boards.board("", course).chapters[0]
    assert (first.passed, first.points, first.max_points, first.minutes_left) == (1, 4.5, 6.0, 40)


def test_the_points_of_a_course_count_where_it_has_its_own(course):
    keep("ch00_first", "one", Record(10.0, True, of=10.0))
    assert boards.board("", course).chapters[0].max_points == 13.0
    assert boards.board("ch00_first", course, {"two": 5.0}).chapters[0].max_points == 15.0


def test_a_record_of_an_exercise_that_is_gone_does_not_count(course):
    keep("ch00_first", "gone", Record(9.0, True))
    assert boards.board("", course).chapters[0].points == 0.0


def test_next_is_in_the_chapter_at_hand(course):
    assert "Next: three in ch01_second" in boards.text(boards.board("ch01_second", course))


def test_next_is_where_one_worked_last_when_no_chapter_is_at_hand(course):
    keep("ch00_first", "one", Record(3.0, True))
    assert "Next: two in ch00_first, about 40 min." in boards.text(boards.board("", course))


def test_after_a_whole_chapter_the_next_one_comes(course):
    for name in CHAPTERS["ch00_first"]:
        keep("ch00_first", name, Record(3.0, True))
    assert "Next: three in ch01_second" in boards.text(boards.board("ch00_first", course))


def test_text_and_html_say_the_same_of_every_chapter_and_exercise(course):
    keep("ch00_first", "one", Record(3.0, True))
    board = boards.board("ch00_first", course)
    html = re.sub(r"<[^>]+>", " ", boards.as_html(board))
    for words in ("1 of 2 passed, 3 of 6 points, about 40 min left", "passed, 3 of 3 points", "not checked", "two"):
        assert words in boards.text(board) and words in html


def test_the_html_is_static_and_asks_no_server(course):
    html = boards.as_html(boards.board("ch00_first", course))
    assert not re.search(r"<script|<link|<img|href|src=|url\(|on\w+=", html)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (45, "45 min"), (120, "2 h"), (127, "2 h 5 min"), (178, "3 h")]
)
def test_a_time_is_told_in_hours_and_minutes(minutes, words):
    assert boards.duration(minutes) == words
