"""Giving up what a process holds: descriptors, resource limits, user, capabilities."""

import ctypes
import os
import resource

from .kernel import Prctl, checked, libc, prctl
from .limits import Limits

__all__ = ["become", "close_descriptors", "limit_resources", "reachable"]

_CAPABILITY_VERSION = 0x20080522
_READ_ANY_DIRECTORY = 2  # CAP_DAC_READ_SEARCH
_RAISE = 2  # PR_CAP_AMBIENT_RAISE


def close_descriptors(keep: int) -> None:
    """Close every descriptor above 2 but one."""
    os.closerange(3, keep)
    os.closerange(keep + 1, 1 << 20)


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    ceiling = resource.getrlimit(kind)[1]
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def limit_resources(limits: Limits, data_now: int, processes_now: int) -> None:
    """Set this process's rlimits; memory and processes count from what is already in use (bytes, processes)."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _limit(resource.RLIMIT_DATA, data_now + limits.memory_bytes)
    _limit(resource.RLIMIT_NPROC, processes_now + limits.processes)
    _limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_MSGQUEUE, 0)
    _limit(resource.RLIMIT_MEMLOCK, 0)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _set_capabilities(mask: int) -> None:
    sets = (_Sets * 2)(_Sets(mask, mask, mask))
    checked(libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION, 0)), sets), "capset")


def reachable(paths: tuple[str, ...], user: int) -> bool:
    """Whether `user` may enter every directory on the way to each path, by its permission bits."""
    for path in paths:
        while path != "/":
            path = os.path.dirname(path)
            status = os.stat(path)
            bit = 0o100 if status.st_uid == user else 0o001
            if not status.st_mode & bit:
                return False
    return True


def become(user: int, keep_reading: bool) -> None:
    """Change to `user` if this is root, and drop every capability.

    `keep_reading` keeps the one that enters directories closed to others: an interpreter below /root needs it where
    no new root can be built. What may be read at all is then Landlock's decision alone.
    """
    if os.getuid() == 0 and user:
        os.setgroups([])
        os.setresgid(user, user, user)
        if keep_reading:
            prctl(Prctl.KEEP_CAPABILITIES, 1)
        os.setresuid(user, user, user)
    else:
        keep_reading = False
    mask = 1 << _READ_ANY_DIRECTORY if keep_reading else 0
    _set_capabilities(mask)
    if keep_reading:
        prctl(Prctl.AMBIENT, _RAISE, _READ_ANY_DIRECTORY)  # children that execute keep it too
    prctl(Prctl.DUMPABLE, 1)  # the keeper must be able to read this process's memory counters
