"""From a figure to the picture of a page: same bytes, few of them, and colours that follow the page."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from explorables import explore, style
from explorables.frames import HEAVY, render
from explorables.store import Store, drawn_key, render_at


def drawn(draw):
    with style.applied():
        figure, axes = plt.subplots()
        draw(axes)
    return render(figure)


def lines(axes):
    axes.plot(np.linspace(0, 1, 50) ** 2, label="a line")
    axes.set_xlabel("time $t$ / s")
    axes.legend()


def digit(axes):
    axes.imshow(np.random.default_rng(0).random((28, 28)))


def cloud(axes):
    axes.scatter(*np.random.default_rng(0).normal(size=(2, 4000)), alpha=0.5)
    axes.set_xlabel("x")


def images_in(frame):
    found = re.findall(r'"data:image/(\w+);base64,([^"]+)"', frame.svg)
    return [(kind, Image.open(io.BytesIO(base64.b64decode(data)))) for kind, data in found]


@pytest.mark.parametrize("draw", [lines, digit, cloud], ids=lambda draw: draw.__name__)
def test_the_same_figure_gives_the_same_bytes(draw):
    assert drawn(draw).svg == drawn(draw).svg


@pytest.mark.parametrize("draw", [lines, digit], ids=lambda draw: draw.__name__)
def test_plain_plots_and_digits_are_light(draw):
    assert drawn(draw).weight < HEAVY


def test_the_user_s_own_matplotlib_settings_do_not_show():
    plain = drawn(lines)
    with plt.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert drawn(lines) == plain


def test_pixels_of_a_small_picture_are_kept_exactly():
    [(kind, image)] = images_in(drawn(digit))
    assert (kind, image.size) == ("png", (28, 28))


def test_what_is_heavy_as_a_drawing_becomes_a_picture_and_its_text_stays_text():
    frame = drawn(cloud)
    assert [kind for kind, _ in images_in(frame)] == ["webp"]
    assert ">x</text>" in frame.svg
    assert len(frame.svg) < 120_000


def test_a_number_in_the_words_of_a_picture_keeps_its_digits():
    def titled(axes):
        lines(axes)
        axes.set_title("gradient 0.035")

    svg = drawn(titled).svg
    assert "gradient 0.035" in svg
    assert not re.search(r" d=\"[^\"]*\d\.\d{3}", svg)


def test_figures_are_closed():
    plt.close("all")
    drawn(lines)
    assert plt.get_fignums() == []


def test_text_and_axes_take_the_colour_of_the_page():
    frame = drawn(lines)
    assert style.INK not in frame.svg
    assert "#000000" not in frame.svg
    assert frame.svg.count("currentColor") > 5


def test_the_ground_of_the_page_can_be_painted():
    frame = drawn(lambda axes: axes.plot([0, 1], color=style.PAPER))
    assert "var(--explorable-paper, #fff)" in frame.svg


def test_ids_are_the_picture_s_own_and_every_reference_is_defined():
    first, second = drawn(lines), drawn(cloud)
    ids = [set(re.findall(r' id="([^"]+)"', frame.svg)) for frame in (first, second)]
    assert not ids[0] & ids[1]
    for frame, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', frame.svg)) == own


def test_no_style_of_a_picture_reaches_the_page():
    assert "<style" not in drawn(lines).svg


def test_nothing_in_a_picture_is_loaded_from_elsewhere():
    addresses = re.findall(r"https?://[^\"'\s]+", drawn(cloud).svg)
    assert set(addresses) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_text_too_small_for_a_phone_is_refused():
    with style.applied():
        figure, axes = plt.subplots(figsize=(9, 4))
        axes.set_xlabel("far too wide")
    with pytest.raises(ValueError, match=r"9\.0 inches wide is 5\.\d px on a phone"):
        render(figure)


def test_equal_frames_are_stored_once(tmp_path):
    def constant(turn):
        """A picture that is the same at {turn}."""
        figure, axes = plt.subplots()
        axes.plot([0, 1])
        return figure

    keys = Store(tmp_path).frames(explore(constant, turn=range(4)))
    assert len(keys) == 4
    assert len(list((tmp_path / "frames").iterdir())) == 1


def test_an_error_while_drawing_says_at_which_parameters():
    def fails(shift):
        """Fails at {shift}."""
        raise ZeroDivisionError("no width")

    with pytest.raises(ZeroDivisionError, match="no width") as caught:
        render_at(explore(fails, shift=[1, 2]), (1,))
    assert "(shift=2)" in caught.value.__notes__[0]


def test_only_functions_of_our_modules_are_taken_as_drawn():
    from explorables import ch03_convolution

    assert drawn_key(ch03_convolution.receptive_cone()) == drawn_key(ch03_convolution.receptive_cone())
    assert drawn_key(ch03_convolution.receptive_cone()) != drawn_key(ch03_convolution.shuffle_pixels())
    assert drawn_key(explore(lambda turn: None, turn=[1, 2], alt="Nothing.")) is None
