"""The book on paper: one file, with contents that are true, and links that lead inside it."""

from __future__ import annotations

import importlib.util
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from course_pages import course_pages
from playwright.sync_api import Browser
from pypdf import PdfReader

pytestmark = pytest.mark.browser

PAGES = ["ch03_convolution", "data", "bibliography"]


@pytest.fixture(scope="module")
def pdf(root: Path, book_html: Path, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """A chapter and two pages around the chapters, printed into one file."""
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    command = [sys.executable, "-W", "error", str(root / ".ci/pdf.py"), str(book_html), str(target), *PAGES]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return PdfReader(target)


def labels(pdf: PdfReader) -> dict[str, int]:
    """The number printed on each sheet, and the sheet's place in the file."""
    return {label: place for place, label in enumerate(pdf.page_labels)}


def test_contents_name_the_sheet_on_which_each_page_begins(pdf: PdfReader) -> None:
    contents = pdf.pages[labels(pdf)["ii"]].extract_text()
    found = dict(re.findall(r"(3 Convolution: told about place|Data|Sources)\s*(\d+)", contents))
    assert len(found) == len(PAGES)
    for title, number in found.items():
        text = pdf.pages[labels(pdf)[number]].extract_text()
        assert title.removeprefix("3 ") in text


def test_contents_of_the_whole_book_stand_on_one_sheet(root: Path, book_html: Path, browser: Browser) -> None:
    spec = importlib.util.spec_from_file_location("book_pdf", root / ".ci/pdf.py")
    pdf = sys.modules["book_pdf"] = importlib.util.module_from_spec(spec)  # its dataclasses look for their module
    spec.loader.exec_module(pdf)
    printed = [pdf.Printed(page, None, 13 * at + 1) for at, page in enumerate(course_pages(root / "book"))]
    front = pdf.paper(browser, pdf.front_matter(book_html, printed))
    assert len(PdfReader(io.BytesIO(front)).pages) == 2  # the title and the contents


def test_every_sheet_of_the_book_carries_its_number(pdf: PdfReader) -> None:
    heads = {label: pdf.pages[place].extract_text().splitlines()[:3] for label, place in labels(pdf).items()}
    assert len(heads) == len(pdf.pages)
    assert not [label for label, lines in heads.items() if label.isdigit() and label not in lines]


def test_outline_leads_to_parts_pages_and_sections(pdf: PdfReader) -> None:
    def titles(entries: list) -> list:
        return [titles(entry) if isinstance(entry, list) else str(entry.title) for entry in entries]

    part, (chapter, sections), around, (data, *_) = titles(pdf.outline)
    assert (part, chapter, around, data) == (
        "Told about place",
        "Convolution: told about place",
        "Around the chapters",
        "Data",
    )
    assert sections[:2] == ["What the fully connected net could not do", "A concrete case"]


def test_links_between_pages_lead_inside_the_file(pdf: PdfReader) -> None:
    links = [annotation.get_object() for sheet in pdf.pages for annotation in sheet.get("/Annots", [])]
    outside = [str(link["/A"]["/URI"]) for link in links if "/A" in link]
    assert all(address.startswith("https://") for address in outside)
    sheets = {pdf.get_page_number(link["/Dest"][0].get_object()) for link in links if "/Dest" in link}
    sources = next(place for place, sheet in enumerate(pdf.pages) if "What the book cites" in sheet.extract_text())
    assert any(sheet >= sources for sheet in sheets), "a citation leads to its source"


def test_the_file_names_its_title_and_language(pdf: PdfReader) -> None:
    assert pdf.metadata.title.startswith("Built In")
    assert pdf.trailer["/Root"]["/Lang"] == "en"
