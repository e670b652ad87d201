# %% [markdown]
# # Prior against data: what is it all worth?
#
# Every chapter built something in. This one asks for the bill. What is a prior worth, *in examples*? To answer it you
# need honest instruments, and they are this notebook: data of which there is as much as you like, nets of equal size,
# curves over several seeds that are tuned on validation examples and read on test examples, the number of examples at
# which a curve reaches a level or another curve, and an interval that says how sure an accuracy is. Between them stand
# two constructions that say what a prior *is*: pictures made into tokens, and attention set to be a convolution.
#
# At the end your functions run a race of your own.
#
# **How to work.** Each exercise is one cell. Read the text and the docstring, replace `raise NotImplementedError` by
# your code, run the cell, then run the check below it. The check tells you what differs and where;
# `check.hint(patchify)` says more, one step at a time. Shapes are written with the names of their axes:
# `(batch, position)`.

# %%
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# %%
from autograder import Check

check = Check("ch09_prior_vs_data")

# %% [markdown]
# ## 1. Data without end
#
# A data set that can be made has two virtues: there is always more of it, and we know what is true of it. Yours is
# this. There are a few short **templates**, one a class. A signal is a line of `width` zeros, with the template of its
# class put down *somewhere*, and noise on everything. So what is true, by construction, is that a class is the same
# class wherever it stands.
#
# With the template (5, 7), width 4 and no noise there are three possible signals: (5, 7, 0, 0), (0, 5, 7, 0) and
# (0, 0, 5, 7), each as likely as the others.
#
# The seed must decide everything, so that the experiment can be repeated: make one `torch.Generator` from it and hand
# it to every function that draws.


# %% exercise="make_data"
def make_data(n: int, seed: int, templates: Tensor, width: int, noise: float) -> tuple[Tensor, Tensor]:
    """n signals (n, width) and their classes (n,), int64.

    n: how many signals
    seed: decides all that is drawn; the same seed gives the same data
    templates: (class, length), one short signal a class
    width: positions of a signal, at least length; a template stands at any place where the whole of it fits, and all
        these places are equally likely
    noise: standard deviation of the normal noise at each position, independent for all
    returns: classes are drawn with equal chances; the dtype of the signals is that of the templates

    >>> x, y = make_data(3, 0, torch.tensor([[5., 7.]]), width=2, noise=0.0)
    >>> x
    tensor([[5., 7.],
            [5., 7.],
            [5., 7.]])
    """
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    classes, length = templates.shape
    y = torch.randint(classes, (n,), generator=generator)  # (n,)
    start = torch.randint(width - length + 1, (n,), generator=generator)  # (n,)
    x = noise * torch.randn(n, width, generator=generator, dtype=templates.dtype)  # (n, width)
    places = start[:, None] + torch.arange(length)  # (n, length)
    return x.scatter_add(1, places, templates[y]), y
    ### END SOLUTION


# %% check="make_data"
check(make_data)

# %% [markdown]
# ## 2. Equal size
#
# A race between a net of 5,000 parameters and one of 15,000 says little. Signals have 40 numbers and 10 classes, and
# each of these nets has one width $w$ to set:
#
# | kind | layers, all with biases |
# |---|---|
# | `"mlp"` | linear maps 40 to $w$, $w$ to $w$, $w$ to 10 |
# | `"cnn"` | convolutions 1 to $w$ (kernel 5), $w$ to $w$ (kernel 3), $w$ to $w$ (kernel 3); a linear map $5w$ to 10 |
# | `"gru"` | a GRU with one input and $w$ states, as torch counts it (three gates, two biases each); $40 w$ to 10 |
# | `"attention"` | patches of 5 to $w$; 8 position vectors of $w$; four maps $w$ to $w$; a linear map $w$ to 10 |
#
# The MLP with $w = 2$ has $40 \cdot 2 + 2 = 82$, $2 \cdot 2 + 2 = 6$ and $2 \cdot 10 + 10 = 30$ parameters: 118. With
# $w = 3$ it has 175. For a budget of 150 the nearer one is $w = 3$.


