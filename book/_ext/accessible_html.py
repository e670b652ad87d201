"""Sphinx extension: corrects what other extensions write and assistive technology stumbles over.

- docutils wraps the entries of a bibliography in `role="list"`, whose children must then be list items; they carry the
  more telling role `doc-biblioentry`. Without the wrapper's role, screen readers name every entry.
- Theorems, proofs and exercises all carry the same few ids, which nothing refers to. An id is for one thing on a page.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

WRAPPER, PLAIN = '<div role="list" class="citation-list">', '<div class="citation-list">'
SAME_ID = re.compile(r'(<(?:div|section)\b[^>]*?) id="(?:proof|(?:proof|exercise|solution)-content)"')


def corrected(body: str) -> str:
    """The HTML of a page's body without the wrong role and the repeated ids."""
    return SAME_ID.sub(r"\1", body.replace(WRAPPER, PLAIN))


def correct(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Corrects a page before its template is filled."""
    if "body" in context:
        context["body"] = corrected(context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the correction of each page's HTML."""
    app.connect("html-page-context", correct)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
