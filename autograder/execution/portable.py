"""Unconfined submissions where the warm parent cannot be: a fresh process each, on any system with POSIX processes.

Used only with `no_sandbox`. Slower by the imports of each process. A thread of the grader takes the keeper's place: it
interrupts, keeps the time limit, kills the submission's process group, and reports. What leaves that group lives on.
"""

import contextlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict

from .order import Order
from .records import KeeperReport, Reason, Tier
from .submission import Submission

__all__ = ["launch", "main"]

_POLL_SECONDS = 0.05


def launch(order: Order, answer: str, environment: dict[str, str]) -> Submission:
    """A submission in a process of its own, with none of its limits but time kept."""
    data, their_data = socket.socketpair()
    control, keeper = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    command = [sys.executable, "-P", "-s", "-m", "autograder.execution.portable"]
    with their_data:
        process = subprocess.Popen(
            [*command, str(their_data.fileno()), answer, order.to_bytes().decode()],
            env=environment,
            pass_fds=[their_data.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=order.home,
            start_new_session=True,
        )
    threading.Thread(target=_keep, args=(process, keeper, order), daemon=True).start()
    return Submission(control, data, order)


def _keep(process: subprocess.Popen, control: socket.socket, order: Order) -> None:
    """Watch one process to its end and report, like a keeper."""
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    reason = None
    while reason is None and process.poll() is None:
        if select.select([control], [], [], _POLL_SECONDS)[0]:
            reason = _obey(control, process)
        if time.monotonic() - began > order.limits.notebook_seconds:
            reason = Reason.WALL
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = KeeperReport(
        reason=reason or (Reason.EXIT if code >= 0 else Reason.SIGNAL),
        tier=Tier.NONE,
        code=code,
        wall_seconds=round(time.monotonic() - began, 4),
        cpu_seconds=round(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, 4),
    )
    with control, contextlib.suppress(OSError):
        control.send(json.dumps(asdict(report)).encode())


def _obey(control: socket.socket, process: subprocess.Popen) -> Reason | None:
    try:
        message = control.recv(64)
    except OSError:
        return Reason.GRADER_GONE
    if message == b"interrupt":
        process.send_signal(signal.SIGINT)
        return None
    if message == b"measure":
        control.send(json.dumps({"bytes": 0}).encode())
        return None
    return Reason.CLOSED if message else Reason.GRADER_GONE


def main() -> None:
    """The student's process: import everything, then serve."""
    from .parent import prepare

    data, order = socket.socket(fileno=int(sys.argv[1])), Order.from_bytes(sys.argv[3].encode())
    prepare(sys.argv[2], ()).serve_unconfined(order, data)


if __name__ == "__main__":
    main()
