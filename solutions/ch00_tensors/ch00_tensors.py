# %% [markdown]
# # Tensors, and how checking works
#
# Eight small functions that every later chapter leans on. You write each one, then run its check. The check tries your
# function on several inputs and says what differs, where, and, when it knows your mistake, which one it is. Read the
# sentence before you change a line: that is half of what this notebook teaches.
#
# The page *Tensors, and how checking works* has the story, the mathematics and the demos.

# %%
import torch
from torch import Tensor

# %%
from autograder import Check

check = Check("ch00_tensors")

# %% [markdown]
# ## 1. A table of products
#
# The outer product of a vector `a` and a vector `b` is the table of all products: `out[i, j] = a[i] * b[j]`. With
# `a = [1, 2]` and `b = [3, 4, 5]` it is
#
# ```
# [[3, 4,  5],
#  [6, 8, 10]]
# ```
#
# Write it without a loop. `a[:, None]` gives `a` a second axis of size 1, and an axis of size 1 is stretched to fit.


# %% exercise="outer"
def outer(a: Tensor, b: Tensor) -> Tensor:
    """The outer product, (row, column): out[i, j] = a[i] * b[j].

    a: (row,). b: (column,).
    """
    ### BEGIN SOLUTION
    return a[:, None] * b[None, :]  # (row, 1) * (1, column) -> (row, column)
    ### END SOLUTION


# %% check="outer"
check(outer)

# %% [markdown]
# ## 2. Rows that sum to one
#
# Counts become proportions when each row is divided by its own sum: `[[1, 3], [2, 8]]` becomes
# `[[0.25, 0.75], [0.2, 0.8]]`. A sum over an axis removes that axis. What is left must line up with the rows again.
#
# Leave the input as it was: whoever called you may still need it.


# %% exercise="row_normalize"
def row_normalize(X: Tensor) -> Tensor:
    """Each row of X divided by its sum, (row, column).

    X: (row, column), positive. It is not changed.
    """
    ### BEGIN SOLUTION
    return X / X.sum(dim=1, keepdim=True)  # (row, column) / (row, 1)
    ### END SOLUTION


# %% check="row_normalize"
check(row_normalize)

# %% [markdown]
# ## 3. A stack of matrix products
#
# `A` holds a matrix for every example of a batch, and so does `B`. Multiply them pair by pair:
#
# $$\text{out}[b, i, j] = \sum_k A[b, i, k]\, B[b, k, j].$$
#
# For one example with `A = [[1, 2]]` and `B = [[3], [4]]` that is `[[1 * 3 + 2 * 4]] = [[11]]`. Build it from a product
# with four axes and a sum over one of them; PyTorch's own matrix products are off limits here.


# %% exercise="batched_matmul"
def batched_matmul(A: Tensor, B: Tensor) -> Tensor:
    """The matrix product of A and B for every example, (batch, row, column).

    A: (batch, row, inner). B: (batch, inner, column).
    """
    ### BEGIN SOLUTION
    products = A[:, :, :, None] * B[:, None, :, :]  # (batch, row, inner, 1) * (batch, 1, inner, column)
    return products.sum(dim=2)  # (batch, row, column)
    ### END SOLUTION


# %% check="batched_matmul"
check(batched_matmul)

# %% [markdown]
# ## 4. Labels as vectors
#
# A label is a number from `0` to `num_classes - 1`, but 2 is not twice as much of a class as 1. So a label becomes a
# vector with a single 1 in it: label 2 of 4 classes is `[0, 0, 1, 0]`. A batch need not hold every class.


# %% exercise="one_hot"
def one_hot(y: Tensor, num_classes: int) -> Tensor:
    """1 where the class is the label and 0 elsewhere, (batch, class), floating point.

    y: (batch,), int64, from 0 to num_classes - 1.
    """
    ### BEGIN SOLUTION
    classes = torch.arange(num_classes)  # (class,)
    return (y[:, None] == classes).float()  # (batch, 1) == (class,) -> (batch, class)
    ### END SOLUTION


