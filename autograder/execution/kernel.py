"""Thin, checked access to the system calls that Python has no name for (Linux)."""

import ctypes
import os
from typing import Any

__all__ = ["Prctl", "checked", "libc", "prctl", "syscall"]

libc = ctypes.CDLL(None, use_errno=True)
if hasattr(libc, "syscall"):
    libc.syscall.restype = ctypes.c_long


class Prctl:
    """Options of prctl(2) that the engine uses."""

    PDEATHSIG = 1
    DUMPABLE = 4
    KEEP_CAPABILITIES = 8
    SECCOMP = 22
    SUBREAPER = 36
    NO_NEW_PRIVS = 38
    AMBIENT = 47


def checked(result: int, what: str) -> int:
    """The result of a C call, or OSError with its errno when it is negative."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(number: int, *arguments: Any) -> int:
    """The raw result of a system call by number; arguments are ctypes values, bytes or None."""
    return libc.syscall(ctypes.c_long(number), *arguments)


def prctl(option: int, *values: int) -> int:
    """The result of prctl(2), missing values as zero; OSError when the kernel refuses."""
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    return checked(libc.prctl(option, *padded), f"prctl({option})")
