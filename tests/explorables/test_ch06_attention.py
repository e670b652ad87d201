"""The drawing functions of ch06, against torch and against counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from experiments import layers, readers
from experiments.sentences import NUMBER
from explorables import ch06_attention as demos

DEMOS = [demos.scale_slider, demos.heads_as_convolution, demos.what_it_costs]


@pytest.mark.parametrize("make", DEMOS)
def test_every_setting_has_words_of_its_own(make) -> None:
    demo = make()
    words = [demo.alt_at(position) for position in demo.positions()]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("pointing", [(1.6, -0.4), (0.0, 0.0), (-7.0, 3.0)])
def test_answer_to_a_query_is_that_of_torch(pointing: tuple[float, float]) -> None:
    keys, values = torch.from_numpy(demos.KEYS), torch.from_numpy(demos.VALUES)[:, None]
    expected = F.scaled_dot_product_attention(torch.tensor([pointing], dtype=torch.float64), keys, values)
    assert demos.asked(np.array(pointing))[1] == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize("name", demos.MASKS)
def test_rows_add_up_to_one_when_masked_before_the_softmax_only(name: str) -> None:
    mask = demos.MASKS[name]
    assert np.allclose(demos.masked(mask, early=True).sum(1), 1)
    if not mask.all():
        assert demos.masked(mask, early=False).sum(1).min() < 0.999


def test_positions_are_those_of_the_experiments() -> None:
    expected = readers.waves(demos.PLACES, demos.CLOCKS)
    assert np.allclose(demos.positions(demos.PLACES, demos.CLOCKS), expected, atol=1e-5)


@pytest.mark.parametrize("tap", demos.TAPS)
def test_turned_clocks_are_the_positions_further_on(tap: int) -> None:
    waves = demos.positions(20, demos.CLOCKS)
    assert np.allclose(demos.turned(waves, tap)[5:10], waves[5 + tap : 10 + tap], atol=1e-12)


def test_three_sharp_heads_are_the_convolution() -> None:
    ours, theirs = demos.heads_and_convolution(100)
    assert np.abs(ours - theirs).max() < 0.01
    assert np.abs(np.subtract(*demos.heads_and_convolution(0))).max() > 1


def test_scores_divided_by_the_root_do_not_saturate() -> None:
    largest = {scaled: [demos.saturation(width, scaled)[1] for width in demos.WIDTHS] for scaled in (True, False)}
    assert max(largest[True]) < 0.45
    assert largest[False][-1] > 0.9


@pytest.mark.parametrize(("n", "d", "k", "r"), [(16, 64, 3, 8), (64, 32, 9, 32), (9, 16, 3, 32)])
def test_the_bill_is_what_the_experiment_counts(n: int, d: int, k: int, r: int) -> None:
    found, r = demos.costs(n, d, k, r), min(r, n)
    names = {
        "self-attention": "attention",
        "restricted": "restricted",
        "recurrent": "recurrent",
        "convolution": "convolution",
    }
    assert {name: flops for name, (flops, _, _) in found.items()} == {
        name: layers.count_flops(layer, n, d, k, r) for name, layer in names.items()
    }
    for name, width in (("restricted", r), ("convolution", k)):
        path = layers.farthest_path(n, lambda count, width=width: layers.window_graph(n, width, count))
        assert found[name][2] == path
    assert demos.in_words(found["self-attention"][0]).split()[1] in ("k", "M", "G")
    dilated = layers.farthest_path(n, lambda count: layers.window_graph(n, k, count, dilated=True))
    assert demos.dilated_path(n, k) == dilated


@pytest.mark.slow
def test_of_the_last_layer_some_heads_look_at_who_acts_and_some_elsewhere() -> None:
    """What the page says of the verb of the first example."""
    words = demos.EXAMPLES[0].split()
    tokens = torch.tensor([[NUMBER[word] for word in words]])
    with torch.no_grad():
        shares = demos.trained_model(positions=True)(tokens)[1][-1][0, :, words.index("followed")]
    looked_at = [words[place] for place in shares.argmax(1).tolist()]
    assert 0 < looked_at.count("dog") < len(looked_at)
