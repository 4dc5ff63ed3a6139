"""Save decisions: each is checked against the protocol and added; nothing is overwritten.

A decision holds for its text and for the near-duplicates of it (labels.nearness): each of those gets a row of its own that
names the row it follows, unless the annotator has read and decided that very text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from labels.codebook import codebook
from labels.columns import codes, plain, shown
from study import record as r
from study.decisions import DEPTHS, RELEVANCES, UNDECIDED
from study.protocol import Protocol

_BATCH = 500  # texts a statement
SOURCES = ("likely", "uncertain", "random")
ROLES = ("annotator", "adjudicator")
SAID = (
    "decision",
    "relation",
    "topics",
    "approaches",
    "depth",
    "flags",
    "note",
)  # the columns in which a person speaks


class TextGone(ValueError):
    """The record does not hold the text that a decision is about (any more: retention, takedown); nothing was saved."""


@dataclass(frozen=True)
class Person:
    """Who decides: a pseudonym, and whether as annotator or as adjudicator."""

    name: str
    role: str = "annotator"


@dataclass(frozen=True)
class Reading:
    """How a text came before a person: why it was in the queue, where it was found, how long it took, on which form."""

    source: str = "import"
    authority: str | None = None
    url: str | None = None
    seconds: float | None = None
    form: str | None = None
    decided_at: datetime | None = None  # of a decision made elsewhere; else now
    codebook: str | None = None  # the rulings it was made under; else today's
    score_shown: bool = False


def save(
    db: Connection, protocol: Protocol, text_hash: str, person: Person, said: Mapping[str, Any], reading: Reading
) -> int | None:
    """Add a decision (columns SAID, as :func:`checked` returns them) and the rows that follow from it.

    Returns the id of the new row; None where the person's newest row on the text already says just that. Raises
    :class:`TextGone` for a text that the record does not hold.
    """
    earlier = latest(db, protocol, text_hash, person)
    if (
        earlier is not None
        and earlier.follows is None
        and all(getattr(earlier, name) == value for name, value in said.items())
    ):
        return None
    added = add_row(db, protocol, text_hash, person, said, reading, earlier)
    add_followers(db, protocol, near_duplicates(db, protocol, text_hash), person, said, reading, added)
    return added


def undo(db: Connection, protocol: Protocol, label_id: int, person: Person) -> Any:
    """Take a decision back by a further row: what was decided before it holds again, else nothing is decided.

    Returns the row taken back, or None where there is nothing to do: it is not what this person decided last on its text, or
    is taken back already. Raises :class:`TextGone` where the text is not kept any more.
    """
    text_hash = db.execute(select(r.label.c.text_hash).where(r.label.c.id == label_id)).scalar()
    standing = not_taken_back(db, protocol, text_hash, person) if text_hash is not None else []
    if not standing or standing[-1].id != label_id:
        return None
    *before, row = standing
    holds = before[-1] if before and before[-1].decision not in UNDECIDED else None
    said = {name: getattr(holds or row, name) for name in SAID}
    if holds is None:
        said["decision"] = "undone"
    save(db, protocol, row.text_hash, person, said, Reading(row.source, row.authority, row.url))
    return row


def latest(db: Connection, protocol: Protocol, text_hash: str, person: Person) -> Any:
    """Return the person's newest label row on a text, None where there is none."""
    return db.execute(
        select(r.label)
        .where(
            r.label.c.text_hash == text_hash,
            r.label.c.protocol == protocol.name,
            r.label.c.annotator == person.name,
            r.label.c.role == person.role,
        )
        .order_by(r.label.c.id.desc())
        .limit(1)
    ).one_or_none()


def not_taken_back(db: Connection, protocol: Protocol, text_hash: str, person: Person) -> list[Any]:
    """Return what a person decided on a text and did not take back, oldest first: the last holds, and is what undo takes back.

    A row that no form brought and that says again what was said before the last is that undo (:func:`undo`), not a decision.
    """
    columns = [column for column in r.label.c if column.name != "text"]
    theirs = (r.label.c.annotator == person.name) & (r.label.c.role == person.role)
    query = select(*columns).where(r.label.c.text_hash == text_hash, r.label.c.protocol == protocol.name, theirs)
    standing: list[Any] = []
    for row in db.execute(query.order_by(r.label.c.id)):
        if row.decision == "undone" or row.follows is not None:
            standing = []
        elif row.form is None and len(standing) > 1 and all(getattr(row, n) == getattr(standing[-2], n) for n in SAID):
            standing.pop()
        else:
            standing.append(row)
    return standing


