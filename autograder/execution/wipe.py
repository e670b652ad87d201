"""Removing what a student's process left on disk, whatever shape it has."""

import errno
import itertools
import os
import stat
from collections.abc import Iterator

__all__ = ["wipe"]

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def wipe(directory: str) -> None:
    """Remove `directory` and all below it, without following links, for any depth and any permission bits.

    Nested folders are moved up before they are emptied, so no path grows long and nothing recurses.
    """
    top = os.open(directory, _FOLDER)
    try:
        fresh = (f".wipe-{number}" for number in itertools.count())
        while names := os.listdir(top):
            for name in names:
                if _is_folder(name, top):
                    _empty(name, top, fresh)
                else:
                    os.unlink(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(directory)


def _is_folder(name: str, parent: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _empty(name: str, parent: int, fresh: Iterator[str]) -> None:
    """Remove the folder `name` of `parent`; its own folders move to `parent` under fresh names."""
    os.chmod(name, 0o700, dir_fd=parent)
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        for inner in os.listdir(folder):
            if _is_folder(inner, folder):
                os.chmod(inner, 0o700, dir_fd=folder)
                _move_up(inner, folder, parent, fresh)
            else:
                os.unlink(inner, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)


def _move_up(name: str, folder: int, parent: int, fresh: Iterator[str]) -> None:
    for target in fresh:
        try:
            return os.rename(name, target, src_dir_fd=folder, dst_dir_fd=parent)
        except OSError as problem:
            if problem.errno not in _TAKEN:  # no other name would help
                raise
