"""What a declaration of a demo says: its controls, its texts, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from explorables import choice, explore, show, steps, toggle
from explorables.controls import control_of


def line(slope, kind="a"):
    """A line of slope {slope}."""
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, slope])
    return figure


def undocumented(slope):
    return line(slope)


@pytest.mark.parametrize(
    "given, kind, texts",
    [
        (range(3), "slider", ("0", "1", "2")),
        ([0.1, 1.0, 10.0], "slider", ("0.1", "1", "10")),
        (np.array([-1, 2]), "slider", ("\N{MINUS SIGN}1", "2")),
        (["MLP", "CNN"], "select", ("MLP", "CNN")),
        ({"half": 0.5, "all": 1.0}, "select", ("half", "all")),
        ([False, True], "switch", ("off", "on")),
        (True, "switch", ("off", "on")),
        (steps([0.5, 0.25], format=".0%"), "slider", ("50%", "25%")),
        (steps([1, 2], unit="px"), "slider", ("1\N{NO-BREAK SPACE}px", "2\N{NO-BREAK SPACE}px")),
        (steps([1, 10], format=lambda value: f"10^{len(str(value)) - 1}"), "slider", ("10^0", "10^1")),
    ],
)
def test_values_say_the_control(given, kind, texts):
    control = control_of("parameter", given)
    assert (control.kind, control.texts) == (kind, texts)


@pytest.mark.parametrize(
    "given, start",
    [
        (True, 1),
        ([True, False], 1),
        (steps(range(5), start=3), 3),
        (choice(["a", "b"], start="b"), 1),
        (toggle(start=True), 1),
    ],
)
def test_a_control_starts_where_it_is_told(given, start):
    assert control_of("parameter", given).start == start


def test_numbers_reach_the_function_as_plain_numbers():
    assert [type(value) for value in control_of("x", np.array([1, 2])).values] == [int, int]


@pytest.mark.parametrize(
    "given, error, message",
    [
        ([], ValueError, "'slope' has 0 value"),
        ([1], ValueError, "'slope' has 1 value: expected at least two"),
        ([1, "a"], TypeError, "expected numbers"),
        ("abc", TypeError, "got 'abc'"),
        (steps([1.01, 1.02], format=".1f"), ValueError, "writes two values alike"),
    ],
)
def test_values_that_say_no_control_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        explore(line, slope=given)


def test_a_start_that_is_no_value_is_refused():
    with pytest.raises(ValueError, match="start=9 is not among"):
        steps(range(3), start=9)


def test_the_docstring_is_the_text_and_unnamed_parameters_are_added():
    demo = explore(line, slope=[1, 2], kind=["a", "b"])
    assert demo.alt_at((1, 0)) == "A line of slope 2. Kind a."


def test_the_text_may_be_a_function_of_the_parameters():
    assert explore(line, slope=[1, 2], alt=lambda slope: f"rises to {slope}").alt_at((1,)) == "rises to 2"


def test_a_demo_without_a_text_is_refused():
    with pytest.raises(ValueError, match=r"explore\(undocumented\): no text for its pictures; give alt="):
        explore(undocumented, slope=[1, 2])


def test_a_figure_without_a_text_is_refused():
    with pytest.raises(ValueError, match="a figure without a text"):
        show(plt.Figure())


def test_a_text_that_names_no_parameter_of_the_demo_is_refused():
    with pytest.raises(ValueError, match=r"names \['speed'\], which are no parameters"):
        explore(line, slope=[1, 2], alt="A line at {speed}.")


def test_too_many_frames_are_refused_unless_allowed():
    with pytest.raises(ValueError, match="101 frames, at most 100"):
        explore(line, slope=range(101))
    assert len(list(explore(line, slope=range(101), max_frames=101).positions())) == 101


def test_play_must_name_a_parameter():
    with pytest.raises(ValueError, match="play='time' is no parameter"):
        explore(line, slope=[1, 2], play="time")


def test_a_function_that_returns_no_figure_is_named():
    demo = explore(lambda slope: None, slope=[1, 2], alt="Nothing.")
    with pytest.raises(TypeError, match="expected a matplotlib Figure, got NoneType"):
        demo.figure((0,))
