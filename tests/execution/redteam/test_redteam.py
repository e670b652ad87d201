"""Every hostile submission is contained, reported truthfully, scores nothing, and harms no other.

As root and as an ordinary user, with and without namespaces; a control run shows that the attacks are real.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from .attack import ATTACKS

DRIVER = Path(__file__).with_name("driver.py")
ROOMS = {
    "root-ns": ("--tier=ns",),
    "root-plain": ("--tier=plain",),
    "user-ns": ("--tier=ns", "--ordinary=59001"),
    "user-plain": ("--tier=plain", "--ordinary=59002"),
    "unconfined": ("--tier=none", "--ordinary=59003", "--unconfined"),
}
REAL = [name for name, attack in ATTACKS.items() if attack.works_unconfined]
SECONDS = 600


def _drive(room: str, names: list[str]) -> dict[str, dict]:
    """What happened to each attack in one room, by name; `refused` when there is no such room here."""
    command = [sys.executable, str(DRIVER), *ROOMS[room], *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or not lines:
        raise RuntimeError(f"the driver failed in {room}:\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}")
    return {line.get("name", "refused"): line for line in lines if "layers" not in line}


class Rooms:
    """The outcomes of all chosen attacks. Confined rooms run side by side: leaks are told apart by their users.

    The unconfined room comes last, since what escapes there lies in folders that all share.
    """

    def __init__(self, chosen: dict[str, list[str]]):
        self._threads = ThreadPoolExecutor(len(ROOMS))
        root = os.getuid() == 0
        confined = [room for room in chosen if room != "unconfined" and (root or not room.startswith("root"))]
        self._rooms: dict[str, Future] = {room: self._threads.submit(_drive, room, chosen[room]) for room in confined}
        if "unconfined" in chosen:
            self._rooms["unconfined"] = self._threads.submit(self._last, chosen["unconfined"], [*self._rooms.values()])

    @staticmethod
    def _last(names: list[str], others: list[Future]) -> dict[str, dict]:
        wait(others)
        return _drive("unconfined", names)

    def outcome(self, room: str, name: str) -> dict:
        """What `name` did in `room`; an expected failure, with its reason, where the machine has no such room."""
        if room not in self._rooms:
            pytest.xfail("root's rooms need root")
        try:
            outcomes = self._rooms[room].result()
        except (RuntimeError, ValueError, subprocess.TimeoutExpired) as problem:
            pytest.fail(str(problem), pytrace=False)
        if "refused" in outcomes:
            refusal = outcomes["refused"]["refused"]
            lacking = any(f"{layer}:" in refusal for layer in ("namespaces", "landlock", "seccomp"))
            (pytest.xfail if lacking else pytest.fail)(refusal)
        return outcomes[name]

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def rooms(request: pytest.FixtureRequest):
    chosen: dict[str, list[str]] = {}
    for item in request.session.items:
        given = getattr(getattr(item, "callspec", None), "params", {})
        if item.path == Path(__file__) and "attack" in given:
            chosen.setdefault(given.get("room", "unconfined"), []).append(given["attack"])
    driven = Rooms(chosen)
    yield driven
    driven.close()


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("room", [room for room in ROOMS if room != "unconfined"])
def test_an_attack_is_contained_and_truthfully_reported(rooms: Rooms, room: str, attack: str):
    expected, seen = ATTACKS[attack], rooms.outcome(room, attack)
    assert seen["harm"] == []
    assert seen["survivors"] == []
    assert seen["score"] == 0
    assert seen["honest"], "the next submission was harmed"
    statuses = [status.replace(" ", "-") for status in seen["statuses"]]
    assert expected.may_report(statuses, seen["answer"].replace(" ", "-"), seen["reason"]), seen
    assert bool(seen["leftovers"]) or not expected.leftovers


@pytest.mark.slow
@pytest.mark.parametrize("attack", REAL)
def test_an_attack_works_where_nothing_confines_it(rooms: Rooms, attack: str):
    assert rooms.outcome("unconfined", attack)["harm"] != []


def test_every_attack_says_what_may_be_reported_of_it():
    known = {"ok", "error", "timeout", "malformed", "died", "not-run"}
    for attack in ATTACKS.values():
        assert attack.statuses <= known and attack.answers <= known, attack.name


def test_there_are_at_least_eighty_attacks():
    assert len(ATTACKS) >= 80
