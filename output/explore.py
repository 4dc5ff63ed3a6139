"""The record and its newest report for Datasette: files to open, what they hold in words, and questions that are ready.

The record is opened as it is (SQLite) or copied (PostgreSQL); the report's tables go into an SQLite file of their own.
"""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import create_engine, select

from output.columns import Described
from output.places import CREDIT
from output.report import Made
from study import record as r
from study.record import Record

REPORT = "report"  # the database of the report's tables
_FILE = Path(__file__).with_name("explore.toml")
PLUGINS = Path(__file__).with_name("datasette_plugins")
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Exploration:
    """What Datasette is given."""

    report: Path
    record: Path
    metadata: Path


def prepare(record: Record, made: Made, folder: Path) -> Exploration:
    """Write what there is to explore into ``folder``; a record on PostgreSQL is copied there."""
    report = folder / f"{REPORT}.db"
    _write_report(report, made.tables)
    path = _sqlite_path(record)
    if path is None:
        path = folder / "record.db"
        copy(record, path)
    metadata = folder / "metadata.json"
    name = path.stem if path.stem != REPORT else f"{REPORT}_2"  # as Datasette names a second one
    metadata.write_text(json.dumps(_metadata(name, made)), encoding="utf-8")
    return Exploration(report, path, metadata)


def queries() -> dict[str, dict[str, str]]:
    """Return the questions that are ready: title, about and sql by name."""
    return dict(_said()["queries"])


def described_tables() -> dict[str, str]:
    """Return what is said of the record's tables."""
    return dict(_said()["record"])


def copy(record: Record, path: Path) -> None:
    """Copy a record into a new SQLite file, table by table, without holding one in memory."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        r.metadata.create_all(engine)
        with record.begin() as source, engine.begin() as target:
            for table in r.metadata.sorted_tables:
                rows = source.execution_options(stream_results=True).execute(select(table))
                for chunk in rows.mappings().partitions(_AT_ONCE):
                    target.execute(table.insert(), [dict(row) for row in chunk])
    finally:
        engine.dispose()


def _said() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _sqlite_path(record: Record) -> Path | None:
    database = record.engine.url.database
    return Path(database).resolve() if record.engine.dialect.name == "sqlite" and database else None


def _write_report(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    with sqlite3.connect(path) as db:
        for name, table in tables.items():
            table.to_sql(name, db, index=False, dtype={str(column): "BLOB" for column in table.columns})
    db.close()


def _metadata(record_name: str, made: Made) -> dict[str, Any]:
    ready = {
        name: {"title": query["title"], "description": query["about"], "sql": query["sql"].strip()}
        for name, query in queries().items()
        if all(table in made.tables for table in _tables_in(query["sql"]))
    }
    return {
        "title": made.tally.protocol.title,
        "description": f"Crawl {made.tally.rows.crawl_id}, as of {made.tally.rows.as_of}: its report, and the record. {CREDIT}",
        "databases": {
            REPORT: {
                "description": "The tables of the report: what is published. Begin with the queries.",
                "queries": ready,
                "tables": {name: _table(table) for name, table in made.described.items()},
            },
            record_name: {
                "description": "The record: everything that was asked, seen, judged and decided. Private: pages name people.",
                "tables": {name: {"description": about} for name, about in described_tables().items()},
            },
        },
    }


def _tables_in(sql: str) -> set[str]:
    words = sql.replace(",", " ").split()
    return {word.strip("()") for before, word in pairwise(words) if before == "from"}


def _table(table: Described) -> dict[str, Any]:
    return {
        "title": f"{table.name}: {table.title}",
        "description": table.about,
        "columns": {column.name: column.about for column in table.columns},
    }
