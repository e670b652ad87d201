"""The protocol between grader and submission: a header with two lengths, JSON, then safetensors bytes.

The trusted side believes nothing: every length is capped before it is read, every reply has one deadline, and whatever
is not a JSON object is `Malformed`.
"""

import json
import math
import select
import socket
import struct
import time
from typing import Any

__all__ = ["HEADER", "Channel", "Gone", "Late", "Malformed", "pack", "parse"]

HEADER = struct.Struct("!II")  # bytes of JSON, bytes of tensors
_CHUNK = 1 << 20
_AHEAD = 1 << 16  # most replies are smaller, and so are read at once
_MAX_TOKENS = 2_000_000  # bounds the memory that parsed JSON can take


class Malformed(Exception):
    """The other side sent something that is not a reply."""


class Gone(Exception):
    """The other side has ended."""


class Late(Exception):
    """The deadline passed first."""


def pack(message: dict[str, Any], payload: bytes = b"") -> bytes:
    """The bytes of one frame; ValueError for what JSON cannot say (NaN, infinity)."""
    body = json.dumps(message, allow_nan=False).encode()
    return HEADER.pack(len(body), len(payload)) + body + payload


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is beyond floating point")
    return value


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; raises `Malformed` for anything else, however hostile."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MAX_TOKENS:
        raise Malformed("the reply has too many parts")
    try:
        message = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError, MemoryError) as problem:
        raise Malformed(f"the reply is not JSON: {type(problem).__name__}: {str(problem)[:200]}") from None
    if not isinstance(message, dict):
        raise Malformed(f"the reply is a JSON {type(message).__name__}, not an object")
    return message


class Channel:
    """The trusted end of a submission's data socket.

    `alive` is the keeper's socket: it becomes readable when the submission is over. A grandchild may hold the data
    socket open, so waiting for its end alone could last for ever.
    """

    def __init__(self, data: socket.socket, alive: socket.socket, json_bytes: int, payload_bytes: int):
        self._data, self._alive = data, alive
        self._json_bytes, self._payload_bytes = json_bytes, payload_bytes
        self.last_bytes = 0  # of JSON, in the last reply
        self._ahead = bytearray()
        data.setblocking(False)

    def send(self, frame: bytes, deadline: float) -> None:
        """Send a whole frame before `deadline` (time.monotonic seconds); `Late` or `Gone` otherwise."""
        view = memoryview(frame)
        while view:
            try:
                view = view[self._data.send(view[:_CHUNK]) :]
            except BlockingIOError:
                self._wait(deadline, reading=False)
            except OSError:
                raise Gone from None

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """One reply as (JSON object, payload) before `deadline`; `Late`, `Gone` or `Malformed` otherwise."""
        json_bytes, payload_bytes = HEADER.unpack(self._exactly(HEADER.size, deadline))
        if json_bytes > self._json_bytes or payload_bytes > self._payload_bytes:
            raise Malformed(
                f"the reply has {json_bytes} bytes of JSON and {payload_bytes} of tensors, "
                f"at most {self._json_bytes} and {self._payload_bytes} are read"
            )
        body = self._exactly(json_bytes, deadline)
        self.last_bytes = json_bytes
        payload = self._exactly(payload_bytes, deadline)
        return parse(body), payload

    def _exactly(self, count: int, deadline: float) -> bytes:
        buffer = self._ahead
        while len(buffer) < count:
            self._wait(deadline, reading=True)
            try:
                part = self._data.recv(min(_CHUNK, max(_AHEAD, count - len(buffer))))
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None
            if not part:
                raise Gone
            buffer += part
        self._ahead = buffer[count:]
        return bytes(memoryview(buffer)[:count])

    def _wait(self, deadline: float, reading: bool) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late
        poll = select.poll()
        poll.register(self._data, select.POLLIN if reading else select.POLLOUT)
        poll.register(self._alive, select.POLLIN)
        ready = dict(poll.poll(max(1, left * 1000)))
        if not ready:
            raise Late
        if self._data.fileno() not in ready:  # what it said before it ended is still read
            raise Gone
