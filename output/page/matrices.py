"""Authorities against what is asked of them: by keyword group, by approach, by the framework; and added up in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NO, NOT_KNOWN, YES
from output.page.marks import SHORT, Mark, coverage_anchor, mark, slug
from output.page.rows import records
from output.places import Place
from output.tallies import Tally


@dataclass(frozen=True)
class Hits:
    """A total of hits in a matrix: '' where it is not known."""

    shown: str
    value: int


@dataclass(frozen=True)
class Row:
    """One authority of a matrix."""

    place: Place
    anchor: str
    marks: tuple[Mark, ...]
    hits: tuple[Hits, ...] = ()


@dataclass(frozen=True)
class Matrix:
    """Authorities by codes."""

    heads: tuple[tuple[str, str], ...]  # code and name of each column
    rows: tuple[Row, ...]


def by_keyword(tally: Tally) -> Matrix:
    """Return every authority's cells of the keyword groups, with the totals of those that count relevance."""
    heads = [(k.code, k.name) for k in tally.protocol.keywords]
    counted = [k.code for k in tally.protocol.keywords if k.counts == "relevance"]
    rows = []
    for place in _by_region(tally):
        totals = [tally.total(place.key, code) for code in counted]
        hits = tuple(
            Hits("not known", -1)
            if t.hits is None
            else Hits(f"{t.hits:,}{'*' if t.total_is == 'capped' else ''}", t.hits)
            for t in totals
        )
        rows.append(Row(place, slug("k", place.key), _marks(tally, place, "keyword", heads), hits))
    return Matrix(tuple(heads), tuple(rows))


def by_approach(tally: Tally) -> Matrix:
    """Return every authority's cells of the approaches."""
    heads = [(a.code, a.name) for a in tally.protocol.approaches]
    rows = [Row(p, slug("p", p.key), _marks(tally, p, "approach", heads)) for p in _by_region(tally)]
    return Matrix(tuple(heads), tuple(rows))


def _by_region(tally: Tally) -> list[Place]:
    return _sorted(tally.places)