def near_duplicates(db: Connection, protocol: Protocol, text_hash: str) -> list[str]:
    """Return the other texts of the group of a text, in a fixed order; none where groups were not made yet."""
    near = r.near_text.c
    own = select(near.group_hash).where(near.protocol_hash == protocol.hash, near.text_hash == text_hash)
    group = db.execute(own).scalar()
    members = select(near.text_hash).where(
        near.protocol_hash == protocol.hash, near.group_hash == group, near.text_hash != text_hash
    )
    # Sorted here: asked to sort, SQLite walks the whole table in the order of its key.
    return sorted(db.execute(members).scalars())


def add_row(
    db: Connection,
    protocol: Protocol,
    text_hash: str,
    person: Person,
    said: Mapping[str, Any],
    reading: Reading,
    earlier: Any,
) -> int:
    """Add one label row as it stands, superseding ``earlier``; return its id. Raises :class:`TextGone`."""
    text = db.execute(select(r.text).where(r.text.c.text_hash == text_hash)).one_or_none()
    if text is None:
        raise TextGone(f"text_hash {text_hash[:16]!r} is no text of this record")
    row = _row(protocol, text, person, said, reading) | {
        "supersedes": earlier.id if earlier is not None else None,
        "seconds": reading.seconds,
        "form": reading.form,
    }
    key = db.execute(r.label.insert().values(row)).inserted_primary_key
    return int(key[0]) if key is not None else 0


def add_followers(
    db: Connection,
    protocol: Protocol,
    texts: Sequence[str],
    person: Person,
    said: Mapping[str, Any],
    reading: Reading,
    follows: int,
) -> int:
    """Add what follows from label ``follows`` for its near-duplicates ``texts``; return the number of rows.

    A text that the person has read and decided keeps that decision.
    """
    added = 0
    columns = (r.label.c.id, r.label.c.text_hash, r.label.c.follows, r.label.c.decision)
    theirs = (r.label.c.annotator == person.name) & (r.label.c.role == person.role)
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        before = select(*columns).where(r.label.c.text_hash.in_(batch), r.label.c.protocol == protocol.name, theirs)
        newest = {row.text_hash: row for row in db.execute(before.order_by(r.label.c.id))}
        own = {key for key, row in newest.items() if row.follows is None and row.decision not in UNDECIDED}
        rows = [
            _row(protocol, text, person, {**said, "note": ""}, reading)
            | {"supersedes": newest[text.text_hash].id if text.text_hash in newest else None, "follows": follows}
            for text in db.execute(select(r.text).where(r.text.c.text_hash.in_(set(batch) - own)))
        ]
        if rows:
            db.execute(r.label.insert(), sorted(rows, key=lambda row: str(row["text_hash"])))
        added += len(rows)
    return added


def _row(protocol: Protocol, text: Any, person: Person, said: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    return {
        "decided_at": reading.decided_at or datetime.now(UTC),
        "text_hash": text.text_hash,
        "authority": reading.authority,
        "url": reading.url,
        "title": text.title,
        "text": text.text,
        "protocol": protocol.name,
        "codebook": reading.codebook or codebook().version,
        "annotator": person.name,
        "role": person.role,
        "source": reading.source,
        "score_shown": reading.score_shown,
        **said,
    }


def checked(protocol: Protocol, row: Mapping[str, Any], *, with_undone: bool = False) -> dict[str, Any]:
    """Return the columns SAID of a row, checked against the protocol; lists may be joined with ';'. Raises ValueError.

    ``with_undone``: the row is one of a person's history, in which a decision may be taken back.
    """
    decision = plain(row, "decision").strip().lower()  # spreadsheets begin a cell with a capital
    if decision not in (*RELEVANCES, "skip") and not (with_undone and decision == "undone"):
        raise ValueError(f"decision {shown(decision)}; expected {', '.join(RELEVANCES)} or skip")
    relation = plain(row, "relation").strip() or None  # left open, as depth may be: what the model reads stands
    if relation is not None and relation not in {known.code for known in protocol.relations}:
        raise ValueError(f"relation {shown(relation)}; expected one of {', '.join(k.code for k in protocol.relations)}")
    depth = plain(row, "depth").strip() or None
    if depth is not None and depth not in DEPTHS:
        raise ValueError(f"depth {shown(depth)}; expected one of {', '.join(DEPTHS)}")
    return {
        "decision": decision,
        "relation": relation,
        "topics": codes(row, "topics", {topic.code for topic in protocol.topics}),
        "approaches": codes(row, "approaches", {approach.code for approach in protocol.approaches}),
        "depth": depth,
        "flags": codes(row, "flags", None),
        "note": plain(row, "note"),
    }
