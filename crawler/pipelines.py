"""What happens to a capture: its text is read, then WARC record and rows are written together."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from scrapy.crawler import Crawler
from sqlalchemy import update
from sqlalchemy.engine import Connection

from crawler import outcomes
from crawler.items import Capture
from crawler.warcfile import WarcFile
from study import record as r
from study.documents import DocumentReader
from study.text import EXTRACTOR

if TYPE_CHECKING:
    from crawler.spiders.sitesearch import SiteSearch


class ReadText:
    """Reads title and text of what was fetched; documents in a child process that may die without harm."""

    def __init__(self) -> None:
        self.reader = DocumentReader()

    async def process_item(self, item: Capture) -> Capture:
        if item.outcome == "ok" and outcomes.error_page(item.final_url or item.url):
            item.outcome, item.reason = "soft-404", f"status 200, but redirected to {item.final_url}"
        if item.outcome == "ok":
            item.extraction = await self.reader.extract(item.body, item.media_type)
            if outcomes.soft_404(item.status or 0, item.extraction.title):
                item.outcome, item.reason = "soft-404", f"status 200, but titled {item.extraction.title!r}"
                item.extraction = None
        return item

    async def close_spider(self) -> None:
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
        await spider.writer.do(lambda db, warc: keep(db, warc, item))
        item.kept = True
        return item


def keep(db: Connection, warc: WarcFile, item: Capture) -> None:
    """Write one capture; content (WARC, body, extraction) only where there is any."""
    values = {
        "state": "done",
        "outcome": item.outcome,
        "reason": item.reason or None,
        "status": item.status,
        "final_url": item.final_url,
        "fetched_at": item.fetched_at,
    }
    if item.extraction is not None:
        raw_hash = hashlib.sha256(item.body).hexdigest()
        place = warc.append(item.final_url or item.url, item.status or 0, item.headers, item.body, item.fetched_at)
        r.insert_new(db, r.body, [{"raw_hash": raw_hash, "media_type": item.media_type, "size": len(item.body)}])
        r.insert_new(
            db,
            r.extraction,
            [
                {
                    "raw_hash": raw_hash,
                    "extractor": EXTRACTOR,
                    "title": item.extraction.title,
                    "text": item.extraction.text,
                    "document_date": item.extraction.document_date,
                    "error": item.extraction.error or None,
                }
            ],
        )
        values |= {
            "raw_hash": raw_hash,
            "etag": item.headers.get("etag"),
            "last_modified": item.headers.get("last-modified"),
            "warc_file": place.file,
            "warc_offset": place.offset,
            "warc_length": place.length,
        }
    db.execute(update(r.capture).where(r.capture.c.id == item.capture_id).values(**values))
