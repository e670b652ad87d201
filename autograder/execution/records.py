"""What the trusted side learns about a submission."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Answer", "CellResult", "KeeperReport", "Reason", "Status", "Tier"]


class Tier(StrEnum):
    """How a submission is confined."""

    NAMESPACES = "ns"  # own processes, network and root, plus Landlock, seccomp, rlimits
    PLAIN = "plain"  # Landlock, seccomp, rlimits
    NONE = "none"  # nothing; only when asked for


class Status(StrEnum):
    """How one request to a submission ended. Only OK means that the student's process replied in time and in form."""

    OK = "ok"
    ERROR = "error"  # the cell raised, or no answer could be made
    TIMEOUT = "timeout"
    MALFORMED = "malformed"  # the reply was not what the protocol says
    DIED = "died"  # the process ended before it replied
    NOT_RUN = "not run"  # it had ended before the request


class Reason(StrEnum):
    """Why a submission ended, as the keeper saw it."""

    CLOSED = "closed"  # the grader was done with it
    EXIT = "exit"  # it ended itself
    SIGNAL = "signal"
    CPU = "cpu"
    WALL = "wall"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    HIDES = "hides"  # a process made itself unreadable to the keeper
    GRADER_GONE = "grader-gone"
    SETUP_FAILED = "setup-failed"  # confinement could not be had: no student code ran
    KEEPER_DIED = "keeper-died"


@dataclass(frozen=True, slots=True)
class CellResult:
    """One executed cell. `outputs` are nbformat 4 outputs as plain dictionaries, checked to be such.

    Everything in here but `status` TIMEOUT, MALFORMED, DIED, NOT_RUN and `seconds` is what the student's process says.
    """

    status: Status
    outputs: tuple[dict[str, Any], ...] = ()
    execution_count: int | None = None
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the student's process said to one request: JSON data and CPU tensors, well formed when `status` is OK."""

    status: Status
    reply: dict[str, Any] = field(default_factory=dict)
    tensors: "dict[str, Tensor]" = field(default_factory=dict)
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class KeeperReport:
    """What the keeper, which runs no student code, saw. Seconds and bytes; `leftovers` are processes it had to kill."""

    reason: Reason
    tier: Tier | None = None
    code: int = 0  # exit code, or minus the signal
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0  # resident memory beyond what it began with: of the student's process, of all when polled
    peak_processes: int = 0
    leftovers: int = 0
    layers: tuple[str, ...] = ()  # what confined it
    confine_seconds: float = 0.0
    error: str = ""
