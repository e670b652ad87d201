"""What a page on a class and an export of its grades cost, for a made-up class of any size.

Run as `python benchmarks/insight.py [--students N] [--large N]`; writes _build/benchmarks/insight.json. The
submissions are attempts of the sample class with filler of their own in the exercises; some are copies of others with
other names, and the page should show these.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

import nbformat
from nbgrader import api
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import insert

from autograder.authoring.chapter import Chapter, load_chapter
from autograder.grading import release, sample
from autograder.grading.sample import Attempt

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "_build" / "benchmarks" / "insight.json"
STEM = "ch03_convolution"
COPIES = 20  # of a class, one after each so many students


def _filled(source: str, luck: random.Random) -> str:
    """The source with statements before its last line that nobody else has."""
    *lines, last = source.rstrip().split("\n")
    indent = " " * (len(last) - len(last.lstrip()))
    for _ in range(luck.randrange(5)):
        name, other, sign = luck.choice("abcnk"), luck.choice("abcnk"), luck.choice("+-*")
        numbers = [luck.randrange(99) for _ in range(3)]
        forms = (
            f"{name} = ({numbers[0]} {sign} {numbers[1]}) * {luck.random():.3f}",
            f"{name} = [{other} {sign} {numbers[0]} for {other} in range({numbers[1]}, {numbers[2]})]",
            f"{name} = {luck.choice(['sum', 'max', 'min', 'sorted'])}([{numbers[0]}, {numbers[1]}])",
        )
        lines.append(indent + luck.choice(forms))
    return "\n".join([*lines, last])


def _attempts(chapter: Chapter, luck: random.Random) -> dict[str, Attempt]:
    kinds = {"solution": 10, "variant": 5, "mistake": 7, "stub": 3}
    found = {}
    for name, exercise in chapter.exercises.items():
        kind = luck.choices(list(kinds), list(kinds.values()))[0]
        versions = sorted({"mistake": exercise.mistakes, "variant": exercise.variants}.get(kind, ()))
        found[name] = (
            Attempt(kind, luck.choice(versions)) if versions else Attempt("solution" if kind != "stub" else kind)
        )
    return found


def _verdict(chapter: Chapter, name: str, attempt: Attempt) -> dict[str, object]:
    points = chapter.exercises[name].points
    right = attempt.kind in ("solution", "variant")
    finding = {"mistake": "values", "stub": "not implemented"}.get(attempt.kind)
    mistake = attempt.version if attempt.kind == "mistake" else None
    said = {"exercise": name, "points": points if right else 0.0, "max_points": points}
    return said | {"finding": finding, "mistake": mistake}


def _graded(chapter: Chapter, released: dict, students: int, root: Path) -> dict[str, dict[str, float]]:
    """By student the points by grade id; the graded notebooks are below `root`."""
    luck, scores, before = random.Random(1), {}, {}
    answer = cache(lambda name, attempt: sample.answer(chapter.exercises[name], attempt))
    cells = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in released["cells"] if "nbgrader" in cell["metadata"]
    }
    for number in track(range(students), f"making {students} submissions", transient=True):
        copied = number % (students // COPIES) == 1
        if not copied:
            attempts = _attempts(chapter, luck)
            sources = {name: _filled(answer(name, each), luck) for name, each in attempts.items()}
        else:
            attempts, sources = before["attempts"], {n: sample.renamed(each) for n, each in before["sources"].items()}
        before = {"attempts": attempts, "sources": sources}
        verdicts = {f"check-{name}": _verdict(chapter, name, each) for name, each in attempts.items()}
        for name, source in sources.items():
            cells[name]["source"] = source
        usage = {"cpu_seconds": round(luck.lognormvariate(-1.5, 0.5), 3), "reason": "closed"}
        released["metadata"]["autograder"] = {
            "verdicts": verdicts,
            "problems": {},
            "irregularities": [],
            "usage": usage,
        }
        folder = root / "_build" / "course" / "autograded" / f"s{number:05}" / STEM
        folder.mkdir(parents=True)
        (folder / f"{STEM}.ipynb").write_text(json.dumps(released))
        scores[folder.parent.name] = {cell: float(each["points"]) for cell, each in verdicts.items()}
    return scores


def _enter(gradebook: api.Gradebook, scores: dict[str, dict[str, float]]) -> None:
    """Writes a class into the gradebook, many rows at a time."""
    assignment = gradebook.find_assignment(STEM)
    notebook = gradebook.find_notebook(STEM, STEM)
    cells = {cell.name: cell.id for cell in notebook.grade_cells}
    rows: dict[type, list[dict]] = {
        each: [] for each in (api.Student, api.SubmittedAssignment, api.SubmittedNotebook, api.Grade)
    }
    for student, points in scores.items():
        submission, submitted = uuid4().hex, uuid4().hex
        rows[api.Student].append({"id": student, "first_name": student.upper(), "last_name": "Made-up"})
        rows[api.SubmittedAssignment].append(
            {
                "id": submission,
                "assignment_id": assignment.id,
                "student_id": student,
                "timestamp": datetime(2026, 10, 5),
            }
        )
        rows[api.SubmittedNotebook].append({"id": submitted, "assignment_id": submission, "notebook_id": notebook.id})
        rows[api.Grade] += [
            {
                "id": uuid4().hex,
                "cell_id": cells[name],
                "notebook_id": submitted,
                "auto_score": each,
                "needs_manual_grade": False,
            }
            for name, each in points.items()
        ]
    for table, lines in rows.items():
        gradebook.db.execute(insert(table), lines)
    gradebook.db.commit()


def _course(root: Path, students: int) -> None:
    """A course in `root` whose class is graded."""
    (root / "_build").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "solutions" / STEM, root / "solutions" / STEM)
    chapter = load_chapter(STEM)
    release.build([STEM], {STEM: {name: each.points for name, each in chapter.exercises.items()}}, root, record=True)
    released = nbformat.read(root / "exercises" / STEM / f"{STEM}.ipynb", as_version=4)
    scores = _graded(chapter, json.loads(json.dumps(released)), students, root)
    config = release.course_config(root)
    with api.Gradebook(config.CourseDirectory.db_url, "built-in") as gradebook:
        _enter(gradebook, scores)


def _timed(root: Path, *words: str) -> dict[str, float]:
    """Wall and processor seconds of a command, and the peak memory of its largest process so far."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-m", *words], cwd=root, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - began
    return {"wall_s": round(wall, 1), "cpu_s": round(used, 1), "peak_mb": round(after.ru_maxrss / 1024)}


