"""One text with all that is shown about it: where and when it was found, its stored copy, its like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from labels.decide import near_duplicates
from labels.queue import evidence
from labels.web.shown import Shown, shown
from labels.work import addresses
from study import record as r
from study.authorities import register
from study.protocol import Protocol
from study.record import Record
from study.text import EXTRACTOR


@dataclass(frozen=True)
class Item:
    """A text as the page shows it; ``link`` is its address where that is safe to follow, ``copy`` the id of its capture."""

    text_hash: str
    shown: Shown
    authority: str
    url: str
    link: str | None
    dated: date | None
    fetched: datetime | None
    copy: int | None
    others: int  # further addresses of this crawl with this very text
    like: int  # near-duplicates on which the decision holds as well
    relation: str  # what its words say, '' where they say several


def item(record: Record, protocol: Protocol, crawl_id: int, text_hash: str) -> Item | None:
    """Return a text for showing, None where the record does not hold it."""
    with record.begin() as db:
        text = db.execute(select(r.text).where(r.text.c.text_hash == text_hash)).one_or_none()
        if text is None:
            return None
        places = addresses(db, crawl_id, text_hash)
        found = places[0] if places else None
        quotes = evidence(db, protocol, text_hash)
        like = len(near_duplicates(db, protocol, text_hash))
        dated = None
        if found is not None:
            date_of = (r.extraction.c.raw_hash == found.raw_hash) & (r.extraction.c.extractor == EXTRACTOR)
            dated = db.execute(select(r.extraction.c.document_date).where(date_of)).scalar()
        elsewhere = None
        if found is None:  # met in an earlier crawl: say where it was read
            labelled = select(r.label.c.authority, r.label.c.url).where(r.label.c.text_hash == text_hash)
            elsewhere = db.execute(labelled.order_by(r.label.c.id).limit(1)).one_or_none()
    place = found if found is not None else elsewhere
    url = str((found.url if found else place.url if place else "") or "")
    return Item(
        text_hash=text_hash,
        shown=shown(protocol, text.title, text.text, quotes),
        authority=authority_name(place.authority if place else None),
        url=url,
        link=safe_link(url),
        dated=dated,
        fetched=found.fetched_at if found else None,
        copy=found.id if found else None,
        others=max(0, len(places) - 1),
        like=like,
        relation=worded(protocol, text),
    )


def authority_name(code: str | None) -> str:
    """Return the name of an authority as the register has it, else what the record calls it."""
    known = register().get(code or "")
    return known.name if known is not None else (code or "unknown")


def safe_link(url: str) -> str | None:
    """Return an address that may be a link: http or https with a host, nothing else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def worded(protocol: Protocol, text: Any) -> str:
    """Return the relation that the words of a text name where they name one: no judgement, only which keyword stands in it.

    '' where several stand: on a page about mentors one of them may be the coach to the museum.
    """
    whole = f"{text.title}\n{text.text}"
    named = [one.code for one in protocol.relations if one.pattern and re.search(one.pattern, whole, re.IGNORECASE)]
    nothing = "none" if any(one.code == "none" for one in protocol.relations) else ""
    return named[0] if len(named) == 1 else "" if named else nothing
