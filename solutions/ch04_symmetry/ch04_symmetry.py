# %% [markdown]
# # Symmetry: told about groups
#
# A convolution knows that a cup is still a cup ten pixels up. It does not know that it is still a cup in a mirror, or
# that a cell under the microscope has no upper side. Shifts, mirrors and turns are all of one kind: things one can do
# to a picture *and undo*, one after the other, in any order one likes. Such a collection is called a **group**, and
# what the last chapter did for shifts can be done for every group.
#
# In this notebook you let a group act on pictures, measure how far a function is from respecting it, and build a
# symmetry in by four different ways: into the data, around a finished model, into a weight matrix, and into a
# convolution. The last cells put your layers into a network that sees digits upright only and reads them at every
# quarter turn.
#
# **How to work.** Each exercise is one cell. Read the text and the docstring, replace `raise NotImplementedError` by
# your code, run the cell, then run the check below it. The check tells you what differs and where;
# `check.hint(act)` says more, one step at a time. Shapes are written with the names of their axes:
# `(batch, channel, height, width)`.

# %%
import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor, nn

# %%
from autograder import Check

check = Check("ch04_symmetry")

# %% [markdown]
# ## 1. A group acts on a picture
#
# A square sheet of paper can be put back into its frame in eight ways: four quarter turns, each with the front or the
# back to you. Write such an element as a pair $g = (\text{turns}, \text{mirror})$ and let it act in this order:
# **first** the mirror, which exchanges left and right, if there is one; **then** the turns, each a quarter turn
# against the clock.
#
# $$g \cdot x = \operatorname{turn}^{\,\text{turns}} \bigl( \operatorname{mirror}(x) \bigr)$$
#
# One quarter turn of a picture of two rows, without and with the mirror first:
#
# $$\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix} \;\to\;
# \begin{pmatrix} 3 & 6 \\ 2 & 5 \\ 1 & 4 \end{pmatrix}, \qquad
# \begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix} \;\to\;
# \begin{pmatrix} 3 & 2 & 1 \\ 6 & 5 & 4 \end{pmatrix} \;\to\;
# \begin{pmatrix} 1 & 4 \\ 2 & 5 \\ 3 & 6 \end{pmatrix}$$
#
# The order matters: turned first and then mirrored, the same picture becomes $(6, 3;\; 5, 2;\; 4, 1)$. The eight
# elements together are called $D_4$, the four without a mirror $C_4$.

# %%
C4 = [(turns, False) for turns in range(4)]  # quarter turns
MIRROR = [(0, False), (0, True)]  # as it is, and left-right
D4 = [(turns, mirror) for mirror in (False, True) for turns in range(4)]


# %% exercise="act"
def act(g: tuple[int, bool], x: Tensor) -> Tensor:
    """The picture, or every picture of a stack, moved by g.

    g: (turns, mirror). First, if mirror is true, left and right are exchanged; then come `turns` quarter turns
        against the clock, 0 to 3
    x: (..., height, width); whatever axes come before are left alone
    returns: the same shape, with height and width exchanged when turns is odd

    x stays as it is, and gradients flow back to it.

    >>> act((1, False), torch.tensor([[1, 2, 3], [4, 5, 6]]))
    tensor([[3, 6],
            [2, 5],
            [1, 4]])
    """
    ### BEGIN SOLUTION
    turns, mirror = g
    if mirror:
        x = x.flip(-1)
    return torch.rot90(x, turns, dims=(-2, -1))
    ### END SOLUTION


# %% check="act"
check(act)

# %% [markdown] think="what-a-group-needs"
# **Think!** Which element undoes $(1, \text{false})$, and which undoes $(1, \text{true})$? Are the three elements
# $(0, \text{false}), (1, \text{false}), (2, \text{false})$ a group?
#
# <details><summary>Answer</summary>
#
# A quarter turn is undone by three more: $(3, \text{false})$. The element $(1, \text{true})$ undoes itself, as the
# example shows: it exchanges rows and columns, which done twice is nothing. The three elements are no group: one turn
# after two is three turns, which is not among them, and nothing among them undoes one turn.
#
# </details>

