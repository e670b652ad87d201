"""What one more submission costs: time to be ready, confinement, memory, processor time, and forks in a row.

Run as `python benchmarks/forks.py [--forks N] [--publish]`; writes _build/benchmarks/forks.json, and with --publish the
copy from which the book has its figures, benchmarks/results/forks.json.
"""

import argparse
import contextlib
import itertools
import json
import os
import platform
import statistics
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.execution import Limits, Tier, WarmParent
from autograder.execution.watch import descendants, memory_of

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "_build" / "benchmarks" / "forks.json"
PUBLISHED = ROOT / "benchmarks" / "results" / "forks.json"
NOTEBOOK = (
    "import torch, numpy as np\nimport matplotlib.pyplot as plt\ntorch.manual_seed(0)",
    "x = torch.linspace(-3, 3, 200)[:, None]\ny = torch.sin(x)",
    "model = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))",
    "optimizer = torch.optim.Adam(model.parameters(), 1e-2)\nlosses = []",
    "for _ in range(50):\n    loss = ((model(x) - y) ** 2).mean()\n    optimizer.zero_grad(); loss.backward()\n"
    "    optimizer.step(); losses.append(loss.item())",
    "plt.plot(losses); plt.xlabel('step'); plt.ylabel('loss');",
    "def double(x):\n    return 2 * x",
    "1 / 0",
)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _ready(parent: WarmParent) -> float:
    """Seconds from asking for a submission to the end of an empty first cell."""
    began = time.perf_counter()
    with parent.submission() as submission:
        submission.run_cell("")
        return time.perf_counter() - began


def _whole(parent: WarmParent, cells: tuple[str, ...]) -> tuple[float, float, float, float]:
    """Of one notebook: wall seconds, processor seconds, seconds to confine, peak memory in bytes."""
    began = time.perf_counter()
    with parent.submission() as submission:
        for cell in cells:
            submission.run_cell(cell)
        memory = submission.memory_bytes()
        report = submission.close()
    return time.perf_counter() - began, report.cpu_seconds, report.confine_seconds, memory


def _tier(tier: Tier, repeats: int) -> dict[str, float]:
    """The medians of one tier."""
    with WarmParent(Limits(), tier=tier, no_sandbox=tier is Tier.NONE) as parent:
        ready = [_ready(parent) for _ in range(repeats)]
        runs = list(zip(*(_whole(parent, NOTEBOOK) for _ in range(repeats)), strict=True))
        empty = list(zip(*(_whole(parent, ("",)) for _ in range(repeats)), strict=True))
        return {
            "parent_ready_s": round(parent.ready_seconds, 2),
            "submission_ready_ms": _milliseconds(statistics.median(ready)),
            "empty_wall_ms": _milliseconds(statistics.median(empty[0])),
            "empty_cpu_ms": _milliseconds(statistics.median(empty[1])),
            "notebook_wall_ms": _milliseconds(statistics.median(runs[0])),
            "notebook_cpu_ms": _milliseconds(statistics.median(runs[1])),
            "confine_ms": _milliseconds(statistics.median(runs[2])),
            "notebook_pss_mb": round(statistics.median(runs[3]) / 2**20, 1),
        }


def _confinement(repeats: int) -> float:
    """Seconds by which the fastest confined submission is ready later than the fastest without, asked for in turn.

    The fastest, since whatever else the machine does can only add.
    """
    with WarmParent(Limits()) as confined, WarmParent(Limits(), tier=Tier.NONE, no_sandbox=True) as bare:
        times = [(_ready(confined), _ready(bare)) for _ in range(repeats)]
    with_layers, without = (min(column) for column in zip(*times, strict=True))
    return with_layers - without


def _pss(parent: WarmParent) -> float:
    """The memory of a warm parent and all that descends from it, in MB, each shared page counted once."""
    return sum(memory_of(process) for process in (parent.pid, *descendants(parent.pid))) / 2**20


def _memory(tier: Tier) -> dict[str, float | list[float]]:
    """What one, two and three submissions of one warm parent add; keepers included."""
    with WarmParent(Limits(), tier=tier) as parent, contextlib.ExitStack() as stack:
        totals = [_pss(parent)]
        for _ in range(3):
            submission = stack.enter_context(parent.submission())
            for cell in NOTEBOOK:
                submission.run_cell(cell)
            totals.append(_pss(parent))
    extra = [round(after - before, 1) for before, after in itertools.pairwise(totals)]
    return {"parent_pss_mb": round(totals[0], 1), "extra_per_submission_mb": extra}


def _in_a_row(tier: Tier, count: int) -> dict[str, float]:
    """Forks that train a little, one after the other."""
    with WarmParent(Limits(), tier=tier) as parent:
        began = time.perf_counter()
        for _ in range(count):
            with parent.submission() as submission:
                for cell in NOTEBOOK[:5]:
                    submission.run_cell(cell, timeout=30)
        seconds = time.perf_counter() - began
    return {"forks": count, "seconds": round(seconds, 2), "per_fork_ms": _milliseconds(seconds / count)}


def _show(result: dict) -> None:
    names = list(result["tiers"])
    table = Table("median", *names, title="One submission")
    for measure in result["tiers"][names[0]]:
        table.add_row(measure, *(str(result["tiers"][name][measure]) for name in names))
    console = Console()
    console.print(table)
    for name in ("memory", "in_a_row"):
        console.print(name, result[name])
    console.print(f"confinement adds {result['confinement_adds_ms']} ms to a submission's readiness")


def main() -> None:
    """Measure, print, and write the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--forks", type=int, default=300)
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--publish", action="store_true", help=f"write {PUBLISHED.relative_to(ROOT)} as well")
    chosen = options.parse_args()
    tiers = {str(tier): _tier(tier, chosen.repeats) for tier in Tier}
    result = {
        "machine": {"processors": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]},
        "tiers": tiers,
        "confinement_adds_ms": _milliseconds(_confinement(4 * chosen.repeats)),
        "memory": _memory(Tier.NAMESPACES),
        "in_a_row": _in_a_row(Tier.NAMESPACES, chosen.forks),
    }
    for path in (RESULT, PUBLISHED) if chosen.publish else (RESULT,):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
    _show(result)


if __name__ == "__main__":
    main()
