"""Cases and observations survive the wire; what is malformed is refused and never believed."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import wire
from autograder.checking.observe import answer, observe
from autograder.checking.probes import Probe
from autograder.checking.records import Call, CallRecord, Case, Foreign, Observation
from autograder.checking.trees import Encoder, decode, map_tensors

scalars = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.text(max_size=20)
tensors = st.lists(st.floats(allow_nan=False, width=32), max_size=5).map(torch.tensor)
trees = st.recursive(
    scalars | tensors,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


def alike(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return type(a) is type(b) and a == b


@settings(deadline=None, max_examples=200)
@given(trees)
def test_a_tree_survives_json(value):
    encoder = Encoder()
    spec = json.loads(json.dumps(encoder.encode(value)))
    assert alike(decode(spec, encoder.tensors), value)


json_values = st.recursive(
    scalars, lambda i: st.lists(i, max_size=4) | st.dictionaries(st.text(max_size=9), i, max_size=4)
)


@settings(deadline=None, max_examples=300)
@given(json_values)
def test_a_malformed_observation_is_a_value_error(spec):
    with pytest.raises(ValueError):
        wire.decode_observation(spec, {})


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["calls", "failure", "forbidden", "seconds", "notes"]), json_values)
def test_a_forged_field_is_refused_or_harmless(field, value):
    spec, found = wire.encode_observation(observe(lambda x: x, Case("c", (Call((torch.ones(2),), names=("x",)),))))
    spec[field] = value
    with contextlib.suppress(ValueError):
        wire.decode_observation(spec, found)


def test_probes_and_generators_survive():
    encoder = Encoder()
    spec = encoder.encode((Probe("affine", W=torch.eye(2), b=torch.ones(2)), torch.Generator().manual_seed(5)))
    probe, generator = decode(spec, encoder.tensors)
    assert torch.equal(probe(torch.ones(2)), torch.tensor([2.0, 2.0]))
    assert generator.initial_seed() == 5


def test_inputs_are_encoded_strictly():
    with pytest.raises(TypeError, match="a case cannot hold an object"):
        Encoder().encode(object())


def test_outputs_are_encoded_leniently():
    encoder = Encoder(lenient=True)
    assert decode(encoder.encode(object()), {}) == Foreign("an object")


def test_a_bottomless_output_ends():
    loop: list = []
    loop.append(loop)
    encoder = Encoder(lenient=True)
    value = decode(encoder.encode(loop), encoder.tensors)
    while isinstance(value, list):
        (value,) = value
    assert value == Foreign("a structure nested too deeply or with too many parts")


def test_map_tensors_reaches_probes():
    doubled = map_tensors(lambda t: 2 * t, {"f": Probe("scale", factor=torch.tensor(3.0))})
    assert doubled["f"](torch.ones(1)).item() == 6.0


def test_answer_is_observe_on_the_wire():
    case = Case("c", (Call((torch.arange(3.0),), names=("x",)),), gradients=("x",))
    spec, inputs = wire.encode_case(case)
    request = json.loads(json.dumps({"exercise": "double", "kind": "function", "forbid": [], "case": spec}))
    reply, outputs = answer(request, inputs, {"double": lambda x: 2 * x})
    seen = wire.decode_observation(json.loads(json.dumps(reply)), outputs)
    assert torch.equal(seen.calls[0].output, torch.tensor([0.0, 2.0, 4.0]))
    assert torch.allclose(seen.calls[0].gradients["x#0"], 2 * (torch.cos(0.7 * torch.arange(3.0) + 1) + 0.1))


def test_answer_says_what_is_missing():
    case = Case("c", (Call(),))
    spec, inputs = wire.encode_case(case)
    reply, _ = answer({"exercise": "f", "kind": "function", "forbid": [], "case": spec}, inputs, {})
    assert reply["failure"]["kind"] == "missing"


def test_of_an_output_only_plain_data_are_made():
    encoder = Encoder(lenient=True)
    spec = encoder.encode([torch.Generator(), {"f": Probe("scale", factor=2.0)}, 3])
    generator, function = Foreign("a random generator"), Foreign("a function that was given")
    assert decode(spec, encoder.tensors, output=True) == [generator, {"f": function}, 3]


def test_an_output_holds_no_dictionary_of_more_keys_than_can_be_of_one_hash():
    spec, tensors = wire.encode_observation(Observation((CallRecord(dict.fromkeys(range(1000), 0)),)))
    assert len(wire.decode_observation(spec, tensors).calls[0].output) == 1000
    pairs = spec["calls"][0]["output"]["dict"]
    pairs.append([{"value": 1000}, {"value": 0}])
    with pytest.raises(ValueError, match="a dictionary of 1001 keys"):
        wire.decode_observation(spec, tensors)


def test_the_words_of_an_observation_are_cut():
    spec, tensors = wire.encode_observation(Observation((CallRecord(1.0, gradient_problem="x" * 5000),)))
    assert len(wire.decode_observation(spec, tensors).calls[0].gradient_problem) == 1000


@pytest.mark.parametrize("name", ["__dict__", "os", "load", "_dynamo", "float33", "", 5, None, []])
def test_a_dtype_is_a_dtype_and_nothing_else_of_torch(name):
    with pytest.raises(ValueError, match=r"no dtype|unhashable"):
        decode({"dtype": name}, {})
    assert decode({"dtype": "float32"}, {}) is torch.float32
