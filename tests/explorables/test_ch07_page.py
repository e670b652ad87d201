"""What the page of ch07 says beside its numbers holds for the stored results, and every number it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import experiments
from explorables import ch07_residual as demos

PAGE = "book/ch07_residual.md"
NUMBERS = {name: experiments.load(name)["numbers"] for name in ("k8", "k9")}


def losses(kind: str) -> dict[int, float]:
    """The training loss at the end, by depth."""
    return {int(depth): found["mean"][-1] for depth, found in NUMBERS["k8"]["loss"][kind].items()}


@pytest.mark.parametrize("name", ["k8", "k9"])
def test_every_number_that_the_page_quotes_is_in_the_summary(root: Path, name: str) -> None:
    text = (root / PAGE).read_text(encoding="utf-8")
    quoted = set(re.findall(rf"{{glue:text}}`{name}_([a-z0-9_]+)`", text)) - {"cost", "torch"}
    assert quoted and quoted <= set(experiments.summary(name))


def test_degradation_is_there_at_16_layers_with_gradients_largest_near_the_input() -> None:
    assert losses("plain")[16] > 1.3 * losses("plain")[4]
    inner = NUMBERS["k8"]["gradients"]["start"]["plain"]["16"]["mean"][1:-1]
    assert inner[0] == max(inner)


def test_plain_net_is_behind_the_residual_one_at_every_rate() -> None:
    control = NUMBERS["k8"]["control"]
    assert min(control["plain"]["mean"]) > max(control["residual"]["mean"])


def test_residual_net_degrades_later_and_less_and_the_zero_start_not_at_all() -> None:
    plain, residual, zero = (losses(kind) for kind in ("plain", "residual", "residual_zero"))
    assert residual[64] > 1.5 * residual[8]
    assert residual[64] - residual[8] < plain[64] - plain[8]
    assert zero[64] < zero[4] and zero[4] == max(each[4] for each in (plain, residual, zero))


def test_gradients_of_64_plain_layers_explode_towards_the_input() -> None:
    inner = NUMBERS["k8"]["gradients"]["start"]["plain"]["64"]["mean"][1:-1]
    assert inner[0] > 1e3 * inner[-1]


def test_plain_blocks_are_ahead_at_zero_and_only_the_zero_start_gains_by_depth_near_the_identity() -> None:
    fits = NUMBERS["k8"]["fit"]
    assert fits["zero"]["plain"]["mean"][0] < 0.01 * fits["zero"]["residual"]["mean"][0]
    gains = {kind: fits["nearly"][kind]["mean"][-1] < fits["nearly"][kind]["mean"][0] for kind in demos.KINDS}
    assert gains == {"plain": False, "residual": False, "residual_zero": True}


def test_plain_stacks_miss_the_identity_where_gradients_vanish_and_where_they_do_not() -> None:
    numbers = NUMBERS["k8"]
    errors = {kind: numbers["fit"]["identity"][kind]["mean"] for kind in demos.FITTED}
    firsts = {kind: [norms[-1] for norms in numbers["fit_gradient"][kind]["by_seed"]] for kind in demos.FITTED}
    assert max(firsts["plain"]) < 1e-9 and min(firsts["plain_sized"]) > 0.1
    assert errors["plain"][-1] > 0.9 and errors["plain_sized"][-1] > 0.9
    assert errors["residual"][-1] < 0.05 and errors["residual_zero"] == [0, 0, 0]
    assert min(errors["plain"][0], errors["plain_sized"][0]) > 100 * errors["residual"][0]


def test_skips_slow_the_collapse_that_norm_and_feed_forward_alone_do_not_stop() -> None:
    distance = NUMBERS["k9"]["distance"]
    assert all(distance[kind]["mean"][8] < 1e-15 for kind in ("attention", "norm", "feed_forward"))
    skip, pre, post = (distance[kind]["mean"][16] for kind in ("skip", "pre", "post"))
    assert pre > skip > post > 1e-3


def test_an_untrained_residual_stack_with_zero_branches_is_the_identity() -> None:
    _, x = demos.walk()
    assert np.array_equal(demos.run_stack(x, 32, 0.0, skip=True), x)
    assert not demos.run_stack(x, 1, 0.0, skip=False).any()


def test_the_cloud_of_the_demo_is_that_of_the_experiment() -> None:
    found = NUMBERS["k9"]["distance"]["norm"]["by_seed"][0]
    assert [demos.apart(cloud) for cloud in demos._clouds("norm")[:4]] == pytest.approx(found[:4], rel=1e-5)
