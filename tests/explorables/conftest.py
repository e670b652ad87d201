"""The small book of `site/`, built once, and opened over a server and from the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorables import page, sphinx_ext
from explorables.store import Store

SITE = Path(__file__).parent / "site"


def build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Builds a small book with warnings as errors, as the real one is built."""
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", str(source), str(out / "html")]
    room = {name: value for name, value in os.environ.items() if name != "EXPLORABLES_STORE"}
    return subprocess.run(
        [*command, "-d", str(out / "doctrees")], env=room | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages of `site/`."""
    out = tmp_path_factory.mktemp("explorables")
    done = build(SITE, out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "html"


@pytest.fixture(scope="session")
def served(built: Path, serve: Callable[[Path], str]) -> str:
    """Address of a server of the built pages."""
    return serve(built)


@pytest.fixture(scope="session")
def widget_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Puts widgets on a page of their own, with the browser host and nothing else, and gives its file."""

    def make(title: str, *widgets: Any) -> Path:
        folder = tmp_path_factory.mktemp(title)
        store = Store(folder)
        for name, parts in sphinx_ext.HOST.items():
            text = "\n".join((sphinx_ext.STATIC / part).read_text(encoding="utf-8") for part in parts)
            (folder / name).write_text(text, encoding="utf-8")
        body = "".join(page.widget_html(widget, store) for widget in widgets)
        head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        head += '<link rel="stylesheet" href="host.css">'
        text = f'{head}<body style="margin: 8px"><main>{body}</main><script src="host.js"></script></body></html>'
        (folder / "index.html").write_text(text, encoding="utf-8")
        return folder / "index.html"

    return make


@pytest.fixture(params=["http", "file"])
def demos(request: pytest.FixtureRequest, built: Path) -> str | Path:
    """The page of demos, once over a server and once from the disk."""
    return built / "demos.html" if request.param == "file" else request.getfixturevalue("served") + "/demos.html"
