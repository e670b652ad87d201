"""Sphinx extension: a page's line `% map of the course` becomes a card for each chapter of `_toc.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course_pages import CoursePage, course_pages
from sphinx.application import Sphinx

MARK = "% map of the course"


def card(page: CoursePage) -> str:
    """The card of a chapter: number, name, what its architecture was told, and the sentence it opens with."""
    name, _, told = page.title.partition(": ")
    told = told and told[0].upper() + told[1:] + ("" if told.endswith("?") else ".")
    lines = [f":::{{grid-item-card}} {page.number} · {name}", f":link: {page.name}", ":link-type: doc", ""]
    return "\n".join([*lines, f"**{told}** {page.lede}" if told else page.lede, ":::"])


def course_map(pages: list[CoursePage]) -> str:
    """The cards of all chapters, as MyST."""
    cards = [card(page) for page in pages if page.number is not None]
    return "\n\n".join(["::::{grid} 1 2 2 2\n:gutter: 3\n:class-container: course-map", *cards, "::::"])


def draw_map(app: Sphinx, docname: str, source: list[str]) -> None:
    """Puts the map in the place of its mark."""
    if MARK in source[0]:
        book = Path(app.srcdir)
        for path in [book / "_toc.yml", *book.glob("ch*.md")]:
            app.env.dependencies[docname].add(str(path))
        source[0] = source[0].replace(MARK, course_map(course_pages(book)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Draws the map before a page is read."""
    app.connect("source-read", draw_map)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
