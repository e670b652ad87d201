# %% [markdown]
# # Attention: told that elements relate
#
# A convolution is told that near things belong together. In a sentence that is half true: in "the dog that we met
# yesterday in the park **barks**", what barks stands eight words before. Attention is told something else: *any element
# may matter to any other, and which ones do is for the elements themselves to say*. Where they stand may shift.
#
# In this notebook you write attention from nothing: the weighted mean that it is, the masks that say who may look at
# whom, several heads side by side, the whole `MultiHeadAttention` (equal to PyTorch's, number by number), and the
# positions without which it cannot tell "the dog saw the cat" from "the cat saw the dog". You count what it costs. When
# everything passes, the last cells train a small model made of your functions, and you look at who attends to whom.
#
# **How to work.** Each exercise is one cell. Read the text and the docstring, replace `raise NotImplementedError` by
# your code, run the cell, then run the check below it. The check tells you what differs and where;
# `check.hint(causal_mask)` says more, one step at a time. Shapes are written with the names of their axes:
# `(batch, head, query, d_head)`. An axis written `...` stands for any number of axes in front.

# %%
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor, nn

# %%
from autograder import Check

check = Check("ch06_attention")

# %% [markdown]
# ## 1. A weighted mean, and who decides the weights
#
# Every position asks a question, its **query** $q$. Every position wears a label, its **key** $k$, and carries
# something to hand out, its **value** $v$. How well a key fits a query is their dot product. A softmax turns the scores
# of one query into shares, and the answer is the mean of the values with these shares:
#
# $$A_{ij} = \operatorname{softmax}_j\!\left( \frac{q_i \cdot k_j}{\sqrt{d_\text{head}}} \right), \qquad
# y_i = \sum_j A_{ij} \, v_j$$
#
# One query and two keys of two numbers each: $q = (2, 0)$, $k_0 = (1, 0)$, $k_1 = (0, 1)$. The scores are
# $2/\sqrt 2 = 1.41$ and $0$, the shares $0.80$ and $0.20$. With the values $v_0 = 10$ and $v_1 = 20$ the answer is
# $0.80 \cdot 10 + 0.20 \cdot 20 = 11.96$.
#
# Why the root? If the numbers in $q$ and $k$ have variance 1, their dot product has variance $d_\text{head}$. Divided
# by $\sqrt{d_\text{head}}$ it has variance 1 again, however long the vectors are.
#
# A **mask** says who may look at whom: `True` where a query may look at a key. What may not be seen gets the share
# zero, and the others share the whole: they still add up to 1. (`F.scaled_dot_product_attention` reads its mask in the
# same way; `nn.MultiheadAttention` the other way round.)