# %% [markdown]
# ## 2. How far from equivariant?
#
# A function $f$ from pictures to pictures is **equivariant** under $g$ if it does not matter whether you move first and
# compute then, or compute first and move then: $f(g \cdot x) = g \cdot f(x)$. How badly it fails is a number:
#
# $$\varepsilon(f, g, x) = \frac{\lVert f(g \cdot x) - g \cdot f(x) \rVert}{\lVert f(x) \rVert}, \qquad
# \lVert y \rVert = \sqrt{\textstyle\sum_i y_i^2}$$
#
# Take a picture of one row, $x = (1, 3)$, let $f$ multiply each column by its number, 1 or 2, and let $g$ be the
# mirror. Then $f(g \cdot x) = f(3, 1) = (3, 2)$ and $g \cdot f(x) = g \cdot (1, 6) = (6, 1)$. They differ by $(-3, 1)$,
# so that $\varepsilon = \sqrt{10} / \sqrt{37} = 0.52$: this $f$ knows left from right.


# %% exercise="equivariance_error"
def equivariance_error(f, g: tuple[int, bool], x: Tensor) -> Tensor:
    """How far f is from being equivariant under g, measured on x.

    error = ||f(g x) - g f(x)|| / ||f(x)||, where ||y|| is the root of the sum of all squares

    f: a function from pictures to pictures; both end in the axes height and width
    g: (turns, mirror), as for act
    x: (..., height, width)
    returns: a tensor without axes, 0 or larger; 0 means equivariant

    >>> equivariance_error(lambda x: x * torch.tensor([1., 2.]), (0, True), torch.tensor([[1., 3.]]))
    tensor(0.5199)
    """
    ### BEGIN SOLUTION
    y = f(x)
    difference = f(act(g, x)) - act(g, y)
    return difference.square().sum().sqrt() / y.square().sum().sqrt()
    ### END SOLUTION


# %% check="equivariance_error"
check(equivariance_error)

# %% [markdown]
# ## 3. First way: show every turn
#
# The simplest way to tell a model about a symmetry is to leave the model alone and to show it every example in every
# position: the **orbit** of the example. This is called data augmentation, and it has one trap: sometimes the label
# moves too.
#
# Say that each picture shows an arrow, and that the label says where it points: 0 to the right, 1 up, 2 to the left, 3
# down. A quarter turn against the clock makes "right" into "up". So turns add to the label, and what goes over the end
# begins again at 0. The mirror exchanges right and left, 0 and 2, and leaves up and down: it makes the label $y$ into
# $2 - y$, again going round in fours. First the mirror, then the turns, just as in `act`:
#
# $$y' = (\text{turns} + y) \bmod 4 \quad \text{or, with the mirror,} \quad y' = (\text{turns} + 2 - y) \bmod 4$$
#
# An arrow to the right, $y = 0$, under $g = (1, \text{true})$: the mirror makes it point left, 2; the turn makes left
# into down, $1 + 2 - 0 = 3$.


# %% exercise="augment_orbit"
def augment_orbit(x: Tensor, y: Tensor, group: list[tuple[int, bool]]) -> tuple[Tensor, Tensor]:
    """All pictures under all elements of the group, with labels that are still true.

    x: (batch, height, width), pictures of arrows
    y: (batch,), whole numbers: where each arrow points; 0 right, 1 up, 2 left, 3 down
    group: elements (turns, mirror); when turns are odd somewhere, pictures are as high as wide
    returns: pictures (group * batch, height, width) and labels (group * batch,): first all pictures under the first
        element, in their order, then all under the second, and so on

    >>> augment_orbit(torch.zeros(2, 5, 5), torch.tensor([0, 3]), [(0, False), (1, True)])[1]
    tensor([0, 3, 3, 0])
    """
    ### BEGIN SOLUTION
    pictures = [act(g, x) for g in group]
    labels = [(turns + (2 - y if mirror else y)) % 4 for turns, mirror in group]
    return torch.cat(pictures), torch.cat(labels)  # (group * batch, height, width), (group * batch,)
    ### END SOLUTION


# %% check="augment_orbit"
check(augment_orbit)

