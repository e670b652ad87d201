"""Where the pictures of a book build live: by content, so that equal ones are stored once and a rebuild draws nothing.

The Sphinx extension names the folder in the environment, the kernels that run the pages inherit it: its presence is
what says "a book is being built". Outputs of pages come from a cache, so the files they name must outlive a build.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from explorables.frames import Frame, render

VARIABLE = "EXPLORABLES_STORE"
DATA = (".json", ".npz", ".safetensors", ".csv")


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of files named after their content: frames, widgets and data; and `drawn/`, what was drawn from what."""

    root: Path

    def put(self, folder: str, name: str, text: str) -> str:
        """Writes a file, whole or not at all, unless it is there. Returns its path from the root of the store."""
        path = self.root / folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{name}.{os.getpid()}")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
        return f"{folder}/{name}"

    def put_frame(self, frame: Frame) -> None:
        """Stores a frame as a classic script, the one kind of file that a page opened from a disk may load."""
        self.put("frames", f"{frame.key}.js", f"explorables.frame({json.dumps(frame.key)},{json.dumps(frame.svg)});\n")

    def svg(self, key: str) -> str:
        """The picture that is stored under `key`."""
        text = (self.root / "frames" / f"{key}.js").read_text(encoding="utf-8")
        return json.loads(text[text.index(",") + 1 : text.rindex(")")])

    def frames(self, demo: Any) -> list[str]:
        """The keys of the demo's frames in the order of its positions, drawn where they are not in the store yet."""
        known = self._known(demo)
        if known is not None:
            return known
        keys = []
        for position in demo.positions():
            frame = render_at(demo, position)
            self.put_frame(frame)
            keys.append(frame.key)
        drawn = drawn_key(demo)
        if drawn is not None:
            self.put("drawn", f"{drawn}.json", json.dumps(keys))
        return keys

    def _known(self, demo: Any) -> list[str] | None:
        drawn = drawn_key(demo)
        path = self.root / "drawn" / f"{drawn}.json"
        if drawn is None or not path.exists():
            return None
        keys = json.loads(path.read_text(encoding="utf-8"))
        return keys if all((self.root / "frames" / f"{key}.js").exists() for key in keys) else None


def of_book() -> Store | None:
    """The store of the book that is being built, or None outside of a build."""
    root = os.environ.get(VARIABLE)
    return Store(Path(root)) if root else None


def render_at(demo: Any, position: tuple[int, ...]) -> Frame:
    """The frame of `demo` at `position`. An error of the drawing function is told with the parameters it was given."""
    try:
        return render(demo.figure(position))
    except Exception as error:
        settings = ", ".join(f"{name}={value!r}" for name, value in demo.parameters(position).items())
        error.add_note(f"while drawing {demo.name}({settings})")
        raise


def drawn_key(demo: Any) -> str | None:
    """A digest of everything a demo's pictures depend on, or None for a function that is not in one of our modules."""
    fn: Callable[..., Any] = demo.fn
    module = getattr(fn, "__module__", "")
    plain = getattr(fn, "__closure__", True) is None and "<" not in getattr(fn, "__qualname__", "<")
    if not plain or module.split(".")[0] not in ("explorables", "experiments"):
        return None
    grid = [(control.name, [repr(value) for value in control.values]) for control in demo.controls]
    drawing = [_code("explorables.frames"), _code("explorables.style"), version("matplotlib"), version("pillow")]
    return _digest([_code(module), *drawing, fn.__qualname__, repr(grid)])


@lru_cache
def _code(module: str) -> str:
    """Digest of a module, of the modules of ours that it imports, and of the data files beside them."""
    files = sorted(_closure(module, {}).values())
    data = {path for file in files for path in file.parent.rglob("*") if path.suffix in DATA}
    return _digest(hashlib.sha256(path.read_bytes()).hexdigest() for path in [*files, *sorted(data)])


def _closure(module: str, found: dict[str, Path]) -> dict[str, Path]:
    spec = importlib.util.find_spec(module) if module.split(".")[0] in ("explorables", "experiments") else None
    if spec is None or module in found or not spec.origin:
        return found
    found[module] = Path(spec.origin)
    if found[module].name != "__init__.py":
        for name in _imports(found[module]):
            try:
                _closure(name, found)
            except ModuleNotFoundError:
                continue
    return found


def _imports(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
