# %% [markdown]
# # Recurrence: told about order, one step at a time
#
# A convolution is told that near things belong together. It sees as far as its kernels reach, and no farther. Here is
# another way to be told about order: read the sequence from its first element to its last, and keep a **state**, a
# list of numbers that holds whatever is worth keeping of all that was read. The same weights are used at every step,
# so that a sequence may have any length; and the state at the end can depend on every input, however far back.
#
# You write the step, the loop over time, and the gradients that flow back through it. Then you measure how much of a
# gradient arrives from far away, and build a step with gates that lets more of it through. Last comes the rival, a
# convolution that never looks ahead, and the two counts by which such layers are compared: how many steps must wait
# for one another, and how long the way is from the first input to the last output. When everything passes, your own
# functions learn to remember.
#
# Shapes are written with the names of their axes: `(batch, time, feature)`. Each exercise is one cell: replace
# `raise NotImplementedError`, run the cell, run the check below it. `check.hint(rnn_step)` says more, one step at a
# time.

# %%
import math

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor

# %%
from autograder import Check

check = Check("ch05_recurrence")

# %% [markdown]
# ## 1. One step
#
# The step reads one input and the state before it, and gives the state after it:
#
# $$h_t = \tanh\bigl(W_x\, x_t + W_h\, h_{t-1} + b\bigr)$$
#
# `W_x (hidden, feature)` says what an input does to the state, and `W_h (hidden, hidden)` what becomes of the old
# state. The $\tanh$ keeps every number of the state between $-1$ and $1$, however many steps follow. As everywhere in
# this course a weight has one *row* for each output, so that a batch `x (batch, feature)` meets it as `x @ W_x.T`.
#
# With one feature and one hidden number, $x = 2$, $h = 0.5$, $W_x = 0.3$, $W_h = -1$, $b = 0$: the sum is
# $0.6 - 0.5 = 0.1$, and the new state is $\tanh 0.1 = 0.0997$.


