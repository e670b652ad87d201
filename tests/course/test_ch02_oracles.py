"""The solutions of chapter 2 against torch.optim, torch.nn and finite differences, over many steps."""

from __future__ import annotations

import functools

import pytest
import torch

from autograder.authoring.chapter import load_chapter

START = torch.tensor([1.5, -0.7, 0.3], dtype=torch.float64)
CURVATURE = torch.tensor([[3.0, 0.4, 0.0], [0.4, 1.0, -0.2], [0.0, -0.2, 0.1]], dtype=torch.float64)


@functools.cache
def solution():
    return load_chapter("ch02_training").solution


def torchs_path(make, steps):
    weight = torch.nn.Parameter(START.clone())
    optimizer = make([weight])
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (weight @ CURVATURE @ weight / 2).backward()
        optimizer.step()
        path.append(weight.detach().clone())
    return torch.stack(path)


@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.8, 0.05)])
def test_thirty_steps_of_momentum_are_torchs(momentum, decay):
    make = functools.partial(torch.optim.SGD, lr=0.1, momentum=momentum, weight_decay=decay)
    weight, velocity, path = START, torch.zeros(3, dtype=torch.float64), []
    for _ in range(30):
        weight, velocity = solution().sgd_momentum(weight, CURVATURE @ weight, velocity, 0.1, momentum, decay)
        path.append(weight)
    torch.testing.assert_close(torch.stack(path), torchs_path(make, 30), rtol=1e-12, atol=1e-12)


def test_thirty_steps_of_adam_are_torchs():
    make = functools.partial(torch.optim.Adam, lr=0.1, betas=(0.8, 0.95))
    zero = torch.zeros(3, dtype=torch.float64)
    weight, state, path = START, (zero, zero, 0), []
    for _ in range(30):
        weight, state = solution().adam(weight, CURVATURE @ weight, state, 0.1, (0.8, 0.95))
        path.append(weight)
    torch.testing.assert_close(torch.stack(path), torchs_path(make, 30), rtol=1e-10, atol=1e-12)


def test_the_penalty_gradient_is_that_of_the_penalty():
    W = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    zero = [(torch.zeros_like(W), torch.zeros(2, dtype=torch.float64))]
    (got, bias), *_ = solution().l2_gradient(zero, [(W, torch.ones(2, dtype=torch.float64))], 0.7)
    step = 1e-6
    for i in range(W.numel()):
        up, down = W.clone(), W.clone()
        up.view(-1)[i] += step
        down.view(-1)[i] -= step
        slope = 0.7 * float((up**2).sum() - (down**2).sum()) / (2 * step)
        assert abs(float(got.flatten()[i]) - slope) < 1e-6
    assert not bias.any()


def test_clipping_is_torchs():
    generator = torch.Generator().manual_seed(1)
    grads = [torch.randn(3, 2, generator=generator), torch.randn(4, generator=generator)]
    for ceiling in (0.5, 50.0):
        parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in grads]
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter.grad = grad.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, ceiling)
        clipped, got = solution().clip_grad_norm(grads, ceiling)
        torch.testing.assert_close(got, norm)
        torch.testing.assert_close(clipped, [p.grad for p in parameters], rtol=1e-5, atol=1e-6)
