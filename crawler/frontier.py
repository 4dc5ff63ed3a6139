"""What the crawler reads from and writes to the record: the work to do is rows that are ``pending``.

The write functions take a connection and are run by the writer, in order; each leaves the record in a state from which a
new process can go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Connection

from crawler.asking import Hit, Reading, SearchFunction, State, conclude
from crawler.known import Known, known_pages
from crawler.localsearch import unanswered
from study import record as r
from study.purged import purged
from study.record import Record

_AT_ONCE = 400  # hits in one statement: PostgreSQL takes 65,535 parameters


@dataclass(frozen=True)
class SiteRow:
    """A site of the crawl as the record has it; ``function`` is set once its search was found."""

    id: int
    authority: str
    home_url: str
    state: str
    function: dict[str, Any] | None
    status: str | None
    host_kind: str = "main"


@dataclass(frozen=True)
class SearchRow:
    """A search still to do, and how far an earlier process came with it."""

    id: int
    query: str
    progress: dict[str, Any] | None


@dataclass(frozen=True)
class Wanted:
    """A page to fetch, and what earlier captures of it are good for."""

    capture_id: int
    url: str
    known: Known | None = None


def sites_to_visit(record: Record, crawl_id: int, via: str = "search") -> list[SiteRow]:
    """Return the sites of a crawl with anything left to do; with ``via`` auto, an unusable search leaves its pages to read."""
    open_searches = select(r.search.c.site_id).where(r.search.c.crawl_id == crawl_id, r.search.c.state == "pending")
    open_captures = select(r.capture.c.site_id).where(r.capture.c.crawl_id == crawl_id, r.capture.c.state == "pending")
    left = (r.site.c.state != "done") | r.site.c.id.in_(open_searches) | r.site.c.id.in_(open_captures)
    if via == "auto":
        left |= r.site.c.id.in_(unanswered(r.search.c.crawl_id == crawl_id).with_only_columns(r.search.c.site_id))
    query = select(r.site).where(r.site.c.crawl_id == crawl_id, left).order_by(r.site.c.id)
    with record.begin() as db:
        return [
            SiteRow(row.id, row.authority, row.home_url, row.state, row.function, row.status, row.host_kind)
            for row in db.execute(query)
        ]


def searches_to_do(record: Record, site_id: int) -> list[SearchRow]:
    """Return the searches of a site that were not read to their end yet, in the protocol's order."""
    query = (
        select(r.search.c.id, r.search.c.query, r.search.c.progress)
        .where(r.search.c.site_id == site_id, r.search.c.via == "search", r.search.c.state == "pending")
        .order_by(r.search.c.id)
    )
    with record.begin() as db:
        return [SearchRow(row.id, row.query, row.progress) for row in db.execute(query)]


def urls_seen(record: Record, search_id: int) -> set[str]:
    """Return the canonical URLs that a search has found so far."""
    query = select(r.page.c.url).join(r.hit, r.hit.c.page_id == r.page.c.id).where(r.hit.c.search_id == search_id)
    with record.begin() as db:
        return set(db.execute(query).scalars())


def captures_to_do(record: Record, site_id: int) -> list[Wanted]:
    """Return the pages of a site that are still to be fetched."""
    query = (
        select(r.capture.c.id, r.capture.c.url, r.capture.c.page_id)
        .where(r.capture.c.site_id == site_id, r.capture.c.state == "pending")
        .order_by(r.capture.c.id)
    )
    with record.begin() as db:
        known = known_pages(db, site_id, record.directory / "warc")
        return [Wanted(row.id, row.url, known.get(row.page_id)) for row in db.execute(query)]


def warc_ends(record: Record) -> dict[str, int]:
    """Return for each WARC file the end of its last committed record, in bytes."""
    query = (
        select(r.capture.c.warc_file, func.max(r.capture.c.warc_offset + r.capture.c.warc_length))
        .where(r.capture.c.warc_file.is_not(None))
        .group_by(r.capture.c.warc_file)
    )
    with record.begin() as db:
        return {file: int(end) for file, end in db.execute(query)}


# -- Writes, run by the writer -------------------------------------------------------------------------------------------


def keep_function(db: Connection, site_id: int, function: SearchFunction) -> None:
    """Keep what was found of a site's search; where none works, its searches are done, with the status that says why."""
    controls = function.controls
    db.execute(
        update(r.site)
        .where(r.site.c.id == site_id)
        .values(
            state="found" if function.found else "done",
            how=function.how or None,
            platform=function.platform or None,
            function=function.to_json() if function.found else None,
            controls={
                "nonsense": controls.nonsense,
                "nonsense_hits": controls.nonsense_hits,
                "known_word": controls.known_word,
                "known_word_hits": controls.known_word_hits,
                "passed": controls.passed,
            },
            status=None if function.found else function.status,
            reason=function.reason,
            checked_at=datetime.now(UTC),
        )
    )
    if not function.found:
        end_searches(db, site_id, function.status, function.reason)


def end_searches(db: Connection, site_id: int, status: str, reason: str) -> None:
    """End every search of a site's own search that is still open with ``status``."""
    db.execute(
        update(r.search)
        .where(r.search.c.site_id == site_id, r.search.c.via == "search", r.search.c.state == "pending")
        .values(state="done", status=status, reason=reason, finished_at=datetime.now(UTC))
    )


def end_captures(db: Connection, site_id: int, outcome: str, reason: str) -> None:
    """End every fetch of a site that is still open with ``outcome``."""
    db.execute(
        update(r.capture)
        .where(r.capture.c.site_id == site_id, r.capture.c.state == "pending")
        .values(state="done", outcome=outcome, reason=reason, fetched_at=datetime.now(UTC))
    )


