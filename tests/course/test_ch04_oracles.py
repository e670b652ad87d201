"""The solutions of ch04_symmetry against the laws of groups and torch's rotations."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from autograder.checking.check import Check
from autograder.checking.probes import Probe

TINY = {"rtol": 0, "atol": 1e-12}
D4 = [(turns, mirror) for mirror in (False, True) for turns in range(4)]


def test_the_eight_elements_act_differently_and_two_in_turn_act_as_one_of_them(solution, normal):
    x = normal(3, 3)
    moved = {tuple(solution.act(g, x).flatten().tolist()) for g in D4}
    twice = {tuple(solution.act(g, solution.act(h, x)).flatten().tolist()) for g, h in itertools.product(D4, D4)}
    assert len(moved) == 8 and twice == moved


@pytest.mark.parametrize("dims", [(0, 1), (1, 2), (2, 3)])
def test_an_act_that_counts_the_axes_of_a_stack_from_the_front_is_rejected(solution, dims):
    def act(g, x):
        return solution.act(g, x) if x.dim() == 2 else torch.rot90(x.flip(-1) if g[1] else x, g[0], dims=dims)

    assert not Check("ch04_symmetry").verdict(act, "act").passed


@pytest.mark.parametrize("group", [D4, D4[:4], [D4[0], D4[4]]], ids=["D4", "C4", "mirror"])
def test_a_group_average_is_invariant(solution, normal, group):
    f, x = Probe("scores", W=normal(9, 2), b=normal(2)), normal(5, 3, 3)
    for g in group:
        torch.testing.assert_close(
            solution.group_average(f, group, solution.act(g, x)), solution.group_average(f, group, x), **TINY
        )


def test_the_labels_of_an_orbit_say_where_the_ink_lies(solution):
    arrows = torch.zeros(4, 3, 3)
    for label, (row, column) in enumerate([(1, 2), (0, 1), (1, 0), (2, 1)]):  # right, up, left, down
        arrows[label, row, column] = 1
    pictures, labels = solution.augment_orbit(arrows, torch.arange(4), D4)
    assert len(pictures) == 32
    assert torch.equal(pictures, arrows[labels])


def test_the_reynolds_operator_of_all_shifts_gives_a_circulant_matrix(solution, normal):
    shifts = torch.stack([torch.eye(5, dtype=torch.float64).roll(i, dims=0) for i in range(5)])
    W = solution.reynolds(normal(5, 5), shifts)
    torch.testing.assert_close(W.roll((1, 1), dims=(0, 1)), W, **TINY)
    torch.testing.assert_close(solution.reynolds(W, shifts), W, **TINY)
    x = normal(5)
    circular = F.conv1d(F.pad(x[None, None], (0, 4), mode="circular"), W[0][None, None])[0, 0]
    torch.testing.assert_close(W @ x, circular, **TINY)


def test_a_deep_set_does_not_see_the_order(solution, normal):
    x, inner, outer = normal(2, 5, 3), (normal(6, 3), normal(6)), (normal(4, 6), normal(4))
    mask, order = normal(2, 5) < 0.5, torch.tensor([3, 0, 4, 2, 1])
    torch.testing.assert_close(
        solution.deep_set(x, mask, inner, outer), solution.deep_set(x[:, order], mask[:, order], inner, outer), **TINY
    )


def turned(y):
    """What a quarter turn of the picture does to maps with a group axis: turn each, and move on along the axis."""
    return torch.rot90(y, 1, dims=(3, 4)).roll(1, dims=2)


def test_lifting_commutes_with_turning(solution, normal):
    x, w = normal(2, 3, 5, 7), normal(4, 3, 3, 3)
    torch.testing.assert_close(
        solution.lift_conv_c4(torch.rot90(x, 1, (2, 3)), w, 1), turned(solution.lift_conv_c4(x, w, 1)), **TINY
    )


def test_the_first_map_of_a_lifting_convolution_is_torchs_convolution(solution, normal):
    x, w = normal(2, 3, 5, 7), normal(4, 3, 3, 3)
    torch.testing.assert_close(solution.lift_conv_c4(x, w, 1)[:, :, 0], F.conv2d(x, w, padding=1), **TINY)


def test_a_group_convolution_commutes_with_turning(solution, normal):
    x, w = normal(2, 3, 4, 5, 6), normal(2, 3, 4, 3, 3)
    torch.testing.assert_close(solution.group_conv_c4(turned(x), w), turned(solution.group_conv_c4(x, w)), **TINY)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1)])
def test_the_filtered_probe_is_torchs_convolution(normal, stride, padding):
    x, kernel = normal(2, 6, 7), normal(3, 2)
    expected = F.conv2d(x[:, None], kernel[None, None], stride=stride, padding=padding)[:, 0]
    torch.testing.assert_close(Probe("filtered", kernel=kernel, stride=stride, padding=padding)(x), expected, **TINY)
