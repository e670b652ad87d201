"""Sphinx extension: two marks in a page become the documentation of the package, read off its sources.

`% api MODULE [NAME ...]` becomes a section for each public name of a module: signature, docstring, methods, settings.
The sources are parsed, and nothing of them is imported. `% commands` becomes a section for each command.
"""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
API = re.compile(r"^% api (\S+)(.*)$", re.MULTILINE)
ENTRY = re.compile(r"^(\w+(?:, \w+)*)(?:: | {2,})", re.MULTILINE)  # what an argument is, or a row of a table
COMMANDS = "% commands"
Definition = ast.FunctionDef | ast.ClassDef


def module_path(module: str) -> Path:
    """The source of a module of the project. Raises ExtensionError when there is none."""
    path = ROOT.joinpath(*module.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.is_file():
            return found
    raise ExtensionError(f"% api {module}: there is no such module. Correct the mark")


def api(module: str, names: list[str]) -> str:
    """The sections of `names`, or of all public names of a module, as MyST; `@decorator` names what bears it."""
    tree = ast.parse(module_path(module).read_text(encoding="utf-8"))
    known = {node.name: node for node in tree.body if isinstance(node, Definition) and not node.name.startswith("_")}
    if names and names[0].startswith("@"):
        wanted = names[0].removeprefix("@")
        known = {name: node for name, node in known.items() if wanted in map(ast.unparse, node.decorator_list)}
        names = []
    missing = [name for name in names if name not in known]
    if missing:
        raise ExtensionError(f"% api {module}: it has no {missing[0]}. It has {', '.join(known)}")
    return "\n\n".join(described(module, known[name]) for name in names or known)


def described(module: str, node: Definition) -> str:
    """A function or class: heading, where it is from, signature, docstring; of a class its members and settings."""
    parts = [f"### `{node.name}`", f"From `{module}`.", code(signature(node)), prose(ast.get_docstring(node) or "")]
    if isinstance(node, ast.ClassDef):
        parts += [member(node, each) for each in node.body if isinstance(each, ast.FunctionDef) and shown(each)]
        settings = list(traits(node))
        parts += ["Settings in `nbgrader_config.py`:", "\n".join(settings)] if settings else []
    return "\n\n".join(filter(None, parts))


def shown(method: ast.FunctionDef) -> bool:
    """Whether a method is for callers and says what it does."""
    public = not method.name.startswith("_") or method.name == "__call__"
    return public and bool(ast.get_docstring(method))


def member(of: ast.ClassDef, method: ast.FunctionDef) -> str:
    """A method as an entry of a definition list."""
    is_property = any(isinstance(each, ast.Name) and each.id == "property" for each in method.decorator_list)
    call = "" if is_property else f"({arguments(method, skip=1)})"
    name = f"`{of.name[:1].lower() + of.name[1:]}{call}`" if method.name == "__call__" else f"`.{method.name}{call}`"
    return f"{name}\n" + textwrap.indent(prose(ast.get_docstring(method) or ""), "  ").replace("  ", ": ", 1)


def signature(node: Definition) -> str:
    """How it is called, with types and defaults."""
    if isinstance(node, ast.FunctionDef):
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return folded(node.name, arguments(node), returns)
    init = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
    if init:
        return folded(node.name, arguments(init, skip=1), "")
    if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
        return folded(
            node.name, ", ".join(ast.unparse(each) for each in node.body if isinstance(each, ast.AnnAssign)), ""
        )
    bases = ", ".join(ast.unparse(each) for each in node.bases)
    return f"class {node.name}({bases})" if bases else f"class {node.name}"


def arguments(function: ast.FunctionDef, skip: int = 0) -> str:
    """The arguments of a function but for the first `skip`, as they are written."""
    return ", ".join(split(ast.unparse(function.args))[skip:])


def folded(name: str, inside: str, returns: str) -> str:
    """A call, with a line for each argument when one line would be long."""
    line = f"{name}({inside}){returns}"
    if len(line) <= 88:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in split(inside)) + f"){returns}"


def split(inside: str) -> list[str]:
    """Arguments, cut at the commas that stand in no brackets."""
    if not inside:
        return []
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(inside):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(inside[start:index].strip())
            start = index + 1
    return [*parts, inside[start:].strip()]


def traits(node: ast.ClassDef) -> Iterator[str]:
    """The configurable settings of a class, with their defaults and what they mean."""
    for each in node.body:
        if not isinstance(each, ast.Assign) or ".tag(config=True)" not in ast.unparse(each.value):
            continue
        call = each.value.func.value  # type: ignore[attr-defined] - of Trait(default, help=...).tag(config=True)
        helped = next((word.value.value for word in call.keywords if word.arg == "help"), "")
        default = f" = {ast.unparse(call.args[0])}" if call.args else ""
        yield f"- `c.{node.name}.{each.targets[0].id}{default}`: {helped}"  # type: ignore[attr-defined]


def prose(docstring: str) -> str:
    """A docstring as MyST: examples and indented lines as code; `name: what it is`, or a table of them, as a list."""
    blocks = []
    for block in re.split(r"\n\s*\n", docstring.strip()):
        lines = block.split("\n")
        if lines[0].startswith(">>> ") or all(line.startswith("    ") for line in lines):
            blocks.append(code(textwrap.dedent(block)))
        elif any(ENTRY.match(line) for line in lines):
            blocks.append(ENTRY.sub(r"\n- `\1`: ", re.sub(r"\n {2,}", "\n  ", block)).strip())
        else:
            blocks.append(block)
    return "\n\n".join(blocks)


def code(text: str) -> str:
    """A block of Python."""
    return f"```python\n{text}\n```"


def commands() -> str:
    """A section for each command of the command line, as MyST."""
    from autograder.cli import parser

    choices = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction)).choices
    return "\n\n".join(command(name, each) for name, each in choices.items())


def command(name: str, parser: argparse.ArgumentParser) -> str:
    """One command: what it does, its arguments, examples and exit codes."""
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    rows = [f"- `{called(action)}`: {action.help}" for action in parser._actions if action.dest != "help"]
    return "\n\n".join(
        filter(None, [f"## `{name}`", parser.description, f"```text\n{usage}\n```", "\n".join(rows), ends(parser)])
    )


def called(action: argparse.Action) -> str:
    """How an argument is written."""
    if not action.option_strings:
        return str(action.metavar or action.dest)
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return f"{', '.join(action.option_strings)}{value}"


def ends(parser: argparse.ArgumentParser) -> str:
    """The examples and exit codes below a command's help."""
    examples, _, codes = (parser.epilog or "").partition("exit codes:\n")
    lines = textwrap.dedent(examples.removeprefix("examples:\n")).strip()
    rows = "\n".join(f"- `{row[0]}`: {row[1:].strip()}" for row in textwrap.dedent(codes).strip().splitlines())
    return "\n\n".join(filter(None, [f"```bash\n{lines}\n```" if lines else "", "Exit codes:" if rows else "", rows]))


def fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Puts the documentation in the place of its marks."""
    for module, _ in API.findall(source[0]):
        app.env.dependencies[docname].add(str(module_path(module)))
    source[0] = API.sub(lambda mark: api(mark[1], mark[2].split()), source[0])
    if COMMANDS in source[0]:
        for path in [ROOT / "autograder" / "cli.py", *(ROOT / "autograder" / "commands").glob("*.py")]:
            app.env.dependencies[docname].add(str(path))
        source[0] = source[0].replace(COMMANDS, commands())


def setup(app: Sphinx) -> dict[str, Any]:
    """Fills pages in before they are read."""
    app.connect("source-read", fill_in)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
