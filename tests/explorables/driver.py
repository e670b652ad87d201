"""Drives the demos of a page as a reader would: finds them, moves every control, sees whether the picture changes.

moves = drive(page)                   # by keyboard; AssertionError when a control changes nothing
moves = drive(page, by="mouse")       # or by="touch", in a context with touch
assert serious_violations(page) == []
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

FIGURES = "figure.explorable[data-explorable]"
CONTROLS = ".explorable-controls :is(input, select, button)"
IN_WIDGET = (
    ".explorable-widget :is(input, select, button, textarea, [tabindex='0'], [role='slider'], [contenteditable='true'])"
    ":not(pre)"  # the theme lets a code block be focused while it is too wide for the screen
)
KEYS = ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "Space", "Enter", "a")

PICTURE = """figure => {
  const stage = figure.querySelector(".explorable-stage").cloneNode(true);
  stage.querySelectorAll("[role=status], [aria-live]").forEach((spoken) => spoken.remove());
  const own = ["aria-valuenow", "aria-valuetext", "aria-label", "value", "checked", "style"];
  const fields = stage.querySelectorAll("input, select, button, [role=slider]");
  fields.forEach((field) => own.forEach((name) => field.removeAttribute(name)));
  stage.querySelectorAll("*").forEach((part) => Object.keys(part.dataset).forEach((name) => delete part.dataset[name]));
  const drawn = [...figure.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
  return stage.innerHTML + drawn.join();
}"""
SETTLED = """figure => figure.classList.contains("is-live") && figure.dataset.shown === figure.dataset.wanted"""


@dataclass(frozen=True)
class Move:
    """One control that was moved and did change its picture."""

    figure: str
    control: str
    by: str


def figures(page: Page) -> list[Locator]:
    """The demos of a page that can be moved, each brought into view once so that it has started."""
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    found = page.locator(FIGURES).all()
    for figure in found:
        settle(figure)
    return found


def settle(figure: Locator) -> None:
    """Waits until the figure shows what its controls say."""
    figure.scroll_into_view_if_needed()
    handle = figure.element_handle()
    figure.page.wait_for_function(SETTLED, arg=handle)


def picture(figure: Locator) -> str:
    """What the figure shows, as text that is the same exactly when the picture is."""
    settle(figure)
    return figure.evaluate(PICTURE)


def drive(page: Page, by: str = "keyboard") -> list[Move]:
    """Moves every control of every demo by `keyboard`, `mouse` or `touch`.

    Raises AssertionError naming a control that changes nothing.
    """
    return [move for figure in figures(page) for move in drive_figure(figure, by)]


def drive_figure(figure: Locator, by: str = "keyboard") -> list[Move]:
    """The same for one demo."""
    name = figure.get_attribute("id")
    framed = figure.get_attribute("data-explorable") == "frames"
    fields = figure.locator(CONTROLS if framed else IN_WIDGET).all()
    assert fields, f"{name}: no control"
    pending = sorted((field for field in fields if field.is_visible()), key=_turn)
    inputs = [field for field in pending if _turn(field) == 0]
    moves, second_try = [], True
    while pending:  # a control may wait for another: there is nothing to clear until something is drawn
        moved = [field for field in pending if field.is_enabled() and _changes(figure, _tries(field, by))]
        if not moved and second_try:  # a touch can be lost on a busy machine, and what it was to move cleared since
            second_try = False
            for field in inputs:
                _changes(figure, _tries(field, by))
            continue
        assert moved, f"{name}: moving {', '.join(repr(_label(field)) for field in pending)} by {by} changes nothing"
        moves += [Move(name, _label(field), by) for field in moved]
        pending = [field for field in pending if field not in moved]
    return moves


def serious_violations(page: Page) -> list[str]:
    """What axe finds serious or critical, one line each with the elements concerned."""
    # "preload": axe would read style sheets by XMLHttpRequest, which a page from the disk may not
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{violation['id']}: {violation['help']} {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


def _turn(field: Locator) -> int:
    """Fields first, then buttons, then buttons that choose a tool, the one that is chosen last."""
    if field.evaluate("field => field.tagName") != "BUTTON":
        return 0
    pressed = field.get_attribute("aria-pressed") or field.get_attribute("aria-checked")
    return 1 if pressed is None else 3 if pressed == "true" else 2


def _changes(figure: Locator, tries: Iterator[Callable[[], object]]) -> bool:
    before = picture(figure)
    framed = figure.get_attribute("data-explorable") == "frames"
    for attempt in tries:
        attempt()
        if _becomes_another(figure, before, 1 if framed else 8):
            return True
    return not framed and _becomes_another(figure, before, 40)  # a net computes longer on a busy machine


def _becomes_another(figure: Locator, before: str, patience: int) -> bool:
    """Whether the picture changes within some animation frames: a widget draws on a later one than it is moved on."""
    for _ in range(patience):
        if picture(figure) != before:
            return True
        figure.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")
    return False


def _tries(field: Locator, by: str) -> Iterator[Callable[[], object]]:
    """Moves to make one after another until the picture is another one."""
    kind = field.evaluate("field => field.type || field.tagName.toLowerCase()")
    field.scroll_into_view_if_needed()
    if by == "keyboard":
        field.focus()
        for key in _keys(field, kind):
            yield lambda key=key: field.press(key)
    elif kind == "select-one":
        for at in range(field.locator("option").count()):
            yield lambda at=at: field.select_option(index=at)
    elif kind in ("checkbox", "radio", "button", "submit"):
        yield (field.tap if by == "touch" else field.click)
    elif kind == "range":
        for share in (0.99, 0.5, 0.01, 0.25, 0.75):
            yield lambda share=share: _press(field, share, by)
    elif kind in ("text", "textarea", "search"):
        yield lambda: field.press_sequentially("a dog ")
    else:
        if by == "touch":
            yield lambda: _press(field, 0.7, by)
        for start, end in ((0.3, 0.7), (0.6, 0.2), (0.9, 0.1)):
            yield lambda start=start, end=end: _drag(field, start, end, by)


def _keys(field: Locator, kind: str) -> list[str]:
    if kind == "range":
        many = int(
            field.evaluate("field => Math.min(100, Math.round((field.max - field.min) / (Number(field.step) || 1)))")
        )
        return ["ArrowRight"] * many + ["ArrowLeft"] * many
    if kind == "select-one":
        many = field.locator("option").count()
        return ["ArrowDown"] * many + ["ArrowUp"] * many
    if kind in ("checkbox", "button", "submit"):
        return ["Space"]
    return list(KEYS)


def _press(field: Locator, share: float, by: str) -> None:
    box = field.bounding_box()
    at = (box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    (field.page.touchscreen.tap if by == "touch" else field.page.mouse.click)(*at)


def _drag(field: Locator, start: float, end: float, by: str) -> None:
    box, page = field.bounding_box(), field.page
    shares = [start + (end - start) * step / 8 for step in range(9)]
    points = [{"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]} for share in shares]
    if by == "mouse":
        page.mouse.move(**points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(**point)
        page.mouse.up()
        return
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def _label(field: Locator) -> str:
    return field.evaluate(
        "field => field.getAttribute('aria-label')"
        " || (field.labels && field.labels[0] && field.labels[0].firstChild.textContent.trim())"
        " || field.textContent.trim().slice(0, 40) || field.tagName"
    )
