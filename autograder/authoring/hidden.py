"""The instructor's secret, from which hidden cases are drawn at grading time. It never lies in the repository."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

KEY_VARIABLE = "AUTOGRADER_KEY"
KEY_FILE_VARIABLE = "AUTOGRADER_KEY_FILE"
SHORTEST = 16


class KeyProblem(Exception):
    """The instructor's key cannot be used. The message says why and what to do."""


def find_key(course: Path) -> tuple[bytes, str]:
    """(key, where it came from): the environment, a file it names, or a random key kept in folder `course`.

    Raises KeyProblem when a key that was named is missing, empty or too short to be a secret.
    """
    if value := os.environ.get(KEY_VARIABLE, ""):
        return _checked(value.encode(), f"the environment variable {KEY_VARIABLE}")
    if name := os.environ.get(KEY_FILE_VARIABLE, ""):
        try:
            return _checked(Path(name).read_bytes().strip(), f"the file {name}")
        except OSError as error:
            raise KeyProblem(f"{KEY_FILE_VARIABLE} names {name}, which cannot be read: {error.strerror}") from None
    return _course_key(course / "hidden.key")


def _course_key(path: Path) -> tuple[bytes, str]:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return _checked(path.read_bytes().strip(), f"the course's own random key ({path.name} beside the gradebook)")


def _checked(key: bytes, source: str) -> tuple[bytes, str]:
    if len(key) < SHORTEST:
        raise KeyProblem(
            f"{source} holds a key of {len(key)} bytes; a secret has at least {SHORTEST}. "
            'Make one: python -c "import secrets; print(secrets.token_hex(32))"'
        )
    return key, source
