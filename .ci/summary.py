"""Says where each thing is that `make` made, and how to open it."""

from __future__ import annotations

import csv
import sys
from pathlib import Path


def lines(sample: Path) -> list[tuple[str, str, str]]:
    """Rows of what, where, how to open it."""
    pages = len(list(Path("_build/html").glob("*.html")))
    notebooks = sorted(Path("exercises").glob("*/*.ipynb"))
    feedback = sorted(sample.glob("feedback/*/*/*.html"))
    grades = list(csv.DictReader((sample / "grades.csv").open(newline="", encoding="utf-8")))
    return [
        (f"The book ({pages} pages)", "_build/html/index.html", "make serve, or open the file"),
        (f"The exercises ({len(notebooks)} notebooks)", "exercises/", "make lab"),
        (f"A sample class ({len(grades)} submissions)", f"{sample}/submitted/", ""),
        ("  its grades", f"{sample}/grades.csv", "any spreadsheet"),
        (f"  its feedback ({len(feedback)} pages)", f"{sample}/feedback/", f"e.g. {feedback[0]}" if feedback else ""),
        ("  its gradebook", f"{sample}/gradebook.db", f"AUTOGRADER_COURSE={sample} make lab, then Nbgrader > Formgrader"),
    ]


def main() -> None:
    """Prints the table."""
    rows = lines(Path(sys.argv[1]))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    print()
    for what, where, how in rows:
        print(f"{what:<{widths[0]}}  {where:<{widths[1]}}  {how}".rstrip())


main()
