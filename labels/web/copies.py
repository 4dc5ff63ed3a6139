"""The stored copy of a page: its text, and as the site sent it, in a frame where nothing runs, loads or leads out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, render_template
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from labels.web.items import authority_name, safe_link
from study import record as r
from study.text import EXTRACTOR, decode

if TYPE_CHECKING:
    from labels.web.app import Site

LARGEST = 10_000_000  # bytes of a page that is shown as it was sent
# `sandbox` without allowances: no scripts, forms, popups, plugins, no way to the top; an origin of its own, without our cookie.
_INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def add_to(app: Flask, site: Site) -> None:
    """Add the pages that show stored copies."""

    @app.get("/copy/<int:capture_id>")
    def copy(capture_id: int) -> str:
        found = _capture(site, capture_id)
        url = found.final_url or found.url
        return render_template(
            "copy.html",
            copy=found,
            url=url,
            link=safe_link(url),
            authority=authority_name(found.authority),
            as_sent=_is_html(found) and _body(site, found) is not None,
            there=_body(site, found) is not None,
        )

    @app.get("/copy/<int:capture_id>/as-sent")
    def as_sent(capture_id: int) -> Response:
        found = _capture(site, capture_id)
        body = _body(site, found) if _is_html(found) else None
        if body is None:
            abort(404)
        answer = Response(decode(body, found.media_type), content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _INERT
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        return answer

    @app.get("/text/<text_hash>")
    def text(text_hash: str) -> Response:
        with site.record.begin() as db:
            found = db.execute(select(r.text).where(r.text.c.text_hash == text_hash)).one_or_none()
        if found is None:
            abort(404)
        answer = Response(f"{found.title}\n\n{found.text}", content_type="text/plain; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _INERT
        return answer


def _capture(site: Site, capture_id: int) -> Any:
    query = (
        select(r.capture, r.page.c.authority, r.body.c.media_type, r.body.c.size, r.extraction.c.text)
        .join(r.page, r.page.c.id == r.capture.c.page_id)
        .outerjoin(r.body, r.body.c.raw_hash == r.capture.c.raw_hash)
        .outerjoin(
            r.extraction,
            (r.extraction.c.raw_hash == r.capture.c.raw_hash) & (r.extraction.c.extractor == EXTRACTOR),
        )
        .where(r.capture.c.id == capture_id, r.capture.c.crawl_id == site.crawl_id)
    )
    with site.record.begin() as db:
        found = db.execute(query).one_or_none()
    if found is None:
        abort(404)
    return found


def _is_html(found: Any) -> bool:
    return str(found.media_type or "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")


def _body(site: Site, found: Any) -> bytes | None:
    """Return the bytes as they were fetched; None where the WARC file is not here, or they are too many to be shown."""
    if not found.warc_file or found.warc_offset is None or (found.size or 0) > LARGEST:
        return None
    path = site.record.directory / "warc" / Path(found.warc_file).name
    try:
        with path.open("rb") as stream:
            stream.seek(found.warc_offset)
            record = next(iter(ArchiveIterator(stream)))
            return bytes(record.content_stream().read(LARGEST + 1)[:LARGEST])
    except (OSError, ArchiveLoadFailed, StopIteration):
        return None
