"""The queue: which texts a researcher should read next, and why each is in it.

It holds every text the model calls relevant (likely), every one it cannot decide (uncertain) and a fixed share of those it
would drop (random), so that what it misses can be estimated. The model's score is not in it: labelling is blind.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from study import record as r
from study.decisions import decisions
from study.judging import model_in_use
from study.protocol import Protocol
from study.record import Record

RANDOM_SHARE = 0.05  # of the queue, drawn from what the model would drop
COLUMNS = ("text_hash", "source", "authority", "url", "title", "evidence", "text")


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


def queue(record: Record, protocol: Protocol, crawl_id: int, *, seed: int = 0) -> Iterator[QueueItem]:
    """Yield the texts of a crawl nobody has decided yet: likely first, then uncertain, each the likeliest first, then random."""
    settled = decisions(record, protocol.name)
    texts: dict[str, Any] = {}
    with record.begin() as db:
        query = (
            select(
                r.capture.c.text_hash,
                r.judgement.c.relevance,
                r.judgement.c.probability,
                r.judgement.c.evidence,
                r.page.c.authority,
                r.page.c.url,
            )
            .join(r.judgement, r.judgement.c.text_hash == r.capture.c.text_hash)
            .join(r.page, r.page.c.id == r.capture.c.page_id)
            .where(
                r.capture.c.crawl_id == crawl_id,
                r.judgement.c.protocol_hash == protocol.hash,
                r.judgement.c.model_id == model_in_use(db, protocol, crawl_id),
            )
            .order_by(r.page.c.authority, r.page.c.url)
        )
        for row in db.execute(query):
            if row.text_hash not in settled:
                texts.setdefault(row.text_hash, row)
    ranked = sorted(texts.values(), key=lambda row: (-(row.probability or 0.0), row.text_hash))
    likely = [row for row in ranked if row.relevance == "relevant"]
    uncertain = [row for row in ranked if row.relevance == "ambiguous"]
    dropped = sorted((row for row in ranked if row.relevance == "off-topic"), key=lambda row: row.text_hash)
    wanted = min(len(dropped), round((len(likely) + len(uncertain)) * RANDOM_SHARE / (1 - RANDOM_SHARE)))
    drawn = random.Random(seed).sample(dropped, wanted)  # noqa: S311 (a sample, not a secret)
    for source, rows in (("likely", likely), ("uncertain", uncertain), ("random", drawn)):
        for row in rows:
            with record.begin() as db:
                text = db.execute(select(r.text).where(r.text.c.text_hash == row.text_hash)).one()
            yield QueueItem(row.text_hash, source, row.authority, row.url, text.title, tuple(row.evidence), text.text)
