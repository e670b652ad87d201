"""What the percent format accepts, and how it refuses the rest: file, line, problem, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.percent import AuthoringError, parse, read, stub

PATH = Path("solutions/ch99_demo/ch99_demo.py")
EXERCISE = '''\
# %% exercise="twice"
def twice(x):
    """Returns 2 x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
'''
CHECK = '# %% check="twice"\ncheck(twice)\n'
THINK = '# %% [markdown] think="why"\n# Why?\n# <details><summary>Answer</summary>Because.</details>\n'
ANSWER = '# %% [markdown] answer="explain" points=2\n# Explain.\n# ### BEGIN SOLUTION\n# So.\n# ### END SOLUTION\n'


def test_cells_know_kind_name_line_and_points():
    script = parse("# %% [markdown]\n# # Title\n\n# %%\nimport math\n\n" + EXERCISE + CHECK + THINK + ANSWER, PATH)
    assert [(cell.kind, cell.name, cell.line, cell.points) for cell in script.cells] == [
        ("prose", None, 1, None),
        ("code", None, 4, None),
        ("exercise", "twice", 7, None),
        ("check", "twice", 13, None),
        ("think", "why", 15, None),
        ("answer", "explain", 18, 2.0),
    ]
    assert script.stem == "ch99_demo"


def test_markdown_is_read_without_its_comment_signs():
    script = parse("# %% [markdown]\n# # Title\n#\n# $x$\n", PATH)
    assert script.cells[0].source == "# Title\n\n$x$"


def test_grade_ids_tell_an_exercise_from_its_check():
    script = parse(EXERCISE + CHECK, PATH)
    assert [cell.grade_id for cell in script.cells] == ["twice", "check-twice"]


def test_exercises_are_found_by_name_in_course_order():
    script = parse(EXERCISE + CHECK + (EXERCISE + CHECK).replace("twice", "again"), PATH)
    assert list(script.exercises) == ["twice", "again"]


def test_a_stub_keeps_signature_and_docstring():
    source = parse(EXERCISE + CHECK, PATH).exercises["twice"].source
    assert stub(source) == 'def twice(x):\n    """Returns 2 x."""\n    raise NotImplementedError'


def test_a_class_may_hide_several_bodies():
    text = (
        '# %% exercise="Net"\nclass Net:\n    """A net."""\n\n    def __init__(self):\n        ### BEGIN SOLUTION\n'
        "        self.a = 1\n        ### END SOLUTION\n\n    def forward(self, x):\n        ### BEGIN SOLUTION\n"
        '        return x\n        ### END SOLUTION\n# %% check="Net"\ncheck(Net)\n'
    )
    assert stub(parse(text, PATH).exercises["Net"].source).count("raise NotImplementedError") == 2


def test_an_assigned_answer_is_an_exercise():
    text = (
        '# %% exercise="count"\ncount = None\n### BEGIN SOLUTION\ncount = 42\n### END SOLUTION\n'
        '# %% check="count"\ncheck(count)\n'
    )
    assert stub(parse(text, PATH).exercises["count"].source).startswith("count = None\nraise")


def test_a_jupytext_header_is_no_cell():
    header = "# ---\n# jupyter:\n#   jupytext:\n#     formats: py:percent\n# ---\n\n"
    assert [cell.line for cell in parse(header + EXERCISE + CHECK, PATH).cells] == [7, 13]


BAD = {
    "unknown-marker": ('# %% exersise="twice"\n', 1, "unknown marker 'exersise'", "Write 'exercise'"),
    "unknown-marker-unlike-any": ('# %% colour="red"\n', 1, "unknown marker 'colour'", "exercise, check, think"),
    "points-on-an-exercise": ('# %% exercise="twice" points=2\n', 1, "points on a cell", "cases.py"),
    "two-markers": ('# %% exercise="a" check="a"\n', 1, "two markers", "a cell of its own"),
    "exercise-in-markdown": ('# %% [markdown] exercise="a"\n# x\n', 1, "on a markdown cell", "# %% exercise="),
    "think-in-code": ('# %% think="a"\n1\n', 1, "on a code cell", "# %% [markdown] think="),
    "a-name-with-a-space": ('# %% exercise="a b"\n1\n', 1, "cannot name a cell", "letters, digits"),
    "a-name-without-quotes": ("# %% exercise=3\n1\n", 1, "cannot name a cell", 'exercise="name"'),
    "answer-without-points": ('# %% [markdown] answer="a"\n# x\n', 1, "without points", "points=2"),
    "answer-with-points-below-zero": ('# %% [markdown] answer="a" points=-1\n# x\n', 1, "without points", "points=2"),
    "raw-cell": ("# %% [raw]\n# x\n", 1, "a raw cell", "# %% [markdown]"),
    "no-region": ('# %% exercise="a"\ndef a():\n    return 1\n', 1, "has no solution region", "### BEGIN SOLUTION"),
    "region-not-ended": (EXERCISE.replace("    ### END SOLUTION\n", ""), 4, "without an end", "### END SOLUTION"),
    "region-not-begun": (EXERCISE.replace("    ### BEGIN SOLUTION\n", ""), 5, "without a beginning", "in turn"),
    "region-in-a-region": (
        EXERCISE.replace("    ### BEGIN", "    ### BEGIN SOLUTION\n    ### BEGIN"),
        5,
        "a solution region inside another",
        "in turn",
    ),
    "region-misspelt": (EXERCISE.replace("### BEGIN", "# BEGIN"), 4, "is no region", "'### BEGIN SOLUTION'"),
    "hidden-tests-region": ("# %%\n### BEGIN HIDDEN TESTS\n", 2, "is no region", "cases.py"),
    "region-in-plain-code": (EXERCISE.replace(' exercise="twice"', ""), 4, "released as it stands", 'exercise="…"'),
    "region-in-prose": ("# %% [markdown]\n# ### BEGIN SOLUTION\n", 2, "released as it stands", 'answer="…"'),
    "another-name-defined": (EXERCISE.replace("def twice", "def double"), 1, "does not define twice", "def twice(…)"),
    "name-defined-in-the-region-alone": (
        '# %% exercise="a"\n### BEGIN SOLUTION\na = 1\n### END SOLUTION\n',
        1,
        "released stub of a does not define a",
        "outside the region",
    ),
    "signature-in-the-region": (
        '# %% exercise="a"\ndef b():\n    pass\n### BEGIN SOLUTION\ndef a():\n    """A."""\n### END SOLUTION\n',
        1,
        "released stub of a does not define a",
        "outside the region",
    ),
    "syntax-error": (EXERCISE.replace("return 2 *", "return 2 **/"), 5, "no Python", "signature and docstring"),
    "no-docstring": (EXERCISE.replace('    """Returns 2 x."""\n', ""), 2, "has no docstring", "shapes"),
    "id-twice": (EXERCISE + CHECK + EXERCISE, 9, "'twice' stands twice, first in line 1", "a name of its own"),
    "check-without-exercise": (CHECK, 1, "before or without its exercise", 'exercise="twice"'),
    "check-before-exercise": (CHECK + EXERCISE, 1, "before or without its exercise", "above it"),
    "exercise-without-check": (EXERCISE, 1, "has no check", "check(twice)"),
    "check-with-more-in-it": (EXERCISE + CHECK + "print(1)\n", 7, "has other content", "exactly 'check(twice)'"),
    "check-of-another": (EXERCISE + CHECK.replace("(twice)", "(once)"), 7, "has other content", "check(twice)"),
    "think-without-answer": ('# %% [markdown] think="a"\n# Why?\n', 1, "no collapsible answer", "<details>"),
    "text-before-the-first-cell": ("import math\n# %%\n1\n", 1, "before the first cell", "# %% [markdown]"),
    "no-cell": ("x = 1\n", 1, "0 lines begin with '# %%'", "Begin each cell"),
    "empty-file": ("", 1, "0 lines begin with '# %%'", "Begin each cell"),
    "marker-inside-a-string": ('# %%\nx = """\n# %%\n"""\n', 1, "2 lines begin with '# %%' but 1 cells", "no line"),
    "broken-header": ("# ---\n# jupyter:\n#   kernelspec: 3\n# ---\n# %%\n1\n", 1, "jupytext cannot read it", "header"),
}


@pytest.mark.parametrize(("text", "line", "problem", "remedy"), BAD.values(), ids=BAD)
def test_refuses(text: str, line: int, problem: str, remedy: str):
    with pytest.raises(AuthoringError) as caught:
        parse(text, PATH)
    message = str(caught.value)
    assert message.startswith(f"{PATH}:{line}: "), message
    assert problem in message and remedy in message, message


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(AuthoringError, match=r"nowhere\.py:1: no such file"):
        read(tmp_path / "nowhere.py")
