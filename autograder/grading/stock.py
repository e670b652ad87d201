"""The stock executor: a Jupyter kernel for every submission, started as nbgrader starts it.

It is slow (about five seconds a submission) and confines nothing: a student's code can read what this user can read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.util import run_sync
from nbformat import v4
from nbgrader.preprocessors import Execute
from traitlets import Float

from autograder.execution.records import Answer, CellResult, Status
from autograder.grading import answering
from autograder.grading.judging import Session

_WITHHELD = "AUTOGRADER_"  # keys and addresses of the grader: no student's process gets them
_GRACE = 10.0  # seconds after an interrupt until the kernel counts as lost
_ASK = "__import__('autograder.grading.answering', fromlist=['reply']).reply({folder!r}, globals())"


class StockExecutor(Execute):
    """Sessions in a fresh kernel each; `c.Execute` in nbgrader_config.py sets its time limits."""

    notebook_seconds = Float(1800.0, help="seconds after which the rest of a notebook is not run").tag(config=True)

    @contextmanager
    def session(self, folder: Path) -> Iterator[Session]:
        """A kernel in `folder`, gone at the end with what it had open."""
        notebook = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        NotebookClient.__init__(self, notebook, None)
        self.resources = {"metadata": {"path": str(folder)}}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_WITHHELD)}
        with self.setup_kernel(env=environment):
            yield StockSession(self, time.monotonic() + self.notebook_seconds)


class StockSession:
    """One running kernel, seen as a session."""

    def __init__(self, client: StockExecutor, until: float) -> None:
        self._client, self._until = client, until
        self._lost = ""

    def run_cell(self, source: str, timeout: float | None = None) -> CellResult:
        """Executes one cell; after the kernel is lost, or the notebook's time is up, none is run."""
        if self._over():
            return CellResult(Status.NOT_RUN, detail=self._lost)
        cell = v4.new_code_cell(source)
        cells = self._client.nb.cells
        cells.append(cell)
        began = time.monotonic()
        with self._limit(timeout):
            try:
                self._client.execute_cell(cell, len(cells) - 1)
            except Exception as error:  # nbclient's errors have no common base; each means that the kernel is lost
                self._lost = f"the kernel was lost in this or an earlier cell: {type(error).__name__}"
                return CellResult(Status.DIED, tuple(cell.outputs), None, time.monotonic() - began, self._lost)
        names = [output.ename for output in cell.outputs if output.output_type == "error"]
        status = Status.TIMEOUT if "CellTimeoutError" in names else Status.ERROR if names else Status.OK
        if status is Status.TIMEOUT:
            self._check_back()
        return CellResult(status, tuple(cell.outputs), cell.execution_count, time.monotonic() - began)

    def answer(self, request: dict[str, Any], inputs: bytes = b"", timeout: float | None = None) -> Answer:
        """Asks the kernel; the answer comes through files, not through what the kernel prints."""
        if self._over():
            return Answer(Status.NOT_RUN, detail=self._lost)
        folder = Path(tempfile.mkdtemp(prefix="autograder-"))
        try:
            answering.write_request(folder, request, inputs)
            status, detail = self._ask(_ASK.format(folder=str(folder)), timeout or self._client.timeout or 600)
            return answering.read_reply(folder) if status is Status.OK else Answer(status, detail=detail)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _ask(self, code: str, seconds: float) -> tuple[Status, str]:
        reply = run_sync(self._reply)(code, seconds)
        if reply is None:
            self._interrupt()
            return Status.TIMEOUT, f"no answer within {seconds:g} s"
        content = reply["content"]
        if self._lost:
            return Status.DIED, self._lost
        return (Status.OK, "") if content["status"] == "ok" else (Status.ERROR, content.get("ename", "")[:80])

    async def _reply(self, code: str, seconds: float) -> dict[str, Any] | None:
        """The kernel's reply to silent `code`, {} content when it died, None when it is late."""
        client = self._client.kc
        assert client is not None
        message_id = client.execute(code, silent=True, store_history=False, allow_stdin=False)
        deadline = min(time.monotonic() + seconds, self._until)
        while time.monotonic() < deadline:
            try:
                message = await client.shell_channel.get_msg(timeout=1)
            except Exception as error:  # queue.Empty by way of several libraries: nothing said within a second
                if not await client.is_alive():
                    self._lost = f"the kernel died while it answered: {type(error).__name__}"
                    return {"content": {}}
                continue
            if message["parent_header"].get("msg_id") == message_id:
                return message
        return None

    def _interrupt(self) -> None:
        """Interrupts what the kernel does; one that does not come back is given up."""
        manager = self._client.km
        assert manager is not None
        run_sync(manager.interrupt_kernel)()
        self._check_back()

    def _check_back(self) -> None:
        if run_sync(self._reply)("pass", _GRACE) is None:
            self._lost = "the kernel did not come back from an interrupt"

    def _over(self) -> bool:
        if not self._lost and time.monotonic() > self._until:
            self._lost = f"the notebook ran longer than {self._client.notebook_seconds:g} s"
        return bool(self._lost)

    @contextmanager
    def _limit(self, timeout: float | None) -> Iterator[None]:
        """The client's time limit for one cell, at most what is left of the notebook's."""
        usual = self._client.timeout
        left = max(1, int(self._until - time.monotonic()))
        self._client.timeout = min(left, int(timeout or usual or left))
        try:
            yield
        finally:
            self._client.timeout = usual
