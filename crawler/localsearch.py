"""Searches that are answered by reading a site's own pages, because its search cannot be used: their rows in the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.engine import Connection

from study import record as r
from study.record import Record

LOCAL = ("sitemap", "crawl")  # ways that read a site's pages themselves
UNUSABLE = ("none", "robots", "blocked", "script-only", "suspect", "failed")  # statuses that call for one of them


@dataclass(frozen=True)
class LocalSearch:
    """A search that is answered by reading the site's pages."""

    id: int
    query: str
    via: str


@dataclass(frozen=True)
class Match:
    """A page in which a search's words stand."""

    page_id: int
    url: str
    title: str
    snippet: str


def unanswered(of: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the searches (as site id, keyword, query) that ended unusable and that no local way was tried for."""
    local = r.search.alias("local")
    tried = (
        select(local.c.id)
        .where(
            local.c.site_id == r.search.c.site_id,
            local.c.keyword == r.search.c.keyword,
            local.c.query == r.search.c.query,
            local.c.via.in_(LOCAL),
        )
        .correlate(r.search)
        .exists()
    )
    return (
        select(r.search.c.site_id, r.search.c.crawl_id, r.search.c.keyword, r.search.c.query)
        .where(of, r.search.c.via == "search", r.search.c.state == "done", r.search.c.status.in_(UNUSABLE), ~tried)
        .order_by(r.search.c.id)
    )


def is_wanted(record: Record, site_id: int) -> bool:
    """Tell whether a site has searches that could not be used and were not answered otherwise."""
    with record.begin() as db:
        return db.execute(unanswered(r.search.c.site_id == site_id).limit(1)).first() is not None


def local_searches(record: Record, site_id: int) -> list[LocalSearch]:
    """Return the searches of a site that are being answered by reading its pages."""
    with record.begin() as db:
        return open_searches(db, site_id)


def open_searches(db: Connection, site_id: int) -> list[LocalSearch]:
    """Return what :func:`local_searches` returns, inside a transaction."""
    query = (
        select(r.search.c.id, r.search.c.query, r.search.c.via)
        .where(r.search.c.site_id == site_id, r.search.c.via.in_(LOCAL), r.search.c.state == "pending")
        .order_by(r.search.c.id)
    )
    return [LocalSearch(row.id, row.query, row.via) for row in db.execute(query)]


# -- Writes, run by the writer


def begin(db: Connection, site_id: int, via: str) -> None:
    """Open a search by way of ``via`` for each search of a site that could not be used; those stay as they are."""
    rows = [
        {
            "crawl_id": row.crawl_id,
            "site_id": site_id,
            "keyword": row.keyword,
            "query": row.query,
            "via": via,
            "state": "pending",
        }
        for row in db.execute(unanswered(r.search.c.site_id == site_id))
    ]
    r.insert_new(db, r.search, rows)


def keep_answer(
    db: Connection, search_id: int, status: str, reason: str, *, matches: Sequence[Match] = (), read: int = 0
) -> None:
    """Keep the hits of a search that was answered by reading pages, and end it."""
    rows = [
        {
            "search_id": search_id,
            "page_id": match.page_id,
            "rank": rank,
            "url": match.url,
            "title": match.title,
            "snippet": match.snippet,
        }
        for rank, match in enumerate(matches, start=1)
    ]
    r.insert_new(db, r.hit, rows)
    db.execute(
        update(r.search)
        .where(r.search.c.id == search_id)
        .values(
            state="done",
            status=status,
            reason=reason,
            total_is="absent",
            collected=len(rows),
            distinct_urls=len(rows),
            pages_read=read,
            finished_at=datetime.now(UTC),
        )
    )
