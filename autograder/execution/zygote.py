"""One start for two: torch is imported once, and then a fork makes the warm parent and the grader of one process.

    autograder grade  --exec, clean environment-->  imports torch  --fork-->  the warm parent
                                                          |
                                                          +---------------->  the grader, as if nothing had been

The grader gets its arguments and its environment, with whatever secrets are in them, only after the fork. So the memory
of the warm parent has held none, no more than if it had been started by itself; and a start is a second shorter.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from .start import ANSWER, Started, clean_environment, new_base
from .users import Users
from .wipe import wipe

__all__ = ["become", "take"]

_GO = b"go"
_MODULES = ("torch", "autograder.checking.observe", "traitlets.config")  # what both need


class _Forked:
    """A child of this process that `subprocess` did not start, to be used as if it had."""

    def __init__(self, pid: int):
        self.pid = pid
        self._ended = os.pidfd_open(pid)
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if found else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        if self.poll() is None:
            select.select([self._ended], [], [], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("the warm parent", timeout or 0.0)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A warm parent that waits until it is wanted, with the folder and the users that are to be its own."""

    started: Started
    base: str
    users: Users

    def go(self) -> Started:
        """The warm parent, which now imports the rest and serves."""
        with contextlib.suppress(OSError):  # it may have ended, as whoever waits for its answer will learn
            self.started.socket.send(_GO)
        return self.started

    def close(self) -> None:
        """End it, when it was not wanted."""
        self.started.socket.close()
        try:
            self.started.process.wait(10)
        except subprocess.TimeoutExpired:
            self.started.process.kill()
        self.users.close()
        with contextlib.suppress(FileNotFoundError):  # it has tidied up itself
            wipe(self.base)


_prepared: Prepared | None = None


def take() -> Prepared | None:
    """The warm parent that was forked when this process began, if it was and nobody has taken it."""
    global _prepared
    taken, _prepared = _prepared, None
    return taken


def become(function: str, arguments: list[str]) -> None:
    """Begin this process anew, as one that shares its start with a warm parent, and then calls `function(arguments)`.

    `function` is given as `module:function`; what it returns is the exit code.

    Only for a process that is the command's own and has done nothing yet. Returns where that cannot be done here.
    """
    speaks = getattr(sys.stdout, "encoding", None)
    if sys.platform != "linux" or sys.getfilesystemencoding() != "utf-8" or speaks != "utf-8":
        return
    base = new_base()
    said = {"function": function, "arguments": arguments, "environment": dict(os.environ), "path": sys.path}
    handed = os.memfd_create("arguments", 0)
    os.write(handed, json.dumps(said).encode())
    os.lseek(handed, 0, os.SEEK_SET)
    options = [f"-W{option}" for option in sys.warnoptions]
    command = [sys.executable, *options, "-P", "-s", "-m", "autograder.execution.zygote", str(handed), base]
    sys.stdout.flush()
    try:
        os.execve(sys.executable, command, clean_environment(base))
    except OSError:
        os.close(handed)
        wipe(base)


def main() -> int:
    """Fork the warm parent, and be the grader. The exit code of the command."""
    global _prepared
    handed, base = int(sys.argv[1]), sys.argv[2]
    try:
        try:
            _prepared = _fork(handed, base)
        except BaseException:
            wipe(base)
            raise
        return _grader(handed)()
    except KeyboardInterrupt:  # before the command could say what that means
        return 130
    finally:
        if (unused := take()) is not None:
            unused.close()


def _fork(handed: int, base: str) -> Prepared:
    gc.disable()  # what is imported stays
    for name in _MODULES:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()
    users = Users()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        try:
            _warm_parent(theirs, base, users)
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(1)
    theirs.close()
    return Prepared(Started(_Forked(child), ours), base, users)


def _warm_parent(server: socket.socket, base: str, users: Users) -> NoReturn:
    """What a warm parent has when it is started by itself, and nothing else; then the wait until it is wanted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    kept = {0, 1, 2, server.fileno(), users.descriptor}
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:  # that of the listing itself
                continue
    os.chdir("/")
    from .parent import serve, tidy

    if server.recv(len(_GO)) != _GO:
        tidy(base)
        os._exit(0)
    serve(server, ANSWER)


def _grader(handed: int) -> Callable[[], int]:
    """The command, in the environment that it was given in."""
    with open(handed, "rb") as file:
        said = json.load(file)
    os.environ.clear()
    os.environ.update(said["environment"])
    sys.argv[:] = ["autograder", *said["arguments"]]
    sys.path[:] = said["path"]
    tempfile.tempdir = None
    module, _, name = said["function"].partition(":")
    function = getattr(importlib.import_module(module), name)
    return lambda: function(said["arguments"])


if __name__ == "__main__":
    # As a module that others import, not as __main__: both must see the same `_prepared`.
    sys.exit(importlib.import_module("autograder.execution.zygote").main())
