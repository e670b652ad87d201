"""The course of the folder in which a command is given, and nbgrader's own commands on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.commands import course_root

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.grading.settings import Settings


@contextmanager
def course_here() -> Iterator[tuple[Settings, Config]]:
    """The course of this folder, or of AUTOGRADER_COURSE; SQLAlchemy's warnings on nbgrader's models kept quiet."""
    import logging
    import warnings

    from autograder.grading.release import course_config
    from autograder.grading.settings import read

    config = course_config(course_root())
    level = logging.getLogger("traitlets").level
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Object of type")
        warnings.filterwarnings("ignore", "datetime.datetime.utcnow", DeprecationWarning)
        try:
            yield read(Path(config.Judge.course)), config
        finally:
            logging.getLogger("traitlets").setLevel(level)


def api(config: Config) -> Any:
    """nbgrader's commands as functions."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    return NbGraderAPI(CourseDirectory(config=config), config=config)


def last(said: Mapping[str, Any]) -> str:
    """The line in which nbgrader says why."""
    return (said.get("log") or said.get("error") or "it did not say why").strip().splitlines()[-1]
