"""The same engine on more than one machine: Dask workers, each with a warm parent of its own.

Every worker gets the exams once, through a plug-in, and so does one that joins later. They hold expected values and
hidden cases: use a scheduler that only the course's staff reaches, with TLS where the network is not your own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import Future

from distributed import Client, Worker, WorkerPlugin, get_worker

from autograder.execution import Limits
from autograder.grading.engine import Engine, engine_version
from autograder.grading.jobs import Job, Result
from autograder.grading.judging import Exam
from autograder.grading.ledger import GradingProblem

__all__ = ["ClusterPool", "EnginePlugin"]

_NAME = "autograder-engine"
_CONNECT_SECONDS = 10
_FIRST_WORKER_SECONDS = 60
_AHEAD = 2  # jobs at hand for every thread of a worker
_COUNT_SECONDS = 10.0


class EnginePlugin(WorkerPlugin):
    """Gives a worker an engine, whose warm parent starts with the first job."""

    name = _NAME

    def __init__(self, exams: Mapping[str, Exam | None], limits: Limits, no_sandbox: bool) -> None:
        self._arguments = (dict(exams), limits, no_sandbox)
        self.version = engine_version()

    def setup(self, worker: Worker) -> None:
        """Called by Dask on every worker."""
        self.engine = Engine(*self._arguments)

    def teardown(self, worker: Worker) -> None:
        """Called by Dask when a worker ends."""
        self.engine.close()


class ClusterPool:
    """Judges on the workers of a Dask scheduler. Raises GradingProblem when it or its workers cannot be reached."""

    def __init__(
        self, address: str, exams: Mapping[str, Exam | None], limits: Limits, no_sandbox: bool = False
    ) -> None:
        self._counted, self._width = 0.0, 0
        try:
            self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as problem:
            raise GradingProblem(
                f"no Dask scheduler answers at {address} ({type(problem).__name__}). Start one: dask scheduler"
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER_SECONDS)
            self._client.register_plugin(EnginePlugin(exams, limits, no_sandbox))
        except TimeoutError:
            self._client.close()
            raise GradingProblem(
                f"the scheduler at {address} has no workers. Start some, in this environment: dask worker {address}"
            ) from None
        self._executor = self._client.get_executor(pure=False)

    @property
    def width(self) -> int:
        """How many jobs the workers should have at hand; counted again from time to time, since workers come and go."""
        if time.monotonic() > self._counted + _COUNT_SECONDS:
            self._width = max(2, _AHEAD * sum(self._client.nthreads().values()))
            self._counted = time.monotonic()
        return self._width

    def submit(self, job: Job) -> Future[Result]:
        """The result to come. A job whose worker is lost runs again on another."""
        return self._executor.submit(judge_here, job)

    def close(self) -> None:
        """Give up what is not done, and leave the cluster as it was."""
        self._executor.shutdown(wait=False)
        self._client.unregister_worker_plugin(_NAME)
        self._client.close()


def judge_here(job: Job) -> Result:
    """What judging a job gives, on the Dask worker that this is called on."""
    plugin = get_worker().plugins[_NAME]
    assert isinstance(plugin, EnginePlugin)
    if plugin.version != engine_version():
        raise GradingProblem(
            f"the worker on {os.uname().nodename} has another version of autograder or torch than this machine. "
            "Install the same there"
        )
    return plugin.engine.run(job)
