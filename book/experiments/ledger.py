"""The parameters of a Transformer, part by part, and those that the paper states in its Table 3."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the paper's Table 3: what differs from the base model, and the stated parameters in millions."""

    name: str
    stated: int
    layers: int = 6
    d_model: int = 512
    d_ff: int = 2048
    heads: int = 8
    d_key: int | None = None
    d_value: int | None = None


BASE = Row("base", 65)
TABLE = (
    BASE,
    Row("d_key 16", 58, d_key=16),
    Row("d_key 32", 60, d_key=32),
    Row("2 layers", 36, layers=2),
    Row("4 layers", 50, layers=4),
    Row("8 layers", 80, layers=8),
    Row("d_model 256", 28, d_model=256, d_key=32, d_value=32),
    Row("d_model 1024", 168, d_model=1024, d_key=128, d_value=128),
    Row("d_ff 1024", 53, d_ff=1024),
    Row("d_ff 4096", 90, d_ff=4096),
    Row("big", 213, d_model=1024, d_ff=4096, heads=16),
)
"""Vaswani et al. 2017, Table 3, the rows in which the number of parameters is stated and differs from the base's."""
WORDS = 37_000
"""What the paper says of its vocabulary: about 37,000 tokens, shared by source and target."""


def parts(
    vocabulary: int,
    d_model: int,
    d_ff: int,
    layers: int,
    heads: int,
    d_key: int | None = None,
    d_value: int | None = None,
) -> dict[str, int]:
    """Parameters by part of the model as published: post-norm, biases, one table for source, target and scores."""
    keys, values = (heads * (d_model // heads if size is None else size) for size in (d_key, d_value))
    attention = 2 * (d_model + 1) * keys + (d_model + 1) * values + (values + 1) * d_model
    return {
        "table of words": vocabulary * d_model,
        "attention of the encoder": layers * attention,
        "attention of the decoder": layers * attention,
        "attention between the two": layers * attention,
        "feed-forward": 2 * layers * ((d_model + 1) * d_ff + (d_ff + 1) * d_model),
        "normalization": layers * 5 * 2 * d_model,
    }


def parameters(*sizes: int | None, **named: int | None) -> int:
    """The sum of `parts`, with the same arguments."""
    return sum(parts(*sizes, **named).values())  # type: ignore[arg-type]


def of_row(row: Row, vocabulary: int = WORDS) -> int:
    """The parameters of a row of the table with this vocabulary."""
    return parameters(vocabulary, row.d_model, row.d_ff, row.layers, row.heads, row.d_key, row.d_value)


def fitting(row: Row) -> tuple[int, int]:
    """The smallest and the largest vocabulary for which the row rounds to what the paper states."""
    rest = of_row(row, 0)
    low, high = (row.stated * 10**6 - 500_000 - rest, row.stated * 10**6 + 500_000 - rest)
    return -(-low // row.d_model), (high - 1) // row.d_model
