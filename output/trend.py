"""How many authorities had what, crawl by crawl: cells of all crawls at once, on the map of the day and on today's map.

    points = trend(runs, today=tally.rows.as_of, authorities=[place.key for place in tally.places])

A point counts authorities by their cell, and is drawn with bounds rather than a confidence interval: every authority was
asked, so nothing is sampled, and what is not known may be yes or no. The lower bound takes all that is ambiguous or not
known for no, the upper bound for yes.

Rule of lineage: on today's map an authority has, for a day before it existed, what the authorities then responsible for its
area had: yes if any of them had it, no only if it is no for all of them. So a county's yes is each successor's yes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from output.findings import (
    AMBIGUOUS,
    CONFIRMED,
    MODEL,
    NO,
    NO_BY_SITEMAP,
    NOT_KNOWN,
    SILENCES,
    STRENGTH,
    proves,
    weakest,
)
from output.looks import Looks, Thing
from output.runs import Run, Runs
from study.authorities import predecessors, register
from study.protocol import Protocol, Published

DAY, TODAY = "day", "today"
_RANK = (
    CONFIRMED,
    MODEL,
    AMBIGUOUS,
    NOT_KNOWN,
    NO_BY_SITEMAP,
    NO,
)  # several authorities in one: the first of these counts
_LEAST = 0.5  # share of the authorities of the map that a crawl must have asked, to be a point of its trend


@dataclass(frozen=True)
class Point:
    """How many authorities of a map had something on a day; None where that is not known."""

    as_of: date
    map: str  # day | today
    what: str
    code: str
    source: str  # crawl | published
    authorities: int  # on the map
    yes_confirmed: int | None
    yes_model: int | None
    ambiguous: int | None
    no: int | None
    no_by_sitemap: int | None
    not_known: int | None
    lower: int | None
    upper: int | None

    @property
    def yes(self) -> int | None:
        """Authorities that have it, by a person's word or the model's."""
        return None if self.yes_confirmed is None else self.yes_confirmed + (self.yes_model or 0)


def trend(runs: Runs, authorities: Sequence[str], things: Iterable[Thing] | None = None) -> list[Point]:
    """Return the points of a study's trend, by day, map, and the protocol's order of things.

    ``authorities`` are those of the newest map (a report's places); ``things`` default to all that has a cell. A crawl
    that asked fewer than half of them, or of whom they were, is no point. Two crawls that speak for one day make one
    point: of two cells of an authority the later crawl's counts, unless it is not known.
    """
    wanted = list(things) if things is not None else all_things(runs.protocol)
    cells = Cells(runs)
    points = list(_published(runs.protocol, wanted))
    for day in sorted({run.as_of for run in runs.runs}):
        of_day = [run for run in runs.runs if run.as_of == day]
        asked = frozenset().union(*(run.authorities for run in of_day))
        owners = {authority: owners_on(authority, day, asked) for authority in authorities}
        if sum(bool(found) for found in owners.values()) < max(1, _LEAST * len(authorities)):
            continue
        then = sorted({owner for found in owners.values() for owner in found})
        unasked = [authority for authority, found in owners.items() if not found and _existed(authority, day)]
        for what, code in wanted:
            known = {owner: cells.on(of_day, owner, (what, code)) for owner in then}
            of_day_cells = [*known.values(), *(NOT_KNOWN for _ in unasked)]
            today = [_joined([known[owner] for owner in found]) for found in owners.values()]
            points.append(_point(day, DAY, what, code, of_day_cells))
            points.append(_point(day, TODAY, what, code, today))
    place = {thing: number for number, thing in enumerate(wanted)}
    return sorted(points, key=lambda p: (p.as_of, p.source == "crawl", p.map, place[p.what, p.code]))


def all_things(protocol: Protocol) -> list[Thing]:
    """Return all that has a cell: keyword groups, mentions and approaches, in the protocol's order."""
    return [
        *(("keyword", keyword.code) for keyword in protocol.keywords),
        *(("mention", mention.code) for mention in protocol.mentions),
        *(("approach", approach.code) for approach in protocol.approaches),
    ]


def owners_on(authority: str, day: date, asked: Iterable[str]) -> list[str]:
    """Return the asked authorities that were responsible for today's ``authority``'s area on ``day``: itself, or before it
    existed those it was made of, followed as far back as needed; empty where none of them was asked.
    """
    among = set(asked)
    if authority in among:
        return [authority]
    if authority not in register() or _existed(authority, day):
        return []
    return sorted({owner for older in predecessors(authority) for owner in owners_on(older.code, day, among)})


def _existed(authority: str, day: date) -> bool:
    known = register().get(authority)
    return known is None or known.start_date is None or known.start_date <= day


def _joined(cells: Sequence[str]) -> str:
    """The cell of an area that several authorities held: yes if any, no only if all."""
    return min(cells, key=_RANK.index, default=NOT_KNOWN)


class Cells:
    """The cell of any authority in any crawl, from the sparse rows."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self._best = _best(runs)
        self._silence = _silences(runs)

    def cell(self, crawl_id: int, authority: str, thing: Thing) -> str:
        """Return what a crawl's table may say of an authority."""
        what, code = thing
        best = self._best.get((crawl_id, authority, thing))
        return best or self._silence.get((crawl_id, authority, code if what == "keyword" else None), NOT_KNOWN)

    def on(self, runs: Sequence[Run], authority: str, thing: Thing) -> str:
        """Return the cell that one day's crawls make: the last one's that is known."""
        cells = [self.cell(run.crawl_id, authority, thing) for run in runs if authority in run.authorities]
        return next((cell for cell in reversed(cells) if cell != NOT_KNOWN), NOT_KNOWN)


def _best(runs: Runs) -> dict[tuple[int, str, Thing], str]:
    looks = Looks(runs)
    best: dict[tuple[int, str, Thing], str] = {}
    for (crawl_id, page_id), look in runs.looks.items():
        if look.seen != "read":
            continue
        page = runs.pages[page_id]
        listed = runs.listed.get((crawl_id, page_id), frozenset())
        for (what, code), cell in looks.says(page, look.text_hash).items():
            if what == "keyword" and runs.protocol.keyword(code).counts == "relevance" and code not in listed:
                continue  # a cell is of what the crawl's own searches gave; history knows the page all the same
            key = (crawl_id, page.authority, (what, code))
            if key not in best or STRENGTH[cell] < STRENGTH[best[key]]:
                best[key] = cell
    return best


def _silences(runs: Runs) -> dict[tuple[int, str, str | None], str]:
    """What finding nothing means, by crawl, authority and keyword group (None: all of them), as output.findings has it."""
    silences: dict[tuple[int, str, str | None], str] = {}
    for run in runs.runs:
        sites: dict[str, set[int]] = defaultdict(set)
        ends: dict[tuple[int, str, str], str] = {}
        for asked in runs.asked.get(run.crawl_id, ()):
            sites[asked.authority].add(asked.site_id)
            key = (asked.site_id, asked.keyword, asked.query)
            ends[key] = min(ends.get(key, NOT_KNOWN), proves(asked.via, asked.status), key=SILENCES.index)
        for authority, of_it in sites.items():
            for keyword in runs.protocol.keywords:
                proven = [ends.get((s, keyword.code, v), NOT_KNOWN) for s in of_it for v in keyword.variants]
                unread = (run.crawl_id, authority, keyword.code) in runs.unread
                silences[run.crawl_id, authority, keyword.code] = NOT_KNOWN if unread else weakest(proven)
            every = [silences[run.crawl_id, authority, k.code] for k in runs.protocol.keywords]
            silences[run.crawl_id, authority, None] = weakest(every)
    return silences


def _point(day: date, on_map: str, what: str, code: str, cells: Sequence[str]) -> Point:
    count: Mapping[str, int] = Counter(cells)
    yes = count[CONFIRMED] + count[MODEL]
    return Point(
        as_of=day,
        map=on_map,
        what=what,
        code=code,
        source="crawl",
        authorities=len(cells),
        yes_confirmed=count[CONFIRMED],
        yes_model=count[MODEL],
        ambiguous=count[AMBIGUOUS],
        no=count[NO],
        no_by_sitemap=count[NO_BY_SITEMAP],
        not_known=count[NOT_KNOWN],
        lower=yes,
        upper=yes + count[AMBIGUOUS] + count[NOT_KNOWN],
    )


def _published(protocol: Protocol, things: Sequence[Thing]) -> Iterator[Point]:
    """The published round's points: keyword groups as counted; approaches as named, which is the least there were."""
    published = protocol.published
    if published is None or published.as_of is None:
        return
    for what, code in things:
        yes, upper = _counted(published, what, code)
        if yes is not None:
            none = (None, None, None, None, None)
            yield Point(
                published.as_of,
                DAY,
                what,
                code,
                "published",
                published.asked or yes,
                yes,
                *none,
                lower=yes,
                upper=upper,
            )


def _counted(published: Published, what: str, code: str) -> tuple[int | None, int | None]:
    if what == "keyword":
        return published.authorities.get(code), published.authorities.get(code)
    if what == "approach" and code in published.approaches:
        return len(published.approaches[code]), None
    return None, None
