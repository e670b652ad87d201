"""Runs student code, confined, and hands back what it showed and answered as plain data.

    with WarmParent(Limits()) as parent, parent.submission() as submission:
        result = submission.run_cell("1 + 1", timeout=10)
        answer = submission.answer(request, tensors.encode(inputs))
        report = submission.close()

Nothing here judges: a status says how a request ended, and everything else is what the student's process says.
"""

from .client import ParentGone, SandboxProblem, WarmParent
from .limits import Limits
from .records import Answer, CellResult, KeeperReport, Reason, Status, Tier
from .submission import Submission

__all__ = [
    "Answer",
    "CellResult",
    "KeeperReport",
    "Limits",
    "ParentGone",
    "Reason",
    "SandboxProblem",
    "Status",
    "Submission",
    "Tier",
    "WarmParent",
]
