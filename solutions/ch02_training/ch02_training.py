# %% [markdown]
# # Training: from loss to generalization
#
# A net, a loss and a gradient are not yet a net that has learned something. In between stand the questions of this
# notebook: how far to step and in which direction, on which examples, what to add so that the net does not merely learn
# its examples by heart, when to stop, and how to find out *honestly* how good it has become.
#
# You write two optimizers, the loop's small parts, three ways to hold a net back, and the measurement. At the end all
# of them train one net on data a quarter of whose labels are wrong.
#
# torch works out the gradients here (you wrote the backward pass in the last chapter); `torch.optim` stays closed. A
# step never changes what it was given: it returns new tensors.

# %%
import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor

# %%
from autograder import Check

check = Check("ch02_training")

# %% [markdown]
# ## 1. A step with memory
#
# Plain gradient descent steps against the gradient $g$. With **momentum** it keeps a velocity $v$: a running sum of
# gradients in which older ones fade. **Weight decay** $\lambda$ pulls every parameter towards 0. As torch does it, the
# pull is part of the gradient, so that it goes through the velocity too:
#
# $$g' = g + \lambda \theta, \qquad v' = \mu v + g', \qquad \theta' = \theta - \eta\, v'.$$
#
# With $\theta = 2$, $g = 1$, $v = 10$, $\eta = 0.1$, $\mu = 0.5$, $\lambda = 0.25$: $g' = 1.5$, $v' = 6.5$ and
# $\theta' = 2 - 0.65 = 1.35$.


