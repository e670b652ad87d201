"""How the warm parent's process comes to be: in a clean environment, with a folder of its own and one socket."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .users import Users

__all__ = ["ANSWER", "PACKAGE", "Process", "Started", "clean_environment", "new_base", "start"]

ANSWER = "autograder.checking.observe:answer"
PACKAGE = Path(__file__).resolve().parents[1]


class Process(Protocol):
    """What is asked of a process: `subprocess.Popen` has it, and a fork in `zygote`."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Started:
    """The process of a warm parent, and the grader's end of the socket to it."""

    process: Process
    socket: socket.socket


def new_base() -> str:
    """A new folder for a warm parent and its submissions, with the grader's list of fonts, where it has one."""
    base = tempfile.mkdtemp(prefix="autograder-")
    os.chmod(base, 0o711)
    os.mkdir(f"{base}/root")
    _copy_fonts(f"{base}/matplotlib")
    return base


def _copy_fonts(folder: str) -> None:
    """Give the warm parent the grader's list of fonts, when there is one: to look at every font takes a while."""
    cache = (
        os.environ.get("MPLCONFIGDIR")
        or f"{os.environ.get('XDG_CACHE_HOME') or Path('~/.cache').expanduser()}/matplotlib"
    )
    with contextlib.suppress(OSError, RuntimeError):
        os.mkdir(folder, 0o700)
        for path in Path(cache).glob("fontlist-v*.json"):
            shutil.copyfile(path, f"{folder}/{path.name}")


def clean_environment(base: str, import_paths: Sequence[str] = ()) -> dict[str, str]:
    """The environment of a warm parent: nothing of the grader's own is in it."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    private = {"HOME": f"{base}/root", "IPYTHONDIR": f"{base}/ipython", "MPLCONFIGDIR": f"{base}/matplotlib"}
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([*import_paths, str(PACKAGE.parent)]),
        "PYTHONHASHSEED": "0",
        **private,
        **single,
    }


def start(base: str, users: "Users", answer: str, import_paths: Sequence[str]) -> Started:
    """A warm parent by itself."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-P", "-s", "-m", "autograder.execution.parent", str(theirs.fileno()), answer]
    held = [theirs.fileno()] if users.descriptor is None else [theirs.fileno(), users.descriptor]
    with theirs:
        process = subprocess.Popen(
            command, env=clean_environment(base, import_paths), pass_fds=held, stdin=subprocess.DEVNULL, cwd="/"
        )
    return Started(process, ours)
