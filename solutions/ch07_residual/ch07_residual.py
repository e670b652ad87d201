# %% [markdown]
# # Residual networks: told to start from the identity
#
# A deeper net can do all that a shallow one can: let the layers that are too many copy their input. But can it *find*
# that? For a layer of weights and nonlinearities, copying is a lesson of its own, to be learned from examples. A
# **residual** layer has it built in: it passes its input on and learns only what to *add*.
#
# In this notebook you write that connection and what stands around it: the start at which a whole stack does nothing,
# the Jacobian that says what depth does to gradients, the two normalizations that keep numbers at their size, the two
# places where a Transformer puts them, and the shortcut where the shape changes. At the end your functions race plain
# stacks against residual ones at an easy task: give back nearly what came in.
#
# **How to work.** Each exercise is one cell. Read the text and the docstring, replace `raise NotImplementedError` by
# your code, run the cell, then run the check below it. The check tells you what differs and where;
# `check.hint(residual)` says more, one step at a time. Shapes are written with the names of their axes:
# `(batch, channel)`.

# %%
import torch
from IPython.display import display
from torch import Tensor

# %%
from autograder import Check

check = Check("ch07_residual")

# %% [markdown]
# ## 1. The connection
#
# The **branch** $f$ is whatever a block computes: two convolutions, an attention, a small fully connected net. The
# residual connection adds the input to it:
#
# $$y = x + f(x).$$
#
# With $x = (1, -2)$ and $f(x) = 10\,x$ the answer is $(11, -22)$. If $f$ gives zeros, the block gives back its input.
# The caller still needs $x$ afterwards, so leave it as it is.


# %% exercise="residual"
def residual(x: Tensor, f) -> Tensor:
    """The input plus what the branch makes of it, of the shape of x.

    x: a tensor of any shape; it stays as it is, and gradients flow back to it along both ways
    f: a function that gives a tensor of the shape of its input

    >>> residual(torch.tensor([1., -2.]), lambda x: 10 * x)
    tensor([ 11., -22.])
    """
    ### BEGIN SOLUTION
    return x + f(x)
    ### END SOLUTION


# %% check="residual"
check(residual)

# %% [markdown]
# ## 2. What the branch has to learn
#
# Say that the block as a whole should compute the map $M$. A plain block has to learn $M$ itself. In a residual block
# the input is there already, and the branch has to learn what is missing: a function $F$ with $x + F(x) = M(x)$.
#
# For $M(x) = 1.1\,x + 0.2$ and $x = 3$ the block should give $3.5$, of which $3$ is there: the branch owes $0.5$. For
# the identity, $M(x) = x$, the branch owes nothing at all, whatever $x$ is.


# %% exercise="residual_target"
def residual_target(m, x: Tensor) -> Tensor:
    """What the branch of a residual block should give on x, so that the block computes m; of the shape of x.

    m: the map that the block as a whole should compute; a function that keeps the shape
    x: a tensor of any shape

    >>> residual_target(lambda x: 1.5 * x + 1, torch.tensor([2., -4.]))
    tensor([ 2., -1.])
    """
    ### BEGIN SOLUTION
    return m(x) - x
    ### END SOLUTION


# %% check="residual_target"
check(residual_target)

# %% [markdown] think="both-maps"
# **Think!** Which target is the easier one for a residual block, $M(x) = x$ or $M(x) = 0$? And for a plain block?
#
# <details><summary>Answer</summary>
#
# A plain block gives 0 by setting its last weights to zero, and has to work for the identity. For a residual block it
# is the other way round: zero weights give the identity, and for $M(x) = 0$ the branch must learn $-x$. Neither is
# easier as such. The residual block bets that what a deep net wants of most of its layers is nearer to $x$ than to $0$.
#
# </details>

# %% [markdown]
# ## 3. A block that starts as the identity
#
# The branch is a small net, a list of layers `(W, b)` with a ReLU between them. With random weights it adds noise, and
# a hundred blocks add a hundred noises. So set the **last** layer of each branch to zero, weights and bias: then the
# block is exactly the identity. The layers before keep their random weights. They are needed: the gradient of the last
# layer's weights is made of what comes out of them, and if that were zero too, these weights would stay at zero.


