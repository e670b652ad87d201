"""Sphinx extension: a page's line `% every experiment` becomes a section for each experiment, from its stored result.

A new experiment appears by itself: what there is, is asked of `experiments.record`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from course_pages import CoursePage, course_pages
from sphinx.application import Sphinx

from experiments import record

MARK = "% every experiment"


def section(name: str, pages: list[CoursePage]) -> str:
    """What is known of the experiment `name`, as MyST: claim, set-up, figure, outcome, circumstances, command."""
    if record.is_stale(name):
        why = "There is no result of the code as it is."
        return f"## {heading(name, record.module(name).TITLE)}\n\n{why} Run it: `make experiments K={name}`."
    result, words = record.load(name), record.summary(name)
    parts = [
        f"## {heading(name, result['title'])}",
        f"**The claim.** {result['claim']}",
        f"**What would have counted against it.** {result['against']}",
        f"**The set-up.** {words['setup']}" if "setup" in words else "",
        f'```{{code-cell}} python\n:tags: [remove-input]\nexperiments.show("{name}")\n```',
        f"**What came out.** {words['verdict']}",
        circumstances(name, result, pages),
    ]
    return "\n\n".join(filter(None, parts))


def heading(name: str, title: str) -> str:
    """The heading as chapters write it: K1, K2, … number the claims of the book."""
    return f"{name.upper()}: {title}" if re.fullmatch(r"k\d+", name) else title


def circumstances(name: str, result: dict[str, Any], pages: list[CoursePage]) -> str:
    """Where it is argued, seeds, versions, cost, and how to run it again: a list."""
    seeds = result["seeds"]
    chapters = [f"[{page.title}]({page.name}.md)" for page in pages if argues(page, name)]
    rows = {
        "Argued in": ", ".join(chapters) or "no chapter",
        "Seeds": f"{len(seeds)}: {', '.join(map(str, seeds))}",
        "Versions": ", ".join(f"{library} {version}" for library, version in result["versions"].items()),
        "Cost": f"{result['cpu_seconds']:.0f} CPU-seconds",
        "Code": f"hash `{result['sources']}`",
        "All numbers": f"{{download}}`{name}.json <experiments/results/{name}.json>`",
        "Run it again": f"`make experiments K={name}`",
    }
    return "\n".join(f"- {what}: {text}" for what, text in rows.items())


def argues(page: CoursePage, name: str) -> bool:
    """Whether a chapter quotes the result of the experiment."""
    return page.number is not None and re.search(rf'["`]{name}[_"`]', page.source) is not None


def tell_all(app: Sphinx, docname: str, source: list[str]) -> None:
    """Puts the experiments in the place of their mark."""
    if MARK in source[0]:
        pages = course_pages(Path(app.srcdir))
        source[0] = source[0].replace(MARK, "\n\n".join(section(name, pages) for name in record.names()))


def setup(app: Sphinx) -> dict[str, Any]:
    """Writes the page before it is read."""
    app.connect("source-read", tell_all)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
