"""Who handed a file in, by the names that learning platforms give, and the class list."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autograder.grading.senders import Roster, Sender, Unknown, sender

STEM = "ch97_small"
ADA = "Ada Lovelace_123_assignsubmission_file"
PATHS = {
    # platform, path of a file in a download, (account, person's name, beginning of a name that it takes back)
    "moodle-4.1-folder": (
        "Moodle",
        f"m.zip/Ada Lovelace_123_assignsubmission_file/{STEM}.ipynb",
        ("", "Ada Lovelace", ADA),
    ),
    "moodle-older-folder": (
        "Moodle",
        f"m.zip/Ada Lovelace_123_assignsubmission_file_/{STEM}.ipynb",
        ("", "Ada Lovelace", ADA),
    ),
    "moodle-without-folders": (
        "Moodle",
        f"m.zip/Ada Lovelace_123_assignsubmission_file_{STEM}.ipynb",
        ("", "Ada Lovelace", ADA),
    ),
    "canvas": (
        "Canvas",
        f"submissions.zip/lovelaceada_123_456_{STEM}-1.ipynb",
        ("123", "lovelaceada", "lovelaceada_123_456"),
    ),
    "canvas-late": (
        "Canvas",
        f"lovelaceada_LATE_123_456_{STEM}.ipynb",
        ("123", "lovelaceada", "lovelaceada_LATE_123_456"),
    ),
    "blackboard": ("Blackboard", f"Week 3_ada_attempt_2026-10-11-09-00-00_{STEM}.ipynb", ("ada", "", "")),
    "brightspace": (
        "Brightspace",
        f"d.zip/12345-67890 - Ada Lovelace - Oct 11, 2026 900 AM/{STEM}.ipynb",
        ("12345", "Ada Lovelace", ""),
    ),
    "sakai": ("Sakai", f"s.zip/Week 3/Lovelace, Ada(ada)/Submission attachment(s)/{STEM}.ipynb", ("ada", "", "")),
    "autograder-submit": ("archive", f"{STEM}_ada.zip/{STEM}.ipynb", ("ada", "", "")),
    "autograder-submit-downloaded-twice": ("archive", f"{STEM}_ada (1).zip/{STEM}.ipynb", ("ada", "", "")),
    "autograder-submit-of-nobody": ("archive", f"{STEM}_unknown.zip/{STEM}.ipynb", ("", "", "")),
    "renamed-file": ("file", f"ada_week-3_{STEM}.ipynb", ("ada", "", "")),
    "folders": ("folder", f"ada/{STEM}/{STEM}.ipynb", ("ada", "", "")),
    "folders-in-a-zip": ("folder", f"all.zip/ada/{STEM}.ipynb", ("", "ada", "")),
    "nothing": ("", f"{STEM}.ipynb", ("", "", "")),
    "archive-of-many-named-like-one": ("file", f"{STEM}_all.zip/ada_{STEM}.ipynb", ("ada", "", "")),
}


@pytest.mark.parametrize(("platform", "path", "told"), PATHS.values(), ids=PATHS)
def test_a_name_tells_what_its_platform_put_into_it(platform, path, told):
    who = sender(path.split("/"), STEM)
    assert (who.platform, (who.student, who.name, who.prefix)) == (platform, told)


def test_the_time_in_a_name_is_in_the_course_s_zone():
    who = sender([f"W_ada_attempt_2026-10-11-09-00-00_{STEM}.ipynb"], STEM, zone=ZoneInfo("Europe/Zurich"))
    assert who.time == datetime(2026, 10, 11, 7, 0, tzinfo=UTC)


def test_a_pattern_of_the_course_comes_before_those_of_platforms():
    who = sender(["1_2_assignsubmission_file", "x.ipynb"], STEM, [r"\d+_(?P<student>\d+)_assign.*"])
    assert (who.platform, who.student) == ("pattern 1", "2")


def test_a_label_leaves_out_the_download():
    assert sender(["m.zip", "Ada L_1_assignsubmission_file", "x.ipynb"], STEM).label == "Ada L_1"


PEOPLE = {
    "ada": "Ada Lovelace",
    "eli": "Elif Yılmaz",
    "bea": "Béa van der Müller",
    "12": "Grace Hopper",
    "c1": "Kim Lee",
    "c2": "Lee Kim",
}
MEANT = {
    "an-account": (Sender("x", student="ada"), "ada"),
    "a-name": (Sender("x", name="Ada Lovelace"), "ada"),
    "a-name-turned-round": (Sender("x", name="lovelaceada"), "ada"),
    "a-name-without-accents": (Sender("x", name="vandermullerbea"), "bea"),
    "a-name-in-ascii": (Sender("x", name="Elif Yilmaz"), "eli"),
    "an-unknown-account-and-a-name": (Sender("x", student="999", name="hoppergrace"), "12"),
    "a-folder-named-as-an-account": (Sender("x", name="ada"), "ada"),
}


@pytest.mark.parametrize(("who", "student"), MEANT.values(), ids=MEANT)
def test_the_class_list_knows_who_is_meant(who, student):
    assert Roster(PEOPLE).find(who) == student


NOBODY = {
    "two-of-one-name": (Sender("x", name="Kim Lee"), PEOPLE, "2 students are called Kim Lee: c1, c2"),
    "a-stranger": (Sender("x", student="eve", name="Eve"), PEOPLE, "eve is not in the class list"),
    "no-name-at-all": (Sender("x"), PEOPLE, "does not tell who"),
    "a-name-and-no-class-list": (Sender("x", name="Ada Lovelace"), {}, "the class list is empty"),
    "an-account-that-climbs": (Sender("x", student=".."), {}, "cannot be the name of a folder"),
    "an-account-with-a-slash": (Sender("x", student="a/b"), {}, "cannot be the name of a folder"),
    "a-student-without-a-name": (Sender("x", name=""), {"ada": ""}, "does not tell who"),
}


@pytest.mark.parametrize(("who", "people", "why"), NOBODY.values(), ids=NOBODY)
def test_nobody_is_guessed(who, people, why):
    with pytest.raises(Unknown, match=why):
        Roster(people).find(who)
