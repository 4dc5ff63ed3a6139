"""Our own files, CSV and JSONL: one row a decision (or a text nobody has decided), every column, nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from labels import queue
from labels.decide import SAID
from labels.exchange.items import COLUMNS, Item
from labels.files import Rows, read_decisions, write_cells, write_lines
from study.protocol import Protocol

ANSWERS = (*SAID, "seconds")


def rows(items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    """Yield one row a decision; one a text where nobody has decided it."""
    for item in items:
        for said in item.said or (None,):
            yield item.row(said)


def write_csv(path: Path, items: Iterable[Item], protocol: Protocol) -> int:
    """Write a CSV file that Excel opens, its texts raw; return the number of rows."""
    return write_cells(path, COLUMNS, ([row[column] for column in COLUMNS] for row in rows(items)))


def write_jsonl(path: Path, items: Iterable[Item], protocol: Protocol) -> int:
    """Write one JSON object a line; return the number of lines."""
    return write_lines(path, rows(items))


def read(path: Path, protocol: Protocol) -> Rows:
    """Yield the decided rows, numbered as a spreadsheet or an editor does."""
    return read_decisions(path)


def write_queue(path: Path, items: Iterable[queue.QueueItem]) -> int:
    """Write a queue with empty columns for the answers; return how many items it holds."""
    rows = (
        {column: getattr(item, column) for column in queue.COLUMNS}
        | {"evidence": " … ".join(item.evidence)}
        | dict.fromkeys(ANSWERS, "")
        for item in items
    )
    if path.suffix.lower() == ".csv":
        return write_cells(path, (*queue.COLUMNS, *ANSWERS), (list(row.values()) for row in rows))
    return write_lines(path, rows)
