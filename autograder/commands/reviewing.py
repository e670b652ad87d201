"""What an instructor does with grades: look at what they say of the class, and grade again when a test was wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.commands import Commands, add, course_root, new_file
from autograder.commands.grading import grading_options, prepare


def add_commands(commands: Commands) -> None:
    """Adds the commands of this module."""
    insight = add(
        commands, "insight", "write a page on what an assignment shows of the class",
        "One HTML file that needs nothing else: scores, how hard each exercise is and what it tells, the most common "
        "mistakes by name, submissions to look at, and pairs that are nearly alike. It changes nothing.",
        ["autograder insight ch03_convolution", "autograder insight ch03_convolution --output class.html --json -"],
        ["written", "", "there is nothing to write about"],
    )  # fmt: skip
    insight.add_argument("assignment", metavar="ASSIGNMENT", help="such as ch03_convolution")
    insight.add_argument("--output", type=Path, metavar="FILE", help="the page (insight/ASSIGNMENT.html of the course)")
    insight.add_argument("--json", type=new_file, metavar="FILE", help="write the figures here as well; - prints them")
    insight.add_argument("--book", default="", metavar="URL", help="where the book is, for links to what to teach")
    insight.set_defaults(run=_insight)
    regrade = add(
        commands, "regrade", "grade again after a test was mended, and say what changes for whom",
        "Only what the mended test judges differently is run. Scores and comments that a person gave stay. What was "
        "stopped goes on where it was; changes are also written to batch/changes.jsonl of the course.",
        ["autograder regrade ch03_convolution --preview", "autograder regrade ch03_convolution --feedback"],
        ["all is graded", "all is graded, and a person should look at something", "something was not graded"],
    )  # fmt: skip
    grading_options(regrade)
    regrade.add_argument("--preview", action="store_true", help="write nothing; say what would change for whom")
    regrade.add_argument("--feedback", action="store_true", help="write the feedback of those it changes something for")
    regrade.set_defaults(run=_regrade)


def _insight(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder.grading.insight.command import insight

    to_pipe = str(arguments.json) == "-"
    console = Console(stderr=to_pipe)
    insight(course_root(), arguments.assignment, arguments.output, arguments.json, arguments.book, console)
    return 0


def _regrade(arguments: argparse.Namespace) -> int:
    if not prepare(arguments):
        return 2
    from rich.console import Console

    from autograder.grading.regrade import RegradeOrder, regrade

    fields = {name: value for name, value in vars(arguments).items() if name != "run"}
    order = RegradeOrder(**{**fields, "students": tuple(arguments.students)})
    return regrade(course_root(), order, Console(soft_wrap=False))
