"""pdf.py HTML PDF [PAGE...]: prints the built book into one file: title, contents, and its pages in their order.

Chromium prints page by page, as Ctrl-P would; pypdf joins what it printed. Links between pages become links inside the
file. Pages are numbered from the first chapter on, the title and the contents with Roman numbers before it.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NullObject, TextStringObject
from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

from course_pages import CoursePage, course_pages  # noqa: E402, beside the book's Sphinx extensions
from page_facts import book_version, commit  # noqa: E402

CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
COURSE, SUBTITLE = "Built In", "What a network knows before it learns"

Places = dict[str, dict[str, tuple[int, float]]]  # of each page: name -> sheet, height
HERE = Path(__file__).parent
READY = (HERE / "pdf.js").read_text(encoding="utf-8")
FRONT = (HERE / "pdf.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Printed:
    """A page of the book on paper: the PDF, and the number of its first sheet, from 1."""

    page: CoursePage
    pdf: PdfReader
    first: int


def main() -> None:
    """Prints what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("html", type=Path, help="the built book, _build/html")
    parser.add_argument("pdf", type=Path, help="the file to write")
    parser.add_argument("pages", nargs="*", help="only these pages, e.g. ch03_convolution")
    chosen = parser.parse_args()
    pages = [page for page in course_pages(ROOT / "book") if not chosen.pages or page.name in chosen.pages]
    print_book(chosen.html.resolve(), pages, chosen.pdf)


