"""Correct versions of the exercises on prior and data, written in other ways than the solution. All must pass."""

import math

import numpy as np
import solution
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring.cases import variant


@variant("make_data")
def data_one_by_one(n, seed, templates, width, noise):
    generator = torch.Generator().manual_seed(seed)
    x, y = [], []
    for _ in range(n):
        label = int(torch.randint(len(templates), (), generator=generator))
        start = int(torch.randint(width - templates.shape[1] + 1, (), generator=generator))
        signal = noise * torch.randn(width, generator=generator, dtype=templates.dtype)
        signal[start : start + templates.shape[1]] += templates[label]
        x.append(signal)
        y.append(label)
    return torch.stack(x), torch.tensor(y)


@variant("make_data")
def data_from_all_places(n, seed, templates, width, noise):
    generator = torch.Generator().manual_seed(seed)
    classes, length = templates.shape
    everywhere = torch.stack([F.pad(templates, (s, width - length - s)) for s in range(width - length + 1)])
    starts = torch.randint(len(everywhere), (n,), generator=generator)
    y = torch.randint(classes, (n,), generator=generator)
    clean = everywhere[starts, y]
    return torch.normal(clean, noise, generator=generator) if noise else clean, y


def layers(kind, w):
    """The net itself, on torch's meta device."""
    with torch.device("meta"):
        if kind == "mlp":
            return [nn.Linear(40, w), nn.Linear(w, w), nn.Linear(w, 10)]
        if kind == "cnn":
            return [nn.Conv1d(1, w, 5), nn.Conv1d(w, w, 3), nn.Conv1d(w, w, 3), nn.Linear(5 * w, 10)]
        if kind == "gru":
            return [nn.GRU(1, w), nn.Linear(40 * w, 10)]
        return [nn.Linear(5, w), nn.Embedding(8, w), *(nn.Linear(w, w) for _ in range(4)), nn.Linear(w, 10)]


@variant("match_parameters")
def match_by_building(kind, budget):
    best = None
    for w in range(1, 200):
        count = sum(p.numel() for layer in layers(kind, w) for p in layer.parameters())
        if best is None or abs(count - budget) < abs(best[1] - budget):
            best = (w, count)
        elif count > budget:
            break
    return best


@variant("match_parameters")
def match_by_the_root(kind, budget):
    a, b, c = {"mlp": (1, 52, 10), "cnn": (6, 58, 10), "gru": (3, 409, 10), "attention": (4, 28, 10)}[kind]
    root = (-b + math.sqrt(max(b * b + 4 * a * (budget - c), 0))) / (2 * a)
    near = [max(1, int(root)), max(1, int(root)) + 1]
    return min(((w, a * w * w + b * w + c) for w in near), key=lambda pair: abs(pair[1] - budget))


@variant("patchify")
def patches_by_unfold(x, patch):
    return F.unfold(x, patch, stride=patch).transpose(1, 2)


@variant("patchify")
def patches_by_loops(x, patch):
    rows, columns = range(0, x.shape[2], patch), range(0, x.shape[3], patch)
    cut = [x[:, :, i : i + patch, j : j + patch].flatten(1) for i in rows for j in columns]
    return torch.stack(cut, dim=1)


@variant("patchify")
def patches_by_tensor_unfold(x, patch):
    return x.unfold(2, patch, patch).unfold(3, patch, patch).permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


@variant("VisionTransformer")
class TransformerByConvolution(solution.VisionTransformer):
    def forward(self, x):
        kernel = self.embed.weight.reshape(-1, x.shape[1], self.patch, self.patch)
        tokens = F.conv2d(x, kernel, self.embed.bias, stride=self.patch).flatten(2).transpose(1, 2)
        tokens = nn.Sequential(*self.blocks)(tokens + self.positions)
        return self.answer(self.norm(tokens).sum(dim=1) / tokens.shape[1])


@variant("VisionTransformer")
class TransformerMeanLast(nn.Module):
    def __init__(self, shape, patch, d_model, heads, depth, classes):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(shape[0] * patch**2, d_model)
        self.positions = nn.Parameter(0.02 * torch.randn(shape[1] * shape[2] // patch**2, d_model))
        self.blocks = nn.ModuleList([solution.Block(d_model, heads) for _ in range(depth)])
        self.norm, self.answer = nn.LayerNorm(d_model), nn.Linear(d_model, classes)

    def forward(self, x):
        x = self.positions + self.embed(solution.patchify(x, self.patch))
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x)).mean(dim=1)  # the answer is linear, so that the mean may come last


@variant("accuracy_curve")
def curve_filled_in(models, data, sizes, seeds):
    (x, y), (x_valid, y_valid), (x_test, y_test) = data
    curves = {name: torch.zeros(len(sizes), len(seeds)) for name in models}
    for row, n in enumerate(sizes):
        for column, seed in enumerate(seeds):
            for name, learners in models.items():
                best_valid = -1.0
                for learn in learners:
                    predict = learn(x[:n], y[:n], seed)
                    right = (predict(x_valid).argmax(1) == y_valid).float().mean().item()
                    if right > best_valid:
                        best_valid = right
                        curves[name][row, column] = (predict(x_test).argmax(1) == y_test).float().mean()
    return curves


