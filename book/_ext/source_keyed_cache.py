"""Sphinx extension: a page runs again when the code it shows has changed, and only then.

The notebook cache compares the code cells of a page, and not the packages that the cells import. So every page has a
cache of its own, whose path carries a hash of those packages' sources and of the pinned environment. Modules with the
name of another page are left out, and for a chapter what bears the number of another: a change of one chapter's demos
makes one chapter run again.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

KEPT = 2
SUFFIXES = {".py", ".js", ".css", ".json", ".safetensors"}
WATCHED = ("book/explorables", "book/experiments", "autograder/checking", "autograder/references", "requirements.txt")
CHAPTER = re.compile(r"ch\d\d_")


def watched_files(root: Path, page: str) -> Iterator[Path]:
    """Files below the repository root whose change can change the outputs of a page, sorted."""
    own = CHAPTER.match(page)
    for name in WATCHED:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            chapter = CHAPTER.match(file.stem)
            others = own is not None and chapter is not None and chapter[0] != own[0]
            others |= file.suffix == ".py" and file.stem != page and (root / "book" / f"{file.stem}.md").exists()
            if file.suffix in SUFFIXES | {".txt"} and not others and file.is_file():
                yield file


def source_key(root: Path, page: str) -> str:
    """12 hexadecimal digits that change when a file watched for `page` is edited, renamed, added or removed."""
    digest = hashlib.sha256()
    for file in watched_files(root, page):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def cache_of(root: Path, page: str) -> Path:
    """Folder of the page's cache for the sources as they are. Those of older states are removed but for the latest."""
    caches = root / "_build" / "cache" / "pages" / page
    cache = caches / source_key(root, page)
    cache.mkdir(parents=True, exist_ok=True)
    cache.touch()
    by_age = sorted(caches.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for path in by_age[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
    return cache


def choose_root(app: Sphinx, config: Config) -> None:
    """Names the folder of all caches, for extensions that ask where they are."""
    config.nb_execution_cache_path = str(Path(app.srcdir).parent / "_build" / "cache" / "pages")


def choose_cache(app: Sphinx, docname: str, source: list[str]) -> None:
    """Sets the notebook parser to the cache of the page that it is about to read."""
    settings = app.env.mystnb_config
    app.env.mystnb_config = settings.copy(execution_cache_path=str(cache_of(Path(app.srcdir).parent, docname)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Chooses the cache of each page before it is read."""
    app.connect("config-inited", choose_root)
    app.connect("source-read", choose_cache)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