def print_book(html: Path, pages: list[CoursePage], target: Path) -> None:
    """Prints `pages` of the book in the folder `html` into the file `target`."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("pdf: no Chromium found; install it (`apt-get install chromium`) or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        printed = print_pages(browser, html, pages)
        front = PdfReader(io.BytesIO(paper(browser, front_matter(html, printed))))
        browser.close()
    joined = join(front, printed, html)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        joined.write(file)
    print(f"{target}: {len(joined.pages)} pages")


def print_pages(browser: Browser, html: Path, pages: list[CoursePage]) -> list[Printed]:
    """Every page on paper, numbered on from the one before."""
    targets, printed, number = targets_of(html, pages), [], 1
    for page in track(pages, description="printing"):
        head = page.title.replace("\\", "").replace('"', "'")
        style = (
            f'@page {{ @top-center {{ content: "{head}"; font: 8pt sans-serif; color: #57606a }} '
            f"@bottom-center {{ content: counter(page); font: 9pt sans-serif }} }}"
            f"html {{ counter-reset: page {number - 1} }}"
        )
        pdf = PdfReader(io.BytesIO(paper(browser, html / f"{page.name}.html", style, sorted(targets[page.name]))))
        printed.append(Printed(page, pdf, number))
        number += len(pdf.pages)
    return printed


def paper(browser: Browser, what: Path | str, style: str = "", targets: list[str] | None = None) -> bytes:
    """The PDF of a page, a file or HTML."""
    sheet = browser.new_page(viewport={"width": 794, "height": 1123}, color_scheme="light", reduced_motion="reduce")
    if isinstance(what, Path):
        sheet.goto(what.as_uri(), wait_until="load")
        sheet.add_style_tag(content=style)
        sheet.evaluate(READY, targets or [])
        sheet.wait_for_timeout(200)
    else:
        sheet.set_content(what)
    pdf = sheet.pdf(prefer_css_page_size=True, print_background=True)
    sheet.close()
    return pdf


@dataclass(frozen=True)
class Section:
    """A section of a page: its title, and its name in addresses."""

    title: str
    id: str


@cache
def tree_of(html: Path, name: str) -> BeautifulSoup:
    """A page of the built book."""
    return BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def sections_of(html: Path, page: CoursePage) -> list[Section]:
    """The sections below the heading of a page."""
    heads = tree_of(html, page.name).select("article section[id] > h2")
    return [Section(" ".join(head.get_text().rstrip("#").split()), head.parent["id"]) for head in heads]


def targets_of(html: Path, pages: list[CoursePage]) -> dict[str, set[str]]:
    """For each page the places on it that need a name: its sections, and what other pages point at."""
    found: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        found[page.name] |= {section.id for section in sections_of(html, page)}
        for link in tree_of(html, page.name).select("article a[href]"):
            to = urlsplit(link["href"])
            if to.path.endswith(".html") and to.fragment and not to.scheme:
                found[to.path.removesuffix(".html")].add(unquote(to.fragment))
    return found


def front_matter(html: Path, printed: list[Printed]) -> str:
    """Title and contents, as HTML."""
    logo = (ROOT / "book" / "_theme" / "logo.svg").read_text(encoding="utf-8")
    lines, part = [], ""
    for one in printed:
        if one.page.part != part:
            part = one.page.part
            lines.append(f"<h2>{escape(part)}</h2>")
        number = f"{one.page.number} " if one.page.number is not None else ""
        address = (html / f"{one.page.name}.html").as_uri()
        title = "What this is" if not one.page.part else escape(one.page.title)
        lines.append(f'<p><a href="{address}"><span>{number}{title}</span><i></i><b>{one.first}</b></a></p>')
    made = f"version {book_version(ROOT)}" + (f" · commit {commit(ROOT)}" if commit(ROOT) else "")
    title = f'<h1>{COURSE}</h1><p>{SUBTITLE}</p><p class="made">{made}</p>'
    return (
        f'<!doctype html><html lang="en"><title>{COURSE}</title><style>{FRONT}</style><body>'
        f'<section class="title">{logo}{title}</section><nav><h1>Contents</h1>{"".join(lines)}</nav></body></html>'
    )


def join(front: PdfReader, printed: list[Printed], html: Path) -> PdfWriter:
    """One document, with an outline, page labels, and links that lead inside it."""
    writer, before = PdfWriter(), len(front.pages)
    places = {one.page.name: places_of(one.pdf, before + one.first - 1) for one in printed}
    for pdf in (front, *(one.pdf for one in printed)):
        for sheet in pdf.pages:
            writer.add_page(sheet)
    starts = {one.page.name: before + one.first - 1 for one in printed}
    sheets = [""] * before + [one.page.name for one in printed for _ in one.pdf.pages]
    for at, name in enumerate(sheets):
        lead_inside(writer, at, name, starts, places, html)
    outline(writer, printed, places, html)
    writer.set_page_label(0, before - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(before, len(sheets) - 1, style=PageLabelStyle.DECIMAL)
    writer.add_metadata({"/Title": f"{COURSE}: {SUBTITLE}", "/Author": f"The authors of {COURSE}"})
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    return writer


def places_of(pdf: PdfReader, first: int) -> dict[str, tuple[int, float]]:
    """Where the named places of a page of the book are: the sheet in the whole document, and the height on it."""
    found = {}
    for name, place in pdf.named_destinations.items():
        sheet = pdf.get_destination_page_number(place)
        if sheet is not None and sheet >= 0:
            found[unquote(name.lstrip("/"))] = (first + sheet, float(place.top or 0))
    return found


def lead_inside(
    writer: PdfWriter,
    at: int,
    name: str,
    starts: dict[str, int],
    places: dict[str, dict[str, tuple[int, float]]],
    html: Path,
) -> None:
    """Makes each link of a sheet that leads to a page of the book lead there; one to a file beside it is taken away."""
    kept = ArrayObject()
    for annotation in writer.pages[at].get("/Annots", []):
        link = annotation.get_object()
        address = str(link["/A"]["/URI"]) if "/A" in link and "/URI" in link["/A"] else ""
        if "/Dest" in link and isinstance(link["/Dest"], str):
            to, fragment = name, unquote(str(link["/Dest"]).lstrip("/"))
        elif address.startswith(html.as_uri()):
            split = urlsplit(address.removeprefix(html.as_uri()).lstrip("/"))
            to, fragment = split.path.removesuffix(".html"), unquote(split.fragment)
        else:
            kept.append(annotation)
            continue
        if to in starts:
            sheet, height = places[to].get(fragment, (starts[to], 0.0))
            point(link, writer, sheet, height)
            kept.append(annotation)
    if kept:
        writer.pages[at][NameObject("/Annots")] = kept
    else:
        writer.pages[at].pop("/Annots", None)


def point(link: DictionaryObject, writer: PdfWriter, sheet: int, height: float) -> None:
    """Makes a link lead to a height on a sheet."""
    where = FloatObject(height) if height else NullObject()
    goal = [writer.pages[sheet].indirect_reference, NameObject("/XYZ"), NullObject(), where, NullObject()]
    link.pop("/A", None)
    link[NameObject("/Dest")] = ArrayObject(goal)


def outline(writer: PdfWriter, printed: list[Printed], places: Places, html: Path) -> None:
    """The outline: parts, pages in them, and the sections of each page."""
    parts: dict[str, object] = {}
    for one in printed:
        first = len(writer.pages) - sum(len(other.pdf.pages) for other in printed) + one.first - 1
        if one.page.part and one.page.part not in parts:
            parts[one.page.part] = writer.add_outline_item(title=one.page.part, page_number=first)
        item = writer.add_outline_item(title=one.page.title, page_number=first, parent=parts.get(one.page.part))
        for section in sections_of(html, one.page):
            sheet, _ = places[one.page.name].get(section.id, (first, 0.0))
            writer.add_outline_item(title=section.title, page_number=sheet, parent=item)


if __name__ == "__main__":
    main()
