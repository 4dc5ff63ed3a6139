"""Where people differ: the texts an adjudicator is to settle, with what each person said of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from study import record as r
from study.decisions import newest
from study.protocol import Protocol
from study.record import Record

WHY = {
    "differ": "They differ on whether it is relevant.",
    "unsure": "Somebody is unsure.",
    "relation": "They agree that it is relevant, and differ on what it is: mentoring, coaching or both.",
    "approaches": "They agree that it is relevant, and differ on its approaches.",
}


@dataclass(frozen=True)
class Disagreement:
    """One text to settle: ``why`` is a key of WHY, ``rows`` the label rows of the people, in the order of their names."""

    text_hash: str
    group: str
    why: str
    rows: tuple[Any, ...]


def disagreements(
    record: Record, protocol: Protocol, groups: Mapping[str, str], *, settled: bool = False
) -> list[Disagreement]:
    """Return what nobody has adjudicated yet (with ``settled`` all), oldest first; ``groups`` is text -> group.

    Only what people said of texts they read; near-duplicates that two people read count as one text.
    """
    query = select(*(column for column in r.label.c if column.name != "text")).where(
        r.label.c.protocol == protocol.name, r.label.c.follows.is_(None)
    )
    with record.begin() as db:
        said = newest(db.execute(query.order_by(r.label.c.id)))
    by_group: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    for text_hash, by_person in said.items():
        for who, row in by_person.items():
            known = by_group[groups.get(text_hash, text_hash)].get(who)
            if known is None or known.id < row.id:
                by_group[groups.get(text_hash, text_hash)][who] = row
    found = []
    for group, by_person in by_group.items():
        rows = tuple(row for _, row in sorted(by_person.items()) if row.role != "adjudicator")
        if len(rows) < len(by_person) and not settled:
            continue
        why = _why(rows)
        if why is not None:
            found.append(Disagreement(min(rows, key=lambda row: int(row.id)).text_hash, group, why, rows))
    return sorted(found, key=lambda one: max(int(row.id) for row in one.rows))


def _why(rows: tuple[Any, ...]) -> str | None:
    decisions = {row.decision for row in rows}
    if "ambiguous" in decisions:
        return "unsure"
    if len(decisions) > 1:
        return "differ"
    if decisions == {"relevant"} and len({row.relation for row in rows if row.relation}) > 1:
        return "relation"
    if decisions == {"relevant"} and len({frozenset(row.approaches) for row in rows}) > 1:
        return "approaches"
    return None
