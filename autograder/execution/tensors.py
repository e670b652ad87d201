"""Tensors as safetensors bytes: a declared format without code, decoded with suspicion."""

from collections.abc import Mapping

import torch
from safetensors import TensorSpec, deserialize, serialize
from torch import Tensor

from .frames import Malformed

__all__ = ["decode", "encode"]

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_MAX_TENSORS = 10_000
_NOWHERE = torch.zeros(1)  # an empty tensor has no address, and safetensors wants one


def encode(tensors: Mapping[str, Tensor], at_most: int | None = None) -> bytes:
    """The bytes of plain dense copies of `tensors`; whatever torch raises for what has none (sparse, meta).

    Raises ValueError, before anything is copied, when they hold more than `at_most` bytes. Names that share a storage
    count each: on the wire they share nothing.
    """
    plain = {name: value.detach().as_subclass(Tensor) for name, value in tensors.items()}
    size = sum(value.numel() * value.element_size() for value in plain.values())
    if at_most is not None and size > at_most:
        raise ValueError(f"the answer holds {size} bytes of tensors, at most {at_most} are read")
    dense = {name: value.cpu().contiguous().clone() for name, value in plain.items()}
    return bytes(serialize({name: _spec(value) for name, value in dense.items()})) if dense else b""


def decode(payload: bytes) -> dict[str, Tensor]:
    """The tensors in `payload`, each with memory of its own; raises `Malformed` for anything else, however hostile."""
    if not payload:
        return {}
    try:
        entries = deserialize(payload)
        if len(entries) > _MAX_TENSORS:
            raise ValueError(f"{len(entries)} tensors, at most {_MAX_TENSORS} are read")
        return {name: _tensor(entry) for name, entry in entries}
    except Exception as problem:  # safetensors and torch raise many kinds; none of them may pass
        raise Malformed(f"the tensors are not safetensors: {str(problem)[:200]}") from None


def _spec(value: Tensor) -> TensorSpec:
    """Where the bytes of a dense tensor are. `safetensors.torch.save`, by way of NumPy, takes three times as long."""
    size = value.numel() * value.element_size()
    dtype = str(value.dtype).removeprefix("torch.")
    return TensorSpec(dtype=dtype, shape=value.shape, data_ptr=(value if size else _NOWHERE).data_ptr(), data_len=size)


def _tensor(entry: dict) -> Tensor:
    dtype = _DTYPES.get(entry["dtype"])
    if dtype is None:
        raise ValueError(f"dtype {entry['dtype']} is not accepted")
    data = bytearray(entry["data"])
    if dtype is torch.bool:  # a bool is one byte that is 0 or 1; other bytes would make two Trues unequal
        return torch.frombuffer(data, dtype=torch.uint8).reshape(entry["shape"]).ne(0) if data else _empty(entry, dtype)
    return torch.frombuffer(data, dtype=dtype).reshape(entry["shape"]) if data else _empty(entry, dtype)


def _empty(entry: dict, dtype: torch.dtype) -> Tensor:
    return torch.empty(entry["shape"], dtype=dtype)
