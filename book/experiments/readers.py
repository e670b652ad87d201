"""Nets that read a sentence of numbered words: fully connected, convolutional, and self-attention with or without
positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def waves(n: int, d: int) -> Tensor:
    """Sinusoidal positions (n, d): sin and cos of p / 10000^(2i / d) in columns 2i and 2i + 1."""
    angles = torch.arange(n)[:, None] * 10000.0 ** (-torch.arange(0, d, 2) / d)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


class FullyConnected(nn.Module):
    """A hidden layer with a weight for every word at every place; word 0 is filling and counts as nothing."""

    def __init__(self, words: int, places: int, hidden: int, answers: int) -> None:
        super().__init__()
        self.words = words
        self.net = nn.Sequential(nn.Linear(words * places, hidden), nn.ReLU(), nn.Linear(hidden, answers))

    def forward(self, tokens: Tensor) -> Tensor:
        seen = F.one_hot(tokens, self.words).float() * (tokens > 0)[..., None]  # (batch, position, word)
        return self.net(seen.flatten(1))


class Convolutional(nn.Module):
    """Two convolutions over neighbouring words, then the maximum over all places."""

    def __init__(self, words: int, channels: int, answers: int, kernel: int = 3) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, channels, padding_idx=0)
        self.layers = nn.ModuleList([nn.Conv1d(channels, channels, kernel, padding=kernel // 2) for _ in range(2)])
        self.answer = nn.Linear(channels, answers)

    def said(self, tokens: Tensor) -> Tensor:
        """What every position says in the last layer: (batch, position, channel)."""
        x = self.embed(tokens).transpose(1, 2)  # (batch, channel, position)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x.transpose(1, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.answer(self.said(tokens).amax(1))


class Attention(nn.Module):
    """Two layers of self-attention, then the mean over all words. No filling is ever looked at."""

    def __init__(self, words: int, d_model: int, heads: int, answers: int, positions: bool) -> None:
        super().__init__()
        self.positions = positions
        self.embed = nn.Embedding(words, d_model)
        self.layers = nn.ModuleList([nn.MultiheadAttention(d_model, heads, batch_first=True) for _ in range(2)])
        self.answer = nn.Linear(d_model, answers)

    def said(self, tokens: Tensor) -> Tensor:
        """What every position says in the last layer: (batch, position, d_model)."""
        x, filling = self.embed(tokens), tokens == 0
        if self.positions:
            x = x + waves(tokens.shape[1], x.shape[2]).to(x.dtype)
        for layer in self.layers:
            x = torch.relu(x + layer(x, x, x, key_padding_mask=filling, need_weights=False)[0])
        return x

    def forward(self, tokens: Tensor) -> Tensor:
        words = (tokens > 0)[..., None].to(self.answer.weight.dtype)  # (batch, position, 1)
        return self.answer((self.said(tokens) * words).sum(1) / words.sum(1))
