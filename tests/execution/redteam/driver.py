"""Runs hostile submissions one after the other, an honest one after each, and prints what happened as JSON lines.

Run by test_redteam.py as a program of its own, so that it can become another user first.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2])]

HONEST = """
import os, random, torch
def listing(folder):
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("tmp"))
    except OSError as problem:
        return type(problem).__name__
print([listing(folder) for folder in (".", "/dev/shm", "/tmp", "..")])
print(torch.get_default_dtype(), torch.get_num_threads())
print(random.random(), torch.rand(2), sorted(os.environ), sum(torch.ones(3) + 1))
def double(x):
    return 2 * x
"""


def main() -> None:
    """Print the layers, then one line for each attack."""
    options = argparse.ArgumentParser()
    options.add_argument("--tier", required=True)
    options.add_argument("--ordinary", type=int, metavar="USER", help="become this user, if root")
    options.add_argument("--unconfined", action="store_true")
    options.add_argument("names", nargs="*")
    chosen = options.parse_args()
    if chosen.ordinary and os.getuid() == 0:
        from ordinary import become_ordinary

        become_ordinary(chosen.ordinary)
    from attack import ATTACKS

    from autograder.execution import Limits, SandboxProblem, Tier, WarmParent

    limits = Limits(
        cell_seconds=30,
        answer_seconds=30,
        notebook_seconds=120,
        grace_seconds=0.4,
        cpu_seconds=20,
        memory_bytes=300 << 20,
        processes=40,
        disk_bytes=20 << 20,
        files=500,
        file_bytes=10 << 20,
        stream_bytes=50_000,
        outputs=50,
        reply_bytes=4 << 20,
        tensor_bytes=4 << 20,
    )
    attacks = [ATTACKS[name] for name in chosen.names] or list(ATTACKS.values())
    places = {"answer": "answering:answer", "import_paths": [HERE.parent / "standins"]}
    try:
        parent = WarmParent(limits, tier=Tier(chosen.tier), no_sandbox=chosen.unconfined, **places)
    except SandboxProblem as problem:
        print(json.dumps({"refused": str(problem)}))
        return
    with parent:
        print(json.dumps({"layers": parent.layers.to_json()}), flush=True)
        room = Room(parent)
        for attack in attacks:
            print(json.dumps(room.face(attack)), flush=True)
        room.world.close()


class Room:
    """One warm parent that faces attacks, and the state of an honest submission to compare with."""

    def __init__(self, parent):
        from world import World

        self.parent = parent
        self.world = World(parent.pid)
        self._honest = self._run_honest()

    def face(self, attack) -> dict:
        """What one attack did, and whether the next submission was as it should be."""
        from world import survivors

        began = time.monotonic()
        with self.parent.submission() as submission:
            results = [submission.run_cell(self.world.preamble())]
            for cell in attack.source.split("# %%"):
                results.append(submission.run_cell(cell, attack.cell_seconds))
            answer, score = self._score(submission, attack.answer_seconds)
            report = submission.close()
        return {
            "name": attack.name,
            "statuses": [result.status for result in results[1:]],
            "answer": answer.status,
            "detail": answer.detail[:200] or results[-1].detail[:200],
            "score": score,
            "reason": report.reason,
            "leftovers": report.leftovers,
            "error": report.error,
            "harm": self.world.harm(results),
            "survivors": survivors(self.parent.pid, self.parent.users.known),
            "honest": self._run_honest() == self._honest,
            "seconds": round(time.monotonic() - began, 2),
        }

    def _score(self, submission, seconds: float):
        """The trusted side's judgement on hidden inputs: 1 only when the values are right."""
        import torch

        from autograder.execution import tensors

        inputs = torch.frombuffer(bytearray(os.urandom(40)), dtype=torch.int64).double() / 2**62
        answer = submission.answer({"name": "double"}, tensors.encode({"x": inputs}), timeout=seconds)
        output = answer.tensors.get("output")
        right = output is not None and output.dtype == inputs.dtype and output.shape == inputs.shape
        return answer, int(right and torch.allclose(output, 2 * inputs))

    def _run_honest(self) -> str:
        with self.parent.submission() as submission:
            result = submission.run_cell(HONEST)
            _, score = self._score(submission, 30)
            report = submission.close()
        return json.dumps([result.status, result.outputs, score, report.reason, report.leftovers])


if __name__ == "__main__":
    main()
