"""What the model sees of a passage: words, letters, roles, relations and the title, each a block of its own.

A block is a bag of features weighted as in TF-IDF (1 + log count, times idf, to unit length), so that a long passage or a
talkative block does not outweigh the rest. The blocks' weights were chosen by grouped cross-validation (docs/judging.md).
scikit-learn's own vectorisers do the same sums; this one remembers each word's letters, which makes it several times faster on
the many pages that a crawl brings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from classifier.passages import Passage
from classifier.roles import fold, lexicon, relations, tag, tokens

BLOCKS = {"words": 1.0, "letters": 1.0, "roles": 1.0, "relations": 1.0, "title": 0.5}  # block -> weight
_LEAST = {"words": 2, "letters": 3, "roles": 3, "relations": 3, "title": 2}  # passages that must hold a feature
_LETTERS = (3, 4, 5)  # n-gram lengths inside a word with its blanks
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


def _role_features(tags: Sequence[str]) -> list[str]:
    kept = [item for item in tags if item]
    pairs = [f"{a} {b}" for a, b in zip(kept, kept[1:], strict=False)]
    threes = [f"{a} {b} {c}" for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)]
    return kept + pairs + threes


def _letters(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + n] for n in _LETTERS for i in range(len(padded) - n + 1)]


class Vectoriser:
    """Features -> columns. Fit on passages, then transform any; its state is plain lists and arrays (:meth:`state`)."""

    def __init__(self, vocabulary: dict[str, list[str]], idf: dict[str, NDArray[np.float64]]) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.size = sum(len(names) for names in vocabulary.values())
        self._roles = frozenset(lexicon()[0].values())
        self._index: dict[str, dict[str, int]] = {}
        self._idf: dict[str, NDArray[np.float64]] = {}
        offset = 0
        for block, names in vocabulary.items():
            self._index[block] = {name: offset + k for k, name in enumerate(names)}
            self._idf[block] = idf[block]
            offset += len(names)
        self._offset = dict(zip(vocabulary, _offsets(vocabulary), strict=True))
        self._remembered: dict[str, list[int]] = {}  # word -> columns of its letters

    @classmethod
    def fit(cls, passages: Iterable[Words]) -> Vectoriser:
        """Learn the columns and how rare each is."""
        roles = frozenset(lexicon()[0].values())
        seen: dict[str, Counter[str]] = {block: Counter() for block in BLOCKS}
        count = 0
        for passage in passages:
            count += 1
            letters: set[str] = set()
            for word in set(passage.words):
                letters.update(_letters(word))
            seen["words"].update(set(_word_features(passage.words)))
            seen["letters"].update(letters)
            seen["roles"].update(set(_role_features(passage.tags)))
            seen["relations"].update(set(relations(passage.tags, roles)))
            seen["title"].update(set(passage.title))
        vocabulary: dict[str, list[str]] = {}
        idf: dict[str, NDArray[np.float64]] = {}
        for block, counts in seen.items():
            # Sorted by frequency, then name: the same labels give the same columns on every machine.
            kept = sorted((n for n in counts if counts[n] >= _LEAST[block]), key=lambda n, c=counts: (-c[n], n))
            vocabulary[block] = kept[:_MOST]
            idf[block] = np.array([math.log((1 + count) / (1 + counts[n])) + 1 for n in vocabulary[block]])
        return cls(vocabulary, idf)

    def state(self) -> dict[str, object]:
        """Return what :meth:`restore` needs."""
        return {"vocabulary": self.vocabulary, "idf": self.idf}

    @classmethod
    def restore(cls, state: dict[str, dict[str, object]]) -> Vectoriser:
        """Return the vectoriser of a saved :meth:`state`."""
        vocabulary = {block: list(names) for block, names in state["vocabulary"].items()}  # type: ignore[call-overload]
        idf = {block: np.asarray(values, dtype=np.float64) for block, values in state["idf"].items()}
        return cls(vocabulary, idf)

    def transform(self, passages: Sequence[Words]) -> csr_matrix:
        """Return one row a passage."""
        columns: list[NDArray[np.int64]] = []
        values: list[NDArray[np.float64]] = []
        ends = [0]
        for passage in passages:
            length = 0
            for block, found in self._columns(passage).items():
                if not found:
                    continue
                # np.unique on a short array costs more than counting in Python.
                counts = Counter(found)
                column = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
                weight = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
                value = (1.0 + np.log(weight)) * self._idf[block][column - self._offset[block]]
                value *= BLOCKS[block] / math.sqrt(float(value @ value))
                columns.append(column)
                values.append(value)
                length += len(column)
            ends.append(ends[-1] + length)
        data = np.concatenate(values) if values else np.zeros(0)
        indices = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
        return csr_matrix((data, indices, np.array(ends)), shape=(len(passages), self.size))

    def _columns(self, passage: Words) -> dict[str, list[int]]:
        remembered = self._remembered
        letters: list[int] = []
        for word in passage.words:
            known = remembered.get(word)
            if known is None:
                index = self._index["letters"]
                known = remembered[word] = [index[gram] for gram in _letters(word) if gram in index]
                if len(remembered) > 200_000:  # a crawl of a continent must not grow without bound
                    remembered.clear()
            letters += known
        return {
            "words": _known(self._index["words"], _word_features(passage.words)),
            "letters": letters,
            "roles": _known(self._index["roles"], _role_features(passage.tags)),
            "relations": _known(self._index["relations"], relations(passage.tags, self._roles)),
            "title": _known(self._index["title"], passage.title),
        }


def _word_features(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{a} {b}" for a, b in zip(words, words[1:], strict=False))]


def _known(index: dict[str, int], names: Iterable[str]) -> list[int]:
    return [index[name] for name in names if name in index]


def _offsets(vocabulary: dict[str, list[str]]) -> list[int]:
    offsets, total = [], 0
    for names in vocabulary.values():
        offsets.append(total)
        total += len(names)
    return offsets
