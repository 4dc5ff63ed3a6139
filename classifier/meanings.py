"""What the words about a keyword mean: word vectors summed over a passage, over what is near the keyword, and over what follows it.

Labels cannot show every word that a page may use for people and places. ``meanings.npz`` holds 50 numbers for each of some thirty
thousand words, such that words used alike have like numbers, so that a word never seen in training is read as the ones it resembles.
They are the first 200,000 vectors of GloVe 6B (Pennington, Socher and Manning 2014; public domain, PDDL 1.0) without their mean and their
two strongest directions, which say how frequent a word is, at unit length and rounded to 127 steps; words of roles.toml and the most
frequent ones are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from classifier.roles import is_keyword

_FILE = Path(__file__).with_name("meanings.npz")
_NEAR = 18  # words each side of a keyword
_AFTER = 6  # words after a keyword: whom it is for stands there most often
_VIEWS = 3  # whole passage, near, after

Vector = NDArray[np.float64]


class _Passage(Protocol):
    """What is read of a passage taken apart (classifier/features.py)."""

    @property
    def words(self) -> list[str]: ...
    @property
    def title(self) -> list[str]: ...


@cache
def _known() -> tuple[dict[str, int], Vector]:
    with np.load(_FILE, allow_pickle=False) as data:
        words = data["words"].tobytes().decode().split("\n")
        vectors = data["vectors"].astype(np.float64) / 127
    return {word: row for row, word in enumerate(words) if not is_keyword(word)}, vectors


class Meanings:
    """Passages -> rows of unit length, one a view, side by side. ``weights`` says how telling each known word is."""

    def __init__(self, weights: Vector) -> None:
        self.weights = weights
        self._rows, vectors = _known()
        self._telling = weights[:, None] * vectors
        self.columns = _VIEWS * vectors.shape[1]

    @classmethod
    def fit(cls, passages: Iterable[_Passage]) -> Meanings:
        """Learn how telling each word is: the rarer among the passages, the more."""
        rows, vectors = _known()
        seen: Counter[str] = Counter()
        count = 0
        for passage in passages:
            count += 1
            seen.update(set(passage.words))
        weights = np.zeros(len(vectors))
        for word, row in rows.items():
            weights[row] = max(0.0, np.log(max(1, count) / (1 + max(1, seen[word]))))
        return cls(weights)

    def transform(self, passages: Sequence[_Passage]) -> Vector:
        """Return passages x columns; a view without a known word is all zero."""
        columns: list[int] = []
        ends = [0]
        for passage in passages:
            known = [self._rows.get(word, -1) for word in passage.words]
            for view in _views(passage, known):
                columns.extend([row for row in view if row >= 0])
                ends.append(len(columns))
        shape = (len(ends) - 1, len(self._telling))
        counts = csr_matrix((np.ones(len(columns)), np.array(columns, dtype=np.int64), np.array(ends)), shape=shape)
        sums = np.asarray(counts @ self._telling)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        result: Vector = (sums / np.where(norms > 0, norms, 1.0)).reshape(len(passages), self.columns)
        return result


def _views(passage: _Passage, known: list[int]) -> tuple[list[int], list[int], list[int]]:
    places = [place for place, word in enumerate(passage.words) if is_keyword(word)]
    # What stands about the keyword in the title is the title: read only where the text has none.
    places = [place for place in places if place > len(passage.title)] or places
    near: list[int] = []
    after: list[int] = []
    for place in places:
        near += known[max(0, place - _NEAR) : place + _NEAR + 1]
        after += known[place : place + _AFTER + 1]
    return known, near, after
