"""Finds submissions that share code which hardly anybody else has.

Code becomes tokens (Python's `tokenize`; comments, strings' texts and chosen names do not count), tokens become
overlapping passages of PASSAGE, and of each WINDOW of passages one is kept (winnowing: Schleimer, Wilkerson and Aiken,
SIGMOD 2003, the method of MOSS). What the release has is not a student's, and what many have is the natural way to
write it; only rare passages connect two papers. One sort finds all pairs, so that thirty thousand papers take as long
per paper as thirty: comparing each with each would be 450 million comparisons. rapidfuzz, which also the book's
tools depend on, then says how alike the papers of a pair are in all of their own code.
"""

from __future__ import annotations

import builtins
import io
import keyword
import tokenize
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from rapidfuzz.distance import Indel

PASSAGE = 10  # tokens
WINDOW = 6  # passages, of which at least one is kept: 15 equal tokens in a row are always found
LEAST_WEIGHT = 5.0  # rare passages that both have and nobody else, or three times as many that four have
LEAST_SHARE = 0.5  # of the weight of the rare passages of the one with fewer
LEAST_ALIKE = 0.8  # of all their own tokens

_BASE = np.uint64(0x9E3779B97F4A7C15)
_SKIPPED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.ENCODING,
}
_KNOWN = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"torch", "nn", "np", "math", "self"}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A paper's own code as kept passages, sorted, and as one digest: equal digests, equal code up to names."""

    digest: int
    passages: np.ndarray


@dataclass(frozen=True, slots=True)
class Alike:
    """Two papers to look at side by side, and others that are equal to the first. Says nothing about how it came.

    `shared` is how many rare passages both have, `weight` what they weigh, `share` what part that is of the weight of
    the rare ones of the lighter paper, `similarity` how much of all their own tokens agrees in order: 1 when they are
    equal up to names.
    """

    left: str
    right: str
    shared: int
    weight: float
    share: float
    similarity: float
    equal: tuple[str, ...] = ()


@lru_cache(maxsize=1 << 12)
def tokens(source: str) -> tuple[str, ...]:
    """The tokens of a cell that count, as far as it is Python. A name that its author chose is `v`, a string `s`."""
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in _SKIPPED:
                continue
            if token.type == tokenize.STRING:
                found.append("s")
            elif token.type == tokenize.NAME and token.string not in _KNOWN and found[-1:] != ["."]:
                found.append("v")
            else:
                found.append(token.string)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # a cell that is no Python has the tokens before the place where it stops being
    return tuple(found)


def passages(words: Sequence[str]) -> np.ndarray:
    """A number for each run of PASSAGE tokens, in order."""
    numbers = np.fromiter((zlib.crc32(word.encode()) for word in words), dtype=np.uint64, count=len(words))
    length = len(numbers) - PASSAGE + 1
    if length < 1:
        return np.zeros(0, dtype=np.uint64)
    with np.errstate(over="ignore"):
        total = np.zeros(length, dtype=np.uint64)
        for offset in range(PASSAGE):
            total = total * _BASE + numbers[offset : offset + length]
        total ^= total >> np.uint64(29)
        total *= _BASE
        return total ^ (total >> np.uint64(32))


def baseline(sources: Iterable[str]) -> np.ndarray:
    """The passages of what was released: nobody's own."""
    found = [passages(tokens(source)) for source in sources]
    return np.unique(np.concatenate([*found, np.zeros(0, dtype=np.uint64)]))


def own(words: Sequence[str], released: np.ndarray) -> list[str]:
    """The tokens that no released passage covers."""
    covered = np.zeros(len(words), dtype=bool)
    for start in np.flatnonzero(np.isin(passages(words), released)):
        covered[start : start + PASSAGE] = True
    return [word for word, given in zip(words, covered, strict=True) if not given]


def sketch(sources: Iterable[str], released: np.ndarray) -> Sketch | None:
    """The sketch of a paper with these cells; None when there is too little of its own to compare."""
    kept, digest = [], 0
    for source in sources:
        numbers = passages(tokens(source))
        numbers = numbers[~np.isin(numbers, released)]
        if len(numbers) == 0:
            continue
        digest = zlib.crc32(numbers.tobytes(), digest)
        windows = np.lib.stride_tricks.sliding_window_view(numbers, min(WINDOW, len(numbers)))
        kept.append(windows.min(axis=1))
    if not kept:
        return None
    found = np.unique(np.concatenate(kept))
    return Sketch(digest << 32 | zlib.crc32(found.tobytes()), found)


def common_from(papers: int) -> int:
    """In how many different papers a passage may stand and still be rare: a fifth of them, 4 at least, 10 at most."""
    return min(max(papers // 5, 4), 10)


def candidates(sketches: Mapping[str, Sketch], most: int = 200) -> list[Alike]:
    """The pairs that share enough rare passages, those with most in common first; `similarity` is not yet measured."""
    groups: dict[int, list[str]] = defaultdict(list)
    for student, each in sketches.items():
        groups[each.digest].append(student)
    if not groups:
        return []
    first = [members[0] for members in groups.values()]  # one for all who have equal code, or copies would be common
    own_weight, pairs = _weighed([sketches[student].passages for student in first])
    found = []
    for (a, b), (shared, weight) in pairs.items():
        share = weight / min(own_weight[a], own_weight[b])
        if weight >= LEAST_WEIGHT and share >= LEAST_SHARE:
            found.append(Alike(first[a], first[b], shared, weight, share, 0.0))
    for index, (left, *others) in enumerate(groups.values()):
        weight = float(own_weight[index])
        if others and weight >= LEAST_WEIGHT:
            shared = len(sketches[left].passages)
            found.append(Alike(left, others[0], shared, weight, 1.0, 1.0, tuple(others[1:])))
    return sorted(found, key=lambda each: (-each.weight * each.share, each.left, each.right))[:most]


def _weighed(papers: list[np.ndarray]) -> tuple[np.ndarray, dict[tuple[int, int], tuple[int, float]]]:
    """The weight of each paper's rare passages, and by pair how many it shares and their weight.

    A passage that two papers have weighs 1, one that three have a half, one that four have a third; one's own weighs 1.
    """
    numbers = np.concatenate(papers)
    where = np.repeat(np.arange(len(papers)), [len(each) for each in papers])
    order = np.argsort(numbers, kind="stable")
    numbers, where = numbers[order], where[order]
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    counts = np.diff(np.r_[starts, len(numbers)])
    weights = np.where(counts <= common_from(len(papers)), 1 / np.maximum(counts - 1, 1), 0.0)
    own_weight = np.bincount(where, np.repeat(weights, counts), minlength=len(papers))
    pairs: dict[tuple[int, int], tuple[int, float]] = {}
    rare = (weights > 0) & (counts > 1)
    for start, count, weight in zip(starts[rare].tolist(), counts[rare].tolist(), weights[rare].tolist(), strict=True):
        for pair in combinations(sorted(where[start : start + count].tolist()), 2):
            shared, total = pairs.get(pair, (0, 0.0))
            pairs[pair] = shared + 1, total + weight
    return own_weight, pairs


def similarity(left: Sequence[str], right: Sequence[str]) -> float:
    """How much of two sequences of tokens agrees in order, from 0 to 1."""
    return Indel.normalized_similarity(left, right)
