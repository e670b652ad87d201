"""Where there are no layers, --no-sandbox runs submissions in processes of their own, with the same answers."""

import pytest
import torch

from autograder.execution import Reason, SandboxProblem, Status, Tier, client
from autograder.execution.tensors import encode

from .conftest import start


@pytest.fixture
def elsewhere(monkeypatch):
    """A platform without layers."""
    monkeypatch.setattr(client, "_has_layers", lambda: False)


@pytest.fixture
def parent(elsewhere):
    with start(no_sandbox=True) as bare:
        yield bare


def test_it_is_refused_unless_asked_for(elsewhere):
    with pytest.raises(SandboxProblem, match=r"(?s)runs as you do.*--no-sandbox"):
        start()


def test_cells_answers_and_files_work(parent, tmp_path):
    (tmp_path / "data.csv").write_text("1,2")
    with parent.submission(tmp_path) as submission:
        result = submission.run_cell("def double(x):\n    return 2 * x\nopen('data.csv').read()")
        answer = submission.answer({"name": "double"}, encode({"x": torch.ones(2)}))
        report = submission.close()
    assert (parent.tier, result.outputs[0]["data"]["text/plain"]) == (Tier.NONE, "'1,2'")
    assert torch.equal(answer.tensors["output"], torch.full((2,), 2.0))
    assert (report.reason, report.tier, report.layers) == (Reason.CLOSED, Tier.NONE, ())


def test_a_cell_that_never_ends_is_interrupted_then_killed(parent):
    with parent.submission() as submission:
        assert submission.run_cell("while True: pass", timeout=0.5).status is Status.TIMEOUT
        assert submission.run_cell("1").status is Status.OK
        stubborn = (
            "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
        )
        assert submission.run_cell(stubborn, timeout=2).status is Status.TIMEOUT
        assert submission.run_cell("1").status is Status.NOT_RUN


def test_a_process_that_ends_itself_is_reported(parent):
    with parent.submission() as submission:
        assert submission.run_cell("import os; os._exit(3)").status is Status.DIED
        assert (submission.report.reason, submission.report.code) == (Reason.EXIT, 3)