def _sorted(places: Sequence[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (place.region_name, place.name))


def _marks(tally: Tally, place: Place, what: str, heads: Sequence[tuple[str, str]]) -> tuple[Mark, ...]:
    return tuple(mark(place.key, what, code, tally.findings.cell(place.key, what, code)) for code, _ in heads)


# -- Who does what -------------------------------------------------------------------------------------------------------


@dataclass
class Approach:
    """One approach: who has it, by region, and whom the published study names."""

    code: str
    name: str
    regions: list[tuple[str, list[tuple[str, Mark]]]] = field(default_factory=list)
    yes: int = 0
    ambiguous: int = 0
    not_known: int = 0
    published: tuple[str, ...] = ()


def approaches_of(tally: Tally, listed: Sequence[Place]) -> list[Approach]:
    """Return the approaches in the protocol's order: how many authorities say yes, and those of ``listed`` by name."""
    published = tally.protocol.published
    names = {place.key: place.name for place in tally.places}
    found = []
    for entry in tally.protocol.approaches:
        cells = tally.cells("approach", entry.code)
        named = published.approaches.get(entry.code, []) if published else []
        one = Approach(entry.code, entry.name, published=tuple(names[code] for code in named if code in names))
        values = list(cells.values())
        one.yes = sum(cell in YES for cell in values)
        one.ambiguous, one.not_known = values.count(AMBIGUOUS), values.count(NOT_KNOWN)
        by_region: dict[str, list[tuple[str, Mark]]] = {}
        for place in _sorted(listed):
            if cells[place.key] in YES:
                own = mark(place.key, "approach", entry.code, cells[place.key])
                by_region.setdefault(place.region_name, []).append((place.name, own))
        one.regions = list(by_region.items())
        found.append(one)
    return found


# -- The framework -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What one quote of an authority tells: one entry of the framework or several."""

    names: tuple[str, ...]
    cell: str
    quote: str
    url: str
    day: str


@dataclass(frozen=True)
class Mapped:
    """One authority with relevant texts, mapped to the framework."""

    place: Place
    anchor: str
    marks: tuple[Mark, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Mapping:
    """Columns in their dimensions, and the authorities of which anything is told."""

    dimensions: tuple[tuple[str, int], ...]
    heads: tuple[tuple[str, str], ...]
    rows: tuple[Mapped, ...]
    silent: int  # authorities of which nothing is told


def framework_of(tally: Tally, table: pd.DataFrame) -> Mapping | None:
    """Return the framework table by authority; None where the study has no framework."""
    entries = tally.protocol.framework
    if not entries:
        return None
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.dimension] = counts.get(entry.dimension, 0) + 1
    places = {place.key: place for place in tally.places}
    rows = []
    for key, own in table.groupby("authority", sort=False):
        authority = str(key)
        if authority not in places or not set(own["cell"]) & {CONFIRMED, MODEL, AMBIGUOUS}:
            continue
        anchor = slug("f", authority)
        marks: list[Mark] = []
        told: dict[tuple[str, str, str, str], list[str]] = {}
        for row in records(own):
            found = row["cell"] in (CONFIRMED, MODEL, AMBIGUOUS)
            marks.append(Mark(row["cell"], f"#{anchor}" if found else f"#{coverage_anchor(authority)}"))
            if found:
                told.setdefault((row["cell"], row["quote"], row["url"], row["date"]), []).append(row["name"])
        own_words = tuple(Told(tuple(names), *source) for source, names in told.items())
        rows.append(Mapped(places[authority], anchor, tuple(marks), own_words))
    rows.sort(key=lambda row: (row.place.region_name, row.place.name))
    heads = tuple((entry.code, entry.name) for entry in entries)
    dimensions = tuple((name.replace("-", " "), count) for name, count in counts.items())
    return Mapping(dimensions, heads, tuple(rows), len(places) - len(rows))


# -- Groups --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """One group's figures for one keyword group: counts by cell, and widths of a bar in per cent."""

    yes: int
    known: int
    parts: tuple[tuple[str, int, float], ...]  # cell, authorities, width
    words: str


@dataclass(frozen=True)
class GroupRow:
    """A region, type or size; ``href`` leads to its authorities."""

    name: str
    href: str
    authorities: int
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Grouping:
    """All regions, or all types, or all sizes."""

    title: str
    code: str
    heads: tuple[str, ...]
    rows: tuple[GroupRow, ...]


def groupings(tally: Tally, table: pd.DataFrame, listed: Sequence[Place]) -> list[Grouping]:
    """Return the groups table by region, type and size, for the keyword groups; regions lead to their first of ``listed``."""
    regions = {place.region_name for place in listed}
    keywords = [(k.code, k.name) for k in tally.protocol.keywords]
    own = table[table["what"] == "keyword"]
    kinds = (
        ("By region", "region", "region_name", own[own["geographic_level"] == "Regional"]),
        ("By type of authority", "type", "la_type", own[own["la_type"] != "Total"]),
        ("By size (number of schools)", "size", "la_size", own[own["la_size"] != "Total"]),
    )
    made = []
    for title, code, column, rows in kinds:
        names = [name for name in dict.fromkeys(rows[column]) if name != NOT_KNOWN]
        links = {name: f"#region-{slug(name)}" if name in regions else "#authorities" for name in names}
        groups = tuple(_group(name, links[name], rows[rows[column] == name], keywords) for name in names)
        if groups:
            made.append(Grouping(title, code, tuple(name for _, name in keywords), groups))
    return made


def _group(name: str, href: str, rows: pd.DataFrame, keywords: Sequence[tuple[str, str]]) -> GroupRow:
    by_code = {row["code"]: row for row in records(rows)}
    size = int(by_code[keywords[0][0]]["authorities"])
    return GroupRow(_capital(name), href, size, tuple(_share(by_code[code], size) for code, _ in keywords))


def _capital(name: str) -> str:
    return (name[:1].upper() + name[1:]).replace("london", "London")


def _share(row: dict[str, object], size: int) -> Share:
    counts = [
        (CONFIRMED, row["authorities_yes_confirmed"]),
        (MODEL, row["authorities_yes_model"]),
        (AMBIGUOUS, row["authorities_ambiguous"]),
        (NO, row["authorities_no"]),
        (NOT_KNOWN, row["authorities_not_known"]),
    ]
    parts = tuple((cell, int(str(n)), 100 * int(str(n)) / size) for cell, n in counts if n)
    yes, no = int(str(row["authorities_yes"])), int(str(row["authorities_no"]))
    return Share(yes, yes + no, parts, ", ".join(f"{n} {SHORT[cell]}" for cell, n, _ in parts))
