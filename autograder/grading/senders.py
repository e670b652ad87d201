"""Who handed a file in: read off the names that learning platforms give to what they hand out in bulk.

A name tells an account, or no more than a person's name. What it tells is looked up in the class list; what fits nobody
there, or several, is placed nowhere and shown to a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

# Each stands for one part of a path. It says who by `student` (an account) or by `name`; `time` is when. Files of which
# the `label` agrees are one handing in: a platform gives what lies beside a notebook the same beginning.
# Moodle names folders so since 4.1, and before it with one more _ (mod/assign/feedback/file/importziplib.php reads both
# back); Canvas writes name, user, attachment (Assignment#generate_comments_from_files reads them back).
PLATFORMS: dict[str, str] = {
    "Moodle": r"(?P<prefix>(?P<label>(?P<name>[^_/]+)_\d+)_assignsubmission_(?:file|onlinetext))(?:_.*)?",
    "Canvas": r"(?P<prefix>(?P<label>(?P<name>[^_]+)(?P<late>_LATE)?_(?P<student>\d+))_\d+)_.+",
    "Blackboard": r"(?P<label>.+?_(?P<student>[^_]+)_attempt_(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d))(?:[_.].*)?",
    "Brightspace": r"(?P<student>\d+)-\d+ - (?P<name>.+?) - .*\d{4}.*",
    "Sakai": r"[^()]+, [^()]+\((?P<student>[^()\s]+)\)",
}
_TIME = "%Y-%m-%d-%H-%M-%S"


@dataclass(frozen=True)
class Sender:
    """What a path tells of who handed it in.

    `prefix` is what a platform's name begins with, by which it takes a file back; `label` is how a person will know it;
    `late` is whether the platform says so.
    """

    label: str
    platform: str = ""
    student: str = ""
    name: str = ""
    prefix: str = ""
    time: datetime | None = None
    late: bool = False


class Unknown(Exception):
    """Nobody in the class list is meant for certain. The message says why and what to do."""


def sender(parts: Sequence[str], stem: str, patterns: Sequence[str] = (), zone: tzinfo = UTC) -> Sender:
    """The sender of a file at the path `parts`, outermost first, that belongs to assignment `stem`.

    A course's own `patterns` come before those of the platforms, and these before what a student may have written:
    the archive's name that `autograder submit` gives, a file called <student>_<anything>_<stem>, a folder for each.
    """
    own = {f"pattern {number}": pattern for number, pattern in enumerate(patterns, 1)}
    for platform, pattern in {**own, **PLATFORMS}.items():
        for depth, part in enumerate(parts, 1):
            if match := re.fullmatch(pattern, _bare(part) if platform in own else part):
                said = {key: value or "" for key, value in match.groupdict().items()}
                student, name, prefix = (said.get(key, "").strip() for key in ("student", "name", "prefix"))
                when, late = _when(said.get("time", ""), zone), bool(said.get("late"))
                label = _label([*parts[: depth - 1], said.get("label") or part], depth)
                return Sender(label, platform, student, name, prefix, when, late)
    return _plain(parts, stem)


def _plain(parts: Sequence[str], stem: str) -> Sender:
    *folders, file = parts
    if folders and (match := re.fullmatch(rf"{stem}_(?P<student>.+)", _bare(folders[-1]))) and _bare(file) == stem:
        return Sender(_label(parts, len(folders)), "archive", _known(match["student"]))
    if match := re.fullmatch(rf"(?P<student>[^_]+)_(?:.*_)?{stem}", _bare(file)):
        return Sender(_label(parts, len(parts)), "file", match["student"])
    for depth, folder in enumerate(folders, 1):
        if folder != stem and not folder.endswith(".zip"):
            # in a zip file it may be any folder of one student's: then the class list has to know it
            in_archive = any(part.endswith(".zip") for part in parts[:depth])
            student, name = ("", folder) if in_archive else (folder, "")
            return Sender(_label(parts, depth), "folder", student, name)
    return Sender(_label(parts, len(parts)))


def _label(parts: Sequence[str], depth: int) -> str:
    """The path that names a sender, without the download in which it lies."""
    return "/".join(parts[1 if depth > 1 and parts[0].endswith(".zip") else 0 : depth])


class Roster:
    """The class list, by which a sender becomes a student. `people` are full names by id; it may be empty."""

    def __init__(self, people: Mapping[str, str]) -> None:
        self._people = people
        self._called: dict[str, set[str]] = {}
        for student, name in people.items():
            for spelling in _spellings(name):
                self._called.setdefault(spelling, set()).add(student)

    def account(self, student: str) -> str:
        """The id that somebody gave as it is. Raises Unknown for one that nobody can have."""
        if self._people and student not in self._people:
            raise Unknown(f"{student} is not in the class list")
        if not re.fullmatch(r"[^/\\\0]+", student) or student.startswith("."):
            raise Unknown(f"{student!r} cannot be the name of a folder")
        return student

    def find(self, sender: Sender) -> str:
        """The id of the student who is meant. Raises Unknown when that is not certain.

        Without a class list an account is taken as it stands; a name alone is not an account.
        """
        if sender.student and (sender.student in self._people or not self._people):
            return self.account(sender.student)
        if sender.name in self._people:
            return sender.name
        if sender.name and not self._people:
            raise Unknown("its name tells a person and no account, and the class list is empty")
        found = sorted(set().union(*(self._called.get(each, set()) for each in _spellings(sender.name))))
        if len(found) == 1:
            return found[0]
        if found:
            raise Unknown(f"{len(found)} students are called {sender.name}: {', '.join(found)}")
        if sender.student or sender.name:
            raise Unknown(f"{sender.student or sender.name} is not in the class list")
        raise Unknown("its name does not tell who handed it in")


def _bare(part: str) -> str:
    """A name without the ending of an archive or a notebook, and without the number that a browser gives to a copy."""
    return re.sub(r"(?: ?\(\d+\))?\.(?:zip|ipynb)$", "", part)


def _known(student: str) -> str:
    return "" if student == "unknown" else student


def _spellings(name: str) -> set[str]:
    """A name as platforms write it: its words in either order, run together, without accents."""
    plain = unicodedata.normalize("NFKD", name).casefold().translate(_LETTERS)
    words = re.findall(r"\w+", "".join(each for each in plain if not unicodedata.combining(each)).replace("_", " "))
    turned = [words[cut:] + words[:cut] for cut in range(len(words))]
    return {"".join(each) for each in turned} - {""}


# Letters that are no other letter with an accent, to Unicode, and are written so where only ASCII is.
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})


def _when(text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None
