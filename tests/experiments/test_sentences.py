"""The sentences and the models of the demo on attention, and the nets of K7."""

import pytest
import torch

from experiments import k7, readers, sentences, weights
from experiments.models import count_parameters


def told(seed, count=300):
    generator = torch.Generator().manual_seed(seed)
    return [sentences.sentence(generator) for _ in range(count)]


def kind_of(word):
    return next(kind for kind, words in sentences.KINDS.items() if word in words)


BELONGS = {
    "article": {"noun", "place"},
    "adjective": {"noun", "place"},
    "noun": {"going", "seeing"},
    "place": {"going", "seeing"},
    "going": {"noun"},
    "seeing": {"noun"},
    "preposition": {"going", "seeing"},
    "time": {"going", "seeing"},
}


def test_every_word_belongs_to_a_word_of_the_right_kind():
    for words in told(0):
        assert len(words) <= sentences.LENGTH
        for word, place in words:
            assert kind_of(words[place][0]) in BELONGS[kind_of(word)]


def test_a_verb_belongs_to_the_first_noun_and_an_article_to_the_next():
    for words in told(1):
        kinds = [kind_of(word) for word, _ in words]
        for at, (_, place) in enumerate(words):
            if kinds[at] in ("going", "seeing"):
                assert place == kinds.index("noun")
            if kinds[at] == "article":
                assert place == next(i for i in range(at, len(words)) if kinds[i] in ("noun", "place"))


def test_unknown_words_are_never_answers_of_padding():
    x, y = sentences.as_tensors(told(2), 0.5, torch.Generator().manual_seed(0))
    assert ((x == 0) == (y == 0)).all()
    assert (x == sentences.NUMBER["?"]).float().mean() > 0.1


def test_both_nets_of_k7_with_attention_ignore_the_filling():
    tokens = torch.tensor([[3, 7, 20, 0, 0], [3, 7, 20, 0, 0]])
    for positions in (True, False):
        net = readers.Attention(30, 16, 2, 5, positions)
        torch.testing.assert_close(net(tokens), net(tokens[:, :3]))


def test_mirror_images_of_k7_stand_together_and_have_both_animals_as_answers():
    x, who = k7.order_sentences()
    one, other = x[0::2], x[1::2]
    assert torch.equal(one.sort(1).values, other.sort(1).values)
    assert (who[0::2] != who[1::2]).all()


def test_a_moved_sentence_of_k7_has_the_same_words_and_answers():
    (front, answers), (end, same) = k7.moving_sentences(k7.FRONT), k7.moving_sentences(k7.END)
    assert torch.equal(front.sort(1).values, end.sort(1).values)
    assert torch.equal(answers, same)
    assert not (front == end).all(1).any()


def test_the_nets_of_k7_have_equal_parameters_within_two_percent():
    nets = k7.matched(k7.DEFAULT, 20)
    counts = [count_parameters(build()) for build in nets.values()]
    assert max(counts) <= 1.02 * min(counts)


@pytest.mark.slow
def test_the_trained_models_of_the_demo_know_what_positions_can_tell():
    tensors, described = weights.demo_weights("sentences")
    placed, bare = (described["models"][name]["accuracy_by_kind"] for name in ("placed", "bare"))
    assert min(placed.values()) > 0.98
    assert min(bare[kind] for kind in ("noun", "place", "preposition", "time")) > 0.98
    assert max(bare[kind] for kind in ("article", "adjective", "seeing")) < 0.6
    assert sum(tensor.numel() * 4 for tensor in tensors.values()) < 200_000
