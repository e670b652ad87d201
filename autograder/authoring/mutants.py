"""Mechanical mutants of a solution: operators, constants, axes, arguments and statements changed one at a time.

A good set of cases rejects every mutant that a student could tell from the solution.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograder.authoring.percent import BEGIN, END

BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARE = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
CALLS = {
    "sum": "mean",
    "mean": "sum",
    "amax": "amin",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "sin": "cos",
    "cos": "sin",
    "exp": "expm1",
    "log": "log1p",
    "sqrt": "square",
    "zeros": "ones",
    "ones": "zeros",
    "triu": "tril",
    "tril": "triu",
    "floor": "ceil",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
}
DROPPED = {
    "flip",
    "transpose",
    "permute",
    "clone",
    "contiguous",
    "abs",
    "detach",
    "relu",
    "unsqueeze",
    "squeeze",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed solution: `old -> new` is its change, at `line` of the cell; `cell` is the whole changed source."""

    change: str
    line: int
    cell: str


def mutants(cell: str, limit: int, seed: int = 0) -> list[Mutant]:
    """Up to `limit` different mutants of an exercise cell, chosen by `seed` when there are more."""
    tree = ast.parse(cell)
    inside = _solution_lines(cell)
    found: dict[str, Mutant] = {}
    sites = [n for n in ast.walk(tree) if getattr(n, "lineno", None) in inside]
    for index, node in enumerate(sites):
        for change in _changes(node):
            twin = copy.deepcopy(tree)
            mine = [n for n in ast.walk(twin) if getattr(n, "lineno", None) in inside][index]
            old = ast.unparse(mine)
            new = change(mine)
            try:
                changed = ast.unparse(_Replace(mine, new).visit(twin))
                compile(changed, "<mutant>", "exec")
            except (SyntaxError, ValueError, AttributeError):
                continue
            line = getattr(node, "lineno", 0)
            words = f"{_short(old)} -> {_short(ast.unparse(new)) if new is not None else 'removed'}"
            found.setdefault(changed, Mutant(words, line, changed))
    everything = list(found.values())
    if len(everything) > limit:
        chosen = sorted(random.Random(seed).sample(range(len(everything)), limit))
        everything = [everything[i] for i in chosen]
    return everything


def _solution_lines(cell: str) -> set[int]:
    """Lines inside solution regions, counted from 1."""
    lines, inside = set(), False
    for number, line in enumerate(cell.split("\n"), 1):
        if line.strip() == BEGIN:
            inside = True
        elif line.strip() == END:
            inside = False
        elif inside:
            lines.add(number)
    return lines


class _Replace(ast.NodeTransformer):
    """Puts `new` in place of `old`; None removes a statement."""

    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return ast.Pass() if self._new is None else self._new
        return super().visit(node)


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST | None]]:
    """Functions that turn a copy of `node` into what replaces it."""
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        yield lambda n: ast.BinOp(n.left, BINARY[type(n.op)](), n.right)  # type: ignore[attr-defined]
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv):
            yield lambda n: ast.BinOp(n.right, n.op, n.left)  # type: ignore[attr-defined]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield lambda n: ast.BinOp(n.right, n.op, n.left)  # type: ignore[attr-defined]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        yield lambda n: ast.Compare(n.left, [COMPARE[type(n.ops[0])]()], n.comparators)  # type: ignore[attr-defined]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield lambda n: n.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.If):
        yield lambda n: ast.If(ast.UnaryOp(ast.Not(), n.test), n.body, n.orelse)  # type: ignore[attr-defined]
    elif isinstance(node, ast.AugAssign | ast.Expr) and not _is_docstring(node):
        yield lambda n: None
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield lambda n: n.value  # type: ignore[attr-defined]
    yield from _constant_changes(node)
    yield from _call_changes(node)


def _constant_changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST | None]]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield lambda n: ast.Constant(not value)
    elif isinstance(value, int):
        yield lambda n: ast.Constant(value + 1)
        yield lambda n: ast.Constant(value - 1)
    elif isinstance(value, float):
        yield lambda n: ast.Constant(value * 2 if value else 1.0)


def _call_changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST | None]]:
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in CALLS:
        yield lambda n: _renamed(n, CALLS[name])
    if name in DROPPED and isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") != "torch":
        yield lambda n: n.func.value  # type: ignore[attr-defined]
    if len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        yield lambda n: ast.Call(n.func, [n.args[1], n.args[0], *n.args[2:]], n.keywords)  # type: ignore[attr-defined]
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in ("keepdim", "unbiased", "correction", "diagonal", "dilation", "stride"):
            yield lambda n, i=i: ast.Call(n.func, n.args, [k for j, k in enumerate(n.keywords) if j != i])  # type: ignore[misc]


def _renamed(call: ast.AST, name: str) -> ast.AST:
    assert isinstance(call, ast.Call)
    function = copy.deepcopy(call.func)
    if isinstance(function, ast.Attribute):
        function.attr = name
    elif isinstance(function, ast.Name):
        function.id = name
    return ast.Call(function, call.args, call.keywords)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _short(source: str) -> str:
    words = " ".join(source.split())
    return words if len(words) <= 100 else words[:97] + "..."
