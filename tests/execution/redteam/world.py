"""What an attacker is after, and how to see whether they got it: judged from outside their process."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import sqlite3
import tempfile
import time
from pathlib import Path

from autograder.execution import CellResult

REPOSITORY = Path(__file__).resolve().parents[3]
TOKEN_PREFIX = "canary-"
_LEFT = ("left-behind", "autograder-escape")
_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/etc", "/usr/local/bin", "/usr/lib", "/opt", "/")

ATTACKER = """
SECRETS, REPOSITORY, TOKEN_PREFIX = {secrets!r}, {repository!r}, {prefix!r}
PORT, UDP_PORT, UNIX_PATH, UNIX_DATAGRAM_PATH, ABSTRACT = {port}, {udp}, {path!r}, {datagram!r}, {abstract!r}
PARENT, GRADER = {parent}, {grader}
def escaped(what):
    print("ESCA" + "PED:", what)
def send_raw(data):
    import os, socket, stat
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError:
            pass
"""


class World:
    """A grader's folder with secrets, and servers on the loopback that nobody may reach."""

    def __init__(self, parent: int):
        self.parent = parent
        self.token = TOKEN_PREFIX + secrets.token_hex(16)
        os.environ["AUTOGRADER_KEY"] = self.token
        self.folder = Path(tempfile.mkdtemp(prefix="redteam-"))
        self.folder.chmod(0o755)
        self._servers = [
            self._server(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            self._server(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            self._server(socket.AF_UNIX, socket.SOCK_STREAM, f"{self.folder}/door"),
            self._server(socket.AF_UNIX, socket.SOCK_DGRAM, f"{self.folder}/letterbox"),
            self._server(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.folder.name}"),
        ]
        self.fill()

    @staticmethod
    def _server(family: int, kind: int, address) -> socket.socket:
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen(16)
        if isinstance(address, str) and address[0] == "/":
            os.chmod(address, 0o777)
        server.setblocking(False)
        return server

    def fill(self) -> None:
        """Put every secret in its place, as it was in the beginning."""
        for name in ("key", "gradebook.db", "owned", "moved", "submitted"):
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (self.folder / "key").write_text(self.token)
        (self.folder / "submitted" / "ada").mkdir(parents=True)
        (self.folder / "submitted" / "ada" / "hw.ipynb").write_text(json.dumps({"cells": [self.token]}))
        with contextlib.closing(sqlite3.connect(self.folder / "gradebook.db")) as book, book:
            book.execute("create table grades (student text, score real)")
            book.execute("insert into grades values (?, 7)", (self.token,))
        for path in (self.folder / "key", self.folder / "gradebook.db"):
            path.chmod(0o666)  # where user ids do not protect, confinement has to
        self._before = self._state()

    def preamble(self) -> str:
        """A cell that tells the attacker where everything is: nothing is safe by being unknown."""
        return ATTACKER.format(
            secrets=str(self.folder),
            repository=str(REPOSITORY),
            prefix=TOKEN_PREFIX,
            port=self._servers[0].getsockname()[1],
            udp=self._servers[1].getsockname()[1],
            path=f"{self.folder}/door",
            datagram=f"{self.folder}/letterbox",
            abstract=self.folder.name,
            parent=self.parent,
            grader=os.getpid(),
        )

    def _state(self) -> dict[str, tuple]:
        found = {}
        for folder, _, files in os.walk(self.folder):
            for name in files:
                path = os.path.join(folder, name)
                status = os.stat(path)
                data = b"" if status.st_mode & 0o170000 == 0o140000 else Path(path).read_bytes()
                found[path] = (oct(status.st_mode), status.st_uid, status.st_mtime_ns, data)
        return found

    def harm(self, results: list[CellResult]) -> list[str]:
        """What went wrong, in words; empty when the attack was contained."""
        shown = json.dumps([result.outputs for result in results], default=str)
        found = []
        if self.token.removeprefix(TOKEN_PREFIX) in shown:
            found.append("the secret was shown")
        if "ESCAPED" in shown:
            found.append("escaped: " + shown[shown.index("ESCAPED") :][:200])
        if self._state() != self._before:
            found.append("the grader's folder changed")
            self.fill()
        found += [f"{number} callers reached a server" for number in [self._calls()] if number]
        found += [f"left {path}" for path in self._left()]
        return found

    def _calls(self) -> int:
        calls = 0
        for server in self._servers:
            with contextlib.suppress(BlockingIOError):
                if server.type == socket.SOCK_STREAM:
                    server.accept()[0].close()
                else:
                    server.recv(100)
                calls += 1
        return calls

    def _left(self) -> list[Path]:
        found = []
        for folder in _SHARED_FOLDERS:
            with contextlib.suppress(OSError):
                found += [Path(folder, name) for name in os.listdir(folder) if name.startswith(_LEFT)]
        for path in found:
            path.unlink()
        return found

    def close(self) -> None:
        """Remove it."""
        for server in self._servers:
            server.close()
        shutil.rmtree(self.folder)


def survivors(parent: int, users: set[int], seconds: float = 15.0) -> list[int]:
    """Processes of these users, or children of the warm parent, that are still there after a moment of grace."""
    deadline = time.monotonic() + seconds
    while True:
        mine = {os.getpid(), os.getppid(), parent}
        alive = [p for p in _processes(users) if p not in mine] + _children(parent)
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.01)


def _processes(users: set[int]) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid in users:
                found.append(int(name))
    return found


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return [process]  # the warm parent itself is gone
