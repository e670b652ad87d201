"""The users that submissions run as: one each where the grader is root, so that none can signal or starve another."""

import fcntl
import os
import struct
import tempfile
import threading

__all__ = ["Users"]

_FIRST, _COUNT = 60_000, 5000
_FOLDER = "/run"
_FILE = "autograder-users.lock"
_FLOCK = "hhqqi4x"  # struct flock: type, whence, start, length, process


class Users:
    """Gives out user ids that no other grader on this machine gives out at the same time.

    Each id is a byte of one file, locked as long as a process holds `descriptor`: the grader, its warm parent and the
    keepers. So an id is free again only when every submission that could have run under it is dead, however the grader
    ended. An ordinary user's submissions run as that user.

    Example:
        user = users.take()
        ...
        users.give(user)
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._idle: list[int] = []
        self._next = _FIRST
        self.known: set[int] = set()
        self.descriptor: int | None = None
        if os.getuid() == 0 and hasattr(fcntl, "F_OFD_SETLK"):
            folder = _FOLDER if os.access(_FOLDER, os.W_OK) else tempfile.gettempdir()
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self.descriptor = os.open(f"{folder}/{_FILE}", flags, 0o600)

    def take(self) -> int:
        """A user id for one submission. Raises RuntimeError when all are taken."""
        if self.descriptor is None:
            self.known.add(os.getuid())
            return os.getuid()
        with self._guard:
            if self._idle:
                return self._idle.pop()
            while self._next < _FIRST + _COUNT:
                user, self._next = self._next, self._next + 1
                if self._lock(user - _FIRST):
                    self.known.add(user)
                    return user
        raise RuntimeError(f"all {_COUNT} user ids for submissions are taken; end other graders on this machine")

    def give(self, user: int) -> None:
        """Take `user` back: nothing runs under it any more."""
        if self.descriptor is not None:
            with self._guard:
                self._idle.append(user)

    def close(self) -> None:
        """Leave the ids to others, once no process that inherited them is left."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _lock(self, byte: int) -> bool:
        assert self.descriptor is not None
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        try:
            fcntl.fcntl(self.descriptor, fcntl.F_OFD_SETLK, wanted)
        except BlockingIOError:
            return False
        return True
