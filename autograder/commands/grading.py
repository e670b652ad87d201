"""Grading, and what is needed to trust it and to try it out."""

from __future__ import annotations

import argparse
import gc
import re
import sys
from pathlib import Path

from autograder import commands
from autograder.commands import Commands, add, course_root, lighten, new_file, progress
from autograder.commands.authoring import chapters, stems


def add_commands(commands: Commands) -> None:
    """Adds the commands of this module."""
    grade = add(
        commands, "grade", "grade the submissions of an assignment into nbgrader's gradebook",
        "What has not changed is not run again, and what was stopped goes on where it was.",
        ["autograder grade ch03_convolution", "autograder grade ch03_convolution --students ada bea --force"],
        ["all is graded", "all is graded, and a person should look at something", "something was not graded"],
    )  # fmt: skip
    grading_options(grade)
    grade.add_argument("--force", action="store_true", help="grade again what is graded")
    grade.set_defaults(run=_grade)
    doctor = add(
        commands, "doctor", "say how well submissions can be confined on this machine", "",
        ["autograder doctor", "autograder doctor --json"],
        ["they are confined", "they are not, or less well than they could be"],
    )  # fmt: skip
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(run=_doctor)
    sample = add(
        commands, "sample-class", "make a class of sample submissions to try grading on",
        "Right, partly wrong and broken ones, made from the variants and mistakes of the chapters.",
        ["autograder sample-class ch03_convolution --out submitted --students 30"], ["made", "", "not made"],
    )  # fmt: skip
    chapters(sample)
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the submissions")
    sample.add_argument("--students", type=int, default=12, metavar="N", help="how many students (12)")
    sample.add_argument("--seed", type=int, default=0, help="which class (0)")
    sample.add_argument(
        "--db", metavar="URL", help="enter the students into this gradebook, e.g. sqlite:///gradebook.db"
    )
    sample.set_defaults(run=_sample_class)


def grading_options(command: argparse.ArgumentParser) -> None:
    """Adds what every command that runs submissions can be told."""
    command.add_argument("assignment", metavar="ASSIGNMENT", help="such as ch03_convolution")
    command.add_argument("--students", nargs="+", default=[], metavar="ID", help="only these; all if not given")
    command.add_argument("--jobs", type=_count, default=0, metavar="N", help="submissions at a time (one a processor)")
    command.add_argument(
        "--scheduler", type=_address, default="", metavar="ADDRESS", help="a Dask scheduler, tcp://host:port"
    )
    command.add_argument("--no-sandbox", action="store_true", help="run submissions unconfined; trust each of them")
    command.add_argument(
        "--json", type=new_file, metavar="FILE", help="write what became of every submission here as well"
    )


def prepare(arguments: argparse.Namespace) -> bool:
    """Whether submissions can be run here at all; if so, imports that follow are cheaper."""
    if sys.platform == "win32":
        print("autograder: Windows can neither fork nor confine; grade on Linux, for example in WSL", file=sys.stderr)
        return False
    if commands.own_process and not arguments.scheduler:
        from autograder.execution import zygote

        zygote.become("autograder.cli:main", sys.argv[1:])
    lighten()
    return True


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number of at least 1")
    return number


def _address(text: str) -> str:
    if text and not re.fullmatch(r"(?:\w+://)?.+:\d+", text):
        raise argparse.ArgumentTypeError(f"expected an address such as tcp://host:8786, and not {text!r}")
    return text


def _sample_class(arguments: argparse.Namespace) -> int:
    from autograder.grading.sample import enroll, make

    wanted = stems(arguments)
    with progress(f"making {len(wanted)} assignments", None):
        students = make(wanted, arguments.out, students=arguments.students, seed=arguments.seed)
    if arguments.db:
        enroll(students, arguments.db, "built-in")
    print(f"made {len(students) * len(wanted)} submissions of {len(students)} students in {arguments.out}")
    return 0


def _grade(arguments: argparse.Namespace) -> int:
    if not prepare(arguments):
        return 2
    gc.disable()  # what is imported stays: looking through it for garbage, now and later, costs a quarter of the start
    from rich.console import Console

    from autograder.grading.command import Order, grade

    gc.freeze()
    gc.enable()
    fields = {name: value for name, value in vars(arguments).items() if name != "run"}
    return grade(course_root(), Order(**{**fields, "students": tuple(arguments.students)}), Console(soft_wrap=False))


def _doctor(arguments: argparse.Namespace) -> int:
    from autograder.execution.doctor import main as examine

    return examine(["--json"] if arguments.json else [])
