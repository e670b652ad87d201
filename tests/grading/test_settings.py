"""course.toml: what it may say, and what it is told when it says something else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.authoring.chapter import SOLUTIONS
from autograder.grading.settings import CourseProblem, read, template, worth

STEM = "ch97_small"
FIXTURE = Path(__file__).parent / "fixture"


def course(folder: Path, text: str):
    (folder / "course.toml").write_text(text)
    return read(folder, FIXTURE)


def test_a_new_course_s_file_says_what_the_chapters_say(tmp_path):
    settings = course(tmp_path, template('"Mine" é', [STEM], FIXTURE))
    assert (settings.title, list(settings.assignments)) == ('"Mine" é', [STEM])
    assert settings.assignments[STEM].points == {} and settings.assignments[STEM].due is None
    assert "outer = 3\nScale = 2\nexplain = 2" in (tmp_path / "course.toml").read_text()


def test_every_chapter_of_the_book_can_stand_in_a_course(tmp_path):
    from autograder.authoring.chapter import chapter_stems

    (tmp_path / "course.toml").write_text(template("All", chapter_stems()))
    assert list(read(tmp_path).assignments) == chapter_stems(SOLUTIONS)


def test_only_points_that_differ_are_changed(tmp_path):
    settings = course(tmp_path, f"[chapters.{STEM}.points]\nouter = 3\nScale = 4\nexplain = 1.5")
    assert settings.assignments[STEM].points == {"Scale": 4.0, "explain": 1.5}
    assert worth(STEM, FIXTURE) == {"outer": 3.0, "Scale": 2.0, "explain": 2.0}


DUE = {
    "a-day-ends-at-its-end": ("2026-11-03", datetime(2026, 11, 3, 22, 59, 59, tzinfo=UTC)),
    "an-hour-is-local": ("2026-07-03T18:00:00", datetime(2026, 7, 3, 16, 0, tzinfo=UTC)),
    "an-offset-counts": ("2026-11-03T18:00:00-05:00", datetime(2026, 11, 3, 23, 0, tzinfo=UTC)),
}


@pytest.mark.parametrize(("said", "due"), DUE.values(), ids=DUE)
def test_a_date_is_in_the_course_s_zone(tmp_path, said, due):
    settings = course(tmp_path, f'timezone = "Europe/Zurich"\n[chapters.{STEM}]\ndue = {said}')
    assert settings.assignments[STEM].due == due


def test_a_moment_is_told_in_the_course_s_zone(tmp_path):
    settings = course(tmp_path, 'timezone = "Europe/Zurich"')
    assert settings.local(datetime(2026, 11, 3, 22, 59, tzinfo=UTC)) == "2026-11-03 23:59 CET"


WRONG = {
    "not-toml": ("[chapters", "not TOML.*Correct that line"),
    "unknown-key": ("titel = 'x'", "titel is not known. Did you mean title?"),
    "unknown-chapter": ("[chapters.ch97_smal]", "no chapter 'ch97_smal'. Did you mean ch97_small?"),
    "unknown-exercise": (f"[chapters.{STEM}.points]\nouther = 1", "no exercise 'outher'. Did you mean outer?"),
    "no-points": (f"[chapters.{STEM}.points]\nouter = 0", "points.outer is 0. Write a number above 0"),
    "points-in-words": (f"[chapters.{STEM}.points]\nouter = 'many'", "Write a number above 0"),
    "points-yes": (f"[chapters.{STEM}.points]\nouter = true", "Write a number above 0"),
    "a-date-in-quotes": (f"[chapters.{STEM}]\ndue = '2026-11-03'", "Write a date without quotes"),
    "no-such-zone": ("timezone = 'Mars/Olympus'", "no time zone 'Mars/Olympus'"),
    "a-zone-that-climbs": ("timezone = '../x'", "no time zone"),
    "a-broken-pattern": ("[collect]\npatterns = ['(']", "no regular expression"),
    "a-pattern-that-names-nobody": ("[collect]\npatterns = ['x+']", "names nobody. Put"),
    "no-table": ("chapters = 3", "Write it as a table"),
}


@pytest.mark.parametrize(("text", "why"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_the_file_and_what_to_write(tmp_path, text, why):
    with pytest.raises(CourseProblem, match=why) as problem:
        course(tmp_path, text)
    assert str(problem.value).startswith(str(tmp_path / "course.toml"))


def test_a_folder_without_the_file_is_no_course(tmp_path):
    with pytest.raises(CourseProblem, match="autograder new-course DIR"):
        read(tmp_path)
