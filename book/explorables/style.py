"""Colours and the matplotlib style of every figure: readable on light and dark pages, and without colour vision.

`INK` and `PAPER` are placeholders: in the finished picture they become the colour of the page's text and of its ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

INK = "#24292f"
PAPER = "#fdfdfe"
ON_COLOUR = "#101418"
"""Dark marks on a light coloured area (a bright cell of a heat map), which must not turn with the page."""

BLUE = "#109adc"
ORANGE = "#ed690c"
GREEN = "#3ca486"
PINK = "#994980"
PURPLE = "#6650d1"
GREY = "#808890"
PALETTE = (BLUE, ORANGE, GREEN, PINK, PURPLE, GREY)
SEQUENTIAL = "viridis"
DIVERGING = "RdBu_r"

WIDTH = 5.2
"""Width in inches that a phone shows at its full size; the default of every figure."""

RC = {
    "figure.figsize": (WIDTH, 3.3),
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "savefig.edgecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.prop_cycle": "cycler('color', [" + ", ".join(repr(colour) for colour in PALETTE) + "])",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlesize": 12,
    "axes.titleweight": "regular",
    "axes.labelsize": 11,
    "axes.axisbelow": True,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "font.size": 11,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "lines.markersize": 5,
    "patch.linewidth": 0.8,
    "image.cmap": SEQUENTIAL,
    "image.interpolation": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "explorables",
    "svg.image_inline": True,
    "axes.unicode_minus": True,
}


@contextmanager
def applied() -> Iterator[None]:
    """A context in which matplotlib draws in this style and nothing of the user's own settings shows through."""
    import matplotlib.style

    with matplotlib.rc_context():
        matplotlib.style.use("default")
        matplotlib.rcParams.update(RC)
        yield
