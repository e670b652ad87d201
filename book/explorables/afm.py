"""`widget`: a demo with continuous input (drawing, dragging, typing), an anywidget module that also runs in the page.

The module is one JavaScript file beside the demos:

    export default { render({ model, el }) { ... } }

`model` has anywidget's get, set, on, off and save_changes. An array of `data` reaches it as `{shape, data}`, `data`
being a typed array, in Jupyter as in the page. Pages are read from a disk too, where browsers load no modules: the
file holds exactly one `export default` and fetches nothing. What several modules share stands in a file that is put
into each of them, wherever a line says

    import { make, percent } from "./shared/elements.js";
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).parent
DTYPES = ("float32", "float64", "int32", "int16", "uint8", "int8")


@dataclass(frozen=True)
class Widget:
    """A declared widget: its module, what it is given, and the words and the picture that stand for it."""

    module: Path
    data: Mapping[str, Any]
    alt: str
    css: Path | None = None
    caption: str = ""
    try_this: str = ""
    preview: Callable[[], Figure] | None = field(default=None)
    heights: tuple[int, int] | None = None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from explorables import store

        if store.of_book() is not None:
            from explorables import page

            return {"text/html": page.widget_html(self, store.of_book()), "text/plain": self.alt}
        from explorables import live

        return live.widget_box(self)._repr_mimebundle_()


def widget(
    module: str | Path,
    *,
    data: Mapping[str, Any] | None = None,
    css: str | Path | None = None,
    caption: str = "",
    try_this: str = "",
    alt: str = "",
    preview: Callable[[], Figure] | None = None,
    heights: tuple[int, int] | None = None,
) -> Widget:
    """A demo whose picture is made in the browser.

    Arguments:
        module: a JavaScript file (the anywidget form), looked for beside the caller, then in the working folder.
        data: what `model.get(name)` gives: JSON values and arrays (numpy or torch), nested as you like.
        css: a style sheet for it. Its rules should begin with a class of the demo's own.
        alt: the demo in words, for those who cannot see it. Required.
        preview: draws the matplotlib figure that shows where there is no JavaScript, and until it has run.
        heights: of the live demo, in pixels, on a phone 375 pixels wide and on a wide page. For a demo at the top of
            a page: what stands below then stays where it is when the demo comes alive.

    Raises ValueError for a module that could not run in a page, naming file and line.
    """
    if not alt:
        raise ValueError(f'widget({str(module)!r}): no text for it; give alt="..."')
    places = (Path(inspect.stack()[1].filename).parent, Path.cwd(), HERE)
    beside = next((place for place in places if (place / module).exists()), None)
    if beside is None:
        raise FileNotFoundError(
            f"widget({str(module)!r}): no such file in {', '.join(map(str, dict.fromkeys(places)))}"
        )
    path = beside / module
    classic(path)
    return Widget(path, dict(data or {}), alt, beside / css if css else None, caption, try_this, preview, heights)


def classic(path: Path) -> str:
    """The module's source as the body of a classic function that returns what the module exports.

    Raises ValueError naming file and line when the module fetches, exports anything but one default, or imports
    anything but names from a file beside it.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    exports = [number for number, line in enumerate(lines) if re.match(r"export\s+default\b", line)]
    if len(exports) != 1:
        where = f"{path.name}:{exports[1] + 1}" if exports else path.name
        raise ValueError(f"{where}: expected exactly one line that begins with `export default`, got {len(exports)}")
    lines[exports[0]] = re.sub(r"^export\s+default\b", "const __exported =", lines[exports[0]])
    lines = [_with_shared(path, number, line) for number, line in enumerate(lines, 1)]
    return "\n".join([*lines, "return __exported;"])


def _with_shared(path: Path, number: int, line: str) -> str:
    """A line of a module; in place of an import, the names it takes from a file beside the module."""
    shared = _SHARED.match(line)
    if shared is None:
        _refuse(path, number, line)
        return line
    source = path.parent / shared["file"]
    if not source.exists():
        raise ValueError(f"{path.name}:{number}: no file {shared['file']} beside it")
    body = source.read_text(encoding="utf-8").splitlines()
    exported = {found[1] for found in map(_EXPORTED.match, body) if found}
    names = [name.strip() for name in shared["names"].split(",")]
    missing = [name for name in names if name not in exported]
    if missing:
        raise ValueError(f"{path.name}:{number}: {source.name} exports no {', '.join(missing)}")
    for at, inner in enumerate(body, 1):
        _refuse(source, at, _EXPORTED.sub(r"\1", inner))
    plain = "\n".join(re.sub(r"^export\s+", "", inner) for inner in body)
    taken = ", ".join(names)
    return f"const {{ {taken} }} = (function () {{\n{plain}\nreturn {{ {taken} }};\n}})();"


def _refuse(path: Path, number: int, line: str) -> None:
    """Raises ValueError for a line that a page opened from a disk cannot run."""
    trouble = _FORBIDDEN.search(line)
    if trouble and not line.lstrip().startswith(("//", "*", "/*")):
        raise ValueError(
            f"{path.name}:{number}: {trouble[0].strip()!r} cannot run in a page opened from a disk; take names from a "
            f"file beside the module, and pass what else it needs through data="
        )


_SHARED = re.compile(r'import \{(?P<names>[^{}]+)\} from "\./(?P<file>[\w./-]+\.js)";$')
_EXPORTED = re.compile(r"export (?:function|const) (\w+)")
_FORBIDDEN = re.compile(
    r"^\s*import\b|^\s*export\b|\bimport\s*[(.]|\bfetch\s*\(|\bXMLHttpRequest\b|\bnew\s+(?:Worker|WebSocket)\b|\bimportScripts\b"
    r"|https?://(?!www\.w3\.org/)"
)


def packed(value: Any, encode: Callable[[bytes], Any]) -> Any:
    """`value` with arrays as `{"__array__": {dtype, shape, bytes}}`, their little-endian bytes through `encode`."""
    if isinstance(value, Mapping):
        return {str(name): packed(inner, encode) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [packed(inner, encode) for inner in value]
    if hasattr(value, "__array__") and getattr(value, "shape", ()) != ():
        return {"__array__": _array(value, encode)}
    return value.item() if hasattr(value, "item") else value


def _array(value: Any, encode: Callable[[bytes], Any]) -> dict[str, Any]:
    import numpy

    array = numpy.ascontiguousarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if str(array.dtype) not in DTYPES:
        raise TypeError(f"data= holds an array of {array.dtype}; expected one of {', '.join(DTYPES)}: convert it")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {"dtype": str(array.dtype), "shape": list(array.shape), "bytes": encode(little.tobytes())}


def data_file(data: Mapping[str, Any]) -> tuple[str, str]:
    """Key and text of the classic script that hands `data` to the page."""
    text = json.dumps(packed(data, lambda raw: base64.b64encode(raw).decode()), allow_nan=False, separators=(",", ":"))
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return key, f"explorables.data({json.dumps(key)},{text});\n"


def module_file(path: Path) -> tuple[str, str]:
    """Key and text of the classic script that hands the module to the page."""
    body = classic(path)
    key = hashlib.sha256(body.encode()).hexdigest()[:16]
    return key, f"explorables.module({json.dumps(key)},function(){{\n{body}\n}});\n"
