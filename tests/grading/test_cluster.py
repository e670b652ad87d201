"""Grading on Dask: a scheduler and two workers, each a process of its own, of which one is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batches import graded_course, run
from small_course import OUTER, cell

from autograder.grading.cluster import ClusterPool
from autograder.grading.ledger import GradingProblem, Ledger

pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning",  # distributed leaves sockets to the collector when a worker has died
    "ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """Address of a scheduler, and its two worker processes."""
    address = f"tcp://127.0.0.1:{free_port()}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}

    def start(*words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:], "--no-dashboard"]
        with (tmp_path / "dask.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)

    scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2])
    options = ("--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
    workers = [start("dask_worker", address, *options) for _ in range(2)]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_result_and_no_submission_is_recorded_twice(course, solved, cluster):
    address, workers = cluster
    for number in range(8):
        right = OUTER if number % 2 else "def outer(a, b):\n    return a"
        cell(solved, "outer").source = f"{right}\n\nimport time\ntime.sleep(0.3)  # {number}"
        course.submit(f"s{number}", solved)
    told = []

    def kill_one(row) -> None:
        told.append(row.student)
        if len(told) == 2:
            workers[0].send_signal(signal.SIGKILL)

    rows = run(course, lambda exams: ClusterPool(address, exams, graded_course(course).limits), told=kill_one)
    assert workers[0].wait(10) == -signal.SIGKILL
    assert [rows[f"s{number}"].score for number in range(8)] == [2.0, 5.0] * 4
    assert {row.outcome for row in rows.values()} == {"graded"} and sorted(told) == sorted(set(told))
    lines = [json.loads(line) for line in (course.data / "batch" / "ledger.jsonl").read_text().splitlines()]
    assert sum(line["event"] == "done" for line in lines) == 8
    assert {row.outcome for row in run(course, lambda exams: pytest.fail("nothing is to be judged")).values()} == {
        "kept"
    }


def test_a_scheduler_that_cannot_be_reached_is_told_in_one_line(course, solved, monkeypatch):
    monkeypatch.setattr("autograder.grading.cluster._CONNECT_SECONDS", 1)
    course.submit("ada", solved)
    address = f"tcp://127.0.0.1:{free_port()}"
    began = time.monotonic()
    with pytest.raises(GradingProblem, match=f"no Dask scheduler answers at {address}.*Start one: dask scheduler"):
        run(course, lambda exams: ClusterPool(address, exams, graded_course(course).limits))
    assert time.monotonic() - began < 30
    with Ledger(graded_course(course).batch_folder):
        pass  # it is free for the next call
