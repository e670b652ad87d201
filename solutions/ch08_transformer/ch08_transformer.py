# %% [markdown]
# # The Transformer: everything together
#
# Look at what you have built. Words as vectors, softmax and cross-entropy; gradient descent with Adam; attention in
# several heads, masks, positions; the residual connection and layer normalization. There is nothing else in a
# Transformer. In this notebook you put the pieces together, as the paper "Attention Is All You Need" did in 2017: an
# encoder that reads, a decoder that writes and looks at what was read, one table of words for both, a loss that is
# never quite sure, a rate that warms up, and two ways to get a sentence out.
#
# When everything passes, your Transformer learns to translate English into French in less than a minute: a small
# grammar, but one with agreement, word order and negation. Then you ask it sentences that it has never seen.
#
# **How to work.** Each exercise is one cell. Read the text and the docstring, replace `raise NotImplementedError` by
# your code, run the cell, then run the check below it. The check tells you what differs and where;
# `check.hint(embed)` says more, one step at a time. Shapes are written with the names of their axes: `(batch,
# position, d_model)`. Masks are `True` where a query may look, as in the chapter on attention.

# %%
import math
import random
from collections.abc import Callable

import torch
from IPython.display import display
from torch import Tensor, nn

# %%
from autograder import Check

check = Check("ch08_transformer")

# %% [markdown]
# ## What you bring along
#
# These you wrote in the chapter on attention. Here they are again; replace them by your own, if you like. (Layer
# normalization is `nn.LayerNorm`, which is your `layer_norm` with its gain and bias inside.)


# %%
def causal_mask(n: int) -> Tensor:
    """Who may look at whom when nobody may look ahead: (query, key)."""
    return torch.ones(n, n, dtype=torch.bool).tril()


def sinusoidal_positions(n: int, d: int) -> Tensor:
    """The waves that tell n positions apart: (position, d_model)."""
    frequencies = 10000.0 ** (-torch.arange(0, d, 2) / d)
    angles = torch.arange(n)[:, None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


class MultiHeadAttention(nn.Module):
    """Attention with several heads, from x (batch, query, d_model) to source (batch, key, d_model), or to x itself.

    mask: True where a query may look, (query, key) or (batch, query, key); sizes 1 broadcast. The shares of the last
    call, (batch, head, query, key), are kept in `shares`.
    """

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(d_model, d_model) for _ in range(4))
        self.shares: Tensor | None = None

    def forward(self, x: Tensor, source: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """The result, (batch, query, d_model)."""
        source = x if source is None else source
        parts = self.query(x), self.key(source), self.value(source)
        q, k, v = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts
        )  # (batch, head, position, d_head)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (batch, head, query, key)
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(-3), -torch.inf)
        weights = scores.softmax(dim=-1)
        self.shares = weights.detach()
        return self.out((weights @ v).transpose(1, 2).flatten(2))


# %% [markdown]
# ## 1. Words become vectors
#
# Every word has a number, and the number a row of a table, `(vocabulary, d_model)`. The same table will serve at the
# other end, to score the next word, and for that its numbers should be small: of size $1/\sqrt{d_\text{model}}$. The
# waves that tell the position have numbers of size 1. So that the word is not drowned, the paper multiplies it by
# $\sqrt{d_\text{model}}$ before it adds the waves:
#
# $$x_p = \sqrt{d_\text{model}} \; E_{\text{token}_p} + P_p .$$
#
# For $d_\text{model} = 4$ and a word with the row $(0.5, 0, 0, -0.5)$ at position 0, where the waves are $(0, 1, 0,
# 1)$, that is $2 \cdot (0.5, 0, 0, -0.5) + (0, 1, 0, 1) = (1, 1, 0, 0)$.


# %% exercise="embed"
def embed(tokens: Tensor, table: Tensor) -> Tensor:
    """Words with their positions, (batch, position, d_model).

    tokens: int64, (batch, position); which row of the table
    table: (vocabulary, d_model); gradients flow to it
    returns: the rows times the root of d_model, plus sinusoidal_positions, in the dtype of the table

    >>> embed(torch.tensor([[1]]), torch.tensor([[9., 9., 9., 9.], [0.5, 0., 0., -0.5]]))
    tensor([[[1., 1., 0., 0.]]])
    """
    ### BEGIN SOLUTION
    n, d_model = tokens.shape[1], table.shape[1]
    words = math.sqrt(d_model) * table[tokens]  # (batch, position, d_model)
    return words + sinusoidal_positions(n, d_model).to(table.dtype)
    ### END SOLUTION


# %% check="embed"
check(embed)

