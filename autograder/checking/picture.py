"""A finding as a picture, where a picture says more than a number: heat maps of a matrix, curves of a sequence.

Drawn as SVG by hand: importing a plotting library would take longer than the check. Colours are laid over the page's
own ground, and words take the page's own colour, so a picture reads on light and on dark.
"""

from __future__ import annotations

import base64
import html
import struct
import zlib

import numpy as np

from autograder.checking.records import Compared

WIDEST = 48  # rows and columns of a heat map; a larger one is cut out around the worst value
LONGEST = 200  # values of a curve
_POSITIVE, _NEGATIVE, _NOT_FINITE = (232, 89, 12), (28, 126, 214), (132, 94, 247)
_SIDE = 132  # pixels of a heat map's longer side
_WORDS = 'fill="currentColor" font-size="11" font-family="inherit"'


def picture(compared: Compared | None, where: str) -> str:
    """An SVG element with its description; empty where words are enough: single numbers and short rows of them.

    compared: what is drawn; where: what it is called, as in the finding's message.
    """
    if compared is None:
        return ""
    shape = tuple(compared.got.shape)
    if len(shape) >= 2 and min(shape[-2:]) >= 2 and shape[-1] * shape[-2] >= 6:
        return _heat_maps(compared, where)
    if shape and max(shape) >= 4:
        return _curves(compared, where)
    return ""


def _heat_maps(compared: Compared, where: str) -> str:
    """Got, expected and their difference side by side, with a frame around the worst value."""
    slice_, (row, column) = compared.worst[:-2], compared.worst[-2:]
    top, bottom = _window(row, compared.got.shape[-2], WIDEST)
    left, right = _window(column, compared.got.shape[-1], WIDEST)
    got, expected = (t[slice_][top:bottom, left:right].cpu().numpy() for t in (compared.got, compared.expected))
    with np.errstate(invalid="ignore"):
        difference = got - expected
    cell = _SIDE / max(got.shape)
    height, width = got.shape[0] * cell, got.shape[1] * cell
    common = max(_largest(expected), _largest(got) if np.isfinite(got).all() else 0.0)
    pitch = max(width + 28, 108)  # the titles need that much
    panels = []
    for number, (title, values, scale) in enumerate(
        (("got", got, common), ("expected", expected, common), ("got − expected", difference, _largest(difference)))
    ):
        x = number * pitch + 24
        panels.append(
            f'<text x="{x:g}" y="12" {_WORDS}>{title}</text>'
            f'<image x="{x:g}" y="20" width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="{_png(_coloured(values, scale))}"/>'
            f'<rect x="{x:g}" y="20" width="{width:g}" height="{height:g}" fill="none" stroke="currentColor" '
            'stroke-opacity=".45"/>'
            f'<rect class="worst" x="{x + (column - left) * cell:g}" y="{20 + (row - top) * cell:g}" width="{cell:g}" '
            f'height="{cell:g}" fill="none" stroke="currentColor" stroke-width="2"/>'
        )
    ticks = (
        f'<text x="20" y="{20 + min(cell, 22) * 0.7:g}" text-anchor="end" {_WORDS}>{top}</text>'
        f'<text x="20" y="{20 + height - 3:g}" text-anchor="end" {_WORDS}>{bottom - 1}</text>'
        f'<text x="24" y="{34 + height:g}" {_WORDS}>{left}</text>'
        f'<text x="{24 + width:g}" y="{34 + height:g}" text-anchor="end" {_WORDS}>{right - 1}</text>'
    )
    name = where + (f"[{', '.join(map(str, slice_))}, :, :]" if slice_ else "")
    size = f"rows {top} to {bottom - 1}, columns {left} to {right - 1}"
    words = (
        f"{name}, {size}: what came, what is expected, and the difference. Framed: the worst value, in row {row}, "
        f"column {column}. Orange is positive, blue negative{', violet not finite' * bool((~np.isfinite(got)).any())}."
    )
    return _figure(3 * pitch + 24, height + 40, "".join(panels) + ticks, words, compared)


