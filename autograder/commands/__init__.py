"""Commands of the command line. Each imports what it needs when it runs, so that `--help` is immediate."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Commands = argparse._SubParsersAction  # argparse has no public name for it
ROOT = Path(__file__).parents[2]
own_process = False  # whether this process was started for a command, and so may be begun anew by it


def add(
    commands: Commands, name: str, does: str, more: str, examples: Sequence[str], exits: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """A command with one line of help, a paragraph, examples that work, and what each exit code means."""
    text = "examples:\n" + "".join(f"  {example}\n" for example in examples)
    codes = [f"  {code}  {meaning}\n" for code, meaning in enumerate(exits) if meaning]
    return commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}. {more}".strip(),
        epilog=text + ("\nexit codes:\n" + "".join(codes) if codes else ""),
        formatter_class=Readable,
    )


class Readable(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of examples, and wraps the paragraph above them."""

    def __init__(self, prog: str) -> None:
        width = min(shutil.get_terminal_size().columns - 2, 110)
        super().__init__(prog, max_help_position=26, width=width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)


def new_file(text: str) -> Path:
    """The path of a file to write, whose folder is there: known before hours of work, and not after them."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def lighten() -> None:
    """Makes imports that follow cheaper by a second or more."""
    # jsonschema compiles a grammar of internationalised addresses, unless the package that has it is missing.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def course_root() -> Path:
    """The folder whose nbgrader_config.py counts: this one if it has one, as for nbgrader, or else the repository."""
    here = Path.cwd()
    return here if (here / "nbgrader_config.py").is_file() else ROOT


@contextmanager
def progress(words: str, total: int | None) -> Iterator[Callable[[object], None]]:
    """A bar on the terminal while something is done `total` times (None: unknown); call what it gives each time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=total)

        def done(_: object = None) -> None:
            bar.advance(task)

        yield done
