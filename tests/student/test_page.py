"""The page for students says what is true: its five minutes are walked, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from autograder import Check
from autograder.cli import parser

PAGE = (Path(__file__).resolve().parents[2] / "book" / "students.md").read_text(encoding="utf-8")


def written(body: str):
    """`outer` with this body, as the page has it typed."""
    space: dict = {"torch": torch}
    exec(f"def outer(a, b):\n    {body}", space)
    return space["outer"]


def test_the_first_five_minutes_go_as_told(folder, capsys):
    wrong = re.search(r"by `(return .*?)`", PAGE)
    assert wrong, "the page has a mistake typed on purpose"
    check = Check("ch00_tensors")
    check(written("raise NotImplementedError"))
    assert "outer: not implemented yet" in capsys.readouterr().out
    check(written(wrong[1]))
    said = capsys.readouterr().out
    assert "values differ" in said and "Known mistake: added" in said and "Hint 1 of 3" in said
    check.hint("outer")
    assert "Hint 2 of 3" in capsys.readouterr().out
    check(written(wrong[1].replace("+", "*")))
    assert "outer: passed, 2 of 2 points" in capsys.readouterr().out


def test_the_inputs_of_a_case_call_the_function_as_told(folder):
    assert "inputs = check.inputs(outer)" in PAGE
    inputs = Check("ch00_tensors").inputs("outer")
    assert written("return a[:, None] * b[None, :]")(**inputs).shape == (len(inputs["a"]), len(inputs["b"]))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"autograder ((?:get|status|submit)[^`#\n]*)", PAGE))))
def test_every_command_on_the_page_is_one(command):
    parser().parse_args(command.split())


def test_the_archive_is_called_as_told():
    assert "`ch03_convolution_YOUR_ID.zip`" in PAGE and "--as YOUR_ID" in PAGE