# %% exercise="rnn_step"
def rnn_step(x: Tensor, h: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """The state after one step: tanh(W_x x + W_h h + b) for every example of the batch.

    x: (batch, feature), the input of this step
    h: (batch, hidden), the state before it
    W_x: (hidden, feature)
    W_h: (hidden, hidden), one row for each number of the new state
    b: (hidden,)
    returns: (batch, hidden)

    >>> one = torch.ones(1, 1)
    >>> rnn_step(2 * one, 0.5 * one, 0.3 * one, -one, torch.zeros(1))
    tensor([[0.0997]])
    """
    ### BEGIN SOLUTION
    return torch.tanh(x @ W_x.T + h @ W_h.T + b)  # (batch, hidden)
    ### END SOLUTION


# %% check="rnn_step"
check(rnn_step)

# %% [markdown]
# ## 2. All steps
#
# Take the steps one after another, each with the state that the step before has left, and keep every state on the way:
#
# $$h_0 \;\xrightarrow{\;x_1\;}\; h_1 \;\xrightarrow{\;x_2\;}\; h_2 \;\xrightarrow{\;x_3\;}\; \dots
# \;\xrightarrow{\;x_n\;}\; h_n$$
#
# The result holds $h_1, \dots, h_n$; the initial state $h_0$ is given and not part of it. Note what the arrows say:
# $h_3$ cannot be begun before $h_2$ is there. No number of processors changes that.
#
# **Write the loop as `for x_t in x.unbind(1)`**, not with `x[:, t]`. Each `x[:, t]` becomes an operation of its own for
# the gradient, and its backward pass fills a tensor of zeros as large as the whole of `x`: $n$ steps, each of size $n$.
# At 2,048 steps that was 2,046 ms in one of our trials, against 177 ms with `unbind`.


# %% exercise="rnn_forward"
def rnn_forward(x: Tensor, h0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """The states after every step of a sequence, each step as rnn_step takes it.

    x: (batch, time, feature), read from the first time to the last
    h0: (batch, hidden), the state before the first step
    W_x: (hidden, feature)
    W_h: (hidden, hidden)
    b: (hidden,)
    returns: (batch, time, hidden), the states h_1 to h_n

    >>> one = torch.ones(1, 1)
    >>> rnn_forward(torch.tensor([[[2.], [0.]]]), 0.5 * one, 0.3 * one, -one, torch.zeros(1)).flatten()
    tensor([ 0.0997, -0.0993])
    """
    ### BEGIN SOLUTION
    h, states = h0, []
    for x_t in x.unbind(1):  # (batch, feature)
        h = rnn_step(x_t, h, W_x, W_h, b)  # (batch, hidden)
        states.append(h)
    return torch.stack(states, dim=1)  # (batch, time, hidden)
    ### END SOLUTION


# %% check="rnn_forward"
check(rnn_forward)

# %% [markdown] think="any-length"
# **Think!** How many parameters has this layer for sequences of 10 steps, and how many for sequences of 10,000? A fully
# connected layer from all inputs to all states?
#
# <details><summary>Answer</summary>
#
# The same number both times: $m\,(d + m + 1)$ for $d$ features and $m$ hidden numbers. The weights are shared over
# time, as a convolution shares them over place. The fully connected layer has about $n^2\, d\, m$, and for one length
# only.
#
# </details>

# %% [markdown]
# ## 3. Back through time
#
# Autograd can do what follows. Do it once by hand, for two reasons: it is short, and it shows where gradients die.
#
# Let $g_t$ be the gradient of the loss with respect to $h_t$ *as an output*, one for every step. But $h_t$ is used a
# second time, by step $t + 1$, and from there another gradient comes back, $c_t$ ("carried"). At the last step nothing
# comes back: $c_n = 0$. Walk from $t = n$ down to $t = 1$:
#
# $$\delta_t = (g_t + c_t) \odot (1 - h_t^2), \qquad c_{t-1} = W_h^\top\, \delta_t .$$
#
# The factor $1 - h_t^2$ is the slope of $\tanh$, written with its output. Every step used the same weights, so every
# step adds its part:
#
# $$\frac{\partial \mathcal{L}}{\partial W_x} = \sum_t \delta_t\, x_t^\top, \qquad
# \frac{\partial \mathcal{L}}{\partial W_h} = \sum_t \delta_t\, h_{t-1}^\top, \qquad
# \frac{\partial \mathcal{L}}{\partial b} = \sum_t \delta_t, \qquad
# \frac{\partial \mathcal{L}}{\partial h_0} = c_0 .$$
#
# With a batch, sum over it as well: $\delta_t$ is `(batch, hidden)`, and `delta.T @ x_t` sums over the batch by itself.
#
# *Example.* One feature, one hidden number, two steps, $W_h = 2$, $x = (1, 3)$, $h_0 = 0$, $h = (0.5, 0)$, and
# $g = (0, 1)$. Step 2: $\delta_2 = 1 \cdot (1 - 0) = 1$, and $c_1 = 2$ goes back. Step 1:
# $\delta_1 = 2 \cdot (1 - 0.25) = 1.5$. So $\partial \mathcal{L} / \partial W_x = 1 \cdot 3 + 1.5 \cdot 1 = 4.5$.


# %% exercise="bptt"
def bptt(grad: Tensor, x: Tensor, h0: Tensor, h: Tensor, W_h: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the loss with respect to W_x, W_h, b and h0, by backpropagation through time.

    grad: (batch, time, hidden), the gradient of the loss with respect to every state as an output
    x: (batch, time, feature), the inputs
    h0: (batch, hidden), the state before the first step
    h: (batch, time, hidden), what rnn_forward gave
    W_h: (hidden, hidden)
    returns: the gradients (hidden, feature), (hidden, hidden), (hidden,) and (batch, hidden), in this order

    Write the sums yourself, without autograd.

    >>> grad, x, h = (torch.tensor(values).reshape(1, 2, 1) for values in ([0., 1.], [1., 3.], [0.5, 0.]))
    >>> bptt(grad, x, torch.zeros(1, 1), h, torch.tensor([[2.]]))[0]
    tensor([[4.5000]])
    """
    ### BEGIN SOLUTION
    before = torch.cat([h0[:, None], h[:, :-1]], dim=1)  # (batch, time, hidden)
    carried, deltas = torch.zeros_like(h0), []
    for g_t, h_t in zip(reversed(grad.unbind(1)), reversed(h.unbind(1)), strict=True):
        delta = (g_t + carried) * (1 - h_t**2)  # (batch, hidden)
        carried = delta @ W_h  # (batch, hidden)
        deltas.insert(0, delta)
    delta = torch.stack(deltas, dim=1)  # (batch, time, hidden)
    dW_x = torch.einsum("btm,btf->mf", delta, x)
    dW_h = torch.einsum("btm,btk->mk", delta, before)
    return dW_x, dW_h, delta.sum(dim=(0, 1)), carried
    ### END SOLUTION


# %% check="bptt"
check(bptt)

# %% [markdown] think="product-of-matrices"
# **Think!** Follow the gradient from the last state to a state $k$ steps earlier. How often is it multiplied by
# $W_h^\top$? Say what becomes of it when $W_h$ is 0.9 times a rotation, and when it is 1.1 times one; leave the $\tanh$
# aside.
#
# <details><summary>Answer</summary>
#
# Once for every step: $k$ times. A rotation keeps lengths, so the length of the gradient is multiplied by $0.9^k$ or
# by $1.1^k$. After 100 steps that is $3 \cdot 10^{-5}$ or $10^4$. The slope of the $\tanh$, which is at most 1, can
# only make it smaller.
#
# </details>

# %% [markdown]
# ## 4. How much arrives from far away?
#
# The last output of a layer is $y_n$, and the input $k$ steps before it is $x_{n-k}$; $k$ is the **lag**. How much can
# this output still learn from that input? Measure the matrix of all their derivatives, by its length (the root of the
# sum of all squares, the Frobenius norm):
#
# $$r_k = \left\lVert \frac{\partial y_n}{\partial x_{n-k}} \right\rVert
# = \sqrt{\sum_i \sum_j \left(\frac{\partial y_{n,i}}{\partial x_{n-k,\,j}}\right)^2}$$
#
# Here autograd does the work: `torch.autograd.grad(y[-1, i], x, retain_graph=True)` gives the derivatives of one
# number of the last output with respect to *all* inputs, in the shape of `x`. The function `f` can be any layer, so
# that the same ruler measures recurrence, convolution and attention.
#
# *Example.* If $f$ adds up: $y_t = x_1 + \dots + x_t$, with two features, then $\partial y_n / \partial x_{n-k}$ is the
# identity matrix of size 2 at every lag, and $r_k = \sqrt 2$ throughout.


# %% exercise="gradient_norm_by_lag"
def gradient_norm_by_lag(f, x: Tensor) -> Tensor:
    """The Frobenius norm of the derivatives of the last output with respect to the input k steps earlier, for every k.

    f: a function from (time, feature) to (time, hidden), made of torch operations
    x: (time, feature), where the derivatives are taken; leave it as it is
    returns: (time,), lag 0 (the last input) first

    >>> gradient_norm_by_lag(lambda x: x.cumsum(0), torch.zeros(3, 2))
    tensor([1.4142, 1.4142, 1.4142])
    """
    ### BEGIN SOLUTION
    x = x.detach().requires_grad_()
    last = f(x)[-1]  # (hidden,)
    rows = [torch.autograd.grad(number, x, retain_graph=True)[0] for number in last]
    jacobian = torch.stack(rows)  # (hidden, time, feature)
    return jacobian.square().sum(dim=(0, 2)).sqrt().flip(0)  # (time,)
    ### END SOLUTION


# %% check="gradient_norm_by_lag"
check(gradient_norm_by_lag)

# %% [markdown]
# ## 5. A step with gates
#
# The plain step rewrites its whole state every time. The **gated recurrent unit** (GRU) decides, for every number of
# the state, how much of it to keep. A gate is a number between 0 and 1, computed from the input and the state:
#
# $$\begin{aligned}
# r &= \sigma(W_{xr}\, x + b_{xr} + W_{hr}\, h + b_{hr}) && \text{the reset gate} \\
# z &= \sigma(W_{xz}\, x + b_{xz} + W_{hz}\, h + b_{hz}) && \text{the update gate} \\
# \tilde h &= \tanh\bigl(W_{xn}\, x + b_{xn} + r \odot (W_{hn}\, h + b_{hn})\bigr) && \text{the proposal} \\
# h' &= (1 - z) \odot \tilde h + z \odot h
# \end{aligned}$$
#
# Look at the last line. Where $z$ is 1 the old number is *kept*, exactly: no matrix, no $\tanh$, and a gradient that
# goes back through it unchanged. That is what the gate buys.
#
# The three weights of a kind lie in one tensor, as in torch: `W_x (3 hidden, feature)` holds the rows of reset, update
# and proposal, in this order. Two conventions are about, and both in print: some papers swap the roles of $z$ and
# $1 - z$, and the first GRU multiplied $h$ by $r$ *before* the matrix. We follow torch.
#
# *Example.* All weights and biases 0: the gates are $\sigma(0) = 0.5$, the proposal is 0, and $h' = 0.5\, h$.


# %% exercise="gru_step"
def gru_step(x: Tensor, h: Tensor, W_x: Tensor, W_h: Tensor, b_x: Tensor, b_h: Tensor) -> Tensor:
    """The state after one step of a gated recurrent unit.

    r = sigmoid(reset part), z = sigmoid(update part), n = tanh(W_xn x + b_xn + r * (W_hn h + b_hn))
    h' = (1 - z) * n + z * h

    x: (batch, feature)
    h: (batch, hidden), the state before the step
    W_x: (3 hidden, feature), the rows of reset, update and proposal, in this order
    W_h: (3 hidden, hidden), likewise
    b_x, b_h: (3 hidden,), likewise
    returns: (batch, hidden)

    torch's own GRU is not allowed here.

    >>> x, h = torch.ones(1, 2), torch.tensor([[4., -2.]])
    >>> gru_step(x, h, torch.zeros(6, 2), torch.zeros(6, 2), torch.zeros(6), torch.zeros(6))
    tensor([[ 2., -1.]])
    """
    ### BEGIN SOLUTION
    reset_x, update_x, new_x = (x @ W_x.T + b_x).chunk(3, dim=1)  # (batch, hidden) each
    reset_h, update_h, new_h = (h @ W_h.T + b_h).chunk(3, dim=1)  # (batch, hidden) each
    reset = torch.sigmoid(reset_x + reset_h)
    update = torch.sigmoid(update_x + update_h)
    new = torch.tanh(new_x + reset * new_h)
    return (1 - update) * new + update * h  # (batch, hidden)
    ### END SOLUTION


# %% check="gru_step"
check(gru_step)

# %% [markdown]
# ## 6. The rival: a convolution that does not look ahead
#
# A convolution along time computes all its outputs at once. To predict what comes next it must not see what comes
# next: output $t$ may read inputs up to $t$ only. Such a convolution is **causal**:
#
# $$y_t = b + \sum_{j=0}^{k-1} w_j\; x_{t - r\,(k - 1 - j)}$$
#
# The last weight lies on the present, the others reach into the past, $r$ (the dilation) steps apart; before the first
# input there are zeros. The kernel is not flipped. As in every convolution a weight joins channels: `w (out_channel,
# in_channel, kernel_width)`.
#
# `F.conv1d(x, w, b, dilation=r)` may be used: you wrote it in chapter 3. What is asked here is where the zeros go and
# how many, so that there are as many outputs as inputs and none of them sees the future.
#
# *Example.* One channel, $w = (10, 1)$, dilation 1, $x = (1, 2, 3)$: $y = (1,\; 10 + 2,\; 20 + 3) = (1, 12, 23)$.


# %% exercise="causal_conv1d"
def causal_conv1d(x: Tensor, w: Tensor, b: Tensor, dilation: int = 1) -> Tensor:
    """The convolution along time in which output t reads inputs t, t - dilation, t - 2 dilation, … and none later.

    y[n, o, t] = b[o] + sum over c, j of w[o, c, j] * x[n, c, t - dilation * (kernel_width - 1 - j)]
    where n counts the batch, and x is 0 before its first time.

    x: (batch, in_channel, time)
    w: (out_channel, in_channel, kernel_width)
    b: (out_channel,)
    dilation: steps from one weight to the next
    returns: (batch, out_channel, time), as many times as x has

    >>> causal_conv1d(torch.tensor([[[1., 2., 3.]]]), torch.tensor([[[10., 1.]]]), torch.zeros(1))
    tensor([[[ 1., 12., 23.]]])
    """
    ### BEGIN SOLUTION
    past = dilation * (w.shape[2] - 1)
    return F.conv1d(F.pad(x, (past, 0)), w, b, dilation=dilation)  # (batch, out_channel, time)
    ### END SOLUTION


# %% check="causal_conv1d"
check(causal_conv1d)

# %% [markdown]
# ## 7. How many steps must wait for one another?
#
# Two layers can cost the same arithmetic and take very different times, because what does not wait for one another can
# be done at once. So write down who reads whom. A layer becomes a table: each value that is computed, and the values
# it reads. A recurrent layer of 3 steps:
#
# ```python
# {"h1": ["x1"], "h2": ["x2", "h1"], "h3": ["x3", "h2"]}
# ```
#
# What has no line of its own (`x1`, `x2`, `x3`) is an input: there from the start. Every line is one operation; it can
# be done one moment after the last of its sources is there. Here `h1` is there after 1 moment, `h2` after 2, `h3` after
# 3. However many processors you have, the layer takes 3 **sequential operations**. Causal convolution with a kernel of
# 2, on the other hand, is all there after 1:
#
# ```python
# {"y1": ["x1"], "y2": ["x1", "x2"], "y3": ["x2", "x3"]}
# ```


# %% exercise="sequential_operations"
def sequential_operations(reads: dict[str, list[str]]) -> int:
    """The least number of moments in which everything can be computed, when all that does not wait is done at once.

    reads: for each value that is computed, the values that it reads. A value stands after all that it reads. Names
        without an entry of their own are inputs and take no time. A value that reads nothing still takes one moment.
        The dictionary belongs to the caller: leave it as it is.
    returns: a whole number (int); 0 when nothing is computed

    >>> sequential_operations({"h1": ["x1"], "h2": ["x2", "h1"], "h3": ["x3", "h2"]})
    3
    >>> sequential_operations({"y1": ["x1"], "y2": ["x1", "x2"], "y3": ["x2", "x3"]})
    1
    """
    ### BEGIN SOLUTION
    moment: dict[str, int] = {}
    for value, sources in reads.items():
        moment[value] = 1 + max((moment.get(source, 0) for source in sources), default=0)
    return max(moment.values(), default=0)
    ### END SOLUTION


# %% check="sequential_operations"
check(sequential_operations)

# %% [markdown]
# ## 8. How long is the way?
#
# The other count. A signal goes from the *first* of $n$ inputs to the *last* output. How many operations does it pass
# on its shortest way? Every one of them can lose it. Stack as many layers as it takes.
#
# - **recurrence**: one layer. The signal enters the first state and goes through every state after it.
# - **convolution**: causal, kernel of $k$ weights, dilation 1. A layer takes the signal at most $k - 1$ places on.
# - **dilated**: causal, kernel of $k$ weights; the dilation is 1 in the first layer, $k$ in the second, $k^2$ in the
#   third, and so on. After $L$ layers an output sees $k^L$ inputs, itself included.
# - **attention**: one layer. Every output reads every input directly; that is the subject of the next chapter.
#
# With $n = 10$ and $k = 3$: the recurrence passes 10 operations. The convolution has 9 places to go, at most 2 a layer:
# 5 layers. Dilated layers see 3, 9, 27 inputs: 3 layers reach 10. Attention: 1.
#
# At least one operation stands between any input and an output, even for $n = 1$. Mind whole numbers:
# `math.log(125, 5)` is 3.0000000000000004.


# %% exercise="path_length"
def path_length(kind: str, n: int, k: int = 3) -> int:
    """How many operations lie on the shortest way from the first of n inputs to the last of n outputs.

    kind: "recurrence", "convolution", "dilated" or "attention", as described above
    n: length of the sequence, 1 or more
    k: number of weights of the convolutions' kernel, 2 or more; the other kinds do not use it
    returns: a whole number (int)

    >>> [path_length(kind, 10, 3) for kind in ("recurrence", "convolution", "dilated", "attention")]
    [10, 5, 3, 1]
    """
    ### BEGIN SOLUTION
    if kind == "recurrence":
        return n
    if kind == "convolution":
        return max(1, math.ceil((n - 1) / (k - 1)))
    layers, seen = 1, k
    while kind == "dilated" and seen < n:
        layers, seen = layers + 1, seen * k
    return layers
    ### END SOLUTION


# %% check="path_length"
check(path_length)

# %% [markdown]
# ## Your functions at work
#
# First the counts, taken from real layers. The cell below writes down who reads whom, and your
# `sequential_operations` counts.


# %%
def layer_reads(kind: str, n: int, k: int = 3, layer: int = 1) -> dict[str, list[str]]:
    """Who reads whom in one layer: value (layer, time) reads values (layer - 1, …), and itself one step earlier."""
    past = {"recurrence": 1, "convolution": k, "attention": n}[kind]
    reads = {}
    for t in range(1, n + 1):
        sources = [f"{layer - 1}.{s}" for s in range(max(1, t - past + 1), t + 1)]
        if kind == "recurrence" and t > 1:
            sources.append(f"{layer}.{t - 1}")
        reads[f"{layer}.{t}"] = sources
    return reads


if check.unlocked("sequential_operations", "path_length"):
    print(f"{'n':>6}{'':4}sequential operations of one layer, and of four   the shortest way")
    for n in (4, 16, 64):
        for kind in ("recurrence", "convolution", "attention"):
            one = layer_reads(kind, n)
            four = {value: sources for i in (1, 2, 3, 4) for value, sources in layer_reads(kind, n, layer=i).items()}
            counts = sequential_operations(one), sequential_operations(four)
            print(f"{n:6}    {kind:12}{counts[0]:6}{counts[1]:8}{path_length(kind, n, 3):35}")

# %% [markdown] think="four-layers"
# **Think!** Four recurrent layers on $n$ inputs have $4n$ operations that each wait for another. Yet your count says
# $n + 3$, not $4n$. What is done at the same time?
#
# <details><summary>Answer</summary>
#
# Layer 2 need not wait for the end of layer 1: it can take step $t$ as soon as layer 1 has. While layer 1 is at step 4,
# layer 2 is at step 3, layer 3 at step 2 and layer 4 at step 1, a wave that runs through the table. Depth costs little
# in a recurrent net; length is what it has to wait for.
#
# </details>

# %% [markdown]
# Now the ruler of exercise 4. The largest absolute eigenvalue of $W_h$, its **spectral radius**, says what becomes of a
# small state that is multiplied by $W_h$ again and again. Move it, and watch how much of a gradient arrives.


# %%
def scaled_to(W: Tensor, radius: float) -> Tensor:
    """W times a factor, so that its largest absolute eigenvalue is `radius`."""
    return W * (radius / torch.linalg.eigvals(W).abs().max())


def draw_arrival(radius):
    """What arrives at the last state of a plain recurrent layer with spectral radius {radius}, by lag."""
    import matplotlib.pyplot as plt

    generator = torch.Generator().manual_seed(1)
    W_x, W_h = torch.randn(16, 3, generator=generator), torch.randn(16, 16, generator=generator)
    x = 0.1 * torch.randn(40, 3, generator=generator)

    def layer(x):
        return rnn_forward(x[None], torch.zeros(1, 16), 0.3 * W_x, scaled_to(W_h, radius), torch.zeros(16))[0]

    norms = gradient_norm_by_lag(layer, x).clamp(min=1e-8)
    figure, axes = plt.subplots(figsize=(5.2, 3.2))
    axes.semilogy(range(len(norms)), norms, marker="o", markersize=3)
    axes.set(xlabel="lag (steps)", ylabel="gradient norm", ylim=(1e-8, 1e3))
    axes.set_title(f"spectral radius {radius:g}")
    return figure


# %%
if check.unlocked("rnn_forward", "gradient_norm_by_lag"):
    from explorables import explore, steps

    demo = explore(
        draw_arrival,
        radius=steps([0.5, 0.7, 0.9, 1.0, 1.1, 1.3], start=0.9),
        caption="Derivatives of the last state with respect to the input so many steps earlier, in your rnn_forward.",
        try_this="At which radius does the curve stay level? What keeps it from growing for ever at 1.3?",
    )
    display(demo)

# %% [markdown]
# Last, remembering. A sequence begins with one of four symbols; then others come that do not matter; at the end the
# net shall say which symbol came first. Your `rnn_forward` and your `bptt` train the plain net, with no other gradient
# than yours, and with two spectral radii to begin with: 1, and 0.6, which is about what torch's own layer begins with.
# The gated net uses your `gru_step`, and autograd.

# %%
SYMBOLS, HIDDEN = 4, 24


def recall_batch(gap: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """64 sequences (batch, gap + 1, feature), a symbol and `gap` others of four other kinds; and the first (batch,)."""
    target = torch.randint(SYMBOLS, (64,), generator=generator)
    symbols = torch.randint(SYMBOLS, 2 * SYMBOLS, (64, gap + 1), generator=generator)
    symbols[:, 0] = target
    return F.one_hot(symbols, 2 * SYMBOLS).float(), target


class Adam:
    """Adam (chapter 2) for a list of tensors that are changed in place."""

    def __init__(self, params: list[Tensor], rate: float = 0.005) -> None:
        self.params, self.rate, self.t = params, rate, 0
        self.means = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]

    @torch.no_grad()
    def step(self, grads: list[Tensor]) -> None:
        """One step along gradients of the parameters, in their order."""
        self.t += 1
        for p, g, (m, v) in zip(self.params, grads, self.means, strict=True):
            m.lerp_(g, 0.1)
            v.lerp_(g * g, 0.001)
            p -= self.rate * (m / (1 - 0.9**self.t)) / ((v / (1 - 0.999**self.t)).sqrt() + 1e-8)


def train_plain(gap: int, radius: float, updates: int = 250) -> float:
    """The share of symbols that a plain recurrent net recalls, trained by your bptt from a W_h of spectral `radius`."""
    generator = torch.Generator().manual_seed(0)
    W_x, W_h, W_y = (torch.randn(a, b, generator=generator) / b**0.5 for a, b in
                     ((HIDDEN, 2 * SYMBOLS), (HIDDEN, HIDDEN), (SYMBOLS, HIDDEN)))  # fmt: skip
    W_h = scaled_to(W_h, radius)
    b, h0 = torch.zeros(HIDDEN), torch.zeros(64, HIDDEN)
    optimizer = Adam([W_x, W_h, b, W_y])
    for _ in range(updates):
        x, target = recall_batch(gap, generator)
        h = rnn_forward(x, h0, W_x, W_h, b)  # (batch, time, hidden)
        dscores = ((h[:, -1] @ W_y.T).softmax(1) - F.one_hot(target, SYMBOLS)) / len(x)  # (batch, symbol)
        grad = torch.zeros_like(h)
        grad[:, -1] = dscores @ W_y
        dW_x, dW_h, db, _ = bptt(grad, x, h0, h, W_h)
        optimizer.step([dW_x, dW_h, db, dscores.T @ h[:, -1]])
    x, target = recall_batch(gap, generator)
    return float(((rnn_forward(x, h0, W_x, W_h, b)[:, -1] @ W_y.T).argmax(1) == target).float().mean())


def train_gated(gap: int, updates: int = 250) -> float:
    """The share of symbols that a net of your gru_step recalls."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((3 * HIDDEN, 2 * SYMBOLS), (3 * HIDDEN, HIDDEN), (SYMBOLS, HIDDEN))
    W_x, W_h, W_y = (torch.randn(a, b, generator=generator) / b**0.5 for a, b in shapes)
    params = [W_x, W_h, torch.zeros(3 * HIDDEN), torch.zeros(3 * HIDDEN), W_y]
    params = [p.requires_grad_() for p in params]

    def scores(x):
        h = torch.zeros(len(x), HIDDEN)
        for x_t in x.unbind(1):
            h = gru_step(x_t, h, *params[:4])
        return h @ params[4].T

    optimizer = Adam(params)
    for _ in range(updates):
        x, target = recall_batch(gap, generator)
        optimizer.step(torch.autograd.grad(F.cross_entropy(scores(x), target), params))
    x, target = recall_batch(gap, generator)
    return float((scores(x).argmax(1) == target).float().mean())


# %%
if check.unlocked():
    print("share of 64 sequences recalled after 250 updates; guessing gives 0.25")
    for gap in (4, 9, 18):
        plain = [f"{train_plain(gap, radius):.2f} (radius {radius:g})" for radius in (0.6, 1.0)]
        print(f"gap {gap:3}: plain net {plain[0]}, {plain[1]}; gated net {train_gated(gap):.2f}")
