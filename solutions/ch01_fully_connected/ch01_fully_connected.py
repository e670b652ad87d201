# %% [markdown]
# # Fully connected: told nothing
#
# You build a network that is told nothing about its data: layers in which every input meets every output. First the
# pieces (a layer, a nonlinearity, a loss), then the whole net forward and backward, then the two questions that decide
# whether it can learn at all: how large the first weights are, and how many there are. At the end your own functions
# train on two spirals that no straight line can part.
#
# Nothing here uses torch's layers, losses or automatic differentiation: the point is to have written them once.

# %%
import itertools

import torch
from torch import Tensor

# %%
from autograder import Check

check = Check("ch01_fully_connected")

# %% [markdown]
# ## 1. One layer
#
# Every output is a weighted sum of all inputs plus an offset of its own:
#
# $$\text{out}[b, o] = \sum_i x[b, i]\, W[o, i] + b[o].$$
#
# The weights are kept as torch keeps them: one *row* for each output. With `x = [[1, 2]]`,
# `W = [[3, 4], [5, 6], [7, 8]]` and `b = [0, 0, 1]` the first output is `1 * 3 + 2 * 4 = 11`, and all
# three are `[[11, 17, 24]]`.


# %% exercise="linear"
def linear(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """The outputs of a fully connected layer, (batch, d_out).

    x: (batch, d_in). W: (d_out, d_in), one row an output. b: (d_out,).
    """
    ### BEGIN SOLUTION
    return x @ W.T + b  # (batch, d_in) @ (d_in, d_out) + (d_out,)
    ### END SOLUTION


# %% check="linear"
check(linear)

# %% [markdown]
# ## 2. What the ReLU passes back
#
# Forward, `relu(x) = max(x, 0)` keeps what is positive. Backward it lets a gradient through exactly where it let the
# value through: where `x > 0`. The sign of the *gradient* has no say in it. With `x = [-1, 2]` and an incoming gradient
# `[5, -3]` the answer is `[0, -3]`. At `x = 0`, where the slope is not defined, we take 0, as torch does.


# %% exercise="relu_backward"
def relu_backward(grad: Tensor, x: Tensor) -> Tensor:
    """The gradient with respect to x, of any shape.

    grad: the gradient with respect to relu(x), of the shape of x. x: what went into the ReLU.
    """
    ### BEGIN SOLUTION
    return grad * (x > 0)
    ### END SOLUTION


# %% check="relu_backward"
check(relu_backward)

# %% [markdown]
# ## 3. Scores as probabilities
#
# $$\text{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# along one axis of the input. Adding one constant to all scores changes nothing, so subtract the largest: then no
# exponential overflows, even for scores of 10,000. `softmax([0, ln 3])` is `[0.25, 0.75]`.


# %% exercise="softmax"
def softmax(x: Tensor, dim: int) -> Tensor:
    """Probabilities of the shape of x that sum to 1 along axis `dim`.

    x: scores of any shape and any size of value. dim: the axis, possibly negative.
    """
    ### BEGIN SOLUTION
    shifted = x - x.amax(dim=dim, keepdim=True)
    exponentials = torch.exp(shifted)
    return exponentials / exponentials.sum(dim=dim, keepdim=True)
    ### END SOLUTION


# %% check="softmax"
check(softmax)

# %% [markdown]
# ## 4. The loss
#
# The cross-entropy of one example is minus the logarithm of the probability that the net gave to the right class; the
# loss is its mean over the batch:
#
# $$L = -\frac{1}{N} \sum_{b=1}^{N} \log \text{softmax}(\text{logits}[b])_{\text{target}[b]}.$$
#
# A net that knows nothing of two classes pays $\ln 2 \approx 0.693$. Beware of taking the logarithm of a probability
# that has been rounded to 0: work out the logarithm of the softmax as `x - max - log(sum(exp(x - max)))`.


# %% exercise="cross_entropy"
def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy in nats, a scalar.

    logits: (batch, class), scores before any softmax. target: (batch,), int64, the right class of each example.
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.amax(dim=1, keepdim=True)  # (batch, class)
    log_probabilities = shifted - torch.exp(shifted).sum(dim=1, keepdim=True).log()  # (batch, class)
    rows = torch.arange(len(target))
    return -log_probabilities[rows, target].mean()
    ### END SOLUTION


# %% check="cross_entropy"
check(cross_entropy)

# %% [markdown]
# ## 5. The whole net, forward
#
# A multilayer perceptron (MLP) is a chain: layer, ReLU, layer, ReLU, …, layer. The last layer has *no* ReLU: its
# outputs are scores, and scores may be negative. `params` is a list of pairs `(W, b)`, one a layer. Use your `linear`.


# %% exercise="mlp_forward"
def mlp_forward(x: Tensor, params: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The scores of an MLP, (batch, d_out of the last layer).

    x: (batch, d_in). params: one pair (W, b) a layer, W (d_out, d_in) and b (d_out,).
    """
    ### BEGIN SOLUTION
    for W, b in params[:-1]:
        x = linear(x, W, b).clamp(min=0)
    W, b = params[-1]
    return linear(x, W, b)
    ### END SOLUTION


# %% check="mlp_forward"
check(mlp_forward)

# %% [markdown]
# ## 6. The whole net, backward
#
# Now the gradients, by hand. Go forward and keep what went into every layer. Then walk back:
#
# - of the mean cross-entropy with respect to the scores: $(\text{softmax} - \text{one-hot}) / N$;
# - through `out = x W^T + b`, with $G$ the gradient with respect to `out`: $\partial W = G^T x$,
#   $\partial b = \sum_b G[b]$ (the offset was used by every example, so it gets all their gradients),
#   $\partial x = G W$;
# - through the ReLU: your `relu_backward`.
#
# `torch.autograd` is off limits here.


# %% exercise="mlp_backward"
def mlp_backward(x: Tensor, params: list[tuple[Tensor, Tensor]], target: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The gradients of the mean cross-entropy of an MLP: one pair (dW, db) a layer, of the shapes of (W, b).

    x: (batch, d_in). params: one pair (W, b) a layer. target: (batch,), int64.
    """
    ### BEGIN SOLUTION
    inputs, before = [], []  # what goes into each layer; what comes out of it, before the ReLU
    for W, b in params:
        inputs.append(x)
        before.append(linear(x, W, b))  # (batch, d_out)
        x = before[-1].clamp(min=0)
    grad = softmax(before[-1], 1)  # (batch, class)
    grad[torch.arange(len(target)), target] -= 1
    grad = grad / len(target)
    grads = []
    for layer in reversed(range(len(params))):
        if layer < len(params) - 1:
            grad = relu_backward(grad, before[layer])
        grads.append((grad.T @ inputs[layer], grad.sum(dim=0)))  # (d_out, d_in), (d_out,)
        grad = grad @ params[layer][0]  # (batch, d_in)
    return grads[::-1]
    ### END SOLUTION


# %% check="mlp_backward"
check(mlp_backward)

# %% [markdown]
# ## 7. How large the first weights are
#
# A sum of `fan_in` terms grows with $\sqrt{\mathrm{fan\_in}}$, and a ReLU throws half of the signal's square away. He
# and colleagues balance both: draw weights from a normal distribution with mean 0 and *variance*
# $2 / \mathrm{fan\_in}$. Then a signal keeps its size through any number of layers. For `fan_in = 8` the standard
# deviation is `0.5`.
#
# Draw from the `generator` that you are given, so that a seed fixes the net.


# %% exercise="he_init"
def he_init(fan_in: int, fan_out: int, generator: torch.Generator) -> Tensor:
    """Weights of a layer, (fan_out, fan_in), normal with mean 0 and variance 2 / fan_in, drawn from `generator`."""
    ### BEGIN SOLUTION
    return torch.randn(fan_out, fan_in, generator=generator) * (2 / fan_in) ** 0.5
    ### END SOLUTION


# %% check="he_init"
check(he_init)

# %% [markdown]
# ## 8. How many there are
#
# A layer from `d_in` to `d_out` has `d_in * d_out` weights and `d_out` offsets. `sizes` lists the widths from the input
# to the output: `[2, 3, 1]` has `2 * 3 + 3 + 3 * 1 + 1 = 13` parameters.


# %% exercise="count_parameters"
def count_parameters(sizes: list[int]) -> int:
    """The number of weights and biases of an MLP whose layers have these widths, input first."""
    ### BEGIN SOLUTION
    return sum(d_in * d_out + d_out for d_in, d_out in itertools.pairwise(sizes))
    ### END SOLUTION


# %% check="count_parameters"
check(count_parameters)

# %% [markdown]
# ## Your functions at work: two spirals
#
# Everything below is yours: `he_init` makes the net, `mlp_forward` runs it, `mlp_backward` gives the gradients. Move
# the slider and watch the boundary wind itself around the spirals.


# %%
def spirals(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two interleaved spirals: points (n, 2) and labels (n,)."""
    label = torch.arange(n) % 2
    turn = torch.rand(n, generator=generator).sqrt() * 2.2 * torch.pi
    angle = turn + label * torch.pi
    radius = turn / (2.2 * torch.pi)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return points + 0.02 * torch.randn(n, 2, generator=generator), label


# %%
if check.unlocked():
    import matplotlib.pyplot as plt

    from explorables import explore

    torch.set_num_threads(1)  # a small net is fastest on one
    generator = torch.Generator().manual_seed(0)
    points, label = spirals(400, generator)
    sizes = [2, 32, 32, 2]
    print(f"{count_parameters(sizes)} parameters")
    layers = itertools.pairwise(sizes)
    params = [(he_init(i, o, generator), torch.zeros(o)) for i, o in layers]
    momentum = [(torch.zeros_like(W), torch.zeros_like(b)) for W, b in params]
    history = {}
    for step in range(1201):
        if step % 200 == 0:
            loss = float(cross_entropy(mlp_forward(points, params), label))
            history[step] = ([(W.clone(), b.clone()) for W, b in params], loss)
        grads = mlp_backward(points, params, label)
        momentum = [(0.9 * mW + dW, 0.9 * mb + db) for (mW, mb), (dW, db) in zip(momentum, grads, strict=True)]
        params = [(W - 0.1 * mW, b - 0.1 * mb) for (W, b), (mW, mb) in zip(params, momentum, strict=True)]

    def boundary(step):
        """What your net believes after {step} steps."""
        net, loss = history[step]
        axis = torch.linspace(-1.2, 1.2, 81)
        grid = torch.cartesian_prod(axis, axis)  # (pixel, 2)
        belief = softmax(mlp_forward(grid, net), 1)[:, 1].reshape(81, 81)
        figure, ax = plt.subplots(figsize=(4, 4))
        ax.contourf(axis, axis, belief.T, levels=20, cmap="RdBu_r", alpha=0.6)
        ax.scatter(*points.T, c=label, cmap="RdBu_r", s=8, edgecolors="k", linewidths=0.3)
        ax.set(title=f"step {step}: loss {loss:.3f} nats", xlabel="x", ylabel="y", aspect="equal")
        return figure

    display(explore(boundary, step=list(history), caption="Your net, while it learns."))
