"""The confined executor: every submission in a fork of one warm parent that this process keeps."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from traitlets import Bool, Float
from traitlets.config import LoggingConfigurable

from autograder.execution import Limits, WarmParent
from autograder.grading.judging import Session

_parents: dict[tuple[Limits, bool], WarmParent] = {}


class ConfinedExecutor(LoggingConfigurable):
    """Sessions that can reach neither the grader's files nor the network, in a fraction of a second each."""

    cell_seconds = Float(120.0, help="seconds that a cell, or an answer to a check, may take").tag(config=True)
    notebook_seconds = Float(1800.0, help="seconds after which a submission is ended").tag(config=True)
    no_sandbox = Bool(False, help="run submissions unconfined where this machine cannot confine").tag(config=True)

    @contextmanager
    def session(self, folder: Path) -> Iterator[Session]:
        """A confined process with the files of `folder`, dead at the end with all that it started."""
        limits = Limits(
            cell_seconds=self.cell_seconds, answer_seconds=self.cell_seconds, notebook_seconds=self.notebook_seconds
        )
        with _parent(limits, self.no_sandbox).submission(folder) as submission:
            yield submission


def _parent(limits: Limits, no_sandbox: bool) -> WarmParent:
    """The warm parent of this process for these limits: started once, and again after it ended."""
    key = (limits, no_sandbox)
    if key not in _parents or not _parents[key].alive():
        _parents[key] = WarmParent(limits, no_sandbox=no_sandbox)
    return _parents[key]


@atexit.register
def _close_parents() -> None:
    for parent in _parents.values():
        parent.close()
    _parents.clear()
