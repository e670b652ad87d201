"""Judging believes a session in nothing: whatever comes back, or does not, is a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from in_process import InProcessSession
from nbformat import v4

from autograder.authoring.chapter import load_chapter
from autograder.authoring.freeze import freeze_hidden, freeze_public
from autograder.checking import wire
from autograder.checking.records import CallRecord, Foreign, Observation
from autograder.execution import tensors
from autograder.execution.records import Answer, CellResult, Status
from autograder.grading import answering
from autograder.grading.judging import Exam, judge, verdict

CHECKS = {"check-outer": "outer"}


@pytest.fixture(scope="session")
def exam() -> Exam:
    chapter = load_chapter("ch97_small", Path(__file__).parent / "fixture")
    return Exam.of(freeze_public(chapter), freeze_hidden(chapter, b"a key that the tests share"))


class Says(InProcessSession):
    """A session that gives the same answer to whatever it is asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.said, self.asked = answer, 0

    def answer(self, *_: Any, **__: Any) -> Answer:
        self.asked += 1
        return self.said


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_no_answer_is_a_verdict_of_no_points(exam, status):
    session = Says(Answer(status, detail="SPY"))
    given = verdict("outer", exam, session)
    assert given.points == 0.0 and given.cases[0].findings[0].code == "stopped"
    assert session.asked == 1  # it would show the same on every other case


MALFORMED: dict[str, dict[str, Any]] = {
    "empty": {},
    "no-calls": {"calls": 7},
    "text-for-calls": {"calls": "passed", "failure": None, "forbidden": [], "seconds": 0, "notes": []},
    "a-verdict": {"points": 3.0, "passed": True},
    "a-number": {"calls": [], "failure": None, "forbidden": [], "seconds": "x", "notes": []},
}


