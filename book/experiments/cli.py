"""The command line: `python -m experiments.k1 [--quick]` for one, `python -m experiments [--all | --check]` for all."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from experiments import record

QUICK_RESULTS = record.FOLDER.parents[1] / "_build" / "experiments" / "quick"
console = Console()


def main(name: str, arguments: Sequence[str] | None = None) -> None:
    """Runs the experiment `name`. A quick run goes to `_build/` and never replaces a result of the book."""
    experiment = record.module(name)
    parser = argparse.ArgumentParser(prog=f"python -m experiments.{name}", description=experiment.CLAIM)
    parser.add_argument("--quick", action="store_true", help="the small setting of the tests, kept under _build/")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the stored result into FILE, and run nothing")
    chosen = parser.parse_args(arguments)
    if chosen.figure:
        experiment.figure(record.load(name)).savefig(chosen.figure, dpi=160)
        return
    run_and_store(name, quick=chosen.quick)


def main_all(arguments: Sequence[str] | None = None) -> int:
    """Runs every experiment whose result is older than its code; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=main_all.__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="run every experiment, stale or not")
    which.add_argument("--check", action="store_true", help="run nothing; exit 1 when a result is stale")
    chosen = parser.parse_args(arguments)
    stale = [name for name in record.names() if chosen.all or record.is_stale(name)]
    if chosen.check:
        for name in stale:
            console.print(f"{name} is older than its code; run: python -m experiments.{name}")
        return 1 if stale else 0
    for name in stale:
        run_and_store(name)
    if not stale:
        console.print(f"{', '.join(record.names())}: every result is up to date")
    return 0


def run_and_store(name: str, quick: bool = False) -> Path:
    """The file with the result of the experiment `name`, run here with a progress bar."""
    experiment = record.module(name)
    settings, folder = (experiment.QUICK, QUICK_RESULTS) if quick else (experiment.DEFAULT, record.RESULTS)
    columns = (TextColumn("{task.fields[name]}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=1.0, name=name)
        result = record.run(name, settings, lambda share, what: progress.update(bar, completed=share, description=what))
        progress.update(bar, completed=1.0, description=f"{result['cpu_seconds']} CPU-seconds")
    path = record.store(result, folder)
    console.print(experiment.summary(result)["verdict"])
    console.print(f"stored in {path}", style="dim", soft_wrap=True)
    return path
