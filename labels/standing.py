"""Where labelling stands: what was found, at what cost, and how much of all that is relevant it can be, honestly.

Ranking finds pages fast; proving that few are left is dear. Two things are known, and neither is more than it says:

- the **hypergeometric test** of Callaghan and Mueller-Hansen (2020, 'Statistical stopping criteria for automated screening', Systematic
  Reviews 9:273): had less than the target share been found, how likely would a run with so few relevant texts be if it were drawn at random
  from what was unread? The likeliest texts are read first, so the truth is less likely still;
- the **random share**: texts drawn by lot from those that the model would drop. Only they say how many of these are relevant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import select

from labels import nearness
from study import record as r
from study.decisions import UNDECIDED, decisions
from study.protocol import Protocol
from study.record import Record

TARGETS = (0.8, 0.9, 0.95)
CONFIDENCE = 0.95
# Nobody reads texts faster. One person's imported decisions that lie closer have the moment of their import, as those of a file without
# `decided_at`, or one that a tool gave to many: it says by when they were read, and nothing of the order.
_FASTEST = timedelta(seconds=1)
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Lot:
    """What the random share says of the texts that the model would drop: ``found`` of ``read`` drawn ones are relevant.

    ``most`` is how many of the ``unread`` dropped ones may be relevant (95 %, Clopper and Pearson 1934, one-sided, rounded up).
    """

    read: int
    found: int
    unread: int
    most: int


@dataclass(frozen=True)
class Standing:
    """Where labelling of a crawl stands. Texts are groups of near-duplicates; ``found`` are those decided relevant."""

    pool: int  # texts in the crawl
    read: int  # of them decided by somebody
    found: int
    unsure: int  # decided ambiguous, or disputed
    since_found: int  # texts read since the last relevant one; at least, where some are unordered
    unordered: int  # of those read: nobody knows when, so the relevant ones are taken to be late and the others early
    by_source: dict[str, tuple[int, int]]  # source -> read, found
    p_values: dict[float, float | None]  # recall target -> p of having found less; None: nothing found yet
    lot: Lot | None
    seconds: float | None  # median seconds a decision
    seconds_measured: int  # decisions that have them
    hours_spent: float  # all measured decisions, also second readings and adjudication
    hours_saved: float | None  # unread texts at the median

    @property
    def sentence(self) -> str:
        """What may be claimed, in one plain sentence; what is unsure is not found, and may be relevant."""
        if self.unsure and self.read:
            return f"{self._claim[:-1]}; {self.unsure:,} unsure or in dispute are not counted and may be relevant too."
        return self._claim

    @property
    def _claim(self) -> str:
        if not self.read:
            return "Nobody has decided a text yet, so nothing can be said of what is there."
        if self.read >= self.pool:
            return f"Every text was read: {self.found} of {self.pool} are relevant."
        if not self.found:
            return (
                f"No relevant text in {self.read:,} read of {self.pool:,}: that does not show that the rest holds none."
            )
        reached = [target for target, p in self.p_values.items() if p is not None and p < 1 - CONFIDENCE]
        if not reached:
            unread = self.pool - self.read
            known = f"{self.since_found:,} read since the last one say too little about {unread:,} unread"
            if self.unordered:
                known = (
                    f"it is not known in which order {self.unordered:,} of the {self.read:,} were read (imported decisions "
                    f"without a `decided_at` of their own); if their relevant ones came last, {known}"
                )
            return (
                f"{self.found} relevant texts are found; it cannot be claimed that these are {min(TARGETS):.0%} of all, "
                f"because {known}."
            )
        return (
            f"At least {max(reached):.0%} of the relevant texts are found, with {CONFIDENCE:.0%} confidence "
            f"(p = {self.p_values[max(reached)]:.3f}); more than that is not shown."
        )


def standing(record: Record, protocol: Protocol, crawl_id: int) -> Standing:
    """Return where labelling of a crawl stands."""
    groups = nearness.groups(record, protocol, crawl_id)
    with record.begin() as db:
        inside = {
            groups[key]
            for key in db.execute(
                select(r.capture.c.text_hash)
                .where(r.capture.c.crawl_id == crawl_id, r.capture.c.text_hash.is_not(None))
                .distinct()
            ).scalars()
            if key in groups
        }
        columns = ("id", "decided_at", "form", "text_hash", "annotator", "source", "role", "decision", "seconds")
        query = select(*(r.label.c[name] for name in columns)).where(
            r.label.c.protocol == protocol.name, r.label.c.follows.is_(None)
        )
        query = query.order_by(r.label.c.decided_at, r.label.c.id)  # ids are in the order of saving, in a file any
        rows = [row for row in db.execute(query) if groups.get(row.text_hash) in inside]
        dropped = {groups[key] for key in _dropped(db, protocol, crawl_id) if key in groups} & inside
    settled = _by_group(record, protocol, groups)
    first: dict[str, Any] = {}  # group -> the row by which it was read first
    for row in rows:
        if row.decision not in UNDECIDED and groups[row.text_hash] in settled:
            first.setdefault(groups[row.text_hash], row)
    unordered = _unordered(rows) & {row.id for row in first.values()}
    order: list[tuple[datetime, bool]] = []
    sources: dict[str, list[bool]] = defaultdict(list)
    for group, row in first.items():
        found = settled[group] == "relevant"
        # The later the relevant ones, the larger p (the rest could hold more): what it shows so holds in whatever order they were read.
        order.append((_EVER if row.id in unordered and not found else row.decided_at, found))
        sources[row.source].append(found)
    labels = [found for _, found in sorted(order)]
    measured = [row.seconds for row in rows if row.seconds is not None and row.decision != "undone"]
    typical = median(measured) if measured else None
    unread = len(inside) - len(first)
    return Standing(
        pool=len(inside),
        read=len(first),
        found=sum(labels),
        unsure=sum(settled[group] == "ambiguous" for group in first),
        since_found=len(labels) - (max(i for i, found in enumerate(labels) if found) + 1 if any(labels) else 0),
        unordered=len(unordered),
        by_source={source: (len(found), sum(found)) for source, found in sorted(sources.items())},
        p_values={target: p_value(labels, len(inside), target) for target in TARGETS},
        lot=_lot(sources.get("random", []), len(dropped - first.keys())),
        seconds=typical,
        seconds_measured=len(measured),
        hours_spent=sum(measured) / 3600,
        hours_saved=unread * typical / 3600 if typical is not None else None,
    )


def p_value(labels: Sequence[bool], pool: int, target: float) -> float | None:
    """Return how likely what was read would be, at most, if less than ``target`` of all relevant texts had been found.

    ``labels`` says of each text, in the order of reading, whether it is relevant; ``pool`` counts all texts. Every final
    stretch of the reading is tried and the smallest value returned, as Callaghan and Mueller-Hansen do. None: nothing found.
    """
    from scipy.stats import hypergeom

    seen = np.asarray(labels, dtype=bool)
    found = int(seen.sum())
    if not found:
        return None
    size = np.arange(len(seen), 0, -1)  # of the final stretches, the longest first
    inside = np.cumsum(seen[::-1])[::-1]
    left = pool - np.arange(len(seen))  # texts unread when the stretch began
    # The fewest relevant texts left then, had the target been missed.
    missed = np.array([floor(found / target + 1 - (found - k)) for k in inside])
    values = np.where(missed > left, 0.0, hypergeom.cdf(inside, left, np.minimum(missed, left), size))
    return float(values.min())


def _unordered(rows: Iterable[Any]) -> set[int]:
    """Return which label rows (their ids; rows in the order of ``decided_at`` in) do not say when their texts were read."""
    found: set[int] = set()
    last: dict[str, Any] = {}
    for row in rows:
        if row.form is not None:  # the labelling page saved it as it was decided
            continue
        before = last.get(row.annotator)
        if before is not None and row.decided_at - before.decided_at < _FASTEST:
            found |= {before.id, row.id}
        last[row.annotator] = row
    return found


def _lot(drawn: Sequence[bool], unread: int) -> Lot | None:
    from scipy.stats import beta

    if not drawn:
        return None
    found = sum(drawn)
    share = float(beta.ppf(CONFIDENCE, found + 1, len(drawn) - found)) if found < len(drawn) else 1.0
    return Lot(len(drawn), found, unread, min(unread, floor(share * unread) + (share * unread % 1 > 0)))


def _dropped(db: Any, protocol: Protocol, crawl_id: int) -> Iterable[str]:
    """Return the texts of a crawl that the newest model would drop."""
    from study.judging import model_in_use, texts_of

    query = select(r.judgement.c.text_hash).where(
        r.judgement.c.protocol_hash == protocol.hash,
        r.judgement.c.model_id == model_in_use(db, protocol, crawl_id),
        r.judgement.c.relevance == "off-topic",
        r.judgement.c.text_hash.in_(texts_of(crawl_id)),
    )
    return list(db.execute(query).scalars())


def _by_group(record: Record, protocol: Protocol, groups: dict[str, str]) -> dict[str, str]:
    """Return the standing decision of each group: that of a text somebody read, before one that only follows."""
    settled: dict[str, str] = {}
    ordered = sorted(decisions(record, protocol.name).items(), key=lambda item: (not item[1].follows, item[0]))
    for text_hash, decision in ordered:
        settled[groups.get(text_hash, text_hash)] = decision.relevance
    return settled
