"""Outputs and tensors from a student's process are rebuilt or refused, never passed through."""

import json

import nbformat
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from autograder.execution import outputs, tensors
from autograder.execution.frames import Malformed

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates included
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
BUNDLE = st.dictionaries(
    st.sampled_from(["text/plain", "image/png", "application/json"]) | TEXT, TEXT | JSON, max_size=3
)
FIELDS = {
    "output_type": st.sampled_from(["stream", "display_data", "execute_result", "error", "update_display_data"]) | JSON,
    "name": st.sampled_from(["stdout", "stderr"]) | JSON,
    "text": TEXT | JSON,
    "data": BUNDLE | JSON,
    "metadata": BUNDLE | JSON,
    "execution_count": st.integers(-5, 5) | JSON,
    "ename": TEXT | JSON,
    "evalue": TEXT | JSON,
    "traceback": st.lists(TEXT, max_size=3) | JSON,
}
OUTPUTS = st.lists(st.fixed_dictionaries({}, optional=FIELDS) | JSON, max_size=4)


@given(OUTPUTS | JSON)
@settings(max_examples=500, deadline=None)
def test_any_outputs_are_malformed_or_valid_in_a_notebook_and_in_utf8(found):
    try:
        shown = outputs.clean(found, 100)
    except Malformed:
        return
    cell = nbformat.v4.new_code_cell("", outputs=[nbformat.from_dict(output) for output in shown])
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()


VALID = [
    {"output_type": "stream", "name": "stdout", "text": "x"},
    {"output_type": "display_data", "data": {"text/plain": "x", "application/json": [1, {"a": None}]}, "metadata": {}},
    {"output_type": "execute_result", "data": {"text/plain": ["a", "b"]}, "metadata": {}, "execution_count": 3},
    {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["a", "b"]},
]


@pytest.mark.parametrize("output", VALID, ids=lambda output: output["output_type"])
def test_valid_outputs_are_kept(output):
    assert outputs.clean([output], 1) == (output,)


def test_unknown_fields_are_dropped():
    assert outputs.clean([{**VALID[0], "score": 100}], 1) == (VALID[0],)


def test_more_outputs_than_allowed_are_malformed():
    with pytest.raises(Malformed, match="at most 3"):
        outputs.clean([VALID[0]] * 4, 3)


def test_nesting_beyond_the_stack_is_malformed():
    deep: list = []
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(Malformed, match="nested"):
        outputs.clean([{"output_type": "display_data", "data": {"application/json": deep}}], 1)


@given(st.binary(max_size=400))
@settings(max_examples=500, deadline=None)
def test_any_payload_is_tensors_or_malformed(payload):
    try:
        found = tensors.decode(payload)
    except Malformed:
        return
    assert all(type(value) is torch.Tensor for value in found.values())


HEADER_ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F64", "BOOL", "I64", "F8_E4M3", "C64", "U64", "?"]),
        "shape": st.lists(st.integers(-1, 8) | st.integers(2**30, 2**64), max_size=4),
        "data_offsets": st.lists(st.integers(0, 64), min_size=2, max_size=2),
    }
)


@given(st.dictionaries(st.text(max_size=5), HEADER_ENTRY, max_size=3), st.binary(max_size=64))
@settings(max_examples=500, deadline=None)
def test_any_safetensors_header_is_tensors_or_malformed(header, data):
    text = json.dumps(header).encode()
    try:
        found = tensors.decode(len(text).to_bytes(8, "little") + text + data)
    except Malformed:
        return
    assert set(found) <= set(header)
    for name, value in found.items():
        assert list(value.shape) == header[name]["shape"] and value.element_size() * value.numel() <= 64


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.int64,
        torch.uint8,
        torch.bool,
    ],
    ids=str,
)
def test_tensors_arrive_as_they_were_sent(dtype):
    sent = {
        "a": torch.tensor([[0, 1], [2, 3]]).to(dtype),
        "scalar": torch.tensor(1).to(dtype),
        "empty": torch.empty(0, 3),
    }
    found = tensors.decode(tensors.encode(sent))
    assert set(found) == set(sent)
    assert all(torch.equal(found[name], sent[name]) and found[name].dtype == sent[name].dtype for name in sent)


def test_non_finite_values_arrive_as_values():
    sent = torch.tensor([float("nan"), float("inf"), -0.0])
    assert torch.equal(tensors.decode(save({"x": sent}))["x"].view(torch.int32), sent.view(torch.int32))


def test_aliases_and_views_become_plain_copies():
    base = torch.arange(6.0)
    found = tensors.decode(tensors.encode({"a": base[1:3], "b": base.view(2, 3).T, "c": base}))
    found["a"].zero_()
    assert torch.equal(found["c"], base) and found["b"].shape == (3, 2)


@pytest.mark.parametrize(
    "sent",
    [torch._efficientzerotensor(3), torch.tensor([1 + 2j]).conj(), torch.tensor([1 + 2j]).conj().imag],
    ids=["zero", "conjugate", "negative"],
)
def test_values_that_no_memory_holds_arrive_as_values(sent):
    found = tensors.decode(tensors.encode({"x": sent}))["x"]
    assert torch.equal(found, sent.clone()) and found.dtype == sent.dtype


@pytest.mark.parametrize(
    "sent",
    [torch.eye(2).to_sparse(), torch.eye(2).to_mkldnn(), torch.ones(2, device="meta")],
    ids=lambda x: str(x.layout),
)
def test_what_has_no_plain_form_is_refused(sent):
    with pytest.raises((RuntimeError, NotImplementedError)):
        tensors.encode({"x": sent})


def test_boolean_bytes_that_are_neither_zero_nor_one_are_true():
    payload = bytearray(save({"x": torch.zeros(2, dtype=torch.bool)}))
    payload[-1] = 255
    assert tensors.decode(bytes(payload))["x"].tolist() == [False, True]
