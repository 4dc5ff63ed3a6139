"""Pages fetched elsewhere, out of WARC files and CSV lists. Both come from strangers: bounded, and what cannot be read is named.

First all are indexed (address, day, place), so that the newest copy of an address is known; then each is read at its place, where a
broken neighbour does no harm.
"""

from __future__ import annotations

import csv
import resource
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from crawler.web import joined
from study.addresses import canonical_url
from study.errors import UserError

LARGEST_BODY = 32 * 1024 * 1024  # bytes, as for what is fetched (DOWNLOAD_MAXSIZE)
MOST_RECORDS = 200_000  # of one file
LONGEST_URL = 2_000
_MEMORY = 1536 * 1024**2  # address space while strangers' files are read: a record's head has no bound of its own
_EARLIEST = date(1990, 1, 1)
# What warcio and what it reads through raise for bytes of no form: it was written for archives of friends.
_BROKEN = (ArchiveLoadFailed, ValueError, OSError, EOFError, zlib.error, MemoryError, AttributeError, TypeError)


class ArchiveError(UserError):
    """Nothing of a file can be taken in; the text names it and says why."""


@dataclass(frozen=True)
class Copy:
    """One copy of a page: where it stands. ``place`` is an offset in bytes, or a line number; ``file`` None: there is no copy."""

    url: str
    at: datetime
    source: Path
    place: int
    file: Path | None
    media_type: str = ""


@dataclass(frozen=True)
class Content:
    """What a copy holds."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Index:
    """The copies found, by day and canonical address, the newest of each; and what could not be read, in words."""

    copies: dict[tuple[date, str], Copy] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, copy: Copy, day: date) -> None:
        """Take a copy into account."""
        key = (day, canonical_url(copy.url))
        other = self.copies.get(key)
        if other is None or copy.at >= other.at:
            self.copies[key] = copy


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Bound this process's address space while inside, so that a bomb is an error and not the end of the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# -- WARC ----------------------------------------------------------------------------------------------------------------


def index_warcs(paths: Iterable[Path], as_of: date | None) -> Index:
    """Index WARC files as one crawl, as of ``as_of``, else of the newest copy's day. Raises :class:`ArchiveError` for none."""
    found: list[Copy] = []
    index = Index()
    for path in paths:
        found += _copies_in(path, index.problems)
    day = as_of or max((copy.at.date() for copy in found), default=_EARLIEST)
    for copy in found:
        index.add(copy, day)
    if not index.copies:
        raise ArchiveError("; ".join(index.problems[:5]) or "there is no page in these files")
    return index


def _copies_in(path: Path, problems: list[str]) -> list[Copy]:
    found: list[Copy] = []
    offset = 0
    try:
        with path.open("rb") as stream:
            records = ArchiveIterator(stream)
            for number, record in enumerate(records):
                if number >= MOST_RECORDS:
                    problems.append(f"{path}: only the first {MOST_RECORDS} records were read")
                    break
                offset = records.get_record_offset()
                if record.rec_type in ("response", "resource"):
                    try:
                        found.append(_copy(path, offset, record))
                    except ValueError as problem:
                        problems.append(f"{path}, at {offset}: {problem}")
    except _BROKEN as problem:
        problems.append(f"{path}, after {offset}: cannot be read any further: {_words(problem)}")
    return found


def _copy(path: Path, offset: int, record: ArcWarcRecord) -> Copy:
    head = record.rec_headers
    url = _address((head.get_header("WARC-Target-URI") or "").strip("<> "))
    at = _moment(head.get_header("WARC-Date") or "")
    return Copy(url, at, path, offset, path)


def read_warc(copy: Copy) -> Content:
    """Return what a WARC record holds; raise ValueError where it is not to be had."""
    with copy.source.open("rb") as stream:
        stream.seek(copy.place)
        try:
            record = next(iter(ArchiveIterator(stream)))
            status, headers = _head(record)
            body = bytes(record.content_stream().read(LARGEST_BODY + 1))
        except (*_BROKEN, StopIteration) as problem:
            raise ValueError(f"cannot be read: {_words(problem)}") from problem
    if len(body) > LARGEST_BODY:
        raise ValueError(f"more than {LARGEST_BODY} bytes")
    return Content(status, headers, body)


