"""The warm parent: imports once, stays single-threaded, holds no secret, and forks one keeper per submission.

    grader  --- order + two descriptors --->  warm parent
                                                 + fork A: own session, new namespaces
                                                     + fork B: the keeper (pid 1); for root, A is that itself
                                                         + fork C: the student

Run as `python -m autograder.execution.parent DESCRIPTOR MODULE:FUNCTION`, by `WarmParent` only; or forked by `zygote`.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from . import layers, seccomp
from .keeper import keep
from .kernel import Prctl, prctl
from .namespaces import enter, fork_first, system_paths
from .order import Order
from .pages import into_huge_pages
from .records import KeeperReport, Reason, Tier
from .wipe import wipe

__all__ = ["prepare", "serve", "tidy"]

_MODULES = (
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "PIL.PngImagePlugin", "pygments.lexers", "safetensors"),
    *("torch.utils.data", "torch.multiprocessing", "torch._dynamo"),
)
_OPTIONAL_MODULES = ("ipywidgets", "autograder.checking.check")
_CHAPTERS = "autograder.checking.outline:outlines"


def _import_once() -> None:
    """Load what notebooks use, and use each thing once: the first optimizer step alone imports 800 modules."""
    import matplotlib

    matplotlib.use("module://matplotlib_inline.backend_inline")
    for name in _MODULES:
        importlib.import_module(name)
    for name in _OPTIONAL_MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError):
        _resolve(_CHAPTERS)()  # what every notebook's check reads first
    import numpy
    import torch

    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        optimizer([parameter], 1e-3).step()
    repr(torch.zeros(2)), repr(numpy.zeros(2))


def _resolve(name: str) -> Callable:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _start(
    order: Order, control: socket.socket, data: socket.socket, paths: tuple[str, ...], student: Any, first: bool
) -> None:
    """Process A: enter the namespaces, then become the keeper, or fork it where A is not pid 1. Never returns."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if order.tier is Tier.NAMESPACES:
        prctl(Prctl.PDEATHSIG, signal.SIGKILL)
        enter(first)
        if not first and (child := os.fork()):
            control.close()
            data.close()
            os.waitpid(child, 0)
            os._exit(0)
        prctl(Prctl.PDEATHSIG, signal.SIGKILL)
    keep(order, control, data, paths, student)


def _fork(message: bytes, descriptors: list[int], server: socket.socket, paths: tuple[str, ...], student: Any) -> None:
    order = Order.from_bytes(message)
    first = order.tier is Tier.NAMESPACES and os.getuid() == 0
    if fork_first() if first else os.fork():
        return
    server.close()
    control, data = (socket.socket(fileno=descriptor) for descriptor in descriptors)
    try:
        _start(order, control, data, (*paths, *order.readable), student, first)
    except BaseException as problem:
        report = KeeperReport(Reason.SETUP_FAILED, error=f"{type(problem).__name__}: {problem}"[:1000])
        control.send(json.dumps({"reason": report.reason, "error": report.error}).encode())
    finally:
        os._exit(1)


def prepare(answer: str, paths: tuple[str, ...]) -> Any:
    """The student's side, warmed up, with `answer` as its answering function and `paths` to read and run.

    Where the module of `answer` has a function `warm`, that is called first.
    """
    _import_once()
    answering = _resolve(answer)
    getattr(sys.modules[answering.__module__], "warm", lambda: None)()
    from .capture import Capture
    from .limits import Limits
    from .shell import Notebook
    from .student import Student

    notebook = Notebook(Capture(Limits()))
    notebook.warm()
    if seccomp.available():
        filters = {}
    else:
        filters = {Tier.NAMESPACES: seccomp.compile_filter(True), Tier.PLAIN: seccomp.compile_filter(False)}
    return Student(notebook, answering, filters, paths)


def tidy(folder: str) -> None:
    """Let the keepers finish, then remove what is on disk: the grader may have been killed before it could."""
    with contextlib.suppress(ChildProcessError):
        os.wait()  # children are reaped by themselves: this returns, with an error, when the last has ended
    with contextlib.suppress(OSError):
        wipe(folder)


def serve(server: socket.socket, answer: str) -> NoReturn:
    """Import, then serve orders until the grader closes its end."""
    begun = time.perf_counter()
    gc.disable()  # what is imported stays: looking through it for garbage costs a quarter of the start
    found = layers.probe()
    paths = tuple(system_paths())
    try:
        student = prepare(answer, paths)
    except Exception as problem:
        server.send(json.dumps({"error": f"{type(problem).__name__}: {problem}"[:4000]}).encode())
        raise SystemExit(1) from problem
    gc.freeze()  # the collector would touch, and so copy, every page in every fork
    into_huge_pages()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hello = {"layers": found.to_json(), "threads": _threads(), "seconds": time.perf_counter() - begun}
    server.send(json.dumps(hello).encode())
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(server, 1 << 16, 2)
        except ConnectionResetError:  # the grader closed its end without having read the last answer
            message, descriptors = b"", []
        if not message:
            tidy(os.path.dirname(os.environ["HOME"]))
            os._exit(0)
        _fork(message, descriptors, server, paths, student)
        for descriptor in descriptors:
            os.close(descriptor)
        server.send(json.dumps({"threads": _threads()}).encode())


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
