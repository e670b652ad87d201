"""Which code a result depends on, and its hash.

The hash covers the definitions that are reachable by name from a module's roots, through every module of this package.
A new data set or a prettier figure therefore leaves older results valid; a changed model, seed or training loop does
not. Comments, docstrings and formatting do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PACKAGE = "experiments"
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Source:
    """A module read as definitions.

    `bound`: name -> statements; `imported`: name -> (module, name there or None); `loose`: other statements.
    """

    bound: dict[str, list[ast.stmt]]
    imported: dict[str, tuple[str, str | None]]
    loose: list[ast.stmt]


def source_hash(module: str, roots: Iterable[str], folder: Path = FOLDER) -> str:
    """SHA-256 (first 16 hex digits) of the code reachable from the names `roots` of `module`, a file of `folder`."""
    texts = [f"{where}.{name}\n{text}" for (where, name), text in sorted(_reachable(module, roots, folder).items())]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def depends_on(module: str, roots: Iterable[str], folder: Path = FOLDER) -> list[str]:
    """The modules whose code is part of the hash, in alphabetical order."""
    return sorted({where for where, _ in _reachable(module, roots, folder)})


def _reachable(module: str, roots: Iterable[str], folder: Path) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    waiting = [(module, name) for name in roots]
    for where, name in waiting:
        if name not in read(folder / f"{where}.py").bound:
            raise KeyError(f"{where}.py defines no `{name}`, from which the hash of its results starts; define it")
    while waiting:
        where, name = waiting.pop()
        if (where, name) in found:
            continue
        source = read(folder / f"{where}.py")
        statements = source.loose if name == "" else source.bound.get(name, [])
        found[where, name] = "\n".join(ast.unparse(_without_docstring(statement)) for statement in statements)
        waiting.append((where, ""))
        for statement in statements:
            waiting.extend(_mentioned(statement, where, source, folder))
    return found


def _mentioned(statement: ast.stmt, where: str, source: Source, folder: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of every definition of this package that `statement` names."""
    through_module = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = source.imported.get(node.value.id, ("", ""))
            if name is None:
                through_module.add(id(node.value))
                yield module, node.attr
    for node in ast.walk(statement):
        if not isinstance(node, ast.Name) or id(node) in through_module:
            continue
        if node.id in source.bound:
            yield where, node.id
        elif node.id in source.imported:
            module, name = source.imported[node.id]
            # A module handed on as a whole may be used in any way: all of it counts.
            names = [name] if name is not None else list(read(folder / f"{module}.py").bound)
            yield from ((module, each) for each in names)


def read(path: Path) -> Source:
    """The definitions of the module at `path`."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Source:
    source = Source({}, {}, [])
    for statement in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            source.imported.update(_imports(statement, path.parent))
            continue
        names = list(_bindings(statement))
        for name in names:
            source.bound.setdefault(name, []).append(statement)
        if not names and not _is_docstring(statement) and not _is_command_line(statement):
            source.loose.append(statement)
    return source


def _imports(statement: ast.Import | ast.ImportFrom, folder: Path) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """(name here, (module of this package, name there or None for the module itself))."""
    if isinstance(statement, ast.Import):
        return
    package = PACKAGE if statement.level == 1 else ""
    whole = ".".join(part for part in (package, statement.module) if part)
    for alias in statement.names:
        here = alias.asname or alias.name
        if whole == PACKAGE and (folder / f"{alias.name}.py").exists():
            yield here, (alias.name, None)
        elif whole.startswith(PACKAGE + "."):
            yield here, (whole.removeprefix(PACKAGE + "."), alias.name)


def _bindings(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            yield name


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_command_line(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test)


class _Docstrings(ast.NodeTransformer):
    """Takes the docstrings out of functions and classes, nested ones too."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and _is_docstring(node.body[0]):
            node.body = node.body[1:] or [ast.Pass()]
        return node


def _without_docstring(statement: ast.stmt) -> ast.stmt:
    return _Docstrings().visit(ast.parse(ast.unparse(statement)).body[0])
