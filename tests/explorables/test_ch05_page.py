"""What the page of ch05 says beside its numbers holds for the stored result, and every number it names exists."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import experiments
from experiments import k5

PAGE = "book/ch05_recurrence.md"


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def result() -> dict:
    return experiments.load("k5")


def test_every_number_that_the_page_quotes_is_in_the_summary(text: str) -> None:
    quoted = set(re.findall(r"{glue:text}`k5_([a-z0-9_]+)`", text)) - {"cost", "torch", "widening", "kept"}
    assert quoted <= set(experiments.summary("k5"))


@pytest.mark.parametrize(("kind", "operations"), [("rnn", 3), ("gru", 10), ("convolution", 0), ("attention", 0)])
def test_a_step_of_the_rnn_is_three_operations_and_one_of_the_gru_ten(result, kind: str, operations: int) -> None:
    lengths, chains = result["settings"]["chain_lengths"], result["setup"]["chains"][kind]
    assert chains[-1] - chains[0] == operations * (lengths[-1] - lengths[0])


def exponents(result: dict, kind: str) -> list[float]:
    return [timing["exponent"][kind]["mean"] for timing in result["times"].values()]


def test_recurrence_and_convolution_grow_in_proportion_and_attention_faster_but_not_yet_squared(result) -> None:
    for kind in ("rnn", "gru", "convolution"):
        assert exponents(result, kind) == pytest.approx([1, 1], abs=0.2)
    assert all(1.4 < power < 1.95 for power in exponents(result, "attention"))


@pytest.mark.parametrize("place", [1, 2])
def test_the_exponent_of_attention_grows_over_the_last_doublings_and_is_below_2(result, place: int) -> None:
    means = result["times"][f"width_{place}"]["ratio"]["attention"]["mean"]
    first, before, last = (math.log2(longer / shorter) for shorter, longer in pairwise(means[-4:]))
    assert first < before < last < 2
    assert f"{last:.2f}" == experiments.summary("k5")[f"doubling_attention_{place}"]


def test_attention_is_ahead_of_the_narrow_rnn_far_beyond_n_equal_d_and_width_brings_the_crossover_down(result) -> None:
    narrow, wide = (timing["crossover"]["rnn"] for timing in result["times"].values())
    assert min(narrow) > 10 * result["settings"]["widths"][0]
    assert max(wide) < min(narrow) / 3


def test_sixteen_times_the_arithmetic_takes_the_rnn_hardly_longer(result) -> None:
    narrow, wide = (timing["reference_milliseconds"]["mean"] for timing in result["times"].values())
    assert (result["settings"]["widths"][1] / result["settings"]["widths"][0]) ** 2 == 16
    assert wide / narrow < 3


def test_the_convolution_is_behind_nobody(result) -> None:
    for timing in result["times"].values():
        by_kind = {kind: found["mean"] for kind, found in timing["ratio"].items()}
        assert all(by_kind["convolution"][at] == min(row[at] for row in by_kind.values()) for at in range(7))


def test_recurrent_gradients_fade_the_gru_more_slowly_and_the_others_stay_level(result) -> None:
    norms = {kind: found["mean"] for kind, found in result["numbers"]["gradient"].items()}
    assert norms["rnn"][-1] < norms["gru"][-1] < 1e-20
    for kind in ("convolution", "attention"):
        assert max(norms[kind]) < 3 * min(norms[kind])
    assert all(20 < norms[kind][0] / norms["attention"][0] < 100 for kind in ("rnn", "gru"))


@pytest.mark.parametrize("seed", k5.DEFAULT.seeds)
def test_the_norm_of_the_rnns_weight_is_above_one_and_promises_nothing(seed: int) -> None:
    with k5.seeded(seed):
        weight = k5.sequences.layer(k5.RNN, k5.DEFAULT.width).layer.weight_hh_l0.detach()
    assert float(torch.linalg.matrix_norm(weight, 2)) > 1


def test_short_paths_recall_farthest_but_paths_are_not_all(result) -> None:
    last = {kind: found["mean"][-1] for kind, found in result["numbers"]["recall"].items()}
    assert min(last["convolution"], last["attention"]) > 2 * max(last["rnn"], last["gru"])
    assert last["convolution"] > last["attention"]
    assert k5.farthest_recalled(result, k5.GRU) > k5.farthest_recalled(result, k5.RNN)
    assert k5.farthest_recalled(result, k5.GRU) == k5.farthest_recalled(result, k5.ATTENTION)


def answers(kind: str, gap: int, seed: int) -> list[list[int]]:
    """For each symbol, how often each was answered, by a net that was trained across `gap`."""
    model = k5.trained(kind, gap, seed, k5.DEFAULT)
    x, y = k5.sequences.recall_batch(400, gap, 4, 8, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        said = model(x).argmax(1)
    return [torch.bincount(said[y == symbol], minlength=4).tolist() for symbol in range(4)]


@pytest.mark.parametrize("seed", [0, 1])
def test_two_runs_of_the_rnn_tell_one_pair_of_symbols_from_the_other(seed: int) -> None:
    said = answers(k5.RNN, 8, seed)
    favourites = [row.index(max(row)) for row in said]
    assert all(max(row) > 0.9 * sum(row) for row in said)
    assert sorted(favourites.count(symbol) for symbol in set(favourites)) == [2, 2]


def test_one_run_of_attention_knows_one_symbol_and_guesses_among_three() -> None:
    said = answers(k5.ATTENTION, 32, 0)
    known = [symbol for symbol, row in enumerate(said) if row[symbol] > 0.95 * sum(row)]
    others = [symbol for symbol in range(4) if symbol not in known]
    assert len(known) == 1
    assert all(said[symbol][known[0]] < 0.05 * sum(said[symbol]) for symbol in others)
    assert sum(said[symbol][symbol] for symbol in others) < 0.5 * sum(map(sum, (said[symbol] for symbol in others)))


def test_two_runs_of_the_rnn_are_never_right_across_thirty_two(result) -> None:
    at = result["settings"]["later_gaps"].index(32)
    assert sorted(row[at] for row in result["numbers"]["transfer"]["rnn"]["by_seed"])[:2] == [0, 0]


def test_one_run_of_attention_stopped_at_a_half_at_the_longest_gap(result) -> None:
    last = sorted(row[-1] for row in result["numbers"]["recall"]["attention"]["by_seed"])
    assert last[0] == pytest.approx(0.5, abs=0.05) and min(last[1:]) > 0.95


def test_single_runs_recall_nearly_all_a_half_or_a_quarter(result) -> None:
    shares = [v for found in result["numbers"]["recall"].values() for row in found["by_seed"] for v in row]
    assert all(min(abs(share - level) for level in (0.25, 0.5, 1.0)) < 0.05 for share in shares)


def test_a_gru_trained_across_four_recalls_far_beyond_what_it_learns_directly(result) -> None:
    direct = result["numbers"]["recall"]["gru"]["mean"][-1]
    transferred = result["numbers"]["transfer"]["gru"]["mean"][1:]
    assert direct < 0.4
    assert min(transferred) > 0.7


def test_a_larger_spectral_radius_helps_across_eight_symbols_and_not_across_thirty_two(result) -> None:
    numbers = result["numbers"]
    begun, rescaled = numbers["recall"]["rnn"]["mean"], numbers["rescaled"]["rnn"]["mean"]
    assert rescaled[1] > begun[1]
    assert rescaled[3] < 0.4
    assert all(0.5 < radius < 0.8 for radius in numbers["rescaled"]["radius"]["by_seed"])
