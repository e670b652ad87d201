"""What an instructor does with a course: make it, release, collect, give feedback back. Grading is in `grade`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.commands import ROOT, Commands, add, course_root, progress

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.grading.collecting import Row
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
        "For each chapter: when it is due, its points, whether it is released, how many were handed in and graded.",
        ["autograder course"], ["all is well", "", "course.toml cannot be used"],
    )  # fmt: skip
    course.set_defaults(run=_course)
    _distribution(commands)


def _distribution(commands: Commands) -> None:
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
    from rich.console import Console
    from rich.table import Table

    with _course_here() as (settings, config):
        table = Table(title=settings.title)
        table.add_column("chapter", no_wrap=True)
        for heading in ("due", "points", "released", "handed in", "graded", "for a person"):
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
    from autograder.grading.release import ReleaseError, succeeded

    with _course_here() as (settings, config):
        wanted, lines = [settings.assignment(stem) for stem in arguments.chapters or settings.assignments], []
        with progress("releasing", len(wanted)) as done:
            for assignment in wanted:
                made = hand_out(settings, assignment, config)
                due = f"due {settings.local(assignment.due)}" if assignment.due else "no due date"
                lines += [f"{assignment.stem}: {made.points:g} points, {due}", f"  {made.archive}"]
                if arguments.exchange:
                    said = _api(config).release_assignment(assignment.stem)
                    if not succeeded(said):
                        raise ReleaseError(f"nbgrader's exchange did not take {assignment.stem}: {_last(said)}")
                    lines.append("  in the exchange")
                done(assignment)
    print("\n".join(lines))
    return 0


def _collect(arguments: argparse.Namespace) -> int:
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory

    from autograder.grading.collecting import Desk, collect

    with _course_here() as (settings, config):
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
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from autograder.grading.collecting import PLACED

    table = Table("handed in as", "student", "", "remark", title=stem)
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
    from autograder.grading.release import succeeded

    said = _api(config).collect(stem, update=True)
    if not succeeded(said):
        print(f"autograder: nbgrader could not collect {stem}: {_last(said)}", file=sys.stderr)
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
    with _course_here() as (settings, config):
        api = _api(config)
        graded = returning.graded(api, stem)
        missing = sorted(set(arguments.students) - set(graded))
        students = [each for each in graded if not arguments.students or each in arguments.students]
        if missing or not students:
            who = f"of {', '.join(missing)} " if missing else ""
            raise CourseProblem(f"nothing {who}is graded in {stem}. Grade first: autograder grade {stem}")
        with progress(f"feedback on {stem}", len(students)) as done:
            failed = returning.write_pages(api, stem, students, done)
        pages = _pages(config, stem, [each for each in students if each not in failed])
        known = senders(settings.folder / "collected" / stem)
        made = returning.archives(pages, known, settings.folder / "handouts", stem)
        if arguments.exchange:
            returning.release_to_exchange(api, stem)
    for student, why in failed.items():
        print(f"autograder: {student}: {why}", file=sys.stderr)
    print(f"wrote the feedback of {len(pages)} students")
    for platform, path in made.items():
        print(f"  {path}  {_HOW.get(platform, 'a folder for each student')}")
    return 1 if failed else 0


_HOW = {
    "Moodle": "Moodle: the assignment, Upload multiple feedback files in a zip",
    "Canvas": "Canvas: the assignment, Re-upload submissions",
}


def _pages(config: Config, stem: str, students: list[str]) -> Mapping[str, Mapping[str, Path]]:
    """By student and name, the pages of feedback that are there."""
    from nbgrader.coursedir import CourseDirectory

    directory = CourseDirectory(config=config)
    folders = {each: Path(directory.format_path(directory.feedback_directory, each, stem)) for each in students}
    return {student: {page.name: page for page in sorted(folder.glob("*.html"))} for student, folder in folders.items()}


@contextmanager
def _course_here() -> Iterator[tuple[Settings, Config]]:
    """The course of this folder, or of AUTOGRADER_COURSE; SQLAlchemy's warnings on nbgrader's models kept quiet."""
    import logging
    import warnings

    from autograder.grading.release import course_config
    from autograder.grading.settings import read

    config = course_config(course_root())
    level = logging.getLogger("traitlets").level
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Object of type")
        warnings.filterwarnings("ignore", "datetime.datetime.utcnow", DeprecationWarning)
        try:
            yield read(Path(config.Judge.course)), config
        finally:
            logging.getLogger("traitlets").setLevel(level)


def _api(config: Config) -> Any:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    return NbGraderAPI(CourseDirectory(config=config), config=config)


def _last(said: Mapping[str, Any]) -> str:
    """The line in which nbgrader says why."""
    return (said.get("log") or said.get("error") or "it did not say why").strip().splitlines()[-1]
