"""What a reader of a built page meets, in headless Chromium, over a server and from the disk."""

from __future__ import annotations

import re

import driver
import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("by", ["keyboard", "mouse", "touch"])
def test_every_control_changes_its_picture(page_factory, demos, by):
    visit = page_factory(demos, touch=by == "touch")
    moves = driver.drive(visit.page, by)
    assert sorted(move.control for move in moves) == [
        "Dial",
        "Frequency",
        "Grid",
        "Next Frequency",
        "Noise",
        "Shape",
        "Shift",
    ]
    assert visit.errors == []
    assert visit.external == []


def test_a_control_without_effect_is_named(page_factory, demos):
    page = page_factory(demos).page
    driver.figures(page)
    page.evaluate(
        "document.querySelectorAll('[data-name=grid]').forEach((field) => field.replaceWith(field.cloneNode()))"
    )
    with pytest.raises(AssertionError, match="moving 'Grid' by keyboard changes nothing"):
        driver.drive(page)


def test_the_first_picture_shows_without_javascript(browser, built):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((built / "demos.html").as_uri())
    assert page.locator("figure.explorable .explorable-stage > svg").count() == 4
    assert page.locator("figure.explorable .explorable-stage > svg").first.is_visible()
    assert not page.locator(".explorable-controls").first.is_visible()
    page.context.close()


def test_no_frame_is_loaded_before_a_control_is_touched(page_factory, served):
    visit = page_factory("about:blank")
    frames = []
    visit.page.on("request", lambda request: frames.append(request.url) if "/frames/" in request.url else None)
    visit.page.context.unroute("**/*")
    visit.page.goto(served + "/demos.html", wait_until="networkidle")
    assert frames == []
    visit.page.get_by_label("Frequency").first.focus()
    visit.page.wait_for_function(
        "performance.getEntriesByType('resource').filter((r) => r.name.includes('/frames/')).length >= 31"
    )
    assert len(frames) == len(set(frames))


def test_a_page_with_four_figures_loads_less_than_200_kb_for_them(page_factory, served):
    page = page_factory(served + "/demos.html").page
    driver.figures(page)
    own = page.evaluate(
        "performance.getEntriesByType('resource').filter((r) => r.name.includes('/explorables/'))"
        ".reduce((sum, r) => sum + r.decodedBodySize, 0)"
    )
    document = page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize")
    assert own + document < 200_000


def test_a_page_without_demos_loads_nothing_of_ours(page_factory, served):
    page = page_factory(served + "/plain.html").page
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if "explorables" in name]


def test_words_follow_the_picture(page_factory, demos):
    page = page_factory(demos).page
    figure = driver.figures(page)[0]
    figure.get_by_label("Shape").select_option(label="square")
    driver.settle(figure)
    label = figure.locator(".explorable-stage svg").get_attribute("aria-label")
    assert label == "A square wave of 1\N{NO-BREAK SPACE}Hz, grid off."
    figure.get_by_role("slider", name="Frequency").press("ArrowRight")
    driver.settle(figure)
    assert figure.locator("output").first.text_content() == "2\N{NO-BREAK SPACE}Hz"
    assert figure.get_by_role("slider").get_attribute("aria-valuetext") == "2\N{NO-BREAK SPACE}Hz"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_serious(page_factory, built, width, scheme):
    page = page_factory(built / "demos.html", width=width, scheme=scheme).page
    driver.figures(page)
    assert driver.serious_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme, ink", [("light", "dark"), ("dark", "light")])
def test_text_of_a_picture_takes_the_colour_of_the_page(page_factory, built, scheme, ink):
    page = page_factory(built / "demos.html", scheme=scheme).page
    colour = page.locator(".explorable-stage text").first.evaluate("text => getComputedStyle(text).fill")
    bright = sum(map(int, re.findall(r"\d+", colour)[:3])) / 3
    assert (bright > 180) if ink == "light" else (bright < 80)


def test_text_is_at_least_8_px_on_a_phone(page_factory, built):
    page = page_factory(built / "demos.html", width=375).page
    driver.figures(page)
    sizes = page.locator(".explorable-stage > svg > g text").evaluate_all(
        "texts => texts.map((text) => text.getScreenCTM().a ? parseFloat(getComputedStyle(text).fontSize)"
        " * text.ownerSVGElement.getScreenCTM().a : 99)"
    )
    assert min(sizes) >= 8


def test_play_runs_and_pauses_where_motion_is_welcome(browser, built):
    page = browser.new_context(reduced_motion="no-preference").new_page()
    page.goto((built / "demos.html").as_uri())
    figure = driver.figures(page)[0]
    before = driver.picture(figure)
    figure.get_by_role("button", name="Play Frequency").click()
    page.wait_for_function("Number(document.querySelector('[data-name=periods]').value) >= 2")
    figure.get_by_role("button", name="Pause Frequency").click()
    stopped = figure.get_by_role("slider").input_value()
    page.wait_for_timeout(900)
    assert figure.get_by_role("slider").input_value() == stopped
    assert driver.picture(figure) != before
    page.context.close()


def test_a_picture_that_does_not_load_is_said(page_factory, served):
    visit = page_factory(served + "/demos.html")
    visit.page.context.route("**/frames/**", lambda route: route.abort())
    visit.page.get_by_role("slider", name="Frequency").press("ArrowRight")
    alert = visit.page.get_by_role("alert")
    alert.wait_for()
    assert "cannot be shown" in alert.text_content()


def test_a_widget_computes_with_the_arrays_it_was_given(page_factory, demos):
    page = page_factory(demos).page
    widget = driver.figures(page)[-1]
    got = widget.evaluate("figure => figure.explorable.module.scaled(figure.explorable.model.get('weights'), 3)")
    assert got == 0.5 * 3 + 2.0


def test_printing_shows_the_picture_that_was_chosen(page_factory, demos):
    page = page_factory(demos).page
    figure = driver.figures(page)[0]
    figure.get_by_role("slider").press("ArrowRight")
    driver.settle(figure)
    page.emulate_media(media="print")
    assert figure.locator(".explorable-stage > svg").is_visible()
    assert figure.locator("output").first.is_visible()
    assert not figure.locator(".explorable-play").is_visible()
