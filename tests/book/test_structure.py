"""The files of the built book: complete, joined up, and named for those who do not see them."""

from __future__ import annotations

import platform
import re
import tomllib
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from experiments import record

ELSEWHERE = re.compile(r"^(https?:|mailto:|data:|javascript:)")


@cache
def parsed(path: Path) -> BeautifulSoup:
    """The page as a tree."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path: Path) -> frozenset[str]:
    """What a link to this page may point at."""
    tree = parsed(path)
    return frozenset(
        [tag["id"] for tag in tree.find_all(id=True)]
        + [tag["name"] for tag in tree.find_all("a", attrs={"name": True})]
    )


def test_every_chapter_on_disk_is_in_the_table_of_contents(root: Path, toc_pages: list[str]) -> None:
    on_disk = {path.stem for path in (root / "book").glob("*.md")}
    assert on_disk == set(toc_pages)


def test_chapters_stand_in_the_order_of_their_numbers(toc_pages: list[str]) -> None:
    chapters = [page for page in toc_pages if re.match(r"ch\d\d_", page)]
    assert chapters == sorted(chapters)


def test_page_names_its_language(book_html: Path, page: str) -> None:
    assert parsed(book_html / f"{page}.html").html["lang"] == "en"


def test_page_has_one_main_heading(book_html: Path, page: str) -> None:
    assert len(parsed(book_html / f"{page}.html").select("h1:not(.onlyprint h1)")) == 1


def test_headings_leave_no_level_out(book_html: Path, page: str) -> None:
    headings = parsed(book_html / f"{page}.html").select("article :is(h1, h2, h3, h4, h5, h6)")
    levels = [int(heading.name[1]) for heading in headings]
    assert all(after <= before + 1 for before, after in pairwise([0, *levels]))


def meta(tree: BeautifulSoup, **attributes: str) -> list[str]:
    """The contents of a page's meta tags with these attributes."""
    return [tag["content"] for tag in tree.find_all("meta", attrs=attributes)]


def test_page_describes_itself(book_html: Path, page: str) -> None:
    described = meta(parsed(book_html / f"{page}.html"), name="description")
    assert len(described) == 1
    assert 40 < len(described[0]) <= 200


def test_page_of_the_search_describes_itself_once(book_html: Path) -> None:
    [words] = meta(parsed(book_html / "search.html"), name="description")
    assert 40 < len(words) <= 200


def test_no_two_pages_describe_themselves_alike(book_html: Path, toc_pages: list[str]) -> None:
    said = Counter(meta(parsed(book_html / f"{page}.html"), name="description")[0] for page in toc_pages)
    assert not [text for text, times in said.items() if times > 1]


def test_page_has_a_card_for_messages(book_html: Path, page: str) -> None:
    tree = parsed(book_html / f"{page}.html")
    assert meta(tree, property="og:description") == meta(tree, name="description")
    assert meta(tree, property="og:title") == [tree.select_one("article h1").find(string=True)]
    assert meta(tree, property="og:site_name") == ["Built In"]
    assert meta(tree, name="twitter:card") == ["summary_large_image"]
    [picture] = meta(tree, property="og:image")
    with Image.open(book_html / picture) as card:
        assert card.size == (1200, 630)
    assert meta(tree, property="og:image:alt")[0]


def test_page_claims_no_address_while_none_is_configured(book_html: Path, page: str) -> None:
    tree = parsed(book_html / f"{page}.html")
    assert tree.select("link[rel=canonical]") == []
    assert not [url for url in meta(tree, property="og:url") if ELSEWHERE.match(url)]


def test_page_sets_its_width_once(book_html: Path, page: str) -> None:
    assert set(meta(parsed(book_html / f"{page}.html"), name="viewport")) in (
        {"width=device-width, initial-scale=1"},
        {"width=device-width, initial-scale=1", "width=device-width, initial-scale=1.0"},
    )


def test_page_says_from_what_it_was_made(book_html: Path, root: Path, page: str) -> None:
    said = parsed(book_html / f"{page}.html").select_one(".page-facts").get_text()
    pins = (root / "requirements.txt").read_text(encoding="utf-8")
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert said.startswith(f"Built In {version} · Python {platform.python_version()} · torch ")
    assert f"torch=={re.search(r'torch ([0-9.]+)', said)[1]}\n" in pins
    assert re.search(r"commit [0-9a-f]{10}", said) or not (root / ".git").exists()
    assert re.search(r"cells of this page ran \d+\.\d s", said) or not re.match(r"ch\d\d_|how_we_know", page)