# %% [markdown]
# ## 4. Second way: ask about every turn
#
# Augmentation asks the model to *learn* the symmetry; it may still get it wrong. The second way makes it exact, for
# any model whatever: show the picture in every position and take the mean of the answers.
#
# $$\bar f(x) = \frac{1}{\lvert G \rvert} \sum_{g \in G} f(g \cdot x)$$
#
# If $x$ is moved by an element of the group, the same positions come up in another order, and the mean is the same.
# That is where the word *group* earns its keep: nothing falls out, nothing comes twice.
#
# Let $f$ be the square of the first pixel, and $x = (1, 3)$ one row under the mirror. Then
# $\bar f(x) = (1^2 + 3^2) / 2 = 5$, and for $(3, 1)$ it is 5 as well. The mean of the *pictures*, $(2, 2)$, would give
# 4: another number, and much is lost on the way.


# %% exercise="group_average"
def group_average(f, group: list[tuple[int, bool]], x: Tensor) -> Tensor:
    """The mean of what f says of x in every position of the group: scores that the group cannot change.

    (1 / |G|) * sum over g of f(g x)

    f: a function from pictures (..., height, width) to scores (..., class)
    group: elements (turns, mirror)
    x: (..., height, width)
    returns: (..., class)

    >>> group_average(lambda x: x[..., 0].square(), [(0, False), (0, True)], torch.tensor([[1., 3.]]))
    tensor([5.])
    """
    ### BEGIN SOLUTION
    answers = torch.stack([f(act(g, x)) for g in group])  # (group, ..., class)
    return answers.mean(dim=0)  # (..., class)
    ### END SOLUTION


# %% check="group_average"
check(group_average)

# %% [markdown]
# ## 5. Third way: average the weights
#
# The mean over $G$ asks the model $\lvert G \rvert$ times. If the model is one matrix, average the *matrix*, once, and
# be done. Let $\rho_g$ be the matrix by which $g$ moves the features: for the shift of three values by one it is the
# permutation matrix that moves them on. Then
#
# $$R(W) = \frac{1}{\lvert G \rvert} \sum_{g \in G} \rho_g^{-1} \, W \, \rho_g$$
#
# reads: move the input, apply $W$, move the output back, and take the mean over all $g$. What comes out is
# equivariant, $R(W)\,\rho_h = \rho_h\,R(W)$ for every $h$, and a matrix that was so already is left alone. The map $R$
# is called the **Reynolds operator**.
#
# Two features that a mirror exchanges, so that $\rho$ is the identity and $(0, 1;\, 1, 0)$:
#
# $$W = \begin{pmatrix} 1 & 2 \\ 5 & 9 \end{pmatrix}, \qquad
# R(W) = \frac12 \left[ \begin{pmatrix} 1 & 2 \\ 5 & 9 \end{pmatrix}
# + \begin{pmatrix} 9 & 5 \\ 2 & 1 \end{pmatrix} \right] = \begin{pmatrix} 5 & 3.5 \\ 3.5 & 5 \end{pmatrix}$$
#
# Of four numbers two are left: one for "myself", one for "the other". Do it with all *shifts*, and every diagonal of
# $R(W)$ holds one value: a convolution, and nobody has told it so.


# %% exercise="reynolds"
def reynolds(W: Tensor, group: Tensor) -> Tensor:
    """The equivariant part of W: the mean over the group of moving the input, applying W and moving back.

    R(W) = (1 / |G|) * sum over g of inverse(rho_g) @ W @ rho_g

    W: (feature, feature)
    group: (group, feature, feature), the matrix rho_g of every element; any invertible matrices that form a group,
        not only permutations
    returns: (feature, feature)

    >>> reynolds(torch.tensor([[1., 2.], [5., 9.]]), torch.tensor([[[1., 0.], [0., 1.]], [[0., 1.], [1., 0.]]]))
    tensor([[5.0000, 3.5000],
            [3.5000, 5.0000]])
    """
    ### BEGIN SOLUTION
    moved = [torch.linalg.inv(g) @ W @ g for g in group]
    return torch.stack(moved).mean(dim=0)  # (feature, feature)
    ### END SOLUTION


# %% check="reynolds"
check(reynolds)

# %% [markdown] think="all-permutations"
# **Think!** Take all $n!$ permutations of $n$ features for the group. Which entries of $W$ are averaged with which? How
# many free numbers are left?
#
# <details><summary>Answer</summary>
#
# A permutation takes the pair (row, column) to any other pair, with one exception: a pair of equals stays one of
# equals. So all entries of the diagonal become one number and all others a second: $a\,I + b\,\mathbf{1}\mathbf{1}^T$.
# Each element hears itself and the sum of all. Two numbers, whatever $n$ is: the next exercise makes a network of it.
#
# </details>

