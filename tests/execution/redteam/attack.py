"""Hostile submissions as they stand on disk: cells, and what may truthfully be said of them.

A file begins with comments. `# statuses:`, `# answers:` and `# reasons:` list what cells, the answer and the keeper may
report; `# seconds:` is the time limit of a cell; `# leftovers: yes` says that processes must be found and killed;
`# unconfined: escapes` says that the attack works where nothing confines it, which a control run proves.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "submissions"


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
        seconds=float(said.get("seconds", ["15"])[0]),
        leftovers=said.get("leftovers") == ["yes"],
        works_unconfined=said.get("unconfined") == ["escapes"],
    )


ATTACKS = {path.stem: _load(path) for path in sorted(FOLDER.glob("*.py"))}
