"""Compares one observed value with one expected value. Gives findings in words; knows nothing of exercises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from autograder.checking.pattern import pattern
from autograder.checking.records import Compared, Finding, Foreign


@dataclass(frozen=True, slots=True)
class Tolerance:
    """|got - expected| <= atol + rtol * |expected|; `dtype` as in `Case`."""

    rtol: float
    atol: float
    dtype: str = "kind"


def differences(got: Any, expected: Any, tolerance: Tolerance, where: str = "output") -> list[Finding]:
    """The findings that tell `got` from `expected`, at most one a leaf; none when they agree.

    Accepts any correct way of writing a value: lists for tuples, 0-d tensors for numbers, float32 for float64.
    """
    if isinstance(got, Foreign):
        return [Finding("type", f"{where} is {got.what}; {wanted(expected)} is expected.", where)]
    if isinstance(expected, list | tuple):
        return _sequence(got, expected, tolerance, where)
    if isinstance(expected, Mapping):
        return _mapping(got, expected, tolerance, where)
    if isinstance(expected, torch.Tensor):
        return _tensor(got, expected, tolerance, where)
    if isinstance(expected, bool | int | float):
        return _number(got, expected, tolerance, where)
    if expected is None and got is not None:
        return [Finding("type", f"{where} is {describe(got)}; nothing (None) is expected.", where)]
    if got != expected:
        code = "values" if type(got) is type(expected) else "type"
        return [Finding(code, f"{where} is {describe(got)}; {wanted(expected)} is expected.", where)]
    return []


def describe(value: Any) -> str:
    """A value in a few words: "a float32 tensor of shape (2, 3)"."""
    if isinstance(value, torch.Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{'an' if dtype.startswith('int') else 'a'} {dtype} tensor of shape {tuple(value.shape)}"
    if isinstance(value, Foreign):
        return value.what
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {_items(len(value))}"
    if isinstance(value, Mapping):
        return f"a dictionary with keys {sorted(map(str, value))}"
    if value is None:
        return "None (is a `return` missing?)"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) < 80 else text[:77] + '...'}"


def _items(count: int) -> str:
    return f"{count} item{'s' * (count != 1)}"


def wanted(value: Any) -> str:
    """An expected value in a few words: any floating dtype will do, so none is named."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return f"a floating-point tensor of shape {tuple(value.shape)}"
    return describe(value)


def _sequence(got: Any, expected: Any, tolerance: Tolerance, where: str) -> list[Finding]:
    if not isinstance(got, list | tuple):
        return [Finding("type", f"{where} is {describe(got)}; {wanted(expected)} is expected.", where)]
    if len(got) != len(expected):
        message = f"{where} has {_items(len(got))}; {len(expected)} {'is' if len(expected) == 1 else 'are'} expected."
        return [Finding("structure", message, where, (float(len(got)),))]
    pairs = zip(got, expected, strict=True)
    return [f for i, (g, e) in enumerate(pairs) for f in differences(g, e, tolerance, f"{where}[{i}]")]


def _mapping(got: Any, expected: Mapping[Any, Any], tolerance: Tolerance, where: str) -> list[Finding]:
    if not isinstance(got, Mapping):
        return [Finding("type", f"{where} is {describe(got)}; {wanted(expected)} is expected.", where)]
    missing = [str(k) for k in expected if k not in got]
    extra = [str(k) for k in got if k not in expected]
    if missing or extra:
        parts = [f"keys missing: {', '.join(missing)}"] * bool(missing) + [f"keys too many: {', '.join(extra)}"] * bool(
            extra
        )
        return [Finding("structure", f"{where}: {'; '.join(parts)}.", where)]
    return [f for k, e in expected.items() for f in differences(got[k], e, tolerance, f"{where}[{k!r}]")]


def _number(got: Any, expected: bool | int | float, tolerance: Tolerance, where: str) -> list[Finding]:
    if isinstance(got, torch.Tensor):
        if got.numel() != 1 or got.dim() > 0:
            return [Finding("type", f"{where} is {describe(got)}; a single number is expected.", where)]
        got = got.item()
    if not isinstance(got, bool | int | float):
        return [Finding("type", f"{where} is {describe(got)}; a number is expected.", where)]
    if isinstance(expected, bool) != isinstance(got, bool):
        return [Finding("type", f"{where} is {describe(got)}; {wanted(expected)} is expected.", where)]
    if isinstance(expected, int) and isinstance(got, float) and tolerance.dtype != "any" and not got.is_integer():
        return [Finding("values", f"{where} is {got:.6g}; the whole number {expected} is expected.", where, (got,))]
    if math.isnan(got) and math.isnan(expected):
        return []
    if not math.isfinite(got) and got != expected:
        return [Finding("nonfinite", f"{where} is {got}; {expected:.6g} is expected.", where, (got,))]
    allowed = 0 if isinstance(expected, int) else tolerance.atol + tolerance.rtol * abs(expected)
    near = math.isfinite(expected) and abs(got - expected) <= allowed  # an infinite tolerance would allow all
    if got != expected and not near:
        return [Finding("values", f"{where} is {got:.6g}; {expected:.6g} is expected.", where, (float(got),))]
    return []


