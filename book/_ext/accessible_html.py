"""Sphinx extension: a bibliography is announced as a list of entries.

docutils wraps the entries in `role="list"`, whose children must be list items, and gives each of them the role
`doc-biblioentry`, which is deprecated (DPUB-ARIA 1.1) and no list item's.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

ENTRY, LIST_ITEM = ' role="doc-biblioentry">', ' role="listitem">'


def correct_role(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Makes the entries in a page's body items of their list."""
    if "body" in context:
        context["body"] = context["body"].replace(ENTRY, LIST_ITEM)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the correction of each page's HTML."""
    app.connect("html-page-context", correct_role)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
