"""The solutions of ch06_attention against torch's own operators."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

TINY = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize("masked", [False, True], ids=["no mask", "mask"])
def test_attention_is_torchs(solution, normal, masked):
    q, k, v = normal(2, 3, 5, 4), normal(2, 3, 7, 4), normal(2, 3, 7, 6)
    mask = torch.rand(2, 1, 5, 7, generator=torch.Generator().manual_seed(1)) < 0.6 if masked else None
    expected = F.scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(solution.scaled_dot_product_attention(q, k, v, mask)[0], expected, **TINY)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_causal_mask_is_what_torch_calls_causal(solution, normal, n):
    q, k, v = normal(n, 4), normal(n, 4), normal(n, 3)
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(solution.scaled_dot_product_attention(q, k, v, solution.causal_mask(n))[0], expected)


def twins(solution, d_model, heads):
    """The chapter's module and torch's, with the same weights, in float64."""
    ours = solution.MultiHeadAttention(d_model, heads).double()
    theirs = nn.MultiheadAttention(d_model, heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for part in ("weight", "bias"):
            rows = [getattr(map_, part) for map_ in (ours.query, ours.key, ours.value)]
            getattr(theirs, f"in_proj_{part}").copy_(torch.cat(rows))
            getattr(theirs.out_proj, part).copy_(getattr(ours.out, part))
    return ours, theirs


SHAPES = [(12, 3, 5), (8, 1, 4), (10, 5, 1), (64, 8, 33)]


@pytest.mark.parametrize(("d_model", "heads", "n"), SHAPES)
def test_multi_head_attention_is_torchs_to_round_off(solution, normal, d_model, heads, n):
    ours, theirs = twins(solution, d_model, heads)
    x = normal(3, n, d_model)
    got, shares = ours(x)
    expected, expected_shares = theirs(x, x, x, average_attn_weights=False)
    assert (got - expected).abs().max() < 1e-14
    assert (shares - expected_shares).abs().max() < 1e-14


def test_multi_head_attention_with_source_and_masks_is_torchs(solution, normal):
    ours, theirs = twins(solution, 12, 3)
    x, source, lengths = normal(4, 5, 12), normal(4, 7, 12), torch.tensor([7, 1, 4, 6])
    got, shares = ours(x, source, solution.padding_mask(lengths, 7))
    filling = torch.arange(7) >= lengths[:, None]
    expected, expected_shares = theirs(x, source, source, key_padding_mask=filling, average_attn_weights=False)
    assert (got - expected).abs().max() < 1e-14
    assert (shares - expected_shares).abs().max() < 1e-14


def test_gradients_of_multi_head_attention_are_torchs(solution, normal):
    ours, theirs = twins(solution, 12, 3)
    x, weights, mask = normal(2, 6, 12), normal(2, 6, 12), solution.causal_mask(6)
    (ours(x, mask=mask)[0] * weights).sum().backward()
    (theirs(x, x, x, attn_mask=~mask)[0] * weights).sum().backward()
    rows = torch.cat([map_.weight.grad for map_ in (ours.query, ours.key, ours.value)])
    torch.testing.assert_close(rows, theirs.in_proj_weight.grad, **TINY)
    torch.testing.assert_close(ours.out.weight.grad, theirs.out_proj.weight.grad, **TINY)


@pytest.mark.parametrize(("n", "d", "heads"), [(5, 12, 3), (1, 4, 4), (7, 6, 1)])
def test_merging_undoes_splitting(solution, normal, n, d, heads):
    x = normal(3, n, d)
    assert torch.equal(solution.merge_heads(solution.split_heads(x, heads)), x)


def test_three_steps_on_turn_every_clock_by_the_same_angle(solution):
    """A linear map gives row p + 3 from row p, for every p."""
    waves = solution.sinusoidal_positions(40, 8).double()
    turn = torch.linalg.lstsq(waves[:20], waves[3:23]).solution
    torch.testing.assert_close(waves[20:37] @ turn, waves[23:40], rtol=0, atol=1e-4)


def test_attention_without_positions_has_no_permutation_error(solution, normal):
    attend = solution.MultiHeadAttention(12, 3).double()
    perm, x = torch.tensor([3, 0, 4, 1, 2]), normal(5, 12)
    assert solution.permutation_error(lambda x: attend(x[None])[0][0], perm, x) < 1e-14
    moved = lambda x: attend(x[None] + solution.sinusoidal_positions(5, 12))[0][0]  # noqa: E731
    assert solution.permutation_error(moved, perm, x) > 1e-3


def counted(run, *inputs):
    with FlopCounterMode(display=False) as counter:
        run(*inputs)
    return counter.get_total_flops()


@pytest.mark.parametrize(("n", "d"), [(6, 10), (33, 8)])
def test_flops_are_those_that_torch_counts(solution, n, d):
    x = torch.zeros(n, d)
    attend = solution.scaled_dot_product_attention
    assert solution.flops("attention", n, d) == counted(lambda: attend(x, x, x))
    whole = solution.MultiHeadAttention(d, 2)
    assert solution.flops("attention", n, d, projections=True) == counted(lambda: whole(x[None]))
    few = torch.zeros(n, 4, d)
    assert solution.flops("restricted", n, d, r=4) == counted(lambda: attend(x[:, None], few, few))
    cell = nn.RNNCell(d, d)
    assert solution.flops("recurrent", n, d) == counted(lambda: [cell(row[None]) for row in x])
    convolve = nn.Conv1d(d, d, 5, padding=2)
    assert solution.flops("convolution", n, d, k=5) == counted(lambda: convolve(x.T[None]))