# %% exercise="match_parameters"
def match_parameters(kind: str, budget: int) -> tuple[int, int]:
    """The width for which the net of this kind comes nearest to `budget` parameters, and how many it has.

    kind: "mlp", "cnn", "gru" or "attention", built as in the table above
    budget: the number of parameters to come near to, above or below; widths are 1 or more
    returns: (width, parameters); the smaller width if two are equally near

    >>> match_parameters("mlp", 150)
    (3, 175)
    """

    ### BEGIN SOLUTION
    def parameters(w: int) -> int:
        if kind == "mlp":
            return (40 * w + w) + (w * w + w) + (w * 10 + 10)
        if kind == "cnn":
            return (5 * w + w) + 2 * (3 * w * w + w) + (5 * w * 10 + 10)
        if kind == "gru":
            return 3 * (w + w * w + 2 * w) + (40 * w * 10 + 10)
        return (5 * w + w) + 8 * w + 4 * (w * w + w) + (w * 10 + 10)

    width = 1
    while abs(parameters(width + 1) - budget) < abs(parameters(width) - budget):
        width += 1
    return width, parameters(width)
    ### END SOLUTION


# %% check="match_parameters"
check(match_parameters)

# %% [markdown]
# ## 3. A picture as a sequence
#
# Attention reads tokens. A picture becomes tokens by cutting it into patches and writing each patch as one vector. The
# order matters, for whoever reads the vectors: here patches come row by row, and the numbers of a patch come channel by
# channel, row by row, which is the order of a convolution's weights.
#
# One channel of 2 by 4 pixels in patches of 2:
#
# $$\begin{pmatrix} 1 & 2 & 3 & 4 \\ 5 & 6 & 7 & 8 \end{pmatrix} \;\to\; (1, 2, 5, 6), \; (3, 4, 7, 8).$$


# %% exercise="patchify"
def patchify(x: Tensor, patch: int) -> Tensor:
    """The patches of pictures as tokens, (batch, token, channel * patch * patch).

    x: (batch, channel, height, width); height and width are multiples of patch
    patch: height and width of a patch in pixels; patches do not overlap
    returns: tokens row by row from the top left; in a token the channels one after the other, each row by row

    >>> patchify(torch.arange(1, 9).reshape(1, 1, 2, 4), 2)
    tensor([[[1, 2, 5, 6],
             [3, 4, 7, 8]]])
    """
    ### BEGIN SOLUTION
    batch, channel, height, width = x.shape
    x = x.reshape(batch, channel, height // patch, patch, width // patch, patch)
    x = x.permute(0, 2, 4, 1, 3, 5)  # (batch, patch row, patch column, channel, row in it, column in it)
    return x.reshape(batch, -1, channel * patch * patch)  # (batch, token, number)
    ### END SOLUTION


# %% check="patchify"
check(patchify)

# %% [markdown]
# ## 4. A Vision Transformer
#
# Patches, a linear map, positions, some Transformer blocks, and the mean over all tokens says which class it is. What
# is this net told? That a picture has parts, all treated alike, and that any part may matter to any other. It is *not*
# told which patches are neighbours: that is in the learned positions, or nowhere.
#
# The block is given, in its pre-norm form: attention and a small fully connected net, each with a skip around it.


# %%
class Block(nn.Module):
    """Self-attention and a feed-forward part, each with a skip, and a normalization before it."""

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.project, self.merge = nn.Linear(d_model, 3 * d_model), nn.Linear(d_model, d_model)
        self.feed = nn.Sequential(nn.Linear(d_model, 2 * d_model), nn.ReLU(), nn.Linear(2 * d_model, d_model))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, token, d_model) to the same shape."""
        split = self.project(self.norm1(x)).unflatten(2, (3, self.heads, -1))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (batch, head, token, d_head) each
        x = x + self.merge(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.feed(self.norm2(x))


# %% exercise="VisionTransformer"
class VisionTransformer(nn.Module):
    """Scores of the classes, (batch, class), for pictures (batch, channel, height, width).

    VisionTransformer(shape, patch, d_model, heads, depth, classes), where shape is (channel, height, width), has
        embed      nn.Linear from the numbers of a patch to d_model
        positions  nn.Parameter (token, d_model); start it small and random, 0.02 * torch.randn(...)
        blocks     nn.ModuleList of `depth` different Block(d_model, heads)
        norm       nn.LayerNorm(d_model)
        answer     nn.Linear(d_model, classes)

    x -> your patchify -> embed -> positions added                (batch, token, d_model)
      -> all blocks in turn -> norm                               (batch, token, d_model)
      -> the mean over the tokens -> answer                       (batch, class)
    """

    def __init__(
        self, shape: tuple[int, int, int], patch: int, d_model: int, heads: int, depth: int, classes: int
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        channel, height, width = shape
        tokens = (height // patch) * (width // patch)
        self.patch = patch
        self.embed = nn.Linear(channel * patch * patch, d_model)
        self.positions = nn.Parameter(0.02 * torch.randn(tokens, d_model))
        self.blocks = nn.ModuleList(Block(d_model, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(d_model)
        self.answer = nn.Linear(d_model, classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channel, height, width); returns the scores, (batch, class)."""
        ### BEGIN SOLUTION
        x = self.embed(patchify(x, self.patch)) + self.positions  # (batch, token, d_model)
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x).mean(dim=1))  # (batch, class)
        ### END SOLUTION


