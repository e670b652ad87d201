"""The built book in a browser: it asks nothing of other machines, breaks nowhere, and can be read by everyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TO_THE_END = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 30));
    }
    scrollTo(0, 0);
    if (window.MathJax?.startup) await MathJax.startup.promise;
}"""


SETTLED = """scheme => document.documentElement.dataset.theme === scheme
    && document.getAnimations().every(motion => motion.playState !== "running")"""


def read_through(page: Page) -> Page:
    """The page after a reader scrolled to its end, with its formulas set."""
    page.evaluate(TO_THE_END)
    page.wait_for_load_state("networkidle")
    return page


@pytest.fixture(params=["http", "file"])
def where(request: pytest.FixtureRequest, book_html: Path, book_url: str) -> Callable[[str], str | Path]:
    """Where a page is opened from: a server, or a folder without one."""
    if request.param == "http":
        return lambda name: f"{book_url}/{name}.html"
    return lambda name: book_html / f"{name}.html"


def test_page_needs_no_other_machine_and_reports_no_error(where: Callable, page_factory: Callable, page: str) -> None:
    visit = page_factory(where(page))
    read_through(visit.page)
    assert visit.external == []
    assert visit.errors == []


@pytest.fixture(scope="module")
def reading(book_url: str, lasting_page_factory: Callable, page: str) -> Iterator[Page]:
    """The page, read through once for all tests that change nothing but its colours and its width."""
    opened = read_through(lasting_page_factory(f"{book_url}/{page}.html").page)
    yield opened
    opened.close()


def look(page: Page, width: int, scheme: str) -> None:
    """Gives the page another width and other colours, and waits until it has taken them on."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(SETTLED, arg=scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(reading: Page, scheme: str) -> None:
    look(reading, 1280, scheme)
    found = Axe().run(reading, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    assert not [(violation["id"], [node["html"][:200] for node in violation["nodes"]]) for violation in grave]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_colours_of_the_system(book_url: str, page_factory: Callable, scheme: str) -> None:
    page = read_through(page_factory(f"{book_url}/index.html", scheme=scheme).page)
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert (red + green + blue > 600) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_page_fits_the_screen(reading: Page, root: Path, page: str, width: int, scheme: str) -> None:
    look(reading, width, scheme)
    folder = root / "_build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    reading.screenshot(path=folder / f"{page}-{width}-{scheme}.jpeg", full_page=True, quality=80)
    assert reading.evaluate("document.documentElement.scrollWidth") <= width


def test_formulas_are_set_without_a_network(book_html: Path, page_factory: Callable) -> None:
    page = read_through(page_factory(book_html / "notation.html").page)
    assert page.locator("mjx-container").count() > 20
    assert page.locator("mjx-merror").count() == 0


def test_search_finds_a_word_of_the_glossary(book_url: str, page_factory: Callable) -> None:
    visit = page_factory(f"{book_url}/search.html?q=equivariant")
    visit.page.wait_for_selector("#search-results li a")
    assert visit.page.locator("#search-results li a", has_text="Notation").count() >= 1
    assert visit.external == []


def test_first_stop_of_the_keyboard_skips_to_the_text(book_url: str, page_factory: Callable) -> None:
    page = page_factory(f"{book_url}/index.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
