"""What grading a class costs: the engine, nbgrader's own autograde and otter-grader, on the same submissions.

    python benchmarks/grading.py [--students 40] [--sample 10] [--seconds 10] [--publish]

Two classes of one chapter are graded, each by all graders: submissions that come to an end by themselves (right,
partly wrong, a syntax error, an exception), and submissions that must be stopped (an infinite loop, a memory hog),
which cost any grader the time limit. A class of untouched notebooks gives what a submission costs that does no work.
Processor time is that of every process started, from the control group. otter-grader is installed into an environment
of its own below _build/; where that cannot be, the table says so. Writes _build/benchmarks/grading.json; the book shows
the committed copy, benchmarks/results/grading.json, which --publish writes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import against_otter
import measuring
import nbformat
from measuring import Cost
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from autograder.authoring.chapter import Chapter, load_chapter
from autograder.grading import release, sample
from autograder.grading.integrity import ReleasedCell
from autograder.grading.nbgrader_steps import released_cells
from autograder.grading.sample import Attempt

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "_build" / "benchmarks" / "grading.json"
PUBLISHED = ROOT / "benchmarks" / "results" / "grading.json"
RIVALS = ("nbgrader", "otter")
OTTER_FACTOR = 3  # otter has no limit for a cell: a submission is dropped after so many times that limit
OTTER_LIMIT = 600  # seconds for a submission that ends by itself
HONEST = ("right", "partly wrong", "syntax error", "exception")
STOPPED = ("infinite loop", "memory hog")
SHARES = {"right": 16, "partly wrong": 12, "syntax error": 4, "exception": 4, "infinite loop": 2, "memory hog": 2}
HOG = "hog = []\nfor _ in range(32):\n    hog.append(torch.ones(1 << 24))  # 64 MB each, 2 GB in all"
LOOP = "while True:\n    pass"
STOCK = """
c.Autograde.sanitize_preprocessors = ["nbgrader.preprocessors." + n for n in (
    "ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata")]
c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.Execute", "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor"] + ["nbgrader.preprocessors." + n for n in (
    "LimitOutput", "SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata")]
c.Execute.timeout = {seconds}
"""
ENGINE = """
c.ConfinedExecutor.cell_seconds = {seconds}
c.ConfinedExecutor.memory_megabytes = 1024
"""


@dataclass(frozen=True)
class Run:
    """A grader's cost on a class, with the scores that it gave, by student and exercise."""

    cost: Cost
    scores: Mapping[str, Mapping[str, float]]


