"""A small grammar in which every word belongs to another, and the attention model that finds out which.

The demo of the chapter on attention runs the trained model in the browser.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import readers, train

KINDS = {
    "article": ("the", "a"),
    "adjective": ("old", "young", "small", "brown", "white", "hungry"),
    "noun": ("dog", "cat", "bird", "horse", "fox", "girl", "boy", "teacher", "robot", "queen"),
    "place": ("park", "river", "house", "garden", "market", "school"),
    "going": ("went", "ran", "walked", "came"),
    "seeing": ("saw", "met", "followed", "heard", "found", "chased"),
    "preposition": ("to", "near", "behind"),
    "time": ("today", "yesterday", "tonight", "sometimes"),
}
FILLING, UNKNOWN = "-", "?"
WORDS = (FILLING, UNKNOWN, *(word for words in KINDS.values() for word in words))
NUMBER = {word: number for number, word in enumerate(WORDS)}
LENGTH = 16


@dataclass(frozen=True, slots=True)
class SentenceSettings:
    """How the two models of the demo are trained: one with positions, one without."""

    d_model: int = 32
    heads: int = 4
    layers: int = 2
    d_ff: int = 64
    sentences: int = 6000
    test_sentences: int = 1000
    unknown: float = 0.03
    batch: int = 64
    rate: float = 3e-3
    steps: int = 1200
    seed: int = 0


SENTENCES = SentenceSettings()


class WordModel(nn.Module):
    """For every word of a sentence, scores of all words: which one does it belong to?

    Attention layers as the paper has them: attend, add, normalize; feed forward, add, normalize.
    """

    def __init__(self, settings: SentenceSettings, positions: bool) -> None:
        super().__init__()
        d = settings.d_model
        self.positions = positions
        self.embed = nn.Embedding(len(WORDS), d)
        self.layers = nn.ModuleList([Layer(d, settings.heads, settings.d_ff) for _ in range(settings.layers)])
        self.answer = nn.Linear(d, len(WORDS))

    def forward(self, tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        """tokens (batch, position); returns scores (batch, position, word) and every layer's shares.

        Shares are (batch, head, query, key).
        """
        x, shares = self.embed(tokens), []
        if self.positions:
            x = x + readers.waves(tokens.shape[1], x.shape[2]).to(x.dtype)
        for layer in self.layers:
            x, seen = layer(x, tokens == 0)
            shares.append(seen)
        return self.answer(x), shares


class Layer(nn.Module):
    """Self-attention and a feed-forward net, each added to its input and normalized."""

    def __init__(self, d: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(d, heads, batch_first=True)
        self.first, self.second = nn.LayerNorm(d), nn.LayerNorm(d)
        self.wide, self.narrow = nn.Linear(d, d_ff), nn.Linear(d_ff, d)

    def forward(self, x: Tensor, filling: Tensor) -> tuple[Tensor, Tensor]:
        y, shares = self.attend(x, x, x, key_padding_mask=filling, average_attn_weights=False)
        x = self.first(x + y)
        return self.second(x + self.narrow(torch.relu(self.wide(x)))), shares


Told = list[tuple[str, int]]
"""Words with the place, in the sentence, of the word that each belongs to."""


def sentence(generator: torch.Generator) -> Told:
    """A random sentence. Articles and adjectives belong to their noun, a verb to who acts, all others to the verb."""

    def some(kind: str) -> str:
        words = KINDS[kind]
        return words[int(torch.randint(len(words), (), generator=generator))]

    def happens(share: float) -> bool:
        return float(torch.rand((), generator=generator)) < share

    def phrase(noun: str, name: str) -> list[tuple[str, str, str]]:
        adjective = [(some("adjective"), "", name)] if happens(0.4) else []
        return [(some("article"), "", name), *adjective, (noun, name, "verb")]

    one, other = (KINDS["noun"][i] for i in torch.randperm(len(KINDS["noun"]), generator=generator)[:2].tolist())
    acts = happens(0.7)
    actor = phrase(one, "actor")
    parts = [(some("seeing" if acts else "going"), "verb", "actor")]
    parts += phrase(other, "other") if acts else []
    if not acts or happens(0.4):
        parts += [(some("preposition"), "", "verb"), *phrase(some("place"), "place")]
    when = [(some("time"), "", "verb")]
    where = int(torch.randint(5, (), generator=generator))
    parts = {0: when + actor + parts, 1: actor + parts + when, 2: actor + when + parts}.get(where, actor + parts)
    places = {name: place for place, (_, name, _) in enumerate(parts) if name}
    return [(word, places[belongs]) for word, _, belongs in parts]


def as_tensors(told: list[Told], unknown: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Words and the words they belong to, (sentence, position); a share of the words is exchanged for `UNKNOWN`."""
    tokens = torch.zeros(len(told), LENGTH, dtype=torch.int64)
    places = torch.zeros(len(told), LENGTH, dtype=torch.int64)
    for row, words in enumerate(told):
        tokens[row, : len(words)] = torch.tensor([NUMBER[word] for word, _ in words])
        places[row, : len(words)] = torch.tensor([place for _, place in words])
    hidden = (torch.rand(tokens.shape, generator=generator) < unknown) & (tokens > 0)
    tokens[hidden] = NUMBER[UNKNOWN]
    return tokens, tokens.gather(1, places) * (tokens > 0)


def trained(positions: bool, settings: SentenceSettings) -> tuple[WordModel, dict[str, object]]:
    """A trained model, and how often it is right on new sentences: over all words, and by kind of word."""
    with train.seeded(settings.seed) as generator:
        told = [sentence(generator) for _ in range(settings.sentences + settings.test_sentences)]
        x, y = as_tensors(told[: settings.sentences], settings.unknown, generator)
        model = WordModel(settings, positions)
        optimizer = torch.optim.Adam(model.parameters(), lr=settings.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
        for chosen in train.minibatches(len(x), settings.batch, settings.steps, generator):
            scores = model(x[chosen])[0]
            loss = F.cross_entropy(scores.flatten(0, 1), y[chosen].flatten(), ignore_index=0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        test = as_tensors(told[settings.sentences :], 0.0, generator)
    return model.eval(), _right(model, *test)


@torch.no_grad()
def _right(model: WordModel, x: Tensor, y: Tensor) -> dict[str, object]:
    """Shares of the words of new sentences whose word was found."""
    right = model.eval()(x)[0].argmax(2) == y
    of_kind = {kind: torch.isin(x, torch.tensor([NUMBER[word] for word in words])) for kind, words in KINDS.items()}
    return {
        "accuracy": round(float(right[x > 0].double().mean()), 4),
        "accuracy_by_kind": {kind: round(float(right[found].double().mean()), 4) for kind, found in of_kind.items()},
    }
