"""Huge pages change what a fork costs, and nothing that is in memory."""

import subprocess
import sys
from pathlib import Path

from autograder.execution import pages

MOVED = """
from autograder.execution.pages import into_huge_pages

def in_huge_pages():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages"))

held = [bytes([number % 251]) * 1000 for number in range(32_000)]
before = in_huge_pages()
into_huge_pages()
print(in_huge_pages() - before)
assert held == [bytes([number % 251]) * 1000 for number in range(32_000)]
"""


def test_what_is_in_memory_moves_into_huge_pages_unchanged():
    done = subprocess.run([sys.executable, "-c", MOVED], capture_output=True, text=True, check=True)
    if Path(pages._SIZE).exists():
        assert int(done.stdout) > 8 << 10  # kB, of the 32 MB
    else:
        assert int(done.stdout) == 0


def test_a_kernel_without_huge_pages_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "_SIZE", str(tmp_path / "none"))
    monkeypatch.setattr(pages.libc, "madvise", lambda *_: 1 / 0)
    pages.into_huge_pages()
