"""What properties and probes of training measure, on outputs whose answer is known."""

from __future__ import annotations

import pytest
import torch

from autograder.checking.probes import Probe
from autograder.checking.properties import measure


def held(kind, outputs, **params):
    return [m.holds for m in measure(kind, outputs, params)]


def rows(*sizes):
    return [(torch.arange(float(s)).reshape(s, 1), torch.arange(s)) for s in sizes]


def test_batch_sizes_are_compared_in_order():
    assert held("batch_sizes", [rows(4, 4, 2)], sizes=[4, 4, 2]) == [True] * 3
    assert held("batch_sizes", [rows(4, 2, 4)], sizes=[4, 4, 2]) == [True, False, False]


def test_a_lost_batch_is_counted():
    (count,) = measure("batch_sizes", [rows(4, 4)], {"sizes": [4, 4, 2]})
    assert (count.value, count.holds) == (2, False)


def test_a_row_drawn_twice_leaves_another_out():
    X = torch.arange(6.0).reshape(6, 1)
    drawn = torch.tensor([2, 0, 1, 5, 2, 4])
    found = measure("permuted_rows", [[(X[drawn[:4]], drawn[:4]), (X[drawn[4:]], drawn[4:])]], {"rows": X})
    assert [(m.value, m.holds) for m in found] == [(5, False), (0.2, True)]


@pytest.mark.parametrize(
    ("order", "shuffled"),
    [
        (torch.randperm(20, generator=torch.Generator().manual_seed(0)), True),
        (torch.arange(20), False),
        (torch.arange(20).flip(0), False),
        (torch.arange(20).roll(7), False),
    ],
    ids=["shuffled", "as stored", "turned around", "begun elsewhere"],
)
def test_a_shuffle_parts_neighbours(order, shuffled):
    X = torch.randn(20, 3, generator=torch.Generator().manual_seed(1))
    batches = [(X[chosen], chosen) for chosen in order.split(6)]
    assert held("permuted_rows", [batches], rows=X) == [True, shuffled]


def test_batches_in_another_order_are_not_the_same():
    assert held("same_batches", [rows(4, 2), rows(4, 2)], first=0, second=1) == [True]
    assert held("same_batches", [rows(4, 2), rows(2, 4)], first=0, second=1) == [False]
    assert held("same_batches", [rows(4, 2), rows(4, 2)], first=0, second=1, same=False) == [False]
    assert held("same_batches", [rows(4, 2), rows(2, 4)], first=0, second=1, same=False) == [True]


def test_torchs_own_dropout_is_dropped_out():
    torch.manual_seed(0)
    x = torch.randn(200, 30) + 3
    for p in (0.25, 0.8):
        assert all(held("dropped_out", [torch.nn.functional.dropout(x, p)], x=x, p=p))


def test_dropout_without_rescaling_or_with_one_mask_is_not():
    torch.manual_seed(0)
    x = torch.randn(200, 300) + 3
    y = torch.nn.functional.dropout(x, 0.5)
    assert held("dropped_out", [y / 2], x=x, p=0.5) == [True, False, False, True]
    one = x * (torch.arange(300) % 2) * 2
    assert held("dropped_out", [one], x=x, p=0.5) == [True, True, True, False]


def test_dropout_says_how_what_it_kept_was_scaled():
    torch.manual_seed(0)
    x = torch.randn(200, 30) + 3
    scaled = [torch.nn.functional.dropout(x, 0.2) * 0.8 * factor for factor in (1.0, 0.8)]
    found = [measure("dropped_out", [y], {"x": x, "p": 0.2})[2].value for y in scaled]
    assert found == pytest.approx([1.0, 0.8], rel=1e-5)


def test_a_ridge_probe_minimizes_what_it_says():
    torch.manual_seed(0)
    X, y = torch.randn(9, 3, dtype=torch.float64), torch.randn(9, dtype=torch.float64)
    w = Probe("ridge", strength=0.7)(X, y)(torch.eye(3, dtype=torch.float64)).requires_grad_()
    loss = ((X @ w - y) ** 2).sum() + 0.7 * (w**2).sum()
    assert float(torch.autograd.grad(loss, w)[0].abs().max()) < 1e-12


def test_a_convolving_probe_is_torchs_convolution():
    generator = torch.Generator().manual_seed(0)
    x, kernel = (torch.randn(*shape, generator=generator) for shape in ((2, 3, 8), (5, 3, 3)))
    got = Probe("convolved", kernel=kernel, stride=2, padding=1)(x)
    torch.testing.assert_close(got, torch.nn.functional.conv1d(x, kernel, stride=2, padding=1))


def test_exact_match_counts_rows_that_are_right_everywhere():
    labels = torch.tensor([[3, 2, 0], [4, 4, 2], [5, 2, 0], [3, 3, 2]])
    written = labels.clone()
    written[1, 0], written[3] = 5, 0
    (found,) = measure("exact_match", [None, written], {"labels": labels, "at_least": 0.9, "call": 1})
    assert (found.value, found.holds) == (0.5, False)


def test_a_writing_probe_reads_all_words_the_last_one_most():
    history = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 4.0]])
    found = Probe("next_words", history=history)(torch.tensor([[0, 1], [2, 0]]))
    expected = torch.tensor([[2.0, 0.5, 0.0], [0.0, 1.0, 2.0]]).log_softmax(-1)
    torch.testing.assert_close(found, expected)


