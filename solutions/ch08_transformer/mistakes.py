"""Wrong versions of the exercises on the Transformer that students write. A docstring's paragraphs are its hints, in
steps."""

import math

import solution
import torch
from torch import nn

from autograder.authoring.cases import mistake

# ---- embed ----


@mistake("embed")
def root_forgotten(tokens, table):
    """The waves are right, the words are too small: the larger d_model, the more.

    The numbers of the table are of size 1 / sqrt(d_model), those of the waves of size 1. What brings them to one
    size?

    Multiply the rows by math.sqrt(table.shape[1]) before you add the positions.
    """
    n, d_model = tokens.shape[1], table.shape[1]
    return table[tokens] + solution.sinusoidal_positions(n, d_model).to(table.dtype)


@mistake("embed")
def scaled_by_d(tokens, table):
    """The words are too large: they were multiplied by d_model itself.

    A vector of d numbers of size 1 / sqrt(d) is to get numbers of size 1. By which factor is each of them too small?

    The factor is the root: math.sqrt(table.shape[1]).
    """
    n, d_model = tokens.shape[1], table.shape[1]
    return d_model * table[tokens] + solution.sinusoidal_positions(n, d_model).to(table.dtype)


@mistake("embed")
def sum_scaled(tokens, table):
    """The positions are too large: they were multiplied along with the words.

    Only the words are too small. The waves have numbers of size 1 already.

    Scale the rows first, then add: math.sqrt(d_model) * table[tokens] + positions.
    """
    return math.sqrt(table.shape[1]) * (
        table[tokens] + solution.sinusoidal_positions(tokens.shape[1], table.shape[1]).to(table.dtype)
    )


@mistake("embed")
def positions_forgotten(tokens, table):
    """The same word gets the same vector wherever it stands.

    Attention does not know about order. If you do not write the place into the word, nobody will.

    Add sinusoidal_positions(n, d_model), which broadcasts over the batch.
    """
    return math.sqrt(table.shape[1]) * table[tokens]


@mistake("embed")
def positions_of_tokens(tokens, table):
    """The wave that you add depends on the word, not on its place.

    A row of sinusoidal_positions belongs to a position: the first word of every sentence gets row 0, whatever it is.

    Add sinusoidal_positions(tokens.shape[1], d_model) as it is, without indexing it by tokens.
    """
    vocabulary, d_model = table.shape
    return (
        math.sqrt(d_model) * table[tokens] + solution.sinusoidal_positions(vocabulary, d_model).to(table.dtype)[tokens]
    )


@mistake("embed")
def root_of_the_vocabulary(tokens, table):
    """The words are scaled by the root of the wrong size: by how many words there are.

    The table is (vocabulary, d_model). Which of the two is the number of numbers in one word's vector?

    math.sqrt(table.shape[1])
    """
    waves = solution.sinusoidal_positions(tokens.shape[1], table.shape[1])
    return math.sqrt(table.shape[0]) * table[tokens] + waves.to(table.dtype)


# ---- EncoderLayer ----


class _Encoder(solution.EncoderLayer):
    def feed(self, h):
        return self.narrow(torch.relu(self.wide(h)))


@mistake("EncoderLayer")
class OrderSwapped(solution.EncoderLayer):
    """Post-norm where pre-norm is asked for, and the other way round.

    norm_first=True says that each branch gets a normalized input and that its sum is left alone.

    With norm_first: x + attend(norm1(x)). Without: norm1(x + attend(x)).
    """

    def __init__(self, d_model, heads, d_ff, norm_first=False):
        super().__init__(d_model, heads, d_ff, not norm_first)


@mistake("EncoderLayer")
class SkipForgotten(_Encoder):
    """The feed-forward net stands alone: what attention found is not passed on beside it.

    Every branch has its residual connection, the second one too.

    x + feed(...), not feed(...) alone, in both orders.
    """

    def forward(self, x, mask=None):
        if self.norm_first:
            return self.feed(self.norm2(x + self.attend(self.norm1(x), mask=mask)))
        return self.norm2(self.feed(self.norm1(x + self.attend(x, mask=mask))))


@mistake("EncoderLayer")
class SkipIsNormalized(_Encoder):
    """Without norm_first all is right. With it, your skip carries the normalized input.

    The point of pre-norm is that nothing stands in the way of x: it is added as it came in. Only the branch sees
    norm(x).

    x + self.attend(self.norm1(x)); do not write x = self.norm1(x) first.
    """

    def forward(self, x, mask=None):
        if not self.norm_first:
            return super().forward(x, mask)
        x = self.norm1(x)
        x = x + self.attend(x, mask=mask)
        x = self.norm2(x)
        return x + self.feed(x)


@mistake("EncoderLayer")
class MaskOmitted(solution.EncoderLayer):
    """Without a mask all is well. With one, filling is looked at as if it were words.

    The argument mask is not handed on to the attention.

    self.attend(x, mask=mask), in both orders.
    """

    def forward(self, x, mask=None):
        return super().forward(x)


