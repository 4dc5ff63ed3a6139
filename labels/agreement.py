"""How far annotators agree: counts first, then the coefficients, each with what it is for.

At a prevalence of a few in a thousand, coefficients mislead: two people who agree on 998 of 1,000 pages and on one of the three that either
calls relevant have a kappa of .5 and an AC1 of .998. So the 2x2 counts stand in front and positive agreement beside the rest. Only
texts that both have read count; near-duplicates count once; an adjudicator's word does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import select

from labels.decide import SAID
from study import record as r
from study.decisions import RELEVANCES, newest
from study.protocol import Protocol
from study.record import Record

Said = Mapping[str, Mapping[str, Any]]  # text (or its group) -> annotator -> label row


@dataclass(frozen=True)
class Pair:
    """A yes-or-no question put to two people, over the texts both have read; None is a figure that the counts cannot give.

    ``percent`` and the others are shares of 1: observed agreement, positive agreement 2a/(2a+b+c), Cohen's kappa (1960),
    Gwet's AC1 (2008).
    """

    what: str
    first: str
    second: str
    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def texts(self) -> int:
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def percent(self) -> float | None:
        return (self.both + self.neither) / self.texts if self.texts else None

    @property
    def positive(self) -> float | None:
        said = 2 * self.both + self.first_only + self.second_only
        return 2 * self.both / said if said else None

    @property
    def kappa(self) -> float | None:
        return kappa(self._values())

    @property
    def ac1(self) -> float | None:
        return ac1(self._values())

    def _values(self) -> list[tuple[bool, bool]]:
        return (
            [(True, True)] * self.both
            + [(True, False)] * self.first_only
            + [(False, True)] * self.second_only
            + [(False, False)] * self.neither
        )


@dataclass(frozen=True)
class Agreement:
    """What `labels agree` shows: relevance for every two people, Krippendorff's alpha over all, and each further code."""

    relevance: tuple[Pair, ...]
    unsure: Mapping[
        tuple[str, str], int
    ]  # texts on which one of the two was unsure: they count as 'not relevant' above
    three_valued: Mapping[tuple[str, str], tuple[float | None, float | None]]  # kappa and AC1 of the three values
    alpha: float | None  # of relevant or not, over everybody
    alpha_three_valued: float | None
    codes: tuple[Pair, ...]  # over all pairs of people together; only codes that somebody gave
    people: Mapping[str, int]  # annotator -> texts read
    read_by_several: int


def agreement(record: Record, protocol: Protocol) -> Agreement:
    """Compare what the annotators of a protocol say now of the texts they read themselves."""
    return compare(_said(record, protocol), protocol)


def compare(said: Said, protocol: Protocol) -> Agreement:
    """Compare label rows (columns decision, relation, depth, topics, approaches, flags), by text and annotator."""
    people = Counter(name for by_person in said.values() for name in by_person)
    pairs, unsure, three = [], {}, {}
    for first, second in combinations(sorted(people), 2):
        rows = [(by[first], by[second]) for by in said.values() if first in by and second in by]
        if not rows:
            continue
        decisions = [(a.decision, b.decision) for a, b in rows]
        pairs.append(_pair("relevant", first, second, [(a == "relevant", b == "relevant") for a, b in decisions]))
        unsure[first, second] = sum("ambiguous" in pair for pair in decisions)
        three[first, second] = kappa(decisions), ac1(decisions, len(RELEVANCES))
    several = [[row.decision for row in by.values()] for by in said.values() if len(by) > 1]
    return Agreement(
        relevance=tuple(pairs),
        unsure=unsure,
        three_valued=three,
        alpha=alpha([[value == "relevant" for value in values] for values in several]),
        alpha_three_valued=alpha(several),
        codes=tuple(_codes(said, protocol)),
        people=dict(sorted(people.items())),
        read_by_several=len(several),
    )


def kappa(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    """Return Cohen's kappa of two people's values, text by text; None without texts or where chance alone agrees always."""
    if not pairs:
        return None
    count = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[value] * second[value] for value in first) / count**2
    return _beyond(sum(a == b for a, b in pairs) / count, by_chance)


