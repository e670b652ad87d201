"""The grader's side: start a warm parent, start submissions, talk to them. Runs no student code and reads no pickle."""

import contextlib
import itertools
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from .layers import Layers
from .limits import Limits
from .order import Order
from .records import Tier
from .start import ANSWER, PACKAGE, Process, Started, clean_environment, new_base, start
from .submission import Submission
from .wipe import wipe

__all__ = ["ParentGone", "SandboxProblem", "WarmParent"]

_HOME = "/home/student"
_START_SECONDS = 120.0
_FORK_SECONDS = 20.0
_NO_LAYERS = """This machine cannot confine a student's code: {reason}.
Without confinement a submission runs as you do: it can read and change your files, the gradebook and the other
submissions, and it can use the network. Grade on Linux (a container will do); `autograder doctor` says what is missing.
If you trust every submission, say so with --no-sandbox."""


class SandboxProblem(RuntimeError):
    """Submissions cannot be run here, or not in the way that was asked for; the message says what to do."""


class ParentGone(RuntimeError):
    """The warm parent has ended. A new one can be started."""


def _has_layers() -> bool:
    """Whether this platform could have layers of confinement, and so a warm parent."""
    return sys.platform == "linux"


class WarmParent:
    """A process that has imported everything a notebook needs, and forks one confined submission after another.

    `answer` names the function (`module:function`) that answers requests in the student's process; `import_paths` are
    folders it is imported from, which students may read. `tier` asks for one way of confinement, by default the
    strongest there is; `no_sandbox` accepts that to be none at all. `seed` is where every submission's random
    generators start. Submissions may be started from several threads and run at the same time.

    Raises `SandboxProblem` where the machine cannot confine, unless `no_sandbox`, or the parent cannot start.

    Example:
        with WarmParent(Limits(cell_seconds=10)) as parent, parent.submission() as submission:
            print(submission.run_cell("1 + 1", timeout=5).outputs)
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        answer: str = ANSWER,
        import_paths: Sequence[Path | str] = (),
        tier: Tier | None = None,
        no_sandbox: bool = False,
        seed: int = 0,
    ):
        if not _has_layers() and not no_sandbox:
            raise SandboxProblem(_NO_LAYERS.format(reason=f"{sys.platform} has neither Landlock nor seccomp"))
        if not hasattr(os, "fork"):
            raise SandboxProblem(f"{sys.platform} cannot run the engine at all. Grade on Linux; on Windows, in WSL.")
        from . import zygote
        from .users import Users  # here, so that a system without users is told what the lines above say

        self.limits = limits or Limits()
        self.tier = tier
        self._answer, self._seed, self._no_sandbox = answer, seed, no_sandbox
        self._import_paths = tuple(str(Path(path).resolve()) for path in import_paths)
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._numbers = itertools.count()
        prepared = zygote.take() if answer == ANSWER and not import_paths else None
        self.users = prepared.users if prepared else Users()
        self._base = prepared.base if prepared else new_base()
        try:
            if _has_layers():
                self._attach(
                    prepared.go() if prepared else start(self._base, self.users, self._answer, self._import_paths)
                )
            else:
                self._go_without()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "WarmParent":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of the warm parent; of the grader where there is none."""
        return self._process.pid if self._process else os.getpid()

    def _go_without(self) -> None:
        """No warm parent: a fresh, unconfined process for each submission."""
        self.layers = Layers(sys.platform, -1, f"{sys.platform} has none", 0, f"{sys.platform} has none")
        self.ready_seconds, self.tier = 0.0, Tier.NONE

    def _attach(self, started: Started) -> None:
        self._socket = started.socket
        process = self._process = started.process
        try:
            hello = self._receive(_START_SECONDS)
        except ParentGone:
            hello = {"error": f"it ended with exit code {process.poll()}; its last words are above"}
        if "error" in hello:
            raise SandboxProblem(
                f"The warm parent could not start: {hello['error']}. Install what is missing: "
                f"pip install -e '.[grading]' with {sys.executable}"
            )
        if hello["threads"] != 1:
            raise SandboxProblem(
                f"The warm parent has {hello['threads']} threads, so that forks of it could hang. "
                f"What {self._answer} imports may not start threads"
            )
        self.layers = Layers(**hello["layers"])
        self.ready_seconds = float(hello["seconds"])
        self.tier = self._choose()

    def _choose(self) -> Tier:
        """The tier to use: the one asked for, or the strongest that this machine has."""
        offered = self.layers.tiers
        wanted = self.tier or offered[0]
        if wanted not in offered or (wanted is Tier.NONE and not self._no_sandbox):
            lacking = {"namespaces": self.layers.namespaces, "seccomp": self.layers.seccomp}
            reasons = [f"{name}: {why}" for name, why in lacking.items() if why]
            reasons += [] if self.layers.landlock_abi else ["landlock: this kernel has none"]
            raise SandboxProblem(_NO_LAYERS.format(reason="; ".join(reasons) or f"tier {wanted} was asked for"))
        return wanted

    def _receive(self, seconds: float) -> dict:
        self._socket.settimeout(seconds)
        try:
            message = self._socket.recv(1 << 16)
        except OSError:
            message = b""
        if not message:
            raise ParentGone("no reply")
        return json.loads(message)

    @contextlib.contextmanager
    def submission(self, files_dir: Path | str | None = None) -> Iterator[Submission]:
        """A new submission, its working directory filled with the regular files of `files_dir`; closed at the end.

        Raises `ParentGone` when the warm parent has ended.
        """
        folder = f"{self._base}/{next(self._numbers)}"
        user = self.users.take()
        try:
            os.mkdir(folder, 0o700)
            os.chown(folder, user, -1)
            submission = self._fork(self._order(folder, user, files_dir))
            try:
                yield submission
            finally:
                submission.close()
        finally:
            self.users.give(user)
            if os.path.isdir(folder):
                wipe(folder)

    def _order(self, folder: str, user: int, files_dir: Path | str | None) -> Order:
        assert self.tier is not None
        return Order(
            tier=self.tier,
            limits=self.limits,
            home=_HOME if self.tier is Tier.NAMESPACES else folder,
            mount_point=f"{self._base}/root",
            user=user,
            files=str(Path(files_dir).resolve()) if files_dir else "",
            readable=(str(PACKAGE), *self._import_paths),
            seed=self._seed,
            landlock_abi=self.layers.landlock_abi,
        )

    def _fork(self, order: Order) -> Submission:
        if self._process is None:
            return self._launch(order)
        control, their_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        data, their_data = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with their_control, their_data, self._lock:
            try:
                descriptors = [their_control.fileno(), their_data.fileno()]
                socket.send_fds(self._socket, [order.to_bytes()], descriptors)
                threads = self._receive(_FORK_SECONDS)["threads"]
                if threads != 1:
                    raise ParentGone(f"the warm parent has {threads} threads; start a new one")
            except (OSError, ParentGone) as problem:
                control.close()
                data.close()
                raise ParentGone(f"the warm parent ended ({problem}); start a new one") from None
        return Submission(control, data, order)

    def _launch(self, order: Order) -> Submission:
        from . import keeper, portable

        if order.files:
            files = os.open(order.files, os.O_RDONLY | os.O_DIRECTORY)
            try:
                keeper.copy_files(files, order.home, order.user, order.limits)
            finally:
                os.close(files)
        return portable.launch(order, self._answer, clean_environment(self._base, self._import_paths))

    def alive(self) -> bool:
        """Whether another submission can be started."""
        if self._process is None:
            return True
        with self._lock:  # while one is being started, what lies on the socket is the answer to that
            return self._process.poll() is None and not select.select([self._socket], [], [], 0)[0]

    def close(self) -> None:
        """End the warm parent and remove what it kept on disk."""
        if self._process is not None:
            self._socket.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.users.close()
        if os.path.isdir(self._base):
            wipe(self._base)
