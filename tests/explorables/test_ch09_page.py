"""What the page of ch09 says beside its numbers holds for the stored results, and every number it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import experiments
from experiments import k11, rivals
from explorables import ch09_prior_vs_data as demos

PAGE = "book/ch09_prior_vs_data.md"
SHORT = {
    "k11": "k11",
    "strength": "ch09_strength",
    "shuffled": "ch09_shuffled",
    "more": "ch09_more_data",
    "tuning": "ch09_tuning",
}


def accuracy(name: str) -> dict[str, dict[str, list]]:
    """Accuracies of a race by kind."""
    return demos._result(name)["numbers"]["accuracy"]


@pytest.mark.parametrize("short", list(SHORT))
def test_every_number_that_the_page_quotes_is_in_the_summary(root: Path, short: str) -> None:
    text = (root / PAGE).read_text(encoding="utf-8")
    quoted = set(re.findall(rf"{{glue:text}}`{short}_([a-z0-9_]+)`", text)) - {"cost", "torch"}
    assert quoted and quoted <= set(experiments.summary(SHORT[short]))


def test_with_100_examples_all_are_near_and_attention_leads() -> None:
    first = {kind: found["mean"][0] for kind, found in accuracy("k11").items()}
    assert max(first, key=first.get) == rivals.ATTENTION
    assert max(first.values()) - min(first.values()) < 0.10


def test_a_hundred_examples_are_enough_for_a_net_that_is_told_more() -> None:
    assert accuracy("ch09_strength")["dense"]["mean"][0] > 0.6


def test_from_1000_on_cnn_and_gru_are_ahead_of_attention_and_all_of_the_mlp() -> None:
    found = accuracy("k11")
    for place in (2, 3):
        told = {kind: found[kind]["mean"][place] for kind in k11.TOLD}
        assert min(told, key=told.get) == rivals.ATTENTION
        assert min(told.values()) > found[rivals.MLP]["mean"][place] + 0.1


def test_the_three_priors_are_worth_a_factor_between_five_and_ten() -> None:
    rows = [row for row in demos._rows() if row["experiment"] == "k11"]
    factors = [row["saved"] for row in rows if row["net"] in {rivals.LABELS[kind] for kind in k11.TOLD}]
    assert len(factors) == 3
    assert all(5 < factor < 10 for factor in factors)


def test_every_dose_of_the_prior_helps_and_the_last_one_most_at_250() -> None:
    found = accuracy("ch09_strength")
    ladder = ["mlp", "local", "cnn", "pooled", "dense"]
    at_250 = [found[kind]["mean"][1] for kind in ladder]
    assert at_250 == sorted(at_250)
    assert at_250[-1] > 0.8 and np.argmax(np.diff(at_250)) == 3
    assert all(found["dense"]["mean"][place] > found["cnn"]["mean"][place] for place in range(4))


def test_the_whole_truth_about_place_is_worth_a_factor_of_forty() -> None:
    row = next(
        r for r in demos._rows() if r["net"] == rivals.LABELS[rivals.DENSE] and r["experiment"] == "ch09_strength"
    )
    assert row["saved"] >= 40 and row["at_least"]


def test_shifted_copies_help_the_mlp_with_250_examples_and_not_with_4000() -> None:
    mlp, copies, cnn = (accuracy("ch09_strength")[kind]["mean"] for kind in ("mlp", "augmented", "cnn"))
    assert copies[1] > max(mlp[1], cnn[1]) + 0.02
    assert copies[-1] < mlp[-1] - 0.02


def test_shuffled_the_mlp_is_the_best_of_all_with_4000_and_the_most_told_loses_most() -> None:
    shuffled, plain = accuracy("ch09_shuffled"), accuracy("k11") | {"dense": accuracy("ch09_strength")["dense"]}
    last = {kind: found["mean"][-1] for kind, found in shuffled.items()}
    assert max(last, key=last.get) == rivals.MLP
    assert abs(last[rivals.MLP] - plain[rivals.MLP]["mean"][-1]) < 0.03
    loss = {kind: plain[kind]["mean"][-1] - last[kind] for kind in last}
    assert max(loss, key=loss.get) == rivals.DENSE


def test_at_250_shuffled_examples_no_net_is_behind_the_mlp() -> None:
    found = {kind: spread["mean"][0] for kind, spread in accuracy("ch09_shuffled").items() if kind != rivals.LOGISTIC}
    assert min(found, key=found.get) == rivals.MLP


def test_with_ten_times_the_data_the_mlp_comes_nearer_and_reaches_none() -> None:
    more, before = accuracy("ch09_more_data"), accuracy("k11")
    assert all(more[kind]["mean"][0] > more[rivals.MLP]["mean"][0] + 0.03 for kind in k11.TOLD)
    best = max(k11.TOLD, key=lambda kind: more[kind]["mean"][0])
    assert best == rivals.CNN
    gaps = [found[best]["mean"][-1] - found[rivals.MLP]["mean"][-1] for found in (before, more)]
    assert gaps[1] < gaps[0]


def test_with_ten_times_the_data_almost_every_training_was_best_at_its_end() -> None:
    more = demos._result("ch09_more_data")
    last = {kind: steps[0] for kind, steps in more["settings"]["steps"].items()}
    best = {kind: found["by_seed"] for kind, found in more["numbers"]["step"].items() if kind != rivals.LOGISTIC}
    assert all(step[0] == last[rivals.MLP] for step in best[rivals.MLP])
    assert sum(step[0] < last[kind] for kind, found in best.items() for step in found) <= 2


def test_nine_sharp_heads_are_the_convolution_and_blunt_ones_are_a_mean() -> None:
    assert demos.convolution_error(50.0) < 1e-12
    assert demos.head_shares(0.0, 2, 2) == pytest.approx(1 / demos.SIDE**2)
    sharp = demos.head_shares(50.0, 1, 3)
    assert [tuple(np.argwhere(head > 0.5)[0]) for head in sharp] == [(1 + a, 3 + b) for a in range(3) for b in range(3)]