def ac1(pairs: Sequence[tuple[Any, Any]], values: int = 2) -> float | None:
    """Return Gwet's AC1: like kappa, with a chance that does not grow as one value becomes rare. None without texts.

    ``values`` is how many there were to choose from, his q (Gwet 2008), also where nobody chose one of them.
    """
    if not pairs:
        return None
    shares = Counter(value for pair in pairs for value in pair)
    by_chance = sum((n / (2 * len(pairs))) * (1 - n / (2 * len(pairs))) for n in shares.values()) / (values - 1)
    return _beyond(sum(a == b for a, b in pairs) / len(pairs), by_chance)


def alpha(units: Iterable[Sequence[Any]]) -> float | None:
    """Return Krippendorff's alpha for nominal values: one list of values a text, of however many people read it.

    None where no text was read twice or all values are the same (there is nothing to disagree about).
    """
    coincidences: Counter[tuple[Any, Any]] = Counter()
    weights: dict[tuple[Any, Any], float] = defaultdict(float)
    for values in units:
        if len(values) < 2:
            continue
        coincidences.clear()
        for i, one in enumerate(values):
            for j, other in enumerate(values):
                if i != j:
                    coincidences[one, other] += 1
        for key, number in coincidences.items():
            weights[key] += number / (len(values) - 1)
    totals: dict[Any, float] = defaultdict(float)
    for (one, _), weight in weights.items():
        totals[one] += weight
    count = sum(totals.values())
    differ = sum(weight for (one, other), weight in weights.items() if one != other)
    expected = sum(totals[a] * totals[b] for a in totals for b in totals if a != b)
    return 1 - (count - 1) * differ / expected if expected else None


def _beyond(observed: float, by_chance: float) -> float | None:
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else None


def _pair(what: str, first: str, second: str, values: Iterable[tuple[bool, bool]]) -> Pair:
    counts = Counter(values)
    return Pair(what, first, second, counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def _codes(said: Said, protocol: Protocol) -> Iterator[Pair]:
    """Compare relation and depth on texts both call relevant, topics on those both call off-topic, approaches as relation.

    A text on which one of two people left open what is compared is left out: who chose nothing did not choose otherwise.
    """
    wanted = [(f"relation {one.code}", "relevant", "relation", one.code) for one in protocol.relations]
    wanted += [(f"approach {one.code}", "relevant", "approaches", one.code) for one in protocol.approaches]
    wanted += [(f"depth {depth}", "relevant", "depth", depth) for depth in ("main", "section", "brief")]
    wanted += [(f"topic {one.code}", "off-topic", "topics", one.code) for one in protocol.topics]
    wanted += [(f"flag {one.code}", "", "flags", one.code) for one in protocol.flags]
    for what, decision, column, code in wanted:
        values = [
            (_has(a, column, code), _has(b, column, code))
            for by_person in said.values()
            for (_, a), (_, b) in combinations(sorted(by_person.items()), 2)
            if (not decision or a.decision == b.decision == decision)
            and None not in (getattr(a, column), getattr(b, column))
        ]
        pair = _pair(what, "one", "the other", values)
        if pair.texts > pair.neither:
            yield pair


def _has(row: Any, column: str, code: str) -> bool:
    value = getattr(row, column)
    return code in value if isinstance(value, list | tuple) else value == code


def _said(record: Record, protocol: Protocol) -> Said:
    columns = ("id", "text_hash", "annotator", "role", *SAID)
    rows = select(*(r.label.c[name] for name in columns)).where(
        r.label.c.protocol == protocol.name, r.label.c.follows.is_(None), r.label.c.role != "adjudicator"
    )
    near = select(r.near_text.c.text_hash, r.near_text.c.group_hash).where(r.near_text.c.protocol_hash == protocol.hash)
    with record.begin() as db:
        standing = newest(db.execute(rows.order_by(r.label.c.id)))
        groups = {row.text_hash: row.group_hash for row in db.execute(near)}
    said: dict[str, dict[str, Any]] = defaultdict(dict)
    for text_hash, by_person in standing.items():
        for (_, name), row in by_person.items():
            known = said[groups.get(text_hash, text_hash)].get(name)
            if known is None or known.id < row.id:
                said[groups.get(text_hash, text_hash)][name] = row
    return said
