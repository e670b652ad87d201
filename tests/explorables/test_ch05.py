"""The demos of ch05 against torch, against counting and against the stored result."""

from __future__ import annotations

from collections.abc import Iterator

import networkx
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

import experiments
from explorables import ch05_recurrence as demos

KINDS = (demos.RECURRENCE, demos.CONVOLUTION, demos.DILATED, demos.ATTENTION)


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """No figure outlives its test."""
    yield
    plt.close("all")


@pytest.mark.parametrize("n", [5, 9, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_ways_and_moments_are_those_of_the_graph(kind: str, n: int) -> None:
    table = demos.reads(kind, n)
    graph = networkx.DiGraph([(source, value) for value, sources in table.items() for source in sources])
    way = demos.shortest_way(table)
    assert networkx.is_path(graph, way) and (way[0], way[-1]) == ((0, 0), max(table))
    assert len(way) - 1 == networkx.shortest_path_length(graph, (0, 0), max(table))
    assert max(demos.moments(table).values()) == networkx.dag_longest_path_length(graph)


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_one_layer_wait_for_one_another_in_the_recurrence_alone(kind: str) -> None:
    when = demos.moments(demos.reads(kind, 9))
    moments_of_first_layer = {moment for (layer, _), moment in when.items() if layer == 1}
    assert len(moments_of_first_layer) == (9 if kind == demos.RECURRENCE else 1)


@pytest.mark.parametrize("kind", [demos.CONVOLUTION, demos.DILATED])
def test_with_one_layer_less_the_last_output_would_not_see_the_first_input(kind: str) -> None:
    table = demos.reads(kind, 16)
    top = max(table)[0]
    fewer = {value: sources for value, sources in table.items() if value[0] < top}
    graph = networkx.DiGraph([(source, value) for value, sources in fewer.items() for source in sources])
    assert not networkx.has_path(graph, (0, 0), max(fewer))


def test_matrix_has_the_spectral_radius_that_the_slider_names() -> None:
    assert np.abs(np.linalg.eigvals(0.7 * demos._matrix())).max() == pytest.approx(0.7)


@pytest.mark.parametrize("scale", demos.INPUTS.values())
def test_gradient_by_lag_is_that_of_autograd(scale: float) -> None:
    lags, weight = 6, torch.from_numpy(0.9 * demos._matrix())
    drives = torch.from_numpy(scale * np.random.default_rng(0).normal(size=(2 * lags, demos.HIDDEN)))
    states = [torch.zeros(demos.HIDDEN, dtype=torch.float64).requires_grad_()]
    for drive in drives:
        states.append(torch.tanh(weight @ states[-1] + drive))
    expected = []
    for lag in range(lags + 1):
        rows = [torch.autograd.grad(number, states[-1 - lag], retain_graph=True)[0] for number in states[-1]]
        expected.append(float(torch.stack(rows).norm()))
    assert demos.gradient_by_lag(0.9, scale, lags) == pytest.approx(expected)


def at_sixty(radius: float, inputs: str) -> float:
    """The gradient at the longest lag over the one at lag 0."""
    norms = demos.gradient_by_lag(radius, demos.INPUTS[inputs])
    return norms[-1] / norms[0]


def test_with_small_inputs_a_gradient_fades_below_radius_one_is_level_above_and_grows_far_above() -> None:
    assert at_sixty(0.9, demos.SMALL) < 1e-3 and at_sixty(0.95, demos.SMALL) < 0.02
    assert all(0.05 < at_sixty(radius, demos.SMALL) < 1 for radius in (1.0, 1.05, 1.1, 1.3))
    assert all(at_sixty(radius, demos.SMALL) > 10 for radius in (1.6, 2.0))


def test_a_gradient_never_outgrows_the_radius_to_the_power_k() -> None:
    for radius in demos.RADII:
        expected = np.sqrt(demos.HIDDEN) * radius ** np.arange(demos.STEPS + 1)
        assert (demos.gradient_by_lag(radius, 0.01) <= 1.2 * expected).all()


def test_with_large_inputs_nothing_arrives_at_radius_one_and_it_takes_two_to_keep_a_gradient_level() -> None:
    assert at_sixty(1.0, demos.LARGE) < 1e-12
    assert at_sixty(1.6, demos.LARGE) < 1e-3
    assert 0.05 < at_sixty(2.0, demos.LARGE) < 1


def test_four_is_the_smallest_bias_that_keeps_a_tenth() -> None:
    kept = {bias: np.exp(np.log(demos.difference_by_step(bias)[:, -1]).mean()) for bias in demos.BIASES}
    assert min(bias for bias, share in kept.items() if share > 0.1) == 4


def test_a_higher_bias_of_the_update_gate_keeps_more() -> None:
    last = [demos.difference_by_step(bias)[:, -1].mean() for bias in demos.BIASES]
    assert last == sorted(last)
    assert last[0] < 1e-6 and last[-1] > 0.5


def test_the_clock_shows_the_stored_times() -> None:
    lines = demos.clock(256, 128).axes[0].lines
    drawn = {tuple(line.get_ydata()) for line in lines if len(line.get_ydata()) > 2}
    stored = experiments.load("k5")["times"]["width_2"]["ratio"]
    assert drawn == {tuple(found["mean"]) for found in stored.values()}


def test_recall_shows_the_stored_seeds() -> None:
    result = experiments.load("k5")
    bars = demos.recall_at(8).axes[0].patches
    stored = [100 * found["mean"][1] for found in result["numbers"]["recall"].values()]
    assert result["settings"]["gaps"][1] == 8
    assert [bar.get_width() for bar in bars] == pytest.approx(stored)


@pytest.mark.parametrize(
    "make",
    [demos.spectral_radius, demos.gate_bias, demos.dependencies, demos.time_against_length, demos.recall_lag],
    ids=lambda make: make.__name__,
)
def test_every_setting_has_words_of_its_own(make) -> None:
    demo = make()
    words = [demo.alt_at(position) for position in demo.positions()]
    assert len(set(words)) == len(words)
