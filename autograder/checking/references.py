"""Reading and writing the frozen reference of a chapter: one safetensors file, no pickle anywhere.

The tensors hold inputs, expected outputs and gradients, and what every mistake gives; the metadata holds one JSON text
with their structure. Equal tensors are stored once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from autograder.checking import wire
from autograder.checking.outline import FORMAT
from autograder.checking.records import Exercise, FrozenCase, Mistake, Reference
from autograder.checking.trees import Tensors

DIRECTORY = Path(__file__).parents[1] / "references"
_PLAIN = ("name", "kind", "points", "minutes", "difficulty", "forbid_reason", "partial")


class ReferenceProblem(Exception):
    """A reference file is missing, damaged or of another format. The message says which and how to mend it."""

    def _render_traceback_(self) -> list[str]:  # IPython shows this in place of a traceback, which would be ours
        return [str(self)]


def public_path(chapter: str) -> Path:
    """Where the public reference of a chapter lies."""
    return DIRECTORY / f"{chapter}.safetensors"


def save_reference(reference: Reference, path: Path) -> None:
    """Write `reference` to `path`, whole or not at all."""
    tensors: Tensors = {}
    exercises = [_encode_exercise(e, tensors) for e in reference.exercises.values()]
    stored, aliases = _deduplicate(tensors)
    text = json.dumps(
        {
            "format": FORMAT,
            "chapter": reference.chapter,
            "hidden": reference.hidden,
            "exercises": exercises,
            "aliases": aliases,
        },
        separators=(",", ":"),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(save(stored, metadata={"reference": text}))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_reference(path: Path) -> Reference:
    """The reference at `path`. Raises ReferenceProblem when it cannot be used."""
    mend = (
        f"Install the course again; in its repository, restore it (git checkout -- {path.name}), or make it again: "
        f"python -m autograder freeze {path.stem}"
    )
    if not path.is_file():
        there = ", ".join(sorted(each.stem for each in path.parent.glob("*.safetensors"))) or "none"
        raise ReferenceProblem(f"{path}: there is no reference for chapter {path.stem}. There are: {there}. {mend}")
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads(file.metadata()["reference"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        if meta["format"] != FORMAT:
            raise ReferenceProblem(
                f"{path}: written in format {meta['format']}, this package reads {FORMAT}. "
                f"Update the package and the course to the same version, or: python -m autograder freeze {path.stem}"
            )
        tensors |= {alias: tensors[key] for alias, key in meta["aliases"].items()}
        exercises = [_decode_exercise(e, tensors) for e in meta["exercises"]]
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise ReferenceProblem(f"{path}: the reference is damaged ({str(error)[:120]}). {mend}") from None
    return Reference(meta["chapter"], {e.name: e for e in exercises}, bool(meta["hidden"]))


def with_points(reference: Reference, points: Mapping[str, float]) -> Reference:
    """The reference with other points for some exercises. Raises ValueError for an exercise that it does not have."""
    exercises = dict(reference.exercises)
    for name, value in points.items():
        if name not in exercises:
            raise ValueError(f"{reference.chapter} has no exercise {name!r}. Its exercises: {', '.join(exercises)}")
        exercises[name] = replace(exercises[name], points=float(value))
    return replace(reference, exercises=exercises)


def merge(public: Reference, hidden: Reference | None) -> Mapping[str, tuple[tuple[FrozenCase, bool], ...]]:
    """By exercise, the (case, is hidden) pairs of both references, public ones first."""
    merged = {name: tuple((case, False) for case in e.cases) for name, e in public.exercises.items()}
    for name, exercise in (hidden.exercises if hidden else {}).items():
        merged[name] = merged.get(name, ()) + tuple((case, True) for case in exercise.cases)
    return merged


def _encode_exercise(exercise: Exercise, tensors: Tensors) -> dict[str, Any]:
    spec: dict[str, Any] = {k: getattr(exercise, k) for k in _PLAIN}
    spec["forbid"] = list(exercise.forbid)
    spec["mistakes"] = [[m.name, list(m.hints)] for m in exercise.mistakes]
    spec["cases"] = []
    for i, frozen in enumerate(exercise.cases):
        prefix = f"{exercise.name}.{i}"
        case, inputs = wire.encode_case(frozen.case, f"{prefix}.in.")
        properties, params = wire.encode_properties(frozen.case, f"{prefix}.property.")
        expected, outputs = wire.encode_observation(frozen.expected, f"{prefix}.out.")
        tensors |= inputs | params | outputs
        mistakes = {}
        for name, observation in frozen.mistakes.items():
            mistakes[name], wrong = wire.encode_observation(observation, f"{prefix}.{name}.")
            tensors |= wrong
        spec["cases"].append({"case": case, "properties": properties, "expected": expected, "mistakes": mistakes})
    return spec


def _decode_exercise(spec: dict[str, Any], tensors: Tensors) -> Exercise:
    return Exercise(
        **{k: spec[k] for k in _PLAIN},
        forbid=tuple(spec["forbid"]),
        mistakes=tuple(Mistake(name, tuple(hints)) for name, hints in spec["mistakes"]),
        cases=tuple(_decode_case(c, tensors) for c in spec["cases"]),
    )


def _decode_case(spec: dict[str, Any], tensors: Tensors) -> FrozenCase:
    case = wire.decode_case(spec["case"], tensors)
    case = replace(case, properties=wire.decode_properties(spec["properties"], tensors))
    mistakes = {name: wire.decode_observation(o, tensors) for name, o in spec["mistakes"].items()}
    return FrozenCase(case, wire.decode_observation(spec["expected"], tensors), mistakes)


def _deduplicate(tensors: Tensors) -> tuple[Tensors, dict[str, str]]:
    """(tensors to store, alias -> stored key), by content."""
    stored: Tensors = {}
    aliases: dict[str, str] = {}
    first: dict[tuple[Any, ...], str] = {}
    for key, tensor in tensors.items():
        content = (tensor.dtype, tuple(tensor.shape), _digest(tensor))
        if content in first:
            aliases[key] = first[content]
        else:
            first[content] = key
            stored[key] = tensor.contiguous()
    return stored, aliases


def _digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()).hexdigest()


def digest(references: Iterable[Path]) -> str:
    """A hash of reference files' contents, for result keys."""
    total = hashlib.sha256()
    for path in sorted(references):
        total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
