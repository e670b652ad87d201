"""The keeper: starts the student's process, watches what it uses, kills all that it started, and reports.

It runs no student code. With namespaces it is pid 1, so nothing can outlive it; without, it is the process that
inherits every orphan.
"""

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import stat
import time
from collections.abc import Callable
from dataclasses import asdict

from . import watch
from .kernel import Prctl, prctl
from .limits import Limits
from .namespaces import Root
from .order import Order
from .records import KeeperReport, Reason, Tier

__all__ = ["copy_files", "keep"]

_POLL_SECONDS = 0.05
_FIRST_LOOK_SECONDS = 0.25  # most submissions are over by then; rlimits and quotas hold from the beginning
_LOOK_SECONDS = 0.1
_KILL_SECONDS = 10.0
_LOOK_SHARE = 8  # looking may take one part in this many of the time

Student = Callable[[Order, socket.socket, int], None]


def keep(order: Order, control: socket.socket, data: socket.socket, paths: tuple[str, ...], student: Student) -> None:
    """Run one submission to its end, send a `KeeperReport` on `control`, and exit. Never returns."""
    files = os.open(order.files, os.O_RDONLY | os.O_DIRECTORY) if order.files else None  # beyond reach in a new root
    if order.tier is Tier.NAMESPACES:
        shm = order.limits.disk_bytes
        entries = order.limits.files + 1000
        Root(order.mount_point, paths, order.home, shm, entries, shm, order.user).enter()
    else:
        prctl(Prctl.SUBREAPER, 1)
    if files is not None:
        copy_files(files, order.home, order.user, order.limits)
        os.close(files)
    told, tell = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        control.close()
        os.close(told)
        student(order, data, tell)
        os._exit(0)
    data.close()
    os.close(tell)
    report = _Watch(order, control, child, told, started).until_over()
    with contextlib.suppress(OSError):  # the grader may be gone
        control.send(json.dumps(asdict(report)).encode())
    os._exit(0)


def copy_files(source: int, home: str, owner: int, limits: Limits) -> None:
    """Copy the regular files below the open directory `source`, but no links: they could name anything here.

    Raises OSError when there are more bytes or files than a submission may have.
    """
    budget, entries = limits.disk_bytes, 0
    for directory, _, files, descriptor in os.fwalk(".", follow_symlinks=False, dir_fd=source):
        target = os.path.join(home, directory)
        os.makedirs(target, exist_ok=True)
        os.chown(target, owner, -1)
        for name in files:
            if not stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                continue
            entries += 1
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
            with open(handle, "rb") as original, open(os.path.join(target, name), "wb") as copy:
                budget -= os.fstat(handle).st_size
                if budget < 0 or entries > limits.files:
                    raise OSError(f"its files are more than {limits.disk_bytes} bytes or {limits.files} files")
                shutil.copyfileobj(original, copy)
                os.fchown(copy.fileno(), owner, -1)


