"""K4: its moves, its factor and its verdict, on inputs whose answer is known."""

import numpy as np
import pytest
import torch

import experiments
from experiments import k4

SIZES = (250, 500, 1000, 2000, 4000)


def test_a_curve_that_needs_half_the_digits_has_a_factor_of_two():
    plain = [0.5 + 0.05 * step for step in range(5)]
    assert k4.factor({k4.PLAIN: plain, k4.AVERAGED: plain[1:]}, SIZES, SIZES[:-1]) == pytest.approx(2)


def test_a_curve_above_all_of_the_plain_one_counts_up_to_its_end():
    world = {k4.PLAIN: [0.5, 0.55, 0.6, 0.65, 0.7], k4.AVERAGED: [0.9]}
    assert k4.factor(world, SIZES, (250,)) == pytest.approx(16)


def test_scattered_pictures_stand_as_elements_of_the_group_and_all_of_them_occur():
    x = torch.arange(9.0).reshape(1, 3, 3).expand(400, 3, 3)
    moved = k4.scatter(x, k4.EIGHT, torch.Generator().manual_seed(1))
    wanted = {tuple(np.rot90(np.fliplr(x[0]) if m else x[0], t).flatten()) for t, m in k4.EIGHT}
    assert {tuple(picture.flatten().tolist()) for picture in moved} == wanted


def test_an_averaged_net_gives_one_answer_in_every_position():
    net = k4.GroupAverage(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(25, 3), torch.nn.Tanh()), k4.EIGHT)
    x = torch.rand(4, 5, 5, generator=torch.Generator().manual_seed(2))
    for g in k4.EIGHT:
        torch.testing.assert_close(net(k4.act(g, x)), net(x), rtol=0, atol=1e-6)


def test_the_measured_errors_of_the_teachers_are_those_of_the_theory():
    result = experiments.load("k4")
    for name, expected in result["setup"]["expected"].items():
        assert result["numbers"]["teacher"][name]["mean"] == pytest.approx(expected, rel=0.08)


def test_a_verdict_says_when_the_mirror_saves_nothing():
    result = experiments.load("k4")
    result["numbers"]["factor"]["mirror"]["mean"] = 1.05
    assert "the claim fails" in k4.summary(result)["verdict"]


def test_a_verdict_says_when_more_data_repairs_a_false_symmetry():
    result = experiments.load("k4")
    result["numbers"]["false"][k4.AVERAGED]["mean"][-1] = result["numbers"]["false"][k4.PLAIN]["mean"][-1]
    assert "repairs the false half turn" in k4.summary(result)["verdict"]


def test_a_verdict_says_when_a_nearly_true_mirror_does_not_help():
    result = experiments.load("k4")
    result["numbers"]["teacher"]["share_0.09"]["mean"][0] = 9.0
    assert "does not help" in k4.summary(result)["verdict"]
