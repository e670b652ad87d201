"""Sphinx extension: a page runs again when the code it shows has changed, and only then.

The notebook cache compares the code cells of a page, and not the packages that the cells import. So the path of the
cache carries a hash of those packages' sources and of the pinned environment. The path is a configuration value that
Sphinx watches: when it changes, every page is read anew.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

KEPT = 3
SUFFIXES = {".py", ".js", ".css", ".json", ".safetensors"}
WATCHED = ("book/explorables", "book/experiments", "autograder/checking", "autograder/references", "requirements.txt")


def watched_files(root: Path) -> Iterator[Path]:
    """Files whose change can change a page's outputs, sorted, below the repository root."""
    for name in WATCHED:
        path = root / name
        if path.is_file():
            yield path
        for file in sorted(path.rglob("*")):
            if file.suffix in SUFFIXES and "__pycache__" not in file.parts and file.is_file():
                yield file


def source_key(root: Path) -> str:
    """12 hexadecimal digits that change when a watched file is edited, renamed, added or removed."""
    digest = hashlib.sha256()
    for file in watched_files(root):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def forget_old(caches: Path) -> None:
    """Keeps the caches of the latest states of the sources, removes older ones."""
    ages = sorted((path for path in caches.glob("*") if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in ages[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def choose_cache(app: Sphinx, config: Config) -> None:
    """Sets the notebook cache to the folder that belongs to the sources as they are."""
    root = Path(app.srcdir).parent
    caches = root / "_build" / "cache" / "pages"
    cache = caches / source_key(root)
    cache.mkdir(parents=True, exist_ok=True)
    cache.touch()
    forget_old(caches)
    config.nb_execution_cache_path = str(cache)


def setup(app: Sphinx) -> dict[str, Any]:
    """Chooses the cache before the notebook parser reads its configuration."""
    app.connect("config-inited", choose_cache)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
