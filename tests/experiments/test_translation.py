"""The grammar speaks French, no test sentence is a training sentence, and the stored weights are those of the model."""

import itertools
import random

import pytest
import torch

import experiments
from experiments import ch08_warmup, k10, ledger, transformer, translation, translator

SENTENCES = [translation.sentence(random.Random(seed)) for seed in range(3000)]


def test_a_sentence_has_one_translation():
    found = {}
    for english, french in SENTENCES:
        found.setdefault(" ".join(english), set()).add(" ".join(french))
    assert all(len(translations) == 1 for translations in found.values())


def test_no_short_word_stands_in_front_of_a_vowel():
    for _, french in SENTENCES:
        for word, after in itertools.pairwise(french):
            vowel = after[0] in "aeiou"
            assert not (word in translation.SHORT and vowel), french
            assert not (word in ("l'", "n'", "d'", "cet", "mon") and not vowel and word != "mon"), french


def test_negation_stands_around_the_verb():
    verbs = {form for forms in (translation.SEEING | translation.SLEEPING).values() for form in forms.split()}
    for english, french in SENTENCES:
        assert ("not" in english) == ("pas" in french)
        if "pas" in french:
            assert french[french.index("pas") - 1] in verbs
            assert {"ne", "n'"} & set(french[: french.index("pas")])


def test_an_indefinite_object_becomes_de_after_a_negation():
    objects = [french[french.index("pas") + 1] for _, french in SENTENCES if "pas" in french[:-1]]
    assert "de" in objects
    assert not {"un", "une", "des"} & set(objects)


@pytest.mark.parametrize("adjective", ["small", "young"])
def test_adjectives_in_front_stay_in_front_and_plural_des_becomes_de(adjective):
    forms = set(translation.IN_FRONT[adjective].split())
    found = [french for english, french in SENTENCES if english[:2] == ["some", adjective]]
    assert found
    assert all(french[0] == "de" and french[1] in forms for french in found)


def test_every_word_is_in_the_vocabulary_and_the_marks_come_first():
    words = translation.vocabulary()
    assert tuple(words[:4]) == translation.MARKS
    assert words[transformer.PAD] == "-" and words[transformer.STOP] == ">"
    assert len(set(words)) == len(words)
    assert {word for pair in SENTENCES for sentence in pair for word in sentence} <= set(words)


def test_no_new_sentence_is_among_the_known_ones():
    pairs = translation.corpus(1500, 300, seed=3)
    known = {tuple(row) for row in pairs.source.tolist()}
    assert len(pairs.new) == len(pairs.new_source) > 200
    assert not known & {tuple(row) for row in pairs.new_source.tolist()}


def test_words_belong_where_they_were_said():
    english = ["the", "black", "cat", "does", "not", "often", "see", "the", "young", "queen"]
    french = ["le", "chat", "noir", "ne", "voit", "pas", "souvent", "la", "jeune", "reine"]
    found = {french[place]: (english[at], kind) for place, at, kind in translation.alignment(english, french)}
    assert found == {
        "chat": ("cat", "noun"),
        "noir": ("black", "adjective behind"),
        "ne": ("not", "ne"),
        "voit": ("see", "verb"),
        "pas": ("not", "pas"),
        "jeune": ("young", "adjective in front"),
        "reine": ("queen", "noun"),
    }


def test_stored_bytes_give_the_model_back_to_a_127th_of_each_row():
    torch.manual_seed(0)
    model, other = (transformer.Transformer(20, 8, 2, 12, 1) for _ in range(2))
    stored = translator.in_bytes(model)
    translator.restore(other, stored)
    for name, value in model.state_dict().items():
        error = (other.state_dict()[name] - value).abs()
        if value.dim() == 2:
            assert stored[name].dtype == torch.int8
            assert (error <= 0.5001 * stored[f"{name}.scale"][:, None]).all()
        else:
            assert error.max() == 0


def test_greedy_translations_end_with_the_mark_and_filling():
    torch.manual_seed(1)
    model = transformer.Transformer(12, 8, 2, 12, 1)
    written = transformer.greedy(model, torch.tensor([[4, 5, 6], [7, 8, 0]]), 9)
    assert written.shape == (2, 9)
    for row in written.tolist():
        if transformer.STOP in row:
            assert set(row[row.index(transformer.STOP) + 1 :]) <= {transformer.PAD}


def test_ledger_parts_add_up_to_the_parameters_of_the_module():
    model = transformer.Transformer(30, 12, 3, 20, 2)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert counted == ledger.parameters(30, 12, 20, 2, 3) == sum(ledger.parts(30, 12, 20, 2, 3).values())


def test_a_verdict_says_when_a_seed_misses_99_of_100():
    result = experiments.load("k10")
    result["numbers"]["exact"]["by_seed"][1][-1] = 0.98
    assert "less than was claimed" in k10.summary(result)["verdict"]


def test_a_verdict_names_the_kinds_for_which_no_head_looks():
    result = experiments.load("k10")
    result["numbers"][k10.ALONE]["mean"][4] = 0.2
    assert "the other kinds no head" in k10.summary(result)["verdict"]


def test_a_verdict_says_when_the_warm_up_makes_no_difference():
    result = experiments.load("ch08_warmup")
    exact = result["numbers"]["exact"]
    exact[ch08_warmup.BARE] = exact[ch08_warmup.POST]
    assert "did not make the difference" in ch08_warmup.summary(result)["verdict"]


@pytest.mark.parametrize("step", [1, 40, 160, 161, 320])
def test_rates_without_a_warm_up_start_at_the_peak_and_fall_as_the_others_do(step):
    settings = ch08_warmup.DEFAULT
    warm, bare, slow = (ch08_warmup.rate(kind, step, settings) for kind in ("post_warm", "post_constant", "post_slow"))
    assert warm <= bare <= settings.peak + 1e-12
    assert slow == pytest.approx(bare / 2)
    assert warm == pytest.approx(settings.peak * min(step / 160, (160 / step) ** 0.5))
