"""The palette is readable on light and dark pages, and without full colour vision."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from explorables import style

GROUNDS = {"light": "#ffffff", "dark": "#121212", "dark panel": "#14181e"}
# Machado, Oliveira, Fernandes (2009), severity 1.0, for linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def linear(colour: str) -> np.ndarray:
    channel = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2."""
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson's perceptual coordinates of linear RGB."""
    to_lms = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    to_lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return to_lab @ np.cbrt(np.clip(to_lms @ rgb, 0, None))


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
@pytest.mark.parametrize("colour", style.PALETTE)
def test_every_colour_stands_out_from_the_page(colour, ground):
    assert contrast(colour, ground) >= 3


@pytest.mark.parametrize("seen", DEFICIENCIES.values(), ids=DEFICIENCIES)
def test_the_colours_are_told_apart(seen):
    places = {colour: oklab(np.clip(np.asarray(seen) @ linear(colour), 0, 1)) for colour in style.PALETTE[:5]}
    for one, other in itertools.combinations(places, 2):
        assert np.linalg.norm(places[one] - places[other]) >= 0.1, f"{one} and {other} look alike"


def test_style_sheets_and_figures_have_the_same_colours():
    tokens = (Path(style.__file__).parent / "static/tokens.css").read_text()
    found = dict(re.findall(r"--explorable-(\w+): (#[0-9a-f]{6});", tokens))
    assert found == {
        name: getattr(style, name.upper()) for name in ("blue", "orange", "green", "pink", "purple", "grey")
    }
