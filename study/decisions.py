"""What people decided about texts: the append-only label rows, read as one standing decision per text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from study import record as r
from study.record import Record

RELEVANCES = ("relevant", "off-topic", "ambiguous")


@dataclass(frozen=True)
class Decision:
    """The standing decision about one text; ``disputed`` where annotators differ and nobody has adjudicated."""

    text_hash: str
    relevance: str  # relevant | off-topic | ambiguous
    relation: str
    topics: tuple[str, ...]
    approaches: tuple[str, ...]
    depth: str
    flags: tuple[str, ...]
    people: int
    disputed: bool


def decisions(record: Record, protocol: str) -> dict[str, Decision]:
    """Return the standing decision of each labelled text of a protocol, by text hash.

    Each annotator's newest row counts; an adjudicator's settles the text; where annotators differ on relevance it is
    ambiguous until one does. A skip decides nothing.
    """
    query = select(r.label).where(r.label.c.protocol == protocol, r.label.c.decision != "skip").order_by(r.label.c.id)
    rows: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    with record.begin() as db:
        for row in db.execute(query):
            rows[row.text_hash][row.role, row.annotator] = row
    return {text_hash: _standing(text_hash, by_person) for text_hash, by_person in rows.items()}


def _standing(text_hash: str, by_person: dict[tuple[str, str], Any]) -> Decision:
    settled = [row for (role, _), row in by_person.items() if role == "adjudicator"]
    rows = settled[-1:] or list(by_person.values())
    disputed = len({row.decision for row in rows}) > 1
    newest = max(rows, key=lambda row: row.id)
    return Decision(
        text_hash=text_hash,
        relevance="ambiguous" if disputed else newest.decision,
        relation=newest.relation or "none",
        topics=tuple(newest.topics),
        approaches=tuple(newest.approaches),
        depth=newest.depth or "main",
        flags=tuple(newest.flags),
        people=len({annotator for _, annotator in by_person}),
        disputed=disputed,
    )
