"""What the exercises on the Transformer are tried on: more keys than queries, filling in every batch, odd widths."""

import itertools

import solution
import torch

from autograder.authoring.cases import call, case, exercise, holds, probe

OWN = "Put it together from the pieces of this notebook."
TORCHS = ("*scaled_dot_product*", "*multi_head_attention*", "_transformer*")
ONE_SIZE = "The two sizes are the same d_model."


def words(draw, lengths, vocabulary):
    """Sentences of these lengths, (sentence, position), of words from 3 on, filled up with 0."""
    rows = draw.integers(3, vocabulary, len(lengths), max(lengths))
    filled = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return rows * filled


def allowed(draw, *shape):
    """A random mask in which every query may look at one key at least, and not at all of them."""
    mask = draw.boolean(*shape, p=0.6)
    mask[..., 0] |= ~mask.any(-1)
    mask[..., -1] &= ~mask.all(-1)
    return mask


@exercise(points=3, minutes=10, difficulty=1)
def embed(draw):
    yield case("two sentences", draw.integers(0, 7, 2, 5), draw.normal(7, 6, std=0.4), gradients=("table",))
    yield case("many numbers", draw.integers(0, 5, 3, 4), draw.normal(5, 14, std=0.3))
    yield case("one word", draw.integers(0, 3, 1, 1), draw.normal(3, 2))


@exercise(points=5, minutes=25, difficulty=2, forbid=TORCHS, reason=OWN)
def EncoderLayer(draw):
    both = ("x", "parameters")
    yield case("post-norm", draw.normal(2, 5, 6), init=call(6, 2, 7), gradients=both)
    yield case("pre-norm", draw.normal(3, 4, 9), init=call(9, 3, 5, True), gradients=both)
    yield case(
        "a mask for each sentence, and one for each query",
        call(draw.normal(2, 5, 8), allowed(draw, 2, 1, 5)),
        call(draw.normal(2, 4, 8), mask=allowed(draw, 2, 4, 4)),
        init=call(8, 4, 6),
    )
    yield case("a mask and pre-norm", draw.normal(2, 6, 4), allowed(draw, 2, 1, 6), init=call(4, 1, 9, norm_first=True))


@exercise(points=6, minutes=30, difficulty=3, forbid=TORCHS, reason=OWN)
def DecoderLayer(draw):
    both = ("y", "memory", "parameters")
    yield case("post-norm", draw.normal(2, 4, 6), draw.normal(2, 7, 6), init=call(6, 2, 7), gradients=both)
    yield case("pre-norm", draw.normal(3, 5, 9), draw.normal(3, 2, 9), init=call(9, 3, 5, True), gradients=both)
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    yield case(
        "both masks",
        call(draw.normal(2, 5, 8), draw.normal(2, 3, 8), causal, allowed(draw, 2, 1, 3)),
        call(draw.normal(2, 4, 8), draw.normal(2, 4, 8), allowed(draw, 2, 4, 4), allowed(draw, 2, 1, 4)),
        init=call(8, 4, 6),
    )
    yield case(
        "both masks and pre-norm",
        call(draw.normal(2, 5, 4), draw.normal(2, 6, 4), mask=causal, memory_mask=allowed(draw, 2, 1, 6)),
        init=call(4, 1, 9, norm_first=True),
    )


@exercise(points=2, minutes=8, difficulty=1)
def shift_right(draw):
    yield case("three sentences", draw.integers(3, 9, 3, 5), 1)
    yield case("another mark", draw.integers(3, 9, 2, 4), draw.integer(12, 20))
    yield case("one word", draw.integers(3, 9, 2, 1), 2)


@exercise(
    points=5,
    minutes=25,
    difficulty=3,
    forbid=("cross_entropy*", "nll_loss*", "kl_div*"),
    reason="Write the sum of the formula yourself.",
    equivalent={"0 -> -1": "The axis has one element, which is its first and its last."},
)
def label_smoothing(draw):
    target = words(draw, (5, 2, 4), 7)
    yield case("filling", draw.normal(3, 5, 7, std=2.0), target, gradients=("scores",))
    target = words(draw, (4, 3), 5)
    yield case(
        "no smoothing, and much of it", call(draw.normal(2, 4, 5), target, 0.0), call(draw.normal(2, 4, 5), target, 0.6)
    )
    target = draw.integers(0, 4, 2, 3)
    target[0, 0], target[0, 1] = 2, 3
    yield case("another number for filling", draw.normal(2, 3, 5), target, 0.2, 3)
    yield case("scores as large as 1e4", draw.normal(1, 3, 4, std=5e3), words(draw, (3,), 4), 0.1)


