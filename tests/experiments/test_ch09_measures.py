"""The nets and measures of the experiments on prior and data: matched, told what they are said to be told."""

import math

import pytest
import torch
from torch.nn import functional as F

from experiments import bill, ch09_strength, ch09_tuning, race, record, rivals, worth

MATCHED = [kind for kind in rivals.LABELS if kind != rivals.LOGISTIC]
RACES = ("k11", "ch09_more_data", "ch09_shuffled", "ch09_strength")


@pytest.mark.parametrize("kind", MATCHED)
def test_a_net_has_the_parameters_of_the_papers_cnn_to_within_3_percent(kind):
    counted = sum(p.numel() for p in rivals.build(kind).parameters())
    assert counted == pytest.approx(rivals.BUDGET, rel=0.03)


@pytest.mark.parametrize("name", RACES)
def test_a_result_states_the_parameters_and_flops_of_the_nets_that_are_built(name):
    setup = record.load(name)["setup"]
    assert setup["parameters"] == {kind: rivals.parameters(kind) for kind in setup["parameters"]}
    assert setup["flops"] == {kind: rivals.flops(kind) for kind in setup["flops"]}


def test_flops_of_the_mlp_are_two_for_each_weight():
    weights = sum(p.numel() for p in rivals.build(rivals.MLP).parameters() if p.dim() == 2)
    assert rivals.flops(rivals.MLP) == 2 * weights


@pytest.mark.parametrize("kind", list(rivals.LABELS))
def test_every_net_gives_ten_scores(kind):
    assert rivals.build(kind)(torch.randn(3, 40)).shape == (3, 10)


def test_rates_of_the_races_are_those_that_validation_chose():
    assert ch09_tuning.chosen(record.load("ch09_tuning")) == race.RATES


def test_each_local_unit_is_a_convolution_with_a_kernel_of_its_own():
    torch.manual_seed(0)
    layer = rivals.Local(2, 3, 5, 9).double()
    x = torch.randn(4, 2, 9, dtype=torch.float64)
    for place in range(5):
        kernel = layer.weight[place].reshape(3, 2, 5)
        wanted = F.conv1d(x, kernel, stride=2, padding=2)[:, :, place] + layer.bias[:, place]
        torch.testing.assert_close(layer(x)[:, :, place], wanted)


def shifted_inside(kind, pixels):
    """Scores of a bump in the middle of an empty signal, and of the same bump moved."""
    torch.manual_seed(0)
    net = rivals.build(kind).double()
    x = torch.zeros(1, 40, dtype=torch.float64)
    x[0, 16:21] = torch.tensor([0.5, 2.0, -1.0, 1.5, 0.7])
    with torch.no_grad():
        return net(x), net(x.roll(pixels, 1))


@pytest.mark.parametrize("pixels", [-3, 1, 2, 5])
def test_pooling_at_every_place_makes_shifts_inside_the_signal_unseen(pixels):
    torch.testing.assert_close(*shifted_inside(rivals.DENSE, pixels))


def test_pooling_at_every_eighth_place_does_so_for_shifts_by_eight_only():
    here, moved = shifted_inside(rivals.POOLED, 8)
    torch.testing.assert_close(here, moved)
    here, moved = shifted_inside(rivals.POOLED, 3)
    assert not torch.allclose(here, moved)


def test_strided_and_dense_net_have_the_same_features_where_both_look():
    torch.manual_seed(0)
    strided, dense = (rivals.build(kind).double() for kind in (rivals.POOLED, rivals.DENSE))
    dense.load_state_dict(strided.state_dict())
    x = torch.zeros(1, 40, dtype=torch.float64)
    x[0, 14:26] = torch.randn(12, dtype=torch.float64)
    features = [net[:-2](x) for net in (strided, dense)]
    torch.testing.assert_close(features[0][:, :, 1:-1], features[1][:, :, ::8][:, :, 1:-1])


def test_rolled_signals_are_rolls_of_the_signals():
    x = torch.arange(80.0).reshape(2, 40)
    moved = race.rolled(x, torch.Generator().manual_seed(0))
    for before, after in zip(x, moved, strict=True):
        assert any(torch.equal(before.roll(by), after) for by in range(40))
    assert not torch.equal(x, moved)


