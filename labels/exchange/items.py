"""What is exchanged: texts, each with what people said of it. The neutral form that every format maps to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from labels.columns import shown
from labels.decide import SAID as DECIDED
from labels.queue import Entry, decided_groups, order
from study import record as r
from study.decisions import UNDECIDED, newest
from study.protocol import Protocol
from study.record import Record

SAID = ("annotator", "role", *DECIDED, "seconds", "decided_at", "codebook", "score_shown")
COLUMNS = ("text_hash", "source", "authority", "url", "title", "text", *SAID)
WHICH = ("queue", "labelled", "relevant", "all")
KINDS = {"relation": "relation", "topic": "topics", "approach": "approaches", "depth": "depth", "flag": "flags"}
_LISTS = ("topics", "approaches", "flags")


@dataclass(frozen=True)
class Item:
    """One text; ``said`` are rows with the columns SAID, oldest first (none: nobody has decided it)."""

    text_hash: str
    source: str
    authority: str
    url: str
    title: str
    text: str
    said: tuple[Mapping[str, Any], ...] = ()

    def row(self, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the text, and one thing said of it, as one row of COLUMNS."""
        blank: dict[str, Any] = {name: [] if name in _LISTS else None for name in SAID}
        about = {name: getattr(self, name) for name in COLUMNS[: -len(SAID)]}
        return {**about, **blank, **(said or {})}


def items(record: Record, protocol: Protocol, crawl_id: int, which: str, *, history: bool = False) -> Iterator[Item]:
    """Yield the texts to export: the ``queue`` of a crawl, all that are ``labelled``, the ``relevant`` of these, or ``all``.

    ``history``: every row of every person, in the order they were made, else each person's standing decision. Rows that only
    follow from a near-duplicate's are left out: they come back by themselves.
    """
    if which in ("labelled", "relevant", "all"):
        yield from _labelled(record, protocol, history=history, only="relevant" if which == "relevant" else "")
    if which in ("queue", "all"):
        for entry in order(
            record, protocol, crawl_id, without=decided_groups(record, protocol, crawl_id), everything=which == "all"
        ):
            yield _queued(record, entry)


def codes(said: Mapping[str, Any]) -> list[str]:
    """Return a decision as one flat list, for tools that know only labels: 'relevant', 'relation:both', 'topic:bus-coach'."""
    found = [str(said["decision"])]
    for kind, column in KINDS.items():
        value = said.get(column) or []
        found += [f"{kind}:{code}" for code in (value if isinstance(value, list | tuple) else [value])]
    return found


def of_codes(given: list[str]) -> dict[str, Any]:
    """Return the decision that a flat list of labels says; the other way round of :func:`codes`. Raises ValueError."""
    said: dict[str, Any] = {"decision": "", "topics": [], "approaches": [], "flags": []}
    for label in given:
        kind, colon, code = label.partition(":")
        if not colon:
            if said["decision"]:
                raise ValueError(f"labels {shown(said['decision'])} and {shown(label)}: expected one decision")
            said["decision"] = label.lower()
        elif kind not in KINDS:
            raise ValueError(
                f"label {shown(label)}; expected a decision, or one of {', '.join(KINDS)} with a colon and a code"
            )
        elif isinstance(said.get(KINDS[kind]), list):
            said[KINDS[kind]].append(code)
        else:
            said[KINDS[kind]] = code
    if not said["decision"]:
        raise ValueError(f"labels {shown(given)} without a decision (relevant, off-topic, ambiguous or skip)")
    return said


def vocabulary(protocol: Protocol) -> dict[str, list[str]]:
    """Return the codes of each kind that a decision may use."""
    return {
        "relation": [one.code for one in protocol.relations],
        "topic": [one.code for one in protocol.topics],
        "approach": [one.code for one in protocol.approaches],
        "depth": ["main", "section", "brief"],
        "flag": [one.code for one in protocol.flags],
    }


def _labelled(record: Record, protocol: Protocol, *, history: bool, only: str) -> Iterator[Item]:
    query = select(r.label).where(r.label.c.protocol == protocol.name, r.label.c.follows.is_(None))
    with record.begin() as db:
        rows = list(db.execute(query.order_by(r.label.c.id)))
    standing = newest(rows)
    by_text: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_text[row.text_hash].append(row)
    for text_hash, made in by_text.items():
        kept = made if history else sorted(standing.get(text_hash, {}).values(), key=lambda row: int(row.id))
        decided = [row for row in kept if row.decision not in UNDECIDED]
        if not kept or (only and not any(row.decision == only for row in decided)):
            continue
        first = made[0]
        said = tuple(_said(row) for row in kept)
        yield Item(text_hash, first.source, first.authority or "", first.url or "", first.title, first.text, said)


def _said(row: Any) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in SAID}
    return said | {"decided_at": row.decided_at.isoformat(), "source": row.source}


def _queued(record: Record, entry: Entry) -> Item:
    with record.begin() as db:
        text = db.execute(select(r.text).where(r.text.c.text_hash == entry.text_hash)).one()
    return Item(entry.text_hash, entry.source, entry.authority, entry.url, text.title, text.text)
