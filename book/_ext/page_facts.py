"""Sphinx extension: every page says what it is about, where it lives, and from what it was made.

- Description: the sentence a page opens with and what follows, for search engines and for cards in messages.
- Address: `html: baseurl:` in `_config.yml`, or the environment's BOOK_URL, which a publishing workflow sets. Without
  one no page claims an address.
- Footer: the version of the book, Python and torch, how long the page's cells ran, and the commit.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tomllib
from functools import lru_cache
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from course_pages import course_pages
from sphinx.application import Sphinx
from sphinx.config import Config

BEFORE_OTHERS = 100
LIBRARY = "torch"


def choose_address(app: Sphinx, config: Config) -> None:
    """Tells all who ask for the book's address the same one."""
    address = os.environ.get("BOOK_URL", "") or config.html_baseurl
    config.html_baseurl = f"{address.rstrip('/')}/" if address else ""
    config.ogp_site_url = config.html_baseurl


@lru_cache
def descriptions(book: Path) -> dict[str, str]:
    """What each page is about."""
    return {page.name: page.description for page in course_pages(book)}


@lru_cache
def book_version(root: Path) -> str:
    """The version in `pyproject.toml`."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@lru_cache
def commit(root: Path) -> str:
    """The commit the book was made from, "+" after it where files differ from it; nothing without version control."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        at = git("rev-parse", "--short=10", "HEAD")
        return f"{at}+" if at and git("status", "--porcelain", "--untracked-files=no") else at
    except FileNotFoundError:
        return ""


def seconds(env: Any, page: str) -> float | None:
    """How long the cells of a page ran when they last ran; None for a page without cells."""
    told = env.nb_metadata.get(page, {}).get("exec_data") if hasattr(env, "nb_metadata") else None
    return told["runtime"] if told else None


def facts(app: Sphinx, page: str) -> list[str]:
    """What the footer says of a page."""
    root, ran = Path(app.srcdir).parent, seconds(app.env, page)
    made = [f"{app.config.project} {book_version(root)}", f"Python {platform.python_version()}"]
    made.append(f"{LIBRARY} {version(LIBRARY).split('+')[0]}")
    made += [f"the cells of this page ran {ran:.1f} s"] if ran is not None else []
    return made + ([f"commit {commit(root)}"] if commit(root) else [])


def tell(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Hands a page's description and facts to the templates, and its description to the cards."""
    context["page_facts"] = facts(app, pagename)
    text = descriptions(Path(app.srcdir)).get(pagename)
    if text and doctree is not None:
        context["metatags"] = context.get("metatags", "") + f'\n<meta name="description" content="{escape(text)}" />\n'
        context["meta"] = {**(context.get("meta") or {}), "og:description": text}


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the steps, before those that read what they set."""
    app.connect("config-inited", choose_address, priority=BEFORE_OTHERS)
    app.connect("html-page-context", tell, priority=BEFORE_OTHERS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
