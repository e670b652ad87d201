"""The command line: what it is made of, and what becomes of errors. The commands are in autograder/commands/."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder import commands
from autograder.commands import Readable, authoring, grading, learning, returning, reviewing, teaching

_EPILOG = """examples:
  autograder get ch00_tensors                    a student begins
  autograder submit ch00_tensors                 and hands in
  autograder new-course ~/course-2026            an instructor begins
  autograder grade ch03_convolution              and grades
  autograder new-chapter ch10_mine               an author begins
  autograder COMMAND --help                      examples and exit codes of a command

Every command exits with 0 when all is well, 1 when something was found that a person should look at, 2 when it could
not be done, and 130 when it was stopped with Ctrl-C; what was finished by then is kept.
"""


def run() -> int:
    """`main` in a process that was started for it."""
    commands.own_process = True
    return main()


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 something was found wanting, 2 the command could not be carried out."""
    for stream in (sys.stdout, sys.stderr):  # a bar or a tick that a terminal cannot show is no reason to stop
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    arguments = parser().parse_args(argv)
    # nbgrader starts `alembic` by its bare name: it is beside this Python, which need not be on the path
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    try:
        return int(arguments.run(arguments))
    except BrokenPipeError:  # whoever read what it says has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on.", file=sys.stderr)
        return 130
    except Exception as error:
        if isinstance(error, OSError) and (error.filename or error.errno in _FULL):
            print(f"autograder: {_trouble(error)}", file=sys.stderr)
        elif type(error).__name__ in _EXPECTED:
            print(f"autograder: {error}", file=sys.stderr)
        else:
            raise
        return 2


def _trouble(error: OSError) -> str:
    """What a file or a disk refused, and what to do."""
    if error.errno in _FULL:
        return f"no space left{f' for {error.filename}' if error.filename else ''}. {_AGAIN.format('Make room')}"
    return f"{error.filename}: {error.strerror}. {_AGAIN.format(_MEND.get(error.errno or 0, 'Mend that'))}"


_AGAIN = "{} and give the same command again; what was finished is kept"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_MEND = {
    errno.ENOENT: "See that it is there",
    errno.EACCES: "See that you may read and write there",
    errno.EPERM: "See that you may read and write there",
    errno.EROFS: "See that you may write there",
}


# Errors whose message says what happened and what to do; by name, so that nothing is imported for them.
_EXPECTED = {
    "AuthoringError",
    "CourseProblem",
    "GradingProblem",
    "KeyProblem",
    "NotebookProblem",
    "ReferenceProblem",
    "ReleaseError",
    "SandboxProblem",
    "Unreadable",
}


def parser() -> argparse.ArgumentParser:
    """The parser of all commands, in the order in which `--help` lists them."""
    parser = argparse.ArgumentParser(
        prog="autograder",
        description="Do the exercises of the course, teach with them, grade them, and write more of them.",
        epilog=_EPILOG,
        formatter_class=Readable,
    )
    all_commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (learning, teaching, returning, grading, reviewing, authoring):
        module.add_commands(all_commands)
    return parser


if __name__ == "__main__":
    sys.exit(run())
