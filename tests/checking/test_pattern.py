"""Where wrong values lie, in words: what the words say is compared with masks drawn by hand."""

from __future__ import annotations

import pytest
import torch

from autograder.checking.pattern import pattern


def same(*rows: str) -> torch.Tensor:
    """A mask from rows of . (agrees) and x (wrong)."""
    return torch.tensor([[mark == "." for mark in row] for row in rows])


MATRICES = {
    "only in the last column": ("...x", "...x", "...."),
    "only in the first row": ("xx.x", "....", "...."),
    "only in column 1": (".x..", ".x.."),
    "only in the last 2 rows": ("..", "..", "..", "xx", ".x"),
    "only in every second column, from 1 on": (".x.x.x.x.x", ".x.x.x.x.x"),
    "only in columns 1, 4": (".x..x...", ".x..x..."),
    "only on the diagonal": ("x..", ".x.", "..x"),
    "only above the diagonal": (".xxx", "..xx", "...x", "...."),
    "only below the diagonal": ("....", "x...", "xx..", "xxx."),
    "only on the border": ("xxxx", "x..x", "x..x", "xxxx"),
}


@pytest.mark.parametrize(("words", "rows"), MATRICES.items(), ids=MATRICES)
def test_a_figure_in_a_matrix_is_named(words, rows):
    assert pattern(same(*rows)) == words


@pytest.mark.parametrize("rows", [("...", "..."), ("xxx", "xxx"), (".x.", "..."), ("x.x", ".x.", "x.x")])
def test_nothing_is_said_of_no_value_one_value_all_values_or_a_scatter(rows):
    assert pattern(same(*rows)) == ""


def test_a_row_of_numbers_has_values():
    assert pattern(same("....xx")[0]) == "only in the last 2 values"


def test_further_axes_are_counted_as_torch_counts_them():
    agrees = torch.ones(2, 5, 3, dtype=torch.bool)
    agrees[:, 4] = False
    assert pattern(agrees) == "only at index 4 of axis 1"


def test_a_single_number_has_no_pattern():
    assert pattern(torch.tensor(False)) == ""
