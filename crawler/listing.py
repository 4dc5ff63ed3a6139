"""What reading a site in place of its search takes from the record and leaves there.

Sitemap files and listed pages are the frontier: rows ``pending`` are what is left, and a page is fetched through the same
captures as a hit. The write functions are run by the writer; each leaves a state from which a new process can go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.engine import Connection

from study import record as r
from study.addresses import canonical_url
from study.purged import purged
from study.record import Record
from study.text import EXTRACTOR, has_text

_AT_ONCE = 400  # addresses in one statement
_STREAMED = 50  # texts in memory at a time: one may have two million characters


@dataclass(frozen=True)
class WantedFile:
    """A sitemap file still to be read."""

    id: int
    url: str
    depth: int


@dataclass(frozen=True)
class Fetched:
    """A listed page, how its fetch ended (``outcome`` None: not yet), and the hash of its bytes."""

    id: int
    url: str
    depth: int
    outcome: str | None
    reason: str
    final_url: str
    raw_hash: str | None
    media_type: str


@dataclass(frozen=True)
class Read:
    """A listed page with its text (None where there is none)."""

    page_id: int
    url: str
    outcome: str | None
    final_url: str
    title: str
    text: str | None


# -- Reads ---------------------------------------------------------------------------------------------------------------


def own_homes(record: Record, site_id: int) -> list[str]:
    """Return the home pages of an authority's sites of the same kind as this one, in its crawl."""
    this = select(r.site.c.crawl_id, r.site.c.authority, r.site.c.host_kind).where(r.site.c.id == site_id).subquery()
    query = select(r.site.c.home_url).where(
        r.site.c.crawl_id == this.c.crawl_id,
        r.site.c.authority == this.c.authority,
        r.site.c.host_kind == this.c.host_kind,
    )
    with record.begin() as db:
        return list(db.execute(query).scalars())


def files(record: Record, site_id: int) -> list[tuple[str, str]]:
    """Return the sitemap files of a site as (address, state)."""
    query = select(r.sitemap_file.c.url, r.sitemap_file.c.state).where(r.sitemap_file.c.site_id == site_id)
    with record.begin() as db:
        return [(row.url, row.state) for row in db.execute(query)]


def next_file(record: Record, site_id: int) -> WantedFile | None:
    """Return the next sitemap file to read, in the order of finding."""
    table = r.sitemap_file.c
    query = (
        select(table.id, table.url, table.depth)
        .where(table.site_id == site_id, table.state == "pending")
        .order_by(table.id)
        .limit(1)
    )
    with record.begin() as db:
        row = db.execute(query).one_or_none()
    return WantedFile(row.id, row.url, row.depth) if row else None


def files_left_out(record: Record, site_id: int) -> tuple[int, int]:
    """Return how many pages and files lie beyond the bounds, and how many files that are there could not be read whole."""
    table = r.sitemap_file.c
    with record.begin() as db:
        beyond = db.execute(select(func.sum(table.left_out)).where(table.site_id == site_id)).scalar()
        unread = db.execute(
            select(func.count()).where(table.site_id == site_id, table.depth > 0, table.reason.is_not(None))
        ).scalar_one()
    return int(beyond or 0), int(unread)


def links_left_out(record: Record, site_id: int) -> tuple[int, int]:
    """Return how many links of a site's pages lie beyond the bounds, and how many were taken for traps."""
    table = r.listed_page.c
    query = select(func.sum(table.left_out), func.sum(table.trapped)).where(table.site_id == site_id)
    with record.begin() as db:
        beyond, trapped = db.execute(query).one()
    return int(beyond or 0), int(trapped or 0)


def listed_urls(record: Record, site_id: int) -> list[str]:
    """Return the canonical addresses of a site's listed pages, in order."""
    query = (
        select(r.page.c.url)
        .join(r.listed_page, r.listed_page.c.page_id == r.page.c.id)
        .where(r.listed_page.c.site_id == site_id)
        .order_by(r.listed_page.c.id)
    )
    with record.begin() as db:
        return list(db.execute(query).scalars())


