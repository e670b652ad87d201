"""What the book's own Sphinx extensions write: the map, the experiments, the links, the facts, the small font."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from types import SimpleNamespace

import course_map
import how_we_know
import light_pages
import notebook_links
import page_facts
import pytest
from course_pages import CoursePage, course_pages, plain, whole_sentences
from PIL import Image
from sphinx.errors import ExtensionError

from experiments import record

CHAPTER = (
    "# Turning: told about time\n\n:::{div} lede\nA {term}`clock <time>` goes *round* {cite:p}`a1`.\n:::\n\nIt turns."
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book with a front page, two chapters and a page around them."""
    pages = {"index": "# Book\n\nWords.", "ch00_start": "# Start", "ch10_turning": CHAPTER, "data": "# Data"}
    for name, text in pages.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    chapters = "{caption: A, chapters: [{file: ch00_start}, {file: ch10_turning}]}"
    toc = f"root: index\nparts: [{chapters}, {{caption: B, chapters: [{{file: data}}]}}]\n"
    (tmp_path / "_toc.yml").write_text(toc, encoding="utf-8")
    return tmp_path


def test_pages_come_in_the_order_of_the_table_of_contents(book: Path) -> None:
    found = [(page.name, page.part, page.number) for page in course_pages(book)]
    assert found == [("index", "", None), ("ch00_start", "A", 0), ("ch10_turning", "A", 10), ("data", "B", None)]


def test_a_page_without_a_heading_is_named() -> None:
    with pytest.raises(ValueError, match=r"data\.md: expected a heading"):
        _ = CoursePage("data", "", "no heading").title


def test_a_description_is_the_lede_and_what_follows_without_marks(book: Path) -> None:
    assert course_pages(book)[2].description == "A clock goes round. It turns."


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("[For students](students.md) says *how*.", "For students says how."),
        ("{term}`channels <channel>` of `x`", "channels of x"),
        ("No learning {cite:p}`mitchell1980need`; none.", "No learning; none."),
    ],
)
def test_marks_of_markdown_are_taken_away(markdown: str, text: str) -> None:
    assert plain(markdown) == text


def test_descriptions_end_with_a_sentence_or_say_that_they_do_not() -> None:
    assert whole_sentences("One. Two. Three is long.", 12) == "One. Two."
    assert whole_sentences("A first sentence that is long.", 18) == "A first sentence…"


def test_the_map_has_a_card_for_each_chapter_and_for_no_other_page(book: Path) -> None:
    cards = course_map.course_map(course_pages(book))
    assert cards.count("grid-item-card") == 2
    assert ":::{grid-item-card} 10 · Turning\n:link: ch10_turning" in cards
    assert "**Told about time.** A clock goes round." in cards


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Clocks: told about time", "**Told about time.** Go."),
        ("Clocks: what for?", "**What for?** Go."),
        ("Clocks", "Go."),
    ],
    ids=["told", "a-question", "a-name"],
)
def test_a_card_says_what_was_told_with_one_mark_at_its_end(heading: str, words: str) -> None:
    page = CoursePage("ch10_turning", "A", f"# {heading}\n\n:::{{div}} lede\nGo.\n:::\n")
    assert course_map.card(page).splitlines()[-2] == words


def test_every_experiment_is_told_with_claim_outcome_circumstances_and_command() -> None:
    pages = [CoursePage("ch10_turning", "A", CHAPTER + '\nfor name in ("k1",):')]
    text, result = how_we_know.section("k1", pages), record.load("k1")
    assert text.startswith(f"## K1: {result['title']}\n")
    for words in (result["claim"], result["against"], record.summary("k1")["verdict"], result["sources"]):
        assert words in text
    assert "- Argued in: [Turning: told about time](ch10_turning.md)" in text
    assert "- Seeds: 3: 0, 1, 2" in text
    assert "make experiments K=k1" in text


