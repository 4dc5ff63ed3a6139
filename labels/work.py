"""What the labelling page works on, whoever sits before it: texts given one at a time, decisions taken in and taken back.

Here is what annotating (labels.desk) and adjudicating (labels.adjudication) have in common.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from typing import Protocol as Interface

from sqlalchemy import select
from sqlalchemy.engine import Connection

from labels.decide import Person, Reading, not_taken_back
from labels.disagreements import Disagreement
from study import record as r
from study.decisions import UNDECIDED
from study.protocol import Protocol
from study.record import Record

PAUSE = 600.0  # seconds; a text that took longer was not being read all that time: its seconds are not known
_RECENT = 10


@dataclass(frozen=True)
class Given:
    """A text in somebody's hands, and since when."""

    text_hash: str
    group: str
    source: str
    given_at: datetime


@dataclass(frozen=True)
class Progress:
    """How far somebody is: texts decided and left, and the seconds that the middle one of their last twenty took."""

    decided: int
    skipped: int
    left: int
    pace: float | None


class Following(Interface):
    """What keeps the order up with decisions between two trainings (classifier.reordering.Reordering; stages do not import one another)."""

    def hold(self, hashes: Sequence[str]) -> None:
        """Get ready to follow these texts, the first of them at least; may take seconds."""

    def likelihood(self) -> Mapping[str, float]:
        """Return the probability of the texts that are followed as of now, text hash -> probability; none where nothing has moved."""


class Work(Interface):
    """What an annotator does (labels.desk.Desk) or an adjudicator (labels.adjudication.Adjudication)."""

    role: str

    def give(self, name: str) -> Given | None:
        """Return the text somebody is to decide now, None where nothing is left."""

    def decide(self, name: str, text: Given, form: str, said: Mapping[str, Any]) -> bool:
        """Save a decision; False where it was saved before and nothing was added."""

    def take_back(self, name: str, label_id: int) -> tuple[Any, str | None]:
        """Undo a decision; return the row taken back (None: there was nothing to undo) and what holds now (None: nothing)."""

    def recent(self, name: str) -> list[Any]:
        """Return the last ten decisions that stand, newest first."""

    def progress(self, name: str) -> Progress:
        """Return how far somebody is."""

    def disagreement(self, text_hash: str) -> Disagreement | None:
        """Return what others said of a text: None for annotators, who are blind to each other."""


def form_is_saved(db: Connection, form: str) -> bool:
    """Tell whether a form of the labelling page was saved already."""
    return db.execute(select(r.label.c.id).where(r.label.c.form == form)).scalar() is not None


def reading_of(db: Connection, crawl_id: int, text: Given, form: str) -> Reading:
    """Return how a text came before the person who decides now."""
    found = address(db, crawl_id, text.text_hash)
    seconds = seconds_since(text.given_at)
    if found is None:
        return Reading(text.source, seconds=seconds, form=form)
    return Reading(text.source, found.authority, found.page_url, seconds, form)


def kept(db: Connection, text_hashes: Iterable[str]) -> set[str]:
    """Return those of some texts that the record holds (still: retention and takedowns remove them)."""
    wanted, text_hash = list(text_hashes), r.text.c.text_hash
    parts = (wanted[start : start + 400] for start in range(0, len(wanted), 400))
    return {found for part in parts for found in db.execute(select(text_hash).where(text_hash.in_(part))).scalars()}


def seconds_since(moment: datetime) -> float | None:
    """Return the seconds since a moment; None where so long went by that somebody paused."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return round(seconds, 1) if 0 <= seconds <= PAUSE else None


def pace(db: Connection, protocol: Protocol, person: Person) -> float | None:
    """Return the seconds that the middle one of a person's last twenty decisions took; None where fewer than five are known."""
    known = select(r.label.c.seconds).where(
        r.label.c.protocol == protocol.name,
        r.label.c.annotator == person.name,
        r.label.c.role == person.role,
        r.label.c.seconds.is_not(None),
        r.label.c.decision.not_in(UNDECIDED),
    )
    seconds = list(db.execute(known.order_by(r.label.c.id.desc()).limit(20)).scalars())
    return statistics.median(seconds) if len(seconds) >= 5 else None


def address(db: Connection, crawl_id: int, text_hash: str) -> Any:
    """Return where a crawl found a text: its first capture with authority, url and what is kept of it; None if it did not."""
    return next(iter(addresses(db, crawl_id, text_hash)), None)


def addresses(db: Connection, crawl_id: int, text_hash: str) -> list[Any]:
    """Return all captures of a crawl with a text, each with ``authority`` and ``page_url``, in the order of these."""
    found = db.execute(
        select(r.capture, r.page.c.authority, r.page.c.url.label("page_url"))
        .join(r.page, r.page.c.id == r.capture.c.page_id)
        .where(r.capture.c.text_hash == text_hash)
    )
    # Chosen and sorted here: asked for a crawl or an order, SQLite walks all its captures instead of these few.
    here = [row for row in found if row.crawl_id == crawl_id]
    return sorted(here, key=lambda row: (row.authority, row.page_url))


def recent(record: Record, protocol: Protocol, person: Person) -> list[Any]:
    """Return a person's last ten decisions that stand, newest first; those that follow from a near-duplicate's left out.

    What an undo brought back stands where it was made, so that undoing again takes back the one before.
    """
    query = select(r.label.c.id, r.label.c.text_hash, r.label.c.decision).where(
        r.label.c.protocol == protocol.name,
        r.label.c.annotator == person.name,
        r.label.c.role == person.role,
        r.label.c.follows.is_(None),
    )
    found: list[Any] = []
    standing: dict[str, Any] = {}
    with record.begin() as db:
        # A part at a time: however much was taken back, the ten before it are found, and no more is read than that takes.
        for row in db.execute(query.order_by(r.label.c.id.desc()).execution_options(yield_per=10 * _RECENT)):
            if row.text_hash not in standing:
                said = not_taken_back(db, protocol, row.text_hash, person) if row.decision != "undone" else []
                standing[row.text_hash] = said[-1] if said else None
            if standing[row.text_hash] is not None and standing[row.text_hash].id == row.id:
                found.append(standing[row.text_hash])
            if len(found) == _RECENT:
                break
    return found
