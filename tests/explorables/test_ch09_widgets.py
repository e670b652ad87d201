"""The table of ch09 in a browser: it shows the stored numbers, filters, orders, and turns into cards on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from explorables import ch09_prior_vs_data as demos


@pytest.fixture(scope="module")
def site(widget_page: Callable[..., Path]) -> Path:
    """A page with the table, as a file."""
    return widget_page("ch09", demos.whole_table())


@pytest.fixture
def visit(site: Path, page_factory: Callable):
    """The page, with its table running."""
    opened = page_factory(site, height=2000)
    opened.page.wait_for_function("document.querySelectorAll('figure.is-live').length === 1")
    return opened


def nets(visit) -> list[str]:
    """The nets in the order shown."""
    return visit.page.locator(".bill-net").all_inner_texts()


def by(rows, column: str, direction: int) -> list[str]:
    """The nets ordered in Python: rows without a number last, equals as they stand."""
    known = sorted((r for r in rows if r[column] is not None), key=lambda r: direction * r[column])
    return [row["net"] for row in [*known, *(r for r in rows if r[column] is None)]]


def of_task(task: str) -> list[dict]:
    return [row for row in demos._rows() if row["task"] == task]


def test_table_begins_with_the_race_by_accuracy(visit) -> None:
    assert nets(visit) == by(of_task(demos.START_TASK), "accuracy", -1)


FIRST = {-1: "largest first", 1: "smallest first"}


@pytest.mark.parametrize(("column", "direction"), [("saved", -1), ("parameters", 1), ("flops", 1), ("examples", 1)])
def test_all_rows_are_ordered_by_the_chosen_column(visit, column: str, direction: int) -> None:
    visit.page.get_by_label("Task").select_option("")
    visit.page.get_by_label("Order by").select_option(column)
    assert nets(visit) == by(demos._rows(), column, direction)
    visit.page.get_by_role("button", name=FIRST[direction]).click()
    assert nets(visit) == by(demos._rows(), column, -direction)


def test_the_order_of_the_book_can_be_turned_around(visit) -> None:
    visit.page.get_by_label("Task").select_option("")
    visit.page.get_by_label("Order by").select_option("")
    assert nets(visit) == [row["net"] for row in demos._rows()]
    visit.page.get_by_role("button", name="from the first").click()
    assert nets(visit) == [row["net"] for row in reversed(demos._rows())]


def test_a_click_on_a_heading_orders_and_says_so(visit) -> None:
    heading = visit.page.get_by_role("columnheader", name="FLOPs")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert nets(visit) == by(of_task(demos.START_TASK), "flops", 1)


def test_search_finds_rows_that_hold_every_word(visit) -> None:
    visit.page.get_by_label("Task").select_option("")
    visit.page.get_by_label("Search in the table").fill("kernel shuffled")
    wanted = [r for r in demos._rows() if "kernel" in r["told"] and "shuffled" in r["task"]]
    assert wanted and sorted(nets(visit)) == sorted(row["net"] for row in wanted)
    assert visit.page.locator(".bill-count").inner_text() == f"{len(wanted)} of {len(demos._rows())} nets"


def test_numbers_shown_are_those_of_the_rows(visit) -> None:
    visit.page.get_by_label("Order by").select_option("")
    shown = visit.page.locator("td[data-label^=accuracy]").all_inner_texts()
    assert shown == [f"{100 * r['accuracy']:.1f} ± {100 * r['spread']:.1f}" for r in of_task(demos.START_TASK)]


def test_on_a_phone_nothing_is_wider_than_the_screen(visit) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 900})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