# %% check="VisionTransformer"
check(VisionTransformer)

# %% [markdown] think="what-is-left"
# **Think!** Leave the positions out of this net and shuffle the patches of all pictures, the same way for all. What
# changes? And if the *pixels* are shuffled?
#
# <details><summary>Answer</summary>
#
# Without positions nothing changes, for any shuffle of patches: attention and mean do not know the order. With learned
# positions nothing changes either for what can be *learned*, since they are free to be learned in the other order. A
# shuffle of pixels is another matter. It takes pixels from one patch to another, and that pixels of a patch belong
# together is the one thing about place that this net is told.
#
# </details>

# %% [markdown]
# ## 5. Curves that can be trusted
#
# How accurate is a model after $n$ examples? Two things make such numbers lie. A single seed: another start, another
# number. And tuning on the test examples: the best of many settings *on these examples* looks better than it is. So:
# every model comes with several settings. For every size and every seed, train each setting on the first $n$ training
# examples, take the one that is best on the **validation** examples, and note its accuracy on the **test** examples.
#
# With two settings that have 80 and 90 % on validation and 85 and 83 % on test examples, the number to note is 83.


# %% exercise="accuracy_curve"
def accuracy_curve(models: dict, data: tuple, sizes: list[int], seeds: list[int]) -> dict[str, Tensor]:
    """For each model its test accuracies, (size, seed), from 0 to 1.

    models: name -> list of learners, one for each setting. A learner is a function of (x, y, seed), the examples to
        train on and an int; it gives a function from inputs (batch, position) to scores (batch, class)
    data: ((x_train, y_train), (x_valid, y_valid), (x_test, y_test)); x is (batch, position), y int64, (batch,)
    sizes: how many of the training examples to use, always the first ones
    seeds: given to the learners
    returns: for every size and seed the test accuracy of the setting that is best on the validation examples after
        training with this size and this seed; the first such setting if several are equal there
    """
    ### BEGIN SOLUTION
    (x, y), valid, test = data

    def accuracy(predict, part: tuple[Tensor, Tensor]) -> float:
        return (predict(part[0]).argmax(dim=1) == part[1]).double().mean().item()

    curves = {}
    for name, learners in models.items():
        rows = []
        for n in sizes:
            row = []
            for seed in seeds:
                trained = [learner(x[:n], y[:n], seed) for learner in learners]
                best = max(trained, key=lambda predict: accuracy(predict, valid))  # the first of equals
                row.append(accuracy(best, test))
            rows.append(row)
        curves[name] = torch.tensor(rows)  # (size, seed)
    return curves
    ### END SOLUTION


# %% check="accuracy_curve"
check(accuracy_curve)

# %% [markdown]
# ## 6. How many examples for that?
#
# A curve is known at a few sizes. Between two of them take it to be straight **in the logarithm of $n$**, as it is
# drawn. If it has 60 % at $n = 100$ and 80 % at $n = 400$, it passes 70 % at $n = 200$, not at 250:
#
# $$\log n = \log 100 + \frac{70 - 60}{80 - 60} \, (\log 400 - \log 100).$$
#
# A curve that never gets there needs more than we have. Say so: the answer is infinity, not the largest size.


