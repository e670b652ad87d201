"""Sphinx extension: the picture that a message shows when someone sends the address of a page: its title and its lede.

Drawn with Pillow from the course's own logo and matplotlib's font; nothing is fetched. The page of the search, which
has no source and no card, describes itself in words.
"""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import Any

from course_pages import CoursePage, course_pages
from sphinx.application import Sphinx

SIZE = (1200, 630)
FOLDER = "_static/cards"
PAPER, INK, QUIET = "#ffffff", "#1f2328", "#57606a"
EDGE = 90
SQUARE = re.compile(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" rx="(\d+)" fill="(#[0-9a-f]{6})"/>')
BEFORE_OTHERS = 110


@lru_cache
def font(size: int, bold: bool = False) -> Any:
    """DejaVu Sans, which comes with matplotlib."""
    from matplotlib import font_manager
    from PIL import ImageFont

    weight = "bold" if bold else "normal"
    return ImageFont.truetype(font_manager.findfont(font_manager.FontProperties("DejaVu Sans", weight=weight)), size)


def draw_card(title: str, words: str, course: str, logo: str, path: Path) -> None:
    """Writes the card: logo and name of the course, the title, and below it at most three lines of words."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    for x, y, width, height, radius, fill in SQUARE.findall(logo):
        left, top = EDGE + 1.5 * int(x), EDGE + 1.5 * int(y)
        box = (left, top, left + 1.5 * int(width), top + 1.5 * int(height))
        draw.rounded_rectangle(box, radius=1.5 * int(radius), fill=fill)
    draw.text((EDGE + 130, EDGE + 48), course, font=font(44, True), fill=QUIET, anchor="lm")
    y = 250
    for line in textwrap.wrap(title, 30)[:2]:
        draw.text((EDGE, y), line, font=font(58, True), fill=INK)
        y += 76
    y += 20
    for line in textwrap.wrap(words, 58, max_lines=3, placeholder=" …"):
        draw.text((EDGE, y), line, font=font(32), fill=QUIET)
        y += 46
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(32).save(path, optimize=True)


@lru_cache
def by_name(book: Path) -> dict[str, CoursePage]:
    """The pages of the course."""
    return {page.name: page for page in course_pages(book)}


def add_card(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Draws the card of a page, and names it where `sphinxext.opengraph` looks for it."""
    if pagename == "search":
        words = f"Find a word, a symbol or a name in the pages of {app.config.project}, without a network."
        context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{words}" />\n'
    page = by_name(Path(app.srcdir)).get(pagename)
    if page is None or doctree is None:
        return
    words = page.lede or page.description
    logo = (Path(app.srcdir) / app.config.html_logo).read_text(encoding="utf-8")
    draw_card(page.title, words, app.config.project, logo, Path(app.outdir) / FOLDER / f"{pagename}.png")
    told = {"og:image": f"{FOLDER}/{pagename}.png", "og:image:alt": f"{page.title}. {words}"}
    width, height = SIZE
    sizes = {"og:image:width": str(width), "og:image:height": str(height)}
    context["meta"] = {**(context.get("meta") or {}), **told, **sizes}
    context["metatags"] = context.get("metatags", "") + '<meta name="twitter:card" content="summary_large_image" />\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the cards before the tags are written."""
    app.connect("html-page-context", add_card, priority=BEFORE_OTHERS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
