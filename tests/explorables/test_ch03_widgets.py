"""The widgets of ch03 in a browser: their numbers are those of Python, and hand, finger and keyboard move them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from experiments import models
from experiments.weights import DIGITS, demo_weights
from explorables import ch03_convolution as demos

NETS = {
    "mlp": lambda: models.mlp(DIGITS.canvas**2, DIGITS.mlp_hidden),
    "cnn": lambda: models.cnn_dense(DIGITS.cnn_channels, DIGITS.cnn_hidden),
}


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with both widgets, as a file."""
    return widget_page("ch03", demos.draw_digit(), demos.slide_kernel())


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page, with both widgets running."""
    opened = page_factory(site, height=1800)
    opened.page.wait_for_function("document.querySelectorAll('figure.is-live').length === 2")
    return opened


@pytest.fixture(scope="module")
def nets() -> dict[str, nn.Module]:
    """The nets of the demo in torch, in float64."""
    tensors, _ = demo_weights("digits")
    built = {name: make() for name, make in NETS.items()}
    for name, net in built.items():
        own = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
        net.load_state_dict(own)
    return {name: net.double().eval() for name, net in built.items()}


def pictures() -> dict[str, torch.Tensor]:
    """Test pictures (height, width): moved samples, noise, and nothing."""
    samples, size = demo_weights("digits")[0]["samples"], DIGITS.canvas
    edge = (size - DIGITS.digit) // 2
    generator = torch.Generator().manual_seed(0)
    moved = {
        f"{digit} moved {down} {right}": F.pad(samples[digit], (edge + right, edge - right, edge + down, edge - down))
        for digit, down, right in ((4, 0, 0), (7, -3, 5), (0, edge, -edge))
    }
    return moved | {"noise": torch.rand(size, size, generator=generator), "empty": torch.zeros(size, size)}


FORWARD = """([name, picture]) => {
  const { module, model } = document.querySelector(".digit-demo").closest("figure").explorable;
  const [size, layers] = [model.get("canvas"), model.get("models")[name].layers];
  return module.logits(layers, model.get("tensors"), Float32Array.from(picture), [1, size, size]);
}"""


@pytest.mark.parametrize("picture", pictures())
@pytest.mark.parametrize("name", NETS)
def test_forward_pass_in_the_browser_is_that_of_torch(visit, nets, name: str, picture: str) -> None:
    given = pictures()[picture]
    found = visit.page.evaluate(FORWARD, [name, given.flatten().tolist()])
    with torch.no_grad():
        expected = nets[name](given.double()[None, None])[0]
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-6)


CONVOLVE = """([x, w, b, grid]) => {
  const { module } = document.querySelector(".digit-demo").closest("figure").explorable;
  const array = (given) => ({ shape: given.shape, data: Float64Array.from(given.data) });
  const layers = [{ kind: "conv2d", weight: "w", bias: "b", ...grid }];
  return module.logits(layers, { w: array(w), b: array(b) }, Float64Array.from(x.data), x.shape);
}"""


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (3, 4, 2), (2, 0, 3)])
def test_convolution_in_the_browser_is_that_of_torch(visit, stride: int, padding: int, dilation: int) -> None:
    generator = torch.Generator().manual_seed(1)
    x, w, b = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((2, 9, 11), (3, 2, 2, 3), (3,))
    )
    grid = {"stride": stride, "padding": padding, "dilation": dilation}
    given = [{"shape": list(tensor.shape), "data": tensor.flatten().tolist()} for tensor in (x, w, b)]
    found = visit.page.evaluate(CONVOLVE, [*given, grid])
    assert np.allclose(found, F.conv2d(x[None], w, b, **grid).flatten(), atol=1e-12)


def answers(visit) -> dict[str, str]:
    """The digit that each net names."""
    visit.page.wait_for_timeout(120)
    return {name: visit.page.inner_text(f".digit-{name} .digit-answer") for name in NETS}


def torch_answers(nets: dict[str, nn.Module], digit: int, down: int, right: int) -> dict[str, str]:
    edge = (DIGITS.canvas - DIGITS.digit) // 2
    sample = demo_weights("digits")[0]["samples"][digit].double()
    placed = F.pad(sample, (edge + right, edge - right, edge + down, edge - down))[None, None]
    return {name: str(int(net(placed).argmax())) for name, net in nets.items()}


def test_arrow_keys_move_the_digit_and_the_answers_are_those_of_torch(visit, nets) -> None:
    visit.page.focus(".digit-sheet")
    for key in ["ArrowRight"] * 4 + ["ArrowUp"] * 2:
        visit.page.keyboard.press(key)
    assert answers(visit) == torch_answers(nets, demos.START, -2, 4)
    assert visit.page.inner_text(".digit-where") == "Moved 2 px up, 4 px right"
    assert visit.errors == []


def test_dragging_moves_the_digit_by_the_pixels_under_the_mouse(visit, nets) -> None:
    box = visit.page.locator(".digit-sheet").bounding_box()
    step, x, y = box["width"] / DIGITS.canvas, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x - 3 * step, y + 2 * step, steps=4)
    visit.page.mouse.up()
    assert answers(visit) == torch_answers(nets, demos.START, 2, -3)


@pytest.mark.parametrize(("down", "right"), [(3, 0), (-3, 0), (0, 3), (0, -3)])
def test_first_digit_is_lost_by_one_net_and_kept_by_the_other_three_pixels_to_any_side(nets, down, right) -> None:
    found = torch_answers(nets, demos.START, down, right)
    assert found["mlp"] != str(demos.START) and found["cnn"] == str(demos.START)


def test_digit_stays_on_the_canvas_and_home_brings_it_back(visit) -> None:
    visit.page.focus(".digit-sheet")
    for _ in range(DIGITS.canvas):
        visit.page.keyboard.press("ArrowLeft")
    visit.page.wait_for_timeout(120)
    moved = int(visit.page.get_attribute(".digit-demo", "data-right"))
    assert -DIGITS.canvas / 2 < moved < -3
    visit.page.keyboard.press("Home")
    visit.page.wait_for_timeout(120)
    assert abs(int(visit.page.get_attribute(".digit-demo", "data-right"))) <= 1


def test_stroke_of_the_mouse_is_read_by_both_nets(visit) -> None:
    visit.page.get_by_role("button", name="Draw", exact=True).click()
    assert answers(visit) == {"mlp": "–", "cnn": "–"}
    box = visit.page.locator(".digit-sheet").bounding_box()
    x = box["x"] + box["width"] / 2
    visit.page.mouse.move(x, box["y"] + 0.2 * box["height"])
    visit.page.mouse.down()
    visit.page.mouse.move(x, box["y"] + 0.8 * box["height"], steps=12)
    visit.page.mouse.up()
    assert answers(visit) == {"mlp": "1", "cnn": "1"}


def test_finger_draws(site: Path, page_factory: Callable) -> None:
    opened = page_factory(site, width=375, touch=True)
    opened.page.wait_for_selector(".digit-sheet")
    opened.page.get_by_role("button", name="Draw", exact=True).tap()
    opened.page.locator(".digit-sheet").tap()
    opened.page.wait_for_timeout(120)
    assert opened.page.inner_text(".digit-cnn .digit-answer") != "–"


def test_bars_are_named_for_screen_readers_with_the_probabilities_shown(visit) -> None:
    name = visit.page.get_attribute(".digit-cnn .digit-chart", "aria-label")
    shown = visit.page.locator(".digit-cnn .digit-share").all_inner_texts()
    assert name == "Probabilities of the convolutional net. " + ", ".join(
        f"{at}: {share}" for at, share in enumerate(shown)
    )


@pytest.mark.parametrize("name", demos.KERNELS)
def test_kernel_in_the_browser_gives_what_python_gives(visit, name: str) -> None:
    run = """([picture, kernel]) => {
      const { module } = document.querySelector(".kernel-demo").closest("figure").explorable;
      return module.correlate(picture, kernel);
    }"""
    picture = demos.pictures()["a handwritten 7"].astype(float)
    found = visit.page.evaluate(run, [picture.tolist(), demos.KERNELS[name]])
    assert np.allclose(found, demos.correlate(picture, np.array(demos.KERNELS[name])), atol=1e-12)


def test_picture_moves_and_the_output_of_the_kernel_moves_along(visit) -> None:
    box, kernel = demos.pictures()["a box"].astype(float), np.array(demos.KERNELS["vertical edges"])
    visit.page.locator(".kernel-demo input").fill("3")
    visit.page.focus(".kernel-demo canvas")
    for _ in range(2):
        visit.page.keyboard.press("ArrowRight")
    shown = json.loads(visit.page.get_attribute(".kernel-demo", "data-value"))
    assert shown == demos.correlate(np.roll(box, 3, axis=1), kernel)[6, 4]
    assert shown != demos.correlate(box, kernel)[6, 4]
