"""Wrong running means that people write, each with the hint that helps."""

import torch

from autograder.authoring import mistake


@mistake("running_mean")
def started_at_zero(x, share):
    """The first values are too small, and the difference fades with time.

    The mean begins as if a 0 had been measured before the first value.

    Set out[0] to x[0], and begin the loop with x[1].
    """
    mean, means = torch.zeros_like(x[0]), []
    for value in x:
        mean = share * value + (1 - share) * mean
        means.append(mean)
    return torch.stack(means)


@mistake("running_mean")
def shares_exchanged(x, share):
    """It follows quickly where it should be slow: a small share gives a wild curve.

    Which of the two, the new value or the mean so far, gets the weight `share`?

    Multiply the new value by share, and what was there before by 1 - share.
    """
    means = [x[0]]
    for value in x[1:]:
        means.append((1 - share) * value + share * means[-1])
    return torch.stack(means)


@mistake("running_mean")
def one_step_late(x, share):
    """The curve has the right form, and comes one step too late.

    The mean at step t may look at x[t] itself.

    Append the mean after x[t] has gone into it, not before.
    """
    mean, means = x[0], []
    for value in x:
        means.append(mean)
        mean = share * value + (1 - share) * mean
    return torch.stack(means)


@mistake("running_mean")
def of_neighbours(x, share):
    """Only the last two values count; what lies further back is gone.

    The recursion is on the mean, and not on the values.

    Use out[t - 1], which holds all that came before, and not x[t - 1].
    """
    return torch.cat([x[:1], share * x[1:] + (1 - share) * x[:-1]])
