"""Hostile submissions as they stand on disk: cells, and what may truthfully be said of them.

A file begins with comments. `# statuses:`, `# answers:` and `# reasons:` list what cells, the answer and the keeper may
report; `# seconds:` is the time limit of what may run out of time, cells or the answer; `# leftovers: yes` says that
processes must be found and killed; `# unconfined: escapes` says that the attack works where nothing confines it, which
a control run proves.

What a file lists holds however slow the machine is. Two things follow from it and are not listed: the keeper looks from
time to time, so when it ended the submission (a reason other than closed) this may befall any request; and what comes
after a request that ended the submission is not run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "submissions"
_PATIENCE = 30.0  # seconds for what has to end by itself, on two busy cores
_ENDED = frozenset({"timeout", "malformed", "died"})  # after these there may be no process to ask


@dataclass(frozen=True)
class Attack:
    """One hostile submission."""

    name: str
    source: str
    statuses: frozenset[str]
    answers: frozenset[str]
    reasons: frozenset[str]
    seconds: float
    leftovers: bool
    works_unconfined: bool

    @property
    def cell_seconds(self) -> float:
        """The time limit of its cells: short only where that is what must end them."""
        return self.seconds if "timeout" in self.statuses else _PATIENCE

    @property
    def answer_seconds(self) -> float:
        """The time limit of its answer."""
        return self.seconds if "timeout" in self.answers else _PATIENCE

    def may_report(self, statuses: Sequence[str], answer: str, reason: str) -> bool:
        """Whether these are true words about it."""
        killed = {"died"} if reason != "closed" else set()
        over = {"not-run"} if reason != "closed" or _ENDED & set(statuses) else set()
        cells = all(status in self.statuses | killed | over for status in statuses)
        return cells and answer in self.answers | killed | over and reason in self.reasons


def _load(path: Path) -> Attack:
    source = path.read_text()
    said = {}
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        field, colon, value = line.lstrip("# ").partition(":")
        if colon:
            said[field] = value.split()
    return Attack(
        name=path.stem,
        source=source,
        statuses=frozenset(said.get("statuses", ["ok", "error"])),
        answers=frozenset(said.get("answers", ["ok"])),
        reasons=frozenset(said.get("reasons", ["closed"])),
        seconds=float(said.get("seconds", ["30"])[0]),
        leftovers=said.get("leftovers") == ["yes"],
        works_unconfined=said.get("unconfined") == ["escapes"],
    )


ATTACKS = {path.stem: _load(path) for path in sorted(FOLDER.glob("*.py"))}
