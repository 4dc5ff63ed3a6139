"""Take what was fetched out again: a page that must not be kept (takedown), or all that is older than it may be.

    summary = purge(record, select_pages(record, urls=["https://www.example.gov.uk/staff"]))

A takedown removes a page with all that was kept of it in every crawl: hits, captures, bytes in the WARC files, texts, what was
judged and found in them, the text that labels were given on, lines of it among those that repeat over its site. Its address and
its texts are remembered as hashes, so that no crawl fetches it again and no label file brings it back. Retention removes bytes and
texts of old crawls and keeps what was found in them: judgements, and the short quotes of findings.

Order makes it safe to kill: first the bytes (each WARC file is copied without them and moved into place), then the rows in one
transaction. Whoever purges again finds the rows still there and goes on.
"""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update
from sqlalchemy.engine import Connection

from study import record as r
from study.addresses import canonical_url, without_scheme
from study.lines import normalised
from study.purged import remember, remember_texts
from study.record import Record

_AT_ONCE = 400
_MEMBER = b"\x1f\x8b\x08\x10\x00\x00\x00\x00\x02\xff"  # gzip (RFC 1952) with a comment
_EMPTY_RECORD = (
    b"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:mentorwatch:purged>\r\n"
    b"WARC-Date: 1970-01-01T00:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
)


@dataclass(frozen=True)
class Purged:
    """What a purge removed (or, on a dry run, would)."""

    pages: int
    captures: int
    warc_records: int
    texts: int
    labels: int
    missing: tuple[str, ...] = ()  # WARC files that are not there


# -- What is meant --------------------------------------------------------------------------------------------------------


def select_pages(
    record: Record, *, urls: Sequence[str] = (), authorities: Sequence[str] = (), texts: Sequence[str] = ()
) -> list[int]:
    """Return the ids of pages by address (asked for, led to, or as a search showed it), by authority, or by words.

    Words are looked for in texts, titles and what searches showed, without regard to case; a page is meant if any of its
    crawls has them. Texts that came with labels and stand on no page are not among these: :func:`purge` takes them by itself.
    """
    found: set[int] = set()
    with record.begin() as db:
        for url in urls:
            found |= _by_url(db, url)
        if authorities:
            found |= set(db.execute(select(r.page.c.id).where(r.page.c.authority.in_(authorities))).scalars())
        for words in texts:
            found |= _by_words(db, words)
    return sorted(found)


def _by_url(db: Connection, url: str) -> set[int]:
    bare = url.removeprefix("https://").removeprefix("http://")
    either = [f"{scheme}://{bare}" for scheme in ("http", "https")]
    spellings = list(dict.fromkeys([url, *either, *map(canonical_url, either)]))
    capture, hit = r.capture.c, r.hit.c
    queries = (
        select(r.page.c.id).where(r.page.c.url.in_(spellings)),
        select(capture.page_id).where(or_(capture.url.in_(spellings), capture.final_url.in_(spellings))),
        select(hit.page_id).where(hit.url.in_(spellings)),
    )
    return {page for query in queries for page in db.execute(query).scalars()}


