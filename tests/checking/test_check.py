"""What a student sees of `check`."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder import Check
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.records import Call, Case, Reference
from autograder.checking.references import ReferenceProblem, save_reference
from autograder.checking.report import Report, describe_inputs


def product(x, W):
    return x @ W


@pytest.fixture
def check(exercise, tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.checking.references.DIRECTORY", tmp_path)
    monkeypatch.setenv("AUTOGRADER_PROGRESS", str(tmp_path / "progress"))
    save_reference(Reference("ch98_fixture", {"product": exercise}), tmp_path / "ch98_fixture.safetensors")
    return Check("ch98_fixture")


def test_the_points_are_a_plain_float(check):
    assert type(check(product)) is float and check(product) == 4.0


def test_a_verdict_is_text_and_html(check, capsys):
    check(product)
    assert "✓ product: passed, 4 of 4 points" in capsys.readouterr().out


def test_html_is_escaped(exercise, check):
    def product(x, W):
        raise ValueError("<script>alert(1)</script>")

    page = Report(check.verdict(product, "product"), {})._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_an_unknown_function_lists_the_exercises(check):
    with pytest.raises(ValueError, match=r"ch98_fixture has no exercise 'sorted'\. Its exercises: product"):
        check(sorted)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            torch.ones(2, 3),
            r"was given a float32 tensor of shape \(2, 3\), .* without brackets behind it: check\(product",
        ),
        (None, r"was given None, which is no exercise of ch98_fixture"),
        ("prodct", r"no exercise 'prodct'\. Is it product\? "),
        ("product", r"takes the function or class itself, no text: check\(product\)"),
        (lambda x, W: x, r"no exercise '<lambda>'\. .* name its exercise: check\(f, name='product'\)"),
    ],
    ids=["result", "none", "typing-error", "text", "lambda"],
)
def test_what_is_no_exercise_is_answered_with_what_to_give(check, given, words):
    with pytest.raises(ValueError, match=words):
        check(given)


def test_a_name_that_is_given_counts_more_than_the_functions_own(check):
    with pytest.raises(ValueError, match=r"no exercise 'prodct'"):
        check(product, name="prodct")


@pytest.mark.parametrize(
    "cell",
    [
        "product = lambda x, W: x @ W\ncheck(product)",
        "def mine(x, W):\n    return x @ W\nproduct = mine\ncheck(product)",
        "from functools import partial\nproduct = partial(lambda k, x, W: k * x @ W, 1)\ncheck(product)",
        "class Mine:\n    def __call__(self, x, W):\n        return x @ W\nproduct = Mine()\ncheck(product)",
        "other = product\ncheck(other)",
    ],
    ids=["lambda", "alias", "partial", "object", "second-name"],
)
def test_a_function_is_known_by_the_name_that_the_notebook_gives_it(check, capsys, cell):
    exec(cell, {"check": check, "product": product})
    assert "✓ product: passed" in capsys.readouterr().out


def test_nothing_is_not_an_exercise_that_was_not_run(check):
    with pytest.raises(ValueError, match="was given None"):
        exec("check(None)", {"check": check})


def test_what_is_no_function_is_said_of_the_exercise_of_that_name(check, capsys):
    exec("check(product)", {"check": check, "product": 3})
    assert "product is not a function: it is an int, which cannot be called" in capsys.readouterr().out


@pytest.mark.parametrize(
    "mode", [torch.no_grad, torch.inference_mode, lambda: torch.device("meta")], ids=["no-grad", "inference", "device"]
)
def test_what_the_notebook_has_switched_changes_no_verdict(check, capsys, mode):
    with mode():
        assert check(product) == 4.0 and check(doubled, "product") == 0.0
    assert "Known mistake: doubled" in capsys.readouterr().out


def test_who_stops_an_endless_loop_is_told_where_it_was_and_keeps_what_passed(check, capsys):
    def endless(x, W):
        raise KeyboardInterrupt

    check(product)
    with pytest.raises(
        KeyboardInterrupt, match=r"product was stopped on line \d+ of its cell, `raise KeyboardInterrupt`"
    ):
        check(endless, "product")
    check.board()
    assert "✓ product: passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "cell",
    ["check(3)", "check.hint(sorted)", "Check('ch77_none')", "check(interrupted, 'product')"],
    ids=["no-exercise", "no-hint", "no-chapter", "stopped"],
)
def test_a_notebook_shows_the_message_and_no_traceback_of_ours(check, capsys, cell):
    def interrupted(x, W):
        raise KeyboardInterrupt

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.push({"check": check, "Check": Check, "interrupted": interrupted})
    shell.run_cell(cell)
    said = capsys.readouterr().out.strip()
    assert said and "\n" not in said and "autograder/checking" not in said


def doubled(x, W):
    return x @ W * 2


def test_hints_come_in_steps(check, capsys):
    check(doubled, "product")
    first = capsys.readouterr().out
    assert "Hint 1 of 2: What is seen." in first and "The idea." not in first
    assert "Another hint: check.hint(product)" in first
    check.hint("product")
    second = capsys.readouterr().out
    assert "Hint 2 of 2: The idea." in second and "Another hint" not in second


def test_the_last_hint_says_that_it_is_the_last(check, capsys):
    check(doubled, "product")
    check.hint("product")
    assert "all the hints" not in capsys.readouterr().out
    check.hint("product")
    assert "These are all the hints there are." in capsys.readouterr().out


def test_hints_that_were_seen_stay_shown_in_the_next_session(check, capsys):
    check(doubled, "product")
    check.hint("product")
    Check("ch98_fixture")(doubled, "product")
    assert capsys.readouterr().out.count("Hint 2 of 2: The idea.") == 2


def test_another_mistake_begins_with_its_first_hint(check, capsys):
    check(doubled, "product")
    check.hint("product")
    check(lambda x, W: x @ W + 1, "product")
    capsys.readouterr()
    check(doubled, "product")
    assert "Hint 2 of 2" not in capsys.readouterr().out


def test_an_unknown_mistake_leads_to_the_inputs_of_its_case(check, capsys):
    check(lambda x, W: x @ W + 1, "product")
    assert "Stuck? check.hint(product)" in capsys.readouterr().out
    check.hint("product")
    assert "inputs = check.inputs(product)" in capsys.readouterr().out


def test_the_inputs_of_the_failing_case_call_the_function_again(exercise, check):
    check(doubled, "product")
    given = check.inputs("product")
    assert torch.equal(product(**given), product(*exercise.cases[0].case.calls[0].args))


def test_the_inputs_are_the_students_to_spoil(check):
    check.inputs("product")["x"].zero_()
    assert check(product) == 4.0


def test_a_hint_before_a_check_says_so(check, capsys):
    check.hint(product)
    assert "Run check(product) first." in capsys.readouterr().out


def test_the_demo_unlocks_when_all_pass(check, capsys):
    assert not check.unlocked()
    assert "product" in capsys.readouterr().out
    check(product)
    assert check.unlocked()


def test_a_hidden_case_tells_its_kind_and_no_number(exercise):
    seen = exercise.cases[0]
    call = seen.case.calls[0]
    shifted = replace(call, args=(call.args[0] + 1000, call.args[1]))
    secret = replace(seen, case=replace(seen.case, name="secret", calls=(shifted,), gradients=()), mistakes={})
    pairs = [(seen, False), (secret, True)]
    verdict = diagnose(exercise, pairs, [observe(product, frozen.case) for frozen, _ in pairs])
    assert verdict.points == 0.0
    for words in (repr(Report(verdict, {})), Report(verdict, {})._repr_html_()):
        assert "On a hidden case, values differ from the reference." in words
        assert "secret" not in words and "expected" not in words and "1000" not in words


def test_a_verdict_on_a_hidden_case_offers_no_hint_that_only_a_notebook_can_give(exercise):
    seen = exercise.cases[0]
    pairs = [(seen, False), (seen, True)]
    verdict = diagnose(exercise, pairs, [seen.expected, observe(lambda x, W: x @ W + 1, seen.case)])
    assert "check.hint" not in repr(Report(verdict, {}))


def test_a_locked_demo_keeps_quiet_while_graded(check, capsys, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert not check.unlocked() and capsys.readouterr().out == ""


def test_the_board_shows_what_passed_and_what_is_next(check, capsys):
    check.board()
    before = capsys.readouterr().out
    assert "0 of 1 passed, 0 of 4 points, about 5 min left" in before
    assert "○ product: not checked" in before and "Next: product in ch98_fixture, about 5 min." in before
    check(product)
    capsys.readouterr()
    check.board()
    after = capsys.readouterr().out
    assert "✓ product: passed, 4 of 4 points" in after and "Everything passes." in after


def test_a_fresh_notebook_takes_no_progress_away(check, capsys):
    def untouched(x, W):
        raise NotImplementedError

    check(product)
    check(untouched, "product")
    capsys.readouterr()
    check.board()
    assert "✓ product" in capsys.readouterr().out


def test_a_board_keeps_quiet_while_graded(check, capsys, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    check.board()
    assert capsys.readouterr().out == ""


def test_a_notebook_without_a_check_reads_no_tensors(check):
    check.board(), check.unlocked(), repr(check)
    assert "_reference" not in vars(check)
    check(product)
    assert "_reference" in vars(check)


def test_a_damaged_reference_is_told_when_the_notebook_begins(check, tmp_path):
    path = tmp_path / "ch98_fixture.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReferenceProblem, match="damaged"):
        Check("ch98_fixture")


def test_points_of_an_exercise_that_is_not_there_are_told_when_the_notebook_begins(check):
    with pytest.raises(ValueError, match="ch98_fixture has no exercise 'sum'"):
        Check("ch98_fixture", {"sum": 3})


def test_checking_imports_no_heavy_package():
    import subprocess
    import sys

    code = (
        "import sys, autograder.checking.check;"
        "heavy = ('nbgrader', 'rich', 'matplotlib', 'jupytext', 'torch._dynamo', 'sympy');"
        "print([m for m in heavy if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_a_generator_among_the_inputs_is_told_by_its_seed():
    case = Case("a draw", (Call((4, torch.Generator().manual_seed(7)), names=("n", "generator")),))
    assert describe_inputs(case) == "n = 4, generator with seed 7"
