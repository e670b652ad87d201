"""Where in a tensor the wrong values lie, in words: "only in the last column" tells more than their number."""

from __future__ import annotations

import torch


def pattern(same: torch.Tensor) -> str:
    """Where `same` is false, if a few words can say it: "only above the diagonal"; empty otherwise.

    >>> pattern(torch.tensor([[True, True, False], [True, True, False]]))
    'only in the last column'
    """
    wrong = ~same
    if int(wrong.sum()) < 2 or bool(wrong.all()):
        return ""  # one wrong value is named by its index, and of all of them the number tells it
    return (_on_the_plane(wrong) if wrong.dim() >= 2 else "") or _along_an_axis(wrong)


def _on_the_plane(wrong: torch.Tensor) -> str:
    """A figure in the last two axes that holds every wrong value, whatever the other axes say."""
    plane = wrong.flatten(0, -3).any(0) if wrong.dim() > 2 else wrong  # (row, column)
    height, width = plane.shape
    if min(height, width) < 3:
        return ""
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
    figures = {"on the diagonal": row == column, "above the diagonal": row < column, "below the diagonal": row > column}
    for words, figure in figures.items():
        if not bool((plane & ~figure).any()) and _spread(plane, 0) > 1 and _spread(plane, 1) > 1:
            return f"only {words}"
    corners = bool(plane[0].any() and plane[-1].any() and plane[:, 0].any() and plane[:, -1].any())
    return "only on the border" if corners and not bool((plane & inside).any()) else ""


def _spread(plane: torch.Tensor, axis: int) -> int:
    """In how many rows (axis 1) or columns (axis 0) a wrong value stands."""
    return int(plane.any(axis).sum())


def _along_an_axis(wrong: torch.Tensor) -> str:
    """The few places of one axis that hold every wrong value; of the axis where they are the smallest share."""
    best, words = 0.5, ""
    for axis, size in enumerate(wrong.shape):
        others = [other for other in range(wrong.dim()) if other != axis]
        places = (wrong.any(dim=tuple(others)) if others else wrong).nonzero().flatten().tolist()
        said = _places(places, size, wrong.dim(), axis)
        if said and len(places) / size <= best:
            best, words = len(places) / size, f"only {said}"
    return words


def _places(places: list[int], size: int, axes: int, axis: int) -> str:
    """`in the last 2 columns`, `at index 1 of axis 0`: where on one axis; empty when too many are to be listed."""
    count, first, last = len(places), places[0], places[-1]
    listed = ", ".join(map(str, places))
    if axes > 2:
        return f"at {'index' if count == 1 else 'indices'} {listed} of axis {axis}" if count <= 4 else ""
    one = "value" if axes == 1 else ("row", "column")[axis]
    together = last - first + 1 == count
    if count == 1:
        return "in " + {0: f"the first {one}", size - 1: f"the last {one}"}.get(first, f"{one} {first}")
    if together and last == size - 1:
        return f"in the last {count} {one}s"
    if together and first == 0:
        return f"in the first {count} {one}s"
    if places == list(range(first, size, 2)):
        return f"in every second {one}, from {first} on"
    return f"in {one}s {listed}" if count <= 4 else ""
