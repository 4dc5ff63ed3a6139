"""The record: the tables every stage reads and writes, and nothing else that stages share.

One database holds what was asked, what was seen, what was judged and what people decided: SQLite by default, PostgreSQL by
URL, the same SQL on both. Work to do is rows whose ``state`` is ``pending``; work done is committed with its result.

    with Record.open("sqlite:///data/mentorwatch.db") as record, record.begin() as db:
        db.execute(select(record_tables.search))

The tables are SQLAlchemy Core, declared in study/tables.py and reached from here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError

from study.columns import clean
from study.errors import UserError
from study.tables import (
    assignment,
    body,
    capture,
    crawl,
    extraction,
    hit,
    judgement,
    label,
    listed_page,
    mention,
    metadata,
    model,
    near_text,
    page,
    purge,
    purged_text,
    purged_url,
    reading,
    search,
    site,
    site_block,
    sitemap_file,
    text,
)

__all__ = [
    "ARCHIVE",
    "Record",
    "RecordError",
    "assignment",
    "body",
    "capture",
    "clean",
    "crawl",
    "extraction",
    "hit",
    "insert_new",
    "judgement",
    "label",
    "listed_page",
    "mention",
    "metadata",
    "model",
    "near_text",
    "page",
    "purge",
    "purged_text",
    "purged_url",
    "reading",
    "search",
    "site",
    "site_block",
    "sitemap_file",
    "text",
    "text_hash",
]

ARCHIVE = "archive"  # the sample of a crawl made elsewhere and taken in: never the newest, whatever its day
DEFAULT_URL = "sqlite:///data/mentorwatch.db"
ENVIRONMENT_VARIABLE = "MENTORWATCH_RECORD"
DIRECTORY_VARIABLE = "MENTORWATCH_DIRECTORY"  # of a record on PostgreSQL: where WARC files and models stand


_CRAWLING = 20_080_729  # the advisory lock of crawling processes on PostgreSQL


class RecordError(UserError):
    """The record cannot be opened or read; the text names the URL and what to do. Do not retry without a change."""


def text_hash(title: str, body_text: str) -> str:
    """Return the identity of a text: SHA-256 over title and text with white space folded."""
    folded = " ".join(title.split()) + "\n" + "\n".join(" ".join(line.split()) for line in body_text.splitlines())
    return hashlib.sha256(clean(folded).encode()).hexdigest()


class Record:
    """An open record. Use :meth:`open`; ``engine`` is there for whoever needs plain SQLAlchemy."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str = DEFAULT_URL, *, create: bool = True) -> Record:
        """Open the record at ``url`` and bring its tables up to date.

        Parameters: ``url`` an SQLAlchemy URL (``sqlite:///path`` or ``postgresql://...``); ``create`` false refuses to
        make a new SQLite file. Raises :class:`RecordError` naming the URL (password masked) and what is wrong with it.
        """
        from study.migrations.upgrade import upgrade

        engine = _engine(url, create=create)
        _make_private(engine)
        try:
            upgrade(engine)
        except DatabaseError as problem:
            engine.dispose()
            raise RecordError(
                f"{engine.url!r}: cannot be opened: {problem.orig}. If it is damaged, put the last backup in its place "
                "(docs/operating.md, Backup)"
            ) from problem
        return cls(engine)

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection in a transaction, committed at the end, rolled back on an exception."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def begin_crawling(self) -> Iterator[Connection]:
        """Like :meth:`begin`, for a crawling process: :meth:`settle` of the next one waits for it."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock_shared(_CRAWLING)))
            yield connection

    def settle(self) -> None:
        """Wait until what a killed crawling process had sent is committed or rolled back.

        PostgreSQL finishes a commit after its client was killed; whoever reads before that would do the work again.
        """
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_CRAWLING)))

    @property
    def directory(self) -> Path:
        """The folder for what stands beside the record (WARC files, models); for PostgreSQL, MENTORWATCH_DIRECTORY or data."""
        if self.engine.dialect.name == "sqlite" and self.engine.url.database not in (None, "", ":memory:"):
            return Path(str(self.engine.url.database)).resolve().parent
        return Path(os.environ.get(DIRECTORY_VARIABLE) or "data").resolve()

    @property
    def name(self) -> str:
        """What tells this record from others that share its folder: the database's file name, on PostgreSQL its host and name."""
        url = self.engine.url
        if self.engine.dialect.name == "sqlite":
            return Path(str(url.database)).name
        port = f":{url.port}" if url.port else ""
        return f"postgresql://{url.host or ''}{port}/{url.database}"

    def latest_crawl(self, protocol: str | None = None) -> int:
        """Return the id of the newest crawl (of ``protocol``) that was made here; raise :class:`RecordError` when there is none."""
        query = select(crawl.c.id).where(crawl.c.sample != ARCHIVE).order_by(crawl.c.id.desc()).limit(1)
        if protocol is not None:
            query = query.where(crawl.c.protocol == protocol)
        others = select(crawl.c.protocol).where(crawl.c.sample != ARCHIVE).distinct().order_by(crawl.c.protocol)
        with self.begin() as db:
            found = db.execute(query).scalar()
            studies = list(db.execute(others).scalars()) if found is None else []
        if studies:
            raise RecordError(
                f"{self.engine.url!r}: there is no crawl of {protocol}, only of {', '.join(studies)}; "
                f"run `mentorwatch crawl --protocol {protocol}` first or name another --protocol"
            )
        if found is None:
            raise RecordError(f"{self.engine.url!r}: holds no crawl yet; run `mentorwatch crawl` first")
        return int(found)

    def crawl_of(self, protocol: str, wanted: int | None) -> int:
        """Return the id of the crawl that is ``wanted`` (None: the newest) of ``protocol``.

        Raises :class:`RecordError` where there is no such crawl, or it is of another protocol.
        """
        if wanted is None:
            return self.latest_crawl(protocol)
        with self.begin() as db:
            found = db.execute(select(crawl.c.protocol).where(crawl.c.id == wanted)).scalar()
        if found is None:
            raise RecordError(f"{self.engine.url!r}: there is no crawl {wanted}; `mentorwatch status` shows the newest")
        if found != protocol:
            raise RecordError(f"crawl {wanted} is of the protocol {found}; add --protocol {found}")
        return wanted


