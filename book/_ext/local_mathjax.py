"""Sphinx extension: MathJax 3 is served from the book itself, so that formulas need no network.

The wheel `sphinx-mathjax-offline` carries a whole MathJax. A page needs `tex-chtml.js`, its fonts and the TeX
extensions that MathJax loads when a formula names them: 2 MB of the 24.
"""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

WHEEL = "sphinx-mathjax-offline"
ENTRY = "mathjax/tex-chtml.js"
PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")


def mathjax_in_wheel() -> Path:
    """Folder of the MathJax that the wheel brought. Raises `ExtensionError` when the wheel is missing."""
    try:
        files = metadata.files(WHEEL) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "tex-chtml.js":
            return Path(file.locate()).parent
    raise ExtensionError(f"MathJax not found: expected the package {WHEEL}; run `make` to install requirements.txt")


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copies what pages need into `_static/mathjax`, once."""
    if exception is not None or app.builder.format != "html":
        return
    source, target = mathjax_in_wheel(), Path(app.outdir) / "_static" / "mathjax"
    for part in PARTS:
        if (target / part).exists():
            continue
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part)
        else:
            shutil.copyfile(source / part, target / part)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the copying; `mathjax_path` itself stands in `_config.yml`."""
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