# %% exercise="examples_needed"
def examples_needed(sizes: list[int], accuracies: Tensor, wanted: float) -> float:
    """The number of examples at which the curve first reaches `wanted`.

    sizes: increasing numbers of examples
    accuracies: (size,), at each of them; a curve may fall in between
    wanted: the accuracy to reach
    returns: sizes[0] if the first accuracy is enough; math.inf if none is

    >>> round(examples_needed([100, 400], torch.tensor([0.6, 0.8]), 0.7), 2)
    200.0
    """
    ### BEGIN SOLUTION
    if accuracies[0] >= wanted:
        return float(sizes[0])
    for i in range(1, len(sizes)):
        low, high = accuracies[i - 1].item(), accuracies[i].item()
        if high >= wanted:
            share = (wanted - low) / (high - low)
            return sizes[i - 1] * (sizes[i] / sizes[i - 1]) ** share
    return math.inf
    ### END SOLUTION


# %% check="examples_needed"
check(examples_needed)

# %% [markdown]
# ## 7. Who leads from where on?
#
# Two curves, two questions: does the second one catch up with the first, and after how many examples? With several
# seeds there is an answer for each seed, and their spread says how sure the answer is.
#
# If the first has 50 and 60 % at $n = 100$ and $400$, and the second 40 and 70 %, then the gap goes from -10 to +10
# points and is zero half way, in the logarithm: at $n = 200$.


# %% exercise="crossover"
def crossover(sizes: list[int], first: Tensor, second: Tensor) -> Tensor:
    """The number of examples at which the second curve first reaches the first one, for every seed: (seed,).

    sizes: increasing numbers of examples
    first, second: (size, seed), accuracies; the gap between them is straight in log n between two sizes
    returns: sizes[0] for a seed whose second curve is not below the first there; inf where it is below at all sizes

    >>> crossover([100, 400], torch.tensor([[0.5], [0.6]]), torch.tensor([[0.4], [0.7]]))
    tensor([200.0000])
    """
    ### BEGIN SOLUTION
    gap = second - first  # (size, seed)
    return torch.tensor([examples_needed(sizes, gap[:, seed], 0.0) for seed in range(gap.shape[1])])
    ### END SOLUTION


# %% check="crossover"
check(crossover)

# %% [markdown]
# ## 8. Attention that is a convolution
#
# Is a convolution something that attention cannot do? Attention can do it, and you can write down the weights. A
# kernel of $k$ by $k$ looks at $k^2$ places relative to where it stands. Give every one of these places a **head** of
# its own. Head $(a, b)$, number $a k + b$, has to look from the query at row $i$, column $j$ at the key at row $i + a$,
# column $j + b$. Scores that depend on positions alone do it:
#
# $$s(\text{query}, \text{key}) = -\beta \, \bigl[(\text{row}_\text{key} - i - a)^2 +
# (\text{column}_\text{key} - j - b)^2\bigr].$$
#
# For a large sharpness $\beta$ the softmax over the keys puts everything on that one key. What the head passes on is
# the kernel's weights at $(a, b)$, as a matrix from channels to channels. The sum over heads is the convolution.
#
# Queries are the places where the whole kernel fits, $(\text{height} - k + 1)(\text{width} - k + 1)$ of them, row by
# row. Keys are all places, row by row. Fewer than $k^2$ heads do not do: a head passes on *one* matrix, and there are
# $k^2$ of them.