# %% [markdown]
# ## 2. A layer that reads
#
# Two branches: attention of all positions to all positions, then a feed-forward net that treats every position alike,
# $\operatorname{narrow}(\operatorname{relu}(\operatorname{wide}(x)))$, four times as wide in the middle in the paper.
# Each branch has its residual connection and its normalization. The paper normalizes after the sum, most code of
# today before the branch:
#
# | | `norm_first=False`, as published | `norm_first=True`, as used today |
# |---|---|---|
# | attention | `x = norm1(x + attend(x))` | `x = x + attend(norm1(x))` |
# | feed-forward | `x = norm2(x + feed(x))` | `x = x + feed(norm2(x))` |


# %% exercise="EncoderLayer"
class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward net, each with its residual connection and its normalization.

    EncoderLayer(d_model, heads, d_ff, norm_first=False) has
      attend               MultiHeadAttention(d_model, heads)
      wide, narrow         nn.Linear, d_model to d_ff and back, with a ReLU between them
      norm1, norm2         nn.LayerNorm(d_model), of the attention and of the feed-forward net

    x: (batch, position, d_model)
    mask: bool, (batch, query, key), or None; True where a query may look
    returns: (batch, position, d_model)

    >>> layer = EncoderLayer(d_model=6, heads=2, d_ff=8)
    >>> layer(torch.zeros(3, 5, 6)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([3, 5, 6]), 302)
    """

    def __init__(self, d_model: int, heads: int, d_ff: int, norm_first: bool = False) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.norm_first = norm_first
        self.attend = MultiHeadAttention(d_model, heads)
        self.wide, self.narrow = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        ### END SOLUTION

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x: (batch, position, d_model); see above."""
        ### BEGIN SOLUTION
        feed = lambda h: self.narrow(torch.relu(self.wide(h)))  # noqa: E731
        if self.norm_first:
            x = x + self.attend(self.norm1(x), mask=mask)
            return x + feed(self.norm2(x))
        x = self.norm1(x + self.attend(x, mask=mask))
        return self.norm2(x + feed(x))
        ### END SOLUTION


# %% check="EncoderLayer"
check(EncoderLayer)

# %% [markdown]
# ## 3. A layer that writes
#
# The decoder has the French words so far, and has to find the next one. Its layer has three branches: attention among
# the French words, where nobody may look ahead; attention **to the English sentence**, or rather to what the encoder
# made of it, the `memory`; and the feed-forward net. In the second, the French words ask: queries come from `y`, keys
# and values from `memory`. With 5 French and 7 English words its shares are `(batch, head, 5, 7)`.
#
# Both masks come from the caller. `mask` says which French word may look at which, `memory_mask` which English words
# are filling.


