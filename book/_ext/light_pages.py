"""Sphinx extension: a page loads what it shows, and no more.

- The theme's icons are a script of 1.5 MB and a font of two thousand; a page shows a dozen. The script is not named,
  and `book.css` names a font with the icons that the book shows.
- MathJax and its settings stand on pages with formulas. (Sphinx gives them to the front page of such pages too.)
- Scripts of the search stand on the page of the search alone: the book does not search while one types.
- Large pictures inside a page become files beside it, which a browser loads when they come near.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

SCRIPT = re.compile(r'<script defer src="[^"]*fontawesome\.js[^"]*"></script>')
PICTURE = re.compile(r'<img (?P<before>[^>]*?)src="data:image/webp;base64,(?P<data>[^"]{4000,})"')
FORMULA = re.compile(r'class="(?:[^"]* )?math[ "]')
LAST = 950
FOLDER = "_static/figures"
FONT = "vendor/fontawesome/webfonts/fa-solid-900.woff2"
RULE = re.compile(r'([^{}]+)\{content:"\\([0-9a-f]{2,5})"\}')


def without_icon_script(html: str) -> str:
    """A page's head without the script that draws icons; the font shows them."""
    return SCRIPT.sub("", html)


def pictures_as_files(html: str, out: Path) -> str:
    """`html` with each large picture stored below `out` and loaded when it comes near, at the size it will have."""
    from PIL import Image

    def stored(found: re.Match[str]) -> str:
        picture = base64.b64decode(found["data"])
        name = f"{FOLDER}/{hashlib.sha256(picture).hexdigest()[:16]}.webp"
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(picture)
        width, height = Image.open(io.BytesIO(picture)).size
        given = re.search(r'width="(\d+)"', found["before"])
        shape = f'height="{round(int(given[1]) * height / width)}" ' if given else ""
        return f'<img {found["before"]}{shape}loading="lazy" decoding="async" src="{name}"'

    return PICTURE.sub(stored, html)


def lighten(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Gives the template what it asks for, and takes large pictures out of the page."""
    context["without_icon_script"] = without_icon_script
    if not FORMULA.search(context.get("body", "")):
        context["script_files"][:] = [file for file in context["script_files"] if "mathjax" not in str(file).lower()]
    if "body" in context:
        context["body"] = pictures_as_files(context["body"], Path(app.outdir))


def shown_icons(pages: str, styles: str) -> set[int]:
    """The letters of the icon font that `pages` (HTML and scripts) or the style sheets themselves show."""
    named = set(re.findall(r"\bfa-[a-z0-9-]+", pages))
    letters = set()
    for selectors, letter in RULE.findall(styles):
        names = set(re.findall(r"\.(fa-[a-z0-9-]+)", selectors))
        if not names or names & named:
            letters.add(int(letter, 16))
    elsewhere = RULE.sub("", styles)  # the theme's own rules name letters, as they are or by their number
    letters |= {int(letter, 16) for letter in re.findall(r"\\([ef][0-9a-f]{3})\b", elsewhere)}
    return letters | {ord(letter) for letter in elsewhere if "\ue000" <= letter <= "\uf8ff"}


def make_icon_font(app: Sphinx, exception: Exception | None) -> None:
    """Writes the font that `book.css` names: the theme's icons, without those that no page shows."""
    if exception is not None or app.builder.format != "html":
        return
    from fontTools import subset

    out, static = Path(app.outdir), Path(app.outdir) / "_static"
    pages = [*out.glob("*.html"), *static.glob("*.js"), *static.glob("scripts/*-theme.js")]
    styles = "\n".join(path.read_text(encoding="utf-8") for path in sorted(static.rglob("*.css")))
    options = subset.Options(flavor="woff2", notdef_outline=True)
    font = subset.load_font(str(static / FONT), options)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=shown_icons("\n".join(page.read_text(encoding="utf-8") for page in pages), styles))
    worker.subset(font)
    subset.save_font(font, str(static / "icons.woff2"), options)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the steps."""
    app.connect("html-page-context", lighten, priority=LAST)
    app.connect("build-finished", make_icon_font)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