# %% check="one_hot"
check(one_hot)

# %% [markdown]
# ## 5. The mean of what is there
#
# Sequences in a batch have different lengths. They are padded to one length, and a mask says which steps are real. The
# mean over time must count only those: for `x = [2, 4, 9]` and `mask = [True, True, False]` it is 3, not 5 and not 2.
#
# Two things to mind. A padded step may hold anything, even infinity or NaN. And a sequence without a single real step
# has the mean 0.


# %% exercise="masked_mean"
def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """The mean over the steps where mask is True, (batch, feature); 0 where there is none.

    x: (batch, time, feature); steps where mask is False may hold any value, infinities and NaN too.
    mask: (batch, time), bool.
    """
    ### BEGIN SOLUTION
    kept = mask[:, :, None]  # (batch, time, 1)
    total = torch.where(kept, x, 0.0).sum(dim=1)  # (batch, feature)
    count = kept.sum(dim=1).clamp(min=1)  # (batch, 1)
    return total / count
    ### END SOLUTION


# %% check="masked_mean"
check(masked_mean)

# %% [markdown]
# ## 6. A sum of exponentials that does not overflow
#
# Cross-entropy, softmax and attention all need $\log \sum_i e^{x_i}$. In float32, $e^{89}$ is already infinite. Yet the
# answer for $x = (1000, 1000)$ is harmless: $1000 + \log 2$. For every number $m$,
#
# $$\log \sum_i e^{x_i} = m + \log \sum_i e^{x_i - m}.$$
#
# Choose $m$ so that no exponential is larger than 1, along the axis `dim` only, and remove that axis as `sum` would.


# %% exercise="stable_logsumexp"
def stable_logsumexp(x: Tensor, dim: int) -> Tensor:
    """log(sum(exp(x))) along the axis dim, which is removed; finite for finite x of any size.

    x: any shape.
    """
    ### BEGIN SOLUTION
    largest = x.amax(dim=dim, keepdim=True)  # the shape of x, with size 1 at dim
    total = (x - largest).exp().sum(dim=dim)
    return largest.squeeze(dim) + total.log()
    ### END SOLUTION


# %% check="stable_logsumexp"
check(stable_logsumexp)

# %% [markdown]
# ## 7. How wrong is wrong?
#
# Is an error of 0.01 large? Beside 1000 it is nothing, beside 0.02 it is half. So errors are measured against the size
# of what is compared:
#
# $$\text{error}(x, y) = \frac{\lVert x - y \rVert}{\max(\lVert x \rVert, \lVert y \rVert)}, \qquad
# \lVert x \rVert = \sqrt{\textstyle\sum_i x_i^2}.$$
#
# For `x = [3, 4]` and `y = [3, 3]` that is `1 / 5`. The unit does not matter: with both a trillion times smaller it is
# `1 / 5` still. Two tensors of zeros have the error 0.


# %% exercise="relative_error"
def relative_error(x: Tensor, y: Tensor) -> Tensor:
    """The length of x - y over the larger of the lengths of x and y, a scalar; 0 when both are zero.

    x, y: the same shape, any.
    """
    ### BEGIN SOLUTION
    difference = (x - y).square().sum().sqrt()
    size = torch.maximum(x.square().sum().sqrt(), y.square().sum().sqrt())
    return difference / size if size > 0 else difference
    ### END SOLUTION


# %% check="relative_error"
check(relative_error)

# %% [markdown]
# ## 8. A gradient without calculus
#
# Move one number of the input up by `h`, then down by `h`, and see how far the output moved:
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}.$$
#
# For $f(x) = x^2$ at 3 with $h = 0.1$: $(9.61 - 8.41) / 0.2 = 6$. This is how gradients are checked in the whole
# course. Work in float64 whatever the input is: the two values of $f$ are nearly equal, and their difference keeps only
# the last digits. Do not use automatic differentiation; this function is there to test it.


