"""Submissions of graders that run side by side as root never share a user."""

import os
import subprocess
import sys

import pytest

from autograder.execution.users import Users

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user's submissions run as that user")
CHILD = "from autograder.execution.users import Users; u = Users(); print(u.take(), flush=True); input()"


@pytest.fixture
def users():
    made = Users()
    yield made
    made.close()


@needs_root
def test_a_user_is_given_to_one_submission_at_a_time(users):
    one, two = users.take(), users.take()
    assert one != two
    users.give(one)
    assert users.take() == one
    assert users.known == {one, two}


@needs_root
def test_another_graders_user_is_free_again_only_when_it_has_ended(users):
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        theirs = int(other.stdout.readline())
        mine = users.take()
        assert mine != theirs
        other.kill()
    after = Users()
    found = {after.take() for _ in range(theirs - 60_000 + 1)}
    after.close()
    assert theirs in found and mine not in found


@needs_root
def test_a_user_stays_taken_while_a_process_of_a_killed_grader_lives():
    grader = "import os, subprocess; from autograder.execution.users import Users; u = Users(); print(u.take())\n"
    grader += (
        "child = subprocess.Popen(['sleep', '60'], stdout=-3, pass_fds=[u.descriptor]); print(child.pid, flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", grader], stdout=subprocess.PIPE, text=True, timeout=60)
    theirs, keeper = map(int, done.stdout.split())
    users = Users()
    try:
        assert theirs not in {users.take() for _ in range(theirs - 60_000 + 1)}
    finally:
        os.kill(keeper, 9)
        users.close()


def test_an_ordinary_user_is_their_own(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    users = Users()
    assert (users.take(), users.take(), users.descriptor) == (1000, 1000, None)
