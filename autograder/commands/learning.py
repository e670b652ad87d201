"""What a student does: get a notebook, see the progress, hand in. None of it needs an instructor's packages."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.commands import Commands, add

if TYPE_CHECKING:
    from autograder.checking.board import Board


_ELSEWHERE = "Go to the one where yours lies (cd FOLDER), or name it: autograder submit FOLDER/NOTEBOOK.ipynb"


def add_commands(commands: Commands) -> None:
    """Adds the commands of this module."""
    get = add(
        commands, "get", "get the notebook of a chapter, renew it, or mend it",
        "A new notebook goes into this folder. One that is there and edited is kept in backups/ first, and what you "
        "wrote in it is carried over into the new one; nothing of yours is ever lost.",
        ["autograder get ch03_convolution", "autograder get ch03_convolution --from ~/Downloads/week3.zip"],
        ["it is there", "", "no notebook of that chapter is at hand"],
    )  # fmt: skip
    get.add_argument("chapters", nargs="*", metavar="CHAPTER", help="or a notebook's path; those here if none is named")
    get.add_argument("--from", dest="given", type=Path, metavar="FILE", help="a fresh notebook, or what holds it")
    get.set_defaults(run=_get)
    status = add(
        commands, "status", "show what passes, the points, and what comes next",
        "Shows what your checks found on this machine. It is kept in ~/.built-in, or where AUTOGRADER_PROGRESS says.",
        ["autograder status", "autograder status ch03_convolution", "autograder status --json"], ["shown"],
    )  # fmt: skip
    status.add_argument("chapter", nargs="?", default="", metavar="CHAPTER", help="show its exercises one by one")
    status.add_argument("--json", action="store_true", help="print all of it as JSON")
    status.set_defaults(run=_status)
    submit = add(
        commands, "submit", "make the archive that you hand in",
        "Looks whether the notebook is whole, says what is not done in it, and packs it as it was last saved. It sends "
        "nothing and asks nothing: hand the archive in where your instructor said.",
        ["autograder submit ch03_convolution", "autograder submit ch03_convolution --as ada", "autograder submit"],
        ["the archive is made", "", "it is not; the message says why, and how to mend it"],
    )  # fmt: skip
    submit.add_argument("chapter", nargs="?", default="", metavar="CHAPTER", help="or the path of a notebook")
    submit.add_argument("--as", dest="student", default="", metavar="ID", help="your id in the course; remembered")
    submit.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder for the archive (this one)")
    submit.add_argument("--anyway", action="store_true", help="pack a notebook that is not whole")
    submit.set_defaults(run=_submit)


def _get(arguments: argparse.Namespace) -> int:
    from autograder.checking.outline import outlines
    from autograder.student.keeping import place
    from autograder.student.notebooks import NotebookProblem, all_below, meant
    from autograder.student.shelf import released, stems

    here, known = Path(), [chapter.stem for chapter in outlines()]
    wanted = arguments.chapters
    if not wanted:
        wanted = stems(arguments.given) if arguments.given else [path.stem for path in all_below(here)]
    if not wanted:
        raise NotebookProblem(f"name a chapter: autograder get {known[0]}. There are: {', '.join(known)}")
    for stem, path in [meant(what, here, known) for what in wanted]:
        print(place(released(stem, arguments.given), path, carry=True).words)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from autograder.checking.board import as_json, board
    from autograder.checking.outline import outlines
    from autograder.student.notebooks import named

    chapter = named(arguments.chapter, [each.stem for each in outlines()]) if arguments.chapter else ""
    shown = board(chapter)
    if arguments.json:
        print(json.dumps(as_json(shown), indent=1))
    else:
        _print(board(chapter or (shown.next[0].stem if shown.next else "")))
    return 0


def _print(shown: Board) -> None:
    """The board as a table where `rich` is installed, which the checks do not need; as text elsewhere."""
    try:
        from rich.console import Console
    except ImportError:
        print(shown)
        return
    from autograder.student.table import table

    Console().print(table(shown))


def _submit(arguments: argparse.Namespace) -> int:
    from autograder.student.handing_in import NOBODY, hand_in, saved

    made = hand_in(_notebook(arguments.chapter), arguments.out, arguments.student, anyway=arguments.anyway)
    if made.remarks:
        print(f"{made.stem} is not all done, and can be handed in all the same:")
        print("\n".join(f"  {remark}" for remark in made.remarks))
    print(f"made {made.path.resolve()}")
    print(f"from {made.notebook}, as saved on {saved(made.notebook)}; what you changed since then is not in it")
    print(f"SHA-256 {made.sha256}")
    if made.path.stem.endswith(f"_{NOBODY}"):
        print("It has no name on it, which is enough where you sign in to hand it in. Otherwise add --as and your id.")
    return 0


def _notebook(what: str) -> Path:
    """The notebook in this folder that is meant by a chapter or a path, or the only one that there is."""
    from autograder.checking.outline import outlines
    from autograder.student.notebooks import NotebookProblem, all_below, find, named

    here = Path()
    if not what:
        found = all_below(here)
        if len(found) == 1:
            return found[0]
        if found:
            raise NotebookProblem("say which: " + ", ".join(f"autograder submit {path.stem}" for path in found))
        raise NotebookProblem(f"there is no notebook of a chapter in this folder, {here.resolve()}. {_ELSEWHERE}")
    path = find(what, here)
    if path is None and not what.endswith(".ipynb"):
        path = find(named(what, [each.stem for each in outlines()]), here)
    if path is None:
        raise NotebookProblem(f"there is no notebook {what!r} in this folder, {here.resolve()}. {_ELSEWHERE}")
    return path
