"""The solutions of ch08_transformer against torch's own Transformer, loss and counts; examples of docstrings."""

import doctest
import hashlib
import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring.chapter import load_chapter
from autograder.authoring.draw import hidden_seed
from autograder.authoring.freeze import freeze_exercise
from autograder.checking.diagnose import diagnose
from autograder.checking.observe import observe
from autograder.checking.references import load_reference, public_path
from experiments import ledger, transformer, translation

EXERCISES = list(load_chapter("ch08_transformer").exercises)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_example_of_the_docstring_is_true(solution, name):
    found = doctest.DocTestFinder().find(getattr(solution, name), name, module=False, globs=vars(solution))
    results = [doctest.DocTestRunner().run(test) for test in found if test.examples]
    assert results and all(result.failed == 0 for result in results)


def copy_attention(theirs, ours):
    for part in ("weight", "bias"):
        rows = [getattr(linear, part) for linear in (ours.query, ours.key, ours.value)]
        getattr(theirs, f"in_proj_{part}").copy_(torch.cat(rows))
        getattr(theirs.out_proj, part).copy_(getattr(ours.out, part))


@torch.no_grad()
def twin(model, d_model, heads, d_ff, norm_first):
    """torch's nn.Transformer with the weights of ours; like ours, it has last norms only with norm_first."""
    sizes = {"d_model": d_model, "nhead": heads, "dim_feedforward": d_ff, "dropout": 0.0, "batch_first": True}
    theirs = nn.Transformer(
        **sizes, num_encoder_layers=len(model.encoder), num_decoder_layers=len(model.decoder), norm_first=norm_first
    ).double()
    if norm_first:
        theirs.encoder.norm.load_state_dict(model.encoder_norm.state_dict())
        theirs.decoder.norm.load_state_dict(model.decoder_norm.state_dict())
    else:
        theirs.encoder.norm = theirs.decoder.norm = None
    pairs = [*zip(theirs.encoder.layers, model.encoder, strict=True)]
    for layer, ours in [*pairs, *zip(theirs.decoder.layers, model.decoder, strict=True)]:
        copy_attention(layer.self_attn, ours.attend)
        layer.linear1.load_state_dict(ours.wide.state_dict())
        layer.linear2.load_state_dict(ours.narrow.state_dict())
        for name in ("norm1", "norm2", "norm3"):
            if hasattr(ours, name):
                getattr(layer, name).load_state_dict(getattr(ours, name).state_dict())
        if hasattr(ours, "look"):
            copy_attention(layer.multihead_attn, ours.look)
    return theirs


SOURCE = torch.tensor([[3, 7, 5, 4, 6, 3, 8], [5, 5, 3, 0, 0, 0, 0], [4, 3, 8, 7, 0, 0, 0]])
TARGET = torch.tensor([[1, 4, 8, 3, 5], [1, 7, 6, 0, 0], [1, 3, 0, 0, 0]])


def through(theirs, table, embed):
    """Scores of torch's Transformer around our embedding, with our masks told in torch's way."""
    hidden = theirs(
        embed(SOURCE, table),
        embed(TARGET, table),
        tgt_mask=torch.ones(5, 5, dtype=torch.bool).triu(1),
        src_key_padding_mask=SOURCE == 0,
        tgt_key_padding_mask=TARGET == 0,
        memory_key_padding_mask=SOURCE == 0,
    )
    return hidden @ table.T


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])
def test_the_transformer_is_torchs_to_round_off_and_so_are_its_gradients(solution, norm_first):
    torch.manual_seed(3)
    model = solution.Transformer(9, 12, 3, 20, 2, norm_first).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    theirs, words = twin(model, 12, 3, 20, norm_first), TARGET != 0
    table = model.words.weight.detach().clone().requires_grad_()
    got, expected = model(SOURCE, TARGET)[words], through(theirs, table, solution.embed)[words]
    assert (got - expected).abs().max() < 1e-12
    got.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(model.words.weight.grad, table.grad, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        model.decoder[0].look.out.weight.grad, theirs.decoder.layers[0].multihead_attn.out_proj.weight.grad
    )


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.7])
def test_label_smoothing_is_torchs(solution, normal, eps):
    scores, target = normal(3, 5, 9), torch.tensor([[3, 1, 2, 0, 0], [8, 2, 0, 0, 0], [4, 4, 5, 6, 2]])
    expected = F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=0, label_smoothing=eps)
    torch.testing.assert_close(solution.label_smoothing(scores, target, eps), expected, rtol=0, atol=1e-12)


