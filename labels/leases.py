"""Leases: a text in somebody's hands is given to nobody else until it is decided or half an hour has gone by (`assignment`).

Annotators take the places 0, 1, ... of a text, as many as are to read it; whoever settles what they differ on takes a place of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.engine import Connection

from labels.queue import Entry
from study import record as r
from study.protocol import Protocol
from study.record import insert_new

LEASE = timedelta(minutes=30)  # how long a text stays in the hands of somebody who does not decide
ADJUDICATING = -1  # the place of whoever settles a text


def places_of(protocol: Protocol, group: str, *, adjudicating: bool = False) -> ColumnElement[bool]:
    """Return what the rows of a text's places have in common: those of its readers, or that of whoever settles it."""
    a = r.assignment.c
    place = a.place == ADJUDICATING if adjudicating else a.place >= 0
    return (a.protocol == protocol.name) & (a.group_hash == group) & place


def seat(db: Connection, protocol: Protocol, entry: Entry, name: str, now: datetime, place: int) -> bool:
    """Take a place of a text, if it is free, its lease ran out or it is theirs already; False where somebody else has it."""
    a = r.assignment.c
    here = (a.protocol == protocol.name) & (a.group_hash == entry.group) & (a.place == place)
    values = {
        "text_hash": entry.text_hash,
        "annotator": name,
        "source": entry.source,
        "given_at": now,
        "until": now + LEASE,
    }
    key = {"protocol": protocol.name, "group_hash": entry.group, "place": place}
    db.execute(update(r.assignment).where(here & (a.until < now)).values(values))
    insert_new(db, r.assignment, [{**key, **values}])
    return bool(db.execute(select(a.annotator).where(here & a.until.is_not(None))).scalar() == name)