# %% exercise="DecoderLayer"
class DecoderLayer(nn.Module):
    """Self-attention, attention to the memory, and a feed-forward net, each with residual and normalization.

    DecoderLayer(d_model, heads, d_ff, norm_first=False) has
      attend, look          MultiHeadAttention(d_model, heads): to y itself, to the memory
      wide, narrow          nn.Linear, d_model to d_ff and back, with a ReLU between them
      norm1, norm2, norm3   nn.LayerNorm(d_model), of the three branches in this order

    y: (batch, query, d_model), the words written so far
    memory: (batch, key, d_model), what the encoder made of the source; it is not normalized here
    mask: bool, (batch, query, query) or (query, query), or None, for y itself
    memory_mask: bool, (batch, query, key), sizes 1 broadcast, or None, for the memory
    returns: (batch, query, d_model)

    >>> layer = DecoderLayer(d_model=6, heads=2, d_ff=8)
    >>> layer(torch.zeros(3, 5, 6), torch.zeros(3, 7, 6)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([3, 5, 6]), 482)
    """

    def __init__(self, d_model: int, heads: int, d_ff: int, norm_first: bool = False) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.norm_first = norm_first
        self.attend, self.look = MultiHeadAttention(d_model, heads), MultiHeadAttention(d_model, heads)
        self.wide, self.narrow = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(d_model) for _ in range(3))
        ### END SOLUTION

    def forward(
        self, y: Tensor, memory: Tensor, mask: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> Tensor:
        """y: (batch, query, d_model); see above."""
        ### BEGIN SOLUTION
        branches = (
            (self.norm1, lambda h: self.attend(h, mask=mask)),
            (self.norm2, lambda h: self.look(h, memory, memory_mask)),
            (self.norm3, lambda h: self.narrow(torch.relu(self.wide(h)))),
        )
        for norm, branch in branches:
            y = y + branch(norm(y)) if self.norm_first else norm(y + branch(y))
        return y
        ### END SOLUTION


# %% check="DecoderLayer"
check(DecoderLayer)

# %% [markdown] think="six-masks"
# **Think!** The layer has two attentions and gets two masks. Why does the attention to the memory need no causal
# mask?
#
# <details><summary>Answer</summary>
#
# The English sentence is all there from the start. A French word may look at all of it, at its last word too: nothing
# of it is the answer. What would give the answer away are the *French* words that come later.
#
# </details>

# %% [markdown]
# ## 4. What the decoder reads while it learns
#
# It should say *le chien dort* and then that it has finished: `[le, chien, dort, >]`. To say the first word it has
# seen nothing but the mark of the beginning; to say *chien* it has seen *le*. So while it learns it reads the
# sentence **one place later**:
#
# $$\text{reads } (\text{<},\; \text{le},\; \text{chien},\; \text{dort}), \qquad
# \text{says } (\text{le},\; \text{chien},\; \text{dort},\; \text{>}) .$$
#
# With the causal mask all these questions are answered in one go, for every place of every sentence. Forget the
# shift, and the decoder reads at each place the very word that it should say: the loss falls to nothing, and nothing
# is learned.


# %% exercise="shift_right"
def shift_right(target: Tensor, start: int) -> Tensor:
    """What the decoder reads when it should say `target`: (batch, position), int64.

    target: int64, (batch, position); it stays as it is
    start: the number of the mark of the beginning

    >>> shift_right(torch.tensor([[7, 8, 9, 2]]), start=1)
    tensor([[1, 7, 8, 9]])
    """
    ### BEGIN SOLUTION
    first = torch.full_like(target[:, :1], start)  # (batch, 1)
    return torch.cat([first, target[:, :-1]], dim=1)
    ### END SOLUTION


# %% check="shift_right"
check(shift_right)

# %% [markdown]
# ## 5. Never quite sure
#
# Cross-entropy asks for a probability of 1 for the right word. No finite score gives that, so scores grow without
# end. **Label smoothing** asks for a little less: of $K$ words, the right one gets $1 - \epsilon + \epsilon/K$, each
# other one $\epsilon/K$. The loss is the cross-entropy with these,
#
# $$\mathcal{L} = -\sum_k q_k \log p_k, \qquad q_k = (1 - \epsilon) \, [k = \text{target}] + \frac{\epsilon}{K},$$
#
# and the mean over all words that are not filling. With $K = 4$, $\epsilon = 0.2$ and scores that are all equal,
# $\log p_k = -\log 4$ for every word, and the loss is $1.386$ whatever $\epsilon$ is. With the log probabilities
# $(-0.1, -3, -3, -4)$ and the first word right, it is $0.85 \cdot 0.1 + 0.05 \cdot (3 + 3 + 4) = 0.585$.


# %% exercise="label_smoothing"
def label_smoothing(scores: Tensor, target: Tensor, eps: float = 0.1, padding: int = 0) -> Tensor:
    """The mean cross-entropy with smoothed targets over all words that are not filling; a scalar.

    scores: (batch, position, vocabulary); gradients flow to it
    target: int64, (batch, position); at least one is not filling
    eps: the share that is dealt out to all words of the vocabulary alike, the right one and the filling included
    padding: the target that marks filling; such places count for nothing

    >>> scores = torch.tensor([[[2.0, 0.0, 0.0, -1.0]]])
    >>> label_smoothing(scores, torch.tensor([[1]]), eps=0.0), label_smoothing(scores, torch.tensor([[1]]), eps=0.2)
    (tensor(2.2780), tensor(2.2280))
    """
    ### BEGIN SOLUTION
    log_p = scores.log_softmax(dim=-1)  # (batch, position, vocabulary)
    right = log_p.gather(-1, target[..., None])[..., 0]  # (batch, position)
    losses = -(1 - eps) * right - eps * log_p.mean(dim=-1)
    return losses[target != padding].mean()
    ### END SOLUTION


# %% check="label_smoothing"
check(label_smoothing)

# %% [markdown]
# ## 6. A rate that warms up
#
# At the start Adam knows nothing of the size of the gradients, and a post-norm stack is easily thrown off. So the
# rate begins near zero, rises along a line for `warmup` steps, and then falls with the root of the step:
#
# $$\eta = d_\text{model}^{-1/2} \cdot \min\bigl(\text{step}^{-1/2},\; \text{step} \cdot \text{warmup}^{-3/2}\bigr) .$$
#
# For $d_\text{model} = 16$ and a warm-up of 4 steps: at step 1 it is $\tfrac14 \cdot \tfrac18 = 0.03125$, at step 4
# it peaks at $\tfrac14 \cdot \tfrac12 = 0.125$, at step 16 it is $\tfrac14 \cdot \tfrac14 = 0.0625$. Steps are
# counted from 1. Some loops ask for step 0 too, before anything has happened; the formula would divide by zero. Give
# them the rate of step 1.


# %% exercise="noam_rate"
def noam_rate(step: int, d_model: int, warmup: int) -> float:
    """The rate of learning of the paper's schedule, at this step.

    step: 0 or more; step 0 gets the rate of step 1
    warmup: the step at which the rate is largest, 1 or more

    >>> noam_rate(1, 16, 4), noam_rate(4, 16, 4), noam_rate(16, 16, 4)
    (0.03125, 0.125, 0.0625)
    """
    ### BEGIN SOLUTION
    step = max(step, 1)
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
    ### END SOLUTION


# %% check="noam_rate"
check(noam_rate)

# %% [markdown]
# ## 7. Word by word: greedy
#
# To translate, the decoder starts with the mark of the beginning, says the word with the best score, reads it, says
# the next. Here the model is any function `next_scores`: it gets all that was written so far, the mark of the
# beginning included, `(batch, position)`, and gives scores of the next word, `(batch, vocabulary)`. Sentences of a
# batch end at different times. One that has said the mark of the end gets filling from then on; when all have, stop.
#
# Say `end` is 2, `longest` is 4, and of two sentences the first says 5, then 2, the second 6, 6, 2. The result is
# $\begin{pmatrix} 5 & 2 & 0 & 0 \\ 6 & 6 & 2 & 0 \end{pmatrix}$: without the mark of the beginning, filled up to
# `longest`.


# %% exercise="greedy_decode"
def greedy_decode(
    next_scores: Callable[[Tensor], Tensor], batch: int, start: int, end: int, longest: int, padding: int = 0
) -> Tensor:
    """What a model writes when it always takes the best word: int64, (batch, longest).

    next_scores: from words (batch, position) to scores of the next one (batch, vocabulary)
    batch: how many sentences are written side by side
    start, end: the marks; every sentence begins with start, which is not in the result, and is over after end, which is
    longest: how many words are written at most, 1 or more
    padding: what stands behind the end

    >>> greedy_decode(lambda y: torch.eye(4)[(y[:, -1] + 1) % 4], batch=1, start=1, end=3, longest=4)
    tensor([[2, 3, 0, 0]])
    """
    ### BEGIN SOLUTION
    written = torch.full((batch, 1), start)
    result = torch.full((batch, longest), padding)
    ended = torch.zeros(batch, dtype=torch.bool)
    for place in range(longest):
        word = next_scores(written).argmax(dim=-1)  # (batch,)
        result[:, place] = word.masked_fill(ended, padding)
        written = torch.cat([written, result[:, place : place + 1]], dim=1)  # (batch, position + 1)
        ended = ended | (word == end)
        if ended.all():
            break
    return result
    ### END SOLUTION


# %% check="greedy_decode"
check(greedy_decode)

# %% [markdown]
# ## 8. Several at a time: the beam
#
# The best first word need not begin the best sentence. A **beam** keeps the few best beginnings. It goes like this:
#
# 1. There is one beginning, the mark of the beginning, with the log probability 0.
# 2. Extend every beginning by every word. The log probability of an extension is that of the beginning plus that of
#    the word. Of *all* extensions together keep the `beam` most probable.
# 3. Those among them that end with the mark of the end are finished: put them aside. The others are the new
#    beginnings. The finished ones take no place away from them: in the next round, too, the `beam` most probable
#    extensions are kept. Do this `longest` times, or until there is no beginning left; what is left then counts as
#    finished too.
# 4. Longer sentences have smaller probabilities, only because they are longer. So compare the finished ones by
#
# $$\frac{\log p}{\left(\frac{5 + \text{length}}{6}\right)^{\alpha}} ,$$
#
# where the length counts the words after the mark of the beginning, with the mark of the end. For a length of 7 and
# $\alpha = 1$ the divisor is 2. The paper uses a beam of 4 and $\alpha = 0.6$ (Wu and others, 2016).


# %% exercise="beam_search"
def beam_search(
    next_scores: Callable[[Tensor], Tensor], beam: int, start: int, end: int, longest: int, alpha: float = 0.6
) -> tuple[Tensor, float]:
    """The best sentence that a beam finds, int64 (position,), without `start`; and its log p over the length penalty.

    next_scores: from beginnings (beginning, position), `start` included, to log probabilities of the next word
        (beginning, vocabulary)
    beam: how many extensions are kept, over all beginnings together; as many as there are if they are fewer
    start, end: the marks. longest: how many words are written at most. alpha: strength of the length penalty

    >>> table = torch.tensor([[0.1, 0.5, 0.4], [0.2, 0.4, 0.4], [0.0, 0.1, 0.9]]).log()  # word by word
    >>> beam_search(lambda y: table[y[:, -1]], beam=2, start=0, end=2, longest=3, alpha=0.0)[0]
    tensor([2])
    """
    ### BEGIN SOLUTION
    begun, log_p, finished = torch.tensor([[start]]), torch.zeros(1), []
    score = lambda log_p, length: float(log_p) / ((5 + length) / 6) ** alpha  # noqa: E731
    for length in range(1, longest + 1):
        extended = log_p[:, None] + next_scores(begun)  # (beginning, vocabulary)
        best, places = extended.flatten().topk(min(beam, extended.numel()))  # (beam,) each
        row, word = places // extended.shape[1], places % extended.shape[1]
        begun = torch.cat([begun[row], word[:, None]], dim=1)  # (beam, position + 1)
        over = (word == end) | (length == longest)
        finished += [(score(p, length), y[1:]) for p, y in zip(best[over], begun[over], strict=True)]
        begun, log_p = begun[~over], best[~over]
        if len(begun) == 0:
            break
    value, words = max(finished, key=lambda pair: pair[0])
    return words, value
    ### END SOLUTION


# %% check="beam_search"
check(beam_search)

# %% [markdown] think="wide-beam"
# **Think!** A beam as wide as the vocabulary to the power of the length finds the most probable sentence. Would its
# translations be the best?
#
# <details><summary>Answer</summary>
#
# Not by themselves. What people want is not what is most probable under a model: with ever wider beams real
# translators were found to get worse again, because very short sentences, or none at all, are quite probable. The
# length penalty is a patch for that. And here it hardly matters: a model that is sure of every word needs no beam.
#
# </details>

# %% [markdown]
# ## 9. How large is it?
#
# Count its parameters, before you build it. Linear maps have biases. Each attention has four of them; in general
# queries and keys have `heads * d_key` numbers and values `heads * d_value`, and the last map goes from there back to
# $d_\text{model}$. A normalization has a gain and a bias for each of $d_\text{model}$ numbers.
#
# - an encoder layer: one attention, the feed-forward net, two normalizations
# - a decoder layer: two attentions, the feed-forward net, three normalizations
# - the table of words, **once**: encoder, decoder and the scores at the end share it. The sinusoidal positions are
#   not learned.
#
# This is the model as published (post-norm). With one layer of each, $d_\text{model} = 2$, $d_\text{ff} = 3$, one
# head and 5 words: an attention has $4 \cdot (4 + 2) = 24$, the feed-forward net $6 + 3 + 6 + 2 = 17$, a
# normalization 4. The encoder layer has $24 + 17 + 8 = 49$, the decoder layer $48 + 17 + 12 = 77$, the table 10:
# together 136.


# %% exercise="count_transformer_parameters"
def count_transformer_parameters(
    vocabulary: int,
    d_model: int,
    d_ff: int,
    layers: int,
    heads: int,
    d_key: int | None = None,
    d_value: int | None = None,
) -> int:
    """The number of parameters of the Transformer as published, with one shared table of words.

    layers: of the encoder, and of the decoder
    d_key, d_value: numbers of a query or key, and of a value, in one head; None for d_model // heads

    >>> count_transformer_parameters(vocabulary=5, d_model=2, d_ff=3, layers=1, heads=1)
    136
    """
    ### BEGIN SOLUTION
    keys = heads * (d_model // heads if d_key is None else d_key)
    values = heads * (d_model // heads if d_value is None else d_value)
    linear = lambda d_in, d_out: d_in * d_out + d_out  # noqa: E731
    attention = 2 * linear(d_model, keys) + linear(d_model, values) + linear(values, d_model)
    feed = linear(d_model, d_ff) + linear(d_ff, d_model)
    norm = 2 * d_model
    encoder, decoder = attention + feed + 2 * norm, 2 * attention + feed + 3 * norm
    return vocabulary * d_model + layers * (encoder + decoder)
    ### END SOLUTION


# %% check="count_transformer_parameters"
check(count_transformer_parameters)

# %% [markdown]
# ## 10. The Transformer
#
# Now all of it. Numbers 0, 1 and 2 of the vocabulary are the filling, the mark of the beginning and the mark of the
# end.
#
# - `encode(source)`: your `embed`, then the encoder's layers. Nobody looks at filling.
# - `decode(target, memory, source)`: your `embed`, then the decoder's layers. Nobody looks ahead; nobody looks at
#   filling, neither of the target nor of the source. Then a score for every word: the dot product with its row of the
#   table, the **same** table (no bias).
# - `forward(source, target)`: both. What comes in as `target` is shifted already.
# - With `norm_first` nothing normalizes what leaves the last layer, so each of the two stacks gets one more
#   normalization at its end.
# - `learn(source, target, steps)`: at each step take `batch` random pairs, let the model read `shift_right` of the
#   targets, take the `label_smoothing` loss, set the rate to `noam_rate`, and take a step of Adam. The paper has
#   betas of 0.9 and 0.98 and an epsilon of 1e-9.
# - `translate(source, longest)`: your `greedy_decode`. Encode once, not for every word.
#
# The table starts small, with a standard deviation of $1/\sqrt{d_\text{model}}$; that is done for you, and so are the
# marks.

# %%
PADDING = 0
START = 1
END = 2


# %% exercise="Transformer"
class Transformer(nn.Module):
    """The Transformer of "Attention Is All You Need", without dropout.

    Transformer(vocabulary, d_model, heads, d_ff, layers, norm_first=False) has
      words                        nn.Embedding(vocabulary, d_model), for source, target and scores
      encoder, decoder             nn.ModuleList of `layers` EncoderLayer, and as many DecoderLayer
      encoder_norm, decoder_norm   nn.LayerNorm(d_model), only with norm_first

    source: int64, (batch, key), and target: int64, (batch, query); 0 is filling, and stands behind the words
    forward(source, target) returns the scores of the word that follows each word of target: (batch, query, vocabulary)

    >>> model = Transformer(vocabulary=5, d_model=2, heads=1, d_ff=3, layers=1)
    >>> sum(p.numel() for p in model.parameters())
    136
    >>> model(torch.tensor([[3, 4, 3]]), torch.tensor([[1, 4]])).shape
    torch.Size([1, 2, 5])
    """

    def __init__(
        self, vocabulary: int, d_model: int, heads: int, d_ff: int, layers: int, norm_first: bool = False
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, d_model)
        nn.init.normal_(self.words.weight, std=d_model**-0.5)
        ### BEGIN SOLUTION
        sizes = (d_model, heads, d_ff, norm_first)
        self.encoder = nn.ModuleList([EncoderLayer(*sizes) for _ in range(layers)])
        self.decoder = nn.ModuleList([DecoderLayer(*sizes) for _ in range(layers)])
        self.norm_first = norm_first
        if norm_first:
            self.encoder_norm, self.decoder_norm = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        ### END SOLUTION

    def encode(self, source: Tensor) -> Tensor:
        """The memory, (batch, key, d_model), of source (batch, key)."""
        ### BEGIN SOLUTION
        x, mask = embed(source, self.words.weight), (source != PADDING)[:, None]  # mask: (batch, query = 1, key)
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x) if self.norm_first else x
        ### END SOLUTION

    def decode(self, target: Tensor, memory: Tensor, source: Tensor) -> Tensor:
        """Scores of the next words, (batch, query, vocabulary), of target (batch, query) and what was read."""
        ### BEGIN SOLUTION
        y = embed(target, self.words.weight)
        mask = causal_mask(target.shape[1]) & (target != PADDING)[:, None]  # (batch, query, query)
        for layer in self.decoder:
            y = layer(y, memory, mask, (source != PADDING)[:, None])
        y = self.decoder_norm(y) if self.norm_first else y
        return y @ self.words.weight.T  # (batch, query, vocabulary)
        ### END SOLUTION

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Scores (batch, query, vocabulary); source (batch, key), target (batch, query), shifted."""
        ### BEGIN SOLUTION
        return self.decode(target, self.encode(source), source)
        ### END SOLUTION

    def learn(
        self, source: Tensor, target: Tensor, steps: int, batch: int = 64, warmup: int = 400, eps: float = 0.1
    ) -> list[float]:
        """Trains on pairs of source (pair, key) and target (pair, position), end mark included, not shifted.

        returns: the loss of every step
        """
        ### BEGIN SOLUTION
        optimizer = torch.optim.Adam(self.parameters(), betas=(0.9, 0.98), eps=1e-9)
        losses = []
        for step in range(1, steps + 1):
            chosen = torch.randint(len(source), (batch,))
            scores = self(source[chosen], shift_right(target[chosen], START))
            loss = label_smoothing(scores, target[chosen], eps, PADDING)
            optimizer.param_groups[0]["lr"] = noam_rate(step, self.words.embedding_dim, warmup)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses
        ### END SOLUTION

    @torch.no_grad()
    def translate(self, source: Tensor, longest: int) -> Tensor:
        """What the model writes for source (batch, key), greedily: int64, (batch, longest), filled up with 0."""
        ### BEGIN SOLUTION
        memory = self.encode(source)
        next_scores = lambda written: self.decode(written, memory, source)[:, -1]  # noqa: E731
        return greedy_decode(next_scores, len(source), START, END, longest, PADDING)
        ### END SOLUTION


# %% check="Transformer"
check(Transformer)

# %% [markdown]
# ## Your Transformer learns French
#
# The cells below need nothing from you but that every exercise passes. First a small grammar that makes English
# sentences together with their French translations. What the two languages do differently is all in it: *the black
# cat* is *le chat noir* and *the small cat* is *le petit chat*, one adjective behind its noun and one in front.
# Determiners and adjectives agree with the noun, verbs with their subject. *Does not see* becomes *ne voit pas*,
# around the verb; *sees them* becomes *les voit*, in front of it. And *le*, *la*, *ne* lose their vowel before
# another.

# %%
NOUNS = {
    "dog dogs": "chien chiens m",
    "cat cats": "chat chats m",
    "horse horses": "cheval chevaux m",
    "bird birds": "oiseau oiseaux m",
    "mouse mice": "souris souris f",
    "bee bees": "abeille abeilles f",
    "boy boys": "garçon garçons m",
    "girl girls": "fille filles f",
    "king kings": "roi rois m",
    "queen queens": "reine reines f",
    "house houses": "maison maisons f",
    "flower flowers": "fleur fleurs f",
    "tree trees": "arbre arbres m",
    "book books": "livre livres m",
}
IN_FRONT = {"small": "petit petite petits petites", "young": "jeune jeune jeunes jeunes"}
BEHIND = {
    "black": "noir noire noirs noires",
    "white": "blanc blanche blancs blanches",
    "red": "rouge rouge rouges rouges",
    "happy": "heureux heureuse heureux heureuses",
}
DETERMINERS = {"the the": "le la les", "a some": "un une des", "this these": "ce cette ces", "my my": "mon ma mes"}
SEEING = {
    "sees see": "voit voient",
    "loves love": "aime aiment",
    "follows follow": "suit suivent",
    "hears hear": "entend entendent",
    "finds find": "trouve trouvent",
    "looks-at look-at": "regarde regardent",
}
SLEEPING = {"sleeps sleep": "dort dorment", "sings sing": "chante chantent", "arrives arrive": "arrive arrivent"}
SUBJECTS = {"he": "il", "she": "elle", "they": "ils"}
OBJECTS = {"him": "le", "her": "la", "them": "les"}
TIMES = {"today": "aujourd'hui", "tonight": "ce soir"}
SHORT = {"le": "l'", "la": "l'", "ne": "n'", "de": "d'", "ce": "cet", "ma": "mon"}


def noun_phrase(some: random.Random) -> tuple[list[str], list[str], bool]:
    """ "the small birds": in English, in French, and whether it is plural."""
    plural = some.random() < 0.5
    (english, french), (noun, translated) = some.choice([*DETERMINERS.items()]), some.choice([*NOUNS.items()])
    feminine = translated.endswith(" f")
    form = 2 * plural + feminine
    article = "des" if french == "un une des" and plural else french.split()[2 if plural else int(feminine)]
    words, said = [english.split()[plural]], [translated.split()[plural]]
    if some.random() < 0.5:
        adjective, forms = some.choice([*IN_FRONT.items(), *BEHIND.items()])
        words.append(adjective)
        said.insert(0 if adjective in IN_FRONT else 1, forms.split()[form])
        if article == "des" and adjective in IN_FRONT:
            article = "de"
    return [*words, noun.split()[plural]], [article, *said], plural


def subject(some: random.Random) -> tuple[list[str], list[str], bool]:
    """A noun phrase, or a pronoun."""
    if some.random() < 0.8:
        return noun_phrase(some)
    english, french = some.choice([*SUBJECTS.items()])
    return [english], [french], english == "they"


def sentence(some: random.Random) -> tuple[list[str], list[str]]:
    """A random sentence: the English words, and the French ones."""
    english, french, plural = subject(some)
    verb, translated = some.choice([*SEEING.items()] if some.random() < 0.75 else [*SLEEPING.items()])
    negated, often = some.random() < 0.4, some.random() < 0.25
    does = [("do" if plural else "does"), "not"] if negated else []
    english = [*english, *does, *(["often"] if often else []), *verb.split()[plural or negated].split("-")]
    core, after = [translated.split()[plural]], [*(["pas"] if negated else []), *(["souvent"] if often else [])]
    if verb in SEEING and some.random() < 0.3:
        seen, said = some.choice([*OBJECTS.items()])
        english, core = [*english, seen], [said, *core]
    elif verb in SEEING:
        seen, said, _ = noun_phrase(some)
        article = "de" if negated and said[0] in ("un", "une", "des") else said[0]
        english, after = [*english, *seen], [*after, article, *said[1:]]
    french = [*french, *(["ne"] if negated else []), *core, *after]
    if some.random() < 0.25:
        when, said = some.choice([*TIMES.items()])
        first = some.random() < 0.5
        english = [when, *english] if first else [*english, when]
        french = [*said.split(), *french] if first else [*french, *said.split()]
    return english, elided(french)


def elided(french: list[str]) -> list[str]:
    """The words with `le`, `la`, `ne`, `de`, `ce` and `ma` as they are in front of a vowel."""
    following = [*french[1:], ""]
    return [
        SHORT[word] if word in SHORT and after[:1] in set("aeiouéhy") - {"h"} else word
        for word, after in zip(french, following, strict=True)
    ]


def numbered(sentences: list[list[str]], words: list[str], end: bool) -> Tensor:
    """Numbers of the words, (sentence, position), with the mark of the end if asked for, filled up with 0."""
    rows = [[words.index(word) for word in sentence] + [END] * end for sentence in sentences]
    longest = max(map(len, rows))
    return torch.tensor([row + [PADDING] * (longest - len(row)) for row in rows])


# %% [markdown]
# Of 8,000 sentences, those of the last 500 that are not among the others too are for the test: your model will never
# have seen them. A translation counts only if all of it is right, to the last letter.

# %%
if check.unlocked():
    SOME = random.Random(0)
    MADE = [sentence(SOME) for _ in range(8000)]
    KNOWN = {" ".join(english) for english, _ in MADE[:7500]}
    MADE = MADE[:7500] + [pair for pair in MADE[7500:] if " ".join(pair[0]) not in KNOWN]
    WORDS = ["-", "<", ">", "?", *sorted({word for pair in MADE for words in pair for word in words})]
    SOURCE = numbered([english for english, _ in MADE], WORDS, end=False)
    TARGET = numbered([french for _, french in MADE], WORDS, end=True)
    LONGEST = TARGET.shape[1]
    for english, french in MADE[:6]:
        print(" ".join(english).ljust(44), " ".join(french).replace("' ", "'"))

# %% [markdown]
# Now it learns: two layers each, 48 numbers for a word, four heads. This takes about half a minute.

# %%
if check.unlocked():
    torch.manual_seed(0)
    MODEL = Transformer(len(WORDS), d_model=48, heads=4, d_ff=192, layers=2)
    LOSSES = MODEL.learn(SOURCE[:7500], TARGET[:7500], steps=1400, warmup=300)
    right = (MODEL.translate(SOURCE[7500:], LONGEST) == TARGET[7500:]).all(dim=1)
    print(f"{count_transformer_parameters(len(WORDS), 48, 192, 2, 4):,} parameters;", end=" ")
    print(f"{100 * float(right.float().mean()):.1f} % of {len(right)} new sentences are right, word for word")

# %% [markdown]
# And look inside: which English word does a head of the decoder look at, while it writes each French word? Choose a
# sentence in which the order changes, and look for the head that follows it.

# %%
SENTENCES = [
    "the black cat does not often see the young queen",
    "today my small dogs look at some red flowers",
    "she does not love them",
    "this bird loves a white house tonight",
]


def draw_translation(sentence, layer, head):
    """Who looks at whom while "{sentence}" is translated: layer {layer}, head {head}."""
    import matplotlib.pyplot as plt

    source = numbered([sentence.split()], WORDS, end=False)
    written = MODEL.translate(source, LONGEST)
    length = int((written != PADDING).sum())
    with torch.no_grad():
        MODEL(source, shift_right(written[:, :length], START))
    shares = MODEL.decoder[layer - 1].look.shares[0, head - 1]  # (query, key)
    french = [WORDS[word] for word in written[0, :length]]
    figure, axes = plt.subplots(figsize=(5.2, 4.6))
    axes.imshow(shares, vmin=0, vmax=1, cmap="viridis")
    axes.set_xticks(range(source.shape[1]), sentence.split(), rotation=60, ha="right")
    axes.set_yticks(range(length), french)
    axes.set(xlabel="key: the English word that is looked at", ylabel="query: the French word to write")
    axes.set_title(" ".join(french[:-1]).replace("' ", "'"))
    return figure


if check.unlocked():
    from explorables import choice, explore, steps

    demo = explore(
        draw_translation,
        sentence=choice(SENTENCES),
        layer=steps([1, 2], start=2),
        head=steps([1, 2, 3, 4]),
        caption="The shares of one head between decoder and encoder, yellow for much.",
        try_this="Find a head that looks at the adjective when the adjective is due. Where does it look for *ne* and "
        "for *pas*?",
    )
    display(demo)

# %% [markdown] think="no-grammar"
# **Think!** Nobody told the model about gender. How could you find out whether it knows that *souris* is feminine, or
# only has seen *la souris* often enough?
#
# <details><summary>Answer</summary>
#
# Keep some pairs of adjective and noun out of the training set altogether, *white mouse* for example, and see whether
# it says *souris blanche*. It does, nearly always: what it has learned about a noun serves with every adjective. Try
# it: filter `MADE`, and train again.
#
# </details>
