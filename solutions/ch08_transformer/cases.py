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
    """The arguments of a decoding in which some sentences end early, some late, and what stood before matters."""
    while True:
        model = writer(draw, vocabulary, batch, end=end, eager=eager)
        written = solution.greedy_decode(model, batch, start, end, longest, padding)
        forgetful = solution.greedy_decode(lambda y, model=model: model(y[:, -1:]), batch, start, end, longest, padding)
        ends = [row.index(end) for row in written.tolist() if end in row]
        if len(set(ends)) >= 2 and max(ends) - min(ends) >= 2 and not torch.equal(written, forgetful):
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
    """All strings of three of eight symbols, in random order, and the same turned round, with the mark of the end."""
    strings = torch.tensor(list(itertools.product(range(3, 11), repeat=3)))[draw.permutation(512)]
    return strings, torch.cat([strings.flip(1), torch.full((512, 1), 2)], dim=1)


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
        "reading, writing and translating",
        call(words(draw, (5, 3), 7), method="encode"),
        call(words(draw, (2, 4), 7), memory, words(draw, (3, 5), 7), method="decode"),
        call(words(draw, (5, 2), 7), 6, method="translate"),
        init=call(7, 6, 3, 4, 1),
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
