"""The Transformer of "Attention Is All You Need", with its training: label smoothing and the warm-up schedule.

It is written as in the chapter's notebook. Dropout is left out: sentences are made anew for every step.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import readers

PAD, BEGIN, STOP = 0, 1, 2
"""The numbers of the filling, of the mark in front of a translation, and of the mark at its end."""


class MultiHeadAttention(nn.Module):
    """Attention in several heads, from x to source; with the shares of every head when asked for."""

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(d_model, d_model) for _ in range(4))

    def forward(self, x: Tensor, source: Tensor, mask: Tensor, told: list[Tensor] | None = None) -> Tensor:
        """x (batch, query, d_model), source (batch, key, d_model), mask (batch, 1, query, key), True: may look."""
        q, k, v = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (batch, head, position, d_head)
            for part in (self.query(x), self.key(source), self.value(source))
        )
        if told is None:
            y = F.scaled_dot_product_attention(q, k, v, mask)
        else:
            scores = q @ k.mT / math.sqrt(q.shape[-1])
            told.append(scores.masked_fill(~mask, -torch.inf).softmax(-1))
            y = told[-1] @ v
        return self.out(y.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward net, each added to its input, with a normalization before or after."""

    def __init__(self, d_model: int, heads: int, d_ff: int, norm_first: bool) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attend = MultiHeadAttention(d_model, heads)
        self.wide, self.narrow = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norms = nn.ModuleList([nn.LayerNorm(d_model) for _ in range(2)])

    def forward(self, x: Tensor, mask: Tensor, told: list[Tensor] | None = None) -> Tensor:
        x = self.add(x, 0, lambda h: self.attend(h, h, mask, told))
        return self.add(x, 1, self.feed)

    def feed(self, x: Tensor) -> Tensor:
        """The feed-forward net, the same at every position."""
        return self.narrow(torch.relu(self.wide(x)))

    def add(self, x: Tensor, place: int, branch) -> Tensor:
        """x plus the branch, with the normalization number `place`."""
        norm = self.norms[place]
        return x + branch(norm(x)) if self.norm_first else norm(x + branch(x))


class DecoderLayer(EncoderLayer):
    """As an encoder layer, and between its two parts attention to what the encoder made."""

    def __init__(self, d_model: int, heads: int, d_ff: int, norm_first: bool) -> None:
        super().__init__(d_model, heads, d_ff, norm_first)
        self.look = MultiHeadAttention(d_model, heads)
        self.norms.append(nn.LayerNorm(d_model))

    def forward(
        self,
        y: Tensor,
        memory: Tensor,
        mask: Tensor,
        memory_mask: Tensor,
        told: list[Tensor] | None = None,
        looked: list[Tensor] | None = None,
    ) -> Tensor:
        y = self.add(y, 0, lambda h: self.attend(h, h, mask, told))
        y = self.add(y, 1, lambda h: self.look(h, memory, memory_mask, looked))
        return self.add(y, 2, self.feed)


class Transformer(nn.Module):
    """Scores of the next word at every place of a translation. One table of words serves source, target and scores."""

    def __init__(
        self, vocabulary: int, d_model: int = 64, heads: int = 4, d_ff: int = 256, layers: int = 2, norm_first=False
    ) -> None:
        super().__init__()
        sizes = (d_model, heads, d_ff, norm_first)
        self.words = nn.Embedding(vocabulary, d_model)
        nn.init.normal_(self.words.weight, std=d_model**-0.5)
        self.encoder = nn.ModuleList([EncoderLayer(*sizes) for _ in range(layers)])
        self.decoder = nn.ModuleList([DecoderLayer(*sizes) for _ in range(layers)])
        self.last = nn.ModuleList([nn.LayerNorm(d_model) if norm_first else nn.Identity() for _ in range(2)])
        for matrix in (p for layer in (*self.encoder, *self.decoder) for p in layer.parameters() if p.dim() == 2):
            nn.init.xavier_uniform_(matrix)

    def embed(self, tokens: Tensor) -> Tensor:
        """(batch, position, d_model): words times sqrt(d_model), plus positions."""
        x = self.words(tokens) * math.sqrt(self.words.embedding_dim)
        return x + readers.waves(tokens.shape[1], x.shape[2]).to(x.dtype)

    def encode(self, source: Tensor, told: list[Tensor] | None = None) -> Tensor:
        """What the decoder may look at, (batch, key, d_model)."""
        x, mask = self.embed(source), seen(source)
        for layer in self.encoder:
            x = layer(x, mask, told)
        return self.last[0](x)

    def decode(
        self,
        target: Tensor,
        memory: Tensor,
        source: Tensor,
        told: list[Tensor] | None = None,
        looked: list[Tensor] | None = None,
    ) -> Tensor:
        """Scores (batch, query, vocabulary) of the word after each word of target."""
        y, ahead = self.embed(target), torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()
        for layer in self.decoder:
            y = layer(y, memory, seen(target) & ahead, seen(source), told, looked)
        return self.last[1](y) @ self.words.weight.T

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        return self.decode(target, self.encode(source), source)


def seen(tokens: Tensor) -> Tensor:
    """Which keys are words, (batch, head = 1, query = 1, key)."""
    return (tokens != PAD)[:, None, None]


def shifted(target: Tensor) -> Tensor:
    """What the decoder reads when it should say `target`: the mark of the beginning, then all but the last."""
    return torch.cat([torch.full_like(target[:, :1], BEGIN), target[:, :-1]], 1)


def noam_rate(step: int, d_model: int, warmup: int) -> float:
    """The paper's rate of learning at step 1, 2, …"""
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def loss(scores: Tensor, target: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy with label smoothing, mean over the words."""
    return F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=PAD, label_smoothing=smoothing)


@torch.no_grad()
def greedy(model: Transformer, source: Tensor, longest: int) -> Tensor:
    """Translations (batch, longest) word by word, always the best word; filling behind the mark of the end."""
    memory = model.encode(source)
    said = torch.full((len(source), 1), BEGIN)
    ended = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(longest):
        best = model.decode(said, memory, source)[:, -1].argmax(-1).masked_fill(ended, PAD)
        said = torch.cat([said, best[:, None]], 1)
        ended |= best == STOP
        if bool(ended.all()):
            break
    return F.pad(said[:, 1:], (0, longest + 1 - said.shape[1]), value=PAD)


def exact(model: Transformer, source: Tensor, target: Tensor) -> float:
    """The share of sentences translated without a mistake."""
    said = greedy(model.eval(), source, target.shape[1])
    return float((said == target).all(1).double().mean())