@variant("accuracy_curve")
def curve_by_errors(models, data, sizes, seeds):
    train, valid, test = data

    def wrong(predict, part):
        return int((predict(part[0]).max(dim=1).indices != part[1]).sum())

    def one(learners, n, seed):
        trained = [learn(train[0][:n], train[1][:n], seed) for learn in learners]
        return 1 - wrong(min(trained, key=lambda p: wrong(p, valid)), test) / len(test[1])

    return {
        name: torch.tensor([[one(group, n, seed) for seed in seeds] for n in sizes], dtype=torch.float64)
        for name, group in models.items()
    }


@variant("examples_needed")
def needed_by_logarithms(sizes, accuracies, wanted):
    values = accuracies.tolist()
    if values[0] >= wanted:
        return float(sizes[0])
    for (n, low), (m, high) in zip(
        zip(sizes[:-1], values[:-1], strict=True), zip(sizes[1:], values[1:], strict=True), strict=True
    ):
        if low < wanted <= high:
            logarithm = math.log(n) + (wanted - low) / (high - low) * (math.log(m) - math.log(n))
            return math.exp(logarithm)
    return float("inf")


@variant("examples_needed")
def needed_by_first_index(sizes, accuracies, wanted):
    reached = (accuracies >= wanted).nonzero().flatten()
    if len(reached) == 0:
        return math.inf
    i = int(reached[0])
    if i == 0:
        return float(sizes[0])
    share = float((wanted - accuracies[i - 1]) / (accuracies[i] - accuracies[i - 1]))
    return sizes[i] ** share * sizes[i - 1] ** (1 - share)


@variant("crossover")
def crossover_by_columns(sizes, first, second):
    gaps = (second - first).T
    return torch.stack([torch.as_tensor(solution.examples_needed(sizes, gap, 0.0)) for gap in gaps])


@variant("crossover")
def crossover_with_its_own_loop(sizes, first, second):
    found = []
    for a, b in zip(first.T.tolist(), second.T.tolist(), strict=True):
        gap = [y - x for x, y in zip(a, b, strict=True)]
        n = float(sizes[0]) if gap[0] >= 0 else math.inf
        for i in range(len(gap) - 1, 0, -1):
            if gap[0] < 0 and max(gap[:i]) < 0 <= gap[i]:
                n = sizes[i - 1] * (sizes[i] / sizes[i - 1]) ** (gap[i - 1] / (gap[i - 1] - gap[i]))
        found.append(n)
    return torch.tensor(found)


@variant("crossover")
def crossover_by_interpolation(sizes, first, second):
    found = []
    for gap in (second - first).T.tolist():
        at = next((i for i, value in enumerate(gap) if value >= 0), None)
        if at is None:
            found.append(math.inf)
        elif at == 0:
            found.append(sizes[0])  # where all are such, the answer is a tensor of whole numbers
        else:
            found.append(math.exp(np.interp(0.0, gap[at - 1 : at + 1], np.log(sizes[at - 1 : at + 1]))))
    return torch.tensor(found)


@variant("conv_as_attention")
def attention_by_loops(kernel, height, width, sharpness):
    k = kernel.shape[-1]
    shares, values = [], []
    for a in range(k):
        for b in range(k):
            rows = []
            for i in range(height - k + 1):
                for j in range(width - k + 1):
                    down = (torch.arange(height) - i - a)[:, None] ** 2
                    right = (torch.arange(width) - j - b)[None, :] ** 2
                    rows.append(torch.softmax(-sharpness * (down + right).flatten().to(kernel.dtype), 0))
            shares.append(torch.stack(rows))
            values.append(kernel[:, :, a, b].T)
    return torch.stack(shares), torch.stack(values)


@variant("conv_as_attention")
def attention_from_rows_and_columns(kernel, height, width, sharpness):
    k = kernel.shape[-1]

    def along(size):
        offsets, queries, keys = torch.arange(k), torch.arange(size - k + 1), torch.arange(size)
        away = offsets[:, None, None] + queries[:, None] - keys
        return torch.softmax(-sharpness * away.to(kernel.dtype) ** 2, dim=-1)  # (offset, query, key) along one side

    shares = torch.einsum("air,bjc->abijrc", along(height), along(width))
    values = torch.einsum("oiab->abio", kernel)
    return shares.flatten(4).flatten(2, 3).flatten(0, 1), values.reshape(k * k, *values.shape[2:])


@variant("confidence_interval")
def interval_as_roots(accuracy, n, z=1.96):
    a, b, c = n + z * z, -(2 * n * accuracy + z * z), n * accuracy**2  # |p - q| = z sqrt(q (1 - q) / n), squared
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@variant("confidence_interval")
def interval_as_a_mean(accuracy, n, z=1.96):
    weight = n / (n + z * z)
    middle = weight * accuracy + (1 - weight) / 2
    variance = weight * accuracy * (1 - accuracy) + (1 - weight) / 4
    half = z * math.sqrt(variance / (n + z * z))
    return middle - half, middle + half
