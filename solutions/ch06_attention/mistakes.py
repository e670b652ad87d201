"""Wrong versions of the exercises on attention that students write. A docstring's paragraphs are its hints, in
steps."""

import math

import solution
import torch

from autograder.authoring.cases import mistake

# ---- scaled_dot_product_attention ----


def attend(scores, v, mask):
    """Masked scores to shares over the keys, and the mean of the values."""
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(-1)
    return weights @ v, weights


@mistake("scaled_dot_product_attention")
def no_scale(q, k, v, mask=None):
    """The shares are too extreme: the largest is larger than it should be, the others smaller.

    A sum of d_head products has a standard deviation of sqrt(d_head). What brings it back to 1?

    Divide the scores by math.sqrt(q.shape[-1]) before the softmax.
    """
    return attend(q @ k.transpose(-2, -1), v, mask)


@mistake("scaled_dot_product_attention")
def scaled_by_d(q, k, v, mask=None):
    """The shares are too even: the scores were made smaller than asked.

    Variances add up to d_head, so the standard deviation is its root. Which of the two do you divide by?

    Divide by math.sqrt(q.shape[-1]), not by q.shape[-1].
    """
    return attend(q @ k.transpose(-2, -1) / q.shape[-1], v, mask)


@mistake("scaled_dot_product_attention")
def scaled_by_number_of_keys(q, k, v, mask=None):
    """The scores are divided by the root of something else than the length of a query.

    The scale depends on how many products a score adds up, not on how many keys there are: q.k runs over d_head.

    The size you need is q.shape[-1], the last axis of q.
    """
    return attend(q @ k.transpose(-2, -1) / math.sqrt(k.shape[-2]), v, mask)


@mistake("scaled_dot_product_attention")
def softmax_over_queries(q, k, v, mask=None):
    """The columns of your shares add up to 1, the rows do not.

    Each query deals out its attention among the keys. Each key may be looked at by many queries, or by none.

    The keys are the last axis of the scores: softmax(dim=-1).
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(-2)
    return weights @ v, weights


@mistake("scaled_dot_product_attention")
def softmax_over_axis_one(q, k, v, mask=None):
    """One sequence is right. With a batch and heads in front, rows no longer add up to 1, or are nan.

    Axis 1 is the last one only where there are two. How do you name an axis by counting from the end?

    The keys are the last axis of the scores: softmax(dim=-1).
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(1)
    return weights @ v, weights


@mistake("scaled_dot_product_attention")
def transposed_all_axes(q, k, v, mask=None):
    """One sequence is right. With a batch and heads in front the shapes do not fit: .T turned all axes round.

    Only the last two axes of k change places; batch and heads stay where they are.

    k.transpose(-2, -1), or k.mT.
    """
    return attend(q @ k.permute(*range(k.dim() - 1, -1, -1)) / math.sqrt(q.shape[-1]), v, mask)


@mistake("scaled_dot_product_attention")
def mask_after_softmax(q, k, v, mask=None):
    """With a mask, the shares of a query no longer add up to 1.

    What may not be seen was given its share in the softmax and then lost it: the others never got it. It has to be out
    of the race before the shares are dealt out.

    Set the masked *scores* to -inf, then take the softmax; exp(-inf) is 0.
    """
    weights = solution.scaled_dot_product_attention(q, k, v)[1]
    weights = weights if mask is None else weights * mask
    return weights @ v, weights