# %% exercise="scaled_dot_product_attention"
def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """What every query gets, and the shares with which it looked at the keys.

    A[..., i, j] = softmax over j of  q[..., i, :] . k[..., j, :] / sqrt(d_head),     y = A v

    q: (..., query, d_head)
    k: (..., key, d_head)
    v: (..., key, d_value)
    mask: bool, broadcasts to (..., query, key); True where the query may look at the key. None: everywhere.
        You may assume that every query may look at one key at least.
    returns: y (..., query, d_value) and A (..., query, key)

    Gradients must flow to q, k and v. Scores may be as large as 1e5; torch.softmax may be used.

    >>> q, k = torch.tensor([[2., 0.]]), torch.tensor([[1., 0.], [0., 1.]])
    >>> scaled_dot_product_attention(q, k, torch.tensor([[10.], [20.]]))
    (tensor([[11.9557]]), tensor([[0.8044, 0.1956]]))
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (..., query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(dim=-1)  # (..., query, key)
    return weights @ v, weights  # (..., query, d_value), (..., query, key)
    ### END SOLUTION


# %% check="scaled_dot_product_attention"
check(scaled_dot_product_attention)

# %% [markdown] think="no-root"
# **Think!** Leave out the root, with $d_\text{head} = 64$. The scores have a standard deviation of 8 instead of 1. What
# do the shares look like, and what does that do to learning at the start?
#
# <details><summary>Answer</summary>
#
# A difference of 16 between two scores is then nothing special, and $e^{16}$ is nine million: one key takes nearly
# everything. The gradient of a softmax contains the products $A_j (\delta_{jl} - A_l)$, all of which are close to zero
# where one share is close to one. The layer has made up its mind before it has seen anything, and hardly any gradient
# comes through to change it.
#
# </details>

# %% [markdown]
# ## 2. Not the future
#
# A model that writes a text word by word may not look at words that are not written yet. Query $i$ may look at the
# keys $0, \dots, i$: at the past and at itself. For $n = 3$:
#
# $$\begin{pmatrix} 1 & 0 & 0 \\ 1 & 1 & 0 \\ 1 & 1 & 1 \end{pmatrix}$$
#
# Rows are queries, columns are keys. The first position sees itself alone, so no row is empty.


# %% exercise="causal_mask"
def causal_mask(n: int) -> Tensor:
    """Who may look at whom when nobody may look ahead.

    n: the number of positions, 1 or more
    returns: bool, (query, key) = (n, n); True where key <= query

    >>> causal_mask(3)
    tensor([[ True, False, False],
            [ True,  True, False],
            [ True,  True,  True]])
    """
    ### BEGIN SOLUTION
    return torch.ones(n, n, dtype=torch.bool).tril()  # (query, key)
    ### END SOLUTION


# %% check="causal_mask"
check(causal_mask)

# %% [markdown]
# ## 3. Not the padding
#
# Sentences of a batch have different lengths, a tensor has one. So the short ones are filled up at their end, and
# nobody may look at the filling. With lengths 2 and 3 in a tensor of 3 positions, the mask hides one key of the first
# sentence:
#
# $$\text{sentence 0: } (1\;\;1\;\;0), \qquad \text{sentence 1: } (1\;\;1\;\;1)$$
#
# This holds for every query of the sentence alike, so the axis `query` has size 1 and broadcasts. Queries in the
# filling get an answer too. Nobody reads it; but a row without a single key would turn into `nan`.
#
# Masks combine: `causal_mask(n) & padding_mask(lengths, n)` is `(batch, query, key)`.


# %% exercise="padding_mask"
def padding_mask(lengths: Tensor, n: int) -> Tensor:
    """Which keys are words and not filling, for every sentence of a batch.

    lengths: int64, (batch,); how many of the n positions are words, 1 to n. They stand in front, the filling behind.
    n: the number of positions
    returns: bool, (batch, query, key) = (batch, 1, n); True where the key is a word

    >>> padding_mask(torch.tensor([2, 3]), 3)
    tensor([[[ True,  True, False]],
    <BLANKLINE>
            [[ True,  True,  True]]])
    """
    ### BEGIN SOLUTION
    return torch.arange(n) < lengths[:, None, None]  # (batch, 1, key)
    ### END SOLUTION


# %% check="padding_mask"
check(padding_mask)

# %% [markdown]
# ## 4. Several heads: split
#
# One softmax gives one set of shares: a word can look at its subject or at its adjective, and a mean of both is
# neither. So the $d_\text{model}$ numbers of a position are cut into `heads` pieces of $d_\text{head} =
# d_\text{model} / \text{heads}$, and every piece attends by itself.
#
# Head 0 gets the *first* $d_\text{head}$ numbers, head 1 the next, and so on. With one position, 6 numbers and 2 heads:
#
# $$(1\;\;2\;\;3\;\;4\;\;5\;\;6) \;\to\; \text{head 0: } (1\;\;2\;\;3), \quad \text{head 1: } (4\;\;5\;\;6)$$
#
# The axis `head` must come *before* `position`, so that everything that attention does happens for each head.


# %% exercise="split_heads"
def split_heads(x: Tensor, heads: int) -> Tensor:
    """The numbers of every position, dealt out to the heads.

    x: (batch, position, d_model)
    heads: a divisor of d_model; head h gets the numbers h * d_head up to (h + 1) * d_head
    returns: (batch, head, position, d_head), with d_head = d_model // heads

    >>> split_heads(torch.tensor([[[1, 2, 3, 4, 5, 6]]]), 2)
    tensor([[[[1, 2, 3]],
    <BLANKLINE>
             [[4, 5, 6]]]])
    """
    ### BEGIN SOLUTION
    batch, n, d_model = x.shape
    x = x.reshape(batch, n, heads, d_model // heads)  # (batch, position, d_model) -> (batch, position, head, d_head)
    return x.transpose(1, 2)  # (batch, head, position, d_head)
    ### END SOLUTION


# %% check="split_heads"
check(split_heads)

# %% [markdown]
# ## 5. Several heads: merge
#
# And back: the pieces of a position are put one after the other, head 0 first. `merge_heads(split_heads(x, h))` is `x`.


# %% exercise="merge_heads"
def merge_heads(x: Tensor) -> Tensor:
    """The numbers of all heads of a position, one head after the other.

    x: (batch, head, position, d_head)
    returns: (batch, position, d_model), with d_model = head * d_head; undoes split_heads

    >>> merge_heads(torch.tensor([[[[1, 2, 3]], [[4, 5, 6]]]]))
    tensor([[[1, 2, 3, 4, 5, 6]]])
    """
    ### BEGIN SOLUTION
    return x.transpose(1, 2).flatten(2)  # (batch, head, position, d_head) -> (batch, position, d_model)
    ### END SOLUTION


# %% check="merge_heads"
check(merge_heads)

# %% [markdown]
# ## 6. Multi-head attention
#
# Where do queries, keys and values come from? From the positions themselves, each by a learned linear map. Then split,
# attend, merge, and mix the heads by one more linear map:
#
# | step | shape |
# |---|---|
# | `x` | `(batch, query, d_model)` |
# | queries from `x`; keys and values from `source` | `(batch, query or key, d_model)` |
# | `split_heads` | `(batch, head, query or key, d_head)` |
# | `scaled_dot_product_attention` | `(batch, head, query, d_head)`, shares `(batch, head, query, key)` |
# | `merge_heads` | `(batch, query, d_model)` |
# | the last linear map | `(batch, query, d_model)` |
#
# When `source` is `x` itself, this is **self-attention**. When a French sentence looks at an English one, `source` is
# the other sentence. A mask is the same for all heads: it has no axis `head`, so give it one in front of its last two.
#
# Use your own functions. Yours will then be equal to `nn.MultiheadAttention`, to the last digits of float64.


# %% exercise="MultiHeadAttention"
class MultiHeadAttention(nn.Module):
    """Attention with several heads, each on its own part of what linear maps make of the positions.

    MultiHeadAttention(d_model, heads) has four linear maps with a bias, each nn.Linear(d_model, d_model), by these
    names: query, key, value, out.

    x (batch, query, d_model); source (batch, key, d_model), or None for x itself
      -> queries from x, keys and values from source, split into heads     (batch, head, query or key, d_head)
      -> scaled dot-product attention in every head                       (batch, head, query, d_head)
      -> heads merged, then the linear map `out`                          (batch, query, d_model)

    mask: bool, (query, key), or (batch, query, key) where batch and query may be 1; True where a query may look.
        Every head gets the same mask.
    returns: the result (batch, query, d_model) and the shares of all heads (batch, head, query, key)

    >>> attend = MultiHeadAttention(d_model=12, heads=3)
    >>> y, shares = attend(torch.zeros(5, 7, 12))
    >>> y.shape, shares.shape
    (torch.Size([5, 7, 12]), torch.Size([5, 3, 7, 7]))
    >>> sum(p.numel() for p in attend.parameters())
    624
    """

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.heads = heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)
        ### END SOLUTION

    def forward(self, x: Tensor, source: Tensor | None = None, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: (batch, query, d_model); returns the result and the shares, see above."""
        ### BEGIN SOLUTION
        source = x if source is None else source
        q = split_heads(self.query(x), self.heads)  # (batch, head, query, d_head)
        k = split_heads(self.key(source), self.heads)  # (batch, head, key, d_head)
        v = split_heads(self.value(source), self.heads)  # (batch, head, key, d_head)
        if mask is not None:
            mask = mask.unsqueeze(-3)  # (batch, head = 1, query, key)
        y, weights = scaled_dot_product_attention(q, k, v, mask)
        return self.out(merge_heads(y)), weights  # (batch, query, d_model), (batch, head, query, key)
        ### END SOLUTION


