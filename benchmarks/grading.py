"""What grading a class costs: nbgrader's own autograde against the engine, on the same submissions.

    python benchmarks/grading.py [--students 40] [--stock-sample 10] [--seconds 10]

Two classes of one chapter are graded, each by both graders: submissions that come to an end by themselves (right,
partly wrong, a syntax error, an exception), and submissions that must be stopped (an infinite loop, a memory hog),
which cost any grader the time limit. A class of untouched notebooks gives what a submission costs that does no work.
Processor time is that of every process started, from the control group. Writes _build/benchmarks/grading.json.
"""

from __future__ import annotations

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
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from autograder.authoring.chapter import Chapter, load_chapter
from autograder.execution.watch import descendants, memory_of
from autograder.grading import release, sample
from autograder.grading.sample import Attempt

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "_build" / "benchmarks" / "grading.json"
GROUPS = ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")
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
class Cost:
    """What one run of a grader took: seconds and bytes. Memory is proportional, so nothing shared counts twice."""

    submissions: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def cpu_each(self) -> float:
        """Processor seconds of one submission, its share of the start included."""
        return self.cpu_seconds / self.submissions


@dataclass(frozen=True)
class Run:
    """A grader's cost on a class, with the scores that it gave."""

    cost: Cost
    scores: Mapping[str, Mapping[str, float]]


def main() -> None:
    """Measures, prints a table, writes JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--chapter", default="ch03_convolution")
    options.add_argument("--students", type=int, default=40, help="size of the class (40)")
    options.add_argument(
        "--stock-sample", type=int, default=0, metavar="N", help="nbgrader grades only every kth, N in all"
    )
    options.add_argument("--seconds", type=int, default=10, help="time limit of a cell for both graders (10)")
    options.add_argument(
        "--jobs", type=int, default=1, help="submissions at a time in the engine; nbgrader has one (1)"
    )
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        measured = _measure(Path(folder), chosen)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(measured, indent=1))
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
    for label, group in (("ended", ended), ("stopped", stopped)):
        engine = _run("engine", folder, chapter, group, chosen)
        part = _part(group, chosen.stock_sample if label == "ended" else 0)
        stock = _run("nbgrader", folder, chapter, part, chosen)
        found[label] = {
            "engine": _as_json(engine.cost),
            "nbgrader": _as_json(stock.cost),
            "cpu_ratio": round(stock.cost.cpu_each / engine.cost.cpu_each, 1),
            "different_scores": _differences(engine.scores, stock.scores),
        }
    one = _run("engine", folder, chapter, dict(list(idle.items())[:1]), chosen).cost
    all_idle = _run("engine", folder, chapter, idle, chosen).cost
    found["idle"] = {
        "start_cpu_seconds": round(one.cpu_seconds, 3),
        "cpu_seconds_each": round((all_idle.cpu_seconds - one.cpu_seconds) / (len(idle) - 1), 4),
    }
    found["all"] = _together(found["ended"], found["stopped"])
    return found


def _together(*parts: dict) -> dict:
    """Both classes as one: nbgrader's cost on a sample is taken for the whole of its class."""
    engine = sum(part["engine"]["cpu_seconds"] for part in parts)
    stock = sum(part["nbgrader"]["cpu_each"] * part["engine"]["submissions"] for part in parts)
    return {"engine_cpu_seconds": engine, "nbgrader_cpu_seconds": stock, "cpu_ratio": round(stock / engine, 1)}


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
    grader: str, folder: Path, chapter: Chapter, group: Mapping[str, NotebookNode], chosen: argparse.Namespace
) -> Run:
    """Grades a class in a course of its own."""
    root = Path(tempfile.mkdtemp(dir=folder))
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
    cost = _cost([sys.executable, "-W", "ignore", "-m", *command], root, len(group))
    return Run(cost, _scores(root, chapter.stem))