@exercise(
    points=3,
    minutes=10,
    difficulty=1,
    equivalent={
        "max(step, 1) -> max(1, step)": "The larger of two is the same in either order.",
        "min(step ** (-0.5), step * warmup ** (-1.5)) -> "
        "min(step * warmup ** (-1.5), step ** (-0.5))": "The smaller of two is the same in either order.",
    },
)
def noam_rate(draw):
    warmup = draw.integer(30, 60)
    yield case("warming up", call(draw.integer(2, 12), 64, warmup), call(draw.integer(13, 29), 48, warmup))
    yield case("the peak", call(warmup, 32, warmup), call(4000, 512, 4000))
    yield case("falling", call(draw.integer(100, 900), 16, warmup), call(draw.integer(1000, 9000), 512, warmup))
    yield case("the first step, and step 0", call(1, 24, warmup), call(0, 24, warmup), call(0, 40, 1))


def writer(draw, vocabulary, batch=None, end=2, eager=0.0):
    """A model of the next word that looks at all words so far, the last ones most; and, in a batch, at the row."""
    history = draw.normal(vocabulary, vocabulary, std=1.5)
    history[:, end] += eager
    rows = {} if batch is None else {"rows": draw.normal(batch, vocabulary)}
    return probe("next_words", history=history, **rows)


def uneven(draw, vocabulary, batch, start, end, longest, eager, padding=0):
    """The arguments of a decoding in which some sentences end early, some late, and what stood before matters.

    The mark of the beginning matters, too: another one would lead to other words.
    """
    marks = {0, 1, 2} - {start}
    while True:
        model = writer(draw, vocabulary, batch, end=end, eager=eager)
        written, *others = (
            solution.greedy_decode(model, batch, mark, end, longest, padding) for mark in (start, *marks)
        )
        others += [solution.greedy_decode(lambda y, model=model: model(y[:, -1:]), batch, start, end, longest, padding)]
        ends = [row.index(end) for row in written.tolist() if end in row]
        told_apart = not any(torch.equal(written, other) for other in others)
        if len(set(ends)) >= 2 and max(ends) - min(ends) >= 2 and told_apart:
            return model, batch, start, end, longest, padding


@exercise(points=5, minutes=25, difficulty=2, equivalent={"-1 -> 1": "Axis 1 is the last of (batch, vocabulary)."})
def greedy_decode(draw):
    yield case("four sentences", *uneven(draw, 7, 4, 1, 2, 8, 0.8))
    yield case("other marks", *uneven(draw, 6, 3, 5, 4, 7, 1.0, 3))
    yield case(
        "an end at once, and none at all",
        call(writer(draw, 5, 2, eager=50.0), 2, 1, 2, 5),
        call(writer(draw, 5, 2, eager=-50.0), 2, 1, 2, 4),
    )
    yield case("one sentence, one word", writer(draw, 5, 1), 1, 1, 2, 1)


def beaten(draw):
    """A model with which greedy decoding ends early, and a beam of three finds something else."""
    while True:
        model = writer(draw, 6, eager=0.7)
        greedy, wide = (solution.beam_search(model, beam, 1, 2, 6)[0] for beam in (1, 3))
        if len(greedy) < 6 and greedy.tolist() != wide.tolist():
            return model


def late_winner(draw):
    """A model with which a beam of three finds an end at its first step, and at last something longer and better."""
    while True:
        model = writer(draw, 6, eager=1.0)
        first = model(torch.tensor([[1]]))[0].topk(3).indices
        if bool((first == 2).any()) and len(solution.beam_search(model, 3, 1, 2, 6, 1.5)[0]) >= 3:
            return model


