"""Turns a test process of root's into one of an ordinary user."""

import os
import sys

from autograder.execution.kernel import checked, libc

_NEW_MOUNTS, _BIND, _REC, _PRIVATE = 0x20000, 4096, 16384, 1 << 18


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int) -> None:
    checked(libc.mount(source, target, kind, flags, None), f"mount {target!r}")


def _closed_folder(path: str) -> str | None:
    """The first folder on the way to `path` that others may not enter."""
    parts = path.strip("/").split("/")
    for depth in range(1, len(parts)):
        folder = "/" + "/".join(parts[:depth])
        if not os.stat(folder).st_mode & 0o001:
            return folder
    return None


def _open_the_way(paths: set[str]) -> None:
    """Show `paths` below folders that an ordinary user may enter: only in this process's own mount namespace."""
    closed = {path: folder for path in paths if (folder := _closed_folder(path))}
    handles = {path: os.open(path, os.O_PATH) for path in closed}
    for folder in set(closed.values()):
        _mount(b"tmpfs", folder.encode(), b"tmpfs", 0)
        os.chmod(folder, 0o755)
    for path, handle in handles.items():
        os.makedirs(path)
        _mount(f"/proc/self/fd/{handle}".encode(), path.encode(), None, _BIND | _REC)
        os.close(handle)


def become_ordinary(user: int) -> None:
    """Become `user` and give up root for good; the interpreter stays reachable even when it lies below /root."""
    checked(libc.unshare(_NEW_MOUNTS), "unshare")
    _mount(b"none", b"/", None, _REC | _PRIVATE)
    _open_the_way({os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)})
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.environ["HOME"] = "/nonexistent"
