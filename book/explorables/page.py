"""A demo as plain HTML: native controls with labels, the first frame in place, and an index of the others.

Without JavaScript the first frame and the caption stand there; `static/host.js` brings the controls to life.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from explorables import afm

if TYPE_CHECKING:
    from explorables.controls import Control
    from explorables.explore import Demo
    from explorables.store import Store


def demo_html(demo: Demo, store: Store) -> str:
    """The HTML of a demo. Its frames are drawn into `store` where they are not there yet."""
    keys = store.frames(demo)
    positions = list(demo.positions())
    first = positions.index(demo.start)
    name = _identity("demo", demo.name, demo.caption, *(control.name for control in demo.controls), *keys)
    picture = _picture(store.svg(keys[first]), demo.alt_at(demo.start))
    if not demo.controls:
        return _figure(name, "", f'<div class="explorable-stage">{picture}</div>', demo.caption, demo.try_this)
    index = {
        "controls": [{"name": control.name, "texts": control.texts} for control in demo.controls],
        "start": first,
        "frames": keys,
        "alts": [demo.alt_at(position) for position in positions],
    }
    body = "".join(_control(name, control, demo.play == control.name) for control in demo.controls)
    return _figure(
        name,
        ' data-explorable="frames"',
        f'<div class="explorable-controls">{body}</div>'
        f'<div class="explorable-stage">{picture}</div>{_LIVE}{_json(index)}',
        demo.caption,
        demo.try_this,
    )


def widget_html(widget: afm.Widget, store: Store) -> str:
    """The HTML of a widget. Its module, style and data are written into `store`."""
    module, code = afm.module_file(widget.module)
    store.put("widgets", f"{module}.js", code)
    data, text = afm.data_file(widget.data)
    store.put("data", f"{data}.js", text)
    index: dict[str, Any] = {"module": module, "data": data, "alt": widget.alt}
    if widget.css is not None:
        rules = widget.css.read_text(encoding="utf-8")
        index["css"] = hashlib.sha256(rules.encode()).hexdigest()[:16]
        store.put("widgets", f"{index['css']}.css", rules)
    name = _identity("widget", widget.caption, module, data, index.get("css", ""))
    words = f'<p class="explorable-words">{escape(widget.alt)}</p>'
    heights = zip(("narrow", "wide"), widget.heights or (), strict=False)
    reserved = "; ".join(f"--explorable-{width}: {height}px" for width, height in heights)
    stage = '<div class="explorable-stage explorable-stage-widget"' + (f' style="{reserved}"' if reserved else "")
    stage += f">{_preview(widget) or words}</div>"
    return _figure(name, ' data-explorable="widget"', stage + _json(index), widget.caption, widget.try_this)


def _preview(widget: afm.Widget) -> str:
    if widget.preview is None:
        return ""
    from explorables.explore import show
    from explorables.store import render_at

    return _picture(render_at(show(widget.preview, alt=widget.alt), ()).svg, widget.alt)


_LIVE = '<p class="explorable-spoken" aria-live="polite"></p>'


def _figure(name: str, kind: str, body: str, caption: str, try_this: str) -> str:
    words = f'<p class="explorable-caption">{marked(caption)}</p>' if caption else ""
    words += f'<p class="explorable-try"><strong>Try this.</strong> {marked(try_this)}</p>' if try_this else ""
    figcaption = f"<figcaption>{words}</figcaption>" if words else ""
    return f'<figure class="explorable" id="{name}"{kind}>{body}{figcaption}</figure>'


def _picture(svg: str, alt: str) -> str:
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def _control(name: str, control: Control, play: bool) -> str:
    identity = f"{name}-{control.name}"
    label = f'<label for="{identity}">{escape(control.label)}</label>'
    attributes = f'id="{identity}" data-name="{escape(control.name)}" autocomplete="off"'
    text = escape(control.texts[control.start])
    output = f'<output for="{identity}">{text}</output>'
    if control.kind == "select":
        options = "".join(
            f'<option value="{at}"{" selected" if at == control.start else ""}>{escape(words)}</option>'
            for at, words in enumerate(control.texts)
        )
        field = f"<select {attributes}>{options}</select>"
    elif control.kind == "switch":
        checked = " checked" if control.start else ""
        field = f'<input type="checkbox" role="switch" {attributes}{checked}>{output}'
    else:
        top = len(control.values) - 1
        span = f'min="0" max="{top}" step="1" value="{control.start}" aria-valuetext="{text}"'
        field = f'<input type="range" {attributes} {span}>{output}'
    button = ""
    if play:
        plays = f'data-plays="{escape(control.name)}" aria-label="Play {escape(control.label)}"'
        button = f'<button type="button" class="explorable-play" {plays}></button>'
    row = f'<span class="explorable-field">{field}{button}</span>'
    return f'<div class="explorable-control explorable-{control.kind}">{label}{row}</div>'


def _json(index: dict[str, Any]) -> str:
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" class="explorable-index">{text}</script>'


def _identity(kind: str, *parts: str) -> str:
    return f"explorable-{kind}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:8]}"


_MARKS = re.compile(r"`(?P<code>[^`]+)`|\$(?P<math>[^$]+)\$|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*")


def marked(text: str) -> str:
    """`text` as HTML: `code`, $mathematics$, *emphasis* and **importance**; everything else is escaped."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    last = 0
    for found in _MARKS.finditer(text):
        yield escape(text[last : found.start()])
        kind, inner = found.lastgroup, escape(found[found.lastgroup])
        yield (
            f'<span class="math notranslate nohighlight">\\({inner}\\)</span>'
            if kind == "math"
            else f"<{kind}>{inner}</{kind}>"
        )
        last = found.end()
    yield escape(text[last:])


_INDEX = re.compile(r'<script type="application/json" class="explorable-index">(.*?)</script>', re.DOTALL)


def identities_of(html: str) -> list[str]:
    """The ids of the demos in a piece of a page."""
    return re.findall(r'<figure class="explorable" id="([^"]+)"', html)


def files_of(html: str) -> list[str]:
    """The files of the store that a piece of a page names, in order and once each."""
    found: dict[str, None] = {}
    for text in _INDEX.findall(html):
        index = json.loads(text)
        found |= dict.fromkeys(f"frames/{key}.js" for key in index.get("frames", ()))
        if "module" in index:
            found |= dict.fromkeys((f"widgets/{index['module']}.js", f"data/{index['data']}.js"))
        if "css" in index:
            found[f"widgets/{index['css']}.css"] = None
    return list(found)
