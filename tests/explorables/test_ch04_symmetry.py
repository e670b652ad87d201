"""The drawing functions of ch04, against torch, against the laws of groups, and against K4."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import experiments
from explorables import ch04_symmetry as demos


def by_grid_sample(picture: np.ndarray, angle: int) -> np.ndarray:
    """`picture` turned against the clock by torch."""
    a = torch.tensor(angle * torch.pi / 180, dtype=torch.float64)
    matrix = torch.tensor([[a.cos(), -a.sin(), 0], [a.sin(), a.cos(), 0]], dtype=torch.float64)[None]
    shape = [1, 1, *picture.shape]
    x = torch.tensor(picture, dtype=torch.float64)[None, None]
    return F.grid_sample(x, F.affine_grid(matrix, shape, align_corners=True), align_corners=True)[0, 0].numpy()


@pytest.mark.parametrize("angle", [15, 75, 90, 165, 180, 270, 330])
def test_a_turned_digit_is_the_one_torch_turns(angle):
    picture = demos.digit_picture(4)
    inside = np.hypot(*(np.mgrid[: demos.SIDE, : demos.SIDE] - demos.SIDE // 2)) < demos.SIDE // 2
    difference = demos.turned(picture, angle) - by_grid_sample(picture, angle)
    assert np.abs(difference[inside]).max() < 1e-6


def test_the_first_map_of_both_layers_is_torchs_convolution():
    picture, kernel = torch.tensor(demos.digit_picture(7)).double(), torch.tensor(demos.kernels()[0])
    expected = F.conv2d(picture[None, None], kernel[None, None], padding=demos.KERNEL // 2)[0, 0].relu()
    for layer in ("plain", "group"):
        assert np.allclose(demos.maps_of(picture.numpy(), layer)[0], expected.numpy(), atol=1e-9)


def test_a_quarter_turn_turns_the_maps_of_the_group_layer_and_moves_them_on():
    picture = demos.digit_picture(4)
    upright, turned = (demos.maps_of(demos.turned(picture, angle), "group") for angle in (0, 90))
    assert np.allclose(turned, np.roll(np.rot90(upright, axes=(1, 2)), 1, axis=0), atol=1e-6)


@pytest.mark.parametrize("digit", [4, 7])
def test_pooled_features_come_back_at_quarter_turns_in_the_group_layer_only(digit):
    quarters = slice(0, None, 6)
    assert demos.change_by_angle(digit, "group")[quarters].max() < 1e-6
    assert demos.change_by_angle(digit, "plain")[quarters][1:].min() > 0.03


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("side", [12, 13, 14, 15])
def test_the_turn_is_kept_exactly_when_the_windows_end_at_the_edge(side, stride, padding):
    free, symmetric, lifted = demos.turn_errors(side, stride, padding)
    assert free > 0.1
    if demos.rest(side, stride, padding) == 0:
        assert max(symmetric, lifted) < 1e-12
    else:
        assert min(symmetric, lifted) > 0.1


@pytest.mark.parametrize("group", demos.GROUPS)
def test_what_remains_commutes_with_the_group(group):
    left = demos.averaged_matrix(group, 1)
    for order in demos.GROUPS[group][:30]:
        assert np.allclose(left[np.ix_(order, order)], left)


@pytest.mark.parametrize("group", demos.GROUPS)
def test_entries_are_equal_exactly_when_they_bear_one_letter(group):
    left, letters = demos.averaged_matrix(group, 1), demos.orbits(group)
    assert len(np.unique(left.round(9))) == letters.max() + 1
    for letter in range(letters.max() + 1):
        assert np.ptp(left[letters == letter]) < 1e-12


def test_shifts_leave_as_many_numbers_as_features_and_orders_leave_two():
    counts = {group: int(demos.orbits(group).max()) + 1 for group in demos.GROUPS}
    assert counts == {"nothing": 36, "mirror": 18, "shifts": 6, "shifts and mirrors": 4, "every order": 2}


def test_the_errors_drawn_are_those_that_k4_measured():
    result = experiments.load("k4")
    settings, found = result["settings"], result["numbers"]["teacher"]
    sizes, noise = np.array(settings["sizes_teacher"]), settings["noise"]
    assert settings["features"] == demos.DIMENSION
    assert np.allclose(demos.plain_error(sizes, noise), found["plain"]["mean"], rtol=0.08)
    for share in settings["shares"]:
        assert np.allclose(demos.averaged_error(sizes, noise, share), found[f"share_{share}"]["mean"], rtol=0.05)


def test_a_true_mirror_helps_at_every_size_and_a_false_one_ever_less():
    assert demos.helps_up_to(0, 1.0) == demos.EXAMPLES[-1]
    ends = [demos.helps_up_to(share, 1.0) for share in (0.01, 0.03, 0.09, 0.27, 0.5)]
    assert ends == sorted(ends, reverse=True)
