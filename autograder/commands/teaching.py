"""What an instructor does with a course before it runs: make it, release. And a look at where it stands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.commands import ROOT, Commands, add, progress
from autograder.commands.course import api, course_here

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.grading.settings import Settings

_CONFIG = '''"""This course. What is not said here stands in the nbgrader_config.py of the repository."""

import os
from pathlib import Path

os.environ["AUTOGRADER_COURSE"] = str(Path(__file__).resolve().parent)
load_subconfig("nbgrader_config.py", path={root!r})  # noqa: F821 - given by traitlets
c = get_config()  # noqa: F821

# c.Exchange.root = "/srv/exchange"                    # of a JupyterHub
# c.ConfinedExecutor.cell_seconds = 60                 # what a cell may take
# c.LateSubmissionPlugin.penalty_method = "zero"       # what is late scores nothing
'''


def add_commands(commands: Commands) -> None:
    """Adds the commands of this module."""
    new = add(
        commands, "new-course", "make the folder of a course",
        "It gets course.toml, where chapters, points and dates are set, a configuration for nbgrader, and a secret key "
        "for hidden cases. Give every later command in that folder.",
        ["autograder new-course ~/course-2026", "autograder new-course ~/short ch00_tensors ch03_convolution"],
        ["the course is there", "", "it could not be made, or is there already"],
    )  # fmt: skip
    new.add_argument("folder", type=Path, metavar="DIR", help="a folder outside the repository, which you back up")
    new.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as ch03_convolution; all if none")
    new.add_argument("--title", default="", help="as students read it")
    new.set_defaults(run=_new_course)
    course = add(
        commands, "course", "say where this course stands",
        "For each chapter: when it is due, its points, whether it is handed out, how many were handed in and graded.",
        ["autograder course"], ["all is well", "", "course.toml cannot be used"],
    )  # fmt: skip
    course.set_defaults(run=_course)
    release = add(
        commands, "release", "make what students of this course get",
        "The notebook with the points of course.toml goes to release/, its exercises and due date into the gradebook, "
        "and an archive for any learning platform to handouts/. Releasing again replaces it.",
        ["autograder release ch03_convolution", "autograder release ch03_convolution --exchange"],
        ["released", "", "something was not released"],
    )  # fmt: skip
    release.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as ch03_convolution; all if none")
    release.add_argument("--exchange", action="store_true", help="put it into nbgrader's exchange as well")
    release.set_defaults(run=_release)


def _new_course(arguments: argparse.Namespace) -> int:
    from autograder.authoring.chapter import chapter_stems
    from autograder.authoring.hidden import find_key
    from autograder.grading.collecting import write_whole
    from autograder.grading.settings import FILE, CourseProblem, read, template

    folder, known = arguments.folder.expanduser().resolve(), chapter_stems()
    unknown = [stem for stem in arguments.chapters if stem not in known]
    if unknown:
        raise CourseProblem(f"there is no chapter {unknown[0]}. The chapters are {', '.join(known)}")
    if (folder / FILE).exists():
        raise CourseProblem(f"{folder / FILE} is there already. Edit it, or choose another folder")
    text = template(arguments.title or folder.name, arguments.chapters or known)
    _, origin = find_key(folder)
    write_whole(folder / "nbgrader_config.py", _CONFIG.format(root=str(ROOT)).encode())
    write_whole(folder / FILE, text.encode())
    read(folder)
    print(f"made {folder}\nHidden cases are keyed by {origin}. Back that up with the course.\n\nNext:")
    for step in (f"cd {folder}", f"$EDITOR {FILE}", "nbgrader db student import students.csv", "autograder release"):
        print(f"  {step}")
    return 0


def _course(arguments: argparse.Namespace) -> int:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    with progress("reading the course", None), course_here() as (settings, config):
        table = Table(title=settings.title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
        table.add_column("chapter", no_wrap=True)
        table.add_column("due", min_width=10)
        for heading in ("points", "handed out", "handed in", "graded", "for a person"):
            table.add_column(heading)
        for stem, assignment in settings.assignments.items():
            due = settings.local(assignment.due) if assignment.due else ""
            table.add_row(stem, due, *_standing(stem, settings, config))
    Console().print(table)
    return 0


def _standing(stem: str, settings: Settings, config: Config) -> list[str]:
    """Points, released, handed in, graded, and for a person, as words."""
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.coursedir import CourseDirectory

    from autograder.grading.settings import worth

    directory = CourseDirectory(config=config)
    points = sum((worth(stem) | dict(settings.assignments[stem].points)).values())
    released = Path(directory.format_path(directory.release_directory, ".", stem), f"{stem}.ipynb").is_file()
    handed_in = len(list(Path(directory.format_path(directory.submitted_directory, ".", ".")).glob(f"*/{stem}")))
    graded, waiting = 0, 0
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(stem)
            graded, waiting = len(submissions), sum(each.needs_manual_grade for each in submissions)
        except MissingEntry:
            pass
    return [f"{points:g}", "yes" if released else "no", str(handed_in or ""), str(graded or ""), str(waiting or "")]


def _release(arguments: argparse.Namespace) -> int:
    from autograder.grading.handout import hand_out
    from autograder.grading.release import ReleaseError, reason, succeeded

    with course_here() as (settings, config):
        config.ExchangeReleaseAssignment.force = True  # released again, it takes the place of the former there too
        wanted, lines = [settings.assignment(stem) for stem in arguments.chapters or settings.assignments], []
        with progress("releasing", len(wanted)) as done:
            for assignment in wanted:
                made = hand_out(settings, assignment, config)
                due = f"due {settings.local(assignment.due)}" if assignment.due else "no due date"
                lines += [f"{assignment.stem}: {made.points:g} points, {due}", f"  {made.archive}"]
                if arguments.exchange:
                    said = api(config).release_assignment(assignment.stem)
                    if not succeeded(said):
                        raise ReleaseError(f"nbgrader's exchange did not take {assignment.stem}: {reason(said)}")
                    lines.append("  in the exchange")
                done(assignment)
    print("\n".join(lines))
    return 0
