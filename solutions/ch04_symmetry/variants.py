"""Correct versions of the exercises on symmetry, written in other ways than the solution. All must pass."""

import solution
import torch
import torch.nn.functional as F

from autograder.authoring.cases import variant


@variant("act")
def by_transposes(g, x):
    turns, mirror = g
    if mirror:
        x = torch.flip(x, dims=(-1,))
    for _ in range(turns):
        x = x.transpose(-2, -1).flip(-2)
    return x


@variant("act")
def by_indices(g, x):
    turns, mirror = g
    height, width = x.shape[-2:]
    i, j = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    if mirror:
        j = width - 1 - j
    for _ in range(turns):
        i, j = (m.mT.flip(0) for m in (i, j))
    return x[..., i, j]


@variant("equivariance_error")
def by_norms(f, g, x):
    y = f(x)
    return torch.linalg.norm((solution.act(g, y) - f(solution.act(g, x))).flatten()) / torch.linalg.norm(y.flatten())


@variant("equivariance_error")
def by_one_root(f, g, x):
    moved_first, moved_last = f(solution.act(g, x)), solution.act(g, f(x))
    return ((moved_first - moved_last).pow(2).mean() / moved_last.pow(2).mean()) ** 0.5


@variant("augment_orbit")
def by_a_table(x, y, group):
    pictures, labels = [], []
    for g in group:
        place = [0, 1, 2, 3]  # where a label goes
        if g[1]:
            place = [2, 1, 0, 3]
        for _ in range(g[0]):
            place = [(p + 1) % 4 for p in place]
        pictures.append(solution.act(g, x))
        labels.append(torch.tensor(place)[y])
    return torch.cat(pictures), torch.cat(labels)


@variant("augment_orbit")
def by_stacking(x, y, group):
    pictures = torch.stack([solution.act(g, x) for g in group]).flatten(0, 1)
    turns = torch.tensor([g[0] for g in group])[:, None]
    mirror = torch.tensor([g[1] for g in group])[:, None]
    return pictures, torch.where(mirror, turns + 6 - y, turns + y).remainder(4).flatten()


@variant("group_average")
def by_adding_up(f, group, x):
    total = 0
    for g in group:
        total = total + f(solution.act(g, x))
    return total / len(group)


@variant("group_average")
def by_one_call(f, group, x):
    return f(torch.stack([solution.act(g, x) for g in group])).sum(dim=0) / len(group)


@variant("reynolds")
def by_broadcasting(W, group):
    return (torch.linalg.inv(group) @ W @ group).mean(dim=0)


@variant("reynolds")
def moved_the_other_way(W, group):
    return sum(g @ W @ torch.linalg.inv(g) for g in group) / len(group)


@variant("reynolds")
def by_solving(W, group):
    return torch.linalg.solve(group, torch.einsum("ij,gjk->gik", W, group)).sum(0) / group.shape[0]


@variant("deep_set")
def set_by_set(x, mask, inner, outer):
    rows = []
    for elements, real in zip(x, mask, strict=True):
        hidden = F.linear(elements[real], *inner).clamp(min=0)
        rows.append(F.linear(hidden.sum(dim=0), *outer))
    return torch.stack(rows)


@variant("deep_set")
def by_einsum(x, mask, inner, outer):
    hidden = F.relu(torch.einsum("nif,hf->nih", x, inner[0]) + inner[1])
    return torch.einsum("nih,ni,ch->nc", hidden, mask.to(x.dtype), outer[0]) + outer[1]


@variant("lift_conv_c4")
def by_one_convolution(x, w, padding=0):
    kernels = torch.stack([torch.rot90(w, t, dims=(2, 3)) for t in range(4)], dim=1).flatten(0, 1)
    return F.conv2d(x, kernels, padding=padding).unflatten(1, (len(w), 4))


@variant("lift_conv_c4")
def by_turning_the_picture(x, w, padding=0):
    x = F.pad(x, (padding,) * 4)
    maps = [solution.act((t, False), F.conv2d(solution.act(((4 - t) % 4, False), x), w)) for t in range(4)]
    return torch.stack(maps, dim=2)


@variant("group_conv_c4")
def by_map_and_turn(x, w, padding=0):
    maps = []
    for t in range(4):
        parts = [F.conv2d(x[:, :, s], torch.rot90(w[:, :, (s - t) % 4], t, (2, 3)), padding=padding) for s in range(4)]
        maps.append(sum(parts))
    return torch.stack(maps, dim=2)


@variant("group_conv_c4")
def by_moving_the_input(x, w, padding=0):
    maps = []
    for t in range(4):
        moved = torch.rot90(x, -t, (3, 4)).roll(-t, dims=2)
        answer = F.conv2d(moved.flatten(1, 2), w.flatten(1, 2), padding=padding)
        maps.append(torch.rot90(answer, t, (2, 3)))
    return torch.stack(maps, dim=2)
