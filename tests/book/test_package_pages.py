"""The pages on the package and on the command line say what the sources say, and leave nothing out."""

from __future__ import annotations

import argparse
import ast
import textwrap
from pathlib import Path

import package_pages
import pytest
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError

import autograder.authoring
import autograder.execution
from autograder import cli

SMALL = '''
def scaled(x: Tensor, by: float = 2.0) -> Tensor:
    """x times `by`, (batch, feature).

    x: (batch, feature). by: any number.

    >>> scaled(1)
    2
    """


class Judge(Base):
    """Judges."""

    seconds = Float(3.0, help="how long a cell may take").tag(config=True)

    def __init__(self, limit: int) -> None: ...

    def run(self, job: Job) -> Result:
        """The result of `job`."""

    def _hidden(self) -> None:
        """Not for others."""


@kind
def chosen(x): "Marked."
'''


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "small.py").write_text(SMALL)
    monkeypatch.setattr(package_pages, "ROOT", tmp_path)
    return "small"


def test_a_function_is_shown_with_its_types_its_arguments_and_its_example(small):
    said = package_pages.api(small, ["scaled"])
    assert "scaled(x: Tensor, by: float=2.0) -> Tensor" in said
    assert "- `x`: (batch, feature). by: any number." in said
    assert "```python\n>>> scaled(1)\n2\n```" in said


def test_a_class_is_shown_with_its_methods_and_settings_and_without_what_is_private(small):
    said = package_pages.api(small, ["Judge"])
    assert "Judge(limit: int)" in said and "`.run(job: Job)`\n: The result of `job`." in said
    assert "- `c.Judge.seconds = 3.0`: how long a cell may take" in said and "_hidden" not in said


def test_a_decorator_chooses_what_bears_it(small):
    said = package_pages.api(small, ["@kind"])
    assert "### `chosen`" in said and "scaled" not in said


@pytest.mark.parametrize(("module", "names"), [("small", ["missing"]), ("smaller", [])], ids=["name", "module"])
def test_a_mark_that_names_nothing_is_refused(small, module, names):
    with pytest.raises(ExtensionError, match="% api smal"):
        package_pages.api(module, names)


def commands() -> dict[str, argparse.ArgumentParser]:
    subparsers = next(a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(subparsers.choices)


def headings(page: Path, level: str) -> set[str]:
    tree = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {heading.get_text().rstrip("#") for heading in tree.select(f"article {level}")}


def test_every_command_has_a_section(book_html):
    assert set(commands()) <= headings(book_html / "commands.html", "h2")


def test_every_name_of_a_contract_has_a_section(book_html):
    named = {"Check", *autograder.authoring.__all__, *autograder.execution.__all__} - {"ParentGone"}
    assert named <= headings(book_html / "api.html", "h3")


def test_the_pages_show_no_mark(book_html):
    for name in ("api", "commands"):
        text = BeautifulSoup((book_html / f"{name}.html").read_text(encoding="utf-8"), "html.parser").get_text()
        assert "% api" not in text and "% commands" not in text


@pytest.mark.parametrize("name", commands())
def test_help_says_what_a_command_does_with_an_example_that_parses_and_what_it_exits_with(name):
    parser = commands()[name]
    assert parser.description and parser.description.endswith(".")
    examples, _, codes = (parser.epilog or "").partition("exit codes:")
    lines = textwrap.dedent(examples.removeprefix("examples:\n")).strip().splitlines()
    assert lines and codes.strip()
    for line in lines:
        import shlex

        words = shlex.split(line.partition("  #")[0])
        assert words[:2] == ["autograder", name]
        assert callable(cli.parser().parse_args(words[1:]).run)
    for action in parser._actions:
        assert action.help, f"{name} does not say what {action.dest} is"


def test_help_imports_nothing_heavy():
    import subprocess
    import sys

    program = "import sys; from autograder import cli; cli.parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "nbgrader", "rich", "numpy", "IPython"} & set(done.stdout.split())


def test_an_error_is_one_line_that_says_what_to_do(capsys):
    assert cli.main(["freeze", "ch99_missing"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("autograder: ") and "The chapters are ch00_tensors" in said


def test_every_error_that_is_shown_as_one_line_exists():
    sources = [path.read_text(encoding="utf-8") for path in (package_pages.ROOT / "autograder").rglob("*.py")]
    defined = {node.name for text in sources for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)}
    assert defined >= cli._EXPECTED