# %% exercise="conv_as_attention"
def conv_as_attention(kernel: Tensor, height: int, width: int, sharpness: float) -> tuple[Tensor, Tensor]:
    """Shares (head, query, key) and values (head, in_channel, out_channel) of attention that is a convolution.

    kernel: (out_channel, in_channel, k, k)
    height, width: of the picture; queries are the places of the k by k windows in it, keys are all places
    sharpness: the factor beta of the scores
    returns: one head for each place in the kernel, row by row. With x (key, in_channel),
        sum over heads of shares[h] @ x @ values[h] tends to the convolution (query, out_channel) as beta grows

    >>> shares, values = conv_as_attention(torch.ones(1, 1, 2, 2), 2, 3, sharpness=50.0)
    >>> shares[1].round()
    tensor([[0., 1., 0., 0., 0., 0.],
            [0., 0., 1., 0., 0., 0.]])
    """
    ### BEGIN SOLUTION
    k = kernel.shape[-1]

    def grid(rows: int, columns: int) -> Tensor:
        return torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).to(kernel.dtype)  # (place, 2)

    targets = grid(k, k)[:, None] + grid(height - k + 1, width - k + 1)  # (head, query, 2)
    distances = (targets[:, :, None] - grid(height, width)).square().sum(dim=-1)  # (head, query, key)
    shares = torch.softmax(-sharpness * distances, dim=-1)
    return shares, kernel.permute(2, 3, 1, 0).flatten(0, 1)  # (head, in_channel, out_channel)
    ### END SOLUTION


# %% check="conv_as_attention"
check(conv_as_attention)

# %% [markdown]
# ## 9. How sure is an accuracy?
#
# Of $n$ test examples a share $p$ was right. The next $n$ would give another share. The interval of Wilson holds those
# true accuracies for which what was seen is within $z = 1.96$ standard deviations; in 95 of 100 cases it holds the
# right one. Its middle and its half-width are
#
# $$m = \frac{p + z^2 / (2 n)}{1 + z^2 / n}, \qquad
# h = \frac{z}{1 + z^2 / n} \sqrt{\frac{p (1 - p)}{n} + \frac{z^2}{4 n^2}} .$$
#
# 9 of 10 right: $z^2 = 3.84$, so $m = (0.9 + 0.192) / 1.384 = 0.789$ and $h = 0.193$, from 60 to 98 %. The simpler rule
# $p \pm z \sqrt{p (1 - p) / n}$ would go up to 109 %, and after 10 of 10 it would be sure beyond all doubt.


