"""The files of the built book: complete, joined up, and named for those who do not see them."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

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


def test_page_describes_itself(book_html: Path, page: str) -> None:
    described = parsed(book_html / f"{page}.html").find_all("meta", attrs={"name": "description"})
    assert len(described) == 1
    assert len(described[0]["content"]) > 40


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


def test_page_carries_no_path_of_the_machine_it_was_built_on(book_html: Path, root: Path, page: str) -> None:
    assert str(root) not in (book_html / f"{page}.html").read_text(encoding="utf-8")


def test_chapter_leads_to_the_words_it_introduces(book_html: Path, page: str) -> None:
    if re.match(r"ch\d\d_", page):
        links = parsed(book_html / f"{page}.html").select("article a[href^='notation.html#term-']")
        assert len({link["href"] for link in links}) >= 3