def test_the_schedule_of_the_base_model_peaks_where_the_paper_says(solution):
    rates = [solution.noam_rate(step, 512, 4000) for step in range(1, 20_000, 7)] + [
        solution.noam_rate(4000, 512, 4000)
    ]
    assert max(rates) == rates[-1] == pytest.approx(6.99e-4, rel=1e-3)


def sentences(vocabulary, longest, end):
    """Every way to write: up to `longest` words, over at the first `end`."""
    unfinished = [[]]
    for length in range(1, longest + 1):
        extended = [[*words, word] for words in unfinished for word in range(vocabulary)]
        yield from (words for words in extended if words[-1] == end or length == longest)
        unfinished = [words for words in extended if words[-1] != end]


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_beam_that_is_wide_enough_finds_the_best_of_all_sentences(solution, normal, alpha):
    table = normal(4, 4).log_softmax(-1)
    found, value = solution.beam_search(lambda y: table[y[:, -1]], 1000, 1, 2, 4, alpha)
    rated = {}
    for words in sentences(4, 4, end=2):
        log_p = sum(float(table[a, b]) for a, b in zip([1, *words], words, strict=False))
        rated[tuple(words)] = log_p / ((5 + len(words)) / 6) ** alpha
    assert value == pytest.approx(max(rated.values()))
    assert rated[tuple(found.tolist())] == pytest.approx(value)


def test_a_beam_of_one_is_greedy(solution, normal):
    table = normal(6, 6).log_softmax(-1)
    greedy = solution.greedy_decode(lambda y: table[y[:, -1]], 1, 1, 2, 7)[0]
    found, _ = solution.beam_search(lambda y: table[y[:, -1]], 1, 1, 2, 7)
    assert found.tolist() == greedy[: len(found)].tolist()


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_the_count_is_that_of_torchs_modules(solution):
    with torch.device("meta"):
        theirs, table = nn.Transformer(), nn.Embedding(37_000, 512)
    count = sum(p.numel() for p in theirs.parameters())
    assert count == 44_140_544
    last_norms = 4 * 512
    expected = count - last_norms + table.weight.numel()
    assert solution.count_transformer_parameters(37_000, 512, 2048, 6, 8) == expected == 63_082_496


SIZES = [(37_000, 512, 2048, 6, 8, 16, None), (50, 12, 20, 2, 3), (100, 30, 7, 1, 5, 4, 9)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_ledger_of_the_page_counts_as_the_solution_does(solution, sizes):
    assert ledger.parameters(*sizes) == solution.count_transformer_parameters(*sizes)


@pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])
def test_the_model_of_the_experiments_is_the_one_of_the_notebook(solution, norm_first):
    torch.manual_seed(1)
    ours = solution.Transformer(9, 12, 3, 20, 2, norm_first).double()
    other = transformer.Transformer(9, 12, 3, 20, 2, norm_first).double()
    with torch.no_grad():
        other.words.weight.copy_(ours.words.weight)
        for layer, mine in zip([*other.encoder, *other.decoder], [*ours.encoder, *ours.decoder], strict=True):
            for name in ("attend", "look", "wide", "narrow"):
                if hasattr(mine, name):
                    getattr(layer, name).load_state_dict(getattr(mine, name).state_dict())
    words = TARGET != 0
    assert (ours(SOURCE, TARGET)[words] - other(SOURCE, TARGET)[words]).abs().max() < 1e-12
    told = []
    assert torch.allclose(other.encode(SOURCE, told), other.encode(SOURCE), atol=1e-12)
    assert len(told) == 2
    assert torch.allclose(told[0].sum(-1), torch.ones((), dtype=torch.float64))


