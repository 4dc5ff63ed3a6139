"""The queue: which texts a researcher should read next, in which order, and why each is in it.

It holds every text the model calls relevant (likely: the likeliest first), every one it cannot decide (uncertain: the one nearest to
even odds first) and a fixed share of those it would drop (random), so that what it misses can be estimated; the three are
interleaved after :data:`PATTERN`. ``everything`` goes on with all that the model would drop, the likeliest first. Near-duplicates
stand in it once (labels.nearness). The model's score is not shown: labelling is blind.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from sqlalchemy import select

from labels import nearness
from labels.following import follow
from study import record as r
from study.decisions import decisions
from study.errors import UserError
from study.protocol import Protocol
from study.record import Record

PATTERN = "LLULLULLUR" + "LLULLULLUL"  # of twenty texts 13 likely, 6 uncertain, 1 random
COLUMNS = ("text_hash", "source", "authority", "url", "title", "evidence", "text")
_LETTERS = {"L": "likely", "U": "uncertain", "R": "random"}


class NothingJudged(UserError):
    """The crawl has no judged texts; classify it first."""


@dataclass(frozen=True)
class Entry:
    """One text in the queue: ``source`` is likely | uncertain | random, ``group`` that of its near-duplicates."""

    text_hash: str
    group: str
    source: str
    authority: str
    url: str


@dataclass(frozen=True)
class QueueItem:
    """One text to read: ``source`` is likely | uncertain | random, ``evidence`` the quotes that made it a candidate."""

    text_hash: str
    source: str
    authority: str
    url: str
    title: str
    evidence: tuple[str, ...]
    text: str


def queue(
    record: Record, protocol: Protocol, crawl_id: int, *, seed: int = 0, everything: bool = False
) -> Iterator[QueueItem]:
    """Yield the texts of a crawl nobody has decided yet, in the order in which they should be read."""
    settled = decided_groups(record, protocol, crawl_id)
    for entry in order(record, protocol, crawl_id, seed=seed, everything=everything, without=settled):
        with record.begin() as db:
            text = db.execute(select(r.text).where(r.text.c.text_hash == entry.text_hash)).one()
            quotes = evidence(db, protocol, entry.text_hash)
        yield QueueItem(entry.text_hash, entry.source, entry.authority, entry.url, text.title, quotes, text.text)


def decided_groups(record: Record, protocol: Protocol, crawl_id: int) -> set[str]:
    """Return the groups of a crawl in which some text is decided, after decisions were followed by near-duplicates'."""
    groups = nearness.groups(record, protocol, crawl_id)
    follow(record, protocol, crawl_id, groups)
    return {groups[key] for key in decisions(record, protocol.name) if key in groups}


def order(
    record: Record,
    protocol: Protocol,
    crawl_id: int,
    *,
    seed: int = 0,
    everything: bool = False,
    without: set[str] | frozenset[str] = frozenset(),
) -> list[Entry]:
    """Return the queue of a crawl, without the groups ``without``: the same record gives the same order.

    Raises :class:`NothingJudged` where the crawl holds no judged text.
    """
    groups = nearness.groups(record, protocol, crawl_id)
    judged = _judged(record, protocol, crawl_id)
    if not judged:
        raise NothingJudged(f"crawl {crawl_id} has no judged texts yet; run `mentorwatch classify` first")
    shown: dict[str, Any] = {}  # group -> the row of the text that stands for it
    for row in sorted(judged.values(), key=lambda row: (row.text_hash != groups[row.text_hash], row.text_hash)):
        if groups[row.text_hash] not in without:
            shown.setdefault(groups[row.text_hash], row)
    likelihood: dict[str, float] = {}
    for row in judged.values():
        group = groups[row.text_hash]
        likelihood[group] = max(likelihood.get(group, 0.0), row.probability or 0.0)

    def by_likelihood(group: str) -> tuple[float, float]:
        return -likelihood[group], draw(group, seed)

    def by_doubt(group: str) -> tuple[float, float]:
        return abs(likelihood[group] - 0.5), draw(group, seed)

    def called(relevance: str) -> list[str]:
        return [group for group, row in shown.items() if row.relevance == relevance]

    drawn = sorted(called("off-topic"), key=lambda group: draw(group, seed))
    placed = list(
        _interleaved(sorted(called("relevant"), key=by_likelihood), sorted(called("ambiguous"), key=by_doubt), drawn)
    )
    if everything:
        there = {group for _, group in placed}
        rest = [group for group in drawn if group not in there]
        placed += _interleaved(sorted(rest, key=by_likelihood), [], rest)
    return [
        Entry(shown[group].text_hash, group, _LETTERS[letter], shown[group].authority, shown[group].url)
        for letter, group in placed
    ]


