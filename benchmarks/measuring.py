"""What a command costs: wall time, processor time and memory of it and of everything that it starts."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.execution.watch import descendants, memory_of

GROUPS = ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")


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


def cost(command: list[str], root: Path, submissions: int) -> Cost:
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