def test_translating_is_greedy_decoding_of_the_model(solution):
    torch.manual_seed(2)
    model = solution.Transformer(9, 12, 3, 20, 1)
    written = model.translate(SOURCE, 6)
    assert written.shape == (3, 6)
    alone = torch.cat([model.translate(row[row != 0][None], 6) for row in SOURCE])
    assert torch.equal(written, alone)


def test_the_grammar_of_the_notebook_is_the_one_of_the_experiments(solution):
    ours, theirs = random.Random(4), random.Random(4)
    assert all(solution.sentence(ours) == translation.sentence(theirs) for _ in range(300))


def refused_by(target, name, case):
    """Whether the public case of this name refuses a version of an exercise."""
    exercise = load_reference(public_path("ch08_transformer")).exercises[name]
    frozen = next(each for each in exercise.cases if each.case.name == case)
    seen = observe(target, frozen.case, forbid=exercise.forbid, kind=exercise.kind)
    return not diagnose(exercise, [(frozen, False)], [seen]).passed


def test_a_translation_that_reads_the_scores_of_the_first_place_is_refused(solution):
    class Transformer(solution.Transformer):
        @torch.no_grad()
        def translate(self, source, longest):
            memory = self.encode(source)
            return solution.greedy_decode(lambda y: self.decode(y, memory, source)[:, 0], len(source), 1, 2, longest)

    assert refused_by(Transformer, "Transformer", "translating")
    assert not refused_by(solution.Transformer, "Transformer", "translating")


def training(solution, *, betas=(0.9, 0.98), start=1, smoothing=None, padding=0, shuffled=True):
    """The solution's class with a training of its own: other constants, a rate that is one step late, another loss."""

    class Transformer(solution.Transformer):
        def learn(self, source, target, steps, batch=64, warmup=400, eps=0.1):
            optimizer = torch.optim.Adam(self.parameters(), betas=betas)
            losses = []
            for step in range(start, start + steps):
                rows = torch.randint(len(source), (batch,)) if shuffled else torch.arange(batch)
                scores = self(source[rows], solution.shift_right(target[rows], 1))
                loss = solution.label_smoothing(scores, target[rows], smoothing or eps, padding)
                optimizer.param_groups[0]["lr"] = solution.noam_rate(step, self.words.embedding_dim, warmup)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(float(loss))
            return losses

    return Transformer


WRONG = {"rate of the step before": {"start": 0}, "own smoothing": {"smoothing": 0.1}, "filling": {"padding": -1}}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_a_wrong_training_is_refused_by_its_first_losses(solution, options):
    assert refused_by(training(solution, **options), "Transformer", "three steps on one pair alone")


def test_adams_usual_constants_are_accepted_as_well(solution):
    assert not refused_by(training(solution, betas=(0.9, 0.999)), "Transformer", "three steps on one pair alone")


def test_a_training_that_takes_the_same_pairs_at_every_step_is_refused(solution):
    assert refused_by(training(solution, shuffled=False), "Transformer", "learns to turn strings round")


@pytest.mark.parametrize("key", range(4))
def test_a_mark_of_the_beginning_that_is_written_into_the_code_is_refused_by_hidden_cases(solution, key):
    chapter = load_chapter("ch08_transformer")
    seed = hidden_seed(hashlib.sha256(b"att%d" % key).digest(), "ch08_transformer", "greedy_decode", "")
    exercise = freeze_exercise(chapter.exercises["greedy_decode"], seed, chapter.directory / "cases.py")

    def greedy_decode(next_scores, batch, start, end, longest, padding=0):
        return solution.greedy_decode(next_scores, batch, 1, end, longest, padding)

    cases = [(frozen, True) for frozen in exercise.cases]
    seen = [observe(greedy_decode, frozen.case) for frozen, _ in cases]
    assert not diagnose(exercise, cases, seen).passed
