"""Hundreds of forks in a row that train do not hang, and leave the parent as it was."""

import os
import time
from pathlib import Path

import pytest

from autograder.execution import Status, Tier

TRAIN = """
import torch
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
x, y = torch.randn(16, 4), torch.randn(16, 1)
for _ in range(3):
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
model.weight.sum().item()
"""
FORKS = 300


@pytest.mark.slow
def test_three_hundred_forks_that_train_all_end_and_agree(parents):
    parent = parents(Tier.NAMESPACES)
    descriptors, seen = len(os.listdir("/proc/self/fd")), set()
    for _ in range(FORKS):
        with parent.submission() as submission:
            result = submission.run_cell(TRAIN, timeout=30)
            assert result.status is Status.OK, result
            seen.add(result.outputs[0]["data"]["text/plain"])
    assert len(seen) == 1
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert parent.alive()


def test_a_submission_may_use_several_threads_of_torch(parents):
    source = "import torch\ntorch.set_num_threads(2)\na = torch.randn(512, 512)\nfor _ in range(5): a = (a @ a).tanh()"
    for _ in range(3):
        with parents(Tier.NAMESPACES).submission() as submission:
            assert submission.run_cell(source, timeout=30).status is Status.OK


def test_submissions_leave_no_children_of_the_parent(parents):
    parent = parents(Tier.PLAIN)
    with parent.submission() as submission:
        submission.run_cell("1")
    deadline = time.monotonic() + 5
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    while children.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert children.read_text() == ""
