"""What happens to a capture: its text is read, then WARC record and rows are written together.

A body that an earlier capture of the page has is neither read again nor kept again: the WARC gets a revisit record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.crawler import Crawler
from sqlalchemy import bindparam, update
from sqlalchemy.engine import Connection

from crawler import outcomes
from crawler.items import Capture
from crawler.warcfile import IDENTICAL, NOT_MODIFIED, Originals, Place, WarcFile, read_body
from study import record as r
from study.addresses import canonical_url
from study.documents import DocumentReader
from study.purged import purged
from study.text import EXTRACTOR, Extraction

if TYPE_CHECKING:
    from crawler.spiders.sitesearch import SiteSearch


class ReadText:
    """Reads title and text of what was fetched; documents in a child process that may die without harm."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.reader = DocumentReader()
        self.originals = Originals()
        self._directory: Path | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReadText:
        return cls(crawler)

    async def process_item(self, item: Capture) -> Capture:
        if item.outcome == "ok" and outcomes.error_page(item.final_url or item.url):
            item.outcome, item.reason = "soft-404", f"status 200, but redirected to {item.final_url}"
        if item.outcome != "ok":
            return item
        known = item.known
        if known and known.raw_hash == item.raw_hash:
            path = self._warcs / known.warc_file
            try:
                item.original = self.originals.read(path, known.warc_offset)
                if item.not_modified and not known.extracted:
                    item.body = await asyncio.to_thread(read_body, path, known.warc_offset)
            except (OSError, ValueError) as problem:
                if item.not_modified:
                    item.outcome, item.reason = "failed", f"not modified, but its earlier body is lost: {problem}"
                    return item
            if known.extracted:
                return item  # read before, by today's extractor, and no soft 404 then
        item.extraction = await self.reader.extract(item.body, item.media_type)
        if outcomes.soft_404(200, item.extraction.title):
            item.outcome, item.reason = "soft-404", f"status 200, but titled {item.extraction.title!r}"
            item.extraction = None
        return item

    @property
    def _warcs(self) -> Path:
        if self._directory is None:
            spider: SiteSearch = self.crawler.spider  # type: ignore[assignment]
            self._directory = spider.record.directory / "warc"
        return self._directory

    async def close_spider(self) -> None:
        self.originals.close()
        await self.reader.close()


class KeepCapture:
    """Writes WARC record, body, extraction and capture in one go."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> KeepCapture:
        return cls(crawler)

    async def process_item(self, item: Capture) -> Capture:
        spider: SiteSearch = self.crawler.spider  # type: ignore[assignment]
        await spider.writer.do_with_others(keep, item)
        return item


_NO_CONTENT: dict[str, object] = dict.fromkeys(
    ("raw_hash", "etag", "last_modified", "warc_file", "warc_offset", "warc_length", "revisit")
)
# One statement for all captures: putting it together takes longer than running it.
_KEEP = (
    update(r.capture)
    .where(r.capture.c.id == bindparam("capture"))
    .values(
        state="done",
        **{name: bindparam(name) for name in ("outcome", "reason", "status", "final_url", "fetched_at", *_NO_CONTENT)},
    )
)


def keep(db: Connection, warc: WarcFile, items: Sequence[Capture]) -> None:
    """Write captures; content (WARC, body, extraction) only where there is any, and it was not taken down."""
    good = {id(item): canonical_url(item.final_url or item.url) for item in items if item.outcome == "ok"}
    taken_down = purged(db, good.values())
    for item in items:
        if item.outcome == "ok" and good[id(item)] in taken_down:
            item.outcome, item.reason = "refused", "it leads to a page that was taken down (docs/data-protection.md)"
            item.extraction, item.final_url = None, None
    whole = [item for item in items if item.outcome == "ok" and item.original is None]
    bodies = [{"raw_hash": item.raw_hash, "media_type": item.media_type, "size": len(item.body)} for item in whole]
    r.insert_new(db, r.body, bodies)
    r.insert_new(db, r.extraction, [_text(item.raw_hash, item.extraction) for item in items if item.extraction])
    if items:
        db.execute(_KEEP, [_values(warc, item) for item in items])


def _values(warc: WarcFile, item: Capture) -> dict[str, object]:
    """Append a capture to the WARC file, if it has content; return what its row says of it."""
    values = {
        **_NO_CONTENT,
        "capture": item.capture_id,
        "outcome": item.outcome,
        "reason": item.reason or None,
        "status": item.status,
        "final_url": item.final_url,
        "fetched_at": item.fetched_at,
    }
    if item.outcome != "ok":
        return values
    place, revisit = _archive(warc, item)
    before = item.known if item.not_modified else None  # a 304 need not repeat what it is about
    return values | {
        "raw_hash": item.raw_hash,
        "etag": item.headers.get("etag") or (before and before.etag) or None,
        "last_modified": item.headers.get("last-modified") or (before and before.last_modified) or None,
        "warc_file": place.file,
        "warc_offset": place.offset,
        "warc_length": place.length,
        "revisit": revisit,
    }


def _archive(warc: WarcFile, item: Capture) -> tuple[Place, str | None]:
    """Append the capture to the WARC file: with its body, or as a revisit of the earlier capture that has it."""
    url, status = item.final_url or item.url, item.status or 0
    if item.original is None:
        return warc.append(url, status, item.headers, item.body, item.fetched_at), None
    profile, revisit = (NOT_MODIFIED, "not-modified") if item.not_modified else (IDENTICAL, "identical")
    return warc.append_revisit(url, status, item.headers, item.fetched_at, profile, item.original), revisit


def _text(raw_hash: str, extraction: Extraction) -> dict[str, object]:
    return {
        "raw_hash": raw_hash,
        "extractor": EXTRACTOR,
        "title": extraction.title,
        "text": extraction.text,
        "document_date": extraction.document_date,
        "error": extraction.error or None,
    }