# %% exercise="zero_init_last"
def zero_init_last(layers: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """The layers of a branch with the last one at zero, as a new list of pairs of the same shapes.

    layers: one pair (W, b) a layer, W (d_out, d_in) and b (d_out,), input first; list and tensors stay as they are

    >>> zero_init_last([(torch.ones(3, 2), torch.ones(3)), (torch.ones(2, 3), torch.ones(2))])[-1]
    (tensor([[0., 0., 0.],
            [0., 0., 0.]]), tensor([0., 0.]))
    """
    ### BEGIN SOLUTION
    W, b = layers[-1]
    return [*layers[:-1], (torch.zeros_like(W), torch.zeros_like(b))]
    ### END SOLUTION


# %% check="zero_init_last"
check(zero_init_last)

# %% [markdown]
# ## 4. What depth does to a gradient
#
# Near one input every layer is a matrix, its Jacobian $J_l$. By the chain rule, a stack of $L$ layers has the Jacobian
#
# $$\frac{\partial x_L}{\partial x_0} = J_L \, J_{L-1} \cdots J_1, \qquad
# \text{and with skips} \qquad (I + J_L)(I + J_{L-1}) \cdots (I + J_1).$$
#
# The first layer stands on the *right*: it is the first to act. For three layers of one number each with slope $0.5$
# the product is $0.5^3 = 0.125$; with skips it is $1.5^3 = 3.375$. Multiplied out, the second product is a sum over all
# $2^L$ ways to go through or past each layer, and one of them, past all, is the identity.


# %% exercise="gradient_product"
def gradient_product(jacobians: Tensor, skip: bool) -> Tensor:
    """The Jacobian of a stack of layers, (feature, feature).

    jacobians: (layer, feature, feature), that of each layer's branch, the layer next to the input first;
        row i, column j holds the derivative of output i with respect to input j
    skip: whether every layer adds its input to what its branch gives
    returns: of no layers, the identity

    >>> gradient_product(torch.full((3, 1, 1), 0.5), skip=True)
    tensor([[3.3750]])
    """
    ### BEGIN SOLUTION
    identity = torch.eye(jacobians.shape[-1], dtype=jacobians.dtype)
    product = identity
    for jacobian in jacobians:
        layer = identity + jacobian if skip else jacobian
        product = layer @ product  # (feature, feature): later layers act from the left
    return product
    ### END SOLUTION


# %% check="gradient_product"
check(gradient_product)

# %% [markdown]
# ## 5. Batch normalization
#
# Deep stacks need their numbers kept at one size. Batch normalization takes each channel over the **batch**: subtract
# its mean, divide by the root of its variance,
#
# $$y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad \sigma^2 = \frac{1}{B} \sum_b (x_b - \mu)^2 .$$
#
# At evaluation there may be one example only, and its answer must not depend on its neighbours. So training keeps
# running statistics: each moves by `momentum` of the way towards the batch's, and evaluation uses them in the place of
# the batch's. As in torch, the variance that is *kept* is the unbiased one, divided by $B - 1$.
#
# One channel with the values 1 and 3, running statistics 0 and 1, momentum 0.1: the mean is 2 and the variance 1, so
# $y = (-1, 1)$. The new running mean is $0.9 \cdot 0 + 0.1 \cdot 2 = 0.2$, the variance
# $0.9 \cdot 1 + 0.1 \cdot 2 = 1.1$.


# %% exercise="batch_norm"
def batch_norm(
    x: Tensor, stats: tuple[Tensor, Tensor], training: bool, momentum: float = 0.1, eps: float = 1e-5
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The normalized x, (batch, channel), and the running statistics afterwards.

    x: (batch, channel), at least two examples in training
    stats: running mean and running variance, (channel,) each; they stay as they are
    training: normalize by the batch and move the statistics, or normalize by `stats` and give them back unmoved
    momentum: the share of the batch in the new statistics, which carry no gradient (`.detach()`)

    >>> batch_norm(torch.tensor([[1.], [3.]]), (torch.zeros(1), torch.ones(1)), training=True)
    (tensor([[-1.0000],
            [ 1.0000]]), (tensor([0.2000]), tensor([1.1000])))
    """
    ### BEGIN SOLUTION
    mean, variance = stats
    if training:
        mean = x.mean(dim=0)  # (channel,)
        variance = (x - mean).square().mean(dim=0)  # (channel,)
        unbiased = variance * len(x) / (len(x) - 1)
        kept = zip(stats, (mean, unbiased), strict=True)
        stats = tuple(((1 - momentum) * old + momentum * new).detach() for old, new in kept)
    return (x - mean) / torch.sqrt(variance + eps), stats
    ### END SOLUTION


# %% check="batch_norm"
check(batch_norm)

# %% [markdown]
# ## 6. Layer normalization
#
# Layer normalization turns the same formula by a quarter: each vector is normalized over **its own** numbers, and knows
# neither batch nor statistics. After it every number of the vector gets a gain and a bias that are learned:
#
# $$y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \cdot \text{gain} + \text{bias}, \qquad
# \mu, \sigma^2 \text{ over the last axis.}$$
#
# The variance is divided by the number of features $d$, not by $d - 1$. For $x = (1, 3)$, gain $(1, 2)$, bias
# $(0, 10)$ and $\epsilon = 0$ the answer is $(-1, 12)$.


# %% exercise="layer_norm"
def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """Every vector of x with mean 0 and variance 1, times the gain, plus the bias; of the shape of x.

    x: (..., feature). gain, bias: (feature,). eps: stands inside the root

    >>> layer_norm(torch.tensor([[1., 3.]]), torch.tensor([1., 2.]), torch.tensor([0., 10.]))
    tensor([[-1.0000, 12.0000]])
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)  # (..., 1)
    return centred / torch.sqrt(variance + eps) * gain + bias
    ### END SOLUTION


# %% check="layer_norm"
check(layer_norm)

# %% [markdown]
# ## 7. Before or after?
#
# Two places are in use. The Transformer of 2017 normalizes **after** the addition, most of today's normalize **before**
# the branch:
#
# $$\text{post: } y = \operatorname{norm}\bigl(x + f(x)\bigr) \qquad
# \text{pre: } y = x + f\bigl(\operatorname{norm}(x)\bigr) .$$
#
# In the second, nothing stands in the way of $x$ from the first layer to the last. In the first, every block rescales
# it. With $x = (1, 3)$, a branch that gives zeros, gain 1 and bias 0, the pre-norm block gives $(1, 3)$ and the
# post-norm block $(-1, 1)$: it is not the identity, however it starts. Use your `layer_norm`.


# %% exercise="pre_norm_block"
def pre_norm_block(x: Tensor, f, gain: Tensor, bias: Tensor) -> Tensor:
    """A residual block that normalizes what goes into its branch; of the shape of x.

    x: (..., d_model). f: the branch, keeps the shape. gain, bias: (d_model,), of the layer normalization

    >>> pre_norm_block(torch.tensor([[1., 3.]]), lambda h: 2 * h, torch.ones(2), torch.zeros(2))
    tensor([[-1.0000,  5.0000]])
    """
    ### BEGIN SOLUTION
    return x + f(layer_norm(x, gain, bias))
    ### END SOLUTION


# %% check="pre_norm_block"
check(pre_norm_block)


# %% exercise="post_norm_block"
def post_norm_block(x: Tensor, f, gain: Tensor, bias: Tensor) -> Tensor:
    """A residual block that normalizes its sum; of the shape of x.

    x: (..., d_model). f: the branch, keeps the shape. gain, bias: (d_model,), of the layer normalization

    >>> post_norm_block(torch.tensor([[1., 3.]]), lambda h: 2 * h, torch.ones(2), torch.zeros(2))
    tensor([[-1.0000,  1.0000]])
    """
    ### BEGIN SOLUTION
    return layer_norm(x + f(x), gain, bias)
    ### END SOLUTION


# %% check="post_norm_block"
check(post_norm_block)

# %% [markdown]
# ## 8. Where the shape changes
#
# A convolutional net halves its width now and then, and takes more channels. There $x$ and $f(x)$ do not fit. The
# **projection shortcut** brings $x$ to the new shape in the cheapest way: it keeps every `stride`-th place, beginning
# with the first, and mixes the channels of each by one matrix, the same at every place (a convolution of kernel 1):
#
# $$y_{n,o,i} = \sum_c W_{o,c} \, x_{n,c,\,s \cdot i} + f(x)_{n,o,i} .$$
#
# With one channel $x = (1, 2, 3)$, $W = 10$, stride 2 and $f(x) = (0.5, 0.5)$, the answer is $(10.5, 30.5)$.


# %% exercise="projection_shortcut"
def projection_shortcut(x: Tensor, f, W: Tensor, stride: int) -> Tensor:
    """A residual block that changes the shape, (batch, out_channel, out_width).

    x: (batch, in_channel, width)
    f: the branch, from x to (batch, out_channel, out_width), where out_width is width / stride, rounded up
    W: (out_channel, in_channel). stride: 1 or more

    >>> projection_shortcut(torch.tensor([[[1., 2., 3.]]]), lambda x: 0.5, torch.tensor([[10.]]), stride=2)
    tensor([[[10.5000, 30.5000]]])
    """
    ### BEGIN SOLUTION
    kept = x[:, :, ::stride]  # (batch, in_channel, out_width)
    return W @ kept + f(x)  # (out_channel, in_channel) @ (batch, in_channel, out_width)
    ### END SOLUTION


# %% check="projection_shortcut"
check(projection_shortcut)

# %% [markdown]
# ## Your functions at work: give back nearly what came in
#
# A stack of blocks, each with two layers and a ReLU between, gets vectors of 16 numbers and should return them almost
# unchanged: $M(x) = x + 0.3\,|x|$, number by number. Three stacks compete: plain, with your `residual`, and with your
# `residual` and your `zero_init_last`. All begin with the same random weights.

# %%
WIDTH = 16


def branch(x: Tensor, layers: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Layers with a ReLU between, (batch, WIDTH) to (batch, WIDTH)."""
    for W, b in layers[:-1]:
        x = torch.relu(x @ W.T + b)
    W, b = layers[-1]
    return x @ W.T + b


def stack(x: Tensor, blocks: list, skip: bool) -> Tensor:
    """All blocks in turn, with or without your residual connection."""
    for layers in blocks:
        x = residual(x, lambda h, layers=layers: branch(h, layers)) if skip else branch(x, layers)
    return x


def wanted(x: Tensor) -> Tensor:
    """M(x): nearly the identity."""
    return x + 0.3 * x.abs()


def fit(kind: str, depth: int, steps: int = 120) -> list[float]:
    """The mean squared error on fresh vectors after every step of Adam."""
    generator = torch.Generator().manual_seed(depth)
    variances = (2 / WIDTH, 1 / WIDTH)  # before a ReLU and not before one: the branch keeps the size of its input
    blocks = [
        [(torch.randn(WIDTH, WIDTH, generator=generator) * v**0.5, torch.zeros(WIDTH)) for v in variances]
        for _ in range(depth)
    ]
    if kind == "residual, last layers at zero":
        blocks = [zero_init_last(layers) for layers in blocks]
    params = [p.requires_grad_() for layers in blocks for pair in layers for p in pair]
    optimizer = torch.optim.Adam(params, lr=3e-3)
    errors = []
    for _ in range(steps):
        x = torch.randn(128, WIDTH, generator=generator)
        error = (stack(x, blocks, kind != "plain") - wanted(x)).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    return errors


# %%
if check.unlocked("residual", "residual_target", "zero_init_last"):
    import matplotlib.pyplot as plt

    from explorables import explore

    kinds = ("plain", "residual", "residual, last layers at zero")
    races = {depth: {kind: fit(kind, depth) for kind in kinds} for depth in (1, 2, 4, 8, 16)}

    x = torch.randn(10_000, WIDTH, generator=torch.Generator().manual_seed(0))
    print(f"The target of a whole block has variance {wanted(x).var():.3f},", end=" ")
    print(f"that of its branch {residual_target(wanted, x).var():.3f}.")

    def race(depth):
        """Error of three stacks of {depth} blocks that learn to give back nearly what came in."""
        figure, axes = plt.subplots(figsize=(5, 3.2))
        for kind, errors in races[depth].items():
            axes.plot(errors, label=kind)
        axes.set(xlabel="step", ylabel="mean squared error", yscale="log", ylim=(1e-3, 1e5))
        axes.legend()
        return figure

    display(explore(race, depth=list(races), caption="The third stack starts where the others would like to end."))

# %% [markdown]
# The residual stack with random branches starts far off when it is deep: every block doubles the variance of what it
# gets, so that sixteen blocks multiply it by about 65,000. The skip alone does not make a good start. The skip *and* a
# branch that starts at zero do. In deep nets of today one of two things takes care of it: a small start, or a
# normalization. Your `gradient_product` shows the same from the other side, without any training, at depth 1, 4, 16
# and 64:

# %%
if check.unlocked("gradient_product"):
    generator = torch.Generator().manual_seed(0)
    scales = {"plain, branches of size 0.9": (0.9, False), "skips, branches of size 0.9": (0.9, True)}
    scales["skips, branches of size 0.1"] = (0.1, True)
    noise = torch.randn(64, 24, 24, generator=generator) / 24**0.5  # a product of these neither grows nor shrinks much
    for name, (size, skip) in scales.items():
        norms = [gradient_product(size * noise[:depth], skip).norm().item() / 24**0.5 for depth in (1, 4, 16, 64)]
        print(f"{name:28}" + "".join(f"{norm:12.2g}" for norm in norms))