@mistake("EncoderLayer")
class ReluForgotten(solution.EncoderLayer):
    """The attention is right, the feed-forward net is a linear map.

    Two linear maps without anything between them are one linear map: the width in the middle is for nothing.

    self.narrow(torch.relu(self.wide(x)))
    """

    def forward(self, x, mask=None):
        feed = lambda h: self.narrow(self.wide(h))  # noqa: E731
        if self.norm_first:
            x = x + self.attend(self.norm1(x), mask=mask)
            return x + feed(self.norm2(x))
        x = self.norm1(x + self.attend(x, mask=mask))
        return self.norm2(x + feed(x))


@mistake("EncoderLayer")
class OneNormForBoth(_Encoder):
    """norm2 is there and unused: the feed-forward net is normalized by norm1 as well.

    Both have gains and biases of their own, which training moves apart.

    norm1 belongs to the attention, norm2 to the feed-forward net.
    """

    def forward(self, x, mask=None):
        if self.norm_first:
            x = x + self.attend(self.norm1(x), mask=mask)
            return x + self.feed(self.norm1(x))
        x = self.norm1(x + self.attend(x, mask=mask))
        return self.norm1(x + self.feed(x))


@mistake("EncoderLayer")
class MaskAsSource(_Encoder):
    """Without a mask all is well. With one, the attention raises an error: it takes the mask for the words to look at.

    The second argument of MultiHeadAttention's forward is `source`, the third is `mask`.

    Name it: self.attend(x, mask=mask), in both orders.
    """

    def forward(self, x, mask=None):
        if self.norm_first:
            x = x + self.attend(self.norm1(x), mask)
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attend(x, mask))
        return self.norm2(x + self.feed(x))


# ---- DecoderLayer ----


class _Decoder(solution.DecoderLayer):
    def feed(self, h):
        return self.narrow(torch.relu(self.wide(h)))

    def through(self, y, *branches):
        for norm, branch in zip((self.norm1, self.norm2, self.norm3), branches, strict=True):
            y = y + branch(norm(y)) if self.norm_first else norm(y + branch(y))
        return y


@mistake("DecoderLayer")
class ValuesFromTheWrongSide(_Decoder):
    """The attention to the memory looks at y itself: the English sentence has no influence at all.

    The words that are written ask; what they look at was read. Queries come from y, keys and values from the memory.

    self.look(y, memory, memory_mask): its second argument is the source of keys and values.
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        return self.through(y, lambda h: self.attend(h, mask=mask), lambda h: self.look(h), self.feed)


@mistake("DecoderLayer")
class SelfAttentionToTheMemory(_Decoder):
    """Both attentions look at the memory: the words that were written never see one another.

    The first attention is self-attention, among the words of y.

    self.attend(y, mask=mask), without the memory.
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        look = lambda h: self.look(h, memory, memory_mask)  # noqa: E731
        return self.through(y, lambda h: self.attend(h, memory, memory_mask), look, self.feed)


@mistake("DecoderLayer")
class CausalMaskOmitted(solution.DecoderLayer):
    """Without masks all is right. With `mask`, a word still looks at words that come after it.

    While it learns, the decoder sees the whole sentence; what keeps it from reading the answer is the mask alone.

    Hand mask on: self.attend(y, mask=mask).
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        return super().forward(y, memory, None, memory_mask)


@mistake("DecoderLayer")
class MemoryMaskOmitted(solution.DecoderLayer):
    """Without masks all is right. With `memory_mask`, the filling of the English sentence is looked at.

    The argument memory_mask is not handed on.

    self.look(y, memory, memory_mask)
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        return super().forward(y, memory, mask, None)


@mistake("DecoderLayer")
class LooksBeforeItListens(_Decoder):
    """Three branches are there, in the wrong order: the memory is looked at before the words of y have met.

    The norms are numbered in the order of the branches: self-attention, memory, feed-forward net.

    norm1 with attend, then norm2 with look, then norm3 with the feed-forward net.
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        listen = lambda h: self.attend(h, mask=mask)  # noqa: E731
        return self.through(y, lambda h: self.look(h, memory, memory_mask), listen, self.feed)


@mistake("DecoderLayer")
class MemoryNormalized(_Decoder):
    """With norm_first the memory goes through norm2, too.

    norm2 normalizes what the branch reads from y. The memory is finished when it comes here: the encoder
    normalizes it once.

    y + self.look(self.norm2(y), memory, memory_mask)
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        seen = self.norm2(memory) if self.norm_first else memory
        look = lambda h: self.look(h, seen, memory_mask)  # noqa: E731
        return self.through(y, lambda h: self.attend(h, mask=mask), look, self.feed)


@mistake("DecoderLayer")
class OrderSwappedInDecoder(solution.DecoderLayer):
    """Post-norm where pre-norm is asked for, and the other way round.

    norm_first=True says that each branch gets a normalized input and that its sum is left alone.

    With norm_first: y + branch(norm(y)). Without: norm(y + branch(y)).
    """

    def __init__(self, d_model, heads, d_ff, norm_first=False):
        super().__init__(d_model, heads, d_ff, not norm_first)


