"""What a finding's page says, from one text to the next: its passage, whether that still stands, and how it differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from sqlalchemy import func, select

from output.evidence import patterns
from output.masking import quote
from output.runs import Runs
from study import record as r
from study.record import Record

NEAR = 0.85  # share of the shorter text's runs of words that stand in the other, from which two pages are one text (Broder 1997:
# containment, since the same text under another site's menus is longer or shorter by these)
_RUN = 4  # words in a run
_SHORT = 30  # runs under which only an equal text is the same
_SITE_NAME = re.compile(r"\s[|\-–:»]\s[^|\-–:».!?]{1,60}$")  # 'Mentors for heads | Kent County Council'
_OPENING = 600  # characters read of a text whose judgement kept no quote
_CACHED = 512  # texts held at a time


class Passages:
    """Reads texts and their quotes from the record when they are asked for; few are."""

    def __init__(self, record: Record, runs: Runs) -> None:
        self._record = record
        self._runs = runs
        self._around = patterns(runs.protocol)
        self._text = lru_cache(maxsize=_CACHED)(self._read)
        self._unmasked = lru_cache(maxsize=_CACHED)(self._read_unmasked)
        self._words = lru_cache(maxsize=_CACHED)(lambda text_hash: _runs_of_words(self._text(text_hash)))
        self._shown = lru_cache(maxsize=16 * _CACHED)(lambda passage, thing: quote(passage, self._around.get(thing)))
        self._quotes = lru_cache(maxsize=4 * _CACHED)(self._read_quotes)

    def passage(self, text_hash: str | None, what: str, code: str, like: str = "") -> str:
        """Return the passage of a text that carries a finding, as it stands there.

        Where several could, that which is most ``like`` another passage, else the first; '' where the text is not kept.
        """
        if text_hash is None:
            return ""
        if what != "mention":
            keyword = next((k for k in self._runs.protocol.keywords if what == "keyword" and k.code == code), None)
            named = keyword.mention if keyword and keyword.counts == "mention" else None
        else:
            named = code
        if named:
            return self._runs.mentions.get(text_hash, {}).get(named, ("", ""))[1]
        quotes = self._quotes(text_hash)
        pattern = self._around.get((what, code))
        fitting = [said for said in quotes if pattern is None or pattern.search(said)] or quotes
        if like and len(fitting) > 1:
            return max(fitting, key=lambda said: SequenceMatcher(None, like, said, autojunk=False).ratio())
        return fitting[0] if fitting else ""

    def shown(self, passage: str, what: str, code: str) -> str:
        """Return a passage as it may be published: masked, on one line, short."""
        return self._shown(passage, (what, code))

    def speaks(self, passage: str, what: str, code: str) -> bool:
        """Tell whether a passage has words in it of what it is quoted for."""
        pattern = self._around.get((what, code))
        return bool(passage) and (pattern is None or pattern.search(passage) is not None)

    def holds(self, text_hash: str | None, passage: str) -> bool:
        """Tell whether ``passage`` stands in a text, word for word."""
        return bool(passage) and text_hash is not None and _folded(passage) in _folded(self._text(text_hash))

    def stands(self, text_hash: str | None, raw_hash: str | None, passage: str) -> bool:
        """Tell whether ``passage`` stands on a page, in its text or in what was masked of it as a menu."""
        return self.holds(text_hash, passage) or (bool(passage) and _folded(passage) in self._unmasked(raw_hash or ""))

    def near(self, one: str | None, other: str | None) -> bool:
        """Tell whether two texts are the same or nearly so."""
        if one is None or other is None:
            return False
        return one == other or contained(self._words(one), self._words(other)) >= NEAR

    def _read(self, text_hash: str) -> str:
        query = select(r.text.c.title, r.text.c.text).where(r.text.c.text_hash == text_hash)
        with self._record.begin() as db:
            row = db.execute(query).one_or_none()
        return f"{row.title}\n{row.text}" if row else ""

    def _read_unmasked(self, raw_hash: str) -> str:
        query = select(r.extraction.c.title, r.extraction.c.text).where(r.extraction.c.raw_hash == raw_hash)
        with self._record.begin() as db:
            return _folded(" ".join(f"{row.title} {row.text}" for row in db.execute(query)))

    def _read_quotes(self, text_hash: str) -> Sequence[str]:
        carried = select(r.judgement.c.evidence).where(
            r.judgement.c.text_hash == text_hash,
            r.judgement.c.protocol_hash == self._runs.protocol.hash,
        )
        by = self._runs.judged_by.get(text_hash)
        opening = select(func.substr(r.text.c.text, 1, _OPENING)).where(r.text.c.text_hash == text_hash)
        with self._record.begin() as db:
            of_model = db.execute(carried.where(r.judgement.c.model_id == by)).scalar()
            kept = of_model or db.execute(carried).scalars().first()
            return tuple(kept) if kept else tuple(said for said in db.execute(opening).scalars() if said)


def _folded(text: str) -> str:
    return " ".join(text.split()).lower()


def _runs_of_words(text: str) -> frozenset[int]:
    words = re.findall(r"\w+", text.lower())
    if not words:  # a text that is not kept any more is like none
        return frozenset()
    return frozenset(hash(tuple(words[k : k + _RUN])) for k in range(max(1, len(words) - _RUN + 1)))


def contained(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the share of the shorter text's runs of words that the other has, 0 to 1; 0 where it is too short to tell."""
    shorter = min(len(one), len(other))
    return len(one & other) / shorter if shorter >= _SHORT else 0.0


def same_words(one: str, other: str) -> bool:
    """Tell whether two passages say the same: white space and case apart, and the site's name after a title."""
    return _bare(one) == _bare(other)


def _bare(passage: str) -> str:
    return _SITE_NAME.sub("", _folded(passage))


def word_diff(before: str, after: str) -> str:
    """Return what changed between two quotes, word by word: [-taken out-] and {+put in+}, as wdiff writes it."""
    old, new = before.split(), after.split()
    parts: list[str] = []
    for change, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change == "equal":
            parts += old[a:b]
            continue
        if b > a:
            parts.append(f"[-{' '.join(old[a:b])}-]")
        if d > c:
            parts.append(f"{{+{' '.join(new[c:d])}+}}")
    return " ".join(parts)
