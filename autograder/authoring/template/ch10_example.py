# %% [markdown]
# # Running means
#
# One function, and what it is told: the recent counts more. You write it, run its check, and read the verdict.
#
# The page *Running means* has the story and a demo.

# %%
import torch
from torch import Tensor

# %%
from autograder import Check

check = Check("ch10_example")

# %% [markdown]
# ## 1. A mean that forgets
#
# A running mean keeps one number, and at every step moves it a share of the way towards the new value:
#
# $$y_0 = x_0, \qquad y_t = s\, x_t + (1 - s)\, y_{t-1}.$$
#
# With $s = 1$ it remembers nothing, with a small $s$ it is slow to believe what is new. With `x = [0, 4, 4]` and
# `share = 0.5` it is `[0, 2, 3]`.


# %% exercise="running_mean"
def running_mean(x: Tensor, share: float) -> Tensor:
    """The running mean of x at every step, (time,): out[t] = share * x[t] + (1 - share) * out[t - 1].

    x: (time,), at least one value; out[0] is x[0]. share: in (0, 1], the weight of the new value.
    """
    ### BEGIN SOLUTION
    means = [x[0]]
    for value in x[1:]:
        means.append(share * value + (1 - share) * means[-1])
    return torch.stack(means)  # (time,)
    ### END SOLUTION


# %% check="running_mean"
check(running_mean)

# %% [markdown] think="why-the-first"
# **Think.** What would change at the beginning if the mean started at 0 and not at the first value?
#
# <details><summary>Answer</summary>
#
# The first values would be too small by the factor $1 - (1 - s)^{t+1}$, since that is how much of the weight has
# reached real values by step $t$. Adam divides by just this factor. Here the first value stands in for all that came
# before it.
#
# </details>

# %% [markdown] answer="which-share" points=2
# You smooth the temperature of a room, measured every minute, and a window is opened. Which share would you choose,
# and what does it cost?
#
# ### BEGIN SOLUTION
# A share of about 0.1: the mean follows within some ten minutes. A larger one follows sooner and lets more of the
# noise through, a smaller one is smoother and late.
# ### END SOLUTION

# %% [markdown]
# ## What it does
#
# The next cell draws once your function passes.

# %%
if check.unlocked():
    import matplotlib.pyplot as plt

    generator = torch.Generator().manual_seed(0)
    steps = torch.arange(120)
    x = (steps > 40).float() + 0.3 * torch.randn(120, generator=generator)  # (time,)
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(x, ".", color="0.6", label="measured")
    for share in (0.5, 0.1, 0.03):
        axes.plot(running_mean(x, share), label=f"share {share:g}")
    axes.set(xlabel="step", ylabel="value")
    axes.legend()
    plt.show()
