"""Grades notebooks with otter-grader's own function; run by the Python of its environment, by grading.py only.

    python grade_by_otter.py AUTOGRADER_ZIP SECONDS RESULT_JSON NOTEBOOK...

otter is imported once, and each submission graded in a fork, which is dropped after SECONDS: on its own otter has no
time limit outside of Docker. RESULT_JSON gets the points by notebook and exercise.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from otter.api import grade_submission


def _grade(notebook: str, archive: str, result: Path) -> None:
    os.setsid()
    found = grade_submission(notebook, archive, quiet=True)
    points = {name: found.get_score(name) for name in found.test_files if name in found.results}
    result.write_text(json.dumps(points))


def _within(seconds: float, child: int) -> None:
    """Waits for `child`, and kills what it started when it takes longer; its kernel ends with it."""
    deadline = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.05)


def main() -> None:
    """Grades one notebook after the other."""
    archive, seconds, result, *notebooks = sys.argv[1:]
    graded = {}
    for notebook in notebooks:
        part = Path(f"{notebook}.points")
        child = os.fork()
        if child == 0:
            try:
                _grade(notebook, archive, part)
            finally:
                os._exit(0)
        _within(float(seconds), child)
        graded[Path(notebook).stem] = json.loads(part.read_text()) if part.exists() else {}
    Path(result).write_text(json.dumps(graded))


if __name__ == "__main__":
    main()
