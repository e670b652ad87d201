"""The audit as a table for the terminal, as Markdown for the book, and as complaints that fail a build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from autograder.authoring.audit import ExerciseAudit

LEAST_MUTANTS_REJECTED = 0.95
COLUMNS = ("exercise", "cases", "mistakes rejected", "and named", "variants accepted", "mutants rejected", "explained")


def rows(audits: Iterable[ExerciseAudit]) -> list[tuple[str, ...]]:
    """One row an exercise, in the order of `COLUMNS`."""
    return [
        (
            a.name,
            str(a.cases),
            f"{a.mistakes_rejected} of {a.mistakes}",
            f"{a.mistakes_named} of {a.mistakes}",
            f"{a.variants_accepted} of {a.variants}",
            f"{a.mutants_rejected} of {a.mutants}",
            str(len(a.survivors) - len(a.unexplained)),
        )
        for a in audits
    ]


def as_table(stem: str, audits: Sequence[ExerciseAudit]) -> Table:
    """A rich table of one chapter."""
    table = Table(title=stem, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column(COLUMNS[0], no_wrap=True)
    for column in COLUMNS[1:]:
        table.add_column(column, justify="right")
    for row in rows(audits):
        table.add_row(*row)
    return table


def as_markdown(audits: Sequence[ExerciseAudit]) -> str:
    """A Markdown table of one chapter."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|:--" + "|--:" * (len(COLUMNS) - 1) + "|"]
    lines += ["| " + " | ".join([f"`{row[0]}`", *row[1:]]) + " |" for row in rows(audits)]
    return "\n".join(lines)


def complaints(stem: str, audits: Sequence[ExerciseAudit]) -> list[str]:
    """What an author must mend: one line each, with the change of every unexplained surviving mutant."""
    found = []
    for a in audits:
        where = f"{stem}: {a.name}"
        if a.mistakes_rejected < a.mistakes:
            found.append(f"{where}: {a.mistakes - a.mistakes_rejected} known mistakes pass")
        found += [f"{where}: the mistake {name} is not named as itself" for name in a.misnamed]
        found += [f"{where}: the correct variant {name} is refused" for name in a.variants_refused]
        if a.share_rejected < LEAST_MUTANTS_REJECTED:
            found.append(f"{where}: only {a.share_rejected:.0%} of the mutants are rejected")
        found += [f"{where}: line {s.line}: survives: {s.change}" for s in a.unexplained]
    return found