def bodies_followed(record: Record, site_id: int) -> set[str]:
    """Return the hashes of the bodies whose links were followed."""
    query = (
        _pages(site_id).with_only_columns(r.capture.c.raw_hash).order_by(None).where(r.listed_page.c.state == "done")
    )
    with record.begin() as db:
        return {raw_hash for raw_hash in db.execute(query).scalars() if raw_hash}


def home_page(record: Record, site_id: int) -> Fetched | None:
    """Return a site's home page as it was fetched, None before it was listed."""
    return next(iter(_fetched(record, _pages(site_id).where(r.listed_page.c.depth == 0))), None)


def to_follow(record: Record, site_id: int, most: int) -> tuple[int, list[Fetched]]:
    """Return the number of links from home of the nearest pages whose links were not followed, and ``most`` of those pages."""
    table = r.listed_page.c
    nearest = select(func.min(table.depth)).where(table.site_id == site_id, table.state == "pending")
    with record.begin() as db:
        depth = db.execute(nearest).scalar()
    if depth is None:
        return 0, []
    wanted = _pages(site_id).where(table.state == "pending", table.depth == depth).limit(most)
    return int(depth), _fetched(record, wanted)


def _pages(site_id: int) -> Select[Any]:
    return (
        select(
            r.listed_page.c.id,
            r.listed_page.c.page_id,
            r.listed_page.c.depth,
            r.page.c.url.label("canonical"),
            r.capture.c.url,
            r.capture.c.outcome,
            r.capture.c.reason,
            r.capture.c.final_url,
            r.capture.c.raw_hash,
            r.body.c.media_type,
        )
        .select_from(r.listed_page)
        .join(r.page, r.page.c.id == r.listed_page.c.page_id)
        .join(r.site, r.site.c.id == r.listed_page.c.site_id)
        .join(
            r.capture,
            (r.capture.c.page_id == r.listed_page.c.page_id) & (r.capture.c.crawl_id == r.site.c.crawl_id),
            isouter=True,
        )
        .join(r.body, r.body.c.raw_hash == r.capture.c.raw_hash, isouter=True)
        .where(r.listed_page.c.site_id == site_id)
        .order_by(r.listed_page.c.id)
    )


def _fetched(record: Record, query: Select[Any]) -> list[Fetched]:
    with record.begin() as db:
        return [
            Fetched(
                id=row.id,
                url=row.url or row.canonical,
                depth=row.depth,
                outcome=row.outcome,
                reason=row.reason or "",
                final_url=row.final_url or row.url or row.canonical,
                raw_hash=row.raw_hash,
                media_type=row.media_type or "",
            )
            for row in db.execute(query)
        ]


def all_blocked(record: Record, capture_ids: Sequence[int], least: int) -> bool:
    """Tell whether all of these fetches, ``least`` of them or more, were blocked."""
    blocked = select(func.count()).where(r.capture.c.id.in_(capture_ids), r.capture.c.outcome == "blocked")
    with record.begin() as db:
        return len(capture_ids) >= least and db.execute(blocked).scalar_one() == len(capture_ids)


def texts(record: Record, site_id: int) -> Iterator[Read]:
    """Yield a site's listed pages with their texts, in order, a few in memory at a time."""
    query = (
        _pages(site_id)
        .join(
            r.extraction,
            (r.extraction.c.raw_hash == r.capture.c.raw_hash) & (r.extraction.c.extractor == EXTRACTOR),
            isouter=True,
        )
        .add_columns(r.extraction.c.title, r.extraction.c.text, r.extraction.c.error)
    )
    with record.begin() as db:
        for row in db.execution_options(yield_per=_STREAMED).execute(query):
            readable = row.text is not None and has_text(row.error)
            yield Read(
                page_id=row.page_id,
                url=row.url or row.canonical,
                outcome=row.outcome,
                final_url=row.final_url or row.url or row.canonical,
                title=row.title or "",
                text=row.text if readable and row.outcome == "ok" else None,
            )