def told_signals(n=600, seed=0):
    """Signals that are what `placed_templates` asks for, their classes, and what to tell it."""
    generator = torch.Generator().manual_seed(seed)
    templates = 4 * torch.randn(3, 4, generator=generator)
    y, start = (torch.randint(most, (n,), generator=generator) for most in (3, 6))
    x = 0.3 * torch.randn(n, 9, generator=generator)
    x = x.scatter_add(1, start[:, None] + torch.arange(4), templates[y])
    return x, y, {"templates": templates, "width": 9, "noise": 0.3}


def test_signals_with_their_own_templates_have_the_property():
    x, y, told = told_signals()
    assert all(held("placed_templates", [(x, y)], **told))


def test_classes_of_other_signals_leave_more_than_noise():
    x, y, told = told_signals()
    assert not all(held("placed_templates", [(x, y.roll(1))], **told))


def clean_signals(y, start, told):
    """Signals without noise."""
    return torch.zeros(len(y), 9).scatter_add(1, start[:, None] + torch.arange(4), told["templates"][y])


def dealt(n=1500, seed=1):
    generator = torch.Generator().manual_seed(seed)
    y, start = (torch.randint(most, (n,), generator=generator) for most in (3, 6))
    return y, start, 0.3 * torch.randn(n, 9, generator=generator)


NOISES = {
    "noise of their own": lambda e: e[:1].expand_as(e),
    "of a signal": lambda e: e[:, :1].expand_as(e),
    "as a standard deviation": lambda e: 1.2 * e,
    "the mean of the noise": lambda e: e.abs(),
    "uniform: 1.8": lambda e: 0.6 * 3**0.5 * (torch.special.ndtr(e / 0.3) - 0.5),
}


@pytest.mark.parametrize("words", NOISES)
def test_of_wrong_noise_the_one_fact_that_is_wrong_is_named(words):
    told = told_signals()[2]
    y, start, noise = dealt()
    wrong = [
        m.what
        for m in measure("placed_templates", [(clean_signals(y, start, told) + NOISES[words](noise), y)], told)
        if not m.holds
    ]
    assert len(wrong) == 1
    assert words in wrong[0]


DEALS = {
    "places at which templates start": lambda y, start: (y, 0 * start),
    "the rarest place": lambda y, start: (y, (torch.linspace(0, 5, 1500)[torch.randperm(1500)]).round().long()),
    "the one before": lambda y, start: (torch.arange(1500) % 3, start),
    "pairs of class and place": lambda y, start: (start % 3, start),
    "classes that occur": lambda y, start: (y.clamp(max=1), start),
}


@pytest.mark.parametrize("words", DEALS)
def test_of_wrong_classes_and_places_the_one_fact_that_is_wrong_is_named(words):
    told = told_signals()[2]
    y, start, noise = dealt()
    y, start = DEALS[words](y, start)
    found = measure("placed_templates", [(clean_signals(y, start, told) + noise, y)], told)
    assert [words in m.what for m in found if not m.holds] == [True]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (lambda x, y: x, "pair of tensors"),
        (lambda x, y: (y, x), "shapes"),
        (lambda x, y: (x, y + 1), "none of 0 to 2"),
        (lambda x, y: (x, y.int()), "classes have dtype int32; int64 is expected"),
        (lambda x, y: (x, y.float()), "classes have dtype float32; int64 is expected"),
        (lambda x, y: (x.double(), y), "signals have dtype float64; float32 is expected"),
    ],
    ids=["signals-alone", "exchanged", "classes-from-one", "short-classes", "float-classes", "long-signals"],
)
def test_what_is_no_signals_and_classes_is_said_in_a_students_words(output, words):
    x, y, told = told_signals()
    with pytest.raises(ValueError, match=words):
        measure("placed_templates", [output(x, y)], told)


def test_same_data_tells_equal_from_other():
    one, other = told_signals(seed=0)[:2], told_signals(seed=1)[:2]
    assert held("same_data", [one, one, other], first=0, second=1, same=True) == [True]
    assert held("same_data", [one, one, other], first=0, second=2, same=False) == [True]
    assert held("same_data", [one, one, other], first=0, second=2, same=True) == [False]


def test_a_moving_ridge_probe_learns_and_its_seed_matters():
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(40) % 2
    x = 3.0 * y[:, None] + torch.randn(40, 2, generator=generator)
    learn = Probe(
        "moved_ridge", W=0.5 * torch.randn(2, 8, generator=generator), phase=torch.rand(8), classes=2, strength=0.1
    )
    first, second = learn(x, y, 1), learn(x, y, 2)
    assert (first(x).argmax(1) == y).float().mean() > 0.8
    assert not torch.equal(first(x), second(x))


def test_a_falling_loss_is_counted_and_its_end_measured():
    losses = [2.0] * 18 + [0.5, 0.7]
    found = measure("loss_falls", [losses], {"steps": 20, "at_most": 0.55})
    assert [(m.value, m.holds) for m in found] == [(20, True), (0.6, False)]
    assert held("loss_falls", [losses[:-1]], steps=20, at_most=2.0) == [False, True]


NOTHING = (torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64))


@pytest.mark.parametrize(
    ("kind", "output", "params"),
    [
        ("placed_templates", NOTHING, {"templates": torch.ones(2, 3), "width": 6, "noise": 0.1}),
        ("loss_falls", [10**400], {"steps": 1, "at_most": 1.0}),
        ("at_least", 10**400, {"value": 1.0}),
    ],
    ids=["no-rows", "enormous-losses", "an-enormous-number"],
)
def test_what_no_property_can_compute_with_is_a_value_error(kind, output, params):
    with pytest.raises(ValueError, match="cannot be measured"):
        measure(kind, [output], params)
