"""Imports between the rooms point one way, and a student's machine needs only what it was promised to need."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What each room may use of the project. The command line may use all of it, and nothing may use the command line.
MAY_USE = {
    "autograder.checking": {"autograder.checking"},
    "autograder.execution": {"autograder.execution", "autograder.checking"},
    "autograder.authoring": {"autograder.authoring", "autograder.checking"},
    "autograder.student": {"autograder.student", "autograder.checking"},
    "autograder.grading": {
        "autograder.grading",
        "autograder.execution",
        "autograder.authoring",
        "autograder.checking",
        "autograder.student",
    },
    "explorables": {"explorables", "experiments"},
    "experiments": {"experiments"},
}
STUDENTS_PACKAGES = {"torch", "numpy", "safetensors", "IPython"}
FOLDERS = {
    "autograder": ROOT / "autograder",
    "explorables": ROOT / "book/explorables",
    "experiments": ROOT / "book/experiments",
}


def modules(room: str) -> Iterator[tuple[str, Path]]:
    """Name and path of every module in a room."""
    package, *inner = room.split(".")
    folder = FOLDERS[package].joinpath(*inner)
    for path in sorted(folder.rglob("*.py")):
        if "template" in path.parts:  # the files of a new chapter, which lie in other rooms when it is made
            continue
        name = ".".join([room, *path.relative_to(folder).with_suffix("").parts])
        yield name.removesuffix(".__init__"), path


def imports(name: str, path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, inside functions too."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """The room that a module of the project belongs to; empty for modules of others and for `autograder` itself."""
    parts = module.split(".")
    if parts[0] == "autograder":
        return ".".join(parts[:2]) if len(parts) > 1 else ""
    return parts[0] if parts[0] in FOLDERS else ""


@pytest.mark.parametrize("room", MAY_USE)
def test_a_room_uses_only_the_rooms_below_it(room: str) -> None:
    used = [(name, target) for name, path in modules(room) for target in imports(name, path)]
    assert used, f"no import found in {room}: is it still there?"
    rooms = {"autograder.cli", "autograder.commands", *MAY_USE}
    wrong = [f"{name} imports {t}" for name, t in used if room_of(t) in rooms and room_of(t) not in MAY_USE[room]]
    assert not wrong


def test_the_checks_import_only_what_a_student_has() -> None:
    known = STUDENTS_PACKAGES | set(sys.stdlib_module_names) | {"autograder"}
    used = [(name, target) for name, path in modules("autograder.checking") for target in imports(name, path)]
    assert not [f"{name} imports {target}" for name, target in used if target.split(".")[0] not in known]


def test_getting_and_handing_in_import_no_package_at_all_but_one_for_the_table() -> None:
    used = {(name, t.split(".")[0]) for name, path in modules("autograder.student") for t in imports(name, path)}
    foreign = {(name, package) for name, package in used if package not in {*sys.stdlib_module_names, "autograder"}}
    assert foreign == {("autograder.student.table", "rich")}


def test_only_grading_imports_nbgrader() -> None:
    others = [room for room in MAY_USE if room != "autograder.grading"]
    users = [
        name for room in others for name, path in modules(room) for t in imports(name, path) if t.startswith("nbgrader")
    ]
    assert not users


def test_loading_a_check_loads_no_tool_of_the_instructor() -> None:
    program = "import sys, autograder.checking; print(*{name.split('.')[0] for name in sys.modules})"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    loaded = set(done.stdout.split())
    assert "autograder" in loaded
    tools = {"nbgrader", "jupyter_core", "nbformat", "sqlalchemy", "distributed", "matplotlib", "explorables", "rich"}
    assert not loaded & tools
