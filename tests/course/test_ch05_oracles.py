"""The solutions of ch05_recurrence against torch's own layers and autograd."""

import networkx
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.checking.probes import Probe

TINY = {"rtol": 0, "atol": 1e-12}


@pytest.fixture
def layer(normal):
    """torch's own recurrent layer of 3 features and 5 hidden numbers; its second bias is zero."""
    rnn = nn.RNN(3, 5, batch_first=True).double()
    nn.init.zeros_(rnn.bias_hh_l0)
    return rnn


def weights(layer):
    return layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0


def test_rnn_step_is_that_of_torch(solution, normal, layer):
    cell = nn.RNNCell(3, 5).double()
    cell.load_state_dict({name.removesuffix("_l0"): tensor for name, tensor in layer.state_dict().items()})
    x, h = normal(4, 3), normal(4, 5)
    torch.testing.assert_close(solution.rnn_step(x, h, *weights(layer)), cell(x, h), **TINY)


def test_rnn_forward_is_the_layer_of_torch(solution, normal, layer):
    x, h0 = normal(2, 6, 3), normal(2, 5)
    expected, _ = layer(x, h0[None])
    torch.testing.assert_close(solution.rnn_forward(x, h0, *weights(layer)), expected, **TINY)


def test_bptt_gives_the_gradients_of_autograd(solution, normal, layer):
    x, h0, grad = normal(2, 6, 3), normal(2, 5).requires_grad_(), normal(2, 6, 5)
    h, _ = layer(x, h0[None])
    expected = torch.autograd.grad(h, (*weights(layer), h0), grad)
    found = solution.bptt(grad, x, h0.detach(), h.detach(), layer.weight_hh_l0.detach())
    for mine, autograds in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, autograds, **TINY)


def test_gradient_norm_by_lag_is_that_of_finite_differences(solution, normal):
    f = Probe("recurrence", W_x=normal(4, 2), W_h=0.5 * normal(4, 4), b=normal(4))
    x, step = normal(5, 2), 1e-6
    expected = torch.zeros(5, dtype=torch.float64)
    for t in range(5):
        for j in range(2):
            nudge = torch.zeros_like(x)
            nudge[t, j] = step
            expected[4 - t] += ((f(x + nudge)[-1] - f(x - nudge)[-1]) / (2 * step)).square().sum()
    torch.testing.assert_close(solution.gradient_norm_by_lag(f, x), expected.sqrt(), rtol=1e-6, atol=1e-9)


def test_the_recurrence_that_cases_are_made_of_is_the_layer_of_torch(normal, layer):
    probe = Probe("recurrence", **dict(zip(("W_x", "W_h", "b"), weights(layer), strict=True)))
    x = normal(6, 3)
    torch.testing.assert_close(probe(x), layer(x)[0], **TINY)


def test_gru_step_is_that_of_torch(solution, normal):
    cell = nn.GRUCell(3, 5).double()
    x, h = normal(4, 3), normal(4, 5)
    torch.testing.assert_close(solution.gru_step(x, h, *cell.parameters()), cell(x, h), **TINY)


@pytest.mark.parametrize("dilation", [1, 2, 5])
def test_no_output_of_a_causal_convolution_depends_on_a_later_input(solution, normal, dilation):
    w, b = normal(1, 1, 3), normal(1)
    depends = torch.autograd.functional.jacobian(
        lambda x: solution.causal_conv1d(x[None, None], w, b, dilation)[0, 0], normal(12)
    )
    assert torch.equal(depends, depends.tril())
    assert (depends.diagonal() == w[0, 0, 2]).all()


@pytest.mark.parametrize("dilation", [1, 3])
def test_the_last_outputs_of_a_causal_convolution_are_those_of_torchs_without_padding(solution, normal, dilation):
    x, w, b = normal(2, 3, 12), normal(4, 3, 3), normal(4)
    expected = F.conv1d(x, w, b, dilation=dilation)
    found = solution.causal_conv1d(x, w, b, dilation)[:, :, -expected.shape[2] :]
    torch.testing.assert_close(found, expected, **TINY)


def graph(solution, kind, n, k, layers):
    """The table of a stack of layers, and its graph with an arrow from each value to those that read it."""
    dilations = [k**i if kind == "dilated" else 1 for i in range(layers)]
    reads = {}
    for layer, dilation in enumerate(dilations, 1):
        for t in range(1, n + 1):
            back = [dilation * j for j in range(k)] if kind in ("convolution", "dilated") else [0]
            back = range(t) if kind == "attention" else back
            reads[f"{layer}.{t}"] = [f"{layer - 1}.{t - b}" for b in back if t - b >= 1]
            if kind == "recurrence" and t > 1:
                reads[f"{layer}.{t}"].append(f"{layer}.{t - 1}")
    return reads, networkx.DiGraph([(source, value) for value, sources in reads.items() for source in sources])


@pytest.mark.parametrize("kind", ["recurrence", "convolution", "attention"])
@pytest.mark.parametrize(("n", "layers"), [(1, 1), (7, 1), (12, 3)])
def test_sequential_operations_is_the_longest_way_through_the_graph(solution, kind, n, layers):
    reads, arrows = graph(solution, kind, n, 3, layers)
    assert solution.sequential_operations(reads) == networkx.dag_longest_path_length(arrows)


@pytest.mark.parametrize("kind", ["recurrence", "convolution", "dilated", "attention"])
@pytest.mark.parametrize(("n", "k"), [(1, 3), (2, 3), (9, 3), (10, 3), (16, 4), (17, 2), (26, 5)])
def test_path_length_is_the_shortest_way_through_the_graph(solution, kind, n, k):
    found = solution.path_length(kind, n, k)
    layers = 1 if kind in ("recurrence", "attention") else found
    _, arrows = graph(solution, kind, n, k, layers)
    assert networkx.shortest_path_length(arrows, "0.1", f"{layers}.{n}") == found


@pytest.mark.parametrize("kind", ["convolution", "dilated"])
@pytest.mark.parametrize(("n", "k"), [(9, 3), (10, 3), (17, 2), (26, 5)])
def test_with_one_layer_less_there_is_no_way(solution, kind, n, k):
    layers = solution.path_length(kind, n, k) - 1
    _, arrows = graph(solution, kind, n, k, layers)
    assert not networkx.has_path(arrows, "0.1", f"{layers}.{n}")


def test_the_tables_of_the_notebook_are_those_of_the_graph(solution):
    for kind in ("recurrence", "convolution", "attention"):
        expected, _ = graph(solution, kind, 6, 3, 1)
        found = solution.layer_reads(kind, 6, 3)
        assert {value: sorted(sources) for value, sources in found.items()} == {
            value: sorted(sources) for value, sources in expected.items()
        }
