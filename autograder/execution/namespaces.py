"""Namespaces and a new root: a submission sees its own processes, an empty network, and only the files it needs."""

import contextlib
import ctypes
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from .kernel import checked, libc, syscall

__all__ = ["Root", "enter", "fork_first", "system_paths"]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _RECURSIVE, _DETACH = 442, 0x8000, 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/sys/devices/system/cpu", "/var/cache/fontconfig"),
    *("/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/etc/alternatives", "/etc/mime.types", "/etc/nsswitch.conf"),
)
DEVICES = ("null", "zero", "full", "random", "urandom")


def fork_first() -> int:
    """`os.fork()`, whose child is pid 1 of a new pid namespace; only for root, which may come back from it itself.

    That spares the process between, which would do nothing but wait. Raises OSError when refused.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    child = -1
    try:
        checked(libc.unshare(_NEWPID), "unshare")
        child = os.fork()
        return child
    finally:
        if child:
            checked(libc.setns(own, _NEWPID), "setns")
        os.close(own)


def enter(first: bool = False) -> None:
    """Move this single-threaded process into new namespaces. OSError when refused.

    Its next child is pid 1 of a new pid namespace, unless this process is `first` in one already.
    """
    user, group = os.getuid(), os.getgid()
    flags = _NEWNS | _NEWNET | _NEWIPC | _NEWUTS | (_NEWUSER if user else 0) | (0 if first else _NEWPID)
    checked(libc.unshare(flags), "unshare")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def system_paths() -> list[str]:
    """What a Python with torch reads and runs: the system's libraries and the interpreter's own prefixes."""
    paths = list(_SYSTEM)
    prefixes = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    paths += sorted(prefix for prefix in prefixes if not prefix.startswith("/usr"))
    return [path for path in paths if os.path.lexists(path)]


def _mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    encoded = [os.fsencode(text) if text else None for text in (source, target, kind, options)]
    result = libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    checked(result, f"mount {source or kind} on {target}")


class _MountAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns"))


def _bind_read_only(source: str, target: str) -> None:
    _mount(source, target, None, _BIND | _REC)
    attributes = _MountAttributes(_RDONLY | _NOSUID | _NODEV, 0, 0, 0)
    arguments = (ctypes.c_int(-100), os.fsencode(target), ctypes.c_uint(_RECURSIVE), ctypes.byref(attributes))
    checked(syscall(_MOUNT_SETATTR, *arguments, ctypes.c_size_t(32)), f"mount_setattr {target}")


def _touch(path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _remove_shadowed(paths: Iterable[str]) -> list[str]:
    """The paths in mounting order, without those that already lie below another."""
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: (path.count("/"), path)):
        if not any(path.startswith(above + "/") for above in kept if not os.path.islink(above)):
            kept.append(path)
    return kept


@dataclass(frozen=True, slots=True)
class Root:
    """A file system to be: `read_only` paths at their own places, and fresh `home`, /dev/shm and /proc.

    `mount_point` is an existing empty directory; sizes are bytes, kept in memory; `owner` is the student's uid.
    """

    mount_point: str
    read_only: tuple[str, ...]
    home: str
    home_bytes: int
    files: int
    shm_bytes: int
    owner: int

    def enter(self) -> None:
        """Build the root and pivot into it. Only as pid 1 of `enter()`; OSError when the kernel refuses a mount."""
        root = self.mount_point
        _mount(None, "/", None, _REC | _PRIVATE)
        _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "size=1m,mode=755")
        for path in _remove_shadowed(self.read_only):
            self._show(path)
        for name in DEVICES:
            _touch(f"{root}/dev/{name}")
            _mount(f"/dev/{name}", f"{root}/dev/{name}", None, _BIND)
        self._tmpfs(self.home, f"size={self.home_bytes},nr_inodes={self.files},mode=700")
        os.chown(root + self.home, self.owner, -1)
        self._tmpfs("/dev/shm", f"size={self.shm_bytes},nr_inodes={self.files},mode=1777")
        os.makedirs(root + "/proc")
        # The kernel allows a new /proc in a user namespace only while a full one is still visible.
        _mount("proc", root + "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
        os.chdir(root)
        checked(syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
        checked(libc.umount2(b".", _DETACH), "umount2")
        os.chdir("/")

    def _show(self, path: str) -> None:
        target = self.mount_point + path
        if os.path.islink(path):  # /bin -> usr/bin
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.symlink(os.readlink(path), target)
        elif os.path.isdir(path):
            os.makedirs(target, exist_ok=True)
            _bind_read_only(path, target)
        elif os.path.exists(path):
            _touch(target)
            _bind_read_only(path, target)

    def _tmpfs(self, path: str, options: str) -> None:
        os.makedirs(self.mount_point + path, exist_ok=True)
        _mount("tmpfs", self.mount_point + path, "tmpfs", _NOSUID | _NODEV, options)
