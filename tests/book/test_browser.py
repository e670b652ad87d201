"""The built book in a browser: it asks nothing of other machines, breaks nowhere, and can be read by everyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import weigh_pages
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
REACHED = """() => [...document.querySelectorAll("pre, .pst-scrollable-table-container")]
    .every(one => one.scrollWidth <= one.clientWidth || one.tabIndex === 0)"""


AT_REST = """() => matchMedia("print").matches
    && document.documentElement.offsetHeight > 0  // the new rules apply, and may start transitions
    && document.getAnimations().every(motion => motion.playState !== "running")"""


LOADED = "[location.href, ...performance.getEntriesByType('resource').map(entry => entry.name)]"
HEAVIEST = 1_000_000  # bytes, compressed as servers send them
SHEET = {"width": 642, "height": 978}  # px: A4 without the margins of book.css
CUT = """([width, height]) => [...document.querySelectorAll("article :is(figure, img, svg, canvas, table)")]
    .filter(one => one.checkVisibility() && !one.parentElement.closest("svg, mjx-container"))
    .map(one => [one.className.baseVal ?? one.className, one.getBoundingClientRect()])
    .filter(([, box]) => box.right > width + 1 || (box.height > height))
    .map(([name, box]) => `${name} ${Math.round(box.right)} x ${Math.round(box.height)}`)"""


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
def opened(book_url: str, lasting_page_factory: Callable, page: str) -> Iterator[tuple[Page, list[str]]]:
    """The page, read through once for all tests that change nothing but its colours and its width; and what it had
    asked for before it was read through."""
    visit = lasting_page_factory(f"{book_url}/{page}.html").page
    visit.evaluate(weigh_pages.OPENED)
    loaded = visit.evaluate(LOADED)
    yield read_through(visit), loaded
    visit.close()


@pytest.fixture(scope="module")
def reading(opened: tuple[Page, list[str]]) -> Page:
    """The page, read through."""
    return opened[0]


def look(page: Page, width: int, scheme: str) -> None:
    """Gives the page another width and other colours, and waits until it has taken them on."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(SETTLED, arg=scheme)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "dark")])
def test_page_is_accessible(reading: Page, width: int, scheme: str) -> None:
    look(reading, width, scheme)
    reading.wait_for_function(REACHED)  # the theme sets its stops of the keyboard a moment after the width has changed
    found = Axe().run(reading, options={"resultTypes": ["violations"]}).response["violations"]
    assert not [(violation["id"], [node["html"][:200] for node in violation["nodes"]]) for violation in found]


def test_page_weighs_at_most_a_megabyte_when_it_opens(opened: tuple[Page, list[str]], book_html: Path) -> None:
    files = {book_html / unquote(urlsplit(address).path).lstrip("/") for address in opened[1]}
    weights = {file.name: weigh_pages.transferred(file) for file in files}
    assert sum(weights.values()) <= HEAVIEST, sorted(weights.items(), key=lambda item: -item[1])[:6]


def test_nothing_is_cut_on_paper(reading: Page) -> None:
    reading.set_viewport_size(SHEET)
    reading.emulate_media(media="print", color_scheme="light")
    reading.wait_for_function(AT_REST)
    found = reading.evaluate(CUT, list(SHEET.values()))
    wide = reading.evaluate("document.documentElement.scrollWidth")
    reading.emulate_media(media="screen")
    assert not found
    assert wide <= SHEET["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_colours_of_the_system(book_url: str, page_factory: Callable, scheme: str) -> None:
    page = read_through(page_factory(f"{book_url}/index.html", scheme=scheme).page)
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert (red + green + blue > 600) == (scheme == "light")


def test_who_wants_no_motion_gets_other_colours_at_once(book_url: str, page_factory: Callable) -> None:
    page = read_through(page_factory(f"{book_url}/notation.html", scheme="light").page)
    moving = """async () => {
        document.documentElement.dataset.theme = "dark";
        await new Promise(requestAnimationFrame);
        return document.getAnimations().length;
    }"""
    assert page.evaluate(moving) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_page_fits_the_screen(reading: Page, root: Path, page: str, width: int, scheme: str) -> None:
    look(reading, width, scheme)
    folder = root / "_build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    reading.screenshot(path=folder / f"{page}-{width}-{scheme}.jpeg", full_page=True, quality=80)
    assert reading.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [375, 1280])
def test_demo_of_the_front_page_has_the_height_that_was_kept_for_it(
    book_url: str, page_factory: Callable, width: int
) -> None:
    page = page_factory(f"{book_url}/index.html", width=width).page
    page.wait_for_selector("figure.explorable.is-live")
    stage = page.locator(".explorable-stage-widget").first
    kept = float(stage.evaluate("stage => getComputedStyle(stage).minHeight").removesuffix("px"))
    needed = stage.evaluate("stage => { stage.style.minHeight = 0; return stage.getBoundingClientRect().height; }")
    assert kept == pytest.approx(needed, abs=40)  # the next line begins within a line or two of where it was


def test_formulas_are_set_without_a_network(book_html: Path, page_factory: Callable) -> None:
    page = read_through(page_factory(book_html / "notation.html").page)
    assert page.locator("mjx-container").count() > 20
    assert page.locator("mjx-merror").count() == 0


def test_search_finds_a_word_of_the_glossary(where: Callable, page_factory: Callable) -> None:
    visit = page_factory(where("index"))
    visit.page.keyboard.press("Control+K")
    visit.page.keyboard.type("equivariant")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#search-results li a")
    assert visit.page.locator("#search-results li a", has_text="Notation").count() >= 1
    assert (visit.external, visit.errors) == ([], [])


def test_first_stop_of_the_keyboard_skips_to_the_text(book_url: str, page_factory: Callable) -> None:
    page = page_factory(f"{book_url}/index.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
