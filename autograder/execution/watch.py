"""What a submission's processes use, read from /proc by its keeper."""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "Usage",
    "data_bytes",
    "descendants",
    "disk_usage",
    "memory_of",
    "others",
    "resident_of",
    "unlinked",
    "user_tasks",
]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes and entries below a directory."""

    bytes: int
    entries: int


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def _state(process: int) -> str:
    try:
        return _read(f"/proc/{process}/stat").rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return "X"


def others(me: int) -> list[int]:
    """The living processes of this pid namespace but `me`."""
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [number for number in numbers if number != me and _state(number) not in "XZ"]


def descendants(root: int) -> list[int]:
    """The processes that descend from `root`."""
    found, todo = [], [root]
    while todo:
        process = todo.pop()
        try:
            children = [int(child) for child in _read(f"/proc/{process}/task/{process}/children").split()]
        except OSError:
            continue
        found += children
        todo += children
    return found


def memory_of(process: int) -> int:
    """The proportional memory of a process in bytes, or its resident memory where that is hidden."""
    try:
        for line in _read(f"/proc/{process}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
        return 0
    except OSError:
        return resident_of(process)


def resident_of(process: int) -> int:
    """The resident memory of a process in bytes, whatever it shares included; 0 when it has ended."""
    try:
        return int(_read(f"/proc/{process}/statm").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def data_bytes() -> int:
    """The size of this process's data segments, which is what RLIMIT_DATA counts."""
    for line in _read("/proc/self/status").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    return 0


def user_tasks(user: int) -> int:
    """How many threads `user` runs on this machine: RLIMIT_NPROC counts them all."""
    tasks = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                tasks += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue
    return tasks


def thread_count(processes: Iterable[int]) -> int:
    """How many threads these processes have together."""
    total = 0
    for process in processes:
        try:
            total += len(os.listdir(f"/proc/{process}/task"))
        except OSError:
            continue
    return total


def disk_usage(directory: str, at_most_entries: int) -> Usage:
    """What is stored below `directory`, counted up to `at_most_entries`; a path too long to open counts as that."""
    total = entries = 0
    todo = [directory]
    while todo and entries < at_most_entries:
        try:
            with os.scandir(todo.pop()) as listing:
                for entry in listing:
                    entries += 1
                    total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    if entries >= at_most_entries:
                        break
        except OSError as problem:
            if problem.errno == errno.ENAMETOOLONG:
                return Usage(total, at_most_entries)
            continue  # removed meanwhile
    return Usage(total, entries)


def unlinked(processes: Iterable[int]) -> tuple[int, frozenset[int]]:
    """Bytes in deleted files that `processes` hold open, and those processes that hide their descriptors."""
    sizes: dict[tuple[int, int], int] = {}
    hidden = set()
    for process in processes:
        try:
            names = os.listdir(f"/proc/{process}/fd")
        except PermissionError:
            if _state(process) not in "XZ":  # a process that is just ending looks the same
                hidden.add(process)
            continue
        except OSError:
            continue
        for name in names:
            try:
                status = os.stat(f"/proc/{process}/fd/{name}")
            except OSError:
                continue
            if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                sizes[status.st_dev, status.st_ino] = status.st_blocks * _BLOCK
    return sum(sizes.values()), frozenset(hidden)
