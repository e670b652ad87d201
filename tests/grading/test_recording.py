"""What it takes to record a submission in nbgrader's gradebook, and whose words it leaves."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path

from batches import InProcessPool, graded_course
from small_course import STEM
from sqlalchemy import Engine, event

from autograder.grading.jobs import Job, dumps
from autograder.grading.recording import Recorder


@contextmanager
def recording(course, notebook):
    """What records the result of a notebook as that of the next submission; it counts the statements of the last."""
    graded = graded_course(course)
    with closing(Recorder(graded.config, graded.directory, STEM)) as recorder:
        job = Job("key", STEM, dumps(recorder.restored(STEM, notebook)), recorder.released[STEM].checks)
        found = InProcessPool({STEM: graded.exam(STEM)}).submit(job).result()
        statements = []

        def count(_connection, _cursor, statement, *_):
            statements.append(statement)

        def record(student):
            statements.clear()
            folder = graded.directory.format_path(graded.directory.submitted_directory, student, STEM)
            return recorder.record(student, Path(folder), {STEM: found}), len(statements)

        event.listen(Engine, "before_cursor_execute", count)
        try:
            yield record
        finally:
            event.remove(Engine, "before_cursor_execute", count)


def test_to_record_a_submission_takes_few_statements(course, solved):
    for student in ("ada", "bob"):
        course.submit(student, solved)
    with recording(course, solved) as record:
        record("ada")
        recorded, count = record("bob")
    assert recorded.score == 5.0
    assert count < 25  # nbgrader's own columns take one for every grade, several times


def test_what_a_person_enters_while_a_batch_is_at_work_stays(course, solved):
    course.submit("ada", solved)
    with recording(course, solved) as record:
        before, _ = record("ada")
        with course.gradebook() as gradebook:
            gradebook.find_grade("check-outer", STEM, STEM, "ada").manual_score = 1.0
            gradebook.db.commit()
        after, _ = record("ada")
    assert (before.score, before.by_hand, after.score, after.by_hand) == (5.0, 1, 3.0, 2)