def test_an_experiment_without_a_current_result_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "is_stale", lambda name: True)
    assert "Run it: `make experiments K=k1`" in how_we_know.section("k1", [])


NOTEBOOK = "exercises/ch03_convolution/ch03_convolution.ipynb"


def test_what_is_not_configured_is_not_offered() -> None:
    assert notebook_links.addresses(NOTEBOOK, {}) == {}
    assert notebook_links.links(NOTEBOOK, {"repository": "https://github.com/a/b", "colab": False}).count("](") == 0


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (
            {"repository": "https://github.com/a/b", "colab": True},
            "https://colab.research.google.com/github/a/b/blob/main/" + NOTEBOOK,
        ),
        (
            {"hub": "https://hub.edu/"},
            "https://hub.edu/hub/user-redirect/lab/tree/" + NOTEBOOK,
        ),
        (
            {"hub": "https://hub.edu", "nbgitpuller": True, "repository": "https://git.edu/a/b.git", "branch": "x"},
            "https://hub.edu/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgit.edu%2Fa%2Fb.git&branch=x"
            "&urlpath=lab%2Ftree%2Fb%2Fexercises%2Fch03_convolution%2Fch03_convolution.ipynb",
        ),
    ],
    ids=["colab", "hub", "nbgitpuller"],
)
def test_each_way_leads_to_the_notebook(settings: dict, address: str) -> None:
    assert list(notebook_links.addresses(NOTEBOOK, settings).values()) == [address]


@pytest.mark.parametrize(
    ("settings", "words"), [({"colab": True}, "need `repository`"), ({"binder": True}, "no setting 'binder'")]
)
def test_a_setting_that_cannot_work_is_named(settings: dict, words: str) -> None:
    with pytest.raises(ExtensionError, match=words):
        notebook_links.addresses(NOTEBOOK, settings)


@pytest.mark.parametrize(
    ("configured", "environment"), [("https://a.org/book", ""), ("https://b.org", "https://a.org/book/")]
)
def test_the_address_is_one_for_all_and_the_environment_goes_before(
    monkeypatch: pytest.MonkeyPatch, configured: str, environment: str
) -> None:
    monkeypatch.setenv("BOOK_URL", environment)
    config = SimpleNamespace(html_baseurl=configured, ogp_site_url="")
    page_facts.choose_address(None, config)
    assert config.html_baseurl == config.ogp_site_url == "https://a.org/book/"


def test_without_an_address_none_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOOK_URL", raising=False)
    config = SimpleNamespace(html_baseurl="", ogp_site_url="")
    page_facts.choose_address(None, config)
    assert config.html_baseurl == ""


def test_a_folder_without_version_control_has_no_commit(tmp_path: Path) -> None:
    assert page_facts.commit(tmp_path) == ""


def test_a_large_picture_becomes_a_file_with_its_shape_and_a_small_one_stays(tmp_path: Path) -> None:
    drawn = io.BytesIO()
    Image.effect_noise((100, 50), 90).save(drawn, "webp", lossless=True)
    inline = f'<img alt="x" width="520" src="data:image/webp;base64,{base64.b64encode(drawn.getvalue()).decode()}">'
    small = '<img alt="y" src="data:image/webp;base64,UklGRg==">'
    html = light_pages.pictures_as_files(inline + small, tmp_path)
    assert 'width="520" height="260" loading="lazy"' in html
    assert html.endswith(small)
    [file] = (tmp_path / light_pages.FOLDER).iterdir()
    assert file.read_bytes() == drawn.getvalue()


def test_icons_that_a_page_or_the_theme_shows_are_kept_and_others_not() -> None:
    styles = '.fa-sun:before{content:"\\f185"}.fa-cat:before{content:"\\f6be"}'
    styles += '.a{--icon:"\uf0f3"}.b::before{content:"\\f03a"}'
    assert light_pages.shown_icons('<i class="fa-solid fa-sun">', styles) == {0xF185, 0xF0F3, 0xF03A}
