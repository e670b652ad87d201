"""`autograder doctor`: which layers of confinement hold on this machine, and what follows for grading."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .layers import Layers
from .records import Tier

__all__ = ["Finding", "diagnose", "examine", "main"]

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Finding:
    """One layer: whether it holds, what it keeps from a submission, and what to do where it is missing."""

    layer: str
    holds: bool
    keeps: str
    remark: str = ""


def examine() -> Layers:
    """The layers of this machine, tried out in a fresh single-threaded process."""
    command = [sys.executable, "-P", "-s", "-m", "autograder.execution.layers"]
    environment = {"PYTHONPATH": str(_PACKAGE_ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return Layers(**json.loads(done.stdout))


def _signals(abi: int) -> str:
    from .landlock import SCOPED_SIGNALS_ABI  # here, since only Linux can load it

    return "" if abi >= SCOPED_SIGNALS_ABI else "signals are filtered by seccomp instead: no multiprocessing"


def diagnose(layers: Layers) -> list[Finding]:
    """What each layer means here."""
    linux, abi = layers.system == "Linux", layers.landlock_abi
    only_linux = "" if linux else f"{layers.system} has no such layer; grade on Linux, for example in a container"
    return [
        Finding("resource limits", linux, "memory, processes, files and time beyond their limits", only_linux),
        Finding(
            "own user",
            layers.user == 0,
            "files and processes of the grader and of other submissions",
            "" if layers.user == 0 else "submissions run as your user; the other layers stand between",
        ),
        Finding(
            "seccomp",
            linux and not layers.seccomp,
            "system calls that reach out, every network",
            layers.seccomp,
        ),
        Finding(
            f"Landlock {abi}" if abi else "Landlock",
            abi > 0,
            "files, TCP, signals and sockets of others",
            only_linux or (_signals(abi) if abi else "needs Linux 5.13 with Landlock among its security modules"),
        ),
        Finding(
            "namespaces",
            linux and not layers.namespaces,
            "all processes, networks and files but its own",
            layers.namespaces and f"{layers.namespaces}; allow user namespaces, or run as root",
        ),
    ]


def conclusion(layers: Layers) -> str:
    """One sentence: how submissions are confined here."""
    tiers = layers.tiers
    if Tier.NAMESPACES in tiers:
        return "Submissions are confined in the ns tier, the strongest."
    if Tier.PLAIN in tiers:
        return "Submissions are confined in the plain tier: without namespaces, with every other layer."
    return "Submissions cannot be confined here. Batch grading refuses to run unless told --no-sandbox."


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when submissions can be confined here, else 1. Prints a table, or JSON with --json."""
    options = argparse.ArgumentParser(prog="autograder doctor", description=__doc__)
    options.add_argument("--json", action="store_true", help="print the findings as JSON")
    chosen = options.parse_args(arguments)
    layers = examine()
    findings = diagnose(layers)
    confined = bool(set(layers.tiers) - {Tier.NONE})
    if chosen.json:
        found = {"tiers": layers.tiers, "layers": layers.to_json(), "findings": [asdict(each) for each in findings]}
        print(json.dumps(found, indent=1))
    else:
        _print(findings, conclusion(layers))
    return 0 if confined else 1


def _print(findings: Sequence[Finding], last_line: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("layer", "holds", "keeps from a submission", "remark", title="Confinement on this machine")
    for each in findings:
        table.add_row(each.layer, "yes" if each.holds else "no", each.keeps, each.remark)
    console = Console()
    console.print(table)
    console.print(last_line)


if __name__ == "__main__":
    sys.exit(main())
