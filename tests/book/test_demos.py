"""Every demo of every page in the built book: each control, moved in each way, changes its picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import driver
import pytest

pytestmark = pytest.mark.browser

LEAST_IN_A_CHAPTER = 3


@pytest.mark.parametrize("by", ["keyboard", "mouse", "touch"])
def test_every_control_changes_its_picture(book_html: Path, page_factory: Callable, page: str, by: str) -> None:
    file, is_chapter = book_html / f"{page}.html", re.match(r"ch\d\d_", page)
    if "data-explorable" not in file.read_text(encoding="utf-8"):
        assert not is_chapter, "a chapter has demos"
        return
    visit = page_factory(file, touch=by == "touch")
    moved = driver.drive(visit.page, by)
    assert not is_chapter or len({move.figure for move in moved}) >= LEAST_IN_A_CHAPTER
    assert (visit.external, visit.errors) == ([], [])
