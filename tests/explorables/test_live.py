"""Demos on a kernel: every move calls the drawing function and changes the one picture."""

from __future__ import annotations

import pytest
from matplotlib import pyplot as plt

from explorables import explore, live, steps

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def line(slope, dashed):
    """A line of slope {slope}."""
    if slope == 3:
        raise RuntimeError("your <conv2d> raised")
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, slope], "--" if dashed else "-")
    axes.set_ylim(0, 5)
    return figure


@pytest.fixture
def box():
    return live.box(
        explore(line, slope=steps(range(1, 5), start=2), dashed=False, caption="Where $x=1$.", play="slope")
    )


def test_it_starts_with_the_chosen_value(box):
    assert 'aria-label="A line of slope 2. Dashed off."' in box.children[2].value


def test_moving_a_slider_draws_again(box):
    before = box.children[2].value
    box.children[0].children[0].index = 0
    assert box.children[2].value != before
    assert "slope 1" in box.children[2].value


def test_a_switch_draws_again(box):
    before = box.children[2].value
    box.children[1].value = True
    assert box.children[2].value != before


def test_no_figure_is_left_open(box):
    box.children[0].children[0].index = 0
    assert plt.get_fignums() == []


def test_an_error_of_the_function_is_shown_as_text_and_the_next_move_recovers(box):
    slider = box.children[0].children[0]
    slider.index = 2
    assert "RuntimeError: your &lt;conv2d&gt; raised" in box.children[2].value
    assert "slope=3" in box.children[2].value
    slider.index = 3
    assert "<svg" in box.children[2].value


def test_play_moves_the_slider(box):
    slider, play = box.children[0].children
    play.value = 3
    assert slider.index == 3


def test_the_caption_keeps_its_mathematics(box):
    assert "$x=1$" in box.children[3].value
