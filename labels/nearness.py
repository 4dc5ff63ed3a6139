"""Near-duplicates: texts so alike that a person should read one of them and no more.

Two texts are in one group where the words around every keyword are the same in both and at least :data:`SIMILARITY` of their word
triples are shared (Jaccard; figures count as equal, so a changed date or price parts nothing). The first condition is for rare
classes: a page that gained the one clause 'each new teacher is given a mentor' is not decided by what was said of it before. A
group is gathered around its first text, in the order of hashes, and every member is that similar to it: no chains. Groups are
kept in the record (near_text), once for each text and protocol; texts of later crawls join the groups there are.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.engine import Connection

from study import record as r
from study.judging import texts_of
from study.protocol import Protocol
from study.record import Record, insert_new

SIMILARITY = 0.9  # of word triples, Jaccard; from here on texts are near-duplicates
AROUND = 10  # words on each side of a keyword that must be the same
LONGEST = 50_000  # words; longer texts are a group of their own

_WORD = re.compile(r"\w+")
_FIGURES = re.compile(r"\d+")
_BATCH = 500
_Item = TypeVar("_Item")

Shingles = frozenset[int]


def groups(record: Record, protocol: Protocol, crawl_id: int) -> dict[str, str]:
    """Return text hash -> group hash for the texts of a crawl and all that were decided, grouping those that have none yet."""
    near = r.near_text.c
    known = select(near.text_hash, near.group_hash).where(near.protocol_hash == protocol.hash)
    labelled = select(r.label.c.text_hash).join(r.text, r.text.c.text_hash == r.label.c.text_hash)
    with record.begin() as db:
        wanted = set(db.execute(texts_of(crawl_id).distinct()).scalars())
        wanted.update(db.execute(labelled.where(r.label.c.protocol == protocol.name).distinct()).scalars())
        grouped = {row.text_hash: row.group_hash for row in db.execute(known)}
        new = sorted(wanted - grouped.keys())
        found = _join(db, protocol, sorted(set(grouped.values())), new) if new else {}
    rows = [
        {"protocol_hash": protocol.hash, "text_hash": key, "group_hash": group, "similarity": similarity}
        for key, (group, similarity) in found.items()
    ]
    with record.begin() as db:
        for batch in _batches(rows):
            insert_new(db, r.near_text, batch)
        return {row.text_hash: row.group_hash for row in db.execute(known)}


def _join(db: Connection, protocol: Protocol, first: Sequence[str], new: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Return the group and the similarity of each new text, given the first texts of the groups there are.

    Of what is not kept any more (retention, takedown) nothing can be alike: such a new text is a group of its own.
    """
    alike: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))  # same words at keywords: first, new
    for side, keys in enumerate((first, new)):
        for key, words, starts, text in _read(db, keys):
            if len(words) > LONGEST:
                alike[key][side].append(key)
            else:
                alike[_at_keywords(protocol, words, starts, text)][side].append(key)
    found: dict[str, tuple[str, float]] = {key: (key, 1.0) for key in new}
    for old, joining in alike.values():
        if len(old) + len(joining) == 1 or not joining:
            continue
        shingled = {key: _triples(words) for key, words, _, _ in _read(db, [*old, *joining])}
        found |= gather({key: shingled[key] for key in old}, {key: shingled[key] for key in joining})
    return found


def gather(old: Mapping[str, Shingles], new: Mapping[str, Shingles]) -> dict[str, tuple[str, float]]:
    """Return (group, similarity) of each new text: the most similar first text at or above SIMILARITY, else itself.

    Exact: two sets that share so much share one of their rarest shingles (prefix filtering; Chaudhuri et al. 2006), so only
    texts that do are compared.
    """
    frequency = Counter(shingle for shingles in (*old.values(), *new.values()) for shingle in shingles)
    index: dict[int, list[str]] = defaultdict(list)
    first: dict[str, Shingles] = {}

    def prefix(shingles: Shingles) -> list[int]:
        length = len(shingles) - math.ceil(SIMILARITY * len(shingles)) + 1
        return sorted(shingles, key=lambda shingle: (frequency[shingle], shingle))[:length]

    def lead(key: str, shingles: Shingles, rarest: list[int]) -> None:
        first[key] = shingles
        for shingle in rarest:
            index[shingle].append(key)

    for key, shingles in old.items():
        lead(key, shingles, prefix(shingles))
    found = {}
    for key in sorted(new):
        shingles = new[key]
        rarest = prefix(shingles)
        candidates = dict.fromkeys(other for shingle in rarest for other in index[shingle])
        best = max(((_jaccard(shingles, first[other]), other) for other in sorted(candidates)), default=(0.0, ""))
        if best[0] >= SIMILARITY:
            found[key] = (best[1], best[0])
        else:
            found[key] = (key, 1.0)
            lead(key, shingles, rarest)
    return found


def _jaccard(one: Shingles, other: Shingles) -> float:
    if min(len(one), len(other)) < SIMILARITY * max(len(one), len(other)):
        return 0.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _triples(words: Sequence[str]) -> Shingles:
    padded = ["", *words, ""]  # so that one and two words have a triple as well
    return frozenset(map(hash, zip(padded, padded[1:], padded[2:], strict=False)))


def _at_keywords(protocol: Protocol, words: Sequence[str], starts: Sequence[int], text: str) -> str:
    """Return the words around the keywords as one string, the same for texts that agree there."""
    seen = set()
    for match in protocol.core.finditer(text):
        at = bisect_right(starts, match.start()) - 1
        seen.add(" ".join(words[max(0, at - AROUND) : at + AROUND + 1]))
    return "\n".join(sorted(seen))


def _read(db: Connection, keys: Sequence[str]) -> Iterator[tuple[str, list[str], list[int], str]]:
    """Yield hash, words (small, figures folded), where each begins, and title and text, in the order of ``keys``; no text, nothing."""
    query = select(r.text.c.text_hash, r.text.c.title, r.text.c.text)
    for batch in _batches(keys):
        rows = {row.text_hash: row for row in db.execute(query.where(r.text.c.text_hash.in_(batch)))}
        for key in (key for key in batch if key in rows):
            whole = f"{rows[key].title}\n{rows[key].text}"
            spans = list(_WORD.finditer(whole))
            yield key, [_FIGURES.sub("0", m[0].lower()) for m in spans], [m.start() for m in spans], whole


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    source = iter(items)
    while batch := list(islice(source, _BATCH)):
        yield batch
