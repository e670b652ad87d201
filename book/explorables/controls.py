"""Controls of a demo: what the reader may move, and how its values are written.

>>> slider = steps(range(3), unit="px")
>>> control_of("shift", slider).texts
('0 px', '1 px', '2 px')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any, Literal

Format = str | Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Control:
    """One parameter of a demo: its values in order, how each is written, and the one it starts at."""

    kind: Literal["slider", "select", "switch"]
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    start: int = 0
    label: str = ""
    name: str = ""


def steps(
    values: Sequence[float], *, label: str = "", unit: str = "", format: Format = "", start: Any = None
) -> Control:
    """A slider over `values`, written as `format` (a format specification or a function) followed by `unit`."""
    plain = tuple(_plain(value) for value in values)
    texts = tuple(_written(value, format) + (f"\N{NO-BREAK SPACE}{unit}" if unit else "") for value in plain)
    return Control("slider", plain, texts, _position(plain, start), label)


def choice(values: Sequence[str] | Mapping[str, Any], *, label: str = "", start: Any = None) -> Control:
    """A select over strings, or over the values of a mapping from what the reader sees to what `fn` is given."""
    named = dict(values) if isinstance(values, Mapping) else {str(value): value for value in values}
    given = tuple(named.values())
    return Control("select", given, tuple(named), _position(given, start), label)


def toggle(*, label: str = "", start: bool = False) -> Control:
    """A switch that gives `fn` False or True."""
    return Control("switch", (False, True), ("off", "on"), int(start), label)


def control_of(name: str, given: Any) -> Control:
    """The control for parameter `name`, from what was written for it in the call of `explore`.

    Raises ValueError when there is nothing to choose from, TypeError when the values say no control.
    """
    control = given if isinstance(given, Control) else _guess(name, given)
    if len(control.values) < 2:
        raise ValueError(
            f"parameter {name!r} has {len(control.values)} value: expected at least two to move between; "
            f"give it more, or give the function a default and leave it out"
        )
    if len(set(control.texts)) < len(control.texts):
        raise ValueError(
            f"parameter {name!r} writes two values alike ({', '.join(control.texts)}): give a finer format="
        )
    return replace(control, name=name, label=control.label or _label(name))


def _guess(name: str, given: Any) -> Control:
    if isinstance(given, bool):
        return toggle(start=given)
    if isinstance(given, Mapping):
        return choice(given)
    values = (
        None if isinstance(given, str) else [_plain(value) for value in given] if hasattr(given, "__iter__") else None
    )
    if values and all(isinstance(value, bool) for value in values):
        return toggle(start=values[0])
    if values is not None and all(isinstance(value, Number) for value in values):
        return steps(values)
    if values and all(isinstance(value, str) for value in values):
        return choice(values)
    raise TypeError(
        f"parameter {name!r}: expected numbers (slider), strings (select) or [False, True] (switch), got {given!r}; "
        f"for anything else use choice({{'what the reader sees': value}})"
    )


def _plain(value: Any) -> Any:
    """`value` as a plain Python number where it is a numpy or torch scalar."""
    return value.item() if hasattr(value, "item") else value


def _written(value: Any, format: Format) -> str:
    if callable(format):
        return format(value)
    return f"{value:{format or ('g' if isinstance(value, float) else '')}}".replace("-", "\N{MINUS SIGN}")


def _position(values: tuple[Any, ...], start: Any) -> int:
    if start is None:
        return 0
    if start not in values:
        raise ValueError(f"start={start!r} is not among the values {list(values)}")
    return values.index(start)


def _label(name: str) -> str:
    """`learning_rate` as a reader sees it: `Learning rate`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if len(words) > 1 else words