# %% check="MultiHeadAttention"
check(MultiHeadAttention)

# %% [markdown]
# ## 7. Where does it stand?
#
# Look at your formula again. Nowhere does it ask where a key stands. Shuffle the words, and the answers are shuffled
# in the same way: attention does not know about order at all. If order matters, it has to be written into the words.
#
# The paper "Attention Is All You Need" adds to every position $p$ a row of waves, one pair for each frequency:
#
# $$U_{p,\,2i} = \sin\!\left(\frac{p}{10000^{2i/d}}\right), \qquad
# U_{p,\,2i+1} = \cos\!\left(\frac{p}{10000^{2i/d}}\right)$$
#
# For $d = 4$ the frequencies are $1$ and $1/100$. Position 1 gets
# $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.841, 0.540, 0.010, 1.000)$.
#
# Two waves of one frequency are the hands of a clock. Moving on by three positions turns every hand by a fixed angle,
# wherever it stood: a linear map can express "three words before me".


# %% exercise="sinusoidal_positions"
def sinusoidal_positions(n: int, d: int) -> Tensor:
    """The waves that tell n positions apart.

    U[p, 2 i] = sin(p / 10000^(2 i / d)),     U[p, 2 i + 1] = cos(p / 10000^(2 i / d))

    n: the number of positions, counted from 0
    d: how many numbers each position gets; even
    returns: float, (position, d_model) = (n, d)

    >>> sinusoidal_positions(2, 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    ### BEGIN SOLUTION
    frequencies = 10000.0 ** (-torch.arange(0, d, 2) / d)  # (d / 2,)
    angles = torch.arange(n)[:, None] * frequencies  # (position, d / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (position, d / 2, 2) -> (position, d)
    ### END SOLUTION


# %% check="sinusoidal_positions"
check(sinusoidal_positions)

# %% [markdown]
# ## 8. Does it care about order? Measure it
#
# A function $f$ of a sequence is **permutation-equivariant** when shuffling its input shuffles its output in the same
# way and does nothing else: $f(P x) = P f(x)$. How far is a given $f$ from that? Shuffle by one permutation, on the way
# in or on the way out, and take the largest difference of the two.
#
# With `perm = [2, 0, 1]`, the shuffled sequence `x[perm]` holds `x[2], x[0], x[1]`. For $f(x) = 2x$ the error is 0. For
# the running sum of $x = (1, 2, 4)$: $f(x) = (1, 3, 7)$, shuffled $(7, 1, 3)$; shuffled first, $(4, 1, 2)$, the running
# sum is $(4, 5, 7)$. The differences are $3, 4, 4$, so the error is 4.


# %% exercise="permutation_error"
def permutation_error(f: Callable[[Tensor], Tensor], perm: Tensor, x: Tensor) -> float:
    """How far f is from being permutation-equivariant, on one sequence and one permutation.

    The largest absolute value in  f(x[perm]) - f(x)[perm].

    f: gives a sequence (position, d) for a sequence (position, d)
    perm: int64, (position,), every position once
    x: (position, d)
    returns: float, 0 or more

    >>> permutation_error(lambda x: x.cumsum(0), torch.tensor([2, 0, 1]), torch.tensor([[1.], [2.], [4.]]))
    4.0
    """
    ### BEGIN SOLUTION
    return (f(x[perm]) - f(x)[perm]).abs().max().item()
    ### END SOLUTION


# %% check="permutation_error"
check(permutation_error)

# %% [markdown] think="positions-added"
# **Think!** Attention without a mask and without positions has an error of 0, up to rounding. Which of these change
# that: a causal mask, adding `sinusoidal_positions` to $x$, more heads, taking the mean over all positions at the end?
#
# <details><summary>Answer</summary>
#
# The causal mask does: it says "before", and that is about order. (A decoder without any positions can therefore learn
# some order.) The positions do, that is what they are for. More heads do not. The mean at the end makes of an
# equivariant function an *invariant* one: the output does not move with the words, it does not change at all.
#
# </details>

# %% [markdown]
# ## 9. What does it cost?
#
# Count floating-point operations as PyTorch's counter does: matrix products and convolutions only, where a multiply-add
# is two. A product of $(a \times b)$ and $(b \times c)$ costs $2abc$. One layer reads $n$ positions of $d$ numbers and
# gives $n$ positions of $d$ numbers.
#
# - `"attention"`: the scores $q \cdot k$ of every query with every key, and the weighted sum of the values.
# - `"restricted"`: the same, but every query looks at $r$ keys only.
# - `"recurrent"`: in each of $n$ steps, one $d \times d$ map of the input and one of the state.
# - `"convolution"`: a kernel that is $k$ positions wide, from $d$ channels to $d$ channels, padded to keep the length.
#
# With `projections=True`, attention (plain or restricted) also pays for its four linear maps: queries, keys, values,
# output.
#
# For $n = 2$, $d = 3$: the scores are a product of $(2 \times 3)$ and $(3 \times 2)$, 24 FLOPs; the sum of values, of
# $(2 \times 2)$ and $(2 \times 3)$, 24 more. Together 48.


# %% exercise="flops"
def flops(kind: str, n: int, d: int, k: int = 3, r: int = 8, projections: bool = False) -> int:
    """The FLOPs of one layer, in matrix products and convolutions; a multiply-add is two.

    kind: "attention", "restricted", "recurrent" or "convolution"
    n: positions; d: numbers of each, before and after
    k: width of the convolution's kernel, in positions
    r: keys that a query of restricted attention looks at, at most n
    projections: whether attention counts its four linear maps (d to d) as well
    returns: a whole number (int)

    Biases, the softmax and the nonlinearity do not count.

    >>> flops("attention", 2, 3)
    48
    >>> flops("recurrent", 2, 3)
    72
    """
    ### BEGIN SOLUTION
    if kind == "recurrent":
        return 4 * n * d * d
    if kind == "convolution":
        return 2 * k * n * d * d
    keys = n if kind == "attention" else r
    return 4 * n * keys * d + (8 * n * d * d if projections else 0)
    ### END SOLUTION


# %% check="flops"
check(flops)

# %% [markdown] think="cheaper"
# **Think!** By these counts attention (without its linear maps) is cheaper than the recurrent layer when $n < d$, as
# the paper says. Is it still, when the four linear maps are counted?
#
# <details><summary>Answer</summary>
#
# Never: $8nd^2 + 4n^2d$ is more than $4nd^2$ for every $n$. The table of the paper leaves the maps out of attention and
# the same kind of map in the recurrent layer. Against an LSTM, which has four gates and costs $16nd^2$, attention with
# everything counted is cheaper while $n < 2d$. And FLOPs are not time: the recurrent layer needs $n$ steps one after
# the other, attention needs one.
#
# </details>

# %% [markdown]
# ## Your functions at work
#
# The cells below need nothing from you but that every exercise passes. They train a small model on sentences like *the
# old dog saw the cat yesterday*, with one question: **who saw?** Half of the training sentences begin with the time.
# Both animals are in every sentence, so the words alone do not tell: order does.

# %%
ANIMALS = ["dog", "cat", "bird", "horse", "fox"]
VERBS = ["saw", "met", "followed", "heard"]
ADJECTIVES = ["old", "small", "brown", "happy"]
TIMES = ["today", "yesterday", "sometimes"]
WORDS = ["-", "the", *ANIMALS, *VERBS, *ADJECTIVES, *TIMES]
LENGTH = 8


def some(items: list[str]) -> str:
    """One of the items, at random."""
    return items[int(torch.randint(len(items), ()))]


def thing(animal: str) -> list[str]:
    """The animal with its article and, half of the time, an adjective."""
    return ["the", animal] if torch.rand(()) < 0.5 else ["the", some(ADJECTIVES), animal]


def sentence() -> tuple[list[str], str]:
    """A random sentence, and the animal that acts in it."""
    first, second = (ANIMALS[i] for i in torch.randperm(len(ANIMALS))[:2].tolist())
    words = [*thing(first), some(VERBS), *thing(second)]
    return ([some(TIMES), *words] if torch.rand(()) < 0.5 else [*words, some(TIMES)]), first


def as_numbers(sentences: list[list[str]]) -> tuple[Tensor, Tensor]:
    """Numbers of the words, filled up with 0: (batch, position), and how many are words: (batch,)."""
    rows = [[WORDS.index(word) for word in words] + [0] * (LENGTH - len(words)) for words in sentences]
    return torch.tensor(rows), torch.tensor([len(words) for words in sentences])


class WhoDidIt(nn.Module):
    """Scores of the animals: which of them acts? Two layers of attention, made of your functions."""

    def __init__(self, positions: bool, d_model: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS), d_model)
        self.layers = nn.ModuleList([MultiHeadAttention(d_model, heads) for _ in range(2)])
        self.answer = nn.Linear(d_model, len(ANIMALS))
        self.positions = positions

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
        """tokens (batch, position), lengths (batch,); returns scores (batch, class), shares of every layer."""
        x = self.words(tokens)  # (batch, position, d_model)
        if self.positions:
            x = x + sinusoidal_positions(tokens.shape[1], x.shape[2])
        mask, shares = padding_mask(lengths, tokens.shape[1]), []
        for layer in self.layers:
            y, weights = layer(x, mask=mask)
            x = torch.relu(x + y)
            shares.append(weights)
        seen = mask.transpose(1, 2)  # (batch, position, 1)
        return self.answer((x * seen).sum(1) / seen.sum(1)), shares


# %%
if check.unlocked():
    torch.manual_seed(0)
    MADE = [sentence() for _ in range(4500)]
    TOKENS, LENGTHS = as_numbers([words for words, _ in MADE])
    ACTORS = torch.tensor([ANIMALS.index(actor) for _, actor in MADE])
    TRAINED = {}
    for positions in (True, False):
        model = WhoDidIt(positions)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(400):
            batch = torch.randint(4000, (64,))
            loss = F.cross_entropy(model(TOKENS[batch], LENGTHS[batch])[0], ACTORS[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = model(TOKENS[4000:], LENGTHS[4000:])[0].argmax(1) == ACTORS[4000:]
        TRAINED[positions] = model
        print(f"{'with' if positions else 'without'} positions: {100 * float(right.float().mean()):.0f} % of 500 right")

# %% [markdown]
# Now look inside. Rows are the words that ask, columns the words that are asked; each row adds up to 1. Move *today*
# to the end, exchange the animals, switch the positions off.

# %%
SENTENCES = [
    "today the old dog saw the cat",
    "the old dog saw the cat today",
    "the cat saw the old dog today",
    "sometimes the fox followed the small bird",
    "the small bird followed the fox sometimes",
]


def draw_shares(sentence, layer, head, positions):
    """Who attends to whom in "{sentence}": layer {layer}, head {head}, positions {positions}."""
    import matplotlib.pyplot as plt

    words = sentence.split()
    tokens, lengths = as_numbers([words])
    with torch.no_grad():
        scores, shares = TRAINED[positions](tokens, lengths)
    p = scores.softmax(1)[0]  # (class,)
    figure, axes = plt.subplots(figsize=(5.2, 4.6))
    axes.imshow(shares[layer - 1][0, head - 1, : len(words), : len(words)], vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(len(words)), words, rotation=45, ha="right")
    axes.set_yticks(range(len(words)), words)
    axes.set(xlabel="key: the word that is looked at", ylabel="query: the word that looks")
    axes.set_title(f"who did it? {ANIMALS[int(p.argmax())]}, {100 * float(p.max()):.0f} %")
    return figure


if check.unlocked():
    from explorables import choice, explore, steps, toggle

    demo = explore(
        draw_shares,
        sentence=choice(SENTENCES),
        layer=steps([1, 2]),
        head=steps([1, 2, 3, 4]),
        positions=toggle(start=True),
        caption="The shares of one head, yellow for much. Your scaled_dot_product_attention made them.",
        try_this="With positions on, does the answer follow the words when 'today' moves to the end? Switch positions "
        "off and exchange the animals: why can the answer not change?",
    )
    display(demo)

# %% [markdown] think="exchange"
# **Think!** Without positions the model gives exactly the same answer to *the cat saw the old dog* and *the old dog saw
# the cat*. Say why, in terms of exercise 8. What is the best accuracy it can reach?
#
# <details><summary>Answer</summary>
#
# Both sentences hold the same words. Attention without positions is permutation-equivariant, the padding mask only
# counts words, and the mean over all positions at the end is invariant: so the scores are the same, to the last digit.
# The two sentences have different answers and are equally likely, so nothing beats one half.
#
# </details>
