"""Callables that exercises take as inputs, described by a name and tensors so that a case stays plain data.

An exercise such as `numeric_gradient(f, x)` needs a function `f` on the student's machine and inside the grader's
sandbox. Code cannot be frozen into a reference file; `Probe("quadratic", A=..., b=...)` can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

_KINDS: dict[str, Callable[..., Any]] = {}


def probe_kind(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register `function(params, *inputs)` as a kind of probe under its own name."""
    _KINDS[function.__name__] = function
    return function


class Probe:
    """A callable with a name and parameters. `kind` is a function of this module; an unknown one raises KeyError."""

    def __init__(self, kind: str, **params: Any) -> None:
        if kind not in _KINDS:
            raise KeyError(f"unknown probe {kind!r}; known: {', '.join(sorted(_KINDS))}")
        self.kind = kind
        self.params: Mapping[str, Any] = params
        self.__name__ = kind
        self.__doc__ = _KINDS[kind].__doc__

    def __call__(self, *inputs: Any) -> Any:
        return _KINDS[self.kind](self.params, *inputs)

    def __repr__(self) -> str:
        return f"<{self.kind}>"


@probe_kind
def identity(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """x."""
    return x


@probe_kind
def scale(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """factor * x."""
    return p["factor"] * x


@probe_kind
def quadratic(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """x^T A x / 2 + b^T x, a scalar; x is flattened."""
    x = x.flatten()
    return x @ p["A"].to(x.dtype) @ x / 2 + p["b"].to(x.dtype) @ x


@probe_kind
def waves(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """sum_i sin(frequency_i * x_i) * exp(x_i / 3), a scalar; x is flattened."""
    x = x.flatten()
    return (torch.sin(p["frequency"].to(x.dtype) * x) * torch.exp(x / 3)).sum()


@probe_kind
def affine(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """x W + b along the last axis."""
    return x @ p["W"].to(x.dtype) + p["b"].to(x.dtype)


@probe_kind
def affine_tanh(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """tanh(x W + b) along the last axis."""
    return torch.tanh(affine(p, x))


@probe_kind
def dense(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """W applied to the last two axes of x taken as one flat vector; the shape of x is kept."""
    flat = x.flatten(-2)
    return (flat @ p["W"].to(x.dtype).T).reshape(x.shape)


@probe_kind
def ridge(p: Mapping[str, Any], inputs: torch.Tensor, targets: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """Trains a linear model: the w that minimizes |inputs w - targets|^2 + strength |w|^2; returns inputs -> inputs w.

    There is no bias, so that the inputs' mean and scale both matter.
    """
    penalty = p["strength"] * torch.eye(inputs.shape[1], dtype=inputs.dtype)
    weights = torch.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ targets)
    return lambda new: new @ weights


@probe_kind
def filtered(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """A convolution of the last two axes with `kernel`, at `stride`, with `padding` zeros on every side."""
    kernel = p["kernel"].to(x.dtype)  # (kernel_height, kernel_width)
    x = torch.nn.functional.pad(x, (p["padding"],) * 4)
    windows = x.unfold(-2, kernel.shape[0], p["stride"]).unfold(-2, kernel.shape[1], p["stride"])
    return torch.einsum("...ij,ij->...", windows, kernel)


@probe_kind
def scores(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """tanh(x W + b), with the last two axes of x taken as one flat vector."""
    return affine_tanh(p, x.flatten(-2))


@probe_kind
def recurrence(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """The states h_t = tanh(W_x x_t + W_h h_(t-1) + b) of inputs (time, feature), from h_0 = 0: (time, hidden)."""
    W_x, W_h, b = (p[name].to(x.dtype) for name in ("W_x", "W_h", "b"))
    h, states = torch.zeros_like(b), []
    for x_t in x.unbind(0):
        h = torch.tanh(W_x @ x_t + W_h @ h + b)
        states.append(h)
    return torch.stack(states)


@probe_kind
def convolved(p: Mapping[str, Any], x: torch.Tensor) -> torch.Tensor:
    """x (batch, in_channel, width) convolved with kernel (out_channel, in_channel, k), at `stride`, zero-padded."""
    kernel = p["kernel"].to(x.dtype)
    x = torch.nn.functional.pad(x, (p["padding"],) * 2)
    windows = x.unfold(-1, kernel.shape[-1], p["stride"])  # (batch, in_channel, out_width, k)
    return torch.einsum("nciw,ocw->noi", windows, kernel)


@probe_kind
def next_words(p: Mapping[str, Any], written: torch.Tensor) -> torch.Tensor:
    """Log probabilities of the next word, (row, vocabulary), from the words (row, position) that were written so far.

    Every word has its say, the last one most: its row of `history` counts once, the one before half, and so on.
    `rows`, (row, vocabulary), where given, is added row by row.
    """
    history = p["history"]
    fading = 0.5 ** torch.arange(written.shape[1] - 1, -1, -1, dtype=history.dtype)  # (position,)
    scores = (history[written] * fading[:, None]).sum(1)  # (row, position, vocabulary) -> (row, vocabulary)
    return torch.log_softmax(scores + p["rows"] if "rows" in p else scores, dim=-1)


@probe_kind
def moved_ridge(
    p: Mapping[str, Any], x: torch.Tensor, y: torch.Tensor, seed: int
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Trains a linear classifier on cos(x W + seed * phase), by ridge regression on its classes; returns x -> scores.

    The seed moves the features, as another start moves a net, and no random number is drawn. It computes in float64,
    so that no rounding decides between two classes.
    """

    def features(inputs: torch.Tensor) -> torch.Tensor:
        return torch.cos(inputs.double() @ p["W"].double() + seed * p["phase"].double())

    seen = features(x)
    targets = 2.0 * torch.nn.functional.one_hot(y, p["classes"]).double() - 1
    penalty = p["strength"] * torch.eye(seen.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(seen.T @ seen + penalty, seen.T @ targets)
    return lambda inputs: features(inputs) @ weights
