"""What K5 measures, against torch, numpy and counting; and that its verdict follows its numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import experiments
from experiments import k5, scaling, sequences


@pytest.fixture(scope="module")
def stored():
    return experiments.load("k5")


@pytest.mark.parametrize("power", [1, 2, 1.5])
def test_the_exponent_of_a_power_law_is_its_power(power):
    assert scaling.exponent((512, 1024, 2048), [0.3 * n**power for n in (512, 1024, 2048)]) == pytest.approx(power)


def test_the_crossover_of_two_power_laws_is_where_they_meet():
    lengths = (10, 100, 1000)
    assert scaling.crossover(lengths, [n**2 / 50 for n in lengths], list(lengths)) == pytest.approx(50)


@pytest.mark.parametrize(("one", "found"), [([1, 2, 3], None), ([9, 9, 9], 10)], ids=["never", "always"])
def test_without_a_crossover_the_end_is_named(one, found):
    assert scaling.crossover((10, 100, 1000), one, [4, 5, 6]) == found


def test_the_chain_of_an_rnn_written_by_hand_has_its_operations_for_every_step():
    x, h = torch.zeros(3, 2, requires_grad=True), torch.zeros(2, requires_grad=True)
    state = h
    for _ in range(5):
        state = torch.tanh(state + 1)
    assert scaling.longest_chain(state) == 10
    assert scaling.longest_chain(torch.tanh(x).exp()) == 2


@pytest.mark.parametrize("kind", sequences.KINDS)
def test_gradient_norms_are_those_of_the_jacobian(kind):
    settings = k5.QUICK
    with k5.seeded(1) as generator:
        x = torch.randn(1, 33, 6, generator=generator, dtype=torch.float64)
        layers = {name: sequences.layer(name, 6, sequences.layers_to_reach(33)).double() for name in sequences.KINDS}
    jacobian = torch.autograd.functional.jacobian(lambda x: layers[kind](x)[0, -1], x)[:, 0]
    expected = [float(jacobian[:, -1 - distance].norm()) for distance in settings.distances]
    assert k5.gradient_norms(1, settings)[kind] == pytest.approx(expected)


@pytest.mark.parametrize("kind", sequences.KINDS)
def test_no_output_of_a_layer_depends_on_a_later_input(kind):
    layer = sequences.layer(kind, 4, 2).double()
    x = torch.randn(1, 7, 4, dtype=torch.float64)
    depends = torch.autograd.functional.jacobian(lambda x: layer(x)[0], x)[:, :, 0].abs().sum((1, 3))
    assert torch.equal(depends != 0, torch.ones(7, 7).tril() > 0) or kind == sequences.CONVOLUTION
    assert torch.equal(depends, depends.tril())


@pytest.mark.parametrize("time", [1, 3, 4, 27, 28, 129])
def test_so_many_convolutions_see_the_first_input_and_one_less_does_not(time):
    layers = sequences.layers_to_reach(time)
    for count, sees in ((layers, True), (layers - 1, False)):
        if count:
            x = torch.zeros(1, time, 1, requires_grad=True)
            net = sequences.layer(sequences.CONVOLUTION, 1, count)
            for layer in net.layers:
                torch.nn.init.ones_(layer.weight)
                torch.nn.init.ones_(layer.bias)
            net(x)[0, -1, 0].backward()
            assert bool(x.grad[0, 0, 0] != 0) == sees


def test_a_sequence_to_recall_begins_with_its_symbol_and_shows_it_nowhere_else():
    x, y = sequences.recall_batch(50, 6, 4, 8, torch.Generator().manual_seed(0))
    assert x.shape == (50, 8)
    assert torch.equal(x[:, 0], y)
    assert int(x[:, 1:-1].min()) >= 4 and int(x[:, 1:-1].max()) < 12
    assert (x[:, -1] == 12).all()


def test_update_gates_are_those_of_torchs_gru():
    with k5.seeded(0) as generator:
        gru, x = torch.nn.GRU(3, 4, batch_first=True).double(), torch.randn(2, 5, 3, generator=generator).double()
        for weight in gru.parameters():
            weight.data[8:] = 0
        gru.bias_ih_l0.data[8:] = 50  # a proposal of 1, so that 1 - h_t = z (1 - h_(t-1))
        torch.testing.assert_close(sequences.update_gates(gru, x).cumprod(1), 1 - gru(x)[0])


@pytest.mark.parametrize("seed", k5.DEFAULT.seeds)
def test_training_across_a_short_gap_closes_a_gate_across_a_long_one(seed):
    assert k5.kept_by_a_gate(seed, k5.DEFAULT) > 0.3
    assert k5.kept_by_a_gate(seed, replace(k5.DEFAULT, updates=0)) < 1e-6


def test_ratios_are_to_the_rnn_at_the_shortest_length(stored):
    for timing in stored["times"].values():
        assert all(row[0] == 1 for row in timing["ratio"]["rnn"]["by_seed"])
        assert len(timing["ratio"]["gru"]["by_seed"]) == len(stored["seeds"])


def test_stored_exponents_and_crossovers_follow_from_the_stored_ratios(stored):
    lengths, fitted = stored["settings"]["lengths"], stored["settings"]["fitted"]
    for timing in stored["times"].values():
        for kind, found in timing["exponent"].items():
            for ratios, exponent in zip(timing["ratio"][kind]["by_seed"], found["by_seed"], strict=True):
                slope = np.polyfit(np.log(lengths[-fitted:]), np.log(ratios[-fitted:]), 1)[0]
                assert exponent == pytest.approx(slope, rel=1e-3)
        for kind, found in timing["crossover"].items():
            for at, one, other in zip(
                found, timing["ratio"]["attention"]["by_seed"], timing["ratio"][kind]["by_seed"], strict=True
            ):
                assert (at is None) == (one[-1] <= other[-1])
                if at is not None and at > lengths[0]:
                    logs = [np.interp(math.log(at), np.log(lengths), np.log(row)) for row in (one, other)]
                    assert logs[0] == pytest.approx(logs[1], abs=1e-3)


def test_the_verdict_says_when_a_recurrent_chain_does_not_grow(stored):
    changed = stored | {"setup": {"chains": stored["setup"]["chains"] | {"rnn": [5, 5, 5]}}}
    assert "not as claimed" in k5.summary(changed)["verdict"]


def test_the_verdict_says_who_recalls_as_far_as_a_layer_with_a_short_path(stored):
    assert "So the GRU gets as far as attention, which is not as claimed." in k5.summary(stored)["verdict"]
    recall = {kind: {"mean": [1.0, 1.0, 0.2, 0.2], "std": [0] * 4} for kind in (k5.RNN, k5.GRU)}
    recall |= {kind: {"mean": [1.0] * 4, "std": [0] * 4} for kind in (k5.CONVOLUTION, k5.ATTENTION)}
    better = stored | {"numbers": stored["numbers"] | {"recall": recall}}
    assert "gets as far" not in k5.summary(better)["verdict"]


def test_the_verdict_says_when_attention_never_falls_behind(stored):
    times = {
        name: timing | {"crossover": {key: [None, None] for key in timing["crossover"]}}
        for name, timing in stored["times"].items()
    }
    assert "behind the RNN not up to" in k5.summary(stored | {"times": times})["verdict"]
