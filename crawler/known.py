"""What earlier captures of a page are good for: asking whether it has changed, and keeping it without its body where not.

A site's 'not modified' is believed, but not for ever: some servers say so of a page that has changed. So a page is asked for
whole where the last time that it was is ``WHOLE_EVERY`` or longer ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.engine import Connection

from study import record as r
from study.text import EXTRACTOR

WHOLE_EVERY = timedelta(days=90)  # by the crawls' as-of dates: every fourth of monthly runs


@dataclass(frozen=True)
class Known:
    """The newest good capture of a page, of whatever crawl, and where its body is kept (not this crawl's)."""

    raw_hash: str
    etag: str
    last_modified: str
    final_url: str
    media_type: str
    extracted: bool  # its text was read by today's extractor
    warc_file: str
    warc_offset: int
    conditional: bool  # whether to ask for the page only if it has changed

    def validators(self) -> dict[str, str]:
        """Return the request headers that ask for the page only if it has changed (RFC 9110, 13.1); none where not to."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value and self.conditional}


def known_pages(db: Connection, site_id: int, warc_directory: Path) -> dict[int, Known]:
    """Return what is known of the pages that a site has still to fetch, by page id; only where the body is still kept."""
    crawl_id, as_of = db.execute(
        select(r.crawl.c.id, r.crawl.c.as_of)
        .join(r.site, r.site.c.crawl_id == r.crawl.c.id)
        .where(r.site.c.id == site_id)
    ).one()
    found: dict[int, Known] = {}
    kept: dict[str, bool] = {}
    for row in db.execute(_newest(site_id, crawl_id)):
        if row.warc_file not in kept:
            kept[row.warc_file] = (warc_directory / row.warc_file).is_file()
        if kept[row.warc_file]:
            found[row.page_id] = Known(
                raw_hash=row.raw_hash,
                etag=_header(row.etag),
                last_modified=_header(row.last_modified),
                final_url=row.final_url or "",
                media_type=row.media_type,
                extracted=row.extractor is not None,
                warc_file=row.warc_file,
                warc_offset=int(row.warc_offset),
                conditional=_may_ask(as_of, row.whole_on, row.fetched_at),
            )
    return found


def _newest(site_id: int, crawl_id: int) -> Select[Any]:
    """The newest good capture of each page that is pending, joined with the capture that has its body in the WARC."""
    pending = select(r.capture.c.page_id).where(r.capture.c.site_id == site_id, r.capture.c.state == "pending")
    whole = case((func.coalesce(r.capture.c.revisit, "") != "not-modified", r.crawl.c.as_of), else_=None)
    newest_first = (r.capture.c.fetched_at.desc(), r.capture.c.id.desc())
    ranked = (
        select(
            r.capture.c.page_id,
            r.capture.c.raw_hash,
            r.capture.c.etag,
            r.capture.c.last_modified,
            r.capture.c.final_url,
            r.capture.c.fetched_at,
            func.max(whole).over(partition_by=r.capture.c.page_id).label("whole_on"),
            func.row_number().over(partition_by=r.capture.c.page_id, order_by=newest_first).label("nth"),
        )
        .join(r.crawl, r.crawl.c.id == r.capture.c.crawl_id)
        .where(
            r.capture.c.page_id.in_(pending),
            r.capture.c.crawl_id != crawl_id,
            r.capture.c.outcome == "ok",
            r.capture.c.raw_hash.is_not(None),
        )
        .subquery()
    )
    holder = r.capture.alias("holder")
    return (
        select(ranked, holder.c.warc_file, holder.c.warc_offset, r.body.c.media_type, r.extraction.c.extractor)
        .join(
            holder,
            (holder.c.page_id == ranked.c.page_id)
            & (holder.c.raw_hash == ranked.c.raw_hash)
            & holder.c.revisit.is_(None)
            & holder.c.warc_file.is_not(None),
        )
        .join(r.body, r.body.c.raw_hash == ranked.c.raw_hash)
        .join(
            r.extraction,
            (r.extraction.c.raw_hash == ranked.c.raw_hash) & (r.extraction.c.extractor == EXTRACTOR),
            isouter=True,
        )
        .where(ranked.c.nth == 1)
        .order_by(holder.c.id)
    )


def _may_ask(as_of: date, whole_on: date | None, fetched_at: datetime | None) -> bool:
    """Whether the page was sent whole not too long before ``as_of``, nor after it (an import, or a day gone back to)."""
    return whole_on is not None and fetched_at is not None and timedelta(0) <= as_of - whole_on < WHOLE_EVERY


def _header(value: str | None) -> str:
    """A header of an earlier answer as it may be sent back; '' where it could not have been one."""
    return value if value and value.isascii() and value.isprintable() and len(value) <= 1000 else ""


def holder(db: Connection, raw_hash: str) -> tuple[str, int] | None:
    """Return WARC file and offset of the record that has a body; None where it is kept no more."""
    query = (
        select(r.capture.c.warc_file, r.capture.c.warc_offset)
        .where(r.capture.c.raw_hash == raw_hash, r.capture.c.revisit.is_(None), r.capture.c.warc_file.is_not(None))
        .order_by(r.capture.c.id)
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else (str(row.warc_file), int(row.warc_offset))
