"""Huge pages for the warm parent: a fork copies one entry of the page table for 2 MB, instead of 512.

Source: madvise(2), MADV_COLLAPSE; Documentation/admin-guide/mm/transhuge.rst of the Linux kernel.
"""

import contextlib
import ctypes

from .kernel import libc

__all__ = ["into_huge_pages"]

_COLLAPSE = 25  # MADV_COLLAPSE, since Linux 6.1; Python's mmap.madvise takes no memory that it has not mapped itself
_SIZE = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"


def into_huge_pages() -> None:
    """Move what this process has allocated into huge pages, where the kernel has any. Nothing else changes."""
    with contextlib.suppress(OSError, ValueError):
        with open(_SIZE) as file:
            size = int(file.read())
        with open("/proc/self/maps") as file:
            lines = file.readlines()
        for line in lines:
            span, mode, _, _, inode = line.split()[:5]
            if "w" in mode and inode == "0":
                first, last = (int(address, 16) for address in span.split("-"))
                start, end = -(-first // size) * size, last // size * size
                if start < end:
                    libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _COLLAPSE)
