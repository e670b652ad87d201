"""What a cell shows, collected in the student's process as nbformat outputs."""

import base64
import fcntl
import io
import os
import tempfile
from typing import Any

from .limits import Limits

__all__ = ["Capture", "RawOutput", "TextStream"]

_CUT = "\n[output cut: a cell may print {limit} characters]\n"
_TOO_MANY = "\n[output cut: a cell may show {limit} outputs]\n"


def _encoded(data: dict[str, Any]) -> dict[str, Any]:
    """A mime bundle with bytes as base64 text, the way notebooks store images."""
    return {kind: base64.b64encode(v).decode() + "\n" if isinstance(v, bytes) else v for kind, v in data.items()}


class Capture:
    """The outputs of the running cell. Streams of one name that follow each other are one output."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self.begin()

    def begin(self) -> None:
        """Forget the previous cell."""
        self._outputs: list[dict[str, Any]] = []
        self._displays: dict[str, list[dict[str, Any]]] = {}
        self._printed = 0
        self._clear_next = False

    def collect(self) -> list[dict[str, Any]]:
        """The outputs so far, as nbformat has them."""
        return [
            {**output, "text": "".join(output["text"])} if output["output_type"] == "stream" else output
            for output in self._outputs
        ]

    def write(self, name: str, text: str) -> None:
        """Add text to the stream `name`; beyond the limit it is dropped, and the cell says so once."""
        room = self._limits.stream_bytes - self._printed
        if room < 0 or not text:
            return
        self._printed += len(text)
        if len(text) > room:
            text = text[:room] + _CUT.format(limit=self._limits.stream_bytes)
        self._clear_if_due()
        last = self._outputs[-1] if self._outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"].append(text)
        else:
            self._add({"output_type": "stream", "name": name, "text": [text]})

    def display(self, data: dict[str, Any], metadata: dict[str, Any], identity: str | None) -> None:
        """Add a display that later updates find by `identity`."""
        output = {"output_type": "display_data", "data": _encoded(data), "metadata": metadata}
        self._add(output)
        if identity is not None:
            self._displays.setdefault(identity, []).append(output)

    def update(self, data: dict[str, Any], metadata: dict[str, Any], identity: str | None) -> None:
        """Replace the displays of this cell that have `identity`."""
        for output in self._displays.get(identity or "", ()):
            output.update(data=_encoded(data), metadata=metadata)

    def result(self, data: dict[str, Any], metadata: dict[str, Any], count: int) -> None:
        """Add the value of the cell's last expression."""
        output = {"output_type": "execute_result", "execution_count": count}
        self._add({**output, "data": _encoded(data), "metadata": metadata})

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Add a traceback."""
        self._add({"output_type": "error", "ename": name, "evalue": value, "traceback": traceback})

    def clear(self, wait: bool) -> None:
        """Remove what is shown, at once or when the next output comes."""
        self._clear_next = wait
        if not wait:
            self._outputs.clear()

    def _add(self, output: dict[str, Any]) -> None:
        self._clear_if_due()
        limit = self._limits.outputs
        if len(self._outputs) < limit or output["output_type"] == "error":
            self._outputs.append(output)
        elif len(self._outputs) == limit:
            self._outputs.append({"output_type": "stream", "name": "stderr", "text": [_TOO_MANY.format(limit=limit)]})

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self._outputs.clear()


class TextStream(io.TextIOBase):
    """Standard output or error of a cell."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, capture: Capture, name: str):
        self._capture, self._name = capture, name

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self._name == "stdout" else 2

    @property
    def buffer(self) -> io.RawIOBase:
        return open(self.fileno(), "wb", buffering=0, closefd=False)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._capture.write(self._name, text)
        return len(text)


class RawOutput:
    """Descriptors 1 and 2 as an unlinked file: what C code and child processes print, read back after each cell."""

    def __init__(self, directory: str, limit: int):
        self._limit = limit
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            self._file = os.dup(file.fileno())
        fcntl.fcntl(self._file, fcntl.F_SETFL, os.O_APPEND)  # or writes after a truncation would leave a hole
        for descriptor in (1, 2):
            os.dup2(self._file, descriptor)

    def take(self) -> str:
        """The text since the last call, at most the limit."""
        try:
            text = os.pread(self._file, self._limit, 0)
            os.ftruncate(self._file, 0)
        except OSError:  # student code may close any descriptor
            return ""
        return text.decode(errors="replace")
