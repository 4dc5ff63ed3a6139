"""Questions about many rows, asked a few hundred at a time: databases bound how many values a statement may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Connection

_AT_ONCE = 500


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield ``items`` in order, as many at a time as one question may hold: both databases bound its parameters."""
    ordered = sorted(items)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def each(db: Connection, query: Select[Any], column: Any, items: Iterable[Any]) -> Iterator[Any]:
    for chunk in chunks(items):
        yield from db.execute(query.where(column.in_(chunk)))
