"""The kernel's half of the stock executor: answers one request through files of a declared format."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.checking.observe import answer
from autograder.execution import tensors
from autograder.execution.frames import Malformed
from autograder.execution.records import Answer, Status

_LARGEST = 256 * 1024 * 1024  # bytes of a file that is read back


def write_request(folder: Path, request: dict[str, Any], inputs: bytes) -> None:
    """Lays a request into `folder`."""
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    (folder / "inputs").write_bytes(inputs)


def reply(folder: str, namespace: Mapping[str, Any]) -> None:
    """Answers the request in `folder` with what is in the notebook's `namespace`. Runs in the student's kernel."""
    place = Path(folder)
    request = json.loads((place / "request.json").read_text(encoding="utf-8"))
    said, outputs = answer(request, tensors.decode((place / "inputs").read_bytes()), namespace)
    (place / "outputs").write_bytes(tensors.encode(outputs))
    (place / "reply.json").write_text(json.dumps(said), encoding="utf-8")


def read_reply(folder: Path) -> Answer:
    """What the kernel laid into `folder`, read with suspicion."""
    try:
        said = json.loads(_bytes(folder / "reply.json"))
        if not isinstance(said, dict):
            raise Malformed("the answer is not an object")
        return Answer(Status.OK, said, tensors.decode(_bytes(folder / "outputs")))
    except (OSError, ValueError, RecursionError, Malformed) as problem:
        return Answer(Status.MALFORMED, detail=str(problem)[:200])


def _bytes(path: Path) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Malformed(f"{path.name} is larger than {_LARGEST} bytes")
    return content
