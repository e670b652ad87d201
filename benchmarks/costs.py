"""Puts into words what grading.py and forks.py measured: the page for instructors includes the result.

python benchmarks/costs.py        writes benchmarks/results/costs.md from the two JSON files beside it
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
NAMES = {"nbgrader": "nbgrader", "otter": "otter-grader"}
CLASS, CROWD = 30, 30_000


def render(grading: dict[str, Any], forks: dict[str, Any]) -> str:
    """The section's text, from the results of both benchmarks."""
    parts = [_how(grading), _table(grading), _beside(grading, forks), _sums(grading)]
    return "<!-- written by benchmarks/costs.py -->\n" + "\n\n".join(parts) + "\n"


def _rivals(grading: dict[str, Any]) -> list[str]:
    return [name for name in NAMES if name in grading["ended"]]


def _how(grading: dict[str, Any]) -> str:
    ended, stopped = (grading[label]["engine"]["submissions"] for label in ("ended", "stopped"))
    sampled = grading["ended"]["nbgrader"]["submissions"]
    others = " and ".join(NAMES[name] for name in _rivals(grading))
    part = "all of them" if sampled == ended else f"every kind of them, {sampled} of those that end by themselves"
    different = len(grading["ended"]["different_scores"]) + len(grading["stopped"]["different_scores"])
    same = "All gave the same points." if not different else f"In {different} exercises the points were not the same."
    lines = (
        "Measured by `benchmarks/grading.py` and `benchmarks/forks.py`, each in one run, on a virtual machine with "
        f"{grading['cores']} cores and a load of {grading['load_at_start']:g}; `make bench` measures it on yours. "
        f"The class: {ended + stopped} submissions of {grading['chapter']}. {ended} end by themselves (right, partly "
        f"wrong, with syntax errors, with exceptions), {stopped} have to be stopped (they never end or take all "
        f"memory). The engine graded all, {others} {part}. {same}"
    )
    return lines if "no_otter" not in grading else f"{lines} otter-grader could not be installed there."


def _table(grading: dict[str, Any]) -> str:
    names = ["engine", *_rivals(grading)]
    heads = ["the engine", *(f"{NAMES[name]} {grading['versions'][name]}" for name in names[1:])]

    def row(words: str, label: str, field: str, form: str, scale: float = 1.0) -> str:
        values = (format(grading[label][name][field] * scale, form) for name in names)
        return f"| {words} | {' | '.join(values)} |"

    def wall(name: str) -> str:
        cost = grading["ended"][name]
        return f"{cost['wall_seconds'] / cost['submissions']:.2f} s"

    ratio = " | ".join(f"{grading['ended']['cpu_ratio'][name]:g}" for name in names[1:])
    limit = grading["time_limit"]
    lines = [
        f"| one submission | {' | '.join(heads)} |",
        "|---" * (len(names) + 1) + "|",
        row("processor time, where it ends by itself", "ended", "cpu_each", ".2f"),
        f"| as a multiple of the engine's | 1 | {ratio} |",
        f"| wall clock, one after the other | {' | '.join(wall(name) for name in names)} |",
        row(f"processor time, where it has to be stopped (limit of {limit} s)", "stopped", "cpu_each", ".1f"),
        row("peak memory of the grader, MB", "ended", "peak_bytes", ".0f", 1e-6),
    ]
    return "\n".join(lines)


def _beside(grading: dict[str, Any], forks: dict[str, Any]) -> str:
    extra = forks["memory"]["extra_per_submission_mb"]
    text = (
        "Processor time is in seconds, and includes a submission's share of the start, which takes the engine "
        f"{_start(grading):.1f} s once a command. A submission that does no work costs "
        f"{1000 * grading['idle']['cpu_seconds_each']:.0f} ms, recording included. Confinement makes it "
        f"wait {forks['confinement_adds_ms']:.0f} ms. The warm process takes "
        f"{forks['memory']['parent_pss_mb']:.0f} MB once, each submission beside it {min(extra):.0f} to "
        f"{max(extra):.0f} MB, and what its code takes."
    )
    if "otter" in grading["stopped"]:
        text += " Outside of Docker otter-grader has no time limit: the benchmark drops a submission after 30 s."
    return text


def _start(grading: dict[str, Any]) -> float:
    return grading["idle"]["start_cpu_seconds"] - grading["idle"]["cpu_seconds_each"]


def _sums(grading: dict[str, Any]) -> str:
    engine, stock = grading["ended"]["engine"], grading["ended"]["nbgrader"]
    each = (engine["cpu_seconds"] - _start(grading)) / engine["submissions"]
    record = grading["idle"]["cpu_seconds_each"]
    return (
        f"It adds up to {_start(grading) + CLASS * each:.0f} s of processor time for a class of {CLASS}, and to "
        f"{CROWD * each / 3600:.1f} hours for {CROWD:,}, against {CROWD * stock['cpu_each'] / 3600:.0f} hours in "
        f"nbgrader's kernels. These sums are arithmetic, not a measurement: no class of {CROWD:,} was graded. Two "
        "things do not shrink with more machines. One process reads and records, which takes less than "
        f"{1000 * record:.0f} ms a submission, {CROWD * record / 60:.0f} minutes for {CROWD:,}. And a submission that "
        "never ends costs what "
        "`c.ConfinedExecutor.cell_seconds` allows, two minutes: one in a hundred of them costs more than all others "
        "together. Choose a lower limit for chapters that train nothing; a case that says how long it may take is "
        "given that time all the same."
    )


def load() -> tuple[dict[str, Any], dict[str, Any]]:
    """The published results of grading.py and forks.py."""
    return json.loads((RESULTS / "grading.json").read_text()), json.loads((RESULTS / "forks.json").read_text())


if __name__ == "__main__":
    (RESULTS / "costs.md").write_text(render(*load()), encoding="utf-8")
