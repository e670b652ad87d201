"""Sphinx extension: a chapter says under its heading how to get its exercises: download, Colab, the course's own hub.

All of it is configured in one place, `exercise_links` in `_config.yml`; what is not configured there is not offered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from course_pages import CHAPTER, HEADING, LEDE
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

KEYS = {"repository", "branch", "colab", "hub", "nbgitpuller"}


def addresses(notebook: str, settings: dict[str, Any]) -> dict[str, str]:
    """What to call each way to open `notebook`, a path from the root of the repository, and its address.

    Raises ExtensionError, naming the setting, when one is unknown or another is missing.
    """
    unknown = sorted(settings.keys() - KEYS)
    if unknown:
        raise ExtensionError(
            f"_config.yml: exercise_links has no setting {unknown[0]!r}; there are {', '.join(sorted(KEYS))}"
        )
    repository, branch = settings.get("repository", "").rstrip("/"), settings.get("branch") or "main"
    hub, pull = settings.get("hub", "").rstrip("/"), settings.get("nbgitpuller", False)
    if (settings.get("colab") or (hub and pull)) and not repository:
        raise ExtensionError("_config.yml: exercise_links: colab and nbgitpuller need `repository`, its https address")
    found = {}
    if settings.get("colab"):
        at = urlsplit(repository).path.strip("/")
        found["Open in Colab"] = f"https://colab.research.google.com/github/{at}/blob/{branch}/{quote(notebook)}"
    if hub and pull:
        tree = f"lab/tree/{repository.rsplit('/', 1)[1].removesuffix('.git')}/{notebook}"
        asked = urlencode({"repo": repository, "branch": branch, "urlpath": tree})
        found["Open on the course hub"] = f"{hub}/hub/user-redirect/git-pull?{asked}"
    elif hub:
        found["Open on the course hub"] = f"{hub}/hub/user-redirect/lab/tree/{quote(notebook)}"
    return found


def links(notebook: str, settings: dict[str, Any]) -> str:
    """The line of links, as MyST."""
    ways = [f"{{download}}`Download the notebook <../{notebook}>`"]
    ways += [f"[{name}]({address})" for name, address in addresses(notebook, settings).items()]
    return "\n".join([":::{div} notebook-links", f"**Exercises.** {' · '.join(ways)}", ":::"])


def add_links(app: Sphinx, docname: str, source: list[str]) -> None:
    """Puts the line under the heading of a chapter, or under its lede."""
    notebook = f"exercises/{docname}/{docname}.ipynb"
    if CHAPTER.fullmatch(docname) and (Path(app.srcdir).parent / notebook).exists():
        text = source[0]
        at = (LEDE.search(text) or HEADING.search(text)).end()
        source[0] = f"{text[:at]}\n\n{links(notebook, app.config.exercise_links)}\n{text[at:]}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the links before a chapter is read."""
    app.add_config_value("exercise_links", {}, "env", types=frozenset({dict}))
    app.connect("source-read", add_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
