"""`autograder insight`: reads a class, writes the page and, when asked, its figures as JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.grading.batch import Course
from autograder.grading.insight.collect import read
from autograder.grading.insight.figures import Figures, as_json, figures
from autograder.grading.insight.page import write

STANDARD_OUTPUT = Path("-")
_BUILT = Path(__file__).parents[3] / "_build" / "html"


def insight(
    root: Path, assignment: str, output: Path | None, json_file: Path | None, book: str, console: Console
) -> Path:
    """Path of the page on an assignment of the course that the nbgrader_config.py in `root` describes.

    `book` is the address of the book, for links to what to teach; if "", the one that `make book` built, if it did.

    Raises GradingProblem when the gradebook has nothing to tell.
    """
    course = Course(root)
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"reading {assignment}", total=None)

        def advance(count: int, total: int) -> None:
            progress.update(task, advance=count, total=total)

        found = read(course, assignment, advance)
        progress.update(task, description="counting", completed=0, total=None)
        made = figures(found)
        path = output or course.batch_folder.parent / "insight" / f"{assignment}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(made, path, _links(made, book, _BUILT))
    _tell(made, path, time.monotonic() - began, console, json_file)
    return path


def _links(made: Figures, book: str, built: Path) -> dict[str, str]:
    """The address of each notebook's chapter, as far as there is one."""
    names = {each.notebook for each in made.exercises}
    if book:
        return {name: f"{book.rstrip('/')}/{name}.html" for name in names}
    pages = {name: built / f"{name}.html" for name in names}
    return {name: page.resolve().as_uri() for name, page in pages.items() if page.is_file()}


def _tell(made: Figures, path: Path, seconds: float, console: Console, json_file: Path | None) -> None:
    if json_file == STANDARD_OUTPUT:
        print(json.dumps(as_json(made), indent=1))
    elif json_file:
        partial = json_file.with_name(f"{json_file.name}.partial")
        partial.write_text(json.dumps(as_json(made), indent=1), encoding="utf-8")
        partial.replace(json_file)
    words = f"{made.handed_in} submissions of {made.assignment}, {seconds:.1f} s: {path}"
    console.print(words, highlight=False, soft_wrap=True)
    console.print("It has students' names in it: keep it among those who grade.", highlight=False)