def masked(url: str) -> str:
    """Return a URL that cannot be taken apart without what may be a password in it."""
    return re.sub(r":.*@", ":***@", url, flags=re.DOTALL)


def directory_of(url: str) -> Path:
    """Return the folder for what stands beside the record at ``url``, which need not be fit to be opened."""
    return Record(_engine(url, create=True)).directory


def _engine(url: str, *, create: bool) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as problem:  # ValueError: a port that is no number
        raise RecordError(
            f"{masked(url)!r} is not a database URL; expected sqlite:///path/to/file.db or postgresql://user@host/name"
        ) from problem
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise RecordError(f"{parsed!r}: this kind of database is not supported (sqlite and postgresql are)")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        path = Path(str(parsed.database))
        if not create and not path.exists():
            raise RecordError(
                f"{path}: there is no record here; run `mentorwatch crawl` first or name another --record"
            )
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise RecordError(f"{path}: cannot make its folder: {problem}") from problem
    try:
        engine = create_engine(parsed)
    except ModuleNotFoundError as problem:
        raise RecordError(
            f"{parsed!r}: needs the postgres extra: in the checkout, pip install -e '.[postgres]'"
        ) from problem
    event.listen(engine, "handle_error", _name_the_record)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_private(engine: Engine) -> None:
    # Names of staff stand in it. SQLite gives the files beside a database the database's own permissions.
    database = engine.url.database
    if engine.dialect.name == "sqlite" and database not in (None, "", ":memory:"):
        with suppress(OSError):  # it is there already; or it cannot be made, which whoever opens it hears of
            os.close(os.open(str(database), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _name_the_record(context: ExceptionContext) -> None:
    # For whoever shows the error: the database's own text does not say which database it was.
    if context.sqlalchemy_exception is not None and context.engine is not None:
        context.sqlalchemy_exception.add_note(repr(context.engine.url))


def _prepare_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    # WAL: readers do not stop the writer. FULL: a commit has reached the disk when it returns (kill -9, power cut).
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=60000")
    cursor.close()


def insert_new(db: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` into ``table``, leaving alone those that already stand there (either database)."""
    if not rows:
        return
    make = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
    db.execute(make(table).on_conflict_do_nothing(), list(rows))