def _has(words: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _by_words(db: Connection, words: str) -> set[int]:
    capture = r.capture.c
    judged = select(r.text.c.text_hash).where(_has(words, r.text.c.title, r.text.c.text))
    read = select(r.extraction.c.raw_hash).where(_has(words, r.extraction.c.title, r.extraction.c.text))
    queries = (
        select(capture.page_id).where(or_(capture.text_hash.in_(judged), capture.raw_hash.in_(read))),
        select(r.hit.c.page_id).where(_has(words, r.hit.c.title, r.hit.c.snippet)),
        select(r.page.c.id)  # a text as it was when somebody decided it
        .join(r.label, (r.label.c.url == r.page.c.url) & (r.label.c.authority == r.page.c.authority))
        .where(_has(words, r.label.c.title, r.label.c.text)),
    )
    return {page for query in queries for page in db.execute(query).scalars()}


# -- Takedown -------------------------------------------------------------------------------------------------------------


def purge(
    record: Record,
    pages: Sequence[int],
    *,
    urls: Sequence[str] = (),
    texts: Sequence[str] = (),
    reason: str = "",
    dry_run: bool = False,
) -> Purged:
    """Remove pages everywhere and remember their addresses, and ``urls``, as hashes.

    Labelled texts that stand on no page, as a label file brings them, go by the same ``urls`` and by the words of ``texts``.
    ``reason`` (no content: a ticket's number) goes into the log of purges. No crawl may be running: see
    :func:`study.runlock.run_lock`.
    """
    with record.begin() as db:
        captures = list(_each(db, select(r.capture), r.capture.c.page_id, pages))
        # not where a page led: that may be a home page, to which others lead as well
        of_pages = list(_each(db, select(r.page.c.url, r.page.c.authority), r.page.c.id, pages))
        addresses = {row.url for row in of_pages} | {canonical_url(url) for url in urls}
        of_labels = _addresses_of_labels(db, addresses | {row.url for row in captures})
        theirs = {*_only_of(db, pages, r.capture.c.text_hash), *_labelled_at(db, of_labels), *_labelled_with(db, texts)}
        gone = sorted(theirs | _stray_texts(db))
        bodies = _only_of(db, pages, r.capture.c.raw_hash)
        labels = sum(1 for _ in _each(db, select(r.label.c.id).where(r.label.c.text != ""), r.label.c.text_hash, gone))
    kept = _kept(captures)
    done = Purged(len(pages), len(captures), sum(map(len, kept.values())), len(gone), labels, _absent(record, kept))
    if dry_run:
        return done
    _blank_all(record, kept)
    with _without_trace(record) as db:
        remember(db, addresses)
        remember_texts(db, theirs)
        _count_out(db, pages)
        for table in (r.hit, r.capture, r.listed_page):
            _delete(db, table, table.c.page_id, pages)
        _delete(db, r.page, r.page.c.id, pages)
        for table in (r.extraction, r.body):
            _delete(db, table, table.c.raw_hash, bodies)
        for table in (r.text, r.judgement, r.mention, r.near_text, r.assignment):
            _delete(db, table, table.c.text_hash, gone)
        for chunk in _chunks(gone):
            blank = {"title": "", "text": "", "url": None, "note": ""}
            db.execute(update(r.label).where(r.label.c.text_hash.in_(chunk)).values(blank))
        for chunk in _chunks(of_labels):  # labels of a text that stands elsewhere too
            db.execute(update(r.label).where(r.label.c.url.in_(chunk)).values(url=None))
        _forget_lines(db, {row.authority for row in of_pages})
        db.execute(delete(r.reading))  # results pages as they were read, titles and all: read anew the next time
        _log(db, "takedown", reason, done)
    return done


def _count_out(db: Connection, pages: Sequence[int]) -> None:
    """Count the hits that go, by search: what was read and is known no more is no silence (output.findings)."""
    gone = Counter(row.search_id for row in _each(db, select(r.hit.c.search_id), r.hit.c.page_id, pages))
    for search_id, count in sorted(gone.items()):
        db.execute(update(r.search).where(r.search.c.id == search_id).values(left_out=r.search.c.left_out + count))


def _forget_lines(db: Connection, authorities: Iterable[str]) -> None:
    """Take those lines out of the tables of repeated lines that stand on no page of their authority any more.

    What is judged again is judged as before: such a line masks nothing.
    """
    for authority in sorted(authorities):
        tables = db.execute(select(r.site_block).where(r.site_block.c.authority == authority)).all()
        unseen = {line for table in tables for line in table.blocks}
        own = select(r.capture.c.raw_hash).join(r.page).where(r.page.c.authority == authority)
        bodies = db.execute(own.where(r.capture.c.raw_hash.is_not(None)).distinct()).scalars().all() if unseen else []
        for read in _each(db, select(r.extraction.c.text), r.extraction.c.raw_hash, bodies):
            unseen.difference_update(map(normalised, read.text.splitlines()))
            if not unseen:
                break
        for table in tables:
            kept = [line for line in table.blocks if line not in unseen]
            if len(kept) < len(table.blocks):
                this = (r.site_block.c.authority == authority) & (r.site_block.c.version == table.version)
                db.execute(update(r.site_block).where(this).values(blocks=kept))


def _only_of(db: Connection, pages: Sequence[int], column: Any) -> list[str]:
    """Hashes that captures of these pages have and no other capture has."""
    theirs = {row[0] for row in _each(db, select(column).where(column.is_not(None)), r.capture.c.page_id, pages)}
    gone = set(pages)
    others = {row[0] for row in _each(db, select(column, r.capture.c.page_id), column, theirs) if row[1] not in gone}
    return sorted(theirs - others)


def _stray_texts(db: Connection) -> set[str]:
    """Hashes of texts that no capture has any more and nobody labelled.

    A page read again, by a newer extractor or less other site blocks, is judged by another text; the one before stays where it was. Nobody
    can tell whose it is, so a takedown removes all of these; none is remembered, for most are others'.
    """
    text = r.text.c
    query = select(text.text_hash).where(~_is_captured(text.text_hash), ~_is_labelled(text.text_hash))
    return set(db.execute(query).scalars())


def _addresses_of_labels(db: Connection, addresses: Iterable[str]) -> list[str]:
    """These addresses as labels spell them, which may have come from a file."""
    meant = set(map(without_scheme, addresses))
    spelt = db.execute(select(r.label.c.url).where(r.label.c.url.is_not(None)).distinct()).scalars()
    return sorted(url for url in spelt if without_scheme(url) in meant)


def _labelled_at(db: Connection, addresses: Iterable[str]) -> set[str]:
    """Hashes of labelled texts on these addresses that no capture has (any more)."""
    label = r.label.c
    query = select(label.text_hash).where(~_is_captured(label.text_hash))
    return {row[0] for row in _each(db, query, label.url, addresses)}


def _labelled_with(db: Connection, texts: Iterable[str]) -> set[str]:
    """Hashes of labelled texts with these words that no capture has (any more)."""
    label = r.label.c
    query = select(label.text_hash).where(~_is_captured(label.text_hash))
    return {
        text_hash
        for words in texts
        for text_hash in db.execute(query.where(_has(words, label.title, label.text))).scalars()
    }


def _is_captured(text_hash: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(r.capture.c.text_hash == text_hash)


def _is_labelled(text_hash: ColumnElement[str]) -> ColumnElement[bool]:
    """By somebody who read it: a row that follows from a near-duplicate's is not a reason to keep a text."""
    return exists().where(r.label.c.text_hash == text_hash, r.label.c.follows.is_(None))


# -- Retention ------------------------------------------------------------------------------------------------------------


def retain(record: Record, since: date, *, dry_run: bool = False) -> Purged:
    """Remove bytes and texts of crawls that speak for days before ``since``; what was found in them stays, with its quotes.

    Bytes and texts that a later capture still stands on are kept: of a page that has not changed there is one copy. Texts
    that no capture has any more, and nobody labelled, go whatever their age: see :func:`_stray_texts`.
    """
    capture = r.capture.c
    old_crawls = select(r.crawl.c.id).where(r.crawl.c.as_of < since)
    old, young = capture.crawl_id.in_(old_crawls), capture.crawl_id.not_in(old_crawls)
    with record.begin() as db:
        needed = select(capture.raw_hash).where(young, capture.raw_hash.is_not(None))
        captures = db.execute(
            select(r.capture).where(old, capture.warc_file.is_not(None), capture.raw_hash.not_in(needed))
        ).all()
        read = select(capture.raw_hash).where(old, capture.raw_hash.is_not(None), capture.raw_hash.not_in(needed))
        bodies = sorted(set(db.execute(read.join(r.extraction, r.extraction.c.raw_hash == capture.raw_hash)).scalars()))
        still = select(capture.text_hash).where(young, capture.text_hash.is_not(None))
        judged = select(capture.text_hash).where(old, capture.text_hash.is_not(None), capture.text_hash.not_in(still))
        earlier = _stray_texts(db)
        texts = sorted({*db.execute(judged.join(r.text, r.text.c.text_hash == capture.text_hash)).scalars(), *earlier})
        pages = len({row.page_id for row in captures})
    kept = _kept(captures)
    done = Purged(pages, len(captures), sum(map(len, kept.values())), len(texts), 0, _absent(record, kept))
    if dry_run:
        return done
    _blank_all(record, kept)
    with _without_trace(record) as db:
        none = {"warc_file": None, "warc_offset": None, "warc_length": None}
        for chunk in _chunks([row.id for row in captures]):
            db.execute(update(r.capture).where(r.capture.c.id.in_(chunk)).values(none))
        _delete(db, r.extraction, r.extraction.c.raw_hash, bodies)
        _delete(db, r.text, r.text.c.text_hash, texts)
        searches = select(r.search.c.id).where(r.search.c.crawl_id.in_(old_crawls))
        db.execute(update(r.hit).where(r.hit.c.search_id.in_(searches)).values(title="", snippet=""))
        for chunk in _chunks(texts):
            of_it = r.judgement.c.text_hash.in_(chunk) & (r.judgement.c.relevance == "off-topic")
            db.execute(update(r.judgement).where(of_it).values(evidence=[]))
        for table in (r.judgement, r.mention, r.near_text):
            _delete(db, table, table.c.text_hash, earlier)
        if bodies:
            _forget_lines(db, db.execute(select(r.site_block.c.authority).distinct()).scalars().all())
        db.execute(delete(r.reading))
        if captures or texts:
            _log(db, "retention", f"before {since}", done)
    return done


# -- Bytes ----------------------------------------------------------------------------------------------------------------


def blank(path: Path, places: Iterable[tuple[int, int]]) -> None:
    """Overwrite records of a WARC file, given as (offset, length), with empty ones of the same length.

    All other records keep their places. The file is written anew beside its own and moved there, so that at no moment a
    half-written one stands in its place; its old blocks are overwritten by nobody: see docs/data-protection.md.
    """
    unfinished = path.with_name(f".{path.name}.purge")
    with path.open("rb") as whole, unfinished.open("wb") as copy:
        shutil.copyfileobj(whole, copy, 1 << 20)
        for offset, length in places:
            copy.seek(offset)
            copy.write(filler(length))
        copy.flush()
        os.fsync(copy.fileno())
    os.replace(unfinished, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def filler(length: int) -> bytes:
    """Return a gzip member of exactly ``length`` bytes that holds a WARC record of no content (or nothing, where it is too short)."""
    for content in (_EMPTY_RECORD, b""):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        room = length - len(_MEMBER) - 1 - len(packed) - 8
        if room >= 0:
            end = struct.pack("<II", zlib.crc32(content), len(content))
            return _MEMBER + b"-" * room + b"\x00" + packed + end
    return b"\x00" * length


def _blank_all(record: Record, kept: dict[str, list[tuple[int, int]]]) -> None:
    for file, places in sorted(kept.items()):
        path = record.directory / "warc" / file
        if path.exists():
            blank(path, places)


def _absent(record: Record, kept: dict[str, list[tuple[int, int]]]) -> tuple[str, ...]:
    return tuple(sorted(file for file in kept if not (record.directory / "warc" / file).exists()))


def _kept(captures: Iterable[Any]) -> dict[str, list[tuple[int, int]]]:
    kept: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in captures:
        if row.warc_file is not None:
            kept[row.warc_file].append((int(row.warc_offset), int(row.warc_length)))
    return kept


# -- Rows -----------------------------------------------------------------------------------------------------------------


@contextmanager
def _without_trace(record: Record) -> Iterator[Connection]:
    """Yield a transaction after which SQLite's file does not hold what was deleted: pages zeroed, the log written back."""
    with record.engine.connect() as db:
        sqlite = db.dialect.name == "sqlite"
        if sqlite:
            db.exec_driver_sql("PRAGMA secure_delete=ON")
            db.commit()
        with db.begin():
            yield db
        if sqlite:
            db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            db.commit()


def _log(db: Connection, kind: str, reason: str, done: Purged) -> None:
    counts = {"pages": done.pages, "captures": done.captures, "warc_records": done.warc_records, "labels": done.labels}
    db.execute(
        insert(r.purge).values(kind=kind, reason=reason, purged_at=datetime.now(UTC), texts=done.texts, **counts)
    )


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = list(items)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def _each(db: Connection, query: Any, column: Any, items: Iterable[Any]) -> Iterator[Any]:
    for chunk in _chunks(items):
        yield from db.execute(query.where(column.in_(chunk)))


def _delete(db: Connection, table: Any, column: Any, items: Iterable[Any]) -> None:
    for chunk in _chunks(items):
        db.execute(delete(table).where(column.in_(chunk)))