def keep_reading(db: Connection, search_id: int, site_id: int, reading: Reading) -> list[Wanted]:
    """Keep one results page: its hits, their pages, what is still to fetch of them, and where to go on.

    Returns the pages that no other search of the crawl had asked for yet. What was taken down is left out.
    """
    crawl_id, authority, as_of = db.execute(
        select(r.crawl.c.id, r.site.c.authority, r.crawl.c.as_of)
        .join(r.crawl, r.crawl.c.id == r.site.c.crawl_id)
        .where(r.site.c.id == site_id)
    ).one()
    taken_down = purged(db, (hit.canonical for hit in reading.hits))
    hits = [hit for hit in reading.hits if hit.canonical not in taken_down]
    if taken_down:
        left_out = r.search.c.left_out + len(reading.hits) - len(hits)
        db.execute(update(r.search).where(r.search.c.id == search_id).values(left_out=left_out))
    wanted: list[Wanted] = []
    for some in (hits[at : at + _AT_ONCE] for at in range(0, len(hits), _AT_ONCE)):
        page_ids = _pages_seen(db, authority, list(dict.fromkeys(hit.canonical for hit in some)), as_of)
        _keep_hits(db, search_id, some, page_ids)
        shown = {hit.canonical: hit.url for hit in reversed(some)}
        wanted += _keep_wanted(db, crawl_id, site_id, shown, page_ids)
    _keep_state(db, search_id, reading.state)
    return wanted


def _keep_hits(db: Connection, search_id: int, hits: Sequence[Hit], page_ids: dict[str, int]) -> None:
    rows = [
        {
            "search_id": search_id,
            "page_id": page_ids[hit.canonical],
            "rank": hit.rank,
            "url": hit.url,
            "title": hit.title,
            "snippet": hit.snippet,
        }
        for hit in hits
    ]
    r.insert_new(db, r.hit, rows)


def _keep_wanted(
    db: Connection, crawl_id: int, site_id: int, shown: dict[str, str], page_ids: dict[str, int]
) -> list[Wanted]:
    """Keep that pages are to be fetched, each as it was ``shown``; return those that were not yet, in the order of ``page_ids``."""
    of_it = select(r.capture.c.page_id, r.capture.c.id).where(r.capture.c.crawl_id == crawl_id)
    already = {row.page_id for row in db.execute(of_it.where(r.capture.c.page_id.in_(page_ids.values())))}
    new = {url: page_id for url, page_id in page_ids.items() if page_id not in already}
    rows = [
        {"crawl_id": crawl_id, "page_id": page_id, "site_id": site_id, "url": shown[url], "state": "pending"}
        for url, page_id in new.items()
    ]
    r.insert_new(db, r.capture, rows)
    ids = {row.page_id: row.id for row in db.execute(of_it.where(r.capture.c.page_id.in_(new.values())))}
    return [Wanted(ids[page_id], shown[url]) for url, page_id in new.items()]


def _pages_seen(db: Connection, authority: str, urls: list[str], as_of: date) -> dict[str, int]:
    """Keep that an authority's pages were seen on a day; return the id of each by its URL, in the order given."""
    query = select(r.page.c.url, r.page.c.id, r.page.c.last_seen).where(r.page.c.authority == authority)
    known = {str(row.url): row for row in db.execute(query.where(r.page.c.url.in_(urls)))}
    older = [row.id for row in known.values() if row.last_seen < as_of]
    if older:
        db.execute(update(r.page).where(r.page.c.id.in_(older)).values(last_seen=as_of))
    ids = {url: int(row.id) for url, row in known.items()}
    new = [url for url in urls if url not in known]
    if new:
        rows = [{"authority": authority, "url": url, "first_seen": as_of, "last_seen": as_of} for url in new]
        r.insert_new(db, r.page, rows)
        ids |= {str(row.url): int(row.id) for row in db.execute(query.where(r.page.c.url.in_(new)))}
    return {url: ids[url] for url in urls}


_KEEP_STATE = (
    update(r.search)
    .where(r.search.c.id == bindparam("search"))
    .values(
        {
            name: bindparam(name)
            for name in ("progress", "asked", "reported_total", "total_is", "collected", "distinct_urls", "pages_read")
        }
    )
)


def _keep_state(db: Connection, search_id: int, state: State) -> None:
    values = {
        "search": search_id,
        "progress": state.to_json(),
        "asked": state.ran_query or None,
        "reported_total": state.reported_total,
        "total_is": state.total_is,
        "collected": state.collected,
        "distinct_urls": state.distinct,
        "pages_read": state.pages,
    }
    db.execute(_KEEP_STATE, values)


def keep_conclusion(db: Connection, search_id: int, state: State, search_url: str) -> None:
    """End a search that was read as far as it goes, with the status its evidence carries."""
    status, reason = conclude(state)
    _keep_state(db, search_id, state)
    db.execute(
        update(r.search)
        .where(r.search.c.id == search_id)
        .values(
            state="done",
            status=status,
            reason=reason,
            search_url=search_url,
            progress=None,
            finished_at=datetime.now(UTC),
        )
    )


def finish_crawl(record: Record, crawl_id: int, via: str = "search") -> bool:
    """Mark a crawl finished if nothing of it is left to do; tell whether it is."""
    if sites_to_visit(record, crawl_id, via):
        return False
    with record.begin_crawling() as db:
        db.execute(
            update(r.crawl)
            .where(r.crawl.c.id == crawl_id, r.crawl.c.finished_at.is_(None))
            .values(finished_at=datetime.now(UTC))
        )
    return True
