"""Adjudication: texts on which people differ, one at a time; what the adjudicator decides is a row of its own and settles the text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from labels import nearness
from labels.decide import Person, latest, save, undo
from labels.disagreements import Disagreement, disagreements
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
        """Return the oldest disagreement; those the adjudicator put off come last."""
        put_off = self._put_off(name)
        waiting = sorted(self._open(), key=lambda one: put_off.get(one.text_hash, 0))
        if not waiting:
            return None
        first = waiting[0]
        return Given(first.text_hash, first.group, str(first.rows[0].source), datetime.now(UTC))

    def decide(self, name: str, text: Given, form: str, said: Mapping[str, Any]) -> bool:
        """Save the adjudicator's decision; False where this form was saved before."""
        try:
            with self.record.begin() as db:
                if form_is_saved(db, form):
                    return False
                reading = reading_of(db, self.crawl_id, text, form)
                added = save(db, self.protocol, text.text_hash, Person(name, self.role), said, reading)
        except IntegrityError:
            with self.record.begin() as db:
                if form_is_saved(db, form):
                    return False
            raise
        return added is not None

    def take_back(self, name: str, label_id: int) -> tuple[Any, str | None]:
        """Undo a decision; the text is open again, unless an earlier decision of the adjudicator holds now."""
        with self.record.begin() as db:
            row = undo(db, self.protocol, label_id, Person(name, self.role))
            if row is None:
                return None, None
            holds = latest(db, self.protocol, row.text_hash, Person(name, self.role))
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

    def _put_off(self, name: str) -> dict[str, int]:
        newest = select(r.label.c.text_hash, r.label.c.id, r.label.c.decision).where(
            r.label.c.protocol == self.protocol.name, r.label.c.annotator == name, r.label.c.role == self.role
        )
        with self.record.begin() as db:
            said = {row.text_hash: row for row in db.execute(newest.order_by(r.label.c.id))}
        return {text_hash: int(row.id) for text_hash, row in said.items() if row.decision == "skip"}
