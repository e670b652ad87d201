"""Gives feedback back: a page for each student, and archives that learning platforms take in."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI

from autograder.grading.release import ReleaseError, reason, succeeded

# Platforms that take files back in one archive and tell by a name's beginning whose each is.
_TAKES_BACK = {"Moodle": "Moodle", "Canvas": "Canvas"}


@dataclass(frozen=True)
class Returned:
    """What was written: pages, archives by platform ("" for one folder a student), and students without a page."""

    pages: int
    archives: Mapping[str, Path] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def graded(api: NbGraderAPI, stem: str) -> list[str]:
    """The students whose submission of `stem` is graded."""
    return sorted(api.get_autograded_students(stem))


def write_pages(
    api: NbGraderAPI, stem: str, students: Iterable[str], told: Callable[[str], None] = lambda student: None
) -> dict[str, str]:
    """By student, why there is no page. A page is nbgrader's, written anew, since grades may have been changed."""
    failed = {}
    for student in students:
        result = api.generate_feedback(stem, student, force=True)
        if not succeeded(result):
            failed[student] = reason(result)
        told(student)
    return failed


def archives(
    pages: Mapping[str, Mapping[str, Path]], senders: Mapping[str, Mapping[str, str]], folder: Path, stem: str
) -> dict[str, Path]:
    """By platform, an archive in `folder` of the students' `pages`: by student, name and path.

    A student whom a platform knows gets the name that it takes back; the others a folder each.
    """
    entries: dict[str, dict[str, Path]] = {}
    for student, files in pages.items():
        platform, prefix = _address(senders.get(student, {}))
        for name, path in files.items():
            entry = f"{prefix}_{name}" if prefix else f"{student}/{name}"
            entries.setdefault(platform, {})[entry] = path
    written = {}
    for platform, files in entries.items():
        path = folder / "-".join(filter(None, [stem, "feedback", platform.lower()]))
        written[platform] = _zip(path.with_name(f"{path.name}.zip"), files)
    return written


def release_to_exchange(api: NbGraderAPI, stem: str, pages: Mapping[str, Mapping[str, Path]]) -> list[str]:
    """The students whose pages are in nbgrader's exchange now: of those in `pages`, who handed in through it.

    nbgrader hands a page to whoever knows the secret that came with the submission, and stops where one is missing.
    Raises ReleaseError when it refuses.
    """
    reached = [student for student, files in pages.items() if any(_has_secret(page) for page in files.values())]
    for student in reached:
        result = api.release_feedback(stem, student)
        if not succeeded(result):
            raise ReleaseError(f"nbgrader did not release the feedback of {student} on {stem}: {reason(result)}")
    return reached


def _has_secret(page: Path) -> bool:
    return all(page.with_name(name).is_file() for name in ("submission_secret.txt", "timestamp.txt"))


def _address(sender: Mapping[str, str]) -> tuple[str, str]:
    platform = _TAKES_BACK.get(sender.get("platform", ""), "")
    return (platform, sender["prefix"]) if platform and sender.get("prefix") else ("", "")


def _zip(path: Path, files: Mapping[str, Path]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, file in sorted(files.items()):
                archive.write(file, name)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
