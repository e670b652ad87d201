"""Correct versions, written in other ways than the solutions; torch.optim is one of them."""

import math

import torch
from torch import nn

from autograder.authoring import variant


@variant("sgd_momentum")
def sgd_momentum_by_lerp(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    full = torch.add(grad, param, alpha=weight_decay)
    velocity = torch.add(full, velocity, alpha=momentum)
    return torch.sub(param, velocity, alpha=lr), velocity


@variant("sgd_momentum")
def sgd_momentum_by_torch(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    weight = nn.Parameter(param.clone())
    weight.grad = grad.clone()
    optimizer = torch.optim.SGD([weight], lr=lr, momentum=momentum, weight_decay=weight_decay, foreach=False)
    if momentum:
        optimizer.state[weight]["momentum_buffer"] = velocity.clone()
    optimizer.step()
    new = optimizer.state[weight]["momentum_buffer"] if momentum else grad + weight_decay * param
    return weight.detach(), new


@variant("adam")
def adam_by_torch(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    m, v, t = state
    weight = nn.Parameter(param.clone())
    weight.grad = grad.clone()
    optimizer = torch.optim.Adam([weight], lr=lr, betas=betas, eps=eps, foreach=False)
    optimizer.state[weight] = {"step": torch.tensor(float(t)), "exp_avg": m.clone(), "exp_avg_sq": v.clone()}
    optimizer.step()
    after = optimizer.state[weight]
    return weight.detach(), (after["exp_avg"], after["exp_avg_sq"], int(after["step"]))


@variant("adam")
def adam_with_one_rate(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The corrections drawn into the learning rate, as section 2 of the paper suggests."""
    m, v, t = state[0].lerp(grad, 1 - betas[0]), state[1].lerp(grad * grad, 1 - betas[1]), state[2] + 1
    root = math.sqrt(1 - betas[1] ** t)
    return param - lr * root / (1 - betas[0] ** t) * m / (v.sqrt() + eps * root), (m, v, t)


@variant("minibatches")
def minibatches_by_slices(X, y, batch_size, generator):
    order = torch.randperm(len(X), generator=generator)
    X, y = X[order], y[order]
    return [(X[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(X), batch_size)]


@variant("minibatches")
def minibatches_as_generator(X, y, batch_size, generator):
    order = torch.rand(len(X), generator=generator).argsort().tolist()
    while order:
        rows, order = order[:batch_size], order[batch_size:]
        yield torch.stack([X[i] for i in rows]), torch.stack([y[i] for i in rows])


@variant("l2_gradient")
def l2_gradient_by_autograd(grads, params, strength):
    weights = [W.detach().clone().requires_grad_() for W, _ in params]
    with torch.enable_grad():
        pulls = torch.autograd.grad(strength * sum((W * W).sum() for W in weights), weights)
    return [(dW + pull, db) for (dW, db), pull in zip(grads, pulls, strict=True)]


@variant("l2_gradient")
def l2_gradient_by_loop(grads, params, strength):
    out = []
    for i in range(len(params)):
        dW = grads[i][0].clone()
        dW.add_(params[i][0], alpha=2 * strength)
        out.append((dW, grads[i][1].clone()))
    return out


@variant("dropout")
def dropout_by_bernoulli(x, p, training, generator):
    if not training or p == 0:
        return x.clone()
    mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
    return x * mask.div(1 - p)


@variant("dropout")
def dropout_by_where(x, p, training, generator):
    if training:
        drop = torch.rand(x.shape, generator=generator) < p
        x = torch.where(drop, torch.zeros_like(x), x / (1 - p))
    return x


@variant("clip_grad_norm")
def clip_grad_norm_by_cat(grads, max_norm):
    norm = torch.cat([g.flatten() for g in grads]).norm()
    factor = (max_norm / norm.clamp(min=1e-12)).clamp(max=1.0)
    return [factor * g for g in grads], norm


@variant("clip_grad_norm")
def clip_grad_norm_by_torch(grads, max_norm):
    parameters = [nn.Parameter(torch.zeros_like(g)) for g in grads]
    for parameter, g in zip(parameters, grads, strict=True):
        parameter.grad = g.clone()
    norm = nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters], float(norm)


@variant("early_stop")
def early_stop_counting(losses, patience):
    best, kept, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses):
        waited += 1
        if loss < best:
            best, kept, waited = loss, epoch, 0
        if waited == patience:
            break
    return epoch, kept


@variant("early_stop")
def early_stop_by_prefixes(losses, patience):
    for last in range(len(losses)):
        prefix = losses[: last + 1]
        best = prefix.index(min(prefix))
        if last - best == patience:
            return last, best
    return len(losses) - 1, losses.index(min(losses))


@variant("learning_curve")
def learning_curve_by_numbers(fit, X, y, X_test, y_test, sizes):
    def error(predict, inputs, targets):
        return torch.nn.functional.mse_loss(predict(inputs), targets)

    rows = []
    for n in sizes:
        mean = X[:n].sum(0) / n
        std = ((X[:n] - mean) ** 2).mean(0).sqrt()
        predict = fit((X[:n] - mean) / std, y[:n])
        rows.append([error(predict, (X[:n] - mean) / std, y[:n]), error(predict, (X_test - mean) / std, y_test)])
    return torch.tensor([r[0] for r in rows]), torch.tensor([r[1] for r in rows])


@variant("learning_curve")
def learning_curve_by_stacking(fit, X, y, X_test, y_test, sizes):
    def point(n):
        std, mean = torch.std_mean(X[:n], dim=0, correction=0, keepdim=True)
        predict = fit((X[:n] - mean) / std, y[:n])
        pairs = ((X[:n], y[:n]), (X_test, y_test))
        return torch.stack([(predict((a - mean) / std) - b).square().mean() for a, b in pairs])

    return tuple(torch.stack([point(n) for n in sizes], dim=1))
