"""The layers that K6 counts: their graphs against gradients and attention masks, their FLOPs against torch's layers."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from experiments import layers


def reached(graph, layer, n):
    """By output position, the input positions it depends on."""
    return [{node[1] for node in layers.distances(graph, (layer, place)) if node[0] == "input"} for place in range(n)]


@pytest.mark.parametrize(("width", "depth", "dilated"), [(3, 1, False), (3, 3, False), (2, 3, True), (4, 2, True)])
def test_the_graph_of_convolutions_is_where_the_gradient_reaches(width, depth, dilated):
    n, x = 20, torch.zeros(1, 1, 20, dtype=torch.float64, requires_grad=True)
    y = x
    for layer in range(depth):
        step = width**layer if dilated else 1
        kernel = torch.ones(1, 1, width, dtype=torch.float64)
        y = F.conv1d(F.pad(y, ((width - 1) * step, 0)), kernel, dilation=step)
    found = reached(layers.window_graph(n, width, depth, dilated), depth, n)
    for place in range(n):
        (gradient,) = torch.autograd.grad(y[0, 0, place], x, retain_graph=True)
        assert found[place] == set(gradient[0, 0].nonzero()[:, 0].tolist())


def test_the_graph_of_a_recurrence_is_where_the_gradient_reaches_and_its_chain_is_its_length():
    n, x = 9, torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    states, _ = nn.RNN(4, 4)(x)
    graph = layers.recurrent_graph(n)
    for place, inputs in enumerate(reached(graph, 1, n)):
        (gradient,) = torch.autograd.grad(states[place].sum(), x, retain_graph=True)
        assert inputs == set(gradient.abs().sum(1).nonzero()[:, 0].tolist())
    assert layers.longest_chain(graph) == n
    assert layers.path_length(graph, ("input", 0), (1, n - 1)) == n


def test_one_operation_lies_between_any_two_positions_of_attention():
    graph = layers.attention_graph(7)
    assert {layers.path_length(graph, ("input", i), (1, j)) for i in range(7) for j in range(7)} == {1}
    assert layers.longest_chain(graph) == 1


@pytest.mark.parametrize("r", [1, 3, 5])
def test_restricted_attention_is_attention_under_a_mask_of_the_last_r(r):
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    offset = torch.arange(9)[:, None] - torch.arange(9)
    expected = F.scaled_dot_product_attention(x, x, x, (offset >= 0) & (offset < r))
    got = layers.restricted_attention(x, 0, r)
    torch.testing.assert_close(got[r - 1 :], expected[r - 1 :])


@pytest.mark.parametrize(("n", "d"), [(7, 12), (30, 8)])
def test_counts_are_those_of_torchs_own_layers(n, d):
    def counted(run):
        with FlopCounterMode(display=False) as counter:
            run()
        return counter.get_total_flops()

    x = torch.zeros(n, d)
    cells = {"recurrent": nn.RNNCell(d, d), "lstm": nn.LSTMCell(d, d)}
    for name, cell in cells.items():
        assert layers.count_flops(name, n, d, 3, 3) == counted(lambda cell=cell: [cell(row[None]) for row in x])
    convolution = nn.Conv1d(d, d, 5, padding=2)
    assert layers.count_flops("convolution", n, d, 5, 3) == counted(lambda: convolution(x.T[None]))
    # need_weights=False of 4 heads costs what one head costs: the heads share d
    attend = nn.MultiheadAttention(d, 4)
    assert layers.count_flops("projected", n, d, 3, 3) == counted(lambda: attend(x, x, x))


@pytest.mark.parametrize(("n", "k"), [(2, 3), (28, 3), (81, 3), (82, 3), (50, 7)])
def test_the_farthest_path_is_the_smallest_stack_that_reaches(n, k):
    dilated = layers.farthest_path(n, lambda count: layers.window_graph(n, k, count, dilated=True))
    assert k ** (dilated - 1) < n <= k**dilated
    contiguous = layers.farthest_path(n, lambda count: layers.window_graph(n, k, count))
    assert (contiguous - 1) * (k - 1) < n - 1 <= contiguous * (k - 1)