def reordered(entries: Sequence[Entry], likelihood: Mapping[str, float], moves: Callable[[Entry], bool]) -> list[Entry]:
    """Return a queue in which likely texts changed places among themselves, and uncertain ones, so that the likeliest come first.

    ``likelihood`` is text hash -> probability as it is now. Only entries of which it says something and that ``moves`` allows change
    places, and only with their like: :data:`PATTERN` stays, and so does what was drawn by lot. (An uncertain text is hardly ever likelier
    than even odds, so the likeliest is the most doubtful too; one that has become so should not wait.)
    """
    made = list(entries)
    for source in ("likely", "uncertain"):
        places = [
            place
            for place, entry in enumerate(entries)
            if entry.source == source and entry.text_hash in likelihood and moves(entry)
        ]
        ranked = sorted((entries[place] for place in places), key=lambda entry: -likelihood[entry.text_hash])
        for place, entry in zip(places, ranked, strict=True):
            made[place] = entry
    return made


def draw(key: str, seed: int, purpose: str = "random") -> float:
    """Return the lot of a text or group, in [0, 1): fixed, even and independent of all that is known of it."""
    lot = hashlib.sha256(f"{purpose}:{seed}:{key}".encode()).digest()
    return int.from_bytes(lot[:8]) / 2**64


def evidence(db: Any, protocol: Protocol, text_hash: str) -> tuple[str, ...]:
    """Return the quotes that the newest judgement of a text rests on."""
    found = db.execute(
        select(r.judgement.c.evidence)
        .outerjoin(r.model, r.model.c.id == r.judgement.c.model_id)
        .where(r.judgement.c.text_hash == text_hash, r.judgement.c.protocol_hash == protocol.hash)
        .order_by(r.model.c.created_at.is_(None), r.model.c.created_at.desc())
        .limit(1)
    ).scalar()
    return tuple(found or ())


def _interleaved(likely: list[str], uncertain: list[str], drawn: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (letter, group) after PATTERN until likely and uncertain are used up; each group once."""
    waiting = {"L": deque(likely), "U": deque(uncertain), "R": deque(drawn)}
    seen: set[str] = set()
    for wanted in cycle(PATTERN):
        for letter in {"L": "LU", "U": "UL", "R": "R"}[wanted]:
            while waiting[letter] and waiting[letter][0] in seen:
                waiting[letter].popleft()
            if waiting[letter]:
                seen.add(waiting[letter][0])
                yield letter, waiting[letter].popleft()
                break
        else:
            if wanted != "R":
                return


def _judged(record: Record, protocol: Protocol, crawl_id: int) -> dict[str, Any]:
    """Return one row a text of the crawl with its newest judgement and its first address; texts without one, or kept no more,
    are left out.

    While a new model judges, some texts have its judgement and the others that of the model before.
    """
    texts = (
        select(r.capture.c.text_hash, r.page.c.authority, r.page.c.url)
        .join(r.page, r.page.c.id == r.capture.c.page_id)
        .join(r.text, r.text.c.text_hash == r.capture.c.text_hash)  # of an old crawl it may be kept no more
        .where(r.capture.c.crawl_id == crawl_id, r.capture.c.text_hash.is_not(None))
    )
    models = (
        select(r.judgement.c.model_id, r.model.c.created_at)
        .outerjoin(r.model, r.model.c.id == r.judgement.c.model_id)
        .where(r.judgement.c.protocol_hash == protocol.hash)
        .distinct()
    )
    found: dict[str, Any] = {}
    with record.begin() as db:
        trained = sorted(db.execute(models), key=lambda row: (row.created_at is None, _before(row.created_at)))
        waiting = set(db.execute(select(texts.subquery().c.text_hash).distinct()).scalars())
        for model in trained:
            if not waiting:
                break
            judged = texts.add_columns(r.judgement.c.relevance, r.judgement.c.probability).join(
                r.judgement,
                (r.judgement.c.text_hash == r.capture.c.text_hash)
                & (r.judgement.c.protocol_hash == protocol.hash)
                & (r.judgement.c.model_id == model.model_id),
            )
            for row in db.execute(judged.order_by(r.page.c.authority, r.page.c.url)):
                if row.text_hash in waiting:
                    found.setdefault(row.text_hash, row)
            waiting -= found.keys()
    return found


def _before(moment: Any) -> float:
    return -moment.timestamp() if moment is not None else 0.0
