"""The solutions of ch09_prior_vs_data against torch's own layers, counts and convolutions, and against simulation."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F


def built(kind, w):
    """The layers of the exercise's table, as torch builds them."""
    return {
        "mlp": lambda: nn.ModuleList([nn.Linear(40, w), nn.Linear(w, w), nn.Linear(w, 10)]),
        "cnn": lambda: nn.ModuleList(
            [nn.Conv1d(1, w, 5), nn.Conv1d(w, w, 3), nn.Conv1d(w, w, 3), nn.Linear(5 * w, 10)]
        ),
        "gru": lambda: nn.ModuleList([nn.GRU(1, w), nn.Linear(40 * w, 10)]),
        "attention": lambda: nn.ModuleList(
            [nn.Linear(5, w), nn.Embedding(8, w), *(nn.Linear(w, w) for _ in range(4)), nn.Linear(w, 10)]
        ),
    }[kind]()


@pytest.mark.parametrize("kind", ["mlp", "cnn", "gru", "attention"])
@pytest.mark.parametrize("budget", [500, 1234, 5210])
def test_no_other_width_comes_nearer_to_the_budget(solution, kind, budget):
    width, count = solution.match_parameters(kind, budget)
    counts = {w: sum(p.numel() for p in built(kind, w).parameters()) for w in (max(1, width - 1), width, width + 1)}
    assert counts[width] == count
    assert abs(count - budget) == min(abs(c - budget) for c in counts.values())


def test_patches_times_the_weights_of_a_strided_convolution_are_that_convolution(solution):
    torch.manual_seed(0)
    x, kernel = torch.randn(2, 3, 6, 9, dtype=torch.float64), torch.randn(5, 3, 3, 3, dtype=torch.float64)
    tokens = solution.patchify(x, 3) @ kernel.flatten(1).T
    torch.testing.assert_close(tokens, F.conv2d(x, kernel, stride=3).flatten(2).transpose(1, 2))


def test_the_given_block_is_torchs_encoder_layer(solution):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(6, 2, 12, dropout=0.0, batch_first=True, norm_first=True).double()
    block = solution.Block(6, 2).double()
    pairs = {
        "project.weight": "self_attn.in_proj_weight",
        "project.bias": "self_attn.in_proj_bias",
        "merge.weight": "self_attn.out_proj.weight",
        "merge.bias": "self_attn.out_proj.bias",
        "feed.0.weight": "linear1.weight",
        "feed.0.bias": "linear1.bias",
        "feed.2.weight": "linear2.weight",
        "feed.2.bias": "linear2.bias",
    } | {f"norm{i}.{part}": f"norm{i}.{part}" for i in (1, 2) for part in ("weight", "bias")}
    state = layer.state_dict()
    block.load_state_dict({mine: state[theirs] for mine, theirs in pairs.items()})
    x = torch.randn(2, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(block(x), layer(x))


@pytest.mark.parametrize("k", [2, 3])
def test_sharp_attention_with_k_squared_heads_is_torchs_convolution(solution, k):
    torch.manual_seed(0)
    x, kernel = torch.randn(1, 2, 5, 6, dtype=torch.float64), torch.randn(3, 2, k, k, dtype=torch.float64)
    shares, values = solution.conv_as_attention(kernel, 5, 6, 60.0)
    assert len(shares) == len(values) == k * k
    got = (shares @ x[0].flatten(1).T @ values).sum(dim=0)
    torch.testing.assert_close(got, F.conv2d(x, kernel)[0].flatten(1).T)


def test_a_curve_that_is_straight_in_log_n_is_read_exactly(solution):
    sizes = [100, 400, 3000]
    curve = torch.tensor([0.1 * math.log(n) for n in sizes], dtype=torch.float64)
    for n in (150, 399, 1000, 2999):
        assert solution.examples_needed(sizes, curve, 0.1 * math.log(n)) == pytest.approx(n)


def test_the_crossing_of_two_straight_curves_is_where_they_meet(solution):
    sizes = [10, 100, 1000]
    logs = torch.tensor(sizes, dtype=torch.float64).log()
    first, second = 0.2 + 0.05 * logs, 0.2 + 0.08 * (logs - math.log(50)) + 0.05 * math.log(50)
    found = solution.crossover(sizes, first[:, None], second[:, None])
    assert found.item() == pytest.approx(50)


@pytest.mark.parametrize(("p", "n"), [(0.5, 30), (0.9, 40), (0.98, 50)])
def test_an_interval_holds_the_true_accuracy_about_95_times_in_100(solution, p, n):
    right = torch.distributions.Binomial(n, torch.tensor(p)).enumerate_support()
    chances = torch.distributions.Binomial(n, torch.tensor(p)).log_prob(right).exp()
    inside = torch.tensor(
        [low <= p <= high for low, high in (solution.confidence_interval(r / n, n) for r in right.tolist())]
    )
    assert 0.92 <= float(chances[inside].sum()) <= 0.99


def test_an_interval_stays_between_0_and_1(solution):
    low, high = solution.confidence_interval(1.0, 10)
    assert high == pytest.approx(1.0)
    assert 0.7 < low < 0.75  # Wilson's lower end is n / (n + z^2) here
    assert low == pytest.approx(10 / (10 + 1.96**2))
