"""Checks, grades and authors the exercises of the course. A notebook needs one name: `Check`."""

from typing import Any

__all__ = ["Check"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`Check`, imported when first asked for, so that the command line starts without torch."""
    if name == "Check":
        from autograder.checking.check import Check

        return Check
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
