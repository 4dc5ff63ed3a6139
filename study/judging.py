"""Which judgements speak for a crawl: those of the newest model that judged it, or of the protocol's rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from study import record as r
from study.protocol import Protocol

RULES = "rules"  # the model id of judgements made without a model
UNCLEAR = "unclear"  # what a mention is of (mention.which) that could not be told from its namesakes


def texts_of(crawl_id: int) -> Select[Any]:
    """Return the query for the hashes of the texts of a crawl."""
    return select(r.capture.c.text_hash).where(r.capture.c.crawl_id == crawl_id, r.capture.c.text_hash.is_not(None))


def model_in_use(db: Connection, protocol: Protocol, crawl_id: int) -> str:
    """Return the id of the newest model that judged texts of this crawl under this protocol, or RULES."""
    query = (
        select(r.judgement.c.model_id, r.model.c.created_at)
        .outerjoin(r.model, r.model.c.id == r.judgement.c.model_id)
        .where(r.judgement.c.protocol_hash == protocol.hash, r.judgement.c.text_hash.in_(texts_of(crawl_id)))
        .distinct()
    )
    trained = [(row.created_at, row.model_id) for row in db.execute(query) if row.created_at is not None]
    return str(max(trained)[1]) if trained else RULES
