"""What the page and the demos of ch02 say holds for the stored results and for what the demos compute."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import experiments
from experiments import ch02_capacity, ch02_noise
from explorables import ch02_training as demos


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "book/ch02_training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["ch02_capacity", "ch02_noise"])
def test_every_number_that_the_page_quotes_is_in_the_summary(text: str, name: str) -> None:
    quoted = set(re.findall(rf"{{glue:text}}`{name}_([a-z0-9_]+)`", text)) - {"cost"}
    assert quoted and quoted <= set(experiments.summary(name))


def errors(name: str) -> dict[str, list[float]]:
    return experiments.load("ch02_capacity")["numbers"][name]["test_error"]


def test_the_peak_stands_at_as_many_features_as_examples_and_near_guessing() -> None:
    result = experiments.load("ch02_capacity")
    for name in (ch02_capacity.CLEAN, ch02_capacity.NOISY):
        at, count = ch02_capacity.peak(result, name)
        assert count == result["settings"]["train"]
        assert errors(name)["mean"][at] > 0.8


def test_the_second_descent_ends_lower_with_right_labels_and_level_with_wrong_ones() -> None:
    result = experiments.load("ch02_capacity")
    clean, noisy = (errors(name) for name in (ch02_capacity.CLEAN, ch02_capacity.NOISY))
    assert clean["mean"][-1] < clean["mean"][ch02_capacity.best_before(result, ch02_capacity.CLEAN)] / 2
    before = ch02_capacity.best_before(result, ch02_capacity.NOISY)
    assert abs(noisy["mean"][-1] - noisy["mean"][before]) < noisy["std"][before]


def test_the_penalty_has_no_peak_and_beats_what_was_given_the_same_labels() -> None:
    ridge, noisy = (errors(name)["mean"] for name in (ch02_capacity.RIDGE, ch02_capacity.NOISY))
    counts = experiments.load("ch02_capacity")["settings"]["features"]
    assert max(ridge[counts.index(150) :]) < min(noisy)


@pytest.mark.parametrize(("wrong", "most"), [(0.2, True), (0.4, True), (0.6, False)])
def test_early_stopping_recovers_most_of_the_loss_but_for_sixty_percent(wrong: float, most: bool) -> None:
    result = experiments.load("ch02_noise")
    free, stopped = (ch02_noise.unseen(result, method, wrong)["mean"] for method in ("free", "stopped"))
    lost = ch02_noise.unseen(result, "free", 0.0)["mean"] - free
    assert (stopped - free > lost / 2) is most


def test_without_wrong_labels_no_method_is_better_by_more_than_the_seeds_differ() -> None:
    result = experiments.load("ch02_noise")
    ends = [ch02_noise.unseen(result, method, 0.0) for method in ("free", "stopped", "held")]
    gaps = [abs(a["mean"] - b["mean"]) - a["std"] - b["std"] for a in ends for b in ends]
    assert max(gaps) <= 0


def test_every_label_is_learned_in_the_end_and_unseen_digits_are_best_before() -> None:
    for wrong, found in experiments.load("ch02_noise")["numbers"]["free"].items():
        assert found["given"]["mean"][-1] > 0.98
        if wrong != "0":
            assert int(np.argmax(found["unseen"]["mean"])) < 20
            assert max(found["unseen"]["mean"]) > found["unseen"]["mean"][-1] + 0.05


@pytest.mark.parametrize(
    ("method", "bound"), [("gradient descent", 2 / demos.VALLEY[1]), ("momentum", 2 * 1.9 / demos.VALLEY[1])]
)
def test_the_valley_diverges_above_the_bound_of_the_page_and_not_below(method: str, bound: float) -> None:
    below, above = (demos.valley(demos.descend(method, rate, 0.9, 1200))[-1] for rate in (0.99 * bound, 1.01 * bound))
    assert below < 1e-6
    assert above > 1e6


def test_the_polynomial_passes_through_all_points_from_fifteen_coefficients_on() -> None:
    x, y = demos.sample(0.3, 3)
    for count in (15, 30, 200):
        assert np.allclose(demos.legendre(x, count) @ demos.fitted(x, y, count), y, atol=1e-6)


def test_with_noise_the_error_of_the_polynomial_peaks_at_fifteen_and_without_noise_it_does_not_come_back() -> None:
    _, noisy = demos.errors(0.3)
    _, clean = demos.errors(0.0)
    assert demos.COUNTS[int(np.argmax(noisy))] == demos.POINTS
    assert noisy[-1] < 1 < noisy.max()
    assert clean[-1] > 1000 * clean.min()


@pytest.mark.parametrize("demo", [demos.up_to_divergence, demos.capacity, demos.wrong_labels])
def test_a_demo_has_few_frames_and_words_for_each(demo) -> None:
    made = demo()
    places = list(made.positions())
    assert len(places) <= 60
    words = [made.alt_at(place) for place in places]
    assert len(set(words)) == len(places) and "nan" not in "".join(words)