def test_chapter_offers_its_notebook_and_no_place_that_is_not_configured(book_html: Path, page: str) -> None:
    offered = parsed(book_html / f"{page}.html").select(".notebook-links a")
    if re.match(r"ch\d\d_", page):
        assert [link["href"].rsplit("/", 1)[1] for link in offered] == [f"{page}.ipynb"]
    else:
        assert offered == []


def test_front_page_leads_to_every_chapter_and_to_the_three_ways_in(book_html: Path, toc_pages: list[str]) -> None:
    tree = parsed(book_html / "index.html")
    mapped = [link["href"].split("#")[0].removesuffix(".html") for link in tree.select(".course-map a")]
    assert mapped == [page for page in toc_pages if re.match(r"ch\d\d_", page)]
    ways = [link["href"].split("#")[0] for link in tree.select(".ways a")]
    assert ways == ["ch00_tensors.html", "students.html", "instructors.html"]


def test_every_experiment_stands_on_the_page_how_we_know_with_its_figure(book_html: Path) -> None:
    tree = parsed(book_html / "how_we_know.html")
    assert [figure["id"] for figure in tree.select(".experiment")] == [f"figure-{name}" for name in record.names()]
    assert [heading.find(string=True) for heading in tree.select("article h2")] == [
        f"{name.upper()}: {title}" if re.match(r"k\d", name) else title
        for name, title in ((name, record.load(name)["title"]) for name in record.names())
    ]


def test_search_knows_every_page(book_html: Path, toc_pages: list[str]) -> None:
    index = (book_html / "searchindex.js").read_text(encoding="utf-8")
    assert set(toc_pages) <= set(
        re.search(r'"?docnames"?:\[([^\]]*)\]', index.replace(" ", ""))[1].replace('"', "").split(",")
    )


def test_page_names_nothing_twice(book_html: Path, page: str) -> None:
    ids = Counter(tag["id"] for tag in parsed(book_html / f"{page}.html").find_all(id=True))
    assert not [name for name, times in ids.items() if times > 1]


def test_pictures_say_what_they_show(book_html: Path, page: str) -> None:
    pictures = parsed(book_html / f"{page}.html").select("article img")
    assert not [str(picture)[:120] for picture in pictures if not picture.get("alt", "").strip()]


@pytest.mark.parametrize("attribute", ["href", "src"])
def test_internal_addresses_lead_somewhere(book_html: Path, page: str, attribute: str) -> None:
    lost = []
    for tag in parsed(book_html / f"{page}.html").find_all(attrs={attribute: True}):
        address = tag[attribute]
        if ELSEWHERE.match(address) or address in ("", "#"):
            continue
        split = urlsplit(address)
        target = book_html / unquote(split.path) if split.path else book_html / f"{page}.html"
        if not target.is_file() or (
            split.fragment and target.suffix == ".html" and unquote(split.fragment) not in anchors(target)
        ):
            lost.append(address)
    assert not lost


def test_no_script_or_style_comes_from_elsewhere(book_html: Path, page: str) -> None:
    tags = parsed(book_html / f"{page}.html").find_all(["script", "link", "img", "iframe", "source"])
    remote = [tag.get("src") or tag.get("href") for tag in tags if tag.get("rel") != ["canonical"]]
    assert not [
        address for address in remote if address and ELSEWHERE.match(address) and not address.startswith("data:")
    ]


def test_the_program_that_sets_formulas_is_on_pages_with_formulas_alone(book_html: Path, page: str) -> None:
    tree = parsed(book_html / f"{page}.html")
    assert bool(tree.select("script[src*=mathjax]")) == bool(tree.select("article .math"))


def test_page_carries_no_path_of_the_machine_it_was_built_on(book_html: Path, root: Path, page: str) -> None:
    assert str(root) not in (book_html / f"{page}.html").read_text(encoding="utf-8")


def test_chapter_leads_to_the_words_it_introduces(book_html: Path, page: str) -> None:
    if re.match(r"ch\d\d_", page):
        links = parsed(book_html / f"{page}.html").select("article a[href^='notation.html#term-']")
        assert len({link["href"] for link in links}) >= 3
