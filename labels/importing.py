"""Take in decisions from files: what a row says is added to what its annotator said before, or stands there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.engine import Connection

from labels.columns import moment, plain, seconds, shown, text_hash, yes
from labels.decide import ROLES, SOURCES, Person, Reading, checked, save
from study import record as r
from study.decisions import UNDECIDED
from study.protocol import Protocol
from study.purged import is_purged_text, purged
from study.record import Record


@dataclass
class Taken:
    """What an import came to; ``problems`` names the bad rows by number, ``overtaken`` those that were decided otherwise since."""

    added: int = 0
    unchanged: int = 0
    overtaken: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def take(
    record: Record,
    protocol: Protocol,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    annotator: str = "",
    role: str = "annotator",
    unit: str = "row",
) -> Taken:
    """Add decisions, given as (row number, row) with the columns of docs/labels.md.

    A row that says what its annotator already said of that text changes nothing, so a file may be imported twice; a row
    that says something else, be it of the same moment (tools hand back the moment they were given), supersedes the earlier
    one and both stay. Of what was said at one moment the last holds: a file that has one row of it is compared with that, a
    history row by row. A row with ``annotator``, ``role`` or ``decided_at``
    speaks for itself; ``annotator`` and ``role`` given here stand in. A text that the record does not hold is taken from the
    row where that has it whole, unless it was taken down. ``unit`` is what problems call a row.
    """
    taken, told = Taken(), []
    problems: list[tuple[int, ValueError]] = []
    for number, row in rows:
        try:
            told.append((number, _told(protocol, row, annotator, role)))
        except ValueError as problem:
            problems.append((number, problem))
    rows_of = Counter(one.key for _, one in told)
    passed: Counter[_Key] = Counter()
    with record.begin() as db:
        for number, one in told:
            try:
                added, since = _take_one(db, protocol, one, passed if rows_of[one.key] > 1 else None)
            except ValueError as problem:
                problems.append((number, problem))
                continue
            taken.added += added
            taken.unchanged += not added
            if since is not None:
                taken.overtaken.append(
                    f"{unit} {number}: said before, and decided otherwise since ({since:%d %B %Y}); that stands"
                )
    taken.problems = [f"{unit} {number}: {problem}" for number, problem in sorted(problems, key=itemgetter(0))]
    return taken


_Key = tuple[str, Person, datetime | None]


@dataclass(frozen=True)
class _Told:
    """One row of a file, understood: who said what of which text, and the text where the row has it."""

    text_hash: str
    person: Person
    said: Mapping[str, Any]
    reading: Reading
    title: str
    text: str

    @property
    def key(self) -> _Key:
        return self.text_hash, self.person, self.reading.decided_at


def _told(protocol: Protocol, row: Mapping[str, Any], annotator: str, role: str) -> _Told:
    """Return what a row says; raises ValueError."""
    problem = row.get("problem")  # what the reader of the file could not make sense of
    if isinstance(problem, str) and problem:
        raise ValueError(problem)
    decided_at = moment(row.get("decided_at"))
    said = checked(protocol, row, with_undone=decided_at is not None)
    person = Person((plain(row, "annotator") or annotator).strip(), (plain(row, "role") or role).strip())
    if not person.name:
        raise ValueError("nobody is named who decided it; give --annotator")
    if person.role not in ROLES:
        raise ValueError(f"role {shown(person.role)}; expected {' or '.join(ROLES)}")
    source = plain(row, "source")
    reading = Reading(
        source=source if source in SOURCES else "import",
        authority=plain(row, "authority") or None,
        url=plain(row, "url") or None,
        seconds=seconds(row.get("seconds")),
        decided_at=decided_at,
        codebook=plain(row, "codebook") or None,
        score_shown=yes(row.get("score_shown"), "score_shown"),
    )
    return _Told(text_hash(row), person, said, reading, plain(row, "title"), plain(row, "text"))


def _take_one(
    db: Connection, protocol: Protocol, one: _Told, passed: Counter[_Key] | None
) -> tuple[bool, datetime | None]:
    """Add what a row says; return whether it was added and, where it was not for that, when the person decided otherwise since.

    ``passed``, of a history: its rows up to which the file was followed.
    """
    _bring_text(db, one)
    reading = one.reading
    if purged(db, [reading.url or ""]):  # the text stands elsewhere too
        reading = replace(reading, url=None)
    then = _of_moment(db, protocol, one)
    if passed is None:
        if then and _same(then[-1], one.said):
            return False, None
    else:
        later = (k for k in range(passed[one.key], len(then)) if _same(then[k], one.said))
        met = next(later, None)
        passed[one.key] = 1 + (len(then) if met is None else met)
        if met is not None:
            return False, None
    if reading.decided_at is None and (since := _decided_since(db, protocol, one)) is not None:
        return False, since
    if then:  # changed in another tool, which handed our moment back: its seconds are those of the decision before
        reading = replace(reading, seconds=None)
    return save(db, protocol, one.text_hash, one.person, one.said, reading) is not None, None


def _decided_since(db: Connection, protocol: Protocol, one: _Told) -> datetime | None:
    """Return when a person decided otherwise on our page after saying what a row says; None where they did not.

    A file that was filled in further is handed over again whole, with the rows that were corrected on the page meanwhile.
    """
    rows = _own(db, protocol, one)
    if not rows or rows[-1].form is None or _same(rows[-1], one.said):
        return None
    return rows[-1].decided_at if any(row.form is None and _same(row, one.said) for row in rows[:-1]) else None


def _bring_text(db: Connection, one: _Told) -> None:
    """Add the text of a row to a record that has not seen it, if it is the very text that its hash names.

    Raises ValueError for one that was taken down, be it by itself or with its address.
    """
    if r.text_hash(one.title, one.text) != one.text_hash:
        return
    if db.execute(select(r.text.c.text_hash).where(r.text.c.text_hash == one.text_hash)).first() is not None:
        return
    if purged(db, [one.reading.url or ""]):
        raise ValueError(f"{one.reading.url} was taken down (mentorwatch purge) and stays out, with its text")
    if is_purged_text(db, one.text_hash):
        raise ValueError(f"text_hash {one.text_hash[:16]!r} was taken down (mentorwatch purge) and stays out")
    r.insert_new(db, r.text, [{"text_hash": one.text_hash, "title": one.title, "text": one.text}])


def _of_moment(db: Connection, protocol: Protocol, one: _Told) -> Sequence[Any]:
    """Return what the record has of a person about a text at a moment, in the order in which it came; nothing where none is said."""
    at = one.reading.decided_at
    return [] if at is None else _own(db, protocol, one, r.label.c.decided_at == at)


def _own(db: Connection, protocol: Protocol, one: _Told, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    """Return what a person decided on the text that a row is about, in the order in which it came."""
    label = r.label.c
    of_it = (label.text_hash == one.text_hash) & (label.protocol == protocol.name)
    theirs = (label.annotator == one.person.name) & (label.role == one.person.role) & label.follows.is_(None)
    return db.execute(select(r.label).where(of_it, theirs, *conditions).order_by(label.id)).all()


def _same(row: Any, said: Mapping[str, Any]) -> bool:
    """Tell whether a label row says what a row of a file says: tools sort lists, fold white space and fill in what is usual."""
    if row.decision != said["decision"]:
        return False
    if row.decision in UNDECIDED:
        return True
    return (
        (row.relation or "none", row.depth or "main") == (said["relation"] or "none", said["depth"] or "main")
        and all(set(getattr(row, name)) == set(said[name]) for name in ("topics", "approaches", "flags"))
        and row.note.split() == said["note"].split()
    )
