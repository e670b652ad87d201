"""Correct versions of the exercises on attention, written in other ways than the solution. All must pass."""

import math

import solution
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring.cases import variant


@variant("scaled_dot_product_attention")
def by_einsum(q, k, v, mask=None):
    scores = torch.einsum("...id,...jd->...ij", q / q.shape[-1] ** 0.5, k)
    if mask is not None:
        scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
    weights = F.softmax(scores, -1)
    return torch.einsum("...ij,...jv->...iv", weights, v), weights


@variant("scaled_dot_product_attention")
def by_exp(q, k, v, mask=None):
    scores = torch.matmul(q, k.mT).div(math.sqrt(k.size(-1)))
    if mask is not None:
        scores = scores + torch.zeros_like(scores).masked_fill(mask.logical_not(), float("-inf"))
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    weights = powers / powers.sum(-1, keepdim=True)
    return weights.matmul(v), weights


@variant("causal_mask")
def by_comparison(n):
    return torch.arange(n)[:, None] >= torch.arange(n)


@variant("causal_mask")
def by_not_upper(n):
    return ~torch.triu(torch.ones(n, n), diagonal=1).bool()


@variant("causal_mask")
def by_loops(n):
    return torch.tensor([[key <= query for key in range(n)] for query in range(n)])


@variant("padding_mask")
def one_by_one(lengths, n):
    rows = [[True] * length + [False] * (n - length) for length in lengths.tolist()]
    return torch.tensor(rows)[:, None]


@variant("padding_mask")
def from_the_causal_mask(lengths, n):
    return solution.causal_mask(n)[lengths - 1].unsqueeze(1)


@variant("split_heads")
def by_chunks(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


@variant("split_heads")
def by_unflatten(x, heads):
    return x.unflatten(2, (heads, -1)).permute(0, 2, 1, 3).contiguous()


@variant("merge_heads")
def by_cat(x):
    return torch.cat(list(x.unbind(1)), dim=-1)


@variant("merge_heads")
def by_reshape(x):
    batch, heads, n, d_head = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(batch, n, heads * d_head)


@variant("MultiHeadAttention")
class HeadByHead(nn.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        self.out, self.value, self.key, self.query = (nn.Linear(d_model, d_model) for _ in range(4))
        self.d_head = d_model // heads

    def forward(self, x, source=None, mask=None):
        source = x if source is None else source
        found = []
        maps = ((self.query, x), (self.key, source), (self.value, source))
        for q, k, v in zip(*(f(s).split(self.d_head, dim=-1) for f, s in maps), strict=True):
            found.append(solution.scaled_dot_product_attention(q, k, v, mask))
        return self.out(torch.cat([y for y, _ in found], -1)), torch.stack([w for _, w in found], 1)


@variant("MultiHeadAttention")
class ByEinsum(nn.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        for name in ("query", "key", "value", "out"):
            setattr(self, name, nn.Linear(d_model, d_model))
        self.heads = heads

    def forward(self, x, source=None, mask=None):
        source = source if source is not None else x
        batch, n, d = x.shape
        q = self.query(x).view(batch, n, self.heads, -1)
        k = self.key(source).view(batch, source.shape[1], self.heads, -1)
        v = self.value(source).view(batch, source.shape[1], self.heads, -1)
        scores = torch.einsum("bihd,bjhd->bhij", q, k) * (d / self.heads) ** -0.5
        if mask is not None:
            mask = mask[None] if mask.dim() == 2 else mask
            scores = scores.masked_fill(mask[:, None] == 0, -1e9)
        weights = torch.softmax(scores, dim=3)
        return self.out(torch.einsum("bhij,bjhd->bihd", weights, v).reshape(batch, n, d)), weights


@variant("sinusoidal_positions")
def by_columns(n, d):
    p = torch.zeros(n, d)
    angles = torch.arange(n).unsqueeze(1) * torch.exp(-math.log(10000.0) * torch.arange(0, d, 2) / d)
    p[:, 0::2] = torch.sin(angles)
    p[:, 1::2] = torch.cos(angles)
    return p


@variant("sinusoidal_positions")
def number_by_number(n, d):
    wave = lambda p, j: (math.sin, math.cos)[j % 2](p / 10000 ** ((j - j % 2) / d))  # noqa: E731
    return torch.tensor([[wave(p, j) for j in range(d)] for p in range(n)])


@variant("permutation_error")
def by_matrix(f, perm, x):
    shuffle = torch.eye(len(perm), dtype=x.dtype)[perm]
    return (f(shuffle @ x) - shuffle @ f(x)).abs().max().item()


@variant("permutation_error")
def by_index_select(f, perm, x):
    difference = f(x.index_select(0, perm)) - f(x).index_select(0, perm)
    return float(torch.linalg.vector_norm(difference, ord=torch.inf))


@variant("flops")
def by_products(kind, n, d, k=3, r=8, projections=False):
    product = lambda a, b, c: 2 * a * b * c  # noqa: E731
    if kind == "recurrent":
        return n * (product(1, d, d) + product(1, d, d))
    if kind == "convolution":
        return product(n, k * d, d)
    keys = {"attention": n, "restricted": r}[kind]
    maps = 4 * product(n, d, d) if projections else 0
    return n * (product(1, d, keys) + product(1, keys, d)) + maps


@variant("flops")
def by_table(kind, n, d, k=3, r=8, projections=False):
    table = {"attention": 4 * n**2 * d, "restricted": 4 * r * n * d, "recurrent": 4 * n * d**2}
    table["convolution"] = 2 * k * n * d**2
    return table[kind] + int(projections and kind in ("attention", "restricted")) * 8 * n * d**2
