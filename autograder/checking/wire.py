"""Cases and observations as JSON-able dictionaries plus flat tensors: for reference files and for the sandbox's wire.

Decoding an observation trusts nothing: whatever is not of the declared form raises ValueError.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch

from autograder.checking.records import Call, CallRecord, Case, Failure, Observation, Property
from autograder.checking.trees import Encoder, Tensors, decode

_PLAIN_CASE = ("name", "rtol", "atol", "dtype", "values", "flops", "seconds")


def encode_case(case: Case, prefix: str = "in.") -> tuple[dict[str, Any], Tensors]:
    """The wire form of a case without its properties: what the student's process may see."""
    encoder = Encoder(prefix)
    spec: dict[str, Any] = {k: getattr(case, k) for k in _PLAIN_CASE}
    spec["gradients"] = list(case.gradients)
    spec["calls"] = [_encode_call(c, encoder) for c in case.calls]
    spec["init"] = None if case.init is None else _encode_call(case.init, encoder)
    spec["state"] = None if case.state is None else encoder.encode(dict(case.state))
    return spec, encoder.tensors


def decode_case(spec: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Case:
    """The case that `encode_case` wrote."""
    return Case(
        **{k: spec[k] for k in _PLAIN_CASE},
        gradients=tuple(spec["gradients"]),
        calls=tuple(_decode_call(c, tensors) for c in spec["calls"]),
        init=None if spec["init"] is None else _decode_call(spec["init"], tensors),
        state=None if spec["state"] is None else decode(spec["state"], tensors),
    )


def encode_properties(case: Case, prefix: str) -> tuple[list[Any], Tensors]:
    """The properties of a case: kept apart, since their parameters (labels, thresholds) are the grader's."""
    encoder = Encoder(prefix)
    return [[p.kind, encoder.encode(dict(p.params))] for p in case.properties], encoder.tensors


def decode_properties(spec: list[Any], tensors: Mapping[str, torch.Tensor]) -> tuple[Property, ...]:
    """The properties that `encode_properties` wrote."""
    return tuple(Property(kind, decode(params, tensors)) for kind, params in spec)


def encode_observation(observation: Observation, prefix: str = "out.") -> tuple[dict[str, Any], Tensors]:
    """The wire form of an observation."""
    encoder = Encoder(prefix, lenient=True)
    calls = [
        {
            "output": encoder.encode(record.output),
            "gradients": [[k, encoder.encode(g)] for k, g in record.gradients.items()],
            "gradient_problem": record.gradient_problem,
            "changed": list(record.changed),
            "flops": record.flops,
        }
        for record in observation.calls
    ]
    spec = {
        "calls": calls,
        "failure": None if observation.failure is None else dataclasses.asdict(observation.failure),
        "forbidden": list(observation.forbidden),
        "seconds": observation.seconds,
        "notes": list(observation.notes),
        "broken": [list(numbers) for numbers in observation.broken],
    }
    return spec, encoder.tensors


def decode_observation(spec: Any, tensors: Mapping[str, torch.Tensor]) -> Observation:
    """The observation of the wire form. Raises ValueError when it is malformed."""
    try:
        return Observation(
            calls=tuple(_decode_record(r, tensors) for r in _typed(spec["calls"], list)),
            failure=None if spec["failure"] is None else _decode_failure(spec["failure"]),
            forbidden=_strings(spec["forbidden"]),
            seconds=float(spec["seconds"]),
            notes=_strings(spec["notes"]),
            broken=tuple(tuple(map(float, numbers)) for numbers in _typed(spec["broken"], list)),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"malformed observation: {str(error)[:100]}") from None


def _decode_record(spec: Any, tensors: Mapping[str, torch.Tensor]) -> CallRecord:
    gradients = {str(k): decode(g, tensors, output=True) for k, g in spec["gradients"]}
    if not all(g is None or isinstance(g, torch.Tensor) for g in gradients.values()):
        raise ValueError("malformed gradient")
    return CallRecord(
        output=decode(spec["output"], tensors, output=True),
        gradients=gradients,
        gradient_problem=_typed(spec["gradient_problem"], str)[:1000],
        changed=_strings(spec["changed"]),
        flops=_typed(spec["flops"], int),
    )


def _decode_failure(spec: Any) -> Failure:
    text = {k: _typed(spec[k], str)[:1000] for k in ("kind", "message", "exception", "source")}
    return Failure(**text, line=_typed(spec["line"], int), call=_typed(spec["call"], int))


def _strings(spec: Any) -> tuple[str, ...]:
    return tuple(_typed(s, str)[:1000] for s in _typed(spec, list)[:100])


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected")
    return value


def _encode_call(call: Call, encoder: Encoder) -> dict[str, Any]:
    return {
        "args": [encoder.encode(a) for a in call.args],
        "kwargs": [[k, encoder.encode(v)] for k, v in call.kwargs.items()],
        "train": call.train,
        "method": call.method,
        "names": list(call.names),
    }


def _decode_call(spec: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Call:
    return Call(
        args=tuple(decode(a, tensors) for a in spec["args"]),
        kwargs={k: decode(v, tensors) for k, v in spec["kwargs"]},
        train=spec["train"],
        method=spec["method"],
        names=tuple(spec["names"]),
    )