# %% [markdown]
# ## 6. Sets: the largest group of all
#
# The points of a cloud, the goods in a basket: a set has no order, and a network for sets must not see one. Read every
# element with the *same* small layer, add up, and read the sum:
#
# $$h_i = \operatorname{ReLU}(W_1 x_i + b_1), \qquad y = W_2 \sum_{i} h_i + b_2$$
#
# Whatever order the elements come in, the sum is the same. Networks of this form are called **deep sets**. Sets differ
# in size, so a batch of them is padded, and a mask says which elements are real: only those are added up.
#
# The set $\{1, -2, 3\}$ with $W_1 = (1, -1)^T$ and $b_1 = 0$ gives $h = (1, 0), (0, 2), (3, 0)$, in sum $(4, 2)$: what
# is positive adds up in the first place, what is negative in the second. The largest values would be $(3, 2)$, also
# without order, and blind to how many there were.


# %% exercise="deep_set"
def deep_set(x: Tensor, mask: Tensor, inner: tuple[Tensor, Tensor], outer: tuple[Tensor, Tensor]) -> Tensor:
    """What a deep set says of every set of the batch.

    y[n] = W2 (sum over the real elements i of ReLU(W1 x[n, i] + b1)) + b2

    x: (batch, element, feature)
    mask: (batch, element), true for a real element, false for padding, which may hold any number and must not count
    inner: W1 (hidden, feature) and b1 (hidden,)
    outer: W2 (class, hidden) and b2 (class,)
    returns: (batch, class)

    A set without an element gives b2. Gradients flow to x and to all four parameters.

    >>> x, mask = torch.tensor([[[1.], [-2.], [3.]]]), torch.tensor([[True, True, True]])
    >>> deep_set(x, mask, (torch.tensor([[1.], [-1.]]), torch.zeros(2)), (torch.eye(2), torch.zeros(2)))
    tensor([[4., 2.]])
    """
    ### BEGIN SOLUTION
    (W1, b1), (W2, b2) = inner, outer
    hidden = torch.relu(x @ W1.T + b1)  # (batch, element, hidden)
    total = (hidden * mask[:, :, None]).sum(dim=1)  # (batch, hidden)
    return total @ W2.T + b2  # (batch, class)
    ### END SOLUTION


# %% check="deep_set"
check(deep_set)

# %% [markdown]
# ## 7. Fourth way: turn the kernel
#
# The third way, done to a convolution. A kernel that finds left edges is blind to upper ones. But turn the *kernel* by
# a quarter, and it finds them: the same weights, used once more. So lay the kernel on the picture in all four turns and
# keep all four answers, in a new axis, `group`:
#
# $$y_{n,o,t} = x_n * (\operatorname{turn}^t w_o), \qquad t = 0, 1, 2, 3$$
#
# This is called the **lifting** convolution: it lifts pictures $(h, v)$ to functions of a place *and a turn*
# $(t, h, v)$. Now turn the picture by one quarter. Every map turns, of course; and what the kernel found upright is
# now found by the kernel turned once, so that each answer moves on by one along the group axis:
#
# $$\text{lift}(\operatorname{turn} x)_t = \operatorname{turn}\bigl(\text{lift}(x)_{t-1}\bigr)$$
#
# A tiny case: the picture is one row, $x = (1, 2)$, with zeros around it, and the kernel a row of three, $(0, 0, 1)$,
# in the middle of a $3 \times 3$ window. It says of each pixel what its right neighbour is: $(2, 0)$. Turned once it
# asks for the upper neighbour: $(0, 0)$; twice, for the left one: $(0, 1)$.
#
# `F.conv2d` may be used; you have written it once.


