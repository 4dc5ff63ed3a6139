"""What the model sees of a passage: words, letters, roles, who stands where, and the title, each a block of its own, and what its
words mean (classifier/meanings.py).

A block is a bag of features weighted as in TF-IDF (1 + log count, times idf, to unit length), so that a long passage or a
talkative block does not outweigh the rest. The blocks' weights were chosen by grouped cross-validation (docs/judging.md).
scikit-learn's own vectorisers do the same sums; this one remembers each word's letters, which makes it several times faster on
the many pages that a crawl brings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from classifier.meanings import Meanings
from classifier.passages import Passage
from classifier.relations import bystanders, neighbours, recipients, sequences, sequences_of_kinds
from classifier.roles import fold, tag, tokens

# Block -> weight.
BLOCKS = {
    "words": 1.22,
    "letters": 1.0,
    "roles": 1.0,
    "kinds": 0.7,
    "neighbours": 1.0,
    "recipients": 0.55,
    "bystanders": 0.39,
    "title": 0.5,
}
_MEANINGS = 0.71  # weight of each view of what words mean
# Passages that must hold a feature for it to be kept.
_LEAST = {
    "words": 2,
    "letters": 3,
    "roles": 3,
    "kinds": 3,
    "neighbours": 3,
    "recipients": 3,
    "bystanders": 3,
    "title": 2,
}
_LETTERS = 4  # n-gram length inside a word with its blanks; lengths 3 to 5 together gave nothing more
_MOST = 25_000  # features kept a block, the most frequent first: bounds the model file


@dataclass(frozen=True, slots=True)
class Words:
    """A passage taken apart: folded words, their tags and the title's folded words."""

    words: list[str]
    tags: list[str]
    title: list[str]


def take_apart(title: str, passage: str) -> Words:
    """Return the words of a ``passage`` (without its title) read under its ``title``."""
    heading = tokens(title)
    raw = [*heading, ".", *tokens(passage)]
    return Words([fold(word) for word in raw], tag(raw), [fold(word) for word in heading])


def words_of(title: str, passage: Passage) -> Words:
    """Return a passage as the model sees it: the title in front, once."""
    return take_apart(title, passage.text[max(0, len(title) + 1 - passage.start) :])


def _letters(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + _LETTERS] for i in range(len(padded) - _LETTERS + 1)] or [padded]


def _word_features(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


def _features(passage: Words) -> dict[str, list[str]]:
    """Return the features of each block but the letters, which are remembered word by word."""
    return {
        "words": _word_features(passage.words),
        "roles": sequences(passage.tags),
        "kinds": sequences_of_kinds(passage.tags),
        "neighbours": neighbours(passage.tags),
        "recipients": recipients(passage.tags),
        "bystanders": bystanders(passage.tags),
        "title": passage.title,
    }


class Vectoriser:
    """Features -> columns. Fit on passages, then transform any; its state is plain lists and arrays (:meth:`state`)."""

    def __init__(
        self, vocabulary: dict[str, list[str]], idf: dict[str, NDArray[np.float64]], meanings: Meanings
    ) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.meanings = meanings
        self.named = sum(len(names) for names in vocabulary.values())  # columns before those of meanings
        self._index: dict[str, dict[str, int]] = {}
        offset = 0
        for block, names in vocabulary.items():
            self._index[block] = {name: offset + k for k, name in enumerate(names)}
            offset += len(names)
        self._all_idf = np.concatenate([idf[block] for block in vocabulary])
        self._remembered: dict[str, list[int]] = {}  # word -> columns of its letters

    @classmethod
    def fit(cls, passages: Sequence[Words]) -> Vectoriser:
        """Learn the columns and how rare each is."""
        seen: dict[str, Counter[str]] = {block: Counter() for block in BLOCKS}
        count = 0
        for passage in passages:
            count += 1
            seen["letters"].update({gram for word in set(passage.words) for gram in _letters(word)})
            for block, found in _features(passage).items():
                seen[block].update(set(found))
        vocabulary: dict[str, list[str]] = {}
        idf: dict[str, NDArray[np.float64]] = {}
        for block, counts in seen.items():
            # Sorted by frequency, then name: the same labels give the same columns on every machine.
            ranked = sorted((-number, name) for name, number in counts.items() if number >= _LEAST[block])
            vocabulary[block] = [name for _, name in ranked[:_MOST]]
            idf[block] = np.array([math.log((1 + count) / (1 + counts[n])) + 1 for n in vocabulary[block]])
        return cls(vocabulary, idf, Meanings.fit(passages))

    def state(self) -> dict[str, object]:
        """Return what :meth:`restore` needs; names as one text, for a list of 100,000 takes a second to read."""
        names = {block: "\0".join(names) for block, names in self.vocabulary.items()}
        return {"vocabulary": names, "idf": self.idf, "meanings": {"weights": self.meanings.weights}}

    @classmethod
    def restore(cls, state: dict[str, dict[str, object]]) -> Vectoriser:
        """Return the vectoriser of a saved :meth:`state`."""
        vocabulary = {block: str(names).split("\0") if names else [] for block, names in state["vocabulary"].items()}
        idf = {block: np.asarray(values, dtype=np.float64) for block, values in state["idf"].items()}
        return cls(vocabulary, idf, Meanings(np.asarray(state["meanings"]["weights"], dtype=np.float64)))

    def transform(self, passages: Sequence[Words]) -> csr_matrix:
        """Return one row a passage: its named features, then ``meanings.columns`` more."""
        meant = csr_matrix(_MEANINGS * self.meanings.transform(passages))
        return csr_matrix(hstack([self._named(passages), meant], format="csr"))

    def _named(self, passages: Sequence[Words]) -> csr_matrix:
        columns: list[int] = []
        counts: list[int] = []
        lengths: list[int] = []  # of each passage's blocks, one after the other
        for passage in passages:
            for found in self._found(passage):
                found.pop(None, None)  # features that were not kept
                columns.extend(found)  # type: ignore[arg-type]
                counts.extend(found.values())
                lengths.append(len(found))
        # All passages at once: thousands of small arrays would cost more than the sums on them.
        indices = np.array(columns, dtype=np.int64)
        values = (1.0 + np.log(np.array(counts, dtype=np.float64))) * self._all_idf[indices]
        blocks = np.array(lengths, dtype=np.int64)
        which = np.repeat(np.arange(len(blocks)), blocks)
        norms = np.sqrt(np.bincount(which, weights=values * values, minlength=len(blocks)))
        weights = np.tile(np.array(list(BLOCKS.values())), len(passages))
        values *= (weights / np.where(norms > 0, norms, 1.0))[which]
        ends = np.concatenate([[0], np.cumsum(blocks.reshape(len(passages), len(BLOCKS)).sum(axis=1))])
        return csr_matrix((values, indices, ends), shape=(len(passages), self.named))

    def _found(self, passage: Words) -> Iterator[dict[int | None, int]]:
        """Yield columns and counts of each block in the order of :data:`BLOCKS`; None counts what has no column."""
        features = _features(passage)
        for block in BLOCKS:
            if block == "letters":
                # Present or not: how often a piece of a word recurs adds nothing, and each word is looked at once.
                unique = dict.fromkeys(passage.words)
                yield dict.fromkeys(chain.from_iterable(map(self._letter_columns, unique)), 1)
            else:
                yield Counter(map(self._index[block].get, features[block]))

    def _letter_columns(self, word: str) -> list[int]:
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) > 200_000:  # a crawl of a continent must not grow without bound
                self._remembered.clear()
            index = self._index["letters"]
            known = self._remembered[word] = [index[gram] for gram in _letters(word) if gram in index]
        return known
