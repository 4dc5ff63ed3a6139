"""What people decided about texts: the append-only label rows, read as one standing decision per text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from study import record as r
from study.record import Record

RELEVANCES = ("relevant", "off-topic", "ambiguous")
DEPTHS = ("main", "section", "brief")
UNDECIDED = ("skip", "undone")  # rows that decide nothing: the annotator put the text off, or took a decision back


@dataclass(frozen=True)
class Decision:
    """The standing decision about one text; ``disputed`` where annotators differ and nobody has adjudicated."""

    text_hash: str
    relevance: str  # relevant | off-topic | ambiguous
    relations: tuple[str, ...]  # all that somebody named; none where everybody left it open
    topics: tuple[str, ...]
    approaches: tuple[str, ...]
    contested: tuple[str, ...]  # approaches that some gave and others, who call the text relevant as well, did not
    approaches_open: bool  # somebody was unsure and gave none: that says nothing against what the model gives
    depth: str | None  # None where nobody chose one
    flags: tuple[str, ...]
    people: int
    disputed: bool
    follows: bool  # nobody read this text: the decision was made on a near-duplicate


def decisions(record: Record, protocol: str, texts: Collection[str] | None = None) -> dict[str, Decision]:
    """Return the standing decision of each labelled text of a protocol, or of some ``texts``, by text hash.

    Each annotator's newest row counts, or nothing of theirs if it is a skip or takes a decision back; the newest of an
    adjudicator settles the text; where annotators differ on relevance it is ambiguous until one does. Of several who count,
    what each named stands, whoever saved last.
    """
    query = select(r.label).where(r.label.c.protocol == protocol)
    if texts is not None:
        query = query.where(r.label.c.text_hash.in_(texts))
    with record.begin() as db:
        rows = newest(db.execute(query.order_by(r.label.c.id)))
    return {text_hash: _standing(text_hash, by_person) for text_hash, by_person in rows.items()}


def newest(rows: Iterable[Any]) -> dict[str, dict[tuple[str, str], Any]]:
    """Return what each person says of each text now: label rows in the order of their ids in, text -> (role, annotator) -> row out.

    A person whose newest row is a skip or takes a decision back says nothing; texts of which nobody says anything are left out.
    """
    said: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    for row in rows:
        said[row.text_hash][row.role, row.annotator] = row
    standing = {
        text_hash: {person: row for person, row in by_person.items() if row.decision not in UNDECIDED}
        for text_hash, by_person in said.items()
    }
    return {text_hash: by_person for text_hash, by_person in standing.items() if by_person}


def _standing(text_hash: str, by_person: dict[tuple[str, str], Any]) -> Decision:
    settled = [row for (role, _), row in by_person.items() if role == "adjudicator"]
    rows = sorted(settled, key=lambda row: row.id)[-1:] or [row for _, row in sorted(by_person.items())]
    said = {row.decision for row in rows}
    telling = [row for row in rows if row.decision != "off-topic"] or rows  # what is off-topic offers nothing
    given = _union(row.approaches for row in telling)
    contested = {code for code in given if said == {"relevant"} and not all(code in row.approaches for row in telling)}
    return Decision(
        text_hash=text_hash,
        relevance="ambiguous" if len(said) > 1 else rows[0].decision,
        relations=_union([row.relation] for row in telling if row.relation not in (None, "none")),
        topics=_union(row.topics for row in rows),
        approaches=tuple(code for code in given if code not in contested),
        contested=tuple(code for code in given if code in contested),
        approaches_open=any(row.decision == "ambiguous" and not row.approaches for row in rows),
        depth=min((row.depth for row in telling if row.depth), key=DEPTHS.index, default=None),
        flags=_union(row.flags for row in rows),
        people=len({annotator for _, annotator in by_person}),
        disputed=len(said) > 1,
        follows=all(row.follows is not None for row in by_person.values()),
    )


def _union(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the codes that stand in any of the lists, each once."""
    return tuple(dict.fromkeys(code for codes in lists for code in codes))
