"""The drawing functions of ch01, against torch, counting and the theorems of the page."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from explorables import ch01_fully_connected as demos

HE = 2.0


@pytest.mark.parametrize("curve", demos.CURVES)
def test_net_through_joints_is_the_polygon_of_numpy(curve: str) -> None:
    joints = demos.even_joints(demos.CURVES[curve], 7)
    x = np.linspace(0, 1, 301)
    expected = np.interp(x, *joints.T)
    assert np.allclose(demos.net_value(demos.net_through(joints), x), expected, atol=1e-12)


@pytest.mark.parametrize("pieces", [5, 16, 40])
def test_error_on_the_wave_keeps_the_bound_of_the_theorem(pieces: int) -> None:
    x = np.linspace(0, 1, 5001)
    wave = demos.CURVES["a wave"]
    error = np.abs(demos.net_value(demos.net_through(demos.even_joints(wave, pieces)), x) - wave(x)).max()
    assert 0.5 < error / ((2 * np.pi) ** 2 / (8 * pieces**2)) <= 1


@pytest.mark.parametrize(("layers", "width"), [(2, 2), (4, 16), (8, 64)])
def test_layers_without_relu_are_one_straight_line(layers: int, width: int) -> None:
    y, folds = demos.outputs_and_folds(layers, width, relu=False)
    assert len(folds) == 0
    assert np.abs(np.diff(y, 2)).max() < 1e-10 * np.abs(y).max()


def test_slope_in_the_title_is_the_slope_of_the_line() -> None:
    y, _ = demos.outputs_and_folds(4, 16, relu=False)
    slope = (y[-1] - y[0]) / (demos.SPAN[-1] - demos.SPAN[0])
    assert demos.collapse_words(4, 16, False).endswith(f"slope {slope:.2f}.")


@pytest.mark.parametrize("width", [4, 16, 64])
def test_one_hidden_layer_bends_once_for_each_joint_in_sight(width: int) -> None:
    (W, b), _ = demos.random_net(2, width)
    joints = -b / W[:, 0]
    assert len(demos.outputs_and_folds(2, width, relu=True)[1]) == (np.abs(joints) < 3).sum()


@pytest.mark.parametrize(("layers", "relu"), [(3, True), (3, False), (8, True)])
def test_output_of_the_random_net_is_that_of_torch(layers: int, relu: bool) -> None:
    x = torch.from_numpy(demos.SPAN)[:, None]
    net = demos.random_net(layers, 16)
    for place, (W, b) in enumerate(net):
        x = nn.functional.linear(x, torch.from_numpy(W), torch.from_numpy(b))
        x = x.relu() if relu and place < len(net) - 1 else x
    assert np.allclose(demos.outputs_and_folds(layers, 16, relu)[0], x[:, 0], atol=1e-10)


@pytest.mark.parametrize("c", [1.0, 4.0])
def test_scaled_run_is_the_run_with_scaled_weights(c: float) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(demos.EXAMPLES, 16))
    expected = [demos._rms(x)]
    for _ in range(demos.DEPTH):
        x = np.maximum(x @ (random.normal(size=(16, 16)) * np.sqrt(c / 16)).T, 0)
        expected.append(demos._rms(x))
    assert np.allclose(demos.measured(c, 16, True, 0)[0], expected, rtol=1e-9)


def test_gradients_of_the_random_net_are_those_of_torch() -> None:
    random = np.random.default_rng(1)
    x = first = torch.from_numpy(random.normal(size=(demos.EXAMPLES, 16))).requires_grad_()
    for _ in range(demos.DEPTH):
        x = (x @ torch.from_numpy(random.normal(size=(16, 16)) / 4).T).relu()
    x.backward(torch.from_numpy(random.normal(size=(demos.EXAMPLES, 16))))
    assert demos.measured(1.0, 16, True, 1)[1][0] == pytest.approx(demos._rms(first.grad.numpy()), rel=1e-9)


@pytest.mark.parametrize(("c", "relu"), [(HE, True), (1.0, False)])
def test_right_variance_keeps_wide_layers_level_forward_and_backward(c: float, relu: bool) -> None:
    forward, backward = demos.measured(c, 256, relu, 0)
    assert (demos.predicted(c, relu) == 1).all()
    assert min(forward) > 0.4 and max(forward) < 2.5
    assert min(backward) > 0.4 and max(backward) < 2.5


def test_point_sets_fit_the_canvas_and_hold_as_many_of_either_class() -> None:
    for chosen in demos.point_sets().values():
        assert chosen["points"].shape == (demos.POINTS, 2)
        assert np.abs(chosen["points"]).max() < 1.25
        assert chosen["labels"].sum() == demos.POINTS / 2


@pytest.mark.parametrize("make", [demos.linear_collapse, demos.activation_scale], ids=lambda make: make.__name__)
def test_every_setting_has_words_of_its_own(make) -> None:
    demo = make()
    words = [demo.alt_at(position) for position in demo.positions()]
    assert len(set(words)) == len(words)


def test_trained_net_has_the_widths_that_were_asked_for() -> None:
    chosen = demos.point_sets()["two clouds"]
    net = demos.trained([2, 3, 2], chosen["points"], chosen["labels"], count=1)
    shapes = [tuple(layer.weight.shape) for layer in net if isinstance(layer, nn.Linear)]
    assert shapes == [(b, a) for a, b in pairwise([2, 3, 2])]
