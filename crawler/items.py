"""The one item of the crawl: a capture, as it travels from the download through the pipelines into the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crawler.known import Known
from crawler.warcfile import Original
from study.text import Extraction


@dataclass
class Capture:
    """One fetch of one page. ``outcome`` is ok, or why there is no content: soft-404, gone, blocked, robots, refused, ..."""

    capture_id: int
    url: str
    fetched_at: datetime
    outcome: str
    reason: str = ""
    status: int | None = None
    final_url: str | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    media_type: str = ""
    body: bytes = field(default=b"", repr=False)  # logs and mails are no place for what a page says
    extraction: Extraction | None = field(default=None, repr=False)
    known: Known | None = None  # the newest earlier capture of the page
    not_modified: bool = False  # the site says that the page is as it was then
    raw_hash: str = ""  # of the body; of the known one where that still stands
    original: Original | None = None  # the WARC record that has this body already
