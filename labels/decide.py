"""Take in decisions: each row is checked against the protocol and added; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from study import record as r
from study.decisions import RELEVANCES
from study.protocol import Protocol
from study.record import Record

CODEBOOK = "1"  # version of labels/CODEBOOK.md
DEPTHS = ("main", "section", "brief")
LIST_SEPARATOR = ";"


@dataclass
class Taken:
    """What an import came to; ``problems`` names the bad rows by number."""

    added: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


def take(
    record: Record,
    protocol: Protocol,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    annotator: str,
    role: str = "annotator",
) -> Taken:
    """Add decisions, given as (row number, row) with the columns of docs/labels.md.

    A row that says what its annotator already said of that text changes nothing, so a file may be imported twice; a row
    that says something else supersedes the earlier one and both stay.
    """
    taken = Taken()
    with record.begin() as db:
        for number, row in rows:
            try:
                added = _add(db, protocol, row, annotator, role)
            except ValueError as problem:
                taken.problems.append(f"row {number}: {problem}")
                continue
            taken.added += added
            taken.unchanged += not added
    return taken


def _add(db: Connection, protocol: Protocol, row: Mapping[str, Any], annotator: str, role: str) -> bool:
    text_hash = str(row.get("text_hash") or "").strip()
    text = db.execute(select(r.text).where(r.text.c.text_hash == text_hash)).one_or_none()
    if text is None:
        raise ValueError(f"text_hash {text_hash[:16]!r} is no text of this record")
    said = _checked(protocol, row)
    earlier = db.execute(
        select(r.label)
        .where(
            r.label.c.text_hash == text_hash,
            r.label.c.protocol == protocol.name,
            r.label.c.annotator == annotator,
            r.label.c.role == role,
        )
        .order_by(r.label.c.id.desc())
        .limit(1)
    ).one_or_none()
    if earlier is not None and all(getattr(earlier, name) == value for name, value in said.items()):
        return False
    db.execute(
        r.label.insert().values(
            decided_at=datetime.now(UTC),
            text_hash=text_hash,
            authority=row.get("authority") or None,
            url=row.get("url") or None,
            title=text.title,
            text=text.text,
            protocol=protocol.name,
            codebook=CODEBOOK,
            annotator=annotator,
            role=role,
            source=row.get("source") if row.get("source") in ("likely", "uncertain", "random") else "import",
            score_shown=False,
            seconds=_seconds(row.get("seconds")),
            supersedes=earlier.id if earlier is not None else None,
            **said,
        )
    )
    return True


def _checked(protocol: Protocol, row: Mapping[str, Any]) -> dict[str, Any]:
    decision = str(row.get("decision") or "").strip()
    if decision not in (*RELEVANCES, "skip"):
        raise ValueError(f"decision {decision!r}; expected {', '.join(RELEVANCES)} or skip")
    relation = str(row.get("relation") or "").strip() or "none"
    if relation not in {known.code for known in protocol.relations}:
        raise ValueError(f"relation {relation!r}; expected one of {', '.join(k.code for k in protocol.relations)}")
    depth = str(row.get("depth") or "").strip() or "main"
    if depth not in DEPTHS:
        raise ValueError(f"depth {depth!r}; expected one of {', '.join(DEPTHS)}")
    return {
        "decision": decision,
        "relation": relation,
        "topics": _codes(row, "topics", {topic.code for topic in protocol.topics}),
        "approaches": _codes(row, "approaches", {approach.code for approach in protocol.approaches}),
        "depth": depth,
        "flags": _codes(row, "flags", None),
        "note": str(row.get("note") or ""),
    }


def _codes(row: Mapping[str, Any], column: str, known: set[str] | None) -> list[str]:
    given = row.get(column) or []
    codes = [c.strip() for c in given.split(LIST_SEPARATOR)] if isinstance(given, str) else [str(c) for c in given]
    codes = [code for code in codes if code]
    unknown = [code for code in codes if known is not None and code not in known]
    if unknown:
        raise ValueError(f"{column} {', '.join(unknown)!r}; expected some of {', '.join(sorted(known or ()))}")
    return codes


def _seconds(given: object) -> float | None:
    if given in (None, ""):
        return None
    try:
        return float(str(given))
    except ValueError as problem:
        raise ValueError(f"seconds {given!r}; expected a number") from problem