@mistake("scaled_dot_product_attention")
def masked_scores_zero(q, k, v, mask=None):
    """Keys that may not be seen still get a share.

    You give them the score 0. A softmax makes of 0 a share like any other: e^0 is 1. Which score gives e to the score
    equal to 0?

    scores.masked_fill(~mask, -torch.inf) before the softmax.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = (scores if mask is None else scores * mask).softmax(-1)
    return weights @ v, weights


@mistake("scaled_dot_product_attention")
def mask_inverted(q, k, v, mask=None):
    """With a mask, queries look exactly where they may not.

    In this course, as in F.scaled_dot_product_attention, True means "may look". (nn.MultiheadAttention has it the other
    way round.)

    What is to be filled with -inf is where the mask is False: masked_fill(~mask, -torch.inf).
    """
    return solution.scaled_dot_product_attention(q, k, v, None if mask is None else ~mask)


@mistake("scaled_dot_product_attention")
def not_low_enough(q, k, v, mask=None):
    """Where all keys that a query may see fit it badly, it looks at the forbidden ones.

    You put a number in the place of the forbidden scores, and there are scores that are lower. Which number is lower
    than all?

    scores.masked_fill(~mask, -torch.inf)
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = (scores if mask is None else scores.masked_fill(~mask, -1e4)).softmax(-1)
    return weights @ v, weights


