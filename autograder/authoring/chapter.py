"""Loads what is authored of a chapter: solutions, cases, mistakes and variants, as objects and as source.

The reference functions are the functions in the notebook's solution regions. `import solution` inside `cases.py`,
`mistakes.py` and `variants.py` gives the chapter's own solution module.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from autograder.authoring.cases import Plan, hint_steps
from autograder.authoring.percent import AuthoringError, Script, read

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "solutions"
_DEFINITION = ast.FunctionDef | ast.ClassDef
_KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Version:
    """A mistake or a variant: the object, and a notebook cell that defines it under the exercise's name."""

    name: str
    object: Any
    hints: tuple[str, ...]
    path: Path
    line: int
    write_cell: Callable[[], str]  # when it is asked for: whoever grades asks for none

    @property
    def cell(self) -> str:
        """Source of the cell, which needs nothing of the file that the version stands in."""
        return self.write_cell()


@dataclass(frozen=True, slots=True)
class AuthoredExercise:
    """One exercise as authored: `object` is the solution, `source` its cell."""

    name: str
    kind: str
    object: Any
    source: str
    line: int
    plan: Plan
    mistakes: Mapping[str, Version]
    variants: Mapping[str, Version]

    @property
    def points(self) -> float:
        return self.plan.points


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter as authored."""

    stem: str
    directory: Path
    script: Script
    solution: types.ModuleType
    exercises: Mapping[str, AuthoredExercise]


def chapter_stems(solutions: Path = SOLUTIONS) -> list[str]:
    """The stems of all chapters on disk, in course order."""
    return sorted(p.name for p in solutions.glob("ch*_*") if (p / f"{p.name}.py").is_file())


def load_chapter(stem: str, solutions: Path = SOLUTIONS) -> Chapter:
    """The chapter `stem`. Raises AuthoringError, with file and line, for whatever is not as it should be."""
    directory = solutions / stem
    script = read(directory / f"{stem}.py")
    solution = _solution_module(script)
    with _importable(solution):
        plans = _collect(_execute(directory / "cases.py"), "__plan__", directory / "cases.py")
        mistakes = _versions(directory / "mistakes.py", "__mistake_of__", script)
        variants = _versions(directory / "variants.py", "__variant_of__", script)
    _check_names(script, plans, mistakes, variants, directory)
    exercises = {
        name: AuthoredExercise(
            name=name,
            kind="module" if _is_module(solution, name) else "function",
            object=getattr(solution, name),
            source=cell.source,
            line=cell.line,
            plan=plans[name],
            mistakes=mistakes.get(name, {}),
            variants=variants.get(name, {}),
        )
        for name, cell in script.exercises.items()
    }
    return Chapter(stem, directory, script, solution, exercises)


def solution_with(chapter: Chapter, name: str, cell: str, filename: str) -> types.ModuleType:
    """A fresh solution module in which exercise `name` is replaced by the code of `cell`; for mutants."""
    return _solution_module(chapter.script, {name: (cell, filename)})


def _solution_module(script: Script, replaced: Mapping[str, tuple[str, str]] | None = None) -> types.ModuleType:
    """Runs the exercise cells, and of plain code cells the imports, definitions and UPPER_CASE constants."""
    module = types.ModuleType("solution")
    module.__file__ = str(script.path)
    for cell in script.cells:
        if cell.kind not in ("exercise", "code"):
            continue
        source, filename, line = cell.source, str(script.path), cell.line
        if replaced and cell.name is not None and cell.name in replaced:
            (source, filename), line = replaced[cell.name], 0
            linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        try:
            tree = ast.parse(source if cell.kind == "exercise" else _without_magics(source))
        except SyntaxError as error:
            raise AuthoringError(
                script.path, line + (error.lineno or 0), f"not Python: {error.msg}", "Correct the cell"
            ) from None
        if cell.kind == "code":
            tree.body = [node for node in tree.body if _is_definition(node)]
        ast.increment_lineno(tree, line)
        _execute_tree(tree, filename, module)
    return module


def _without_magics(source: str) -> str:
    return "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, _KEPT):
        return True
    return isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) and t.id.isupper() for t in node.targets)


def _execute(path: Path) -> types.ModuleType:
    """Runs an authored file as a module."""
    if not path.is_file():
        raise AuthoringError(path, 1, "there is no such file", "Write it; CONTRIBUTING.md says what stands in it")
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise AuthoringError(path, error.lineno or 1, f"not Python: {error.msg}", "Correct the line") from None
    _execute_tree(tree, str(path), module)
    return module


def _execute_tree(tree: ast.Module, filename: str, module: types.ModuleType) -> None:
    try:
        exec(compile(tree, filename, "exec"), module.__dict__)
    except AuthoringError:
        raise
    except Exception as error:  # whatever authored code raises is an author's error
        line = next((f.lineno for f in reversed(inspect.trace()) if f.filename == filename), 1)
        raise AuthoringError(
            Path(filename), line or 1, f"raises {type(error).__name__}: {error}", "Make the file run on its own"
        ) from error


@contextmanager
def _importable(solution: types.ModuleType) -> Iterator[None]:
    before = sys.modules.get("solution")
    sys.modules["solution"] = solution
    try:
        yield
    finally:
        if before is None:
            del sys.modules["solution"]
        else:
            sys.modules["solution"] = before


def _collect(module: types.ModuleType, mark: str, path: Path) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    for value in vars(module).values():
        plan = getattr(value, mark, None) if callable(value) else None
        if isinstance(plan, Plan):
            if not plan.points > 0 or plan.difficulty not in (1, 2, 3) or plan.minutes <= 0:
                raise AuthoringError(
                    path,
                    plan.line,
                    f"{plan.name} has points={plan.points:g}, minutes={plan.minutes}, difficulty={plan.difficulty}",
                    "Give points and minutes above 0 and a difficulty of 1, 2 or 3",
                )
            plans[plan.name] = plan
    return plans


def _versions(path: Path, mark: str, script: Script) -> dict[str, dict[str, Version]]:
    """By exercise and name, the versions that a file declares with the decorator that sets `mark`."""
    module = _execute(path)
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found: dict[str, dict[str, Version]] = {}
    for node in tree.body:
        value: Any = vars(module).get(getattr(node, "name", ""))
        exercise = getattr(value, mark, None)
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or exercise is None:
            continue
        if node.name in found.setdefault(exercise, {}):
            raise AuthoringError(path, node.lineno, f"{node.name} of {exercise} stands twice", "Give one another name")
        cell = partial(_as_cell, tree, node, exercise, script)
        found[exercise][node.name] = Version(node.name, value, hint_steps(value), path, node.lineno, cell)
    return found


def _as_cell(tree: ast.Module, node: ast.FunctionDef | ast.ClassDef, exercise: str, script: Script) -> str:
    """Source of a notebook cell that defines `exercise` as this version does.

    What it takes from the solution has a name of its own there, since a notebook may hold several such cells.
    """
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) and not _imports_ours(n)]
    parts = [ast.parse(ast.unparse(n)).body[0] for n in (*imports, *_helpers(tree, node), node)]
    for part in parts:
        if isinstance(part, _DEFINITION):
            part.decorator_list = [d for d in part.decorator_list if not _declares_version(d)]
    renamed = parts[-1]
    assert isinstance(renamed, _DEFINITION)
    renamed.name = exercise
    for n in ast.walk(renamed):
        if isinstance(n, ast.Name) and n.id == node.name:  # it calls itself
            n.id = exercise
    found = [n for part in parts for n in _solution_names(part)]
    begin = []
    if found:
        own = script.exercises[exercise].source if exercise in script.exercises else ""
        names = ", ".join(f"{n.attr}={n.attr}" for n in {n.attr: n for n in found}.values())
        begin = [own, "import types", f"solution_of_{exercise} = types.SimpleNamespace({names})"]
    for n in found:
        n.value = ast.Name(f"solution_of_{exercise}")
    *helpers, body = [ast.unparse(part) for part in parts]
    return "\n".join([*begin, *helpers, "", body])


def _solution_names(tree: ast.AST) -> list[ast.Attribute]:
    """The places that say `solution.name`."""
    return [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "solution"
    ]


def _helpers(tree: ast.Module, node: ast.stmt) -> list[ast.stmt]:
    """What `node` uses of the definitions in its file, and what these use, in the order of the file."""
    known = {n.name: n for n in tree.body if isinstance(n, _DEFINITION) and n is not node}
    used: dict[str, ast.stmt] = {}
    todo = [node]
    while todo:
        names = {n.id for n in ast.walk(todo.pop()) if isinstance(n, ast.Name)}
        new = {name: known[name] for name in names & known.keys() - used.keys()}
        used |= new
        todo += new.values()
    return [n for n in known.values() if n.name in used]


def _declares_version(decorator: ast.expr) -> bool:
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(name, ast.Name) and name.id in ("mistake", "variant")


def _imports_ours(node: ast.stmt) -> bool:
    names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
    return "solution" in names or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograder"))


def _is_module(solution: types.ModuleType, name: str) -> bool:
    value: Any = getattr(solution, name)
    return isinstance(value, type) and issubclass(value, nn.Module)


def _check_names(
    script: Script,
    plans: Mapping[str, Plan],
    mistakes: Mapping[str, Any],
    variants: Mapping[str, Any],
    directory: Path,
) -> None:
    """Refuses cases, mistakes or variants of exercises that do not exist, and exercises without cases."""
    names = script.exercises
    for name, cell in names.items():
        if name not in plans:
            raise AuthoringError(
                script.path, cell.line, f"exercise {name} has no cases", f"Declare them in {directory / 'cases.py'}"
            )
    declared: list[tuple[str, Mapping[str, Any]]] = [
        ("cases.py", plans),
        ("mistakes.py", mistakes),
        ("variants.py", variants),
    ]
    for file, by_name in declared:
        for name in by_name:
            if name not in names:
                entry = by_name[name]
                line = entry.line if isinstance(entry, Plan) else min(v.line for v in entry.values())
                raise AuthoringError(
                    directory / file, line, f"there is no exercise {name!r}", f"The exercises are {', '.join(names)}"
                )