def _curves(compared: Compared, where: str) -> str:
    """Got over expected along the longest axis, through the worst value."""
    axis = int(np.argmax(compared.got.shape))
    row = tuple(slice(None) if a == axis else i for a, i in enumerate(compared.worst))
    worst = compared.worst[axis]
    start, end = _window(worst, compared.got.shape[axis], LONGEST)
    got, expected = (t[row][start:end].cpu().numpy() for t in (compared.got, compared.expected))
    both = np.concatenate([got[np.isfinite(got)], expected[np.isfinite(expected)]])
    low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
    span = high - low or 1.0
    xs = 56 + np.arange(len(got)) * (360 / max(len(got) - 1, 1))
    ys = {name: 110 - 90 * (v - low) / span for name, v in (("got", got), ("expected", expected))}
    at = ys["got"][worst - start]
    mark = f'<circle class="worst" cx="{xs[worst - start]:g}" cy="{at if np.isfinite(at) else 65:g}" r="5"'
    body = (
        _line(xs, ys["expected"], 'stroke="currentColor" stroke-opacity=".75" stroke-dasharray="5 4"')
        + _line(xs, ys["got"], f'stroke="rgb{_POSITIVE}"')
        + f'{mark} fill="none" stroke="currentColor" stroke-width="2"/>'
        + f'<text x="50" y="24" text-anchor="end" {_WORDS}>{high:.3g}</text>'
        + f'<text x="50" y="114" text-anchor="end" {_WORDS}>{low:.3g}</text>'
        + f'<text x="56" y="132" {_WORDS}>{start}</text>'
        + f'<text x="416" y="132" text-anchor="end" {_WORDS}>{end - 1}</text>'
    )
    place = ", ".join(":" if a == axis else str(i) for a, i in enumerate(compared.worst))
    name = where if len(compared.worst) == 1 else f"{where}[{place}]"
    words = (
        f"{name} by index, {start} to {end - 1}: what came (orange) and what is expected (dashed). "
        f"Ringed: the worst value, at {worst}."
    )
    return _figure(440, 138, body, words, compared)


def _line(xs: np.ndarray, ys: np.ndarray, style: str) -> str:
    """A line through the finite points, broken where a value is not finite; a lone point becomes a dot."""
    parts, points = [], []
    for x, y in [*zip(xs.tolist(), ys.tolist(), strict=True), (0.0, float("nan"))]:
        if np.isfinite(y):
            points.append(f"{x:.1f},{y:.1f}")
        elif points:
            points += points if len(points) == 1 else []
            parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke-width="2" {style} '
                         'stroke-linecap="round"/>')  # fmt: skip
            points = []
    return "".join(parts)


def _figure(width: float, height: float, body: str, words: str, compared: Compared) -> str:
    wrong = int((~compared.same).sum())
    described = html.escape(f"{words} {wrong} of {compared.same.numel()} values differ.", quote=True)
    box = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{described}" {box} '
        f'style="max-width:100%;height:auto;display:block;margin-top:.4em">{body}</svg>'
        f'<div aria-hidden="true" style="opacity:.8;font-size:.9em">{html.escape(words)}</div>'
    )


def _window(centre: int, size: int, limit: int) -> tuple[int, int]:
    """The ends of at most `limit` places around `centre`."""
    start = max(0, min(centre - limit // 2, size - limit))
    return start, min(size, start + limit)


def _largest(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _coloured(values: np.ndarray, scale: float) -> np.ndarray:
    """(row, column, red green blue alpha): the sign is the colour, the size is how much of it."""
    finite = np.isfinite(values)
    colours = np.zeros((*values.shape, 4), dtype=np.uint8)
    colours[..., :3] = np.where((values > 0)[..., None], np.array(_POSITIVE), np.array(_NEGATIVE))
    share = np.abs(np.where(finite, values, 0)) / scale if scale > 0 else np.zeros(values.shape)
    colours[..., 3] = np.round(255 * np.clip(share, 0, 1))
    colours[~finite] = (*_NOT_FINITE, 255)
    return colours


def _png(colours: np.ndarray) -> str:
    """The picture as a data address, which asks no server."""
    height, width, _ = colours.shape
    rows = b"".join(b"\0" + row.tobytes() for row in colours)
    header = struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return "data:image/png;base64," + base64.b64encode(data).decode()
