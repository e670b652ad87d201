"""The gradebook in PostgreSQL, on a server that is started for the tests and listens on no network."""

from __future__ import annotations

import io
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from batches import InProcessPool, graded_course, run
from rich.console import Console
from small_course import OUTER, STEM, Course, cell

from autograder.authoring.chapter import load_chapter
from autograder.grading import release
from autograder.grading.batch import Batch
from autograder.grading.export import MoodleExport
from autograder.grading.insight.command import insight
from autograder.grading.ledger import GradingProblem
from autograder.grading.regrade import Comparing, _Unrecorded


def programs() -> Path:
    """The folder of the newest PostgreSQL server on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = [Path(name) for name in (shutil.which("initdb"),) if name]
    if not found + named:
        pytest.fail("no PostgreSQL found: install it (`apt-get install postgresql`)", pytrace=False)
    return (named + found)[-1].parent


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of an empty database. The server refuses to run as root, so then it runs as nobody."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    shutil.chown(folder, user)
    options = {"user": user, "extra_groups": []} if os.getuid() == 0 else {}

    def call(program: str, *words: str) -> None:
        command = [str(programs() / program), *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8"}, **options)
        assert done.returncode == 0, done.stdout + done.stderr

    data = str(folder / "data")
    call("initdb", "--pgdata", data, "--username=course", "--auth=trust", "--no-sync", "--encoding=UTF8")
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
    try:
        call("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(folder / "log"), "--options", settings)
        yield f"postgresql+psycopg2://course:secret@/postgres?host={folder}"
    finally:
        subprocess.run(
            [str(programs() / "pg_ctl"), "stop", "--pgdata", data, "--mode=immediate"],
            cwd=folder, capture_output=True, check=False, **options,
        )  # fmt: skip
        shutil.rmtree(folder)


@pytest.fixture
def postgres(server: str, course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The small course with its gradebook on the server."""
    monkeypatch.setenv("AUTOGRADER_DB", server)
    chapter = load_chapter(STEM, course.root / "solutions")
    points = {name: exercise.points for name, exercise in chapter.exercises.items()}
    release.build([STEM], {STEM: points}, course.root, record=True)
    return course


def test_a_batch_is_recorded_in_postgresql_as_in_sqlite(postgres, solved):
    postgres.submit("ada", solved)
    cell(solved, "outer").source = OUTER.replace("a[:, None]", "a[None, :]")
    postgres.submit("bob", solved)
    rows = run(postgres)
    assert (rows["ada"].score, rows["bob"].score) == (5.0, 2.0)
    with postgres.gradebook() as gradebook:
        assert gradebook.engine.dialect.name == "postgresql"
        assert {each.student.id: each.score for each in gradebook.assignment_submissions(STEM)} == {"ada": 5, "bob": 2}
    batch = postgres.grades("bob")
    assert postgres.api.autograde(STEM, "bob", force=True)["success"]
    assert postgres.grades("bob") == batch
    assert {row.outcome for row in run(postgres).values()} == {"kept"}


def test_a_server_that_is_gone_is_told_in_one_line_without_the_password(course, solved, monkeypatch):
    course.submit("ada", solved)
    monkeypatch.setenv("AUTOGRADER_DB", "postgresql+psycopg2://course:secret@/postgres?host=/nowhere")
    with pytest.raises(GradingProblem, match=r"the gradebook .* cannot be used: .*see that the database") as caught:
        run(course)
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_page_an_export_and_a_preview_read_postgresql_and_change_nothing(postgres, solved):
    with (postgres.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(postgres.root / 'references')!r}\n")
    postgres.submit("eve", solved)
    run(postgres)
    with postgres.gradebook() as gradebook:
        MoodleExport(to=str(postgres.root / "moodle.csv"), student=["eve"]).export(gradebook)
    assert (postgres.root / "moodle.csv").read_text().splitlines()[-1] == ",,eve,,5"
    insight(postgres.root, STEM, postgres.root / "page.html", None, "", Console(file=io.StringIO()))
    assert "of 7" in (postgres.root / "page.html").read_text()
    with postgres.gradebook() as gradebook:
        gradebook.update_or_create_grade_cell("check-outer", STEM, STEM, max_score=6, cell_type="code")
    graded = graded_course(postgres)
    with (
        _Unrecorded(graded.batch_folder) as ledger,
        closing(Comparing(graded, STEM, preview=True)) as recorder,
    ):
        submissions = [each for each in graded.submissions(STEM) if each.student == "eve"]
        Batch(graded, STEM, ledger, recorder, InProcessPool).run(submissions)
    assert [(each.old, each.new) for each in recorder.changes] == [(3.0, 6.0)]
    assert postgres.grades("eve")["check-outer"].score == 3.0