@mistake("DecoderLayer")
class MemoryAsks(_Decoder):
    """The attention to the memory gives one vector for each word of the *source*: they cannot be added to y.

    Who asks gets the answers. The words that are written ask, so the queries come from y.

    self.look(y, memory, memory_mask): y first, the memory second.
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        look = lambda h: self.look(memory, h, memory_mask)  # noqa: E731
        return self.through(y, lambda h: self.attend(h, mask=mask), look, self.feed)


@mistake("DecoderLayer")
class MasksSwapped(_Decoder):
    """Without masks all is right. With both, each has gone to the wrong attention.

    `mask` is (query, query), of the words that are written; `memory_mask` is (query, key), of those that were read.

    self.attend(y, mask=mask) and self.look(y, memory, memory_mask).
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        look = lambda h: self.look(h, memory, mask)  # noqa: E731
        return self.through(y, lambda h: self.attend(h, mask=memory_mask), look, self.feed)


@mistake("DecoderLayer")
class OneAttentionForBoth(_Decoder):
    """`look` is there and unused: the memory is looked at with the weights of the self-attention.

    The two attentions ask different questions, and have maps of their own for them.

    self.look(y, memory, memory_mask) in the second branch.
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        look = lambda h: self.attend(h, memory, memory_mask)  # noqa: E731
        return self.through(y, lambda h: self.attend(h, mask=mask), look, self.feed)


@mistake("DecoderLayer")
class CausalMaskOfItsOwn(_Decoder):
    """Your layer forbids looking ahead by itself, also when the caller gives no mask.

    Both masks come from the caller. Without one everybody may look at everybody.

    Hand on what you get: self.attend(y, mask=mask).
    """

    def forward(self, y, memory, mask=None, memory_mask=None):
        causal = solution.causal_mask(y.shape[1])
        both = causal if mask is None else mask & causal
        look = lambda h: self.look(h, memory, memory_mask)  # noqa: E731
        return self.through(y, lambda h: self.attend(h, mask=both), look, self.feed)


# ---- shift_right ----


@mistake("shift_right")
def not_shifted(target, start):
    """The targets come back as they were: the decoder would read the word that it is to say.

    At each place it must have read what stands *before* the word, and nothing of the word itself.

    Put start in front and leave out the last word.
    """
    return target.clone()


@mistake("shift_right")
def shifted_left(target, start):
    """Your decoder reads one place earlier, not later: it sees the next word.

    To say word number i it may have read the words up to i - 1.

    start goes in front: torch.cat([start, target[:, :-1]]), not at the end.
    """
    return torch.cat([target[:, 1:], torch.full_like(target[:, :1], start)], dim=1)


@mistake("shift_right")
def one_too_long(target, start):
    """One place too many: the mark is in front, and all words behind it.

    The last word is never read while learning: nothing has to be said after it.

    Leave it out: target[:, :-1].
    """
    return torch.cat([torch.full_like(target[:, :1], start), target], dim=1)


@mistake("shift_right")
def rolled(target, start):
    """The words have moved, but in front stands the last word instead of the mark.

    roll brings what falls off the end back to the front. There the decoder would read the end of its sentence.

    Overwrite the first column by start.
    """
    return target.roll(1, dims=1)


@mistake("shift_right")
def overwrites_its_input(target, start):
    """The result is right, but the targets themselves were changed.

    The loss still needs them. A slice of a tensor is not a copy: writing to it writes to the tensor.

    Build a new tensor with torch.cat.
    """
    target[:, 1:] = target[:, :-1].clone()
    target[:, 0] = start
    return target


# ---- label_smoothing ----


def smoothed(scores, target, eps, padding, others):
    """Mean loss when the right word gets 1 - eps, and `others` (vocabulary,) is added."""
    log_p = scores.log_softmax(-1)
    losses = -(1 - eps) * log_p.gather(-1, target[..., None])[..., 0] - log_p @ others
    return losses[target != padding].mean()


@mistake("label_smoothing")
def dealt_out_to_the_others_only(scores, target, eps=0.1, padding=0):
    """Your right word gets 1 - eps, and the K - 1 others share eps. The loss is a little too large.

    Here eps is dealt out to *all* K words, so that the right one gets 1 - eps + eps / K. (Both are in use.)

    Take eps times the mean of the log probabilities over the whole vocabulary.
    """
    log_p = scores.log_softmax(-1)
    right = log_p.gather(-1, target[..., None])[..., 0]
    losses = -(1 - eps) * right - eps * (log_p.sum(-1) - right) / (scores.shape[-1] - 1)
    return losses[target != padding].mean()


@mistake("label_smoothing")
def two_words_left_out(scores, target, eps=0.1, padding=0):
    """You deal out eps to K - 2 words: neither the right one nor the filling gets a share.

    That is what a well-known commented implementation of the paper does. It is a sensible choice, but another
    loss than the formula here, and than torch's.

    The formula has eps / K for every word, filling included: eps * log_p.mean(-1).
    """
    log_p = scores.log_softmax(-1)
    right = log_p.gather(-1, target[..., None])[..., 0]
    others = log_p.sum(-1) - right - log_p[..., padding]
    losses = -(1 - eps) * right - eps * others / (scores.shape[-1] - 2)
    return losses[target != padding].mean()


@mistake("label_smoothing")
def right_word_without_its_share(scores, target, eps=0.1, padding=0):
    """The loss is a little too small: your right word gets 1 - eps, and lacks the share that every word gets.

    eps is dealt out to *all* K words, the right one included. Do your targets sum to 1?

    The right word gets 1 - eps + eps / K: add 1 - eps to the eps / K that stands there, do not write over it.
    """
    log_p = scores.log_softmax(-1)
    right = log_p.gather(-1, target[..., None])[..., 0]
    losses = -(1 - eps - eps / scores.shape[-1]) * right - eps * log_p.mean(-1)
    return losses[target != padding].mean()


@mistake("label_smoothing")
def every_sentence_counts_alike(scores, target, eps=0.1, padding=0):
    """You take the mean over each sentence first, and then over the sentences: words of short ones count for more.

    Asked for is one mean, over all words of the batch that are not filling.

    losses[target != padding].mean(), without a mean before it.
    """
    rows = zip(scores, target, strict=True)
    return torch.stack([solution.label_smoothing(s[None], t[None], eps, padding) for s, t in rows]).mean()


@mistake("label_smoothing")
def filling_counts(scores, target, eps=0.1, padding=0):
    """Filling counts as if the model had to say it.

    Sentences of a batch have different lengths; what stands behind their end is nobody's business.

    Take the mean over the places where target != padding only.
    """
    return solution.label_smoothing(scores, target, eps, padding=-1)


@mistake("label_smoothing")
def divided_by_all_places(scores, target, eps=0.1, padding=0):
    """The loss is too small when there is filling: right sum, wrong number of words.

    Filling counts for nothing, and so it does not count in the denominator either.

    Divide by the number of words that are not filling: losses[target != padding].mean().
    """
    return solution.label_smoothing(scores, target, eps, padding) * (target != padding).double().mean().to(scores.dtype)


@mistake("label_smoothing")
def smoothing_forgotten(scores, target, eps=0.1, padding=0):
    """With eps = 0 the loss is right, with any other value it is the same as with 0.

    That is plain cross-entropy: nothing is dealt out to the other words.

    (1 - eps) times the right word's part, plus eps times the mean over the vocabulary.
    """
    return solution.label_smoothing(scores, target, 0.0, padding)


@mistake("label_smoothing")
def sum_over_words(scores, target, eps=0.1, padding=0):
    """The loss is as many times too large as there are words.

    You added up over the words of the batch. Then the size of a step would depend on how many words a batch has.

    Take the mean over all words that are not filling.
    """
    return solution.label_smoothing(scores, target, eps, padding) * (target != padding).sum()


@mistake("label_smoothing")
def log_of_softmax(scores, target, eps=0.1, padding=0):
    """Small scores are fine. With scores of thousands the loss is infinite or nan.

    The softmax of a word that is far behind is 0 in floating point, and its logarithm is minus infinity.

    scores.log_softmax(-1) computes both in one step, and stays finite.
    """
    log_p = scores.softmax(-1).log()
    right = log_p.gather(-1, target[..., None])[..., 0]
    losses = -(1 - eps) * right - eps * log_p.mean(-1)
    return losses[target != padding].mean()


# ---- noam_rate ----


@mistake("noam_rate")
def divides_by_zero(step, d_model, warmup):
    """Every step is right but step 0, where your function raises an error.

    A loop may ask for the rate before the first step. 0 to the power -1/2 is one divided by zero.

    step = max(step, 1) in the first line.
    """
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


@mistake("noam_rate")
def nothing_at_step_0(step, d_model, warmup):
    """At step 0 your rate is 0. It should be that of step 1.

    With a rate of 0 the first step would be wasted: nothing moves.

    Give step 0 the rate of step 1: max(step, 1).
    """
    return solution.noam_rate(step, d_model, warmup) if step else 0.0


@mistake("noam_rate")
def counted_from_zero(step, d_model, warmup):
    """Step 0 is right, and all others are one step ahead: each gets the rate of the next.

    Here steps are counted from 1. Only 0 is taken for 1.

    max(step, 1), not step + 1.
    """
    return solution.noam_rate(step + 1, d_model, warmup)


@mistake("noam_rate")
def larger_of_the_two(step, d_model, warmup):
    """The rate is huge at the start and grows again at the end.

    There are two curves, a rising line and a falling root. They cross at the warm-up; the rate follows the lower one.

    min, not max.
    """
    step = max(step, 1)
    return d_model**-0.5 * max(step**-0.5, step * warmup**-1.5)


@mistake("noam_rate")
def grows_with_the_width(step, d_model, warmup):
    """The shape of the curve is right, its height is not: wider models get larger rates.

    The factor in front is d_model to the power *minus* one half.

    d_model ** -0.5
    """
    return solution.noam_rate(step, d_model, warmup) * d_model


@mistake("noam_rate")
def warmup_to_minus_one(step, d_model, warmup):
    """While it warms up the rate is too large, and the two curves do not meet at the warm-up.

    At step = warmup both must be warmup^(-1/2). So the line is step times warmup to which power?

    step * warmup ** -1.5
    """
    step = max(step, 1)
    return d_model**-0.5 * min(step**-0.5, step / warmup)


# ---- greedy_decode ----


def write(next_scores, batch, start, end, longest, padding, *, pick, finish):
    """Word by word, with another choice of the word (`pick`) or of what follows the end (`finish`)."""
    written = torch.full((batch, 1), start)
    ended = torch.zeros(batch, dtype=torch.bool)
    for _ in range(longest):
        word = finish(pick(next_scores(written)), ended)
        written = torch.cat([written, word[:, None]], dim=1)
        ended = ended | (word == end)
        if ended.all():
            break
    rest = torch.full((batch, longest + 1 - written.shape[1]), padding)
    return torch.cat([written[:, 1:], rest], dim=1)


@mistake("greedy_decode")
def goes_on_after_the_end(next_scores, batch, start, end, longest, padding=0):
    """After the mark of the end your sentences go on.

    A model gives scores for the next word whatever it is given, also after the end. In a batch the others are not
    finished yet, so the loop cannot simply stop.

    Keep track of who has ended, and write padding for them: word.masked_fill(ended, padding).
    """
    return write(
        next_scores, batch, start, end, longest, padding, pick=lambda s: s.argmax(-1), finish=lambda word, ended: word
    )


@mistake("greedy_decode")
def stops_with_the_first(next_scores, batch, start, end, longest, padding=0):
    """As soon as one sentence of the batch has ended, all others are cut off.

    any or all? The loop is over when every sentence is.

    Stop when ended.all().
    """
    written = torch.full((batch, 1), start)
    for _ in range(longest):
        word = next_scores(written).argmax(-1)
        written = torch.cat([written, word[:, None]], dim=1)
        if (word == end).any():
            break
    rest = torch.full((batch, longest + 1 - written.shape[1]), padding)
    return torch.cat([written[:, 1:], rest], dim=1)


@mistake("greedy_decode")
def start_in_the_result(next_scores, batch, start, end, longest, padding=0):
    """Every sentence begins with the mark of the beginning.

    It is for the model to read. The result is what was written after it.

    Leave out the first column: written[:, 1:].
    """
    written = solution.greedy_decode(next_scores, batch, start, end, longest, padding)
    return torch.cat([torch.full((batch, 1), start), written], dim=1)[:, :longest]


@mistake("greedy_decode")
def end_left_out(next_scores, batch, start, end, longest, padding=0):
    """The words are right, but the mark of the end is missing.

    It belongs to what the model says; without it nobody can tell a finished sentence from one that was cut off.

    Write the word first, then look whether it was the end.
    """
    written = solution.greedy_decode(next_scores, batch, start, end, longest, padding)
    return written.masked_fill(written == end, padding)


@mistake("greedy_decode")
def reads_the_last_word_only(next_scores, batch, start, end, longest, padding=0):
    """The first word is right. From then on the model seems to have forgotten what it wrote before.

    next_scores needs *all* words so far, the mark of the beginning included, not just the latest.

    Append the new word to what was written, and give all of it: (batch, position).
    """
    return solution.greedy_decode(lambda written: next_scores(written[:, -1:]), batch, start, end, longest, padding)


@mistake("greedy_decode")
def not_filled_up(next_scores, batch, start, end, longest, padding=0):
    """When all sentences end early, your result is shorter than `longest`.

    The shape must not depend on what was said, or batches could not be put together.

    Fill up with padding to (batch, longest).
    """
    written = solution.greedy_decode(next_scores, batch, start, end, longest, padding)
    ends = (written == end).int().argmax(1) + 1
    has = (written == end).any(1)
    return written[:, : int(torch.where(has, ends, longest).max())]


@mistake("greedy_decode")
def one_sentence_at_a_time(next_scores, batch, start, end, longest, padding=0):
    """The first sentence is right. The others are not: you gave the model one sentence at a time.

    next_scores wants the whole batch, (batch, position). Row 2 of its answer belongs to row 2 of what it is given: each
    row may be the translation of another sentence.

    Keep one tensor of all sentences, and call next_scores once for each place.
    """
    alone = lambda written: next_scores(written)[:1]  # noqa: E731
    return torch.cat([solution.greedy_decode(alone, 1, start, end, longest, padding) for _ in range(batch)])


# ---- beam_search ----


def search(next_scores, beam, start, end, longest, *, score, counts=0, enough=None, shrinks=False):
    """The search with one step done otherwise; `score` compares the finished, `counts` is added to their length.

    It stops when `enough` are finished. If it shrinks, those who are take up a place.
    """
    begun, log_p, finished = torch.tensor([[start]]), torch.zeros(1), []
    for length in range(1, longest + 1):
        extended = log_p[:, None] + next_scores(begun)
        room = beam - len(finished) if shrinks else beam
        best, places = extended.flatten().topk(min(room, extended.numel()))
        row, word = places // extended.shape[1], places % extended.shape[1]
        begun = torch.cat([begun[row], word[:, None]], dim=1)
        over = (word == end) | (length == longest)
        finished += [(score(float(p), length + counts), y[1:]) for p, y in zip(best[over], begun[over], strict=True)]
        begun, log_p = begun[~over], best[~over]
        if len(begun) == 0 or (enough and len(finished) >= enough):
            break
    value, words = max(finished, key=lambda pair: pair[0])
    return words, value


def penalized(alpha):
    """The score of a finished sentence."""
    return lambda log_p, length: log_p / ((5 + length) / 6) ** alpha


@mistake("beam_search")
def penalty_forgotten(next_scores, beam, start, end, longest, alpha=0.6):
    """With alpha = 0 all is right. With any other alpha, too short sentences win.

    Every further word makes a sentence less probable. Finished sentences of different lengths are compared by log
    p divided by a power of their length.

    log p / ((5 + length) / 6) ** alpha, and the largest of these wins.
    """
    return search(next_scores, beam, start, end, longest, score=penalized(0.0))


@mistake("beam_search")
def penalty_multiplied(next_scores, beam, start, end, longest, alpha=0.6):
    """Long sentences are punished twice: your penalty works in the wrong direction.

    log p is negative. To make it less so for a long sentence you must divide by a number above 1.

    Divide log p by the length penalty; do not multiply.
    """
    return search(next_scores, beam, start, end, longest, score=penalized(-alpha))


@mistake("beam_search")
def start_is_counted(next_scores, beam, start, end, longest, alpha=0.6):
    """The words may be right; the score is a little too small in size. The length is one too large.

    The length counts what was written: after the mark of the beginning, and with the mark of the end.

    A sentence that is [end] and nothing else has the length 1.
    """
    return search(next_scores, beam, start, end, longest, score=penalized(alpha), counts=1)


@mistake("beam_search")
def divided_by_the_length(next_scores, beam, start, end, longest, alpha=0.6):
    """Your length penalty is length ** alpha. Here it is ((5 + length) / 6) ** alpha, which is gentler on short
    sentences.

    Both are in use; this one is 1 for a length of 1, and grows slowly at first.

    Divide by ((5 + length) / 6) ** alpha.
    """
    return search(next_scores, beam, start, end, longest, score=lambda p, length: p / length**alpha)


@mistake("beam_search")
def first_end_wins(next_scores, beam, start, end, longest, alpha=0.6):
    """You stop at the first finished sentence. A longer one would have had a better score.

    Finished sentences are put aside while the other beginnings go on. They are compared when there is nothing
    left to extend.

    Collect them in a list, and take the best at the end.
    """
    return search(next_scores, beam, start, end, longest, score=penalized(alpha), enough=1)


@mistake("beam_search")
def end_ignored(next_scores, beam, start, end, longest, alpha=0.6):
    """Your sentences go on after the mark of the end.

    A beginning that ends with the mark is finished; it must not be extended.

    Put those with word == end aside, and go on with the others.
    """
    return search(next_scores, beam, start, -1, longest, score=penalized(alpha))


@mistake("beam_search")
def last_word_only(next_scores, beam, start, end, longest, alpha=0.6):
    """Your beginnings are compared by their last word only: what came before no longer counts.

    The log probability of an extension is that of the beginning *plus* that of the word.

    log_p[:, None] + next_scores(begun)
    """
    begun, finished = torch.tensor([[start]]), []
    for length in range(1, longest + 1):
        extended = next_scores(begun)
        best, places = extended.flatten().topk(min(beam, extended.numel()))
        row, word = places // extended.shape[1], places % extended.shape[1]
        begun = torch.cat([begun[row], word[:, None]], dim=1)
        over = (word == end) | (length == longest)
        pairs = zip(best[over], begun[over], strict=True)
        finished += [(float(p) / ((5 + length) / 6) ** alpha, y[1:]) for p, y in pairs]
        begun = begun[~over]
        if len(begun) == 0:
            break
    value, words = max(finished, key=lambda pair: pair[0])
    return words, value


@mistake("beam_search")
def greedy_after_all(next_scores, beam, start, end, longest, alpha=0.6):
    """You find what greedy decoding finds, however wide the beam is.

    Greedy decoding keeps one beginning. A beam keeps several, and their extensions compete with one another.

    Keep the `beam` best of all extensions together: extended.flatten().topk(beam).
    """
    return search(next_scores, 1, start, end, longest, score=penalized(alpha))


@mistake("beam_search")
def stops_when_enough_are_finished(next_scores, beam, start, end, longest, alpha=0.6):
    """You stop when as many sentences are finished as the beam is wide. A longer one would have had a better score.

    Finished sentences are put aside, however many they are, while there is a beginning left.

    Leave the loop when there is no beginning left, and not before.
    """
    return search(next_scores, beam, start, end, longest, score=penalized(alpha), enough=beam)


@mistake("beam_search")
def finished_take_a_place(next_scores, beam, start, end, longest, alpha=0.6):
    """After a sentence is finished, you keep one beginning less: your beam becomes narrower and narrower.

    A finished sentence is put aside and leaves its place. At each step the `beam` best of all extensions are kept.

    topk(beam) in every step, whatever is finished already.
    """
    return search(next_scores, beam, start, end, longest, score=penalized(alpha), enough=beam, shrinks=True)


@mistake("beam_search")
def finished_compete(next_scores, beam, start, end, longest, alpha=0.6):
    """Finished sentences stay in the beam, where they hold a place and push out beginnings that could become better.

    Short sentences are more probable, only because they are short. It is at the end that they are compared with the
    others.

    Put the finished ones into a list of their own; only beginnings that go on are extended and kept.
    """
    kept = [(0.0, [start])]
    for length in range(1, longest + 1):
        over = [pair for pair in kept if length > 1 and pair[1][-1] == end]
        begun = [pair for pair in kept if pair not in over]
        if not begun:
            break
        table = next_scores(torch.tensor([words for _, words in begun])).tolist()
        pairs = zip(begun, table, strict=True)
        more = [(log_p + q, [*words, word]) for (log_p, words), row in pairs for word, q in enumerate(row)]
        kept = sorted([*over, *more], reverse=True)[:beam]
    rate = penalized(alpha)
    value, words = max((rate(log_p, len(words) - 1), words[1:]) for log_p, words in kept)
    return torch.tensor(words), value


@mistake("beam_search")
def a_beam_for_each_beginning(next_scores, beam, start, end, longest, alpha=0.6):
    """You keep the best extensions of *each* beginning, so that there are more and more of them.

    The beam bounds how many beginnings there are. The extensions of all compete for its places: a weak beginning may
    get none.

    One topk over all extensions together: extended.flatten().topk(beam).
    """
    begun, log_p, finished, score = torch.tensor([[start]]), torch.zeros(1), [], penalized(alpha)
    for length in range(1, longest + 1):
        best, word = next_scores(begun).topk(min(beam, next_scores(begun).shape[1]))  # (beginning, beam)
        best, row = (log_p[:, None] + best).flatten(), torch.arange(len(begun)).repeat_interleave(word.shape[1])
        begun = torch.cat([begun[row], word.flatten()[:, None]], dim=1)
        over = (begun[:, -1] == end) | (length == longest)
        finished += [(score(float(p), length), y[1:]) for p, y in zip(best[over], begun[over], strict=True)]
        begun, log_p = begun[~over], best[~over]
        if len(begun) == 0:
            break
    value, words = max(finished, key=lambda pair: pair[0])
    return words, value


# ---- count_transformer_parameters ----


def counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value, *, looks=2, norms=5, bias=1, tables=1):
    """The count with as many attentions a decoder layer, norms a pair of layers, biases and tables."""
    keys = heads * (d_model // heads if d_key is None else d_key)
    values = heads * (d_model // heads if d_value is None else d_value)
    attention = 2 * (d_model + bias) * keys + (d_model + bias) * values + (values + bias) * d_model
    feed = (d_model + bias) * d_ff + (d_ff + bias) * d_model
    return tables * vocabulary * d_model + layers * ((1 + looks) * attention + 2 * feed + norms * 2 * d_model)


@mistake("count_transformer_parameters")
def one_attention_in_the_decoder(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """One attention for each layer of the decoder is missing.

    It listens to its own words, and it looks at the memory: two attentions, each with four linear maps.

    A decoder layer has 2 * attention + feed + 3 * norm.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value, looks=1)