# %% exercise="lift_conv_c4"
def lift_conv_c4(x: Tensor, w: Tensor, padding: int = 0) -> Tensor:
    """The convolution of x with w in each of its four quarter turns.

    y[n, o, t] = sum over in_channel c of x[n, c] convolved with w[o, c] after t quarter turns against the clock

    x: (batch, in_channel, height, width)
    w: (out_channel, in_channel, k, k)
    padding: zeros added on each of the four sides
    returns: (batch, out_channel, 4, out_height, out_width); the third axis is the group's, by turns

    >>> w = torch.tensor([[[[0., 0., 0.], [0., 0., 1.], [0., 0., 0.]]]])
    >>> lift_conv_c4(torch.tensor([[[[1., 2.]]]]), w, padding=1)[0, 0, :, 0]
    tensor([[2., 0.],
            [0., 0.],
            [0., 1.],
            [0., 0.]])
    """
    ### BEGIN SOLUTION
    maps = [F.conv2d(x, act((turns, False), w), padding=padding) for turns in range(4)]
    return torch.stack(maps, dim=2)  # (batch, out_channel, group, out_height, out_width)
    ### END SOLUTION


# %% check="lift_conv_c4"
check(lift_conv_c4)

# %% [markdown]
# ## 8. A second layer
#
# What the first layer gives has a group axis, so the second layer's kernels have one too: $w_{o,c,s}$ says what to look
# for in the map of turn $s$. "Eyes above a mouth" is a pattern of edges; turn it by a quarter, and three things happen
# at once: the kernel turns in the plane, *and* every edge in it points elsewhere, so that what was asked of the map $s$
# is to be asked of the map one further on. The kernel turned $t$ times is therefore
#
# $$(g_t \cdot w)_{o,c,s} = \operatorname{turn}^t \bigl( w_{o,c,\,(s - t) \bmod 4} \bigr), \qquad
# y_{n,o,t} = \sum_c \sum_s x_{n,c,s} * (g_t \cdot w)_{o,c,s}$$
#
# With $t = 1$, what stood at $s = 0, 1, 2, 3$ stands at $1, 2, 3, 0$, and each is turned once. Forget either half and
# the layer is no longer equivariant. And what comes out has a group axis again: you may stack as many as you like.


# %% exercise="group_conv_c4"
def group_conv_c4(x: Tensor, w: Tensor, padding: int = 0) -> Tensor:
    """The group convolution for quarter turns: from maps with a group axis to maps with a group axis.

    y[n, o, t] = sum over c and s of x[n, c, s] convolved with turn^t(w[o, c, (s - t) % 4])

    x: (batch, in_channel, 4, height, width), the third axis by turns
    w: (out_channel, in_channel, 4, k, k)
    padding: zeros added on each of the four sides
    returns: (batch, out_channel, 4, out_height, out_width)

    >>> group_conv_c4(torch.ones(2, 3, 4, 7, 9), torch.ones(5, 3, 4, 3, 3)).shape
    torch.Size([2, 5, 4, 5, 7])
    """
    ### BEGIN SOLUTION
    maps = []
    for turns in range(4):
        turned = act((turns, False), w).roll(turns, dims=2)  # (out_channel, in_channel, group, k, k)
        # the group axis joins the channels: (batch, in_channel * group, height, width)
        maps.append(F.conv2d(x.flatten(1, 2), turned.flatten(1, 2), padding=padding))
    return torch.stack(maps, dim=2)  # (batch, out_channel, group, out_height, out_width)
    ### END SOLUTION


# %% check="group_conv_c4"
check(group_conv_c4)

# %% [markdown]
# ## Your functions at work
#
# The cells below need nothing from you but that every exercise passes. First look at one digit under your
# `lift_conv_c4`: four maps, one for each turn of the kernel. Turn the digit, and look for the same map.

# %%
EDGE = [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]