def grown(draw, **tree):
    """A model of the next word after the tree {word: {next word: probability}}; what is left goes to the other words.

    "s" is the mark of the beginning, "x" that of the end; the other letters are words, other ones in every draw. A word
    stands behind one other only, which is subtracted: `next_words` lets the word before it have half a say.
    """
    free = [word for word in range(8) if word not in (1, 2)]
    number = {"s": 1, "x": 2} | {letter: free[at] for letter, at in zip("abcdef", draw.permutation(6), strict=True)}
    wanted = {}
    for letter, following in tree.items():
        shares = torch.full((8,), (1 - sum(following.values())) / (8 - len(following)))
        for after, share in following.items():
            shares[number[after]] = share
        wanted[letter] = shares.log() + draw.normal(8, std=0.02)
    before = {after: letter for letter, following in tree.items() for after in following}
    history = torch.zeros(8, 8)
    for letter, scores in wanted.items():
        history[number[letter]] = scores - 0.5 * wanted[before[letter]] if letter in before else scores
    return probe("next_words", history=history)


def early_end(draw):
    """An end takes one of two places at once; what wins is behind the last of the two that follow."""
    spread = {"x": 0.3}
    return grown(draw, s={"x": 0.36, "a": 0.34}, a={"b": 0.5, "c": 0.42}, b=spread, c={"d": 0.97}, d={"x": 0.97})


def weak_end(draw):
    """As `early_end`, but the end is soon less probable than both beginnings that go on."""
    spread = {"x": 0.3}
    return grown(draw, s={"a": 0.6, "x": 0.15}, a={"b": 0.5, "c": 0.42}, b=spread, c={"d": 0.97}, d={"x": 0.97})


def two_ends(draw):
    """Two sentences are finished before the one that wins."""
    return grown(draw, s={"a": 0.62, "x": 0.26}, a={"b": 0.62, "x": 0.3}, b={"c": 0.97}, c={"d": 0.97}, d={"x": 0.97})


def rich_and_poor(draw):
    """The extensions of one beginning are all better than those of the other, behind which the best sentence waits."""
    return grown(
        draw, s={"a": 0.5, "b": 0.3}, a={"c": 0.45, "d": 0.42}, b={"e": 0.6}, c={"x": 0.2}, d={"x": 0.15}, e={"x": 0.97}
    )


@exercise(
    points=8,
    minutes=45,
    difficulty=3,
    equivalent={
        "1 -> 2": "The loop ends at the longest length in any case: there, everything is over.",
        "min(beam, extended.numel()) -> min(extended.numel(), beam)": "The smaller of two is the same in either order.",
        "0 -> -1": "With no beginning left, further rounds add nothing.",
        "True -> False": "strict only guards against unequal lengths, and both sides are cut by the same mask.",
    },
)
def beam_search(draw):
    yield case("a beam of three", beaten(draw), 3, 1, 2, 6)
    yield case("a beam of four, and no penalty", writer(draw, 7, eager=0.5), 4, 1, 2, 5, 0.0)
    yield case("a strong penalty", late_winner(draw), 3, 1, 2, 6, 1.5)
    yield case(
        "a beam of one, and one that is wider than the vocabulary",
        call(writer(draw, 5), 1, 1, 2, 5),
        call(writer(draw, 4, eager=0.5), 9, 1, 2, 4, 0.8),
    )
    yield case(
        "no end in sight",
        call(writer(draw, 6, eager=-50.0), 3, 1, 2, 4),
        call(writer(draw, 6, end=5, eager=-0.5), 2, 3, 5, 3),
    )
    yield case(
        "an end leaves its place to others",
        call(early_end(draw), 2, 1, 2, 6, 2.0),
        call(weak_end(draw), 2, 1, 2, 6, 2.0),
    )
    yield case("two ends, and one to come", two_ends(draw), 2, 1, 2, 7, 2.0)
    yield case("all extensions compete", rich_and_poor(draw), 2, 1, 2, 5)


