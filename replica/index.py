"""A site's full-text index: words to pages, under that site's own rule for words and for several words."""

import re
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

Match = Literal["exact", "stem", "substring"]
Words = Literal["all", "any", "phrase"]

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ings", "ing", "ed", "es", "s", "e")
_STOP = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})


def words_of(text: str) -> list[str]:
    """Lower-case words; apostrophes and hyphens divide, as in most engines of the time."""
    return _WORD.findall(text.lower())


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """`word` without its English ending where four letters or more remain: coach, coaches, coaching are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


class Index:
    """Finds pages by their title and text.

    Pages are known by their position in `pages`; among pages that match equally well a word in the title
    comes first, then the lower position. `find` is pure: same query, same list.
    """

    def __init__(self, pages: Iterable[tuple[str, str]], match: Match, words: Words) -> None:
        self._match: Match = match
        self._words: Words = words
        self._postings: dict[str, array[int]] = {}
        self._titles: list[frozenset[str]] = []
        self._sequences: list[str] = []
        for position, (title, text) in enumerate(pages):
            title_words = frozenset(map(self._normal, words_of(title)))
            self._titles.append(title_words)
            for word in {*title_words, *map(self._normal, words_of(text))}:
                self._postings.setdefault(word, array("H")).append(position)
            if words == "phrase":
                self._sequences.append(self._sequence(f"{title} {text}"))
        self._find = lru_cache(maxsize=64)(self._search)

    def find(self, query: str) -> Sequence[int]:
        """Positions of the pages that match `query`, best first; empty for a query without words."""
        return self._find(" ".join(words_of(query)))

    def _normal(self, word: str) -> str:
        return stem(word) if self._match == "stem" else word

    def _sequence(self, text: str) -> str:
        return f" {' '.join(map(self._normal, words_of(text)))} "

    def _search(self, query: str) -> tuple[int, ...]:
        asked = query.split()
        if self._words == "any" and len(asked) > 1:
            asked = [word for word in asked if word not in _STOP]
        if not asked:
            return ()
        found = [self._containing(word) for word in asked]
        matched = set().union(*found) if self._words == "any" else set.intersection(*found)
        if self._words == "phrase" and len(asked) > 1:
            wanted = self._sequence(query)
            matched = {position for position in matched if wanted in self._sequences[position]}
        normal = {self._normal(word) for word in asked}
        count = {position: sum(position in pages for pages in found) for position in matched}
        return tuple(sorted(matched, key=lambda p: (-count[p], not normal & self._titles[p], p)))

    def _containing(self, word: str) -> set[int]:
        if self._match == "substring":
            hits = (pages for known, pages in self._postings.items() if word in known)
            return {position for pages in hits for position in pages}
        return set(self._postings.get(self._normal(word), ()))
