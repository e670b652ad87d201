"""The demo of the front page in a browser: its nets are those of torch, and shuffling moves tiles and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import models, tiles
from experiments.weights import DIGITS, demo_weights
from explorables import index as demos

NETS = {
    "mlp": lambda: models.mlp(DIGITS.canvas**2, DIGITS.mlp_hidden),
    "cnn": lambda: models.cnn_dense(DIGITS.cnn_channels, DIGITS.cnn_hidden),
    "attention": lambda: tiles.attention_net(tiles.TileSettings()),
}


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with the widget, as a file."""
    return widget_page("front", demos.three_nets())


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page, with the widget running."""
    opened = page_factory(site)
    opened.page.wait_for_selector("figure.is-live")
    return opened


def net_of(name: str) -> torch.nn.Module:
    """A net of the demo in torch, in float64."""
    tensors, _ = demo_weights("three")
    net = NETS[name]()
    state = {}
    for key in net.state_dict():
        value, scale = tensors[f"{name}.{key}"].float(), tensors.get(f"{name}.{key}.scale")
        state[key] = value if scale is None else value * scale.reshape(-1, *[1] * (value.ndim - 1))
    net.load_state_dict(state)
    return net.double().eval()


FORWARD = """([name, picture]) => {
  const { module, model } = document.querySelector(".digit-demo").closest("figure").explorable;
  const [size, layers] = [model.get("canvas"), model.get("models")[name].layers];
  return module.logits(layers, module.unpacked(model.get("tensors")), Float32Array.from(picture), [1, size, size]);
}"""


@pytest.mark.parametrize("name", NETS)
def test_forward_pass_in_the_browser_is_that_of_torch(visit, name: str) -> None:
    pictures = torch.rand(2, DIGITS.canvas, DIGITS.canvas, generator=torch.Generator().manual_seed(0))
    found = [visit.page.evaluate(FORWARD, [name, picture.flatten().tolist()]) for picture in pictures]
    with torch.no_grad():
        expected = net_of(name)(pictures.double()[:, None])
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


def answers(visit) -> dict[str, str]:
    """What each net says, and how sure it is."""
    visit.page.wait_for_timeout(150)
    return {name: visit.page.inner_text(f".digit-{name} .digit-says") for name in NETS}


def test_attention_does_not_notice_that_tiles_are_shuffled_and_the_others_do(visit) -> None:
    before = answers(visit)
    visit.page.click(".digit-shuffle")
    after = answers(visit)
    assert after["attention"] == before["attention"]
    assert after["mlp"] != before["mlp"]
    assert after["cnn"] != before["cnn"]
    assert "tiles shuffled" in visit.page.inner_text(".digit-where")


def test_a_moved_digit_stays_with_the_convolution(visit) -> None:
    before = answers(visit)
    visit.page.focus(".digit-sheet")
    for _ in range(6):
        visit.page.keyboard.press("ArrowLeft")
    after = answers(visit)
    assert after["cnn"][0] == before["cnn"][0]
    assert after["mlp"][0] != before["mlp"][0]


def test_to_the_middle_puts_the_tiles_back(visit) -> None:
    before = answers(visit)
    visit.page.click(".digit-shuffle")
    visit.page.click("text=To the middle")
    assert answers(visit) == before
    assert visit.page.get_attribute(".digit-shuffle", "aria-pressed") == "false"


def test_reordering_puts_at_each_place_the_tile_that_the_order_names(visit) -> None:
    picture = np.arange(64.0).reshape(8, 8)
    order = [3, 1, 0, 2]
    run = """([picture, order]) => {
      const { module } = document.querySelector(".digit-demo").closest("figure").explorable;
      return [...module.reordered(Float32Array.from(picture), 8, 4, order)];
    }"""
    found = np.array(visit.page.evaluate(run, [picture.flatten().tolist(), order])).reshape(8, 8)
    cut = [picture[:4, :4], picture[:4, 4:], picture[4:, :4], picture[4:, 4:]]
    assert np.array_equal(found, np.block([[cut[3], cut[1]], [cut[0], cut[2]]]))