@exercise(
    points=4,
    minutes=20,
    difficulty=2,
    equivalent={"d_model // heads -> d_model / heads": "Heads divide d_model, and 136.0 is taken for 136."},
)
def count_transformer_parameters(draw):
    d_head, heads, layers = draw.integer(5, 9), draw.integer(3, 5), draw.integer(2, 5)
    size = (draw.integer(100, 200), d_head * heads, draw.integer(40, 60), layers, heads)
    yield case("a small one", *size)
    yield case("the paper's base model", 37000, 512, 2048, 6, 8)
    yield case("short keys", call(*size, d_head - 2), call(*size, d_key=3, d_value=d_head + 1))
    yield case("short values", call(*size, None, d_head - 3), call(50, 7, 11, 1, 1))


def turned(draw):
    """400 strings of three of eight symbols in alphabetical order, and 112 others; with them the same turned round."""
    strings = torch.tensor(list(itertools.product(range(3, 11), repeat=3)))
    order = draw.permutation(512)
    strings = strings[torch.cat([order[:400].sort().values, order[400:]])]
    return strings, torch.cat([strings.flip(1), torch.full((512, 1), 2)], dim=1)


def fluent(draw, vocabulary, *sizes):
    """Source sentences, and parameters of a model that writes at least three words about each, and not the same.

    A model with the usual parameters says one word again and again: the table that it reads is the one that it writes.
    """
    source, model = words(draw, (5, 2), vocabulary), solution.Transformer(vocabulary, *sizes)
    while True:
        for name, value in model.state_dict().items():
            spread = 1.0 if "norm" in name and "weight" in name else 0.1 if value.dim() == 1 else 0.5
            value.copy_(draw.normal(*value.shape, std=spread))
        one, other = model.translate(source, 6).tolist()
        if one != other and min(len({*one}), len({*other})) > 2:
            return source, {name: value.clone() for name, value in model.state_dict().items()}


@exercise(
    points=12,
    minutes=60,
    difficulty=3,
    equivalent={
        "noam_rate(step, self.words.embedding_dim, warmup) -> "
        "noam_rate(self.words.embedding_dim, step, warmup)": "A rate that falls from the start will do for strings of "
        "three; noam_rate has a check of its own.",
        "1e-09 -> 2e-09": "Both are next to nothing beside the gradients here.",
        "0 -> -1": "The optimizer has one group of parameters, its first and its last.",
    },
)
def Transformer(draw):
    source, target = words(draw, (6, 4, 5), 9), words(draw, (4, 5, 2), 9)
    target[:, 0] = 1
    yield case("scores, post-norm", source, target, init=call(9, 6, 2, 5, 2), gradients=("parameters",))
    source, target = words(draw, (3, 5), 8), words(draw, (6, 3), 8)
    yield case("scores, pre-norm", source, target, init=call(8, 4, 1, 7, 2, True))
    memory = draw.normal(2, 5, 6)
    yield case(
        "reading and writing",
        call(words(draw, (5, 3), 7), method="encode"),
        call(words(draw, (2, 4), 7), memory, words(draw, (3, 5), 7), method="decode"),
        init=call(7, 6, 3, 4, 1),
    )
    source, state = fluent(draw, 9, 6, 3, 4, 1)
    yield case("translating", call(source, 6, method="translate"), init=call(9, 6, 3, 4, 1), state=state)
    source, target = words(draw, (4,), 8), words(draw, (3, 4), 8)[:1]
    target[:, 2] = 2
    yield case(
        "three steps on one pair alone",
        call(source.repeat(8, 1), target.repeat(8, 1), 3, batch=5, warmup=8, eps=0.3, method="learn"),
        init=call(8, 6, 2, 5, 1, True),
        rtol=3e-3,  # Adam's other constants move these losses by 1e-3 at most, a wrong rate or loss by 1e-2 and more
    )
    source, target = turned(draw)
    yield case(
        "learns to turn strings round",
        call(source[:400], target[:400], 200, warmup=50, method="learn"),
        call(source[400:], 4, method="translate"),
        init=call(11, 16, 2, 32, 1, True),
        values=False,
        properties=(
            holds("loss_falls", steps=200, at_most=1.6),
            holds("exact_match", labels=target[400:], at_least=0.6, call=1),
        ),
        seconds=60,
    )