# %% exercise="confidence_interval"
def confidence_interval(accuracy: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval (low, high) for the true accuracy.

    accuracy: the share of the test examples that was right, 0 to 1
    n: how many test examples there were
    z: how many standard deviations; 1.96 for 95 %

    >>> low, high = confidence_interval(0.9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    ### BEGIN SOLUTION
    shrink = 1 + z**2 / n
    middle = (accuracy + z**2 / (2 * n)) / shrink
    half = z / shrink * math.sqrt(accuracy * (1 - accuracy) / n + z**2 / (4 * n**2))
    return middle - half, middle + half
    ### END SOLUTION


# %% check="confidence_interval"
check(confidence_interval)

# %% [markdown]
# ## Your own race
#
# Three nets of about 2,000 parameters on your data: a fully connected one, told nothing; a convolution with a weight
# for every place in its answer; and a convolution whose largest answer wins, wherever it stands. Two learning rates
# each, chosen on validation examples; three seeds.

# %%
TEMPLATES = torch.tensor(
    [
        [0.0, 1.0, 2.0, 1.0, 0.0, -1.0, 1.0],
        [2.0, 1.0, 0.0, 1.0, -1.0, 0.0, 1.0],
        [1.0, -1.0, 1.0, 2.0, 1.0, 0.0, 0.0],
        [0.0, 2.0, 0.0, -1.0, 1.0, 1.0, 1.0],
        [1.0, 0.0, -1.0, 0.0, 1.0, 2.0, 1.0],
    ]
)
SIZES, WIDTH = [25, 100, 400], 30


class Pooled(nn.Module):
    """The largest value of each channel, wherever it is: (batch, channel, position) to (batch, channel)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=2)


def net(kind: str) -> nn.Module:
    """A net for signals (batch, WIDTH) and five classes."""
    if kind == "told nothing":
        return nn.Sequential(nn.Linear(WIDTH, 40), nn.ReLU(), nn.Linear(40, 15), nn.ReLU(), nn.Linear(15, 5))
    if kind == "convolution":
        conv = [nn.Unflatten(1, (1, WIDTH)), nn.Conv1d(1, 12, 7, padding=3), nn.ReLU()]
        return nn.Sequential(*conv, nn.Flatten(), nn.Linear(12 * WIDTH, 5))
    conv = [nn.Unflatten(1, (1, WIDTH)), nn.Conv1d(1, 14, 7, padding=3), nn.ReLU(), nn.Conv1d(14, 14, 7, padding=3)]
    return nn.Sequential(*conv, nn.ReLU(), Pooled(), nn.Linear(14, 5))


def learner(kind: str, rate: float, steps: int = 120):
    """A function of (x, y, seed) that trains a net of this kind and gives it back."""

    def train(x: Tensor, y: Tensor, seed: int):
        torch.manual_seed(seed)
        model = net(kind)
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        for _ in range(steps):
            chosen = torch.randint(len(x), (50,))
            optimizer.zero_grad()
            F.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
        return model.eval()

    return train


# %%
if check.unlocked("make_data", "accuracy_curve", "examples_needed", "crossover", "confidence_interval"):
    kinds = ("told nothing", "convolution", "pooled everywhere")
    parts = [make_data(n, seed, TEMPLATES, WIDTH, 0.4) for n, seed in ((400, 1), (400, 2), (1000, 3))]
    models = {kind: [learner(kind, rate) for rate in (3e-3, 1e-2)] for kind in kinds}
    curves = accuracy_curve(models, parts, SIZES, [0, 1, 2])
    for kind, curve in curves.items():
        print(f"{kind:18}", "  ".join(f"{mean:.3f}" for mean in curve.mean(dim=1)), f"at {SIZES}")
    best = curves["told nothing"].mean(dim=1)[-1].item()
    for kind in kinds[1:]:
        needed = [examples_needed(SIZES, curves[kind][:, seed], best) for seed in range(3)]
        print(f"{kind}: as good as the first with 400, after", ", ".join(f"{n:.0f}" for n in needed), "examples")
    print("the second catches up with the first after", crossover(SIZES, curves[kinds[0]], curves[kinds[1]]).tolist())
    low, high = confidence_interval(best, 1000)
    print(f"the first one's {best:.3f}, on 1,000 test examples, is between {low:.3f} and {high:.3f}")

# %% [markdown]
# And your Vision Transformer on real digits of 8 by 8 pixels, in sixteen patches:

# %%
if check.unlocked("patchify", "VisionTransformer"):
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # (batch, channel, height, width)
    labels = torch.tensor(digits.target)
    torch.manual_seed(0)
    order = torch.randperm(len(labels))
    train_part, test_part = order[:1400], order[1400:]
    reader = VisionTransformer((1, 8, 8), patch=2, d_model=24, heads=3, depth=2, classes=10)
    optimizer = torch.optim.Adam(reader.parameters(), lr=3e-3)
    for _ in range(300):
        chosen = train_part[torch.randint(len(train_part), (64,))]
        optimizer.zero_grad()
        F.cross_entropy(reader(pictures[chosen]), labels[chosen]).backward()
        optimizer.step()
    with torch.no_grad():
        right = (reader(pictures[test_part]).argmax(dim=1) == labels[test_part]).float().mean().item()
    print(f"{right:.3f} of {len(test_part)} digits that it has never seen")
    if check.unlocked("confidence_interval"):
        print("between", " and ".join(f"{end:.3f}" for end in confidence_interval(right, len(test_part))))

# %% [markdown]
# Last, exercise 8 at work: attention with $k^2$ heads and no training at all against torch's own convolution.

# %%
if check.unlocked("conv_as_attention"):
    generator = torch.Generator().manual_seed(0)
    kernel = torch.randn(2, 3, 3, 3, generator=generator, dtype=torch.float64)
    picture = torch.randn(1, 3, 6, 7, generator=generator, dtype=torch.float64)
    wanted = F.conv2d(picture, kernel)[0].flatten(1).T  # (query, out_channel)
    for sharpness in (0.5, 2.0, 10.0, 40.0):
        shares, values = conv_as_attention(kernel, 6, 7, sharpness)
        got = (shares @ picture[0].flatten(1).T @ values).sum(dim=0)
        print(f"sharpness {sharpness:4}: largest difference {(got - wanted).abs().max():.1e}")