def _tensor(got: Any, expected: torch.Tensor, tolerance: Tolerance, where: str) -> list[Finding]:
    if isinstance(got, bool | int | float) and expected.dim() == 0:
        whole = isinstance(got, int) and not isinstance(got, bool)  # `return 0` says no dtype
        got = torch.tensor(float(got) if whole and expected.is_floating_point() else got)
    if not isinstance(got, torch.Tensor):
        return [Finding("type", f"{where} is {describe(got)}; {wanted(expected)} is expected.", where)]
    if got.shape != expected.shape:
        return [Finding("shape", _shape_message(got, expected, where), where, tuple(map(float, got.shape)))]
    if not _dtype_fits(got, expected, tolerance.dtype):
        got_name, name = (str(t.dtype).removeprefix("torch.") for t in (got, expected))
        if tolerance.dtype == "kind" and expected.is_floating_point():  # the truth is float64, but any will do
            name = "a floating-point dtype, such as float32,"
        return [Finding("dtype", f"{where} has dtype {got_name}; {name} is expected.", where)]
    if expected.numel() == 0:
        return []
    found = _values(got.double(), expected.double(), tolerance, where)
    if found and got.dtype in (torch.float16, torch.bfloat16):
        name = str(got.dtype).removeprefix("torch.")
        remark = f"{found[0].message} It is {name}, which keeps about three digits: compute in float32 or float64."
        return [replace(found[0], message=remark)]
    return found


def _dtype_fits(got: torch.Tensor, expected: torch.Tensor, policy: str) -> bool:
    if policy == "any":
        return True
    if policy == "exact":
        return got.dtype == expected.dtype
    kinds = [(t.is_floating_point(), t.dtype == torch.bool) for t in (got, expected)]
    return kinds[0] == kinds[1]


def _shape_message(got: torch.Tensor, expected: torch.Tensor, where: str) -> str:
    have, want = tuple(got.shape), tuple(expected.shape)
    message = f"{where} has shape {have}; {want} is expected."
    if len(have) > 1 and have != want and sorted(have) == sorted(want):
        message += " The sizes are right, their order is not: an axis is swapped."
    elif got.numel() == expected.numel():
        message += " The number of elements is right: an axis is split, merged or left over."
    return message


def _values(got: torch.Tensor, expected: torch.Tensor, tolerance: Tolerance, where: str) -> list[Finding]:
    error = (got - expected).abs()
    allowed = tolerance.atol + tolerance.rtol * expected.abs()
    if ((error <= allowed) & torch.isfinite(error)).all():  # as it mostly is; the rest is for what differs
        return []
    finite = torch.isfinite(expected)
    bad = ~torch.isfinite(got) & finite
    if bad.any():
        index = tuple(bad.nonzero()[0].tolist())
        kinds = " and ".join(
            n for n, t in (("NaN", got.isnan() & finite), ("infinite", got.isinf() & finite)) if t.any()
        )
        message = f"{where} has {int(bad.sum())} of {bad.numel()} values {kinds}, first at {_at(index)}."
        message = message if index else f"{where} is {kinds}."
        return [Finding("nonfinite", message, where, compared=Compared(got, expected, ~bad, index))]
    same = torch.where(finite, error <= allowed, _equal(got, expected))
    if same.all():
        return []
    excess = torch.where(same, torch.zeros_like(error), torch.nan_to_num(error, nan=math.inf))
    index = tuple(int(i) for i in np.unravel_index(int(excess.argmax()), tuple(excess.shape)))
    wrong = int((~same).sum())
    if not index:
        return [Finding("values", f"{where} is {got.item():.6g}; {expected.item():.6g} is expected.", where)]
    shape = pattern(same)
    message = (
        f"{where}: {wrong} of {same.numel()} values differ{f', {shape}' if shape else ''}. Worst at {_at(index)}: "
        f"got {got[index]:.6g}, expected {expected[index]:.6g}{_factor(got, expected)}."
    )
    return [Finding("values", message, where, compared=Compared(got, expected, same, index))]


def _equal(got: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    return (got == expected) | (got.isnan() & expected.isnan())


def _factor(got: torch.Tensor, expected: torch.Tensor) -> str:
    """A remark when the whole output is off by one factor or by one constant."""
    big = expected.abs() > 1e-3 * expected.abs().max()
    if int(big.sum()) < 2 or not torch.isfinite(got).all() or not torch.isfinite(expected).all():
        return ""
    ratio = got[big] / expected[big]
    if ratio.std() < 1e-3 * ratio.mean().abs() and abs(float(ratio.mean()) - 1) > 1e-3:
        return f"; every value is {float(ratio.mean()):.4g} times what is expected"
    offset = got - expected
    if offset.std() < 1e-3 * offset.mean().abs():
        return f"; every value is off by {float(offset.mean()):+.4g}"
    return ""


def _at(index: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, index)) + "]"
