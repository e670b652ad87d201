"""What the page of ch08 says beside its numbers holds for the stored results, and every number it names exists."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

import experiments
from experiments import ledger
from explorables import ch08_transformer as demos

PAGE = "book/ch08_transformer.md"


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "short"), [("k10", "k10"), ("ch08_warmup", "warm")])
def test_every_number_that_the_page_quotes_is_in_the_summary(text: str, name: str, short: str) -> None:
    quoted = set(re.findall(rf"{{glue:text}}`{short}_([a-z0-9_]+)`", text)) - {"cost"}
    assert quoted
    assert quoted <= set(experiments.summary(name))


def test_every_seed_translates_99_of_100_new_sentences_within_a_minute() -> None:
    result = experiments.load("k10")
    assert min(curve[-1] for curve in result["numbers"]["exact"]["by_seed"]) >= 0.99
    assert result["setup"]["seconds"] < 60


def test_single_runs_lose_more_than_ten_points_on_the_way_and_win_them_back() -> None:
    curves = experiments.load("k10")["numbers"]["exact"]["by_seed"]
    falls = [before - after for curve in curves for before, after in pairwise(curve)]
    assert max(falls) > 0.1
    assert min(curve[-1] for curve in curves) > 0.99


def test_the_model_of_k10_has_as_many_parameters_as_were_counted() -> None:
    setup = experiments.load("k10")["setup"]
    assert setup["parameters"] == setup["counted"]
    assert setup["vocabulary"] * 48 == 7_824


def test_the_best_heads_give_most_of_their_attention_to_the_word_that_belongs() -> None:
    numbers = experiments.load("k10")["numbers"]
    assert min(numbers["best head"]["mean"]) > 0.9
    assert max(numbers["equal shares"]["mean"]) < 0.2


def test_post_norm_needs_the_warm_up_at_this_rate_and_pre_norm_does_not() -> None:
    exact = {kind: found["mean"] for kind, found in experiments.load("ch08_warmup")["numbers"]["exact"].items()}
    assert exact["post_constant"] < 0.1 < exact["post_warm"] / 2
    assert exact["pre_constant"] > exact["post_warm"]
    assert exact["post_slow"] > exact["post_constant"]


def test_ten_rows_of_the_table_agree_on_a_vocabulary_and_41000_fits_them_all() -> None:
    for row in ledger.TABLE:
        low, high = ledger.fitting(row)
        assert (low <= 41_000 <= high) == (row.name != "big")
        assert (round(ledger.of_row(row, 41_000) / 1e6) == row.stated) == (row.name != "big")


def test_a_beam_of_one_misses_what_a_beam_of_two_finds_and_the_penalty_turns_the_cat_black() -> None:
    assert demos.search(1, 0.6)[1][0] == "le"
    assert demos.search(2, 0.0)[1] == ("un", "chat", ">")
    assert demos.search(2, 0.6)[1] == ("un", "chat", "noir", ">")
