"""One running submission, seen from the grader."""

import contextlib
import json
import select
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import frames, outputs
from .frames import Channel, Gone, Late, Malformed
from .order import Order
from .records import Answer, CellResult, KeeperReport, Reason, Status, Tier

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Submission"]

_NOTICE_SECONDS = 0.5
_REPORT_SECONDS = 20.0
_REPORT_BYTES = 1 << 16


class Submission:
    """A student's process behind its keeper. No method raises because of what student code did.

    After a time-out that the interrupt did not end, or a malformed reply, the submission is closed: what it said last
    cannot be told from what it says next.
    """

    def __init__(self, control: socket.socket, data: socket.socket, order: Order):
        limits = order.limits
        self._control, self._data, self._limits = control, data, limits
        self._channel = Channel(data, control, limits.reply_bytes, limits.tensor_bytes)
        self._report: KeeperReport | None = None
        self._over_at = time.monotonic() + limits.notebook_seconds
        self._ready = False
        self._shown = 0

    @property
    def report(self) -> KeeperReport | None:
        """The keeper's report, once the submission has ended."""
        return self._report

    def run_cell(self, source: str, timeout: float | None = None) -> CellResult:
        """Execute one cell for at most `timeout` seconds, `Limits.cell_seconds` by default."""
        began = time.perf_counter()
        frame = frames.pack({"cell": source})
        message, _, status, detail = self._exchange(frame, timeout or self._limits.cell_seconds)
        shown: tuple[dict[str, Any], ...] = ()
        count = None
        if message:
            try:
                shown = self._kept(outputs.clean(message.get("outputs", []), 2 * self._limits.outputs + 10))
                count = outputs.count(message.get("execution_count"))
            except Malformed as problem:
                status, detail, shown = self._broken(problem)
            else:
                if status is Status.OK and message.get("succeeded") is not True:
                    status, detail = Status.ERROR, _text(message.get("error", ""))
        return CellResult(status, shown, count, time.perf_counter() - began, detail)

    def answer(self, request: dict[str, Any], inputs: bytes = b"", timeout: float | None = None) -> Answer:
        """Ask the student's process, for at most `timeout` seconds, `Limits.answer_seconds` by default.

        `inputs` is what `tensors.encode` makes of them.
        """
        from . import tensors

        began = time.perf_counter()
        frame = frames.pack({"request": request}, inputs)
        message, payload, status, detail = self._exchange(frame, timeout or self._limits.answer_seconds)
        reply: dict[str, Any] = {}
        results: dict[str, Tensor] = {}
        if status is Status.OK:
            try:
                reply, results, status, detail = _answered(message, payload, tensors.decode)
            except Malformed as problem:
                status, detail, _ = self._broken(problem)
        return Answer(status, reply, results, time.perf_counter() - began, detail)

    def memory_bytes(self) -> int:
        """The proportional memory of all its processes, 0 when it has ended."""
        if self._report is None:
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._control.send(b"measure")
                self._control.settimeout(_REPORT_SECONDS)
                return int(json.loads(self._control.recv(_REPORT_BYTES))["bytes"])
        return 0

    def close(self) -> KeeperReport:
        """End it and everything it started; what the keeper saw. May be called again."""
        return self._close(0)

    def _close(self, wait_seconds: float) -> KeeperReport:
        """Close, but first give the keeper time to see by itself why the submission ended."""
        if self._report is None and not select.select([self._control], [], [], wait_seconds)[0]:
            with contextlib.suppress(OSError):
                self._control.send(b"close")
        if self._report is None:
            self._report = self._receive_report()
            self._data.close()
            self._control.close()
        return self._report

    def _receive_report(self) -> KeeperReport:
        self._control.settimeout(_REPORT_SECONDS)
        try:
            fields = json.loads(self._control.recv(_REPORT_BYTES))
            tier = Tier(fields.pop("tier")) if fields.get("tier") else None
            fields["layers"] = tuple(fields.get("layers", ()))
            return KeeperReport(**{**fields, "reason": Reason(fields["reason"]), "tier": tier})
        except (OSError, ValueError) as problem:
            return KeeperReport(Reason.KEEPER_DIED, error=str(problem))

    def _exchange(self, frame: bytes, seconds: float) -> tuple[dict[str, Any], bytes, Status, str]:
        """Send a request and wait for its reply: (message, payload, status, detail)."""
        if self._report is not None:
            return {}, b"", Status.NOT_RUN, self._ending()
        try:
            if not self._ready:
                self._channel.receive(time.monotonic() + self._limits.start_seconds)
                self._ready = True
            try:
                deadline = min(time.monotonic() + seconds, self._over_at)
                self._channel.send(frame, deadline)
                return *self._channel.receive(deadline), Status.OK, ""
            except Late:
                left = "the notebook's time is over" if deadline == self._over_at else f"no reply within {seconds:g} s"
                return self._interrupt(left)
        except (Gone, Late):
            self._close(_NOTICE_SECONDS)
            return {}, b"", Status.DIED, self._ending()
        except Malformed as problem:
            status, detail, _ = self._broken(problem)
            return {}, b"", status, detail

    def _interrupt(self, detail: str) -> tuple[dict[str, Any], bytes, Status, str]:
        """Ask the running code to stop; if it does not, end the submission."""
        with contextlib.suppress(OSError):
            self._control.send(b"interrupt")
        try:
            message, _ = self._channel.receive(time.monotonic() + self._limits.grace_seconds)
            return message, b"", Status.TIMEOUT, detail
        except (Gone, Late, Malformed):
            self.close()
            return {}, b"", Status.TIMEOUT, f"{detail}, nor after an interrupt"

    def _kept(self, shown: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        """The outputs of the last reply, or a line in their place when the notebook has shown too much in all."""
        if not shown:
            return shown
        self._shown += self._channel.last_bytes
        if self._shown <= self._limits.shown_bytes:
            return shown
        words = f"[outputs dropped: a notebook may show {self._limits.shown_bytes} bytes in all]\n"
        return ({"output_type": "stream", "name": "stderr", "text": words},)

    def _broken(self, problem: Malformed) -> tuple[Status, str, tuple]:
        self.close()
        return Status.MALFORMED, str(problem), ()

    def _ending(self) -> str:
        report = self._report
        assert report is not None
        return f"the submission ended: {report.reason}" + (f" ({report.error})" if report.error else "")


def _text(value: Any) -> str:
    return str(value)[:2000].encode("utf-8", "replace").decode()


def _answered(
    message: dict[str, Any], payload: bytes, decode: Callable
) -> "tuple[dict[str, Any], dict[str, Tensor], Status, str]":
    if "error" in message:
        return {}, {}, Status.ERROR, _text(message["error"])
    reply = message.get("reply")
    if not isinstance(reply, dict):
        raise Malformed(f"the answer is a {type(reply).__name__}, not an object")
    return reply, decode(payload), Status.OK, ""
