"""How every figure of the experiments looks: one column, so that it reads on a phone, on light or on dark pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 5.2  # inches; at 375 px the 10-point letters are still 9 px high


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a figure; every one has a contrast of at least 3 to its background, the ink of 7."""

    paper: str
    ink: str
    faint: str
    colours: tuple[str, ...]


LIGHT = Theme("#ffffff", "#24292f", "#d5d9de", ("#0072b2", "#c44e00", "#007a5a", "#9a3f86", "#6b6b6b"))
DARK = Theme("#121212", "#e6e6e6", "#3c3c3c", ("#5bb8f0", "#ff9a57", "#39d0a0", "#e8a0d4", "#b4b4b4"))
MARKERS = ("o", "s", "D", "^", "v")


def theme(dark: bool) -> Theme:
    """The colours for dark or for light pages."""
    return DARK if dark else LIGHT


@contextmanager
def style(dark: bool) -> Iterator[Theme]:
    """Matplotlib's settings for one figure, put back afterwards."""
    chosen = theme(dark)
    settings = {
        "font.size": 10,
        "font.family": "DejaVu Sans",
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.linewidth": 0.7,
        "grid.color": chosen.faint,
        "lines.linewidth": 1.8,
        "lines.markersize": 4.5,
        "errorbar.capsize": 2.5,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "figure.facecolor": chosen.paper,
        "axes.facecolor": chosen.paper,
        "savefig.facecolor": chosen.paper,
        "svg.hashsalt": "experiments",
        "svg.fonttype": "path",
    }
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
    with matplotlib.rc_context(settings | dict.fromkeys(inked, chosen.ink)):
        yield chosen


def panels(heights: tuple[float, ...]) -> tuple[Figure, list[Axes]]:
    """A figure with one panel under the other, `heights` in inches."""
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.1, w_pad=0.08)
    axes = figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
    return figure, list(axes[:, 0])
