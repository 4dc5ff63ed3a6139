"""What the model sees of a passage: words, letters, roles, who stands where, and the title, each a block of its own, what its
words mean (classifier/meanings.py), and the words of the page that it stands on. Where several sentences of a page hold a keyword,
each of these is also seen alone: one clause on staff among four on sport is not outweighed by them.

A block is a bag of features weighted as in TF-IDF (1 + log count, times idf, to unit length), so that a long passage or a
talkative block does not outweigh the rest. The blocks' weights were chosen by grouped cross-validation (docs/judging-tried.md).
scikit-learn's own vectorisers do the same sums; this one remembers each word's letters, which makes it several times faster on
the many pages that a crawl brings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from classifier.meanings import Meanings
from classifier.passages import Cut
from classifier.relations import bystanders, neighbours, recipients, sequences, sequences_of_kinds
from classifier.roles import fold, is_keyword, tag, tokens

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
    "clause": 1.22,  # words and pairs of the clauses that hold a keyword
    "sides": 1.0,  # words before and after a keyword
}
_PAGE = 2.0  # weight of the words and pairs of the page that the passage stands on
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
    "clause": 2,
    "sides": 2,
    "page": 2,
}
_LETTERS = 4  # n-gram length inside a word with its blanks; lengths 3 to 5 together gave nothing more
_MOST = 50_000  # features kept a block, the most frequent first: bounds the model file
_BEGINNING = 700  # characters of a text without a keyword
_AROUND = 6_000  # characters of a page that are read each side of its first keyword
_SIDE = 6  # words that count as being at a keyword's side
_PLACED = 3  # of these, the nearest, whose place counts too


@dataclass(frozen=True, slots=True)
class Words:
    """A passage taken apart: folded words, their tags, the title's folded words, and the page's: one list for all its passages."""

    words: list[str]
    tags: list[str]
    title: list[str]
    page: list[str]
    match: tuple[int, int] | None = None  # of a sentence: its keyword
    alone: tuple[Words, ...] = ()  # of a passage: its sentences with a keyword, where several of the page have one


def take_apart(page: Cut) -> list[Words]:
    """Return a page's passages as the model sees them: the title in front, once. Where no keyword stands, its beginning."""
    first = page.passages[0].matches[0][0] if page.passages else 0
    heading = tokens(page.title)
    title = [fold(word) for word in heading]
    whole = [fold(word) for word in tokens(page.whole[max(0, first - _AROUND) : first + _AROUND])]

    def read(text: str, match: tuple[int, int] | None = None, alone: tuple[Words, ...] = ()) -> Words:
        raw = [*heading, ".", *tokens(text)]
        return Words([fold(word) for word in raw], tag(raw), title, whole, match, alone)

    if not page.passages:
        return [read(page.text[:_BEGINNING])]
    skipped = len(page.title) + 1  # characters of the reading that are the title
    sentences = [page.sentences(passage) for passage in page.passages]
    several = sum(map(len, sentences)) > 1
    return [
        read(
            passage.text[max(0, skipped - passage.start) :],
            alone=tuple(read(text, match) for text, match in held) if several else (),
        )
        for passage, held in zip(page.passages, sentences, strict=True)
    ]


def _letters(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + _LETTERS] for i in range(len(padded) - _LETTERS + 1)] or [padded]


def _word_features(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


def _clauses(words: Sequence[str], places: Sequence[int]) -> list[str]:
    """Return the words and pairs of the clauses (up to a full stop, colon or line's end) whose keywords stand at ``places``."""
    found: list[str] = []
    end = 0
    for place in places:
        if place >= end:
            start = next((k + 1 for k in range(place, -1, -1) if not words[k][0].isalnum()), 0)
            end = next((k for k in range(place, len(words)) if not words[k][0].isalnum()), len(words))
            found += _word_features(words[start:end])
    return found


def _sides(words: Sequence[str], places: Sequence[int]) -> list[str]:
    """Return the words at each side of every keyword, the nearest with their place."""
    found: list[str] = []
    for place in places:
        for side, beside in (
            ("<", words[max(0, place - _SIDE) : place][::-1]),
            (">", words[place + 1 : place + 1 + _SIDE]),
        ):
            found += [f"{side}{other}" for other in beside]
            found += [f"{side}{k}{other}" for k, other in enumerate(beside[:_PLACED])]
    return found


def _features(passage: Words) -> dict[str, list[str]]:
    """Return the features of each block but letters, which are remembered word by word."""
    places = [place for place, word in enumerate(passage.words) if is_keyword(word)]
    return {
        "words": _word_features(passage.words),
        "roles": sequences(passage.tags),
        "kinds": sequences_of_kinds(passage.tags),
        "neighbours": neighbours(passage.tags),
        "recipients": recipients(passage.tags),
        "bystanders": bystanders(passage.tags),
        "title": passage.title,
        "clause": _clauses(passage.words, places),
        "sides": _sides(passage.words, places),
    }


def _pages(passages: Sequence[Words]) -> dict[int, list[str]]:
    """Return the words of each page once: all its passages hold the same list."""
    return {id(passage.page): passage.page for passage in passages}


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
        seen: dict[str, Counter[str]] = {block: Counter() for block in (*BLOCKS, "page")}
        pages = _pages(passages)
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
        # What a page says is reckoned once for all its passages.
        pages = _pages(passages)
        row = {identity: k for k, identity in enumerate(pages)}
        page_of = [row[id(passage.page)] for passage in passages]
        own = self._rows(map(self._found, passages), len(passages), list(BLOCKS.values()))
        shared = self._rows(map(self._found_on_page, pages.values()), len(pages), [_PAGE])
        meant = csr_matrix(_MEANINGS * self.meanings.transform(passages))
        # Both have all named columns, and none in common.
        return csr_matrix(hstack([own + shared[page_of], meant], format="csr"))

    def _rows(
        self, found: Iterable[Iterable[dict[int | None, int]]], count: int, weights: Sequence[float]
    ) -> csr_matrix:
        columns: list[int] = []
        counts: list[int] = []
        lengths: list[int] = []  # of each row's blocks, one after the other
        for row in found:
            for block in row:
                block.pop(None, None)  # features that were not kept
                columns.extend(block)  # type: ignore[arg-type]
                counts.extend(block.values())
                lengths.append(len(block))
        # All rows at once: thousands of small arrays would cost more than the sums on them.
        indices = np.array(columns, dtype=np.int64)
        values = (1.0 + np.log(np.array(counts, dtype=np.float64))) * self._all_idf[indices]
        blocks = np.array(lengths, dtype=np.int64)
        which = np.repeat(np.arange(len(blocks)), blocks)
        norms = np.sqrt(np.bincount(which, weights=values * values, minlength=len(blocks)))
        values *= (np.tile(weights, count) / np.where(norms > 0, norms, 1.0))[which]
        ends = np.concatenate([[0], np.cumsum(blocks.reshape(count, len(weights)).sum(axis=1))])
        return csr_matrix((values, indices, ends), shape=(count, self.named))

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

    def _found_on_page(self, page: list[str]) -> Iterator[dict[int | None, int]]:
        yield Counter(map(self._index["page"].get, _word_features(page)))

    def _letter_columns(self, word: str) -> list[int]:
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) > 200_000:  # a crawl of a continent must not grow without bound
                self._remembered.clear()
            index = self._index["letters"]
            known = self._remembered[word] = [index[gram] for gram in _letters(word) if gram in index]
        return known
