"""Layers of a sequence as one counts them: what they compute, and which position depends on which.

Each reads n positions of d numbers and gives n positions of d numbers; nobody looks ahead. `FORWARD` runs a layer, so
that a counter can watch; `dependencies` is the same layer as a graph.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

Node = Hashable
Graph = dict[Node, list[Node]]
"""By node, the nodes it is computed from. Inputs are ("input", position) and have none."""

# ---- what they compute, on (position, d) ----


def attention(x: Tensor, k: int, r: int) -> Tensor:
    """Every position looks at every position; no linear maps."""
    return (x @ x.T / math.sqrt(x.shape[1])).softmax(-1) @ x


def projected_attention(x: Tensor, k: int, r: int) -> Tensor:
    """The same with its four linear maps: query, key, value, output."""
    maps = [x.new_empty(x.shape[1], x.shape[1]) for _ in range(4)]
    q, key, value = (x @ w for w in maps[:3])
    return (q @ key.T / math.sqrt(x.shape[1])).softmax(-1) @ value @ maps[3]


def restricted_attention(x: Tensor, k: int, r: int) -> Tensor:
    """Every position looks at the last r positions, itself included."""
    near = F.pad(x, (0, 0, r - 1, 0)).unfold(0, r, 1)  # (position, d, key)
    shares = (x[:, None] @ near / math.sqrt(x.shape[1])).softmax(-1)  # (position, 1, key)
    return (shares @ near.transpose(1, 2))[:, 0]


def recurrence(x: Tensor, k: int, r: int) -> Tensor:
    """h_t = tanh(W x_t + U h_(t-1)), one step after the other."""
    w, u, state, states = x.new_empty(x.shape[1], x.shape[1]), x.new_empty(x.shape[1], x.shape[1]), x[:1], []
    for row in x.split(1):
        state = torch.tanh(row @ w + state @ u)
        states.append(state)
    return torch.cat(states)


def lstm(x: Tensor, k: int, r: int) -> Tensor:
    """The matrix products of an LSTM: four gates, each of the input and of the state."""
    w, u = x.new_empty(x.shape[1], 4 * x.shape[1]), x.new_empty(x.shape[1], 4 * x.shape[1])
    state, cell, states = x[:1], x[:1], []
    for row in x.split(1):
        forget, take, show, new = (row @ w + state @ u).chunk(4, dim=1)
        cell = forget.sigmoid() * cell + take.sigmoid() * new.tanh()
        state = show.sigmoid() * cell.tanh()
        states.append(state)
    return torch.cat(states)


def convolution(x: Tensor, k: int, r: int) -> Tensor:
    """A kernel k positions wide, from d channels to d channels, padded in front."""
    w = x.new_empty(x.shape[1], x.shape[1], k)
    return F.conv1d(F.pad(x.T[None], (k - 1, 0)), w)[0].T


Forward = Callable[[Tensor, int, int], Tensor]
FORWARD: dict[str, Forward] = {
    "attention": attention,
    "projected": projected_attention,
    "restricted": restricted_attention,
    "recurrent": recurrence,
    "lstm": lstm,
    "convolution": convolution,
}


def count_flops(layer: str, n: int, d: int, k: int, r: int) -> int:
    """The FLOPs of one layer by PyTorch's own counter, on tensors that have a shape and no numbers."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        FORWARD[layer](torch.empty(n, d, device="meta"), k, r)
    return counter.get_total_flops()


# ---- which position depends on which ----


def attention_graph(n: int, layers: int = 1) -> Graph:
    """Every position of a layer from every position of the layer below."""
    return _stacked(n, layers, lambda position, layer: range(n))


def window_graph(n: int, width: int, layers: int, dilated: bool = False) -> Graph:
    """Every position from `width` positions of the layer below: itself and those before it.

    They are neighbours, or stand width^0, width^1, … apart in layer 0, 1, … when `dilated`. A convolution has this
    graph, and so has attention that is restricted to a window.
    """

    def reached(position: int, layer: int) -> Sequence[int]:
        step = width**layer if dilated else 1
        return [place for place in range(position, position - width * step, -step) if place >= 0]

    return _stacked(n, layers, reached)


def recurrent_graph(n: int) -> Graph:
    """Every state from its input and the state before it."""
    graph: Graph = {("input", place): [] for place in range(n)}
    for place in range(n):
        graph[1, place] = [("input", place), *([(1, place - 1)] if place else [])]
    return graph


def _stacked(n: int, layers: int, reached: Callable[[int, int], Sequence[int]]) -> Graph:
    graph: Graph = {("input", place): [] for place in range(n)}
    for layer in range(layers):
        below = "input" if layer == 0 else layer
        for place in range(n):
            graph[layer + 1, place] = [(below, other) for other in reached(place, layer)]
    return graph


def distances(graph: Mapping[Node, Sequence[Node]], start: Node) -> dict[Node, int]:
    """By breadth-first search, how many operations lie between `start` and each node that it depends on."""
    found, waiting = {start: 0}, deque([start])
    while waiting:
        node = waiting.popleft()
        for before in graph[node]:
            if before not in found:
                found[before] = found[node] + 1
                waiting.append(before)
    return found


def longest_chain(graph: Mapping[Node, Sequence[Node]]) -> int:
    """How many operations must wait for one another. The graph lists every node after those it is computed from."""
    steps: dict[Node, int] = {}
    for node, before in graph.items():
        steps[node] = 1 + max(steps[other] for other in before) if before else 0
    return max(steps.values())


def path_length(graph: Mapping[Node, Sequence[Node]], first: Node, last: Node) -> int | None:
    """The operations on the shortest path from `first` to `last`; None when `last` does not depend on `first`."""
    return distances(graph, last).get(first)


def farthest_path(n: int, build: Callable[[int], Graph]) -> int:
    """The shortest path from the first position to the last, in the smallest stack of layers that has one.

    `build(layers)` gives the graph of a stack. As nobody looks ahead, no two positions are farther apart.
    """

    def path(layers: int) -> int | None:
        return path_length(build(layers), ("input", 0), (layers, n - 1))

    enough = 1
    while path(enough) is None:
        enough *= 2
    layers = bisect_left(range(enough), True, key=lambda count: count > 0 and path(count) is not None)
    return path(layers) or 0