def _head(record: ArcWarcRecord) -> tuple[int, dict[str, str]]:
    if record.http_headers is None:
        return 200, {"content-type": str(record.rec_headers.get_header("Content-Type") or "")}
    status = str(record.http_headers.get_statuscode())
    if not (status.isascii() and status.isdigit() and len(status) == 3):
        raise ValueError(f"no HTTP status ({status[:20]!r})")
    headers: dict[str, str] = {}
    for name, value in record.http_headers.headers[:200]:
        headers[str(name).lower()[:100]] = str(value)[:4000]
    return int(status), headers


# -- CSV -----------------------------------------------------------------------------------------------------------------


def index_csv(path: Path) -> Index:
    """Index a CSV (url, date; file, media_type): a crawl for each date. Raises :class:`ArchiveError` where it is none."""
    index = Index()
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            if not {"url", "date"} <= set(rows.fieldnames or ()):
                raise ArchiveError(f"{path}: expected columns url and date (and where wanted file, media_type)")
            for number, row in enumerate(rows, start=2):
                if number > MOST_RECORDS:
                    index.problems.append(f"{path}: only the first {MOST_RECORDS} rows were read")
                    break
                try:
                    copy = _listed(path, number, row)
                except ValueError as problem:
                    index.problems.append(f"{path}, line {number}: {problem}")
                else:
                    index.add(copy, copy.at.date())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise ArchiveError(f"{path}: cannot be read: {problem}") from problem
    if not index.copies:
        raise ArchiveError("; ".join(index.problems[:5]) or f"{path}: has no rows")
    return index


def _listed(path: Path, number: int, row: dict[str, Any]) -> Copy:
    url = _address((row["url"] or "").strip())
    try:
        day = date.fromisoformat((row["date"] or "").strip())
    except ValueError as problem:
        raise ValueError(f"{row['date']!r} is no date; expected 2009-06-30") from problem
    at = datetime.combine(day, time(12), UTC)
    _check_day(at)
    name = (row.get("file") or "").strip()
    file = None
    if name:
        folder = path.resolve().parent
        file = (folder / name).resolve()
        if not file.is_relative_to(folder):
            raise ValueError(f"{name!r} is outside of {folder}")
    return Copy(url, at, path, number, file, (row.get("media_type") or "").strip())


def read_file(copy: Copy) -> Content:
    """Return what a saved page holds; raise ValueError where it is not to be had."""
    assert copy.file is not None
    try:
        with copy.file.open("rb") as stream:
            body = stream.read(LARGEST_BODY + 1)
    except OSError as problem:
        raise ValueError(f"{copy.file} cannot be read: {problem.strerror}") from problem
    if len(body) > LARGEST_BODY:
        raise ValueError(f"{copy.file} has more than {LARGEST_BODY} bytes")
    return Content(200, {"content-type": copy.media_type} if copy.media_type else {}, body)


# -- Both ----------------------------------------------------------------------------------------------------------------


def _address(url: str) -> str:
    whole = joined(url, url) if len(url) <= LONGEST_URL else ""
    if not whole:
        raise ValueError(f"{url[:80]!r} is no web address")
    return whole


def _moment(said: str) -> datetime:
    try:
        at = datetime.fromisoformat(said.strip())
    except ValueError as problem:
        raise ValueError(f"{said[:40]!r} is no WARC-Date") from problem
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    _check_day(at)
    return at


def _check_day(at: datetime) -> None:
    if not _EARLIEST <= at.date() <= datetime.now(UTC).date() + timedelta(days=1):
        raise ValueError(f"{at.date()} cannot be the day that it was fetched")


def _words(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200] or type(problem).__name__
