"""Layers that read a sequence in order, and the task of recalling its first symbol.

Every layer maps (batch, time, d_model) to (batch, time, d_model), and no output depends on a later input.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RNN, GRU, CONVOLUTION, ATTENTION = "rnn", "gru", "convolution", "attention"
KINDS = (RNN, GRU, CONVOLUTION, ATTENTION)
KERNEL = 3


class Recurrent(nn.Module):
    """The states of torch's own recurrent layer, `nn.RNN` or `nn.GRU`, with its own initial weights."""

    def __init__(self, layer: Callable[..., nn.Module], d_model: int) -> None:
        super().__init__()
        self.layer = layer(d_model, d_model, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0]


class CausalConvolutions(nn.Module):
    """Convolutions with a kernel of 3 and dilation 1, 3, 9, …, each padded in front only; ReLU between them."""

    def __init__(self, d_model: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(d_model, d_model, KERNEL, dilation=KERNEL**i) for i in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        x = x.mT  # (batch, time, d_model) -> (batch, d_model, time)
        for depth, layer in enumerate(self.layers):
            x = F.relu(x) if depth else x
            x = layer(F.pad(x, ((KERNEL - 1) * layer.dilation[0], 0)))
        return x.mT  # (batch, time, d_model)


class SelfAttention(nn.Module):
    """Causal self-attention with one head, torch's own fused operator between its four projections."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.read = nn.Linear(d_model, 3 * d_model)
        self.write = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.read(x)[:, None].chunk(3, dim=-1)  # (batch, head, time, d_head) each
        return self.write(F.scaled_dot_product_attention(query, key, value, is_causal=True)[:, 0])


def layer(kind: str, d_model: int, conv_layers: int = 1) -> nn.Module:
    """A layer of `kind`; a convolution is a stack of `conv_layers`."""
    if kind == CONVOLUTION:
        return CausalConvolutions(d_model, conv_layers)
    return SelfAttention(d_model) if kind == ATTENTION else Recurrent(nn.RNN if kind == RNN else nn.GRU, d_model)


def layers_to_reach(time: int) -> int:
    """How many dilated convolutions it takes until the last output sees all of `time` inputs."""
    layers = 1
    while KERNEL**layers < time:
        layers += 1
    return layers


class Recall(nn.Module):
    """Scores of the symbols, (batch, symbol), read off the last output of one layer.

    Symbols become vectors. Attention, which has no order of its own, gets a learned vector for every place as well.
    """

    def __init__(self, kind: str, d_model: int, time: int, vocabulary: int, symbols: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, d_model)
        self.place = nn.Parameter(torch.randn(time, d_model)) if kind == ATTENTION else None
        self.layer = layer(kind, d_model, layers_to_reach(time))
        self.answer = nn.Linear(d_model, symbols)

    def forward(self, x: Tensor) -> Tensor:
        embedded = self.embed(x)  # (batch, time) -> (batch, time, d_model)
        return self.answer(self.layer(embedded if self.place is None else embedded + self.place)[:, -1])


def update_gates(gru: nn.GRU, x: Tensor) -> Tensor:
    """How much of each number of its state `gru` keeps at every step of x (batch, time, feature), from 0 to 1.

    Returns (batch, time, hidden); the state begins with zeros.
    """
    h, gates = x.new_zeros(len(x), gru.hidden_size), []
    for x_t, h_next in zip(x.unbind(1), gru(x)[0].unbind(1), strict=True):
        of_x = F.linear(x_t, gru.weight_ih_l0, gru.bias_ih_l0).chunk(3, dim=1)
        of_h = F.linear(h, gru.weight_hh_l0, gru.bias_hh_l0).chunk(3, dim=1)
        gates.append(torch.sigmoid(of_x[1] + of_h[1]))  # (batch, hidden)
        h = h_next
    return torch.stack(gates, dim=1)


def recall_batch(
    batch: int, gap: int, symbols: int, distractors: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Sequences (batch, gap + 2), and the symbol that each began with, (batch,).

    A sequence is one of `symbols` symbols, then `gap` random ones of `distractors` others, then a question mark.
    """
    target = torch.randint(symbols, (batch,), generator=generator)
    between = torch.randint(symbols, symbols + distractors, (batch, gap), generator=generator)
    question = torch.full((batch, 1), symbols + distractors)
    return torch.cat([target[:, None], between, question], dim=1), target
