"""The demos of ch00_tensors show what numpy, torch and the theory say."""

import itertools

import numpy as np
import pytest
import torch

from explorables import ch00_tensors as demos

SHAPES = list(itertools.product(demos.LEFT.values(), demos.RIGHT.values()))


@pytest.mark.parametrize(("a", "b"), SHAPES, ids=str)
def test_shapes_fit_exactly_when_torch_adds_them(a, b):
    try:
        expected = tuple((torch.zeros(a) + torch.zeros(b)).shape)
    except RuntimeError:
        expected = None
    assert demos.broadcast_shape(a, b) == expected


@pytest.mark.parametrize(("a", "b"), [(a, b) for a, b in SHAPES if demos.broadcast_shape(a, b)], ids=str)
def test_every_cell_shows_the_number_that_broadcasting_puts_there(a, b):
    out = demos.broadcast_shape(a, b)
    for shape in (a, b):
        counted = np.arange(1, 1 + int(np.prod(shape))).reshape(shape)
        wanted = np.broadcast_to(counted, out).reshape((1,) * (2 - len(out)) + out)
        shown = [
            [demos._source(shape, row, column)[0] for column in range(wanted.shape[1])]
            for row in range(wanted.shape[0])
        ]
        assert shown == wanted.tolist()


def test_a_copy_is_what_does_not_stand_in_the_tensor_itself():
    copies = sum(demos._source((3, 1), row, column)[1] for row in range(3) for column in range(4))
    assert copies == 12 - 3


@pytest.mark.parametrize("spread", demos.SPREADS.values(), ids=str)
def test_right_answers_lie_below_all_wrong_ones(spread):
    answers = demos.standardized_answers(spread)
    assert max(a.error for a in answers if a.right) < min(a.error for a in answers if not a.right)


def test_standardizing_agrees_with_torch_layer_norm():
    x = np.random.default_rng(1).normal(size=(3, 7))
    expected = torch.nn.functional.layer_norm(torch.from_numpy(x), (7,), eps=demos.EPS)
    assert np.allclose(demos._standardize(x), expected.numpy(), rtol=1e-12, atol=1e-12)


def test_tiny_numbers_widen_the_gap():
    def gap(spread):
        answers = demos.standardized_answers(spread)
        return min(a.error for a in answers if not a.right) / max(a.error for a in answers if a.right)

    assert gap(0.01) > 100 * gap(1.0)


@pytest.mark.parametrize(("central", "power"), [(False, 1), (True, 2)], ids=["one-sided", "central"])
def test_truncation_shrinks_with_the_power_that_taylor_gives(central, power):
    ratio = demos.difference_error(1e-2, "float64", central) / demos.difference_error(1e-3, "float64", central)
    assert ratio == pytest.approx(10**power, rel=0.05)


@pytest.mark.parametrize("precision", demos.PRECISIONS)
def test_the_step_of_the_theorem_keeps_its_bound(precision):
    best = min(demos.difference_error(h, precision, True) for h in 10.0 ** np.arange(-14, 0, 0.25))
    at_theory = demos.difference_error(
        demos._best_step(float(np.finfo(demos.PRECISIONS[precision]).eps), True), precision, True
    )
    bound = (
        0.5 * np.cos(1) ** (1 / 3) * (3 * np.finfo(demos.PRECISIONS[precision]).eps * np.sin(1)) ** (2 / 3) / np.cos(1)
    )
    assert at_theory < 2 * bound
    assert best < bound


@pytest.mark.parametrize("demo", [demos.broadcasting, demos.tolerance, demos.difference_step], ids=lambda d: d.__name__)
def test_first_and_last_positions_are_drawn_and_told_differently(demo):
    shown = demo()
    first, *_, last = shown.positions()
    from explorables.frames import render

    assert render(shown.figure(first)).key != render(shown.figure(last)).key
    assert shown.alt_at(first) != shown.alt_at(last)


def test_verdict_demo_holds_every_answer_and_shows_the_first():
    shown = demos.read_verdicts([("a list", "def f(): ...", "<p>no</p>"), ("right", "def f(): ...", "<p>yes</p>")])
    assert [answer["name"] for answer in shown.data["answers"]] == ["a list", "right"]
    assert shown.data["chosen"] == 0
