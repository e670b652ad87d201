"""Correct versions of the exercises on recurrence, written in other ways than the solution. All must pass."""

import functools

import solution
import torch
import torch.nn.functional as F

from autograder.authoring.cases import variant


@variant("rnn_step")
def by_one_matrix(x, h, W_x, W_h, b):
    return torch.tanh(torch.cat([x, h], dim=1) @ torch.cat([W_x, W_h], dim=1).T + b)


@variant("rnn_step")
def by_einsum(x, h, W_x, W_h, b):
    total = torch.einsum("bf,mf->bm", x, W_x) + torch.einsum("bk,mk->bm", h, W_h) + b
    return 2 * torch.sigmoid(2 * total) - 1


@variant("rnn_forward")
def by_index(x, h0, W_x, W_h, b):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(solution.rnn_step(x[:, t], states[-1], W_x, W_h, b))
    return torch.stack(states[1:], dim=1)


@variant("rnn_forward")
def inputs_first(x, h0, W_x, W_h, b):
    h, rows = h0, []
    for from_input in (x @ W_x.T + b).unbind(1):
        h = torch.tanh(from_input + F.linear(h, W_h))
        rows.append(h.unsqueeze(1))
    return torch.cat(rows, dim=1)


@variant("bptt")
def adding_up(grad, x, h0, h, W_h):
    dW_x, dW_h = x.new_zeros(h.shape[2], x.shape[2]), torch.zeros_like(W_h)
    db, carried = x.new_zeros(h.shape[2]), torch.zeros_like(h0)
    for t in range(x.shape[1] - 1, -1, -1):
        delta = (grad[:, t] + carried) * (1 - h[:, t].square())
        dW_x += delta.T @ x[:, t]
        dW_h += delta.T @ (h[:, t - 1] if t > 0 else h0)
        db += delta.sum(0)
        carried = delta @ W_h
    return dW_x, dW_h, db, carried


@variant("bptt")
def example_by_example(grad, x, h0, h, W_h):
    totals, starts = None, []
    for g, inputs, state, states in zip(grad, x, h0, h, strict=True):
        carried, sums = torch.zeros_like(state), None
        for t in reversed(range(len(inputs))):
            delta = (1 - states[t]) * (1 + states[t]) * (g[t] + carried)
            before = states[t - 1] if t else state
            part = [torch.outer(delta, inputs[t]), torch.outer(delta, before), delta]
            sums = part if sums is None else [a + b for a, b in zip(sums, part, strict=True)]
            carried = W_h.T @ delta
        totals = sums if totals is None else [a + b for a, b in zip(totals, sums, strict=True)]
        starts.append(carried)
    return *totals, torch.stack(starts)


@variant("gradient_norm_by_lag")
def by_the_jacobian(f, x):
    jacobian = torch.autograd.functional.jacobian(lambda x: f(x)[-1], x)  # (hidden, time, feature)
    return torch.stack([torch.linalg.norm(jacobian[:, t]) for t in range(len(x) - 1, -1, -1)])


@variant("gradient_norm_by_lag")
def by_backward(f, x):
    squares = torch.zeros(len(x), dtype=x.dtype)
    for i in range(f(x).shape[1]):
        leaf = x.clone().requires_grad_()
        f(leaf)[-1, i].backward()
        squares = squares + (leaf.grad**2).sum(dim=1)
    return torch.flip(squares**0.5, dims=(0,))


@variant("gru_step")
def with_separate_weights(x, h, W_x, W_h, b_x, b_h):
    m = h.shape[1]
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (
        [a @ W[i * m : (i + 1) * m].T + b[i * m : (i + 1) * m] for i in range(3)]
        for a, W, b in ((x, W_x, b_x), (h, W_h, b_h))
    )
    r, z = 1 / (1 + torch.exp(-r_x - r_h)), 1 / (1 + torch.exp(-z_x - z_h))
    n = (n_x + r * n_h).tanh()
    return n + z * (h - n)


@variant("gru_step")
def with_lerp(x, h, W_x, W_h, b_x, b_h):
    from_x, from_h = F.linear(x, W_x, b_x), F.linear(h, W_h, b_h)
    m = h.shape[1]
    gates = torch.sigmoid(from_x[:, : 2 * m] + from_h[:, : 2 * m])
    new = torch.tanh(from_x[:, 2 * m :] + gates[:, :m] * from_h[:, 2 * m :])
    return torch.lerp(new, h, gates[:, m:])


@variant("causal_conv1d")
def by_cropping(x, w, b, dilation=1):
    past = dilation * (w.shape[2] - 1)
    return F.conv1d(x, w, b, padding=past, dilation=dilation)[:, :, : x.shape[2]]


@variant("causal_conv1d")
def by_weights(x, w, b, dilation=1):
    time, k = x.shape[2], w.shape[2]
    y = b[:, None].expand(len(x), -1, time)
    for j in range(k):
        back = dilation * (k - 1 - j)
        if back < time:
            y = y + F.pad(torch.einsum("oc,nct->not", w[:, :, j], x[:, :, : time - back]), (back, 0))
    return y


@variant("sequential_operations")
def by_recursion(reads):
    @functools.cache
    def moment(value):
        return 1 + max(map(moment, reads[value]), default=0) if value in reads else 0

    return max(map(moment, reads), default=0)


@variant("sequential_operations")
def by_rounds(reads):
    waiting, rounds = dict(reads), 0
    while waiting:
        ready = [value for value, sources in waiting.items() if not any(s in waiting for s in sources)]
        for value in ready:
            del waiting[value]
        rounds += 1
    return rounds


@variant("path_length")
def by_walking(kind, n, k=3):
    if kind == "attention":
        return 1
    reached, operations = 1, 0
    while operations == 0 or reached < n:
        step = {"recurrence": 1 if operations else 0, "convolution": k - 1, "dilated": (k - 1) * k**operations}[kind]
        reached, operations = reached + step, operations + 1
    return operations


@variant("path_length")
def by_whole_numbers(kind, n, k=3):
    if kind == "convolution":
        return max(1, -(-(n - 1) // (k - 1)))
    if kind == "dilated":
        return next(layers for layers in range(1, n + 2) if k**layers >= n)
    return {"recurrence": n, "attention": 1}[kind]