def _measure(students: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="autograder-benchmark-") as name:
        root = Path(name)
        _course(root, students)
        insight = _timed(root, "autograder", "insight", STEM, "--output", "class.html", "--json", "class.json")
        export = "--exporter=autograder.grading.export.CanvasExport"
        canvas = _timed(root, "nbgrader", "export", export, "--to", "canvas.csv")
        figures = json.loads((root / "class.json").read_text())
        step = students // COPIES
        wanted = {(f"s{n - 1:05}", f"s{n:05}") for n in range(1, students, step)}
        shown = {tuple(sorted((each["alike"]["left"], each["alike"]["right"]))) for each in figures["pairs"]}
        return {
            "students": students,
            "insight": insight | {"page_kb": round((root / "class.html").stat().st_size / 1024)},
            "canvas": canvas,
            "copies": {"made": len(wanted), "shown": len(wanted & shown), "others_shown": len(shown - wanted)},
        }


def main() -> None:
    """Measure, print, and write the result."""
    warnings.filterwarnings("ignore", "Object of type")
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--students", type=int, default=40, help="in the small class")
    options.add_argument("--large", type=int, default=30_000, help="in the large class")
    chosen = options.parse_args()
    classes = [_measure(students) for students in (chosen.students, chosen.large)]
    table = Table("students", "what", "wall s", "cpu s", "peak MB")
    for each in classes:
        for what in ("insight", "canvas"):
            used = each[what]
            table.add_row(str(each["students"]), what, *(str(used[key]) for key in ("wall_s", "cpu_s", "peak_mb")))
    console = Console()
    console.print(table)
    for each in classes:
        console.print(each["students"], "students: a page of", each["insight"]["page_kb"], "kB; copies", each["copies"])
    machine = {"processors": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"machine": machine, "classes": classes}, indent=1))


if __name__ == "__main__":
    main()
