"""What comes back from students, and what goes back to them: collect, feedback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.commands import Commands, add, progress
from autograder.commands.course import api, course_here

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.grading.collecting import Row


def add_commands(commands: Commands) -> None:
    """Adds the commands of this module."""
    collect = add(
        commands, "collect", "take in what students handed in",
        "Reads the bulk download of Moodle, Canvas, Blackboard, Brightspace or Sakai, a folder with a folder for each "
        "student, or the archives of `autograder submit`; without PATH, nbgrader's exchange. Who handed something in "
        "is told by the platform's file names and the class list. What is not certain is placed nowhere, but listed.",
        ["autograder collect ch03_convolution ~/Downloads/submissions.zip", "autograder collect ch03_convolution"],
        ["everything is placed", "something could not be placed", "nothing was collected"],
    )  # fmt: skip
    collect.add_argument("chapter", metavar="CHAPTER", help="such as ch03_convolution")
    collect.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="zip files, folders or notebooks")
    collect.add_argument(
        "--times-of-files", action="store_true", help="where names tell no time, take the dates of files"
    )
    collect.set_defaults(run=_collect)
    feedback = add(
        commands, "feedback", "write the feedback on what is graded, and archives to give it back",
        "A page for each student goes to feedback/. Archives with the names that Moodle (feedback files) and Canvas "
        "(re-upload of submissions) take back, and one with a folder for each other student, go to handouts/.",
        ["autograder feedback ch03_convolution", "autograder feedback ch03_convolution --students ada bea"],
        ["written", "some pages could not be written", "nothing was written"],
    )  # fmt: skip
    feedback.add_argument("chapter", metavar="CHAPTER", help="such as ch03_convolution")
    feedback.add_argument("--students", nargs="+", default=[], metavar="ID", help="only these; all if not given")
    feedback.add_argument("--exchange", action="store_true", help="put it into nbgrader's exchange as well")
    feedback.set_defaults(run=_feedback)


def _collect(arguments: argparse.Namespace) -> int:
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    from autograder.grading.collecting import Desk, collect

    with course_here() as (settings, config):
        stem = arguments.chapter
        settings.assignment(stem)
        if not arguments.paths:
            return _from_exchange(stem, config)
        directory = CourseDirectory(config=config)
        with Gradebook(directory.db_url, directory.course_id) as gradebook:
            people = {each.id: f"{each.first_name or ''} {each.last_name or ''}".strip() for each in gradebook.students}
        desk = Desk(
            stem,
            settings.folder / "collected" / stem,
            lambda student: Path(directory.format_path(directory.submitted_directory, student, stem)),
            people,
            settings.patterns,
            settings.timezone,
            arguments.times_of_files,
        )
        with progress(f"collecting {stem}", None) as done:
            rows = collect(desk, [path.expanduser() for path in arguments.paths], done)
    code = _show(rows, desk.collected / "who.csv", stem)
    if rows and not people:
        print("There is no class list, so accounts count as they stand: nbgrader db student import students.csv")
    if settings.assignments[stem].due and any(row.student and not row.has_time for row in rows):
        print("Where no time is known, nothing counts as late; --times-of-files takes the dates of files.")
    return code


def _show(rows: list[Row], who: Path, stem: str) -> int:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from autograder.grading.collecting import PLACED

    table = Table(title=stem, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for heading in ("handed in as", "student", "", "remark"):
        table.add_column(heading, overflow="fold")
    lost = [row for row in rows if row.outcome not in PLACED]
    shown = rows if len(rows) <= 60 else [*lost, *(row for row in rows if row.remark and row not in lost)]
    for row in shown:
        table.add_row(escape(row.label), escape(row.student), row.outcome, escape(row.remark))
    console = Console()
    if shown:
        console.print(table)
    counts = {
        outcome: sum(row.outcome == outcome for row in rows) for outcome in dict.fromkeys(row.outcome for row in rows)
    }
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "there was nothing in it"
    console.print(f"{words}.", highlight=False)
    if any(row.outcome == "not placed" for row in rows):
        console.print(f"Write who it is into {who}, and give the same command again.", highlight=False, soft_wrap=True)
    return 2 if not rows else 1 if lost else 0


def _from_exchange(stem: str, config: Config) -> int:
    from autograder.grading.release import reason, succeeded

    said = api(config).collect(stem, update=True)
    if not succeeded(said):
        print(
            f"autograder: nbgrader could not collect {stem}: {reason(said)}. Was it put there? "
            f"autograder release {stem} --exchange. An archive is taken in by: autograder collect {stem} PATH",
            file=sys.stderr,
        )
        return 2
    lines = [line for line in said.get("log", "").splitlines() if "Collecting" in line or "Updating" in line]
    count = "1 submission of {} is" if len(lines) == 1 else f"{len(lines)} submissions of {{}} are"
    print(f"{count.format(stem)} new in the exchange")
    return 0


def _feedback(arguments: argparse.Namespace) -> int:
    from autograder.grading import returning
    from autograder.grading.collecting import senders
    from autograder.grading.settings import CourseProblem

    stem = arguments.chapter
    with course_here() as (settings, config):
        settings.assignment(stem)
        nbgrader = api(config)
        graded = returning.graded(nbgrader, stem)
        missing = sorted(set(arguments.students) - set(graded))
        students = [each for each in graded if not arguments.students or each in arguments.students]
        if missing or not students:
            who = f"of {', '.join(missing)} " if missing else ""
            raise CourseProblem(f"nothing {who}is graded in {stem}. Grade first: autograder grade {stem}")
        with progress(f"feedback on {stem}", len(students)) as done:
            failed = returning.write_pages(nbgrader, stem, students, done)
        pages = _pages(config, stem, [each for each in students if each not in failed])
        known = senders(settings.folder / "collected" / stem)
        made = returning.archives(pages, known, settings.folder / "handouts", stem)
        reached = returning.release_to_exchange(nbgrader, stem, pages) if arguments.exchange else []
        waiting = _waiting(config, stem, set(pages))
    for student, why in failed.items():
        print(f"autograder: {student}: {why}", file=sys.stderr)
    print(f"wrote the feedback of {len(pages)} student{'' if len(pages) == 1 else 's'}")
    for platform, path in made.items():
        print(f"  {path}  {_HOW.get(platform, 'a folder for each student')}")
    if arguments.exchange:
        print(f"  in the exchange: {len(reached)}, of those who handed in there")
    if waiting:
        print(f"Some scores of {waiting} still wait for a person, and count as 0 on the page: jupyter lab, Formgrader.")
    return 2 if not pages else 1 if failed else 0


_HOW = {
    "Moodle": "Moodle: the assignment, Upload multiple feedback files in a zip",
    "Canvas": "Canvas: the assignment, Re-upload submissions",
}


def _waiting(config: Config, stem: str, students: set[str]) -> int:
    """How many of the students have a score that only a person can give, and nobody has given yet."""
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    directory = CourseDirectory(config=config)
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        found = gradebook.assignment_submissions(stem)
        return sum(each.needs_manual_grade for each in found if each.student.id in students)


def _pages(config: Config, stem: str, students: list[str]) -> Mapping[str, Mapping[str, Path]]:
    """By student and name, the pages of feedback that are there."""
    from nbgrader.coursedir import CourseDirectory

    directory = CourseDirectory(config=config)
    folders = {each: Path(directory.format_path(directory.feedback_directory, each, stem)) for each in students}
    return {student: {page.name: page for page in sorted(folder.glob("*.html"))} for student, folder in folders.items()}
