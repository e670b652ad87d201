"""A demo on a kernel: ipywidgets that call the drawing function on every move, and anywidget for the widgets."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from explorables import afm, page, store

if TYPE_CHECKING:
    from explorables.controls import Control
    from explorables.explore import Demo

TOKENS = (afm.HERE / "static" / "tokens.css").read_text(encoding="utf-8")
PICTURE = ".explorable-live svg { display: block; width: 100%; height: auto; color: var(--explorable-text); }"
STYLE = f"<style>{TOKENS}{PICTURE}</style>"


EXPORT = """export default {
  ...__module,
  render: (given) => {
    given.el.classList.add("explorable-widget");
    return __module.render({ ...given, model: explorablesUnpacked(given.model) });
  },
};"""


def box(demo: Demo) -> Any:
    """The demo as one ipywidgets box: its controls, its picture, its caption."""
    import ipywidgets

    fields = [_field(control, ipywidgets) for control in demo.controls]
    picture = ipywidgets.HTML()
    picture.add_class("explorable-live")

    def draw(change: Any = None) -> None:
        picture.value = STYLE + _drawn(demo, tuple(_position(field) for field in fields))

    for field in fields:
        field.observe(draw, names="index" if hasattr(field, "index") else "value")
    draw()
    rows = [_with_play(demo, control, field, ipywidgets) for control, field in zip(demo.controls, fields, strict=True)]
    return ipywidgets.VBox([*rows, picture, *_words(demo, ipywidgets)])


def _drawn(demo: Demo, position: tuple[int, ...]) -> str:
    """The picture, or what went wrong: a student's own function may be the one that draws."""
    try:
        svg = store.render_at(demo, position).svg
    except Exception as error:
        notes = "\n".join(getattr(error, "__notes__", ()))
        return f"<pre>{escape(f'{type(error).__name__}: {error}')}\n{escape(notes)}</pre>"
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(demo.alt_at(position))}"', 1)


def _field(control: Control, ipywidgets: Any) -> Any:
    layout = {"width": "min(100%, 32rem)"}
    style = {"description_width": "9rem"}
    if control.kind == "switch":
        return ipywidgets.Checkbox(value=bool(control.start), description=control.label, layout=layout, indent=False)
    options = [(text, at) for at, text in enumerate(control.texts)]
    kind = ipywidgets.SelectionSlider if control.kind == "slider" else ipywidgets.Dropdown
    return kind(options=options, index=control.start, description=control.label, layout=layout, style=style)


def _position(field: Any) -> int:
    return int(field.index if hasattr(field, "index") else field.value)


def _with_play(demo: Demo, control: Control, field: Any, ipywidgets: Any) -> Any:
    if demo.play != control.name or not hasattr(field, "index"):
        return field
    play = ipywidgets.Play(min=0, max=len(control.values) - 1, value=control.start, interval=600)
    ipywidgets.link((play, "value"), (field, "index"))
    return ipywidgets.HBox([field, play])


def _words(demo: Any, ipywidgets: Any) -> list[Any]:
    words = [demo.caption, f"**Try this.** {demo.try_this}" if demo.try_this else ""]
    return [ipywidgets.HTMLMath(f"<p>{_dollars(page.marked(text))}</p>") for text in words if text]


def _dollars(html: str) -> str:
    return re.sub(r'<span class="math[^>]*>\\\((.*?)\\\)</span>', r"$\1$", html)


def anywidget_of(widget: afm.Widget) -> Any:
    """The widget as an anywidget, its arrays sent as binary buffers and unpacked by the code that the page uses."""
    import anywidget
    import traitlets

    traits = {
        name: traitlets.Any(value).tag(sync=True) for name, value in afm.packed(widget.data, lambda raw: raw).items()
    }
    unpack = (afm.HERE / "static" / "unpack.js").read_text(encoding="utf-8")
    body = f"const __module = (function () {{\n{afm.classic(widget.module)}\n}})();"
    css = TOKENS + (widget.css.read_text(encoding="utf-8") if widget.css else "")
    esm = "\n".join([unpack, body, EXPORT])
    name = f"Explorable_{afm.module_file(widget.module)[0]}"  # anywidget keeps one style sheet for each name of a class
    return type(name, (anywidget.AnyWidget,), {"_esm": esm, "_css": css, **traits})()


def widget_box(widget: afm.Widget) -> Any:
    """The widget with its caption below."""
    import ipywidgets

    return ipywidgets.VBox([anywidget_of(widget), *_words(widget, ipywidgets)])
