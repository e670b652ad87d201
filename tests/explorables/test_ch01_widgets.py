"""The widgets of ch01 in a browser: their numbers are those of torch, and hand, finger and keyboard move them."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from explorables import ch01_fully_connected as demos

WIDTHS = {"no hidden layer": [2, 2], "one hidden layer": [2, 5, 2], "three hidden layers": [2, 4, 3, 6, 2]}


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with both widgets, as a file."""
    return widget_page("ch01", demos.train_net(), demos.drag_joints())


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page, with both widgets running."""
    opened = page_factory(site, height=1900)
    opened.page.wait_for_function("document.querySelectorAll('figure.is-live').length === 2")
    return opened


def net_of(sizes: list[int], relu: bool) -> nn.Sequential:
    """A random net in torch, in float64."""
    torch.manual_seed(0)
    parts = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU() if relu else nn.Identity())]
    return nn.Sequential(*parts[:-1]).double()


def plain(net: nn.Sequential) -> list[dict[str, object]]:
    """The net as the widget keeps it."""
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    return [
        {
            "W": layer.weight.flatten().tolist(),
            "b": layer.bias.tolist(),
            "inputs": layer.in_features,
            "outputs": layer.out_features,
        }
        for layer in layers
    ]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    return x, torch.tensor([0, 1, 1, 0, 1, 1, 0])


RUN = """([layers, x, y, relu, steps]) => {
  const { module } = document.querySelector(".train-demo").closest("figure").explorable;
  const net = layers.map((layer) => ({ ...layer, W: Float64Array.from(layer.W), b: Float64Array.from(layer.b) }));
  const [points, target] = [Float64Array.from(x), Int32Array.from(y)];
  const found = module.backward(net, points, target, relu);
  const scores = [...module.forward(net, points, relu).pop()];
  const step = module.adam(net, 0.03);
  for (let done = 0; done < steps; done += 1) step(module.backward(net, points, target, relu).grads);
  const flat = (parts) => parts.map(({ W, b }) => ({ W: [...W], b: [...b] }));
  return { loss: found.loss, accuracy: found.accuracy, scores, grads: flat(found.grads), after: flat(net) };
}"""


def run(visit, net: nn.Sequential, relu: bool, steps: int = 0) -> dict:
    x, y = batch()
    return visit.page.evaluate(RUN, [plain(net), x.flatten().tolist(), y.tolist(), relu, steps])


def linears(net: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in net if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize("relu", [True, False], ids=["relu", "linear"])
@pytest.mark.parametrize("sizes", WIDTHS.values(), ids=list(WIDTHS))
def test_forward_pass_and_gradients_in_the_browser_are_those_of_torch(visit, sizes: list[int], relu: bool) -> None:
    net = net_of(sizes, relu)
    x, y = batch()
    scores = net(x)
    loss = F.cross_entropy(scores, y)
    loss.backward()
    found = run(visit, net, relu)
    assert np.allclose(found["scores"], scores.detach().flatten(), atol=1e-12)
    assert found["loss"] == pytest.approx(float(loss.detach()), abs=1e-12)
    assert found["accuracy"] == pytest.approx(float((scores.argmax(1) == y).double().mean()))
    for got, layer in zip(found["grads"], linears(net), strict=True):
        assert np.allclose(got["W"], layer.weight.grad.flatten(), atol=1e-12)
        assert np.allclose(got["b"], layer.bias.grad, atol=1e-12)


def test_twenty_steps_of_adam_in_the_browser_end_where_those_of_torch_do(visit) -> None:
    net = net_of([2, 5, 4, 2], relu=True)
    found = run(visit, net, relu=True, steps=20)
    adam = torch.optim.Adam(net.parameters(), lr=0.03)
    x, y = batch()
    for _ in range(20):
        adam.zero_grad()
        F.cross_entropy(net(x), y).backward()
        adam.step()
    for got, layer in zip(found["after"], linears(net), strict=True):
        assert np.allclose(got["W"], layer.weight.detach().flatten(), atol=1e-8)
        assert np.allclose(got["b"], layer.bias.detach(), atol=1e-8)


def test_first_weights_have_the_variance_of_he(visit) -> None:
    build = """() => {
      const { module } = document.querySelector(".train-demo").closest("figure").explorable;
      return [...module.build([50, 400], 3)[0].W];
    }"""
    weights = np.array(visit.page.evaluate(build))
    assert weights.mean() == pytest.approx(0, abs=0.01)
    assert weights.var() == pytest.approx(2 / 50, rel=0.05)


def shown(visit, name: str) -> float:
    return float(visit.page.get_attribute(".train-demo", f"data-{name}"))


def set_net(visit, layers: int, units: int) -> None:
    """Moves the sliders: so many hidden layers, and the unit count at this position."""
    sliders = visit.page.locator(".train-demo input[type=range]")
    sliders.nth(1).fill(str(units))
    sliders.nth(0).fill(str(layers))


def train(visit, steps: int) -> None:
    visit.page.get_by_role("button", name="Train").click()
    visit.page.wait_for_function(
        "steps => Number(document.querySelector('.train-demo').dataset.step) >= steps", arg=steps, timeout=60_000
    )
    visit.page.get_by_role("button", name="Pause").click()


def test_wide_net_winds_around_the_spirals_and_no_linear_one_does(visit) -> None:
    set_net(visit, layers=2, units=7)
    train(visit, 400)
    assert shown(visit, "accuracy") > 0.97
    visit.page.get_by_label("ReLU after each hidden layer").uncheck()
    assert shown(visit, "step") == 0
    train(visit, 400)
    assert shown(visit, "accuracy") < 0.8
    assert visit.errors == []


def test_pause_keeps_the_net_and_one_step_moves_it_once(visit) -> None:
    train(visit, 5)
    before = shown(visit, "step")
    visit.page.wait_for_timeout(150)
    assert shown(visit, "step") == before
    visit.page.get_by_role("button", name="One step").press("Enter")
    assert shown(visit, "step") == before + 1


def test_sliders_by_keyboard_count_the_parameters_of_torch(visit) -> None:
    set_net(visit, layers=1, units=3)
    visit.page.locator(".train-demo input[type=range]").nth(0).press("ArrowRight")
    visit.page.locator(".train-demo input[type=range]").nth(1).press("ArrowRight")
    expected = sum(p.numel() for p in net_of([2, 6, 6, 2], True).parameters())
    assert visit.page.locator(".train-facts dd").all_inner_texts()[:2] == ["2 → 6 → 6 → 2", str(expected)]


def test_boundary_is_told_in_words(visit) -> None:
    visit.page.get_by_role("button", name="One step").click()
    words = visit.page.get_attribute(".train-sheet", "aria-label")
    assert words.startswith("Decision boundary. 2 → 4 → 2, with ReLU. After 1 steps: loss ")


def joints(visit) -> list[list[float]]:
    """Where the joints are, as a screen reader is told."""
    texts = [joint.get_attribute("aria-valuetext") for joint in visit.page.locator(".joints-sheet circle").all()]
    return [[float(part[2:].replace("−", "-")) for part in text.split(", ")] for text in texts]


def net_shown(visit) -> tuple[float, np.ndarray, np.ndarray]:
    net = json.loads(visit.page.get_attribute(".joints-demo", "data-net"))
    return net["bias"], np.array(net["knots"]), np.array(net["slopes"])


def test_net_of_the_joints_is_that_of_python(visit) -> None:
    bias, knots, slopes = demos.net_through(np.array(demos.START))
    found = net_shown(visit)
    assert found[0] == bias
    assert np.allclose(found[1], knots) and np.allclose(found[2], slopes)


def test_arrow_keys_move_a_joint_and_the_net_follows(visit) -> None:
    joint = visit.page.locator(".joints-sheet circle").nth(2)
    for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
        joint.press(key)
    assert joints(visit)[2] == pytest.approx([0.42, 0.2])
    assert demos.net_value(net_shown(visit), np.array([0.42]))[0] == pytest.approx(0.2)


def test_joint_never_passes_its_neighbour(visit) -> None:
    joint = visit.page.locator(".joints-sheet circle").nth(1)
    for _ in range(20):
        joint.press("ArrowRight")
    places = [x for x, _ in joints(visit)]
    assert places == sorted(set(places))


def test_finger_near_a_joint_drags_it(site: Path, page_factory: Callable) -> None:
    opened = page_factory(site, width=375, touch=True)
    opened.page.wait_for_selector(".joints-sheet circle")
    opened.page.locator(".joints-sheet").scroll_into_view_if_needed()
    box = opened.page.locator(".joints-sheet circle").nth(1).bounding_box()
    opened.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    start = {"x": box["x"] + 12, "y": box["y"] + 12}
    session = opened.page.context.new_cdp_session(opened.page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
    end = {"x": start["x"], "y": start["y"] - 20}
    session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [end]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert joints(opened)[1][1] > demos.START[1][1] + 0.05


def test_evenly_spaced_joints_on_the_wave_have_the_error_of_python(visit) -> None:
    visit.page.get_by_role("button", name="On the curve, evenly").click()
    wave = demos.CURVES["a wave"]
    x = np.linspace(0, 1, 401)
    error = np.abs(demos.net_value(demos.net_through(demos.even_joints(wave, 4)), x) - wave(x)).max()
    assert float(visit.page.get_attribute(".joints-demo", "data-worst")) == pytest.approx(error, abs=1e-9)


def test_new_joint_lies_on_the_curve_in_the_widest_gap(visit) -> None:
    visit.page.get_by_role("button", name="More joints").click()
    x, y = joints(visit)[3]
    assert x == pytest.approx(0.56, abs=0.003)
    assert y == pytest.approx(demos.CURVES["a wave"](x), abs=0.02)


def test_joint_that_goes_is_the_one_that_bends_least(visit) -> None:
    slopes = np.abs(demos.net_through(np.array(demos.START))[2])
    least = 1 + int(slopes[1:].argmin())
    visit.page.get_by_role("button", name="Fewer joints").click()
    assert joints(visit) == [list(joint) for at, joint in enumerate(demos.START) if at != least]
