"""Sphinx extension: a bibliography's entries are announced as what they are.

docutils wraps them in `role="list"`, whose children must then be list items; they carry the more telling role
`doc-biblioentry`. Without the wrapper's role, screen readers name every entry.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

WRAPPER, PLAIN = '<div role="list" class="citation-list">', '<div class="citation-list">'


def drop_wrong_role(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Takes the role off the wrapper in a page's body."""
    if "body" in context:
        context["body"] = context["body"].replace(WRAPPER, PLAIN)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the correction of each page's HTML."""
    app.connect("html-page-context", drop_wrong_role)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
