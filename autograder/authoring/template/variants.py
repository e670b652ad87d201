"""Right running means, written in other ways."""

import torch

from autograder.authoring import variant


@variant("running_mean")
def by_weights(x, share):
    """All at once: a table of weights, (time, time), times the values."""
    steps = torch.arange(len(x))
    age = steps[:, None] - steps[None, :]  # (out, in)
    table = share * (1 - share) ** age.clamp(min=0).to(x.dtype) * (age >= 0)
    first = (1 - share) ** steps.to(x.dtype)  # the first value stands for all before it
    return torch.cat([first[:, None], table[:, 1:]], dim=1) @ x


@variant("running_mean")
def in_place(x, share):
    means = x.clone()
    for t in range(1, len(x)):
        means[t] = means[t - 1] + share * (x[t] - means[t - 1])
    return means
