"""What the model sees of a passage: words, letters, roles, who stands where, and the title, each a block of its own, what its
words mean (classifier/meanings.py), and the words of the page that it stands on.

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
from classifier.passages import Cut
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
    "page": 2.0,  # words and pairs of the page that the passage stands on
}
_MEANINGS = 0.71  # weight of each view of what words mean
# Passages (of "page": pages) that must hold a feature for it to be kept.
_LEAST = {
    "words": 2,
    "letters": 3,
    "roles": 3,
    "kinds": 3,
    "neighbours": 3,
    "recipients": 3,
    "bystanders": 3,
    "title": 2,
    "page": 2,
}
_LETTERS = 4  # n-gram length inside a word with its blanks; lengths 3 to 5 together gave nothing more
_MOST = 50_000  # features kept a block, the most frequent first: bounds the model file
_BEGINNING = 700  # characters of a text without a keyword
_AROUND = 6_000  # characters of a page that are read each side of its first keyword


@dataclass(frozen=True, slots=True)
class Words:
    """A passage taken apart: folded words, their tags, the title's folded words, and the page's: one list for all its passages."""

    words: list[str]
    tags: list[str]
    title: list[str]
    page: list[str]


def take_apart(page: Cut) -> list[Words]:
    """Return a page's passages as the model sees them: the title in front, once. Where no keyword stands, its beginning."""
    first = page.passages[0].matches[0][0] if page.passages else 0
    heading = tokens(page.title)
    whole = [fold(word) for word in tokens(page.whole[max(0, first - _AROUND) : first + _AROUND])]
    texts = [passage.text[max(0, len(page.title) + 1 - passage.start) :] for passage in page.passages]
    taken = []
    for text in texts or [page.text[:_BEGINNING]]:
        raw = [*heading, ".", *tokens(text)]
        taken.append(Words([fold(word) for word in raw], tag(raw), [fold(word) for word in heading], whole))
    return taken


def _letters(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + _LETTERS] for i in range(len(padded) - _LETTERS + 1)] or [padded]


def _word_features(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


def _features(passage: Words) -> dict[str, list[str]]:
    """Return the features of each block but letters and page, which are remembered word by word and page by page."""
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
        self._page: tuple[list[str], dict[int | None, int]] = (
            [],
            {},
        )  # words of the last page, and its columns and counts

    @classmethod
    def fit(cls, passages: Sequence[Words]) -> Vectoriser:
        """Learn the columns and how rare each is."""
        seen: dict[str, Counter[str]] = {block: Counter() for block in BLOCKS}
        pages = {id(passage.page): passage.page for passage in passages}
        for page in pages.values():
            seen["page"].update(set(_word_features(page)))
        for passage in passages:
            seen["letters"].update({gram for word in set(passage.words) for gram in _letters(word)})
            for block, found in _features(passage).items():
                seen[block].update(set(found))
        vocabulary: dict[str, list[str]] = {}
        idf: dict[str, NDArray[np.float64]] = {}
        for block, counts in seen.items():
            count = len(pages) if block == "page" else len(passages)
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
            elif block == "page":
                yield self._page_columns(passage.page)
            else:
                yield Counter(map(self._index[block].get, features[block]))

    def _page_columns(self, page: list[str]) -> dict[int | None, int]:
        if self._page[0] is not page:  # passages of a page follow one another
            self._page = page, Counter(map(self._index["page"].get, _word_features(page)))
        return self._page[1]

    def _letter_columns(self, word: str) -> list[int]:
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) > 200_000:  # a crawl of a continent must not grow without bound
                self._remembered.clear()
            index = self._index["letters"]
            known = self._remembered[word] = [index[gram] for gram in _letters(word) if gram in index]
        return known
