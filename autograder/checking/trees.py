"""Values as plain data: a JSON-able description plus a flat dictionary of tensors, and back.

Inputs of a case are encoded strictly (an unknown type is an author's error). What a student returned is encoded
leniently: anything that is no tensor, number, string or container becomes a `Foreign` that names what it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from autograder.checking.probes import Probe
from autograder.checking.records import Foreign

MAX_LEAVES = 10_000
MAX_DEPTH = 20
MAX_KEYS = 1000  # of one dictionary in an output: numbers of one hash, as keys, take time by the square
MAX_ELEMENTS = 20_000_000
STORABLE = {
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
}  # fmt: skip

Spec = dict[str, Any]
Tensors = dict[str, torch.Tensor]


class Encoder:
    """Encodes values into specs, collecting their tensors in `tensors` under keys that start with `prefix`."""

    def __init__(self, prefix: str = "", *, lenient: bool = False) -> None:
        self.tensors: Tensors = {}
        self._prefix = prefix
        self._lenient = lenient
        self._leaves = 0

    def encode(self, value: Any, depth: int = 0) -> Spec:
        """The spec of `value`. Raises TypeError for an unknown type unless lenient."""
        self._leaves += 1
        if depth > MAX_DEPTH or self._leaves > MAX_LEAVES:
            return self._foreign("a structure nested too deeply or with too many parts")
        if value is None or isinstance(value, bool | str):
            return {"value": value}
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, np.generic):
            return self.encode(value.item(), depth + 1)
        if isinstance(value, int):
            return {"value": int(value)} if abs(value) < 2**63 else self._foreign("an integer beyond 64 bits")
        if isinstance(value, float):
            return {"value": float(value)} if math.isfinite(value) else {"float": str(float(value))}
        return self._container(value, depth)

    def _container(self, value: Any, depth: int) -> Spec:
        if isinstance(value, Mapping):
            return {"dict": [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in list(value.items())]}
        if isinstance(value, list | tuple):
            return {"tuple" if isinstance(value, tuple) else "list": [self.encode(v, depth + 1) for v in list(value)]}
        if isinstance(value, Foreign):
            return {"foreign": value.what}
        if isinstance(value, torch.dtype):
            return {"dtype": str(value).removeprefix("torch.")}
        if isinstance(value, torch.Generator):
            return {"generator": value.initial_seed()}
        if isinstance(value, Probe):
            params = {k: self.encode(v, depth + 1) for k, v in value.params.items()}
            return {"probe": value.kind, "params": params}
        if self._lenient and isinstance(value, Iterator):
            items = [v for _, v in zip(range(MAX_LEAVES), value, strict=False)]
            return {"list": [self.encode(v, depth + 1) for v in items]}
        return self._foreign(type_in_words(value))

    def _tensor(self, value: torch.Tensor) -> Spec:
        if value.layout != torch.strided:
            return self._foreign("a sparse tensor")
        if value.is_meta:
            return self._foreign("a tensor on the meta device, which holds no values")
        if value.dtype not in STORABLE:
            return self._foreign(f"a tensor of dtype {value.dtype}")
        if value.numel() > MAX_ELEMENTS:
            return self._foreign(f"a tensor of {value.numel():,} elements, more than {MAX_ELEMENTS:,}")
        key = f"{self._prefix}{len(self.tensors)}"
        plain = value.detach().as_subclass(torch.Tensor)  # a Parameter or a subclass gives up its behaviour here
        self.tensors[key] = plain.cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": key}

    def _foreign(self, what: str) -> Spec:
        if not self._lenient:
            raise TypeError(f"a case cannot hold {what}")
        return {"foreign": what}


def type_in_words(value: Any) -> str:
    """What a value is that no check can compare: "a NumPy array of shape (3,)"."""
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {tuple(value.shape)}"
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    if isinstance(value, torch.nn.Module):
        return f"a module ({type(value).__name__})"
    if callable(value):
        return f"a function ({getattr(value, '__name__', type(value).__name__)})"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def decode(spec: Spec, tensors: Mapping[str, torch.Tensor], *, output: bool = False) -> Any:
    """The value that `spec` describes. Raises ValueError when the spec is not one `Encoder` writes.

    Of an output, which may be anybody's, only plain data are made: a generator or a probe in it is a `Foreign`.
    """
    if not isinstance(spec, dict) or len(spec) not in (1, 2):
        raise ValueError("malformed value")
    tag = next(iter(spec))
    body = spec[tag]
    if output and tag in _NO_OUTPUT:
        return Foreign(_NO_OUTPUT[tag])
    if tag == "probe":
        return Probe(body, **{k: decode(v, tensors) for k, v in spec["params"].items()})

    def inner(part: Spec) -> Any:
        return decode(part, tensors, output=output)

    try:
        if tag in ("list", "tuple"):
            return (list if tag == "list" else tuple)(map(inner, body))
        if tag == "dict":
            if output and len(body) > MAX_KEYS:
                raise ValueError(f"a dictionary of {len(body)} keys, more than {MAX_KEYS}")
            return {_hashable(inner(k)): inner(v) for k, v in body}
        return tensors[body] if tag == "tensor" else _DECODERS[tag](body)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"malformed value: {str(error)[:100]}") from None


def _scalar(body: Any) -> Any:
    if body is not None and not isinstance(body, bool | int | float | str):
        raise TypeError("not a plain value")
    return body


def _dtype(name: Any) -> torch.dtype:
    found = vars(torch).get(name)  # not getattr, by which torch imports what it has not loaded yet
    if not isinstance(found, torch.dtype):
        raise TypeError(f"no dtype: {str(name)[:50]}")
    return found


_NO_OUTPUT = {"generator": "a random generator", "probe": "a function that was given"}
_DECODERS: dict[str, Any] = {
    "value": _scalar,
    "float": float,
    "foreign": lambda body: Foreign(str(body)),
    "dtype": _dtype,
    "generator": lambda body: torch.Generator().manual_seed(body),
}


def _hashable(key: Any) -> Any:
    return key if isinstance(key, str | int | float | bool | tuple | type(None)) else repr(key)


def map_tensors(function: Any, value: Any) -> Any:
    """`value` with `function(tensor)` in place of every tensor, inside containers and probes too."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, Probe):
        return Probe(value.kind, **{k: map_tensors(function, v) for k, v in value.params.items()})
    if isinstance(value, Mapping):
        return {k: map_tensors(function, v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map_tensors(function, v) for v in value)
    return value


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """(path, leaf) pairs of a tree, depth first: `params['W'][0]`. Probes have no leaves."""
    if isinstance(value, Mapping):
        for k, v in value.items():
            yield from leaves(v, f"{path}[{k!r}]")
    elif isinstance(value, list | tuple):
        for i, v in enumerate(value):
            yield from leaves(v, f"{path}[{i}]")
    elif not isinstance(value, Probe):
        yield path, value
