"""What the page of ch06 says beside its numbers holds for the stored results, and every number it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import experiments
from experiments import k7

PAGE = "book/ch06_attention.md"


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["k5", "k6", "k7"])
def test_every_number_that_the_page_quotes_is_in_the_summary(text: str, name: str) -> None:
    quoted = set(re.findall(rf"{{glue:text}}`{name}_([a-z0-9_]+)`", text)) - {"cost"}
    assert quoted
    assert quoted <= set(experiments.summary(name))


def test_attention_costs_no_more_up_to_d_without_its_maps_and_up_to_twice_d_against_an_lstm_with_them() -> None:
    result = experiments.load("k6")
    widths, found = result["setup"]["widths"], result["numbers"]["crossovers"]
    assert found["attention_recurrent"] == widths
    assert found["projected_lstm"] == [2 * d for d in widths]
    assert not any(found["projected_recurrent"])


def test_paths_are_the_rounded_formulas_that_the_page_names() -> None:
    result = experiments.load("k6")
    longest, kernel = result["setup"]["lengths"][-1], result["settings"]["kernel"]
    paths = {kind: found[-1] for kind, found in result["numbers"]["paths"].items()}
    assert kernel ** (paths["dilated"] - 1) < longest <= kernel ** paths["dilated"]
    assert (paths["contiguous"] - 1) * (kernel - 1) < longest - 1 <= paths["contiguous"] * (kernel - 1)


def test_every_net_learns_the_sentences_and_the_moved_ones_part_them_as_the_page_says() -> None:
    accuracy = experiments.load("k7")["numbers"]["accuracy"]
    front, end = ({name: found["mean"] for name, found in accuracy[kind].items()} for kind in ("front", "end"))
    assert min(front.values()) > 0.98
    assert end["mlp"] < 0.02
    assert 0.2 < end["cnn"] < 0.8
    assert 0.8 < end["attention_positions"] < end["attention"]


def test_shown_both_places_every_net_keeps_both_and_a_third_place_tells_who_learned_two_tables() -> None:
    accuracy = experiments.load("k7")["numbers"]["accuracy"]
    both = {
        place: {net: found["mean"] for net, found in accuracy[f"both_{place}"].items()}
        for place in (k7.FRONT, k7.END, k7.MIDDLE)
    }
    assert min(min(both[place].values()) for place in (k7.FRONT, k7.END)) > 0.98
    assert both[k7.MIDDLE]["mlp"] < 0.6 < both[k7.MIDDLE]["cnn"] < 0.9 < both[k7.MIDDLE]["attention_positions"]
    assert accuracy["end"]["attention"]["mean"] > 0.98  # without positions: the moved phrase for nothing


def test_without_positions_one_of_two_mirror_images_is_right_at_most() -> None:
    order = experiments.load("k7")["numbers"]["accuracy"]["order"]
    assert max(order["attention"]["by_seed"]) <= 0.5
    assert min(order["attention_positions"]["mean"], order["cnn"]["mean"], order["mlp"]["mean"]) > 0.95


def test_attention_without_positions_is_equivariant_to_rounding_and_no_other_net_is() -> None:
    errors = experiments.load("k7")["numbers"]["permutation_error"]
    assert max(errors["attention"]["by_seed"]) < 1e-14
    assert min(min(errors[name]["by_seed"]) for name in ("attention_positions", "cnn")) > 1e-2
