"""Begins a chapter with a small one that works: an exercise with cases, mistakes and variants, a page and a demo.

What a new chapter gets is the folder `template`, which is a chapter itself, `ch10_example`.
"""

from __future__ import annotations

import re
from pathlib import Path

from autograder.authoring.percent import AuthoringError

TEMPLATE = Path(__file__).parent / "template"
EXAMPLE, HEADING = "ch10_example", "Running means: told that the recent counts more"
OWN_PART = "Chapters of your own"
_LAST_PART = "  - caption: Around the chapters\n"


def begin(stem: str, title: str, root: Path) -> list[Path]:
    """The files of a new chapter below `root`, and the table of contents, which lists it now.

    Raises AuthoringError for a stem that is none, or that is there already; then nothing is written.
    """
    if not re.fullmatch(r"ch\d\d_[a-z][a-z0-9_]*", stem):
        raise AuthoringError(root / "solutions" / stem, 1, f"{stem!r} is no stem", "Write one such as ch10_smoothing")
    number = stem[:4]
    for path in (root / "solutions").glob(f"{number}_*"):
        raise AuthoringError(path, 1, f"there is a chapter {number} already", "Choose another number")
    files = {path: _renamed(content, stem, title) for path, content in _files(stem, root)}
    for path in files:
        if path.exists():
            raise AuthoringError(path, 1, "this file is there already", "Move it away, or choose another stem")
    toc = root / "book" / "_toc.yml"
    contents = _listed(toc, stem)
    written: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            path.write_text(text, encoding="utf-8")
    except BaseException:  # half a chapter would be in the way of the next try
        for path in written:
            path.unlink(missing_ok=True)
        raise
    partial = toc.with_name(".toc.partial")
    partial.write_text(contents, encoding="utf-8")
    partial.replace(toc)
    return [*files, toc]


def _files(stem: str, root: Path) -> list[tuple[Path, str]]:
    solutions, book = root / "solutions" / stem, root / "book"
    places = {
        f"{EXAMPLE}.py": solutions / f"{stem}.py",
        "cases.py": solutions / "cases.py",
        "mistakes.py": solutions / "mistakes.py",
        "variants.py": solutions / "variants.py",
        "page.md": book / f"{stem}.md",
        "demo.py": book / "explorables" / f"{stem}.py",
    }
    return [(path, (TEMPLATE / name).read_text(encoding="utf-8")) for name, path in places.items()]


def _renamed(text: str, stem: str, title: str) -> str:
    """The text with the chapter's stem, and with its title over the page and the notebook."""
    text = text.replace(EXAMPLE, stem)
    if title:
        short = title.partition(":")[0]
        text = text.replace(f"# {HEADING}", f"# {title}").replace("# # Running means\n", f"# # {short}\n")
        text = text.replace("page *Running means*", f"page *{short}*")
    return text


def _listed(toc: Path, stem: str) -> str:
    """The table of contents with the chapter in it, after all others."""
    text = toc.read_text(encoding="utf-8")
    part, entry = f"  - caption: {OWN_PART}\n    chapters:\n", f"      - file: {stem}\n"
    if text.count(_LAST_PART) != 1:
        raise AuthoringError(toc, 1, "no part 'Around the chapters'", f"Add the chapter by hand: '- file: {stem}'")
    before, after = text.split(_LAST_PART)
    return before + ("" if part in before else part) + entry + _LAST_PART + after