def _scores(root: Path, stem: str) -> dict[str, dict[str, float]]:
    url = release.course_config(root).CourseDirectory.db_url
    with Gradebook(url, "built-in") as gradebook:
        return {
            each.student.id: {grade.name: grade.auto_score for notebook in each.notebooks for grade in notebook.grades}
            for each in gradebook.assignment_submissions(stem)
        }


def _differences(engine: Mapping[str, Mapping[str, float]], stock: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [
        f"{student} {name}: engine {engine[student][name]}, nbgrader {score}"
        for student, grades in stock.items()
        for name, score in grades.items()
        if engine[student][name] != score
    ]


def _cost(command: list[str], root: Path, submissions: int) -> Cost:
    """Runs a command and measures it and everything that it starts."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUTOGRADER_")}
    environment |= {"OMP_NUM_THREADS": "1", "AUTOGRADER_KEY": "the key of the benchmark"}
    began = time.monotonic()
    with _control_group() as group:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=root, env=environment, stdout=log, stderr=log, preexec_fn=lambda: _enter(group)
            )
            peak = _Peak(process.pid)
            process.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        reaped = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        cpu = _cpu_of(group) if group else reaped
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} failed:\n{(root / 'log').read_text()[-3000:]}")
    return Cost(submissions, time.monotonic() - began, cpu, peak.stop())


class _Peak(threading.Thread):
    """The highest proportional memory of a process and its descendants, looked at twice a second."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root, self._over, self._bytes = root, threading.Event(), 0
        self.start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(0.5):
            self._bytes = max(self._bytes, sum(memory_of(each) for each in (self._root, *descendants(self._root))))

    def stop(self) -> int:
        """The highest so far."""
        self._over.set()
        self.join()
        return self._bytes


@contextmanager
def _control_group() -> Iterator[Path | None]:
    """A new control group, or None where none may be made; then only processes that were waited for are counted."""
    for parent in map(Path, GROUPS):
        group = parent / f"benchmark-{os.getpid()}"
        try:
            group.mkdir()
            if not (group / "cgroup.procs").exists():
                group.rmdir()
                continue
        except OSError:
            continue
        yield group
        for _ in range(100):
            try:
                group.rmdir()
                return
            except OSError:
                time.sleep(0.1)
        return
    yield None


def _enter(group: Path | None) -> None:
    if group:
        (group / "cgroup.procs").write_text("0")


def _cpu_of(group: Path) -> float:
    old = group / "cpuacct.usage"
    if old.exists():
        return int(old.read_text()) / 1e9
    fields = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


def _as_json(cost: Cost) -> dict:
    return {**{name: round(value, 3) for name, value in asdict(cost).items()}, "cpu_each": round(cost.cpu_each, 4)}


def _print(found: dict) -> None:
    console = Console()
    table = Table("class", "grader", "submissions", "wall s", "CPU s", "CPU s each", "peak MB", title=found["chapter"])
    for label in ("ended", "stopped"):
        for grader in ("nbgrader", "engine"):
            cost = found[label][grader]
            wall, cpu, each = (f"{cost[name]:.2f}" for name in ("wall_seconds", "cpu_seconds", "cpu_each"))
            row = (label, grader, str(cost["submissions"]), wall, cpu, each, f"{cost['peak_bytes'] / 1e6:.0f}")
            table.add_row(*row)
    console.print(table)
    ended, stopped, together = (found[label]["cpu_ratio"] for label in ("ended", "stopped", "all"))
    console.print(f"nbgrader needs {ended} times the CPU where submissions end by themselves, {stopped} times where")
    console.print(f"they are stopped after {found['time_limit']} s, {together} times on the whole class.")
    idle = found["idle"]
    console.print(
        f"A start costs {idle['start_cpu_seconds']:.2f} s of CPU, a submission that does no work "
        f"{1000 * idle['cpu_seconds_each']:.0f} ms, recording included."
    )
    for line in [*found["ended"]["different_scores"], *found["stopped"]["different_scores"]]:
        console.print(f"different: {line}")


if __name__ == "__main__":
    main()
