"""From a matplotlib figure to a frame: one small SVG that takes its text colour from the page it stands in.

A frame is put into the page itself (an `<img>` could not follow the page's colours), so its ids are made its own.
What is heavy as a drawing (gzip above 12 kB) is drawn as a WebP picture inside the SVG; text, axes and ticks stay
vectors.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorables.style import INK, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEAVY = 12_000
"""Bytes, gzipped, above which the contents of the axes become a picture."""

LONG = 150_000
"""Bytes, not compressed, above which they become one too: a browser has to build every one of the shapes."""

RASTER_DPI = 120
LARGEST = 1.6
"""A figure grows with the page up to this many times its size."""
PHONE = 330
"""Pixels that a figure has on a phone of 375 px."""
SMALLEST_TEXT = 8.0
"""Pixels below which text on a phone is an error."""
PLAIN_FONT = "var(--explorable-font, system-ui, sans-serif)"
MEASURED_FONT = "'DejaVu Sans', Verdana, sans-serif"
"""For mathematics, whose glyphs are placed one by one where matplotlib measured them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished picture: its SVG and the digest of it, under which it is stored."""

    svg: str
    key: str

    @property
    def weight(self) -> int:
        """Bytes when gzipped."""
        return len(gzip.compress(self.svg.encode(), 9, mtime=0))

    @property
    def light(self) -> bool:
        """Whether the picture may stay as it is."""
        return self.weight <= HEAVY and len(self.svg) <= LONG

    @property
    def cost(self) -> float:
        """What is compared when a picture is too heavy: bytes to load, and a share of the bytes to build from."""
        return self.weight + len(self.svg) / 20


def render(figure: Figure) -> Frame:
    """The frame of `figure`, the same bytes for the same figure. The figure is closed.

    Raises ValueError when text would be smaller than 8 px on a phone.
    """
    import matplotlib.pyplot as plt

    from explorables import style

    try:
        with style.applied():
            frame = _finish(_svg(figure))
            for heavier in (_is_area, _is_data):
                if frame.light:
                    break
                _rasterize(figure, heavier)
                frame = min(frame, _finish(_svg(figure)), key=lambda candidate: candidate.cost)
    finally:
        plt.close(figure)
    _check_legible(frame.svg)
    return frame


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", dpi=RASTER_DPI, metadata=nothing, transparent=False)
    return out.getvalue()


def _rasterize(figure: Figure, chosen) -> None:
    for axes in figure.axes:
        for artist in axes.get_children():
            if chosen(axes, artist):
                artist.set_rasterized(True)


def _is_area(axes: Axes, artist) -> bool:
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage

    return isinstance(artist, Collection | AxesImage)


def _is_data(axes: Axes, artist) -> bool:
    from matplotlib.axis import Axis
    from matplotlib.legend import Legend
    from matplotlib.spines import Spine
    from matplotlib.text import Text

    return artist is not axes.patch and not isinstance(artist, Axis | Spine | Text | Legend)


def _finish(svg: str) -> Frame:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", lambda found: _smaller_image(found[1]), svg)
    svg = _recolour(svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"-?\d+\.\d{3,}", _rounded, tag[0]), svg)  # places, not words
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(<text [^>]*?)font-family: [^;\"]*", rf"\1font-family: {PLAIN_FONT}", svg)
    svg = re.sub(r"font-family: 'DejaVu Sans'(?=[;\"])", f"font-family: {MEASURED_FONT}", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg).replace(">\n<", "><")
    svg = re.sub(r'(?<= d=")[^"]*', lambda found: re.sub(r"\s*([A-Za-z])\s*", r"\1", found[0]), svg)
    svg = re.sub(r'<g><path d="[^"]*" style="fill: none"/></g>|<path d="[^"]*" style="fill: none"/>', "", svg)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"| version="[\d.]+"| xmlns="[^"]*"', "", svg, count=4)
    width, height = _size(svg)
    key = hashlib.sha256(svg.encode()).hexdigest()[:16]
    svg = _own_ids(svg, f"e{key[:8]}")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'style="max-width:{float(width) * LARGEST:.0f}px" '
        f'fill="currentColor" stroke-linejoin="round"'
    )
    return Frame(svg.replace("<svg", opening, 1).strip(), key)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _size(svg: str) -> tuple[str, str]:
    _, _, width, height = re.search(r'viewBox="([^"]+)"', svg)[1].split()
    return width, height


def _recolour(svg: str) -> str:
    svg = re.sub(rf"(?:{INK}|#000000)\b", "currentColor", svg, flags=re.IGNORECASE)
    return re.sub(rf"{PAPER}\b", "var(--explorable-paper, #fff)", svg, flags=re.IGNORECASE)


def _smaller_image(encoded: str) -> str:
    """The embedded picture as it is, or as WebP where that is smaller (never for the few pixels of a digit)."""
    from PIL import Image

    png = base64.b64decode(encoded)
    image = Image.open(io.BytesIO(png))
    if image.width * image.height > 96 * 96:
        out = io.BytesIO()
        image.save(out, "WEBP", quality=80, method=4)
        if len(out.getvalue()) < len(png):
            return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _own_ids(svg: str, prefix: str) -> str:
    """`svg` with the ids that are referred to made unique on the page, and the others dropped."""
    used = dict.fromkeys(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    names = {old: f"{prefix}-{number}" for number, old in enumerate(used)}
    svg = re.sub(r' id="([^"]+)"', lambda found: f' id="{names[found[1]]}"' if found[1] in names else "", svg)
    return re.sub(r'(url\(|href=")#([^)"]+)', lambda found: f"{found[1]}#{names[found[2]]}", svg)


def _check_legible(svg: str) -> None:
    width = float(_size(svg)[0])
    words = (
        re.findall(r"font-size: ([\d.]+)px", text) for text in re.findall(r"<text.*?</text>", svg, flags=re.DOTALL)
    )
    sizes = [
        max(map(float, sizes)) for sizes in words if sizes
    ]  # the largest: an exponent may be smaller than its base
    shown = min(sizes, default=SMALLEST_TEXT * 2) * min(1.0, PHONE / width)
    if shown < SMALLEST_TEXT:
        raise ValueError(
            f"text of {min(sizes):g} pt in a figure {width / 72:.1f} inches wide is {shown:.1f} px on a phone, "
            f"at least {SMALLEST_TEXT:g} is legible; use a figure of at most 5.2 inches (panels below one another), "
            f"or larger text"
        )
