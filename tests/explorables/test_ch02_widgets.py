"""The ball on the loss surface, in a browser: its steps are those of torch.optim, its slopes those of autograd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from explorables import ch02_training as demos

LOSSES = {
    "a long valley": lambda x, y: (x**2 + 20 * y**2) / 2,
    "a bent valley": lambda x, y: ((1 - x) ** 2 + 5 * (y + 1 - x**2) ** 2) / 4,
    "two hollows": lambda x, y: (x**2 - 2) ** 2 / 4 + 0.4 * x + y**2 + 0.6,
    "a saddle": lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4 + 0.25,
}
METHODS = {
    "gradient descent": lambda p: torch.optim.SGD(p, lr=0.03),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.8),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.8, 0.999)),
}


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with the widget, as a file."""
    return widget_page("ch02", demos.roll_ball())


@pytest.fixture(scope="module")
def lasting(site: Path, lasting_page_factory: Callable):
    """The page with the running widget, for tests that only ask it for numbers."""
    opened = lasting_page_factory(site)
    opened.page.wait_for_selector("figure.is-live .ball-sheet")
    return opened


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page with the running widget, fresh."""
    opened = page_factory(site, height=1400)
    opened.page.wait_for_selector("figure.is-live .ball-sheet")
    return opened


PATH = """([surface, start, settings]) =>
  document.querySelector(".ball-demo").closest("figure").explorable.module.path(surface, start, settings, 50)"""


@pytest.mark.parametrize("surface", LOSSES)
@pytest.mark.parametrize("method", METHODS)
def test_fifty_steps_in_the_browser_are_those_of_torch(lasting, method: str, surface: str) -> None:
    start = [-1.3, 0.7]
    found = lasting.page.evaluate(PATH, [surface, start, {"method": method, "rate": 0.03, "momentum": 0.8}])
    weight = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = METHODS[method]([weight])
    expected = [start]
    for _ in range(50):
        optimizer.zero_grad()
        LOSSES[surface](*weight).backward()
        optimizer.step()
        expected.append(weight.tolist())
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-10)


def test_heights_in_the_browser_are_those_of_python(lasting) -> None:
    places = np.random.default_rng(0).uniform(-2, 2, (20, 2))
    heights = """places => Object.fromEntries(Object.entries(
      document.querySelector(".ball-demo").closest("figure").explorable.module.SURFACES)
      .map(([name, { loss, lowest }]) => [name, places.map(([x, y]) => [loss(x, y), lowest])]))"""
    found = lasting.page.evaluate(heights, places.tolist())
    assert set(found) == set(LOSSES)
    for name, loss in LOSSES.items():
        values, lowest = np.array(found[name]).T
        assert np.allclose(values, loss(*places.T))
        assert (values >= lowest - 1e-12).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_path_for_readers_without_javascript_is_that_of_the_browser(lasting, method: str) -> None:
    settings = {"method": method, "rate": 0.05, "momentum": 0.7}
    found = lasting.page.evaluate(PATH, ["a long valley", list(demos.START), settings])
    assert np.allclose(found, demos.descend(method, 0.05, 0.7, 50), rtol=1e-9, atol=1e-12)


def dataset(visit) -> dict[str, float]:
    found = visit.page.evaluate("() => ({ ...document.querySelector('.ball-demo').dataset })")
    return {name: float(value) for name, value in found.items()}


def test_one_step_is_one_step_and_back_goes_back(visit) -> None:
    visit.page.get_by_role("button", name="One step").click()
    rate = 10 ** (demos.RATE / 10)
    expected = demos.descend("gradient descent", rate, 0.0, 1)[-1]
    found = dataset(visit)
    assert found["steps"] == 1
    assert np.allclose([found["x"], found["y"]], expected)
    visit.page.get_by_role("button", name="Back to the start").click()
    assert dataset(visit)["steps"] == 0
    assert visit.errors == []


def test_a_rolling_ball_comes_to_rest_at_the_bottom_or_leaves_the_map(visit) -> None:
    slider = visit.page.get_by_label("Learning rate")
    slider.fill("-15")
    visit.page.get_by_role("button", name="Roll").click()
    visit.page.wait_for_function("document.querySelector('.ball-run').textContent === 'Roll'")
    assert dataset(visit)["loss"] < 1e-6
    slider.fill("-9")
    visit.page.get_by_role("button", name="Roll").click()
    visit.page.wait_for_function("document.querySelector('.ball-run').textContent === 'Roll'")
    assert visit.page.inner_text(".ball-facts div:nth-child(3) dd") == "off the map"


def test_arrow_keys_and_dragging_move_the_ball(visit) -> None:
    visit.page.focus(".ball-sheet")
    visit.page.keyboard.press("ArrowRight")
    found = dataset(visit)
    assert (round(found["x"], 6), round(found["y"], 6)) == (demos.START[0] + 0.1, demos.START[1])
    box = visit.page.locator(".ball-sheet").bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    visit.page.mouse.up()
    found = dataset(visit)
    assert abs(found["x"]) < 0.05 and abs(found["y"]) < 0.05


def test_each_surface_and_method_can_be_chosen(visit) -> None:
    for surface in LOSSES:
        visit.page.locator(".ball-field select").first.select_option(surface)
        for method in METHODS:
            visit.page.locator(".ball-field select").nth(1).select_option(method)
            visit.page.get_by_role("button", name="One step").click()
            assert dataset(visit)["steps"] == 1
    assert visit.errors == []


def test_it_fits_a_phone(site: Path, page_factory: Callable) -> None:
    opened = page_factory(site, width=375, scheme="dark", touch=True)
    opened.page.wait_for_selector("figure.is-live .ball-sheet")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375
