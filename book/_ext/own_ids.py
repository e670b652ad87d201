"""Sphinx extension: an id stands once on a page.

sphinx-proof and sphinx-exercise give every theorem's, proof's, question's and solution's body the same id. Nothing
points at these ids; labels have ids of their own.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

SHARED = {"proof", "proof-content", "exercise-content", "solution-content"}


def drop_shared(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Takes the shared ids off the elements of a page."""
    for node in doctree.findall(nodes.Element):
        if SHARED.intersection(node.get("ids", ())):
            node["ids"] = [name for name in node["ids"] if name not in SHARED]


def setup(app: Sphinx) -> dict:
    """Registers the step before a page is written."""
    app.connect("doctree-resolved", drop_shared)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
