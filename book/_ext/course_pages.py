"""The pages of the course as its table of contents lists them: order, part, title, and the sentence they open with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

CHAPTER = re.compile(r"ch(\d\d)_\w+")
HEADING = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)
LEDE = re.compile(r"^:::\{div\} lede\n(?P<text>.+?)\n:::$", re.MULTILINE | re.DOTALL)
PARAGRAPH = re.compile(r"\n\n(?P<text>[A-Z*][^\n]+(?:\n(?!\n)[^\n]+)*)")


@dataclass(frozen=True, slots=True)
class CoursePage:
    """A page: its name, the part it stands in (empty for the front page), and its source."""

    name: str
    part: str
    source: str

    @property
    def title(self) -> str:
        """The text of its heading."""
        found = HEADING.search(self.source)
        if found is None:
            raise ValueError(f"{self.name}.md: expected a heading, a line that begins with `# `, got none; add one")
        return found["title"].strip()

    @property
    def lede(self) -> str:
        """The sentence under the heading, or nothing."""
        found = LEDE.search(self.source)
        return plain(found["text"]) if found else ""

    @property
    def number(self) -> int | None:
        """The number of a chapter, None for the pages around them."""
        found = CHAPTER.fullmatch(self.name)
        return int(found[1]) if found else None

    @property
    def description(self) -> str:
        """At most 200 letters that say what the page is about: its lede and what follows, whole sentences of it."""
        body = self.source[HEADING.search(self.source).end() :]
        first = PARAGRAPH.search(LEDE.sub("", body))
        return whole_sentences(" ".join(filter(None, [self.lede, plain(first["text"]) if first else ""])), 200)


def course_pages(book: Path) -> list[CoursePage]:
    """The pages in the order of `_toc.yml`, the front page first."""
    toc = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    parts = [(page["file"], part["caption"]) for part in toc["parts"] for page in part["chapters"]]
    listed = [(toc["root"], ""), *parts]
    return [CoursePage(name, part, (book / f"{name}.md").read_text(encoding="utf-8")) for name, part in listed]


def plain(markdown: str) -> str:
    """The text of `markdown` on one line, without marks, roles and links."""
    text = re.sub(r"\s*\{cite(?::\w+)?\}`[^`]*`", "", markdown)
    text = re.sub(r"\{[\w:]+\}`([^`<]*?)\s*(?:<[^`]*>)?`", r"\1", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return " ".join(re.sub(r"[*`$]", "", text).split())


def whole_sentences(text: str, most: int) -> str:
    """As many sentences of `text` as fit into `most` letters; of a first sentence that is too long, its beginning."""
    ends = [found.end() for found in re.finditer(r"[.?!](?=\s|$)", text) if found.end() <= most]
    return text[: ends[-1]] if ends else text[: most - 1].rsplit(" ", 1)[0] + "…"
