"""A reader's walk, from a folder on a disk: front page, chapter, demo, search, paper."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader

pytestmark = pytest.mark.browser


def test_a_reader_opens_the_book_moves_a_demo_searches_and_prints(book_html: Path, page_factory: Callable) -> None:
    visit = page_factory(book_html / "index.html")
    page = visit.page

    sheet = page.locator(".digit-three .digit-sheet")
    assert sheet.bounding_box()["y"] + sheet.bounding_box()["height"] < 900, "the demo stands above the fold"
    before = page.inner_text(".digit-mlp .digit-answer")
    sheet.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "before => document.querySelector('.digit-mlp .digit-answer').innerText !== before", arg=before
    )
    assert page.inner_text(".digit-cnn .digit-answer") == before

    page.locator(".ways .sd-card").first.click()
    page.wait_for_url("**/ch00_tensors.html")
    page.locator("a.right-next").click()
    page.wait_for_url("**/ch01_fully_connected.html")
    figure = page.locator("figure.explorable[data-explorable=frames]").first
    figure.scroll_into_view_if_needed()
    shown = figure.get_attribute("data-shown")
    figure.locator("input[type=range], select").first.press("ArrowRight")
    page.wait_for_function(
        "([id, shown]) => document.getElementById(id).dataset.shown !== shown", arg=[figure.get_attribute("id"), shown]
    )

    page.keyboard.press("Control+K")
    page.keyboard.type("receptive field")
    page.keyboard.press("Enter")
    page.locator("#search-results li a", has_text="Convolution").first.click()
    page.wait_for_url(re.compile("ch03_convolution.html"))
    assert page.locator("article .highlighted").count() > 0
    paper = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    text = "\n".join(sheet.extract_text() for sheet in paper.pages)
    assert text.splitlines()[:2] == ["1", "Convolution: told about place"]
    assert "Solution to Exercise" in text
    left_behind = "_static/explorables/frames/"  # frames that were still on their way when the reader went on
    assert (visit.external, [error for error in visit.errors if left_behind not in error]) == ([], [])


def test_paper_shows_a_demo_as_it_stands(book_html: Path, page_factory: Callable) -> None:
    page = page_factory(book_html / "ch03_convolution.html", scheme="dark").page
    slider = page.locator("figure.explorable[data-explorable=frames] input[type=range]").first
    slider.press("End")
    said = page.locator(f"output[for='{slider.get_attribute('id')}']").inner_text()
    page.emulate_media(media="print")
    assert not slider.is_visible()
    assert page.locator(f"output[for='{slider.get_attribute('id')}']").inner_text() == said
    assert page.locator(".bd-sidebar-primary").is_hidden()


def test_dark_pages_are_printed_light(book_html: Path, page_factory: Callable) -> None:
    page = page_factory(book_html / "notation.html", scheme="dark").page
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("""() => {
        window.themes = [];
        window.addEventListener("beforeprint", () => themes.push(document.documentElement.dataset.theme));
    }""")
    page.pdf()
    assert page.evaluate("themes") == ["light"]
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