@mistake("count_transformer_parameters")
def three_tables(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """The table of words is counted three times.

    Encoder, decoder and the scores at the end share one table: it is tied.

    Add vocabulary * d_model once.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value, tables=3)


@mistake("count_transformer_parameters")
def biases_forgotten(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """Your count is a little too small. The large matrices are all there.

    Every linear map has a bias as well: as many numbers as it has outputs.

    A map from a to b numbers has a * b + b parameters.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value, bias=0)


@mistake("count_transformer_parameters")
def norms_forgotten(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """Your count is a little too small: the normalizations are missing.

    Each has a gain and a bias for every one of d_model numbers.

    An encoder layer has two of them, a decoder layer three, of 2 * d_model parameters each.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value, norms=0)


@mistake("count_transformer_parameters")
def two_norms_in_the_decoder(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """One normalization for each layer of the decoder is missing.

    Every branch has one, and the decoder's layer has three branches.

    3 * norm in a decoder layer, 2 * norm in an encoder layer.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value, norms=4)


@mistake("count_transformer_parameters")
def keys_always_d_model(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """Usually you are right. When d_key or d_value is given, the count does not change.

    Queries and keys have heads * d_key numbers together, values heads * d_value; the maps to and from them shrink
    with these.

    Queries, keys: d_model to heads * d_key. Values: d_model to heads * d_value. The last map: heads * d_value to
    d_model.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, None, None)


@mistake("count_transformer_parameters")
def maps_for_every_head(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """Your attention is as many times too large as there are heads.

    The heads share d_model numbers among them: each has d_model / heads.

    All heads together: heads * d_key, which is d_model when d_key is None.
    """
    d_key, d_value = (d_model if d is None else d for d in (d_key, d_value))
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value)


@mistake("count_transformer_parameters")
def last_norms_counted(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    """Your count is too large by two normalizations, whatever the number of layers.

    A pre-norm stack needs one more at its end, and torch's nn.Transformer has them. The model as published normalizes
    after each sum, and has none there.

    Leave out the 4 * d_model at the end.
    """
    return counted(vocabulary, d_model, d_ff, layers, heads, d_key, d_value) + 4 * d_model


# ---- Transformer ----


@mistake("Transformer")
class NotTied(solution.Transformer):
    """Your model has one table too many: a linear map of its own for the scores at the end.

    In the paper the scores are dot products with the rows of the very table that the words come from. A second table
    would make its base model larger by nearly a third.

    y @ self.words.weight.T, without a further nn.Linear.
    """

    def __init__(self, vocabulary, d_model, heads, d_ff, layers, norm_first=False):
        super().__init__(vocabulary, d_model, heads, d_ff, layers, norm_first)
        self.scores = nn.Linear(d_model, vocabulary, bias=False)


@mistake("Transformer")
class SourceFillingSeen(solution.Transformer):
    """The filling of the source is looked at as if it were words: translations depend on how long the *other*
    sentences of the batch are.

    Filling has the number 0. Nobody may look at it, in the encoder and from the decoder.

    Give every attention to the source the mask (source != PADDING)[:, None].
    """

    def encode(self, source):
        x = solution.embed(source, self.words.weight)
        for layer in self.encoder:
            x = layer(x)
        return self.encoder_norm(x) if self.norm_first else x

    def decode(self, target, memory, source):
        return super().decode(target, memory, torch.ones_like(source))


@mistake("Transformer")
class LooksAhead(solution.Transformer):
    """Scores depend on words that come later: the causal mask is missing.

    Trained like this, the model reads the answer where it should find it; alone, it has nothing to read.

    mask = causal_mask(n) & (target != PADDING)[:, None], for the decoder's self-attention.
    """

    def decode(self, target, memory, source):
        y = solution.embed(target, self.words.weight)
        for layer in self.decoder:
            y = layer(y, memory, (target != 0)[:, None], (source != 0)[:, None])
        y = self.decoder_norm(y) if self.norm_first else y
        return y @ self.words.weight.T


@mistake("Transformer")
class EncoderIsCausal(solution.Transformer):
    """Your encoder does not look ahead. It may.

    The English sentence is there from the beginning. Only what is *written* must not be read in advance.

    The encoder's mask hides filling and nothing else.
    """

    def encode(self, source):
        x = solution.embed(source, self.words.weight)
        mask = solution.causal_mask(source.shape[1]) & (source != 0)[:, None]
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x) if self.norm_first else x


@mistake("Transformer")
class LastNormForgotten(solution.Transformer):
    """Post-norm is right. With norm_first, the two normalizations at the end of the stacks are missing.

    In a pre-norm layer nothing normalizes the sum. After many layers it has grown; so each stack normalizes once
    more.

    self.encoder_norm and self.decoder_norm, applied after the last layer, only with norm_first.
    """

    def __init__(self, vocabulary, d_model, heads, d_ff, layers, norm_first=False):
        super().__init__(vocabulary, d_model, heads, d_ff, layers, norm_first)
        if norm_first:
            self.encoder_norm, self.decoder_norm = nn.Identity(), nn.Identity()


@mistake("Transformer")
class LayersAreOne(solution.Transformer):
    """There are parameters for one layer only: your stack is the same layer again and again.

    [EncoderLayer(...)] * layers is a list that holds one object many times.

    [EncoderLayer(...) for _ in range(layers)] makes as many as there should be.
    """

    def __init__(self, vocabulary, d_model, heads, d_ff, layers, norm_first=False):
        super().__init__(vocabulary, d_model, heads, d_ff, layers, norm_first)
        self.encoder = nn.ModuleList([self.encoder[0]] * layers)
        self.decoder = nn.ModuleList([self.decoder[0]] * layers)


@mistake("Transformer")
class LearnsUnshifted(solution.Transformer):
    """Scores and translations are right, and the loss falls to almost nothing. But after learning it cannot write
    at all.

    While it learns, what does the decoder read at the place where it has to say a word? If it is the word itself,
    copying is all that it learns.

    Let the model read shift_right(target, START), and compare its scores with target.
    """

    def learn(self, source, target, steps, batch=64, warmup=400, eps=0.1):
        names = solution.Transformer.learn.__globals__  # where it looks for shift_right, in a notebook too
        kept = names["shift_right"]
        names["shift_right"] = lambda target, start: target
        try:
            return super().learn(source, target, steps, batch, warmup, eps)
        finally:
            names["shift_right"] = kept


@mistake("Transformer")
class RateNeverSet(solution.Transformer):
    """Scores and translations are right, and the first loss. But it learns at another rate than asked for.

    An optimizer keeps the rate that it was made with, unless somebody changes it.

    Before each step: optimizer.param_groups[0]["lr"] = noam_rate(step, self.words.embedding_dim, warmup).
    """

    def learn(self, source, target, steps, batch=64, warmup=400, eps=0.1):
        return descend(self, source, target, steps, batch, lambda step: 1e-3, eps)


@mistake("Transformer")
class GradientsPileUp(solution.Transformer):
    """The first losses are right. Then it goes astray, and ends worse than it began.

    backward() *adds* to the gradients that are there. What does a step use if nobody takes away the old ones?

    optimizer.zero_grad() before loss.backward().
    """

    def learn(self, source, target, steps, batch=64, warmup=400, eps=0.1):
        rate = lambda step: solution.noam_rate(step, self.words.embedding_dim, warmup)  # noqa: E731
        return descend(self, source, target, steps, batch, rate, eps, clears=False)


def descend(model, source, target, steps, batch, rate, eps, clears=True):
    """The solution's training with another rate, or with gradients that are never cleared."""
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)
    losses = []
    for step in range(1, steps + 1):
        chosen = torch.randint(len(source), (batch,))
        scores = model(source[chosen], solution.shift_right(target[chosen], 1))
        loss = solution.label_smoothing(scores, target[chosen], eps)
        optimizer.param_groups[0]["lr"] = rate(step)
        if clears:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
