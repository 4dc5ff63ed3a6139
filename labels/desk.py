"""The desk: hands texts to annotators one at a time, takes their decisions in, and knows what is left.

Everything it knows stands in the record: leases in `assignment`, decisions in `label`. So several desks (servers, imports) may work on
one record, and one that was killed loses nothing. The order of the queue is kept in memory: made anew in the background when the model
has learnt, and put right after each decision in between.

Each text is read by one person, and a share of them (``overlap``) by ``readers``, each blind to the others; which, is drawn by lot.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from labels import nearness
from labels.decide import Person, latest, save, undo
from labels.disagreements import Disagreement
from labels.following import follow
from labels.heard import Heard
from labels.leases import LEASE, places_of, seat
from labels.queue import Entry, draw, order, reordered
from labels.work import Following, Given, Progress, address, form_is_saved, kept, pace, reading_of, recent
from study import record as r
from study.decisions import UNDECIDED
from study.judging import texts_of
from study.protocol import Protocol
from study.record import Record

log = logging.getLogger(__name__)


class Desk:
    """Safe to use from several threads; :meth:`refresh` must have run once before texts are handed out."""

    role = "annotator"

    def __init__(
        self,
        record: Record,
        protocol: Protocol,
        crawl_id: int,
        *,
        overlap: float = 0.0,
        readers: int = 2,
        seed: int = 0,
        everything: bool = False,
        following: Following | None = None,
    ) -> None:
        self.record, self.protocol, self.crawl_id = record, protocol, crawl_id
        self._overlap, self._readers, self._seed, self._everything = overlap, readers, seed, everything
        self._following = following
        self._made: list[Entry] = []  # the order as the model has it
        self._order: list[Entry] = []  # the same, moved by what was decided since
        self._places: dict[str, int] = {}  # group in the order -> how many people are to read it
        self.groups: Mapping[str, str] = {}
        self._made_of: tuple[Any, ...] = ()
        self._listening, self._making = threading.Lock(), threading.Lock()
        self._heard = Heard(protocol, {})

    def readers(self, group: str) -> int:
        """Return how many people are to read the texts of a group."""
        return self._readers if draw(group, self._seed, "overlap") < self._overlap else 1

    def refresh(self) -> None:
        """Make the order of the queue anew from the newest judgements; whoever asks meanwhile is served from the old one."""
        with self._making:
            made_of = self._state()
            groups = nearness.groups(self.record, self.protocol, self.crawl_id)
            follow(self.record, self.protocol, self.crawl_id, groups)
            heard = Heard(self.protocol, groups)
            with self.record.begin() as db:
                heard.listen(db)
            done = {group for group in heard.groups() if self._complete(heard, group)}
            made = order(
                self.record,
                self.protocol,
                self.crawl_id,
                seed=self._seed,
                everything=self._everything,
                without=done,
            )
            places = {entry.group: self.readers(entry.group) for entry in made}
            self.groups, self._heard, self._made_of = groups, heard, made_of
            self._made, self._order, self._places = made, made, places
            self._follow([entry.text_hash for entry in made if entry.source != "random"])

    def _reorder(self) -> None:
        """Let what was just decided move what waits; where the order is being made anew, that knows of it."""
        if self._making.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._making.release()

    def _follow(self, hold: Sequence[str] = ()) -> None:
        if self._following is None:
            return
        heard = self._heard
        try:
            if hold:
                self._following.hold(hold)
            likelihood = self._following.likelihood()
        except Exception:  # the decision is saved; that the rest stays where it was is no reason to say otherwise
            log.exception("the order could not follow what was decided")
            return
        self._order = reordered(self._made, likelihood, lambda entry: not heard.anything(entry.group))

    def outdated(self) -> bool:
        """Tell whether there are judgements or texts that the order does not know yet."""
        return self._state() != self._made_of

    def give(self, annotator: str) -> Given | None:
        """Return the text an annotator is to read: the one in their hands, else the next in the queue, else one they skipped."""
        now = datetime.now(UTC)
        with self.record.begin() as db:
            with self._listening:
                self._heard.listen(db)
            held = self._in_hand(db, annotator, now)
            if held is not None:
                return held
            others = self._held_by_others(db, annotator, now)
        for entry in self._candidates(annotator, others):
            # One attempt a transaction: who fails holds nothing that another could wait for.
            with self._lightly() as db:
                if self._claim(db, entry, annotator, now):
                    return Given(entry.text_hash, entry.group, entry.source, now)
        return None

    def decide(self, annotator: str, text: Given, form: str, said: Mapping[str, Any]) -> bool:
        """Save a decision at once; False where it was saved before (a double click, a reload) and nothing was added."""
        try:
            with self.record.begin() as db:
                if form_is_saved(db, form):
                    return False
                reading = reading_of(db, self.crawl_id, text, form)
                added = save(db, self.protocol, text.text_hash, Person(annotator), said, reading)
                group = self.groups.get(text.text_hash, text.group)
                mine = self._rows(group) & (r.assignment.c.annotator == annotator)
                if said["decision"] == "skip":
                    db.execute(delete(r.assignment).where(mine))
                else:
                    db.execute(update(r.assignment).where(mine).values(until=None))
        except IntegrityError:  # the same form, saved by another thread in this instant: label.form is unique
            with self.record.begin() as db:
                if form_is_saved(db, form):
                    return False
            raise
        if added is not None and said["decision"] not in UNDECIDED:
            self._reorder()
        return added is not None

    def take_back(self, annotator: str, label_id: int) -> tuple[Any, str | None]:
        """Undo a decision; return the row taken back (None: there was nothing to undo) and what holds now (None: nothing).

        A text on which nothing is decided any more is in its reader's hands again.
        """
        row, holds = self._take_back(annotator, label_id)
        if row is not None:
            self._reorder()
        return row, holds

    def _take_back(self, annotator: str, label_id: int) -> tuple[Any, str | None]:
        now = datetime.now(UTC)
        with self.record.begin() as db:
            row = undo(db, self.protocol, label_id, Person(annotator))
            if row is None:
                return None, None
            holds = latest(db, self.protocol, row.text_hash, Person(annotator))
            if holds.decision not in UNDECIDED:
                return row, str(holds.decision)
            group = self.groups.get(row.text_hash, row.text_hash)
            entry = Entry(row.text_hash, group, row.source, row.authority or "", row.url or "")
            mine = self._rows(group) & (r.assignment.c.annotator == annotator)
            seated = db.execute(
                update(r.assignment).where(mine).values(given_at=now, until=now + LEASE, text_hash=row.text_hash)
            )
            place = 0
            while not seated.rowcount and not seat(db, self.protocol, entry, annotator, now, place):
                place += 1
        return row, None

    def recent(self, annotator: str) -> list[Any]:
        """Return the annotator's last ten decisions that stand, newest first."""
        return recent(self.record, self.protocol, Person(annotator))

    def progress(self, annotator: str) -> Progress:
        """Return how far an annotator is."""
        with self.record.begin() as db:
            with self._listening:
                self._heard.listen(db)
            seconds = pace(db, self.protocol, Person(annotator))
        heard, places = self._heard, self._places
        decided, skipped = heard.count(annotator)
        return Progress(
            decided=decided,
            skipped=skipped,
            left=len(places)
            - sum(group in places and not self._open(heard, group, annotator) for group in heard.groups()),
            pace=seconds,
        )

    def disagreement(self, text_hash: str) -> Disagreement | None:
        """Return nothing: annotators are blind to each other."""
        return None

    @contextmanager
    def _lightly(self) -> Iterator[Connection]:
        """Like `record.begin`, but the commit does not wait for the disk: a power cut may cost a lease, never a decision."""
        with self.record.engine.connect() as db:
            sqlite = db.dialect.name == "sqlite"
            db.exec_driver_sql("PRAGMA synchronous=NORMAL" if sqlite else "SET LOCAL synchronous_commit TO off")
            try:
                yield db
                db.commit()
            finally:
                db.rollback()
                if sqlite:
                    db.exec_driver_sql("PRAGMA synchronous=FULL")

    def _candidates(self, annotator: str, others: Mapping[str, int]) -> Iterator[Entry]:
        """Yield what this annotator may read, in order; what they skipped comes last. ``others``: group -> leases of others."""
        heard = self._heard
        skipped: list[tuple[int, Entry]] = []
        for entry in self._order:
            if not self._open(heard, entry.group, annotator, others.get(entry.group, 0)):
                continue
            number, said = heard.said(entry.group, annotator)
            if said == "skip":
                skipped.append((number, entry))
            else:
                yield entry
        yield from (entry for _, entry in sorted(skipped, key=lambda pair: pair[0]))

    def _open(self, heard: Heard, group: str, annotator: str, held: int = 0) -> bool:
        """Tell whether an annotator may read a group: undecided by them, and not taken up by others (``held``: their leases)."""
        if not held and not heard.anything(group):
            return True
        taken = heard.deciders(group) + held
        return not heard.settled(group) and not heard.decided(group, annotator) and taken < self.readers(group)

    def _complete(self, heard: Heard, group: str) -> bool:
        return heard.settled(group) or heard.deciders(group) >= self.readers(group)

    def _state(self) -> tuple[Any, ...]:
        newest = select(func.max(r.model.c.created_at)).where(r.model.c.protocol_hash == self.protocol.hash)
        with self.record.begin() as db:
            texts = db.execute(select(func.count()).select_from(texts_of(self.crawl_id).subquery())).scalar()
            return texts, db.execute(newest).scalar()

    def _rows(self, group: str) -> Any:
        return places_of(self.protocol, group)

    def _in_hand(self, db: Connection, annotator: str, now: datetime) -> Given | None:
        a = r.assignment.c
        mine = select(r.assignment).where(
            a.protocol == self.protocol.name, a.annotator == annotator, a.until.is_not(None), a.place >= 0
        )
        for row in db.execute(mine.order_by(a.given_at.desc())).all():
            here = self._rows(row.group_hash) & (a.place == row.place) & (a.annotator == annotator)
            if self._heard.decided(row.group_hash, annotator) or self._heard.settled(row.group_hash):
                db.execute(delete(r.assignment).where(here))
                continue
            if address(db, self.crawl_id, row.text_hash) is None or not kept(db, [row.text_hash]):
                continue
            given_at = row.given_at if row.until > now else now
            if row.until - now < LEASE / 2:
                renewed = db.execute(update(r.assignment).where(here).values(given_at=given_at, until=now + LEASE))
                if not renewed.rowcount:  # somebody took it over in this instant
                    continue
            return Given(row.text_hash, row.group_hash, row.source, given_at)
        return None

    def _held_by_others(self, db: Connection, annotator: str, now: datetime) -> dict[str, int]:
        a = r.assignment.c
        held = select(a.group_hash, func.count()).where(
            a.protocol == self.protocol.name, a.annotator != annotator, a.until > now, a.place >= 0
        )
        return {str(row[0]): int(row[1]) for row in db.execute(held.group_by(a.group_hash))}

    def _claim(self, db: Connection, entry: Entry, annotator: str, now: datetime) -> bool:
        """Take a place of a text if there is one; two who ask in one instant never get the same."""
        readers = self.readers(entry.group)
        if not any(seat(db, self.protocol, entry, annotator, now, place) for place in range(readers)):
            return False
        said = select(r.label.c.annotator, r.label.c.decision).where(
            r.label.c.text_hash == entry.text_hash,
            r.label.c.protocol == self.protocol.name,
            r.label.c.role == "annotator",
        )
        now_said = {row.annotator: row.decision for row in db.execute(said.order_by(r.label.c.id))}
        decided = {name for name, decision in now_said.items() if decision not in UNDECIDED}
        over = annotator in decided or len(decided) >= readers  # since the queue was looked at
        if over or not kept(db, [entry.text_hash]):
            mine = self._rows(entry.group) & (r.assignment.c.annotator == annotator)
            db.execute(delete(r.assignment).where(mine))
            return False
        return True
