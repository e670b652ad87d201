"""Every test that takes `page` runs once for each page of the book."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

BOOK = Path(__file__).resolve().parents[2] / "book"


def pages() -> list[str]:
    """Names of the pages in the table of contents, in order."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives `page` its values."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", pages(), scope="module")


@pytest.fixture(scope="session")
def toc_pages() -> list[str]:
    """Names of the pages in the table of contents."""
    return pages()
