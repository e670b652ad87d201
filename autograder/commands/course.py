"""The course of the folder in which a command is given, and nbgrader's own commands on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.commands import course_root, lighten

if TYPE_CHECKING:
    from traitlets.config import Config

    from autograder.grading.settings import Settings


@contextmanager
def course_here() -> Iterator[tuple[Settings, Config]]:
    """The course of this folder, or of AUTOGRADER_COURSE; SQLAlchemy's warnings on nbgrader's models kept quiet.

    Raises CourseProblem where there is none, GradingProblem where its gradebook cannot be used.
    """
    import logging
    import warnings

    lighten()
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import SQLAlchemyError

    from autograder.grading.ledger import GradingProblem
    from autograder.grading.recording import explained
    from autograder.grading.release import course_config
    from autograder.grading.settings import CourseProblem, read

    root = course_root()
    config = course_config(root)
    if not isinstance(config.Judge.course, str):
        raise CourseProblem(
            f"{root / 'nbgrader_config.py'} is not that of a course. Make one: autograder new-course DIR, and cd there"
        )
    level = logging.getLogger("traitlets").level
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Object of type")
        warnings.filterwarnings("ignore", "datetime.datetime.utcnow", DeprecationWarning)
        try:
            settings = read(Path(config.Judge.course))
            Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id).close()
            yield settings, config
        except SQLAlchemyError as problem:
            raise GradingProblem(explained(config.CourseDirectory.db_url, problem)) from None
        finally:
            logging.getLogger("traitlets").setLevel(level)


def api(config: Config) -> Any:
    """nbgrader's commands as functions."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    return NbGraderAPI(CourseDirectory(config=config), config=config)
