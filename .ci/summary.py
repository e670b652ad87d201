"""Says where each thing is that `make` made, and how to open it."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

NOT_WRITTEN = {"genindex", "search"}


def rows(sample: Path) -> list[tuple[str, str, str]]:
    """What there is, where, and how to open it."""
    pages = [path for path in Path("_build/html").glob("*.html") if path.stem not in NOT_WRITTEN]
    notebooks = list(Path("exercises").glob("*/*.ipynb"))
    feedback = sorted(sample.glob("feedback/*/*/*.html"))
    insight = sorted(sample.glob("insight/*.html"))
    with (sample / "grades.csv").open(newline="", encoding="utf-8") as file:
        graded = len(list(csv.DictReader(file)))
    return [
        (f"the book, {len(pages)} pages", "_build/html/index.html", "make serve"),
        (f"the exercises, {len(notebooks)} notebooks", "exercises/", "make lab"),
        (f"a sample class, {graded} submissions graded", f"{sample}/grades.csv", "any spreadsheet"),
        (f"its feedback, {len(feedback)} pages", str(next(iter(feedback), sample / "feedback")), "any browser"),
        (f"what it shows, {len(insight)} pages", str(next(iter(insight), sample / "insight")), "any browser"),
        ("its gradebook", f"{sample}/gradebook.db", f"AUTOGRADER_COURSE={sample} make lab"),
    ]


def main() -> None:
    """Prints the table."""
    table = [("WHAT", "WHERE", "OPEN WITH"), *rows(Path(sys.argv[1]))]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    print()
    for what, where, how in table:
        print(f"{what:<{widths[0]}}  {where:<{widths[1]}}  {how}".rstrip())


main()
