"""Adjudication: texts on which people differ, one at a time; what the adjudicator decides is a row of its own and settles the text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from labels import nearness
from labels.decide import Person, latest, save, undo
from labels.disagreements import Disagreement, disagreements
from labels.leases import ADJUDICATING, LEASE, places_of, seat
from labels.queue import Entry
from labels.work import Given, Progress, form_is_saved, kept, pace, reading_of, recent
from study import record as r
from study.decisions import UNDECIDED
from study.protocol import Protocol
from study.record import Record


class Adjudication:
    """The disagreements of a crawl and whoever settles them."""

    role = "adjudicator"

    def __init__(self, record: Record, protocol: Protocol, crawl_id: int) -> None:
        self.record, self.protocol, self.crawl_id = record, protocol, crawl_id
        self._groups = nearness.groups(record, protocol, crawl_id)

    def give(self, name: str) -> Given | None:
        """Return the disagreement in the adjudicator's hands, else the oldest that nobody holds; those they put off come last."""
        now, a = datetime.now(UTC), r.assignment.c
        leases = select(r.assignment).where(a.protocol == self.protocol.name, a.place == ADJUDICATING, a.until > now)
        with self.record.begin() as db:
            held = {row.group_hash: row for row in db.execute(leases)}
        mine = {group: row.given_at for group, row in held.items() if row.annotator == name}
        put_off, waiting = self._put_off(name), self._open()
        waiting.sort(key=lambda one: put_off.get(one.text_hash, 0))
        waiting.sort(key=lambda one: mine.get(one.group, datetime.min.replace(tzinfo=UTC)), reverse=True)
        for one in waiting:
            if one.group in held and one.group not in mine:
                continue
            source = str(one.rows[0].source)
            with self.record.begin() as db:
                if not seat(
                    db, self.protocol, Entry(one.text_hash, one.group, source, "", ""), name, now, ADJUDICATING
                ):
                    continue
                if self._is_settled(db, one.text_hash):  # since it was looked at
                    self._release(db, one.group, name)
                    continue
                self._hold(db, one.group, now)
                return Given(one.text_hash, one.group, source, mine.get(one.group, now))
        return None

    def decide(self, name: str, text: Given, form: str, said: Mapping[str, Any]) -> bool:
        """Save the adjudicator's decision; False where this form was saved before."""
        try:
            with self.record.begin() as db:
                if form_is_saved(db, form):
                    return False
                reading = reading_of(db, self.crawl_id, text, form)
                added = save(db, self.protocol, text.text_hash, Person(name, self.role), said, reading)
                self._release(db, self._groups.get(text.text_hash, text.group), name)
        except IntegrityError:
            with self.record.begin() as db:
                if form_is_saved(db, form):
                    return False
            raise
        return added is not None

    def take_back(self, name: str, label_id: int) -> tuple[Any, str | None]:
        """Undo a decision; the text is open and in their hands again, unless an earlier decision of theirs holds now."""
        with self.record.begin() as db:
            row = undo(db, self.protocol, label_id, Person(name, self.role))
            if row is None:
                return None, None
            holds = latest(db, self.protocol, row.text_hash, Person(name, self.role))
            if holds.decision in UNDECIDED:
                entry = Entry(row.text_hash, self._groups.get(row.text_hash, row.text_hash), row.source, "", "")
                seat(db, self.protocol, entry, name, datetime.now(UTC), ADJUDICATING)
        return row, None if holds.decision in UNDECIDED else str(holds.decision)

    def recent(self, name: str) -> list[Any]:
        """Return the adjudicator's last ten decisions that stand, newest first."""
        return recent(self.record, self.protocol, Person(name, self.role))

    def progress(self, name: str) -> Progress:
        """Return how many disagreements are settled and left."""
        mine = select(func.count(r.label.c.text_hash.distinct())).where(
            r.label.c.protocol == self.protocol.name,
            r.label.c.annotator == name,
            r.label.c.role == self.role,
            r.label.c.follows.is_(None),
            r.label.c.decision.not_in(UNDECIDED),
        )
        with self.record.begin() as db:
            decided = int(db.execute(mine).scalar() or 0)
            seconds = pace(db, self.protocol, Person(name, self.role))
        return Progress(decided, len(self._put_off(name)), len(self._open()), seconds)

    def disagreement(self, text_hash: str) -> Disagreement | None:
        """Return what the annotators said of a text."""
        return next((one for one in self._open(settled=True) if one.text_hash == text_hash), None)

    def _open(self, *, settled: bool = False) -> list[Disagreement]:
        found = disagreements(self.record, self.protocol, self._groups, settled=settled)
        with self.record.begin() as db:
            here = kept(db, (one.text_hash for one in found))
        return [one for one in found if one.text_hash in here]

    def _place(self, group: str) -> ColumnElement[bool]:
        return places_of(self.protocol, group, adjudicating=True)

    def _is_settled(self, db: Connection, text_hash: str) -> bool:
        said = select(r.label.c.annotator, r.label.c.decision).where(
            r.label.c.text_hash == text_hash,
            r.label.c.protocol == self.protocol.name,
            r.label.c.role == self.role,
            r.label.c.follows.is_(None),
        )
        now_said = {row.annotator: row.decision for row in db.execute(said.order_by(r.label.c.id))}
        return any(decision not in UNDECIDED for decision in now_said.values())

    def _release(self, db: Connection, group: str, name: str) -> None:
        db.execute(delete(r.assignment).where(self._place(group), r.assignment.c.annotator == name))

    def _hold(self, db: Connection, group: str, now: datetime) -> None:
        """Renew a lease of which half is gone."""
        soon = r.assignment.c.until < now + LEASE / 2
        db.execute(update(r.assignment).where(self._place(group), soon).values(until=now + LEASE))

    def _put_off(self, name: str) -> dict[str, int]:
        newest = select(r.label.c.text_hash, r.label.c.id, r.label.c.decision).where(
            r.label.c.protocol == self.protocol.name, r.label.c.annotator == name, r.label.c.role == self.role
        )
        with self.record.begin() as db:
            said = {row.text_hash: row for row in db.execute(newest.order_by(r.label.c.id))}
        return {text_hash: int(row.id) for text_hash, row in said.items() if row.decision == "skip"}
