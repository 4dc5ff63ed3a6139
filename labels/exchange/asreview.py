"""ASReview LAB: a table with title, abstract and `included` (1, 0, blank) in, its export out. One row a text.

ASReview knows relevant or not. What else was decided stands in further columns, which it hands back untouched; they hold as long as
its own label says the same. A label made or changed in ASReview is a new decision, of the moment that ASReview
wrote, by the pseudonym given on import: its export names people by their own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from labels.columns import shown
from labels.exchange.items import COLUMNS, Item
from labels.files import Rows, content_of, read_cells, write_cells
from study.protocol import Protocol

_OURS = {"relevant": "1", "off-topic": "0"}
_THEIRS = {label: decision for decision, label in _OURS.items()}
_EXTRA = tuple(name for name in COLUMNS if name not in ("title", "text", "url"))
HEADER = ("title", "abstract", "url", "included", *_EXTRA)


def write(path: Path, items: Iterable[Item], protocol: Protocol) -> int:
    """Write a table for ASReview: each text once, with the newest thing said of it."""

    def rows() -> Iterator[list[Any]]:
        for item in items:
            said = item.said[-1] if item.said else None
            row = item.row(said)
            label = _OURS.get(str(said["decision"]), "") if said else ""
            yield [item.title, item.text, item.url, label, *(row[name] for name in _EXTRA)]

    return write_cells(path, HEADER, rows(), encoding="utf-8")


def read(path: Path, protocol: Protocol) -> Rows:
    """Yield decisions from a table that ASReview exported, or that was written for it."""
    rows = list(read_cells(path, content_of(path), "included", form="labels export --format asreview"))
    exported = any("asreview_label" in row for _, row in rows)
    for number, row in rows:
        found = row if "problem" in row else _row(dict(row), "asreview_label" if exported else "included")
        if found is not None:
            yield number, found


def _row(row: dict[str, Any], column: str) -> dict[str, Any] | None:
    ours = {name: row.get(name) or None for name in COLUMNS} | {"title": row.get("title"), "text": row.get("abstract")}
    label = (row.get(column) or "").strip().removesuffix(".0")
    before = str(ours["decision"] or "")
    if label not in ("", *_THEIRS):
        return {"problem": f"{column} {shown(label)}; expected 1, 0 or nothing"}
    if label == _OURS.get(before, ""):
        return ours if before else None
    if not label:
        return ours  # decided with us, not read there
    # Decided in ASReview: a new decision of whoever imports it, and of the codes only what still fits.
    kept = {name: None for name in COLUMNS if name not in ("text_hash", "source", "authority", "url", "title", "text")}
    when = (row.get("asreview_time") or "").strip()
    moment = f"{when.removesuffix('.0')}+00:00" if when and "+" not in when else when or None
    return {
        **ours,
        **kept,
        "decision": _THEIRS[label],
        "note": row.get("asreview_note") or "",
        "decided_at": moment,
    }
