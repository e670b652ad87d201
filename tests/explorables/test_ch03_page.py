"""What the page of ch03 says beside its numbers holds for the stored results, and every number it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import experiments

PAGE = "book/ch03_convolution.md"


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / PAGE).read_text(encoding="utf-8")


def means(name: str) -> dict[str, list[float]]:
    """Mean accuracy at each shift, by net."""
    return {net: spread["mean"] for net, spread in experiments.load(name)["numbers"].items()}


@pytest.mark.parametrize("name", ["k1", "k2", "k3"])
def test_every_number_that_the_page_quotes_is_in_the_summary(text: str, name: str) -> None:
    made_by_the_page = {"cost", "torch", "more_steps", "inked", "peak_least", "peak_most"}
    quoted = set(re.findall(rf"{{glue:text}}`{name}_([a-z0-9_]+)`", text))
    assert quoted - made_by_the_page <= set(experiments.summary(name))


def test_cnn_that_flattens_holds_on_a_little_longer_and_goes_the_same_way() -> None:
    by_net = means("k1")
    assert all(by_net["cnn_flat"][shift] > by_net["mlp"][shift] for shift in (1, 2))
    assert max(by_net["cnn_flat"][4:]) < 0.25


def test_strided_net_dips_halfway_between_multiples_of_its_stride() -> None:
    strided = means("k1")["cnn_strided"]
    assert all(strided[dip] < strided[dip - 1] and strided[dip] < strided[dip - 2] for dip in (2, 6, 10))


def test_net_told_of_place_is_ahead_of_the_net_shown_every_place_at_every_shift() -> None:
    by_net = means("k1")
    assert all(told > shown for told, shown in zip(by_net["cnn_dense"], by_net["mlp_random"], strict=True))


def test_convolutional_net_of_the_demo_has_fewer_parameters_and_keeps_what_the_other_loses() -> None:
    from experiments.weights import demo_weights

    nets = demo_weights("digits")[1]["models"]
    mlp, cnn = nets["mlp"], nets["cnn"]
    assert cnn["parameters"] < mlp["parameters"]
    assert mlp["accuracy_by_shift"][0] > 0.9 and mlp["accuracy_by_shift"][3] < 0.4
    assert min(cnn["accuracy_by_shift"]) > 0.9


def test_shuffle_takes_most_of_the_advantage_and_does_not_throw_the_cnn_to_chance() -> None:
    accuracy = experiments.load("k2")["numbers"]["accuracy"]
    mlp, cnn = accuracy["mlp"], accuracy["cnn_flat"]
    before, after = (cnn[order]["mean"] - mlp[order]["mean"] for order in ("original", "shuffled"))
    assert before > 0.02
    assert after < before / 4
    assert cnn["shuffled"]["mean"] > 0.5


def test_fully_connected_layer_knows_the_filter_on_digits_and_not_on_blobs() -> None:
    pictures = experiments.load("k3")["numbers"]["pictures"]
    digits, blobs = (pictures[f"dense_{kind}"]["mean"][-1] for kind in ("digits", "blobs"))
    assert blobs > 20 * digits
    assert pictures["convolution_blobs"]["mean"][0] < 1e-12