def test_no_example_is_in_two_parts_of_a_pool_and_seeds_deal_anew():
    one, other = (race.pool(30, 20, 50, seed) for seed in (0, 1))
    parts = torch.cat([one.train[0], one.valid[0], one.test[0]])
    assert len(torch.unique(parts, dim=0)) == 100
    assert not torch.equal(one.test[0], other.test[0])


def test_a_shuffled_pool_holds_the_same_signals_with_columns_moved_alike():
    plain, moved = race.pool(30, 20, 50, 0), race.pool(30, 20, 50, 0, shuffled=True)
    order = [int((plain.train[0] == column[:, None]).all(0).nonzero()) for column in moved.train[0].T]
    assert sorted(order) == list(range(40)) and order != list(range(40))
    assert torch.equal(plain.test[0][:, order], moved.test[0])


def test_the_tested_net_is_that_of_the_best_moment_on_validation():
    dealt = race.pool(60, 100, 100, 0)
    found = race.learned(rivals.MLP, 60, dealt, rate=0.03, steps=40, batch=20, looks=4, seed=0)
    assert len(found["valid"]) == 4
    assert found["valid"][round(found["step"] / 10) - 1] == max(found["valid"])


def test_a_crossing_is_straight_in_the_logarithm_of_the_examples():
    sizes = [100, 1000]
    assert worth.crossing(sizes, [0.2, 0.8], 0.5) == pytest.approx(math.sqrt(100 * 1000))
    assert worth.crossing(sizes, [0.2, 0.8], 0.1) == 100
    assert worth.crossing(sizes, [0.2, 0.8], 0.9) is None


def test_a_price_that_was_never_paid_is_more_than_all():
    assert worth.in_words([None, None, None], 4000) == "more than 4,000"
    assert worth.in_words([350.0, 402.0, 377.0], 4000) == "380 (350 to 400)"
    assert worth.in_words([100.0, 100.0, 100.0], 4000, 100) == "at most 100"
    assert worth.in_words([350.0, None, None], 4000) == "more than 4,000 (from 350 on)"


@pytest.mark.parametrize("name", RACES)
def test_no_two_nets_of_a_race_are_drawn_alike(name):
    result = record.load(name)
    result = ch09_strength.whole(result) if name == "ch09_strength" else result
    looks = [worth.LOOKS[kind] for kind in result["numbers"]["accuracy"]]
    assert len({(colour, line) for colour, _, line in looks}) == len(looks)


def test_a_net_has_the_steps_of_its_race_on_the_page():
    assert "GRU 200/300/600/900; attention" in worth.told(record.load("k11"))


def test_the_ladder_is_of_one_race_at_the_same_examples_and_seeds():
    k11, strength = record.load("k11"), record.load("ch09_strength")
    for part in ("sizes", "seeds", "rates", "batch", "valid", "test", "looks"):
        assert k11["settings"][part] == strength["settings"][part]
    accuracy = ch09_strength.whole(strength)["numbers"]["accuracy"]
    assert set(accuracy) == {*ch09_strength.LADDER, *ch09_strength.KINDS}
    assert accuracy[rivals.CNN] == k11["numbers"]["accuracy"][rivals.CNN]
    assert accuracy[rivals.DENSE] == strength["numbers"]["accuracy"][rivals.DENSE]


def test_the_bill_names_every_experiment_with_accuracies_and_invents_nothing():
    rows = bill.rows()
    assert {"k1", "k2", "k3", "k4", "k5", "k7", "k8", "k11", *RACES} - {"ch09_more_data"} <= {
        r.experiment for r in rows
    }
    for row in rows:
        text = (record.RESULTS / f"{row.experiment}.json").read_text(encoding="utf-8")
        assert row.accuracy is None or f"{row.accuracy}" in text, row


def test_what_the_bill_calls_saved_is_the_ratio_of_two_prices():
    result = record.load("k11")
    accuracy, sizes = result["numbers"]["accuracy"], result["settings"]["sizes"]
    row = next(row for row in bill.rows() if (row.experiment, row.net) == ("k11", rivals.LABELS[rivals.CNN]))
    count = sizes[-1] / row.saved
    above = next(place for place, size in enumerate(sizes) if size >= count)
    wanted = accuracy[rivals.MLP]["mean"][-1]
    assert accuracy[rivals.CNN]["mean"][above - 1] < wanted <= accuracy[rivals.CNN]["mean"][above]