def main() -> None:
    """Measures, prints a table, writes JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--chapter", default="ch03_convolution")
    options.add_argument("--students", type=int, default=40, help="size of the class (40)")
    options.add_argument(
        "--sample", type=int, default=0, metavar="N", help="nbgrader and otter grade only every kth, N in all"
    )
    options.add_argument(
        "--seconds", type=int, default=10, help="time limit of a cell for the engine and nbgrader (10)"
    )
    options.add_argument("--jobs", type=int, default=1, help="submissions at a time in the engine; others have one (1)")
    options.add_argument("--publish", action="store_true", help=f"write {PUBLISHED.relative_to(ROOT)} as well")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        measured = _measure(Path(folder), chosen)
    for path in (RESULT, PUBLISHED) if chosen.publish else (RESULT,):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measured, indent=1) + "\n")
    _print(measured)


def _measure(folder: Path, chosen: argparse.Namespace) -> dict:
    chapter = load_chapter(chosen.chapter)
    made = dict(_class(chapter, chosen.students))
    ended = {name: nb for name, (kind, nb) in made.items() if kind in HONEST}
    stopped = {name: nb for name, (kind, nb) in made.items() if kind in STOPPED}
    released = _released(chapter.stem)
    idle = {f"idle{i:02}": _touched(released, i) for i in range(21)}
    found: dict = {"chapter": chapter.stem, "students": chosen.students, "time_limit": chosen.seconds}
    found |= {"machine": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    found["versions"] = {"nbgrader": version("nbgrader"), "otter": against_otter.VERSION, "torch": version("torch")}
    found["load_at_start"] = round(os.getloadavg()[0], 1)
    for label, group in (("ended", ended), ("stopped", stopped)):
        engine = _run("engine", folder, chapter, group, chosen)
        found[label] = {"engine": _as_json(engine.cost), "cpu_ratio": {}, "different_scores": []}
        part = _part(group, chosen.sample if label == "ended" else 0)
        for rival in RIVALS:
            try:
                run = _run(rival, folder, chapter, part, chosen, OTTER_FACTOR * chosen.seconds * (label == "stopped"))
            except against_otter.NoOtter as problem:
                found["no_otter"] = str(problem)
                continue
            found[label][rival] = _as_json(run.cost)
            found[label]["cpu_ratio"][rival] = round(run.cost.cpu_each / engine.cost.cpu_each, 1)
            found[label]["different_scores"] += _differences(engine.scores, rival, run.scores)
    one = _run("engine", folder, chapter, dict(list(idle.items())[:1]), chosen).cost
    all_idle = _run("engine", folder, chapter, idle, chosen).cost
    found["idle"] = {
        "start_cpu_seconds": round(one.cpu_seconds, 3),
        "cpu_seconds_each": round((all_idle.cpu_seconds - one.cpu_seconds) / (len(idle) - 1), 4),
    }
    found["all"] = _together(found["ended"], found["stopped"])
    return found


def _together(*parts: dict) -> dict:
    """Both classes as one: what others cost on a sample is taken for the whole of its class."""
    found: dict = {
        "engine_cpu_seconds": round(sum(part["engine"]["cpu_seconds"] for part in parts), 2),
        "cpu_ratio": {},
    }
    for rival in (each for each in RIVALS if each in parts[0]):
        seconds = sum(part[rival]["cpu_each"] * part["engine"]["submissions"] for part in parts)
        found[f"{rival}_cpu_seconds"] = round(seconds, 2)
        found["cpu_ratio"][rival] = round(seconds / found["engine_cpu_seconds"], 1)
    return found


def _part(group: dict[str, NotebookNode], count: int) -> dict[str, NotebookNode]:
    """Every kth of the group, so that every kind is among them."""
    names = list(group)
    step = len(names) / count if 0 < count < len(names) else 1
    return {names[int(i * step)]: group[names[int(i * step)]] for i in range(int(len(names) / step))}


def _class(chapter: Chapter, students: int) -> Iterator[tuple[str, tuple[str, NotebookNode]]]:
    """By student, the kind of the submission and its notebook."""
    released = _released(chapter.stem)
    total = sum(SHARES.values())
    kinds = [kind for kind, share in SHARES.items() for _ in range(max(1, round(share * students / total)))]
    for number, kind in enumerate(kinds):
        luck = random.Random(number)
        notebook = nbformat.from_dict(released)
        last = list(chapter.exercises)[-1]
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in chapter.exercises:
                cell.source = sample.answer(chapter.exercises[name], _attempt(chapter, name, kind, luck, name == last))
                if name == last and kind in STOPPED:
                    cell.source = f"import torch\n{HOG if kind == 'memory hog' else LOOP}"
        yield f"s{number:02}", (kind, _touched(notebook, number))


def _attempt(chapter: Chapter, name: str, kind: str, luck: random.Random, last: bool) -> Attempt:
    """Right everywhere but where the kind says otherwise: in every other exercise, or in the last one."""
    exercise = chapter.exercises[name]
    if kind == "partly wrong" and exercise.mistakes and luck.random() < 0.5:
        return Attempt("mistake", luck.choice(sorted(exercise.mistakes)))
    if kind in ("syntax error", "exception") and last:
        return Attempt(kind)
    return Attempt("solution")


def _touched(notebook: NotebookNode, number: int) -> NotebookNode:
    """The notebook with a cell of its own, so that no result is shared."""
    copy = nbformat.from_dict(notebook)
    copy.cells.append(v4.new_code_cell(f"{number}", id=f"number{number}"))
    return copy


def _released(stem: str) -> NotebookNode:
    return nbformat.read(ROOT / "exercises" / stem / f"{stem}.ipynb", as_version=4)


def _run(
    grader: str,
    folder: Path,
    chapter: Chapter,
    group: Mapping[str, NotebookNode],
    chosen: argparse.Namespace,
    otter_limit: float = 0,
) -> Run:
    """Grades a class in a course of its own. Raises NoOtter where otter-grader cannot be had."""
    root = Path(tempfile.mkdtemp(dir=folder))
    if grader == "otter":
        command = against_otter.command(root, chapter, group, otter_limit or OTTER_LIMIT)
        return Run(measuring.cost(command, root, len(group)), against_otter.scores(root))
    shutil.copytree(ROOT / "solutions" / chapter.stem, root / "solutions" / chapter.stem)
    words = (STOCK if grader == "nbgrader" else ENGINE).format(seconds=chosen.seconds)
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + words)
    points = {name: exercise.points for name, exercise in chapter.exercises.items()}
    release.build([chapter.stem], {chapter.stem: points}, root, record=True)
    for student, notebook in group.items():
        path = root / "_build" / "course" / "submitted" / student / chapter.stem / f"{chapter.stem}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
    engine = ["autograder", "grade", chapter.stem, "--jobs", str(chosen.jobs)]
    command = engine if grader == "engine" else ["nbgrader", "autograde", chapter.stem]
    cost = measuring.cost([sys.executable, "-W", "ignore", "-m", *command], root, len(group))
    return Run(cost, _scores(root, chapter.stem))


def _scores(root: Path, stem: str) -> dict[str, dict[str, float]]:
    """By student and exercise, what is in the gradebook."""
    url = release.course_config(root).CourseDirectory.db_url
    with Gradebook(url, "built-in") as gradebook:
        cells = _checks(released_cells(gradebook.find_notebook(stem, stem)))
        return {
            each.student.id: {
                cells[grade.name]: grade.auto_score
                for notebook in each.notebooks
                for grade in notebook.grades
                if grade.name in cells
            }
            for each in gradebook.assignment_submissions(stem)
        }


def _checks(cells: list[ReleasedCell]) -> dict[str, str]:
    """The exercise of every test cell of ours, by its name."""
    return {cell.name: cell.exercise for cell in cells if cell.exercise}


def _differences(
    engine: Mapping[str, Mapping[str, float]], rival: str, scores: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Where a grader gave other points. A submission that otter had to drop has none."""
    return [
        f"{student} {name}: engine {engine[student][name]}, {rival} {score}"
        for student, grades in scores.items()
        for name, score in grades.items()
        if engine[student][name] != score
    ]


