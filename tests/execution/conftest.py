"""Warm parents for the tests of this folder: one for each tier, started when first needed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.execution import Limits, Submission, Tier, WarmParent

STANDINS = Path(__file__).parent / "standins"
LIMITS = Limits(
    cell_seconds=20,
    answer_seconds=20,
    notebook_seconds=60,
    grace_seconds=1,
    memory_bytes=300 << 20,
    processes=40,
    disk_bytes=20 << 20,
    files=500,
    file_bytes=10 << 20,
    stream_bytes=10_000,
    outputs=20,
    reply_bytes=2 << 20,
    tensor_bytes=1 << 20,
)


def start(tier: Tier | None = None, **options) -> WarmParent:
    """A warm parent with the stand-in for the checker's answering function."""
    return WarmParent(LIMITS, answer="answering:answer", import_paths=[STANDINS], tier=tier, **options)


@pytest.fixture(scope="session")
def parents() -> Iterator[Callable[[Tier], WarmParent]]:
    """Gives the running warm parent of a tier."""
    running: dict[Tier, WarmParent] = {}

    def parent(tier: Tier) -> WarmParent:
        if tier not in running:
            running[tier] = start(tier, no_sandbox=tier is Tier.NONE)
        return running[tier]

    yield parent
    for each in running.values():
        each.close()


@pytest.fixture(params=[Tier.NAMESPACES, Tier.PLAIN], ids=str)
def parent(request: pytest.FixtureRequest, parents: Callable[[Tier], WarmParent]) -> WarmParent:
    """The warm parent of each tier in turn."""
    return parents(request.param)


@pytest.fixture
def submission(parents: Callable[[Tier], WarmParent]) -> Iterator[Submission]:
    """A fresh submission in the strongest tier."""
    with parents(Tier.NAMESPACES).submission() as fresh:
        yield fresh
