"""Every hostile submission is contained, reported truthfully, scores nothing, and harms no other.

As root and as an ordinary user, with and without namespaces; a control run shows that the attacks are real.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from .attack import ATTACKS

DRIVER = Path(__file__).with_name("driver.py")
ROOMS = {
    "root-ns": ("--tier=ns",),
    "root-plain": ("--tier=plain",),
    "user-ns": ("--tier=ns", "--ordinary"),
    "user-plain": ("--tier=plain", "--ordinary"),
    "unconfined": ("--tier=none", "--ordinary", "--unconfined"),
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
    """The outcomes of all chosen attacks. Root's rooms run beside the user's: leaks are told apart by their users."""

    def __init__(self, chosen: dict[str, list[str]]):
        self._lanes = {lane: ThreadPoolExecutor(1) for lane in (True, False)}
        self._rooms: dict[str, Future] = {
            room: self._lanes[room.startswith("root")].submit(_drive, room, names)
            for room, names in chosen.items()
            if room == "unconfined" or os.getuid() == 0 or not room.startswith("root")
        }

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
        for lane in self._lanes.values():
            lane.shutdown(cancel_futures=True)


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
    assert {status.replace(" ", "-") for status in seen["statuses"]} <= expected.statuses | {"not-run"}
    assert seen["answer"].replace(" ", "-") in expected.answers, seen["detail"]
    assert seen["reason"] in expected.reasons, seen["error"]
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
