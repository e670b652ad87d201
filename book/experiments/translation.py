"""English sentences with their French translation, from a small grammar of our own.

What the two languages do differently is all there: adjectives behind or in front of their noun, agreement of
determiner, adjective and verb, elision, negation in two parts, a pronoun that moves in front of the verb.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from experiments.transformer import PAD, STOP

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
"""What these become in front of a vowel."""

MARKS = ("-", "<", ">", "?")
"""Filling, beginning, end, and what stands for a word that is not in the vocabulary."""

Phrase = tuple[list[str], list[str], bool]


def noun_phrase(some: random.Random) -> Phrase:
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


def subject(some: random.Random) -> Phrase:
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


def vocabulary() -> list[str]:
    """All words of both languages, the marks first; the place of a word is its number."""
    english = [*NOUNS, *DETERMINERS, *IN_FRONT, *BEHIND, *SUBJECTS, *OBJECTS, *TIMES, "do does not often"]
    english += [verb.replace("-", " ") for verb in (*SEEING, *SLEEPING)]
    french = [forms.removesuffix(" m").removesuffix(" f") for forms in NOUNS.values()]
    tables = (DETERMINERS, IN_FRONT, BEHIND, SUBJECTS, OBJECTS, TIMES, SEEING, SLEEPING, SHORT)
    french += [forms for table in tables for forms in table.values()] + ["ne pas souvent de"]
    return [*MARKS, *sorted({word for forms in (*english, *french) for word in forms.split()})]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Numbered sentences filled up with 0: source (sentence, key), target (sentence, position) with the end mark."""

    source: Tensor
    target: Tensor
    new_source: Tensor
    new_target: Tensor
    new: tuple[tuple[list[str], list[str]], ...]


def corpus(train: int, test: int, seed: int) -> Corpus:
    """`train` random sentences, and at most `test` others of which none is among them; all drawn from `seed`."""
    some = random.Random(seed)
    known = [sentence(some) for _ in range(train)]
    seen = {" ".join(english) for english, _ in known}
    new = [pair for pair in (sentence(some) for _ in range(test)) if " ".join(pair[0]) not in seen]
    english, french = ([pair[language] for pair in (*known, *new)] for language in (0, 1))
    source, target = numbered(english, end=False), numbered(french, end=True)
    return Corpus(source[:train], target[:train], source[train:], target[train:], tuple(new))


def numbered(sentences: list[list[str]], end: bool) -> Tensor:
    """Numbers of the words, (sentence, position), behind them the end mark if asked for, filled up with 0."""
    number = {word: place for place, word in enumerate(vocabulary())}
    unknown = MARKS.index("?")
    rows = [[number.get(word, unknown) for word in words] + [STOP] * end for words in sentences]
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


KINDS = ("noun", "adjective in front", "adjective behind", "verb", "ne", "pas", "pronoun")
"""French words of which it is clear to which English word they belong."""


def alignment(english: list[str], french: list[str]) -> list[tuple[int, int, str]]:
    """(place of a French word, place of the English word that it belongs to, its kind), where there is no doubt."""
    found = []
    for place, word in enumerate(french):
        for forms, kind in _lexicon().get(word, ()):
            places = [at for at, other in enumerate(english) if other in forms]
            if len(places) == 1 and (kind != "pronoun" or french[:1] != [word]):
                found.append((place, places[0], kind))
    return found


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Of a French form: the English forms that it may stand for, and its kind."""
    tables = {"noun": NOUNS, "adjective in front": IN_FRONT, "adjective behind": BEHIND, "verb": SEEING | SLEEPING}
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {
        "ne": [(("not",), "ne")],
        "n'": [(("not",), "ne")],
        "pas": [(("not",), "pas")],
        "la": [(("her",), "pronoun")],
        "le": [(("him",), "pronoun")],
        "les": [(("them",), "pronoun")],
    }
    for kind, table in tables.items():
        for english, french in table.items():
            for form in set(french.removesuffix(" m").removesuffix(" f").split()):
                found.setdefault(form, []).append((tuple(english.replace("-", " ").split()), kind))
    return found