def _as_json(cost: Cost) -> dict:
    return {**{name: round(value, 3) for name, value in asdict(cost).items()}, "cpu_each": round(cost.cpu_each, 4)}


def _print(found: dict) -> None:
    console = Console()
    table = Table("class", "grader", "submissions", "wall s", "CPU s", "CPU s each", "peak MB", title=found["chapter"])
    for label in ("ended", "stopped"):
        for grader in ("engine", *(each for each in RIVALS if each in found[label])):
            cost = found[label][grader]
            wall, cpu, each = (f"{cost[name]:.2f}" for name in ("wall_seconds", "cpu_seconds", "cpu_each"))
            row = (label, grader, str(cost["submissions"]), wall, cpu, each, f"{cost['peak_bytes'] / 1e6:.0f}")
            table.add_row(*row)
    console.print(table)
    for rival in found["ended"]["cpu_ratio"]:
        ended, stopped, together = (found[label]["cpu_ratio"][rival] for label in ("ended", "stopped", "all"))
        console.print(
            f"{rival} needs {ended} times the CPU where submissions end by themselves, {stopped} times where they are "
            f"stopped after {found['time_limit']} s, {together} times on the whole class."
        )
    if "no_otter" in found:
        console.print(f"otter-grader was not measured: {found['no_otter']}")
    idle = found["idle"]
    console.print(
        f"A start costs {idle['start_cpu_seconds']:.2f} s of CPU, a submission that does no work "
        f"{1000 * idle['cpu_seconds_each']:.0f} ms, recording included."
    )
    for line in [*found["ended"]["different_scores"], *found["stopped"]["different_scores"]]:
        console.print(f"different: {line}")


if __name__ == "__main__":
    main()
