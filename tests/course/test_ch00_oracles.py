"""The solutions of ch00_tensors against torch's own operators and autograd."""

import pytest
import torch
import torch.nn.functional as F

TINY = {"rtol": 0, "atol": 1e-12}


def test_outer_is_torchs(solution, normal):
    a, b = normal(4), normal(7)
    torch.testing.assert_close(solution.outer(a, b), torch.outer(a, b), **TINY)


def test_row_normalize_is_torchs_normalization_by_the_sum(solution, normal):
    X = normal(3, 5).abs()
    torch.testing.assert_close(solution.row_normalize(X), F.normalize(X, p=1, dim=1), **TINY)


def test_batched_matmul_is_torchs(solution, normal):
    A, B = normal(2, 3, 4), normal(2, 4, 5)
    torch.testing.assert_close(solution.batched_matmul(A, B), torch.bmm(A, B), **TINY)


def test_one_hot_is_torchs(solution):
    y = torch.tensor([3, 0, 2, 3])
    torch.testing.assert_close(solution.one_hot(y, 6), F.one_hot(y, 6).float())


def test_masked_mean_is_torchs_mean_without_nan(solution, normal):
    x, mask = normal(3, 5, 2), torch.tensor([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0]]).bool()
    left_out = x.masked_fill(~mask[:, :, None], torch.nan)
    torch.testing.assert_close(solution.masked_mean(left_out, mask), left_out.nanmean(dim=1), **TINY)


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_stable_logsumexp_is_torchs(solution, normal, dim):
    x = 500 * normal(3, 4, 5)
    torch.testing.assert_close(solution.stable_logsumexp(x, dim), torch.logsumexp(x, dim), **TINY)


def test_relative_error_is_that_of_torchs_norms(solution, normal):
    x, y = normal(3, 4), normal(3, 4)
    lengths = [torch.linalg.vector_norm(t) for t in (x - y, x, y)]
    torch.testing.assert_close(solution.relative_error(x, y), lengths[0] / max(lengths[1:]), **TINY)


def test_numeric_gradient_is_autograds(solution, normal):
    x = normal(2, 3).requires_grad_()

    def f(x):
        return (x.sin() * x.exp()).sum() ** 2

    (exact,) = torch.autograd.grad(f(x), x)
    torch.testing.assert_close(solution.numeric_gradient(f, x), exact, rtol=1e-6, atol=1e-6)
