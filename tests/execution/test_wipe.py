"""Whatever shape a student left, it can be removed, and nothing else is."""

import errno
import os

import pytest

from autograder.execution.wipe import wipe


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "left").mkdir()
    return tmp_path / "left"


def test_links_are_removed_and_not_followed(folder, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (folder / "folder").symlink_to(tmp_path / "precious")
    (folder / "file").symlink_to(tmp_path / "precious" / "file")
    wipe(str(folder))
    assert not folder.exists() and (tmp_path / "precious" / "file").read_text() == "x"


def test_folders_without_any_permission_are_removed(folder):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").write_text("x")
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)
    wipe(str(folder))
    assert not folder.exists()


def test_folders_deeper_than_a_path_or_the_stack_are_removed(folder):
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 40, dir_fd=handle)
        deeper = os.open("d" * 40, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)
    wipe(str(folder))
    assert not folder.exists()


def test_a_name_that_looks_like_ours_is_removed_too(folder):
    (folder / ".wipe-0" / ".wipe-1" / ".wipe-0").mkdir(parents=True)
    (folder / "a" / ".wipe-2").mkdir(parents=True)
    wipe(str(folder))
    assert not folder.exists()


def test_pipes_sockets_and_odd_names_are_removed(folder):
    os.mkfifo(folder / "pipe")
    open(os.path.join(os.fsencode(folder), b"\xff\n"), "w").close()
    wipe(str(folder))
    assert not folder.exists()


def test_a_disk_that_lets_nothing_be_moved_is_an_error_and_no_endless_loop(folder, monkeypatch):
    def full(*_arguments, **_directories):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (folder / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        wipe(str(folder))
