"""The Sphinx extension: builds know that they are builds, pages get what their demos need, and nothing goes stale.

- The kernels that run the pages find the folder of the store in their environment, and so draw frames instead of
  widgets.
- Pages come from a cache of outputs, so the files they name outlive a build: the store lies beside the output, and
  when it is gone the cache goes too. A cache must be renewed when the sources of the demos change; the frames that
  did not change are then found in the store.
- Script and style are named only on pages with demos; files of the store that pages name are copied into the build,
  and one that is missing is an error that names the page.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

from explorables import page, store

STATIC = Path(__file__).parent / "static"
HOST = {"host.js": ("unpack.js", "host.js"), "host.css": ("tokens.css", "host.css")}
AFTER_OTHERS = 900


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension. See the module's docstring for what it does."""
    app.add_config_value("explorables_store", "", "")
    app.connect("config-inited", forget_outputs, priority=AFTER_OTHERS)
    app.connect("builder-inited", open_store)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("doctree-read", note_page)
    app.connect("env-updated", check_files)
    app.connect("html-page-context", add_assets)
    app.connect("build-finished", finish)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}


def root_of(app: Sphinx) -> Path:
    """The folder of the store: beside the output, so that it outlives a build but not a `make clean`."""
    return (
        Path(app.confdir, app.config.explorables_store)
        if app.config.explorables_store
        else Path(app.outdir).parent / "explorables"
    )


def forget_outputs(app: Sphinx, config: Config) -> None:
    """Empties the cache of outputs when the store is gone: the outputs would name files that are no more."""
    cache = getattr(config, "nb_execution_cache_path", "") or Path(app.outdir).parent / ".jupyter_cache"
    if not (root_of(app) / "frames").exists():
        shutil.rmtree(cache, ignore_errors=True)


def open_store(app: Sphinx) -> None:
    """Tells this process, and the kernels it starts, where the store is; puts script and style into the build."""
    os.environ[store.VARIABLE] = str(root_of(app))
    if app.builder.format == "html":
        target = _target(app)
        target.mkdir(parents=True, exist_ok=True)
        for name, parts in HOST.items():
            (target / name).write_text(
                "\n".join((STATIC / part).read_text(encoding="utf-8") for part in parts), encoding="utf-8"
            )


def note_page(app: Sphinx, doctree: nodes.document) -> None:
    """Notes that a page has demos, and the files they name. Raises ExtensionError when one demo stands there twice."""
    html = [node.astext() for node in doctree.findall(nodes.raw) if 'class="explorable"' in node.astext()]
    docname = app.env.docname
    if not html:
        return
    names = [name for piece in html for name in page.identities_of(piece)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExtensionError(
            f"{docname}: the demo {twice[0]} stands twice on the page; give one of them another caption"
        )
    _pages(app.env)[docname] = [name for piece in html for name in page.files_of(piece)]


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forgets a page that is read again, or gone."""
    _pages(env).pop(docname, None)


def merge_pages(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    """Takes over what a parallel reader noted."""
    _pages(env).update({docname: files for docname, files in _pages(other).items() if docname in docnames})


def check_files(app: Sphinx, env: BuildEnvironment) -> None:
    """Raises ExtensionError, naming the page, when a file that its demos name is not in the store."""
    root = root_of(app)
    for docname, files in _pages(env).items():
        missing = [name for name in files if not (root / name).exists()]
        if missing:
            raise ExtensionError(
                f"{docname}: {len(missing)} files of its demos are missing, first {missing[0]}; "
                f"the outputs of the page are older than the store: delete {root} and build again"
            )


def add_assets(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Names script and style on a page with demos."""
    if pagename in _pages(app.env):
        app.add_css_file("explorables/host.css")
        app.add_js_file("explorables/host.js", loading_method="defer")


def finish(app: Sphinx, error: Exception | None) -> None:
    """Copies the files that pages name, and takes away those that none names."""
    os.environ.pop(store.VARIABLE, None)
    if error is not None or app.builder.format != "html":
        return
    named = {name for files in _pages(app.env).values() for name in files}
    target, root = _target(app), root_of(app)
    for path in [path for path in target.rglob("*") if path.is_file()]:
        if str(path.relative_to(target)) not in named | set(HOST):
            path.unlink()
    for name in sorted(named):
        if not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target / name)


def _pages(env: BuildEnvironment) -> dict[str, list[str]]:
    if not hasattr(env, "explorables_pages"):
        env.explorables_pages = {}
    return env.explorables_pages


def _target(app: Sphinx) -> Path:
    return Path(app.outdir) / "_static" / "explorables"