# -- Writes, run by the writer -------------------------------------------------------------------------------------------


def add_files(db: Connection, site_id: int, entries: Iterable[tuple[str, str]], depth: int, most: int) -> int:
    """List sitemap files (address, lastmod), ``most`` a site; return how many new ones lie beyond the bound."""
    table = r.sitemap_file
    known = set(db.execute(select(table.c.url).where(table.c.site_id == site_id)).scalars())
    new = {url: lastmod for url, lastmod in entries if url not in known}
    kept = list(new.items())[: max(0, most - len(known))]
    rows = [
        {"site_id": site_id, "url": url, "depth": depth, "lastmod": lastmod, "state": "pending"}
        for url, lastmod in kept
    ]
    r.insert_new(db, table, rows)
    return len(new) - len(rows)


def end_file(db: Connection, file_id: int, reason: str, **counts: int) -> None:
    """Keep what came of a sitemap file; ``reason`` says why not all of it is known, '' if it is."""
    db.execute(
        update(r.sitemap_file)
        .where(r.sitemap_file.c.id == file_id)
        .values(state="done", reason=reason or None, **counts)
    )


def add_pages(db: Connection, site_id: int, entries: Iterable[tuple[str, str]], depth: int, most: int) -> int:
    """List pages (address, lastmod) to be fetched, ``most`` a site; return how many new ones lie beyond the bound."""
    crawl_id, authority, as_of = db.execute(
        select(r.site.c.crawl_id, r.site.c.authority, r.crawl.c.as_of)
        .join(r.crawl, r.crawl.c.id == r.site.c.crawl_id)
        .where(r.site.c.id == site_id)
    ).one()
    listed = select(func.count()).where(r.listed_page.c.site_id == site_id)
    room = max(0, most - db.execute(listed).scalar_one())
    left_out = 0
    shown: dict[str, tuple[str, str]] = {}
    for url, lastmod in entries:
        shown.setdefault(canonical_url(url), (url, lastmod))
    urls = list(shown)
    for some in (urls[at : at + _AT_ONCE] for at in range(0, len(urls), _AT_ONCE)):
        already = set(
            db.execute(
                select(r.page.c.url)
                .join(r.listed_page, r.listed_page.c.page_id == r.page.c.id)
                .where(r.listed_page.c.site_id == site_id, r.page.c.url.in_(some))
            ).scalars()
        )
        already |= purged(db, some)
        new = [url for url in some if url not in already]
        kept, room = new[:room], max(0, room - len(new))
        left_out += len(new) - len(kept)
        pages = [{"authority": authority, "url": url, "first_seen": as_of, "last_seen": as_of} for url in kept]
        r.insert_new(db, r.page, pages)
        of_it = (r.page.c.authority == authority) & r.page.c.url.in_(kept)
        db.execute(update(r.page).where(of_it, r.page.c.last_seen < as_of).values(last_seen=as_of))
        ids = {row.url: row.id for row in db.execute(select(r.page.c.url, r.page.c.id).where(of_it))}
        rows = [
            {"site_id": site_id, "page_id": ids[url], "depth": depth, "lastmod": shown[url][1], "state": "pending"}
            for url in kept
        ]
        r.insert_new(db, r.listed_page, rows)
        captures = [
            {"crawl_id": crawl_id, "page_id": ids[url], "site_id": site_id, "url": shown[url][0], "state": "pending"}
            for url in kept
        ]
        r.insert_new(db, r.capture, captures)
    return left_out


def end_page(db: Connection, listed_id: int, left_out: int, trapped: int) -> None:
    """Keep that a page's links were followed."""
    db.execute(
        update(r.listed_page)
        .where(r.listed_page.c.id == listed_id)
        .values(state="done", left_out=left_out, trapped=trapped)
    )
