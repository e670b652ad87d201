"""Landlock: which files, TCP ports, signals and abstract sockets this process may still reach.

Source: Documentation/userspace-api/landlock.rst of the Linux kernel. PyPI's library of that name covers files only.
"""

import ctypes
import os
import stat
from collections.abc import Iterable

from .kernel import Prctl, checked, prctl, syscall

__all__ = ["SCOPED_SIGNALS_ABI", "abi", "restrict"]

SCOPED_SIGNALS_ABI = 6  # the version that keeps signals and abstract sockets inside

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same numbers on x86_64 and aarch64
_EXECUTE, _WRITE, _READ, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK, _REFER, _TRUNCATE, _IOCTL_DEV = 1 << 6, 1 << 11, 1 << 13, 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL_DEV
_FIRST_ABI = (1 << 13) - 1
_LATER_ABIS = ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """The version of Landlock that this kernel speaks; 0 when it has none."""
    return max(0, syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _add(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # a path that does not exist needs no permission
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _ON_FILES
        rule = _PathBeneath(access, descriptor)
        arguments = (ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0))
        checked(syscall(_ADD_RULE, *arguments), f"landlock_add_rule {path}")
    finally:
        os.close(descriptor)


def restrict(read: Iterable[str], run: Iterable[str], write: Iterable[str], version: int) -> None:
    """Give up, for good, every file but those below `read`, `run` (read and execute) and `write`.

    With them go TCP and, where `version` allows, signals to and abstract sockets of others. `version` is the ABI to
    use, at most `abi()`. Children inherit the restriction. Raises OSError when refused.
    """
    handled = _FIRST_ABI | sum(bit for since, bit in _LATER_ABIS if version >= since)
    attributes = _Ruleset(handled, 3 if version >= 4 else 0, 3 if version >= SCOPED_SIGNALS_ABI else 0)
    size = 24 if version >= SCOPED_SIGNALS_ABI else 16 if version >= 4 else 8
    create = (ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    ruleset = checked(syscall(_CREATE, *create), "landlock_create_ruleset")
    look = _READ | _READ_DIR
    writable = handled & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV)
    try:
        for paths, access in ((read, look), (run, look | _EXECUTE), (write, writable)):
            for path in paths:
                _add(ruleset, path, access & handled)
        prctl(Prctl.NO_NEW_PRIVS, 1)
        checked(syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)), "landlock_restrict_self")
    finally:
        os.close(ruleset)