class _Watch:
    """The life of one student process, seen from its keeper."""

    def __init__(self, order: Order, control: socket.socket, child: int, told: int, started: float):
        self._order, self._control, self._child, self._told, self._started = order, control, child, told, started
        self._handle = os.pidfd_open(child)
        self._peak = self._peak_processes = 0
        self._begun_with = watch.resident_of(os.getpid())  # what every fork of the warm parent shares with it
        self._hiding: frozenset[int] = frozenset()
        self._said = b""
        self._me = os.getpid()

    def until_over(self) -> KeeperReport:
        """Wait for the end, make sure of it, and say what happened."""
        reason = self._wait()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        _, status, ended = os.wait4(self._child, 0)
        self._peak = max(self._peak, (ended.ru_maxrss << 10) - self._begun_with)
        leftovers = self._kill_all()
        code = os.waitstatus_to_exitcode(status)
        if reason is Reason.CLOSED and code != -signal.SIGKILL:  # it had ended by itself before the grader said so
            reason = None
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._listen()
        told = json.loads(self._said) if self._said else {}
        if "layers" not in told:
            reason = Reason.SETUP_FAILED
        return KeeperReport(
            reason=reason or _ending(code),
            tier=self._order.tier,
            code=code,
            wall_seconds=round(time.monotonic() - self._started, 4),
            cpu_seconds=round(used.ru_utime + used.ru_stime, 4),
            peak_bytes=self._peak,
            peak_processes=self._peak_processes,
            leftovers=leftovers,
            layers=tuple(told.get("layers", ())),
            confine_seconds=told.get("seconds", 0.0),
            error=told.get("error", ""),
        )

    def _listen(self) -> None:
        """Read what the student's process said before its first line of student code, when it closed this pipe."""
        while part := os.read(self._told, 1 << 16):
            self._said += part

    def _wait(self) -> Reason | None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._handle, select.POLLIN)
        look_at = self._started + _FIRST_LOOK_SECONDS
        while True:
            ready = dict(poll.poll(_POLL_SECONDS * 1000))
            if self._handle in ready:
                return None
            if self._control.fileno() in ready and (reason := self._obey(self._control.recv(64))):
                return reason
            now = time.monotonic()
            if now - self._started > self._order.limits.notebook_seconds:
                return Reason.WALL
            if now > look_at:
                if reason := self._look():
                    return reason
                look_at = now + max(_LOOK_SECONDS, _LOOK_SHARE * (time.monotonic() - now))
            self._reap_orphans()

    def _obey(self, message: bytes) -> Reason | None:
        if message == b"interrupt":
            signal.pidfd_send_signal(self._handle, signal.SIGINT)
            return None
        if message == b"measure":
            self._control.send(json.dumps({"bytes": self._weigh(self._processes())}).encode())
            return None
        return Reason.CLOSED if message else Reason.GRADER_GONE

    def _processes(self) -> list[int]:
        return watch.others(self._me) if self._order.tier is Tier.NAMESPACES else watch.descendants(self._me)

    @staticmethod
    def _weigh(processes: list[int]) -> int:
        """The proportional memory of `processes`: to find it, the kernel goes through every page."""
        return sum(watch.memory_of(process) for process in processes)

    def _look(self) -> Reason | None:
        limits, processes = self._order.limits, self._processes()
        resident = sum(watch.resident_of(process) for process in processes)
        self._peak = max(self._peak, resident - len(processes) * self._begun_with)
        self._peak_processes = max(self._peak_processes, len(processes))
        # Resident memory counts what is shared once for each process, so it is never less than the proportional.
        # The keeper's own memory is the share of the warm parent that each fork begins with.
        if resident > limits.memory_bytes and self._weigh(processes) > (
            limits.memory_bytes + len(processes) * watch.memory_of(self._me)
        ):
            return Reason.MEMORY
        if watch.thread_count(processes) > limits.processes:
            return Reason.PROCESSES
        disk = watch.disk_usage(self._order.home, limits.files)
        stored = disk.bytes
        if self._order.tier is not Tier.NAMESPACES:
            lost, hiding = watch.unlinked(processes)
            if hiding & self._hiding:
                return Reason.HIDES
            self._hiding = hiding
            stored += lost
        return Reason.DISK if stored > limits.disk_bytes or disk.entries >= limits.files else None

    def _reap_orphans(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if ended.si_pid == self._child:
                    return
                os.waitpid(ended.si_pid, 0)

    def _kill_all(self) -> int:
        """Kill and reap whatever is left; how many that was."""
        leftovers, deadline = 0, time.monotonic() + _KILL_SECONDS
        while (processes := self._processes()) and time.monotonic() < deadline:
            leftovers = max(leftovers, len(processes))
            for process in processes:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            self._reap_all()
            time.sleep(0.001)
        self._reap_all()
        return leftovers

    def _reap_all(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue


def _ending(code: int) -> Reason:
    if code == -signal.SIGXCPU:
        return Reason.CPU
    return Reason.EXIT if code >= 0 else Reason.SIGNAL