# %% exercise="sgd_momentum"
def sgd_momentum(
    param: Tensor, grad: Tensor, velocity: Tensor, lr: float, momentum: float = 0.9, weight_decay: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The parameter after one step, and its new velocity.

    param, grad, velocity: tensors of one shape, any; none of them may be changed
    lr: the learning rate eta; momentum: mu, in [0, 1); weight_decay: lambda
    returns: (param, velocity), two new tensors of the same shape

    >>> sgd_momentum(torch.tensor(2.0), torch.tensor(1.0), torch.tensor(10.0), 0.1, momentum=0.5, weight_decay=0.25)
    (tensor(1.3500), tensor(6.5000))
    """
    ### BEGIN SOLUTION
    velocity = momentum * velocity + grad + weight_decay * param
    return param - lr * velocity, velocity
    ### END SOLUTION


# %% check="sgd_momentum"
check(sgd_momentum)

# %% [markdown]
# ## 2. A step of its own for every parameter
#
# Where the loss is steep in one direction and flat in another, no single learning rate suits both. Adam (Kingma and Ba)
# keeps two running means, of the gradient and of its square, and divides one by the root of the other:
#
# $$m' = \beta_1 m + (1 - \beta_1)\, g, \qquad v' = \beta_2 v + (1 - \beta_2)\, g^2,$$
# $$\theta' = \theta - \eta\, \frac{m' / (1 - \beta_1^{t'})}{\sqrt{v' / (1 - \beta_2^{t'})} + \varepsilon},
# \qquad t' = t + 1.$$
#
# Both means start at 0, so at first they are too small; dividing by $1 - \beta^{t'}$ corrects that. The state is `(m,
# v, t)`, where `t` counts the steps taken *so far*: at the first step $t = 0$ and $t' = 1$. There, whatever the size of
# the gradient, the parameter moves by just about $\eta$: with $g = 1000$ and $\eta = 0.1$, by 0.1.


# %% exercise="adam"
def adam(
    param: Tensor,
    grad: Tensor,
    state: tuple[Tensor, Tensor, int],
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Tensor, tuple[Tensor, Tensor, int]]:
    """The parameter after one step of Adam, and the new state.

    param, grad: tensors of one shape, any
    state: (m, v, t): running means of the gradient and of its square, and how many steps were taken so far
    lr: the learning rate eta; betas: (beta_1, beta_2); eps: added *outside* the root
    returns: (param, (m, v, t)); nothing that was given may be changed

    >>> zero = torch.tensor(0.0)
    >>> adam(torch.tensor(2.0), torch.tensor(1000.0), (zero, zero, 0), 0.1)[0]
    tensor(1.9000)
    """
    ### BEGIN SOLUTION
    m, v, t = state
    beta1, beta2 = betas
    t = t + 1
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    step = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return param - lr * step, (m, v, t)
    ### END SOLUTION


# %% check="adam"
check(adam)

# %% [markdown] think="first-step-of-adam"
# **Think!** A parameter's gradient is 1000 at every step, another's is 0.001 at every step. How far does Adam move
# each? And what, then, has become of the *size* of the gradient?
#
# <details><summary>Answer</summary>
#
# Both by $\eta$ a step: the constant divides out. Adam keeps the sign and how *steady* a gradient is, and throws its
# size away. A gradient that changes its sign from batch to batch has a small mean and a large mean square, and the
# parameter moves little. That is why one learning rate (0.001) suits so many nets.
#
# </details>

# %% [markdown]
# ## 3. A few examples at a time
#
# A gradient over all examples is exact and dear. A gradient over 32 of them points nearly the same way at a fraction of
# the cost. One **epoch** deals out all examples once: shuffle them, then cut the row into batches. Every example
# belongs to exactly one batch, keeps its own label, and the last batch may be short. Ten examples in batches of 4 make
# batches of 4, 4 and 2.
#
# Draw the order from `generator`, so that a seed fixes the run; the next epoch, with the same generator gone on, has
# another order.


# %% exercise="minibatches"
def minibatches(X: Tensor, y: Tensor, batch_size: int, generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """The batches of one epoch, in random order: a list of pairs (some rows of X, their labels).

    X: (example, feature). y: (example,). Neither may be changed.
    batch_size: examples in a batch; the last batch holds what is left over
    generator: the source of all randomness, as in torch.randperm(n, generator=generator)
    """
    ### BEGIN SOLUTION
    order = torch.randperm(len(X), generator=generator)
    return [(X[rows], y[rows]) for rows in order.split(batch_size)]
    ### END SOLUTION


# %% check="minibatches"
check(minibatches)

# %% [markdown]
# ## 4. A price on large weights
#
# A net that bends sharply to pass through every noisy point needs large weights. So let weights cost something: add
# $\alpha \sum W^2$ over all weights to the loss. Its gradient is added to the loss's own. Biases only shift what the
# weights have shaped, and stay free.
#
# One layer with $W = (3)$, gradients $dW = (1)$ and $db = (5)$, $\alpha = 0.5$: the penalty is $0.5 \cdot 9$, and the
# gradients become $1 + 3 = 4$ and $5$.
#
# (The $\lambda$ of the first exercise, torch's `weight_decay`, adds $\lambda \theta$, the gradient of
# $\frac{\lambda}{2} \theta^2$: so it is $2 \alpha$, and falls on biases as well. When you compare two texts, compare
# their formulas, not their numbers.)


# %% exercise="l2_gradient"
def l2_gradient(
    grads: list[tuple[Tensor, Tensor]], params: list[tuple[Tensor, Tensor]], strength: float
) -> list[tuple[Tensor, Tensor]]:
    """The gradients of loss + strength * (sum of the squares of all weights): one pair (dW, db) a layer.

    grads: one pair (dW, db) a layer, the gradients of the loss alone
    params: one pair (W, b) a layer, W (d_out, d_in) and b (d_out,); biases are not penalized
    strength: alpha, at least 0
    returns: a new list of pairs; nothing that was given may be changed
    """
    ### BEGIN SOLUTION
    return [(dW + 2 * strength * W, db) for (dW, db), (W, _) in zip(grads, params, strict=True)]
    ### END SOLUTION


# %% check="l2_gradient"
check(l2_gradient)

# %% [markdown]
# ## 5. A team in which nobody is sure of the others
#
# **Dropout** sets each activation to 0 with probability $p$, anew for every example and every step. No unit can rely on
# one other unit being there, so what is known must be known in several places.
#
# In evaluation nothing is dropped. To keep the *expected* value the same in both modes, what is kept in training is
# divided by $1 - p$. With $p = 0.75$, a row of `[4, 4, 4, 4]` may become `[0, 16, 0, 0]`; its mean is 4, on average.


# %% exercise="dropout"
def dropout(x: Tensor, p: float, training: bool, generator: torch.Generator) -> Tensor:
    """x with each element set to 0 with probability p and the rest divided by 1 - p; x itself when not training.

    x: any shape. p: in [0, 1). Every element is dropped or kept on its own. Gradients must flow back to x.
    generator: the source of all randomness, as in torch.rand(shape, generator=generator)
    """
    ### BEGIN SOLUTION
    if not training:
        return x
    keep = torch.rand(x.shape, generator=generator) >= p
    return x * keep / (1 - p)
    ### END SOLUTION


# %% check="dropout"
check(dropout)

# %% [markdown]
# ## 6. No step too far
#
# One odd batch can give a gradient a hundred times the usual one, and one step along it can undo an hour of training.
# **Clipping** puts a ceiling on the length of the whole gradient, all tensors together:
#
# $$\lVert g \rVert = \sqrt{\sum_{\text{tensors}} \sum_i g_i^2}, \qquad
# g' = g \cdot \min\!\left(1, \frac{c}{\lVert g \rVert}\right).$$
#
# The direction stays. Two tensors $(3)$ and $(0, 4)$ have norm 5 together; with $c = 1$ they become $(0.6)$ and
# $(0, 0.8)$, with $c = 10$ they stay as they are.


# %% exercise="clip_grad_norm"
def clip_grad_norm(grads: list[Tensor], max_norm: float) -> tuple[list[Tensor], Tensor]:
    """The gradients, scaled down together so that their joint norm is at most max_norm; and the norm before.

    grads: tensors of any shapes; none of them may be changed
    max_norm: the ceiling c, above 0
    returns: (a list of tensors of the same shapes, a scalar tensor)

    >>> clip_grad_norm([torch.tensor([3.0]), torch.tensor([0.0, 4.0])], 1.0)
    ([tensor([0.6000]), tensor([0.0000, 0.8000])], tensor(5.))
    """
    ### BEGIN SOLUTION
    norm = torch.stack([(g**2).sum() for g in grads]).sum().sqrt()
    if norm <= max_norm:
        return grads, norm
    return [g * max_norm / norm for g in grads], norm
    ### END SOLUTION


# %% check="clip_grad_norm"
check(clip_grad_norm)

# %% [markdown]
# ## 7. When to stop
#
# The training loss falls and falls; the loss on examples that are *not* trained on, the validation loss, falls and then
# often rises again. **Early stopping** keeps the weights of the best epoch, and gives up when `patience` epochs *in a
# row* have brought nothing better than the best so far.
#
# Losses `[5, 3, 4, 2, 2, 3, 1]` with patience 2, epochs counted from 0: epoch 1 is better; epoch 2 is one without;
# epoch 3 is better (the count starts again); epochs 4 (a tie is no improvement) and 5 are two without. Stop after epoch
# 5, keep epoch 3. That epoch 6 would have been better still, nobody can know.


# %% exercise="early_stop"
def early_stop(losses: list[float], patience: int) -> tuple[int, int]:
    """(the last epoch that is trained, the epoch whose weights are kept), counted from 0.

    losses: the validation loss after every epoch, as they would come in if training went on; at least one
    patience: epochs in a row without a loss strictly below the best so far after which training stops; at least 1
    If training is never stopped, the last epoch is that of the last loss.

    >>> early_stop([5.0, 3.0, 4.0, 2.0, 2.0, 3.0, 1.0], patience=2)
    (5, 3)
    """
    ### BEGIN SOLUTION
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(losses) - 1, best
    ### END SOLUTION


# %% check="early_stop"
check(early_stop)

# %% [markdown]
# ## 8. How good has it become?
#
# Train on the first $n$ examples, measure the error on those, and the error on a test set that was *never looked at*:
# two curves over $n$. Their gap is what the model learned by heart.
#
# "Never looked at" is stricter than it sounds. Inputs are usually standardized, $(x - \text{mean}) / \text{std}$,
# column by column. The mean and the deviation are *learned* numbers: they come from the $n$ training examples alone,
# and the same two are then applied to the test examples. With training inputs 1 and 3 (mean 2, deviation 1) a test
# input of 6 becomes 4.


# %% exercise="learning_curve"
def learning_curve(
    fit, X: Tensor, y: Tensor, X_test: Tensor, y_test: Tensor, sizes: list[int]
) -> tuple[Tensor, Tensor]:
    """The mean squared errors (on the training examples, on the test examples), each of shape (len(sizes),).

    fit(inputs, targets) trains a model and returns a function: predict = fit(...), then predict(inputs) -> (example,)
    X: (example, feature), y: (example,): training data; for size n the first n examples are used and no others
    X_test, y_test: the test data; all of it is used for every size
    sizes: numbers of training examples, each at least 2

    For each size, standardize every feature by the mean and the standard deviation (division by n) of the n training
    examples, the test examples too.
    """
    ### BEGIN SOLUTION
    train_errors, test_errors = [], []
    for n in sizes:
        mean, std = X[:n].mean(dim=0), X[:n].std(dim=0, correction=0)  # (feature,)
        seen, unseen = (X[:n] - mean) / std, (X_test - mean) / std  # (n, feature), (test example, feature)
        predict = fit(seen, y[:n])
        train_errors.append(((predict(seen) - y[:n]) ** 2).mean())
        test_errors.append(((predict(unseen) - y_test) ** 2).mean())
    return torch.stack(train_errors), torch.stack(test_errors)
    ### END SOLUTION


# %% check="learning_curve"
check(learning_curve)

# %% [markdown]
# ## Your functions at work: a quarter of the labels is wrong
#
# Two interlocking half-moons, 100 points to train on and 400 for validation, a quarter of all labels flipped. The net
# has two layers of 64 hidden units, enough to learn wrong labels by heart. Every step below is yours: `minibatches`
# deals, `l2_gradient` and `dropout` restrain, `clip_grad_norm` holds, `adam` or `sgd_momentum` steps, and `early_stop`
# reads the curve.
#
# Before you move the switch, guess: in which of the five runs does the validation loss rise again, and which of them
# gains most from stopping early? (Who knew the true rule, and that a quarter of the labels is wrong, would pay
# $-0.75 \ln 0.75 - 0.25 \ln 0.25 = 0.56$ nats. A training loss below that is something learned by heart.)


# %%
def half_moons(n: int, wrong: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points (n, 2) on two interlocking half-circles, and their labels (n,), a share `wrong` of them flipped."""
    label = torch.arange(n) % 2
    angle = torch.rand(n, generator=generator) * torch.pi
    sign = 1 - 2 * label
    points = torch.stack([angle.cos() * sign + label, (angle.sin() - 0.25) * sign], dim=1)
    flipped = torch.rand(n, generator=generator) < wrong
    return points + 0.15 * torch.randn(n, 2, generator=generator), torch.where(flipped, 1 - label, label)


def scores(x: Tensor, params: list[tuple[Tensor, Tensor]], p: float, training: bool, generator) -> Tensor:
    """Scores (batch, class) of an MLP with dropout after every hidden layer."""
    for W, b in params[:-1]:
        x = dropout(torch.relu(x @ W.T + b), p, training, generator)
    W, b = params[-1]
    return x @ W.T + b


def train(epochs: int = 200, p: float = 0.0, strength: float = 0.0, optimizer: str = "adam"):
    """(training losses, validation losses, final weights) of a net trained with your functions; losses in nats."""
    g = torch.Generator().manual_seed(0)
    (X, y), (X_val, y_val) = half_moons(100, 0.25, g), half_moons(400, 0.25, g)
    sizes = [(2, 64), (64, 64), (64, 2)]
    flat = [t for i, o in sizes for t in (torch.randn(o, i, generator=g) * (2 / i) ** 0.5, torch.zeros(o))]
    state = [(torch.zeros_like(t), torch.zeros_like(t), 0) for t in flat]
    curves = ([], [])
    for _ in range(epochs):
        for inputs, target in minibatches(X, y, 20, g):
            leaves = [t.detach().requires_grad_() for t in flat]
            params = list(zip(leaves[::2], leaves[1::2], strict=True))
            F.cross_entropy(scores(inputs, params, p, True, g), target).backward()
            grads = l2_gradient([(W.grad, b.grad) for W, b in params], params, strength)
            clipped, _ = clip_grad_norm([t.detach() for pair in grads for t in pair], 5.0)
            for i, (leaf, grad) in enumerate(zip(leaves, clipped, strict=True)):
                if optimizer == "adam":
                    flat[i], state[i] = adam(leaf.detach(), grad, state[i], 0.02)
                else:
                    flat[i], velocity = sgd_momentum(leaf.detach(), grad, state[i][0], 0.05)
                    state[i] = (velocity, *state[i][1:])
        params = list(zip(flat[::2], flat[1::2], strict=True))
        for curve, (inputs, target) in zip(curves, ((X, y), (X_val, y_val)), strict=True):
            curve.append(float(F.cross_entropy(scores(inputs, params, p, False, g), target)))
    return (*curves, params)


# %%
if check.unlocked("sgd_momentum", "adam", "minibatches", "l2_gradient", "dropout", "clip_grad_norm", "early_stop"):
    import matplotlib.pyplot as plt

    from explorables import choice, explore

    torch.set_num_threads(1)  # a small net is fastest on one
    recipes = {
        "Adam, nothing else": {},
        "SGD with momentum": {"optimizer": "sgd"},
        "L2, strength 0.005": {"strength": 0.005},
        "dropout 0.5": {"p": 0.5},
        "L2 and dropout": {"strength": 0.005, "p": 0.5},
    }
    runs = {name: train(**options) for name, options in recipes.items()}

    def draw_run(recipe):
        """The losses of your net on half-moons with a quarter of wrong labels; recipe: {recipe}."""
        training, validation, params = runs[recipe]
        last, best = early_stop(validation, patience=15)
        figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
        left.plot(training, label="training")
        left.plot(validation, label="validation")
        left.axhline(0.56, color="gray", linewidth=0.8)
        left.axvline(best, color="gray", linestyle=":", label=f"kept: epoch {best}")
        left.axvline(last, color="gray", linestyle="--", label=f"stopped: epoch {last}")
        left.set(xlabel="epoch", ylabel="cross-entropy in nats", ylim=(0, 1.6))
        left.legend(fontsize=7)
        axes = torch.linspace(-1.8, 2.8, 60), torch.linspace(-1.5, 1.5, 60)
        logits = scores(torch.cartesian_prod(*axes), params, 0.0, False, None)
        right.contourf(*axes, logits.softmax(1)[:, 1].reshape(60, 60).T, levels=10, cmap="RdBu_r", alpha=0.6)
        X, y = half_moons(100, 0.25, torch.Generator().manual_seed(0))
        right.scatter(*X.T, c=y, cmap="RdBu_r", s=8, edgecolors="k", linewidths=0.3)
        right.set(title="the last epoch's belief", xlabel="$x_1$", ylabel="$x_2$")
        return figure

    caption = "Five ways to train the same net on the same data, with your functions."
    display(explore(draw_run, recipe=choice(list(runs)), caption=caption))

# %% [markdown]
# ## More examples
#
# The other cure is more data. Your `learning_curve` fits a polynomial of degree 7 to noisy points; its seven powers
# of $x$ have very different sizes, which is why the standardization is not a nicety here.

# %%
if check.unlocked("learning_curve"):
    import matplotlib.pyplot as plt

    g = torch.Generator().manual_seed(1)
    x, x_test = 2 * torch.rand(400, generator=g) - 1, 2 * torch.rand(400, generator=g) - 1
    powers, powers_test = (t[:, None] ** torch.arange(1, 8) for t in (x, x_test))  # (example, 7)
    y, y_test = (torch.sin(4 * t) + 0.3 * torch.randn(400, generator=g) for t in (x, x_test))

    def least_squares(inputs, targets):
        inputs, middle = inputs.double(), targets.double().mean()
        weights = torch.linalg.lstsq(inputs, (targets - middle)[:, None].double(), driver="gelsd").solution[:, 0]
        return lambda new: new.double() @ weights + middle

    sizes = [9, 12, 20, 30, 50, 100, 200, 400]
    train_error, test_error = learning_curve(least_squares, powers, y, powers_test, y_test, sizes)
    figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    ax.loglog(sizes, train_error, "o-", label="training")
    ax.loglog(sizes, test_error, "o-", label="test")
    ax.axhline(0.09, color="gray", linestyle=":", label="noise alone: 0.09")
    ax.set(xlabel="training examples", ylabel="mean squared error")
    ax.legend()
    display(figure)
    plt.close(figure)