@mistake("scaled_dot_product_attention")
def overflows(q, k, v, mask=None):
    """Small scores are fine. With large ones the result is nan.

    exp(100) does not fit into float32, and inf / inf is nan. A softmax does not change when all scores of a query are
    lowered by the same number.

    Use torch.softmax, or take scores.amax(-1, keepdim=True) away before exp.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    powers = scores.exp() if mask is None else scores.exp() * mask
    weights = powers / powers.sum(-1, keepdim=True)
    return weights @ v, weights


# ---- causal_mask ----


@mistake("causal_mask")
def diagonal_masked(n):
    """A position may not look at itself in your mask, and the first one may look at nobody.

    "Not the future" leaves the past and the present. A row without any True turns into nan in the softmax.

    True where key <= query, with the equals sign: tril() keeps the diagonal, tril(-1) does not.
    """
    return torch.ones(n, n, dtype=torch.bool).tril(-1)


@mistake("causal_mask")
def inverted(n):
    """Your mask is True for the future and False for past and present: everything is the wrong way round.

    In this course True means "may look".

    Return ~mask.
    """
    return ~solution.causal_mask(n)


@mistake("causal_mask")
def looks_ahead(n):
    """Your queries look at themselves and ahead, but not back.

    Rows are queries, columns are keys: mask[2, 0] says whether position 2 may look at position 0. It may.

    You made the upper triangle (triu); the lower one is meant: tril.
    """
    return solution.causal_mask(n).T


@mistake("causal_mask")
def numbers_for_truths(n):
    """The ones are where they should be, but they are numbers. A mask holds True and False.

    With ~mask and masked_fill a float raises an error, and an integer is taken bit by bit: ~1 is -2.

    Compare (arange(n)[:, None] >= arange(n)), or give torch.ones the argument dtype=torch.bool.
    """
    return torch.ones(n, n).tril()


# ---- padding_mask ----


@mistake("padding_mask")
def masks_queries(lengths, n):
    """The axis of size 1 is at the wrong place: your mask hides queries, not keys.

    A query in the filling does no harm, nobody reads its answer. A key in the filling does: words would look at it.

    The keys are the last axis: (batch, 1, n), so lengths[:, None, None] is compared with arange(n).
    """
    return solution.padding_mask(lengths, n).transpose(1, 2)


@mistake("padding_mask")
def one_too_many(lengths, n):
    """In each sentence, the first position of the filling counts as a word.

    Positions are counted from 0: two words stand at 0 and 1.

    Compare with <, not with <=.
    """
    return torch.arange(n) <= lengths[:, None, None]


@mistake("padding_mask")
def marks_the_filling(lengths, n):
    """Your mask is True for the filling and False for the words.

    In this course True means "may look". (The key_padding_mask of nn.MultiheadAttention has it the other way round.)

    True where the position is smaller than the length.
    """
    return ~solution.padding_mask(lengths, n)


@mistake("padding_mask")
def filled_in_front(lengths, n):
    """As many keys are hidden as should be, but at the wrong end.

    Here the words stand in front and the filling behind them.

    Word positions are 0 up to length - 1: arange(n) < length.
    """
    return solution.padding_mask(lengths, n).flip(-1)


@mistake("padding_mask")
def query_axis_missing(lengths, n):
    """Your mask has two axes, (batch, key). It would be taken for (query, key).

    Axes are matched from the right. A mask for every sentence needs the axis query between, of size 1.

    lengths[:, None, None] in place of lengths[:, None].
    """
    return solution.padding_mask(lengths, n)[:, 0]


# ---- split_heads ----


@mistake("split_heads")
def reshaped_without_transpose(x, heads):
    """The shape is right and the numbers are mixed up: a head holds pieces of different positions.

    reshape keeps the order in which numbers lie in memory. In x, all numbers of one position lie together, so position
    must be cut before the heads: first (batch, position, head, d_head), then exchange two axes.

    x.reshape(batch, n, heads, d_model // heads).transpose(1, 2)
    """
    batch, n, d_model = x.shape
    return x.reshape(batch, heads, n, d_model // heads)


@mistake("split_heads")
def dealt_like_cards(x, heads):
    """Each head got every h-th number instead of a piece that lies together.

    Of the two new axes the last runs fastest. Which of head and d_head should run fastest within d_model?

    reshape(batch, n, heads, d_head), with heads before d_head, then transpose(1, 2).
    """
    batch, n, d_model = x.shape
    return x.reshape(batch, n, d_model // heads, heads).permute(0, 3, 1, 2)


@mistake("split_heads")
def not_transposed(x, heads):
    """Your result has the axes (batch, position, head, d_head): the heads come after the positions.

    Attention works on the last two axes. With this order, the heads of one position would attend to one another.

    Add .transpose(1, 2).
    """
    return solution.split_heads(x, heads).transpose(1, 2)


@mistake("split_heads")
def last_axes_swapped(x, heads):
    """The last two axes are exchanged: (batch, head, d_head, position).

    Queries and keys have their numbers in the last axis; the transpose for the scores comes later, in attention.

    Exchange axes 1 and 2 only.
    """
    return solution.split_heads(x, heads).transpose(2, 3)


# ---- merge_heads ----


@mistake("merge_heads")
def reshaped_across_positions(x):
    """The shape is right and the numbers are mixed up: a position got numbers of other positions.

    In memory all positions of head 0 come before those of head 1. What belongs to one position must lie together
    before two axes can be made one.

    x.transpose(1, 2) first, then reshape to (batch, position, d_model).
    """
    batch, heads, n, d_head = x.shape
    return x.reshape(batch, n, heads * d_head)


@mistake("merge_heads")
def heads_interleaved(x):
    """Each position has its own numbers, but those of the heads are shuffled together: first of all heads, second of
    all heads.

    split_heads gave head 0 the first d_head numbers. To undo it, the axis head must come before d_head.

    transpose(1, 2) gives (batch, position, head, d_head); flatten the last two.
    """
    return x.permute(0, 2, 3, 1).flatten(2)


@mistake("merge_heads")
def heads_added(x):
    """Your result is d_head wide: the heads were added up, or their mean was taken.

    Every head found something else; put side by side, all of it is kept, and the next linear map decides how to mix.

    x.transpose(1, 2).flatten(2)
    """
    return x.sum(1)


@mistake("merge_heads")
def heads_backwards(x):
    """All numbers of a position are there, but the last head comes first.

    Head 0 came from the first numbers, so it goes back to the front.

    Transpose, then flatten, without a flip.
    """
    return solution.merge_heads(x.flip(1))


# ---- MultiHeadAttention ----


@mistake("MultiHeadAttention")
class ScaledByDModel(solution.MultiHeadAttention):
    """The shares are too even: the scores were divided by too much.

    Inside a head a score adds up d_head products, not d_model.

    Leave the scale to scaled_dot_product_attention, which sees the split queries.
    """

    def forward(self, x, source=None, mask=None):
        source = x if source is None else source
        q = solution.split_heads(self.query(x), self.heads) / math.sqrt(self.heads)
        k, v = (solution.split_heads(f(source), self.heads) for f in (self.key, self.value))
        y, weights = solution.scaled_dot_product_attention(q, k, v, None if mask is None else mask.unsqueeze(-3))
        return self.out(solution.merge_heads(y)), weights


@mistake("MultiHeadAttention")
class HeadsNotMergedBack(solution.MultiHeadAttention):
    """The shares are right, the result is mixed up: numbers of different positions meet in one.

    After attention the axes are (batch, head, query, d_head). A reshape alone puts positions where heads should be.

    Call merge_heads on the result of attention, then out.
    """

    def forward(self, x, source=None, mask=None):
        q = solution.split_heads(self.query(x), self.heads)
        source = x if source is None else source
        k, v = (solution.split_heads(f(source), self.heads) for f in (self.key, self.value))
        y, weights = solution.scaled_dot_product_attention(q, k, v, None if mask is None else mask.unsqueeze(-3))
        return self.out(y.reshape(x.shape)), weights


@mistake("MultiHeadAttention")
class OutForgotten(solution.MultiHeadAttention):
    """The shares are right. The last linear map is there, and unused.

    Without it the heads lie side by side and never meet: `out` is what mixes what they found.

    Return self.out(merge_heads(y)) as the result.
    """

    def forward(self, x, source=None, mask=None):
        kept, self.out = self.out, torch.nn.Identity()
        try:
            return super().forward(x, source, mask)
        finally:
            self.out = kept


@mistake("MultiHeadAttention")
class OneHead(solution.MultiHeadAttention):
    """There is one set of shares. There should be one for each head.

    With a single softmax over all of d_model, a position can look at one thing only.

    Split queries, keys and values with split_heads(…, self.heads) before attention.
    """

    def __init__(self, d_model, heads):
        super().__init__(d_model, 1)


@mistake("MultiHeadAttention")
class MaskForgotten(solution.MultiHeadAttention):
    """Without a mask all is well. With one, the shares are what they would be without.

    The argument mask is not handed on.

    Give it to scaled_dot_product_attention, with an axis for the heads: mask.unsqueeze(-3).
    """

    def forward(self, x, source=None, mask=None):
        return super().forward(x, source)


@mistake("MultiHeadAttention")
class MaskMeetsTheHeads(solution.MultiHeadAttention):
    """One mask for all sentences is fine. A mask for each sentence meets the wrong axis.

    Shapes are matched from the right: (batch, query, key) against (batch, head, query, key) puts the batch of the mask
    on the heads.

    Give the mask an axis for the heads, in front of its last two: mask.unsqueeze(-3).
    """

    def forward(self, x, source=None, mask=None):
        source = x if source is None else source
        q = solution.split_heads(self.query(x), self.heads)
        k, v = (solution.split_heads(f(source), self.heads) for f in (self.key, self.value))
        y, weights = solution.scaled_dot_product_attention(q, k, v, mask)
        return self.out(solution.merge_heads(y)), weights


@mistake("MultiHeadAttention")
class AxisForHeadsFromTheFront(solution.MultiHeadAttention):
    """A mask for each sentence is fine. One mask (query, key) for all of them no longer fits.

    It has no axis batch, so that an axis 1 comes between query and key. The axis of heads stands third from the right
    in both.

    Count from the end: mask.unsqueeze(-3).
    """

    def forward(self, x, source=None, mask=None):
        source = x if source is None else source
        q = solution.split_heads(self.query(x), self.heads)
        k, v = (solution.split_heads(f(source), self.heads) for f in (self.key, self.value))
        y, weights = solution.scaled_dot_product_attention(q, k, v, None if mask is None else mask.unsqueeze(1))
        return self.out(solution.merge_heads(y)), weights


@mistake("MultiHeadAttention")
class SourceForgotten(solution.MultiHeadAttention):
    """Self-attention is right. With another source, your positions look at themselves all the same.

    Queries come from the sequence that asks, keys and values from the one that is asked.

    self.key(source) and self.value(source), where source is x only if none is given.
    """

    def forward(self, x, source=None, mask=None):
        fits = mask is None or source is None or source.shape == x.shape
        return super().forward(x, None, mask if fits else None)


@mistake("MultiHeadAttention")
class ValuesFromX(solution.MultiHeadAttention):
    """The shares are right, also with another source. What is handed out is not.

    A query looks at the keys of the source; what it gets must come from the same places.

    Values come from source, as keys do.
    """

    def forward(self, x, source=None, mask=None):
        asked = x if source is None else source
        q, k = (solution.split_heads(f(s), self.heads) for f, s in ((self.query, x), (self.key, asked)))
        length = asked.shape[1]
        own = x.repeat(1, -(-length // x.shape[1]), 1)[:, :length]
        v = solution.split_heads(self.value(own), self.heads)
        y, weights = solution.scaled_dot_product_attention(q, k, v, None if mask is None else mask.unsqueeze(-3))
        return self.out(solution.merge_heads(y)), weights


@mistake("MultiHeadAttention")
class SharesAveraged(solution.MultiHeadAttention):
    """The result is right. The shares have lost their axis of heads: you return the mean over the heads.

    Each head looks elsewhere; the mean hides it. (nn.MultiheadAttention averages too, unless it is told not to.)

    Return the shares as (batch, head, query, key).
    """

    def forward(self, x, source=None, mask=None):
        y, weights = super().forward(x, source, mask)
        return y, weights.mean(1)


# ---- sinusoidal_positions ----


def waves(positions, exponents):
    """sin and cos of p / 10000^exponent, one after the other: (position, 2 * exponent)."""
    angles = positions[:, None] / 10000.0**exponents
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


@mistake("sinusoidal_positions")
def wrong_exponent(n, d):
    """The first pair is right, the others turn too fast.

    Column 2i has the exponent 2i / d, so the exponents go from 0 nearly to 1. Yours end at one half.

    10000 ** (torch.arange(0, d, 2) / d): 0, 2, 4, … over d.
    """
    return waves(torch.arange(n), torch.arange(d // 2) / d)


@mistake("sinusoidal_positions")
def exponent_of_every_column(n, d):
    """The sines are right. Each cosine turns slower than the sine beside it.

    A pair is one clock: sine and cosine have the same frequency, that of the even column.

    The exponent of column 2i + 1 is 2i / d too, not (2i + 1) / d.
    """
    angles = torch.arange(n)[:, None] / 10000.0 ** (torch.arange(d) / d)
    return torch.where(torch.arange(d) % 2 == 0, angles.sin(), angles.cos())


@mistake("sinusoidal_positions")
def column_doubled(n, d):
    """The first column is right, and all the others turn too slowly.

    In the formula 2i is the column already: column 2i has the exponent 2i / d. You took the column for i, and doubled
    it.

    The exponents of the pairs are torch.arange(0, d, 2) / d: 0, 2, 4, … over d.
    """
    angles = torch.arange(n)[:, None] / 10000.0 ** (2 * torch.arange(d) / d)
    return torch.where(torch.arange(d) % 2 == 0, angles.sin(), angles.cos())


@mistake("sinusoidal_positions")
def sine_and_cosine_swapped(n, d):
    """Sine and cosine have changed places.

    Position 0 should read 0, 1, 0, 1, …: sin 0 is 0.

    Even columns are sines, odd ones cosines.
    """
    return sines_in_front(n, d).reshape(n, 2, -1).flip(1).transpose(1, 2).flatten(1)


@mistake("sinusoidal_positions")
def sines_in_front(n, d):
    """All numbers are there, but the sines stand together in front and the cosines behind.

    Many programs do it so, and a network can learn with either. The formula asked for has them in turn.

    torch.stack([sin, cos], dim=-1).flatten(1) puts them in turn; torch.cat puts them behind one another.
    """
    p = solution.sinusoidal_positions(n, d)
    return torch.cat([p[:, 0::2], p[:, 1::2]], dim=1)


@mistake("sinusoidal_positions")
def counted_from_one(n, d):
    """Your first row is what the second should be.

    Positions are counted from 0.

    torch.arange(n), not torch.arange(1, n + 1).
    """
    return solution.sinusoidal_positions(n + 1, d)[1:]


# ---- permutation_error ----


@mistake("permutation_error")
def asks_for_invariance(f, perm, x):
    """The error is not 0 for a function that treats every position alike.

    You compare f of the shuffled sequence with f of the sequence. That is 0 only if the output does not move at all
    (invariance). Here the output may move, in the same way as the input.

    Shuffle the output too: f(x)[perm].
    """
    return float((f(x[perm]) - f(x)).abs().max())


@mistake("permutation_error")
def shuffled_back(f, perm, x):
    """One of the two shuffles goes the other way round.

    If x[perm] holds x[2] first, then f(x)[perm] must hold f(x)[2] first. Sorting by perm, or its inverse, undoes the
    shuffle.

    Use the same index on both sides: f(x[perm]) and f(x)[perm].
    """
    return float((f(x[perm]) - f(x)[perm.argsort()]).abs().max())


@mistake("permutation_error")
def mean_not_largest(f, perm, x):
    """Your error is too small: it is the mean of the differences.

    One position that comes out wrong among a thousand is an error too, and a mean hides it.

    .abs().max() in place of .abs().mean()
    """
    return float((f(x[perm]) - f(x)[perm]).abs().mean())


@mistake("permutation_error")
def signs_forgotten(f, perm, x):
    """Your error is the largest difference, but differences below zero do not count.

    A difference of -5 is farther off than one of 2.

    Take .abs() before .max().
    """
    difference = f(x[perm]) - f(x)[perm]
    return float(torch.minimum(difference.max(), -difference.min()))


# ---- flops ----


@mistake("flops")
def multiply_adds(kind, n, d, k=3, r=8, projections=False):
    """All your counts are half of what they should be.

    You count a multiply-add as one. PyTorch's counter, and this exercise, count a multiplication and an addition.

    A product of (a, b) and (b, c) costs 2 a b c.
    """
    return solution.flops(kind, n, d, k, r, projections) // 2


@mistake("flops")
def values_forgotten(kind, n, d, k=3, r=8, projections=False):
    """Attention costs half of what it should in your count, apart from its linear maps.

    There are two products: the scores, and then the weighted sum of the values. They cost the same.

    2 n keys d for each of the two.
    """
    full = solution.flops(kind, n, d, k, r, projections)
    return full - solution.flops(kind, n, d, k, r) // 2 if kind in ("attention", "restricted") else full


@mistake("flops")
def state_forgotten(kind, n, d, k=3, r=8, projections=False):
    """The recurrent layer costs half of what it should in your count.

    In each step there are two maps: one of the input, and one of the state that was carried over.

    n steps of 2 d d + 2 d d.
    """
    full = solution.flops(kind, n, d, k, r, projections)
    return full // 2 if kind == "recurrent" else full


@mistake("flops")
def one_channel(kind, n, d, k=3, r=8, projections=False):
    """The convolution costs d times less in your count than it should.

    Every one of d output channels reads all d input channels, at k positions.

    2 k n d d: one d for the channels that are read, one for those that are written.
    """
    full = solution.flops(kind, n, d, k, r, projections)
    return full // d if kind == "convolution" else full


@mistake("flops")
def restriction_ignored(kind, n, d, k=3, r=8, projections=False):
    """Restricted attention costs as much as full attention in your count.

    A query that looks at r keys takes r dot products, not n.

    Put r in the place of one n.
    """
    return solution.flops("attention" if kind == "restricted" else kind, n, d, k, r, projections)


@mistake("flops")
def three_projections(kind, n, d, k=3, r=8, projections=False):
    """With projections, your count lacks one linear map.

    Queries, keys and values are three. What mixes the heads at the end is the fourth.

    4 times 2 n d d.
    """
    full = solution.flops(kind, n, d, k, r, projections)
    return full - 2 * n * d * d if projections and kind in ("attention", "restricted") else full