# %% exercise="numeric_gradient"
def numeric_gradient(f, x: Tensor, h: float = 1e-4) -> Tensor:
    """The gradient of f at x by central differences with step h, of the shape of x, in float64.

    f: takes a tensor of the shape of x, returns a scalar. x: any shape. It is not changed.
    """
    ### BEGIN SOLUTION
    x = x.detach().double()
    steps = h * torch.eye(x.numel(), dtype=torch.float64)  # (entry, entry): row i moves entry i alone
    slopes = [(f(x + step) - f(x - step)) / (2 * h) for step in steps.reshape(-1, *x.shape)]
    return torch.stack(slopes).reshape(x.shape)
    ### END SOLUTION


# %% check="numeric_gradient"
check(numeric_gradient)

# %% [markdown]
# ## Your functions at work
#
# **A step that is too large, and one that is too small.** The gradient of $\log \sum_i e^{x_i}$ is the softmax of $x$:
# the exponentials as a table with one row, normalized. So `row_normalize` gives the exact gradient of your
# `stable_logsumexp`, and `relative_error` says how far `numeric_gradient` is from it, for steps from $10^{-12}$ to $1$.
# Where is the lowest point, and why is it at neither end?

# %%
if check.unlocked("stable_logsumexp", "relative_error", "row_normalize", "numeric_gradient"):
    import matplotlib.pyplot as plt

    x = torch.tensor([0.3, -1.2, 2.0, 0.7], dtype=torch.float64)
    exact = row_normalize(x.exp()[None, :])[0]  # (1, class) -> (class,)
    widths = torch.logspace(-12, 0, 49, dtype=torch.float64)
    estimates = [numeric_gradient(lambda z: stable_logsumexp(z, 0), x, h) for h in widths.tolist()]
    errors = [float(relative_error(estimate, exact)) for estimate in estimates]
    best = float(widths[int(torch.tensor(errors).argmin())])
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.loglog(widths, errors, marker="o", markersize=3)
    axes.set(xlabel="step h", ylabel="relative error of your gradient")
    axes.set_title(f"smallest error {min(errors):.1e}, at h = {best:.1e}")
    plt.show()

# %% [markdown]
# **A classifier trained without a single derivative.** Irises of three kinds, four measurements each. The loss is the
# cross-entropy, written with your `stable_logsumexp` and your `one_hot`. Its gradient comes from your
# `numeric_gradient`, and gradient descent does the rest. Every step takes two evaluations of the loss for each of 15
# weights; a network of a million weights would need two million. That is why backpropagation was worth inventing.

# %%
if check.unlocked():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_iris

    measured, kinds = (torch.as_tensor(part) for part in load_iris(return_X_y=True))
    measured = (measured - measured.mean(dim=0)) / measured.std(dim=0)  # (batch, feature)
    inputs = torch.cat([measured, torch.ones(len(measured), 1)], dim=1)[None]  # (1, batch, feature + 1)
    targets = one_hot(kinds, 3)  # (batch, class)
    everyone = torch.ones(1, len(kinds), dtype=torch.bool)

    def loss(W):
        logits = batched_matmul(inputs, W[None])[0]  # (batch, class)
        each = stable_logsumexp(logits, 1) - (targets * logits).sum(dim=1)  # (batch,)
        return masked_mean(each[None, :, None], everyone).squeeze()  # (1, 1) -> ()

    W = torch.zeros(5, 3, dtype=torch.float64)  # (feature + 1, class)
    losses = []
    for _ in range(150):
        losses.append(float(loss(W)))
        W = W - 0.5 * numeric_gradient(loss, W)
    right = batched_matmul(inputs, W[None])[0].argmax(dim=1) == kinds
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(losses)
    axes.set(xlabel="step", ylabel="cross-entropy (nats)")
    axes.set_title(f"{int(right.sum())} of {len(kinds)} irises named, from differences alone")
    plt.show()
