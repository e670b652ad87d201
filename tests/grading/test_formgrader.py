"""An instructor and a student with a mouse: the formgrader and the Validate button, in JupyterLab in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from lab_server import PATIENCE, ROOT, TOKEN, jupyter_lab
from playwright.sync_api import Locator, Page, expect
from small_course import OUTER, STEM, Course, cell

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def lab(course: Course, tmp_path: Path) -> Iterator[str]:
    """Address of JupyterLab in the small course's folder, which judges by the engine."""
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(course.root / 'references')!r}\n")
    with jupyter_lab(course.root, tmp_path / "home") as address:
        yield address


def _press(page: Page, student: str, column: str, outcome: str) -> None:
    """Presses a student's button in the list of submissions, and reads the message that follows."""
    page.locator("tr", has=page.get_by_text(student, exact=True)).locator(f"td.{column} a").click()
    message = page.locator(".modal.in")
    expect(message).to_contain_text(outcome, timeout=PATIENCE)
    message.get_by_text("OK", exact=True).click()
    expect(page.locator(".modal-backdrop")).to_have_count(0, timeout=PATIENCE)


def _enter(page: Page, field: Locator, text: str, kind: str) -> None:
    """Types into a field of the manual grading view and leaves it, until what was typed is saved."""
    with page.expect_response(lambda answer: f"/api/{kind}/" in answer.url and answer.request.method == "PUT") as saved:
        field.fill(text)
        page.keyboard.press("Tab")
    assert saved.value.ok


def test_an_instructor_grades_in_the_formgrader(course, lab, page_factory: Callable):
    notebook = course.notebook()
    cell(notebook, "outer").source = OUTER
    cell(notebook, "explain").source = "Rows belong to a."
    course.submit("ada", notebook)
    visit = page_factory(f"{lab}/formgrader?token={TOKEN}")
    page = visit.page
    page.set_default_timeout(PATIENCE)

    row = page.locator("tr", has=page.get_by_role("link", name=STEM, exact=True))
    row.locator("td.num-submissions a").click()
    _press(page, "ada", "autograde", "Successfully autograded")
    assert course.grades("ada")["check-outer"].score == 3.0

    page.goto(f"{lab}/formgrader/gradebook/{STEM}/{STEM}")
    page.get_by_role("link", name="Submission #1").click()
    scores = {name: page.locator(f"input.score[id='{name}']") for name in ("check-outer", "check-Scale", "explain")}
    expect(scores["check-outer"]).to_have_attribute("placeholder", "3")
    expect(scores["check-Scale"]).to_have_attribute("placeholder", "0")
    assert page.locator(".verdict").count() == 2
    expect(page.locator(".verdict").first).to_contain_text("outer: passed, 3 of 3 points")
    expect(page.locator("textarea[id='Scale-comment']")).to_have_attribute("placeholder", "No response.")
    _enter(page, scores["explain"], "1.5", "grade")
    _enter(page, page.locator("textarea[id='explain-comment']"), "And b?", "comment")

    page.goto(f"{lab}/formgrader/manage_submissions/{STEM}")
    _press(page, "ada", "generate-feedback", "Successfully generated feedback")
    feedback = page_factory(course.data / "feedback" / "ada" / STEM / f"{STEM}.html")
    expect(feedback.page.locator("#toc")).to_contain_text("outer (Score: 3.0 / 3.0)")
    expect(feedback.page.locator("#toc")).to_contain_text("(Score: 1.5 / 2.0)")
    expect(feedback.page.locator("body")).to_contain_text("And b?")
    assert (visit.external, feedback.external) == ([], [])


def test_validate_agrees_with_check(course, lab, page_factory: Callable):
    notebook = nbformat.read(ROOT / "exercises" / "ch00_tensors" / "ch00_tensors.ipynb", as_version=4)
    last = next(index for index, each in enumerate(notebook.cells) if each.id == "check-row_normalize")
    notebook.cells = notebook.cells[: last + 1]  # one exercise done, one not begun
    cell(notebook, "outer").source = OUTER
    nbformat.write(notebook, course.root / "ch00_tensors.ipynb")
    page = page_factory(f"{lab}/lab/tree/ch00_tensors.ipynb?token={TOKEN}").page
    page.set_default_timeout(PATIENCE)
    page.get_by_role("button", name="Validate").click()
    dialog = page.locator(".jp-Dialog", has_text=re.compile("failed|passes|Cannot"))
    expect(dialog).to_contain_text("check(row_normalize)", timeout=PATIENCE)
    expect(dialog).not_to_contain_text("check(outer)")