def upright_digits() -> tuple[Tensor, Tensor]:
    """Pictures (batch, 1, 10, 10) with values 0 to 1, an 8 x 8 digit in the middle of each, and labels (batch,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # (batch, 1, 8, 8)
    return F.pad(pictures, (1,) * 4), torch.tensor(digits.target)


def draw_maps(turns, digit):
    """The digit {digit} after {turns} quarter turns, and the four maps of your lift_conv_c4."""
    import matplotlib.pyplot as plt

    pictures, labels = upright_digits()
    x = act((turns, False), pictures[labels == digit][:1])  # (1, 1, 10, 10)
    y = lift_conv_c4(x, torch.tensor(EDGE)[None, None], padding=1)  # (1, 1, 4, 10, 10)
    figure, axes = plt.subplots(1, 5, figsize=(7.4, 2.1))
    axes[0].imshow(x[0, 0], cmap="gray_r")
    axes[0].set_title("picture")
    for t in range(4):
        axes[t + 1].imshow(y[0, 0, t], cmap="RdBu_r", vmin=-4, vmax=4)
        axes[t + 1].set_title(f"map {t}")
    for panel in axes:
        panel.set(xticks=[], yticks=[])
    return figure


# %%
if check.unlocked():
    from explorables import choice, explore, steps

    demo = explore(
        draw_maps,
        turns=steps(range(4), unit="quarter turns", start=0),
        digit=choice({str(d): d for d in (2, 4, 7)}, start=4),
        caption="Turn the digit: every map turns with it, and moves on by one place.",
        try_this="Pick out map 0 of the upright digit. Where is it after one turn, after two, after three?",
    )
    display(demo)

# %% [markdown]
# Now a network of your layers. The maximum over all places *and all turns* at its end asks neither where nor which way
# round, so that its scores cannot change under quarter turns, whatever its weights are. Beside it stands a network
# without the group axis, with as many weights. Both are trained on *upright* digits.


# %%
class TurnNet(nn.Module):
    """Two of your layers, a maximum over places and turns, and a fully connected layer."""

    def __init__(self, first: int, second: int, classes: int) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(first, 1, 3, 3) * (2 / 9) ** 0.5)
        self.b1 = nn.Parameter(torch.zeros(first, 1, 1, 1))
        self.w2 = nn.Parameter(torch.randn(second, first, 4, 3, 3) * (2 / (36 * first)) ** 0.5)
        self.b2 = nn.Parameter(torch.zeros(second, 1, 1, 1))
        self.last = nn.Linear(second, classes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, 1, height, width); returns scores (batch, classes)."""
        x = torch.relu(lift_conv_c4(x, self.w1) + self.b1)  # (batch, first, 4, height - 2, width - 2)
        x = torch.relu(group_conv_c4(x, self.w2) + self.b2)  # (batch, second, 4, height - 4, width - 4)
        return self.last(x.amax(dim=(2, 3, 4)))  # (batch, classes)


def plain_network(first: int, second: int, classes: int) -> nn.Module:
    """The same steps without the group axis."""
    return nn.Sequential(
        *(nn.Conv2d(1, first, 3), nn.ReLU(), nn.Conv2d(first, second, 3), nn.ReLU()),
        *(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(second, classes)),
    )


def fit(model: nn.Module, pictures: Tensor, labels: Tensor, steps: int) -> nn.Module:
    """The model, trained with Adam on batches of 64 for a number of steps."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        batch = torch.randint(len(pictures), (64,))
        loss = F.cross_entropy(model(pictures[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@torch.no_grad()
def accuracy(model: nn.Module, pictures: Tensor, labels: Tensor) -> float:
    """The share of pictures that the model names rightly."""
    return float((model(pictures).argmax(dim=1) == labels).float().mean())


# %%
if check.unlocked():
    torch.set_num_threads(1)  # networks as small as these are fastest on one thread
    torch.manual_seed(4)
    PICTURES, LABELS = upright_digits()
    order = torch.randperm(len(PICTURES))
    train, test = order[:1400], order[1400:]
    models = {"your layers": TurnNet(8, 12, 10), "plain": plain_network(12, 30, 10)}
    for name, model in models.items():
        fit(model, PICTURES[train], LABELS[train], steps=400)
        count = sum(p.numel() for p in model.parameters())
        shares = [accuracy(model, act(g, PICTURES[test]), LABELS[test]) for g in C4]
        print(
            f"{name}, {count:,} parameters, digits after 0 to 3 turns: " + "  ".join(f"{100 * s:.1f} %" for s in shares)
        )

# %% [markdown] think="sixes-and-nines"
# **Think!** Your network gives one answer for a picture and all its turns. Digits are not made like that: a six upside
# down is a nine. What did the symmetry cost on upright digits, and which digits would you expect to pay?
#
# <details><summary>Answer</summary>
#
# The accuracy at 0 turns says what it cost: compare it with the plain network's. Sixes and nines should pay, as far as
# a written six is a turned nine; most of them differ in the slant and in where the stroke begins, and so a network can
# still tell most of them apart. A symmetry that destroys the label cannot be repaired by more data: experiment K4 of
# the chapter measures it.
#
# </details>
