"""What was taken down, remembered as hashes that nobody can read off: addresses, which no crawl fetches again, and texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.engine import Connection

from study import record as r
from study.addresses import without_scheme

_ANY = select(r.purged_url.c.url_hash).limit(1)


def remember(db: Connection, urls: Iterable[str]) -> None:
    """Remember addresses as purged, in whatever spelling."""
    r.insert_new(db, r.purged_url, [{"url_hash": _hash(url)} for url in sorted(set(urls))])


def purged(db: Connection, urls: Iterable[str]) -> set[str]:
    """Return those of these addresses that were purged, in whatever spelling."""
    if db.execute(_ANY).first() is None:  # as in most records; asked for every page, so nothing is put together for it
        return set()
    hashes = {url: _hash(url) for url in urls}
    known = r.purged_url.c.url_hash
    ordered = sorted(set(hashes.values()))
    parts = [ordered[start : start + 400] for start in range(0, len(ordered), 400)]
    found = {row for part in parts for row in db.execute(select(known).where(known.in_(part))).scalars()}
    return {url for url, url_hash in hashes.items() if url_hash in found}


def remember_texts(db: Connection, text_hashes: Iterable[str]) -> None:
    """Remember texts as purged: no label file brings them back."""
    r.insert_new(db, r.purged_text, [{"text_hash": text_hash} for text_hash in sorted(set(text_hashes))])


def is_purged_text(db: Connection, text_hash: str) -> bool:
    """Tell whether a text was taken down. It may stand in the record all the same: on a page that says it too."""
    return db.execute(select(r.purged_text).where(r.purged_text.c.text_hash == text_hash)).first() is not None


def _hash(url: str) -> str:
    """The same for http and https: what must not be kept must not come back with a certificate."""
    return hashlib.sha256(without_scheme(url).encode("utf-8", "surrogatepass")).hexdigest()