@pytest.mark.parametrize("reply", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_answer_is_a_verdict_of_no_points(exam, reply):
    assert verdict("outer", exam, Says(Answer(Status.OK, reply))).points == 0.0


def says(*outputs: Any) -> Says:
    """A session that says to have given these outputs."""
    records = tuple(CallRecord(output) for output in outputs)
    return Says(Answer(Status.OK, *wire.encode_observation(Observation(records))))


def test_an_answer_of_too_many_numbers_is_not_computed_with(exam, monkeypatch):
    monkeypatch.setattr("autograder.grading.judging._MOST_NUMBERS", 1000)
    session = says([torch.zeros(300)] * 3)
    assert verdict("outer", exam, session).cases[0].findings[0].code != "stopped"
    for reply in (says(torch.zeros(1001)), says([0] * 1001), says("0" * 1001), says({"a": [torch.zeros(501)] * 2})):
        given = verdict("outer", exam, reply)
        assert given.points == 0.0 and given.cases[0].findings[0].code == "stopped"
        assert reply.asked == 1


def test_a_tensor_counts_as_often_as_an_answer_names_it(exam, monkeypatch):
    monkeypatch.setattr("autograder.grading.judging._MOST_NUMBERS", 1000)
    session = says([torch.zeros(400)])
    (call,) = session.said.reply["calls"]
    call["output"]["list"] *= 100
    assert verdict("outer", exam, session).cases[0].findings[0].code == "stopped"


LONG = "&" * 900_000


@pytest.mark.parametrize(
    "session",
    [says(Foreign(LONG)), says({LONG: 1}), says(torch.zeros([1] * 60_000))],
    ids=["foreign", "key", "shape"],
)
def test_what_an_answer_says_of_itself_is_told_in_brief(exam, session):
    told = [finding.message for case in verdict("outer", exam, session).cases for finding in case.findings]
    assert told and max(map(len, told)) < 2100


def test_what_is_asked_holds_no_expected_value(exam):
    class Listens(InProcessSession):
        heard: list[Any] = []  # noqa: RUF012 - one list for the one object

        def answer(self, request, inputs=b"", timeout=None):
            self.heard.append((request, inputs))
            return super().answer(request, inputs, timeout)

    session = Listens()
    session.run_cell("def outer(a, b):\n    return a[:, None] * b")
    assert verdict("outer", exam, session).passed
    expected = [frozen.expected.calls[0].output for frozen, _ in exam.cases["outer"]]
    for request, inputs in session.heard:
        assert "expected" not in str(request) and "hidden" not in str(request)
        assert not any(
            torch.equal(tensor.double(), wanted.double())
            for tensor in tensors.decode(inputs).values()
            for wanted in expected
            if tensor.shape == wanted.shape
        )


def test_hidden_cases_have_the_public_ones_form_and_other_inputs(exam):
    (public, is_hidden), (drawn, is_drawn) = exam.cases["outer"]
    assert (is_hidden, is_drawn) == (False, True)
    assert not torch.equal(public.case.calls[0].args[0], drawn.case.calls[0].args[0])


def test_a_check_without_a_reference_is_a_problem_and_no_verdict(exam):
    notebook = v4.new_notebook(cells=[check_cell()])
    judged = judge(notebook, CHECKS, None, InProcessSession())
    assert not judged.verdicts and "no reference" in judged.problems["check-outer"]
    assert notebook.cells[0].outputs[0].ename == "NotJudged"


def test_a_cell_that_did_not_run_says_why(exam):
    class Dead(InProcessSession):
        def run_cell(self, source, timeout=None):
            return CellResult(Status.NOT_RUN, detail="the process had ended")

    notebook = v4.new_notebook(cells=[v4.new_code_cell("1 + 1"), check_cell()])
    judge(notebook, CHECKS, exam, Dead())
    assert notebook.cells[0].outputs[0].evalue == "the process had ended"


def test_a_cell_that_was_interrupted_says_why(exam):
    class Slow(InProcessSession):
        def run_cell(self, source, timeout=None):
            interrupt = v4.new_output("error", ename="KeyboardInterrupt", evalue="", traceback=[])
            return CellResult(Status.TIMEOUT, (interrupt,), detail="no reply within 3 s")

    notebook = v4.new_notebook(cells=[v4.new_code_cell("while True: pass"), check_cell()])
    judge(notebook, CHECKS, exam, Slow())
    assert [output.ename for output in notebook.cells[0].outputs] == ["KeyboardInterrupt", "TIMEOUT"]
    assert notebook.cells[0].outputs[1].evalue == "this cell was stopped: no reply within 3 s"


def test_empty_cells_and_text_are_not_run(exam):
    session = InProcessSession()
    judge(v4.new_notebook(cells=[v4.new_code_cell("  \n"), v4.new_markdown_cell("1 / 0")]), {}, exam, session)
    assert session.count == 0


def check_cell() -> Any:
    return v4.new_code_cell("check(outer)", metadata={"nbgrader": {"grade_id": "check-outer"}})


def test_a_reply_in_files_is_read_back(tmp_path: Path):
    answering.write_request(tmp_path, {"exercise": "f"}, tensors.encode({"x": torch.ones(2)}))
    (tmp_path / "reply.json").write_text('{"calls": []}')
    (tmp_path / "outputs").write_bytes((tmp_path / "inputs").read_bytes())
    answer = answering.read_reply(tmp_path)
    assert answer.status is Status.OK and answer.reply == {"calls": []}
    assert torch.equal(answer.tensors["x"], torch.ones(2))


REPLIES = {"missing": None, "not-json": "{", "a-list": "[]", "deep": "[" * 100_000}


@pytest.mark.parametrize("text", REPLIES.values(), ids=REPLIES)
def test_an_unreadable_reply_is_malformed(tmp_path: Path, text):
    if text is not None:
        (tmp_path / "reply.json").write_text(text)
    (tmp_path / "outputs").write_bytes(b"")
    assert answering.read_reply(tmp_path).status is Status.MALFORMED


def test_outputs_that_are_no_tensors_are_malformed(tmp_path: Path):
    (tmp_path / "reply.json").write_text("{}")
    (tmp_path / "outputs").write_bytes(b"\x08" + b"\x00" * 7 + b"not json")
    assert answering.read_reply(tmp_path).status is Status.MALFORMED


def test_a_link_in_the_place_of_a_reply_is_not_followed(tmp_path: Path):
    (tmp_path / "elsewhere").write_text("{}")
    (tmp_path / "reply.json").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "outputs").write_bytes(b"")
    assert answering.read_reply(tmp_path).status is Status.MALFORMED


def test_a_pipe_in_the_place_of_a_reply_does_not_hang(tmp_path: Path):
    import os

    os.mkfifo(tmp_path / "reply.json")
    (tmp_path / "outputs").write_bytes(b"")
    assert answering.read_reply(tmp_path).status is Status.MALFORMED
