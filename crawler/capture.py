"""The one item of the crawl: a capture, as it travels from the download through the pipelines into the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

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
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = ""
    body: bytes = b""
    extraction: Extraction | None = None
    kept: bool = False  # set once it is committed
