"""The student's process: it confines itself for good, then executes cells and answers requests until it is killed."""

import gc
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any

from . import landlock, privileges, seccomp, tensors, watch
from .capture import Capture, RawOutput
from .frames import HEADER, pack
from .kernel import Prctl, prctl
from .namespaces import DEVICES
from .order import Order
from .records import Tier
from .shell import Notebook

__all__ = ["Student"]

_PROC_FILES = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/sys/kernel")
_LONGEST_DETAIL = 4000


class Student:
    """Everything that the warm parent prepares for the processes it forks."""

    def __init__(self, notebook: Notebook, answer: Callable, filters: dict[Tier, bytes], run_paths: tuple[str, ...]):
        self._notebook, self._answer, self._filters, self._run_paths = notebook, answer, filters, run_paths

    def __call__(self, order: Order, data: socket.socket, tell: int) -> None:
        """Confine this process, tell the keeper what holds, and serve. Never returns."""
        try:
            begun = time.perf_counter()
            self._detach(order, data, tell)
            layers = self._confine(order)
            os.write(tell, json.dumps({"layers": layers, "seconds": time.perf_counter() - begun}).encode())
        except BaseException as problem:
            os.write(tell, json.dumps({"error": f"{type(problem).__name__}: {problem}"[:_LONGEST_DETAIL]}).encode())
            os._exit(1)
        os.close(tell)
        try:
            self._serve(order, data)
        finally:
            os._exit(0)

    def serve_unconfined(self, order: Order, data: socket.socket) -> None:
        """Serve in a process that is not a fork and has no keeper. Never returns."""
        data.set_inheritable(False)
        _set_scene(order)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._serve(order, data)
        finally:
            os._exit(0)

    def _detach(self, order: Order, data: socket.socket, tell: int) -> None:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        data.set_inheritable(False)
        kept = data.fileno()
        os.closerange(3, min(kept, tell))
        os.closerange(min(kept, tell) + 1, max(kept, tell))
        os.closerange(max(kept, tell) + 1, 1 << 20)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _set_scene(order)

    def _confine(self, order: Order) -> list[str]:
        """Apply every layer of the tier in the order that each still allows the next; their names."""
        _first_to_be_killed()
        prctl(Prctl.PDEATHSIG, signal.SIGKILL)
        tasks = watch.user_tasks(os.getuid()) if order.tier is Tier.PLAIN and os.getuid() else 0
        privileges.limit_resources(order.limits, watch.data_bytes(), tasks)
        if order.tier is Tier.NONE:
            return ["rlimits"]
        root = os.getuid() == 0
        keep_reading = root and order.tier is Tier.PLAIN and not privileges.reachable(self._run_paths, order.user)
        privileges.become(order.user, keep_reading)
        layers = ["rlimits", "no capabilities" if not keep_reading else "no capabilities but dac_read_search"]
        layers += ["own user"] if root else []
        if order.tier is Tier.NAMESPACES:
            layers.append("namespaces")
        if order.landlock_abi:
            self._landlock(order)
            layers.append(f"landlock {order.landlock_abi}")
        if order.tier is Tier.PLAIN and order.landlock_abi < landlock.SCOPED_SIGNALS_ABI:
            seccomp.load(seccomp.compile_signal_filter(os.getpid()))
            layers.append("seccomp signals")
        seccomp.load(self._filters[order.tier])
        prctl(Prctl.PDEATHSIG, signal.SIGKILL)  # a change of user cleared it
        return [*layers, "seccomp"]

    def _landlock(self, order: Order) -> None:
        devices = [f"/dev/{name}" for name in DEVICES]
        if order.tier is Tier.NAMESPACES:  # the new root holds only what may be read
            landlock.restrict(["/"], self._run_paths, [order.home, "/dev/shm", *devices], order.landlock_abi)
        else:
            read = [*order.readable, *_PROC_FILES]
            landlock.restrict(read, self._run_paths, [order.home, *devices], order.landlock_abi)

    def _serve(self, order: Order, data: socket.socket) -> None:
        _reseed(order.seed, order.limits.threads)
        raw = RawOutput(order.home, order.limits.stream_bytes)
        capture = Capture(order.limits)
        self._notebook.redirect(capture)
        gc.enable()
        data.sendall(pack({"ready": True}))
        while True:
            request, payload = _receive(data)
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                if "cell" in request:
                    reply = self._cell(request, capture, raw)
                else:
                    reply = self._ask(request, payload, capture, raw, order.limits.tensor_bytes)
            except BaseException as problem:
                reply = pack({"error": _describe(problem)})
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            data.sendall(reply)

    def _cell(self, request: dict[str, Any], capture: Capture, raw: RawOutput) -> bytes:
        succeeded = self._notebook.run(request["cell"])
        if text := raw.take():
            capture.write("stdout", text)
        count = self._notebook.shell.execution_count - 1
        return pack({"succeeded": succeeded, "outputs": capture.collect(), "execution_count": count})

    def _ask(self, request: dict[str, Any], payload: bytes, capture: Capture, raw: RawOutput, at_most: int) -> bytes:
        capture.begin()  # what a function prints while it answers is not handed back
        reply, results = self._answer(request["request"], tensors.decode(payload), self._notebook.namespace)
        raw.take()
        return pack({"reply": reply}, tensors.encode(results, at_most))


def _set_scene(order: Order) -> None:
    """The environment, arguments, import path and working directory of a notebook."""
    os.environ.clear()
    os.environ.update(_environment(order))
    tempfile.tempdir = None
    sys.argv[:] = [""]
    sys.path.insert(0, order.home)
    os.chdir(order.home)


def _environment(order: Order) -> dict[str, str]:
    home = order.home
    threads = str(order.limits.threads)
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-color",
        "NBGRADER_EXECUTION": "autograde",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "IPYTHONDIR": f"{home}/.ipython",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
    }


def _first_to_be_killed() -> None:
    """When the machine itself runs out of memory, the student goes before the keeper and the grader."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _reseed(seed: int, threads: int) -> None:
    """Every fork starts from the same state of all generators; without this they would share the parent's."""
    import numpy
    import torch

    numpy.random.seed(seed % 2**32)
    random.seed(seed)
    torch.default_generator.manual_seed(seed)  # no accelerator is within reach, and it does not format the stack
    if threads > 1:
        torch.set_num_threads(threads)


def _receive(data: socket.socket) -> tuple[dict[str, Any], bytes]:
    """One request of the grader, which this side trusts."""

    def exactly(count: int) -> bytes:
        buffer = bytearray()
        while len(buffer) < count:
            part = data.recv(count - len(buffer))
            if not part:
                os._exit(0)
            buffer += part
        return bytes(buffer)

    json_bytes, payload_bytes = HEADER.unpack(exactly(HEADER.size))
    return json.loads(exactly(json_bytes)), exactly(payload_bytes)


def _describe(problem: BaseException) -> str:
    try:
        return "".join(traceback.format_exception_only(problem)).strip()[-_LONGEST_DETAIL:]
    except Exception:  # an exception of the student's may refuse to be printed
        return type(problem).__name__
