"""The quotes behind the page's cells, a bounded number of each; the rest is in evidence.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from output.page.marks import Mark, evidence_anchor, mark, slug
from output.page.rows import records
from output.tallies import Tally

PER_CELL = 3  # quotes of one cell on the page
ENTRIES = 2_500  # quotes on the page before each cell is held to one
TITLE = 160  # characters of a page's title
DEFINITIONS = 40
NAMES, FEWER = 12, 8  # quotes of a name: all of them up to so many, else fewer


@dataclass(frozen=True)
class Quote:
    """One page that speaks for a cell."""

    text: str
    title: str
    url: str
    day: str
    cell: str


@dataclass
class Shown:
    """Cells of one authority that rest on the same pages."""

    anchors: list[str]
    names: list[str]
    mark: Mark
    quotes: list[Quote]
    further: int  # quotes left to evidence.csv


@dataclass
class OfAuthority:
    """All evidence of one authority."""

    anchor: str
    name: str
    region: str
    shown: list[Shown] = field(default_factory=list)


def evidence_of(tally: Tally, table: pd.DataFrame) -> list[OfAuthority]:
    """Return the evidence table grouped by authority and cell, cells that rest on the same quotes together."""
    names = cell_names(tally)
    places = {place.key: place for place in tally.places}
    table = table[table["authority"].isin(list(places))]
    keys = ["authority", "what", "code"]
    at_most = PER_CELL if len(table.groupby(keys).head(PER_CELL)) <= ENTRIES else 1
    counts = Counter(zip(table["authority"], table["what"], table["code"], strict=True))
    first = table.groupby(keys, sort=False).head(at_most)
    by_authority: dict[str, OfAuthority] = {}
    for key, rows in first.groupby(keys, sort=False):
        authority, what, code = (str(part) for part in key)
        place = places[authority]
        group = by_authority.setdefault(authority, OfAuthority(slug("a", authority), place.name, place.region_name))
        quotes = [
            Quote(*row)
            for row in zip(
                rows["quote"],
                rows["title"].str[:TITLE],
                rows["url"],
                rows["fetched"].str[:10],
                rows["cell"],
                strict=True,
            )
        ]
        anchor, name = evidence_anchor(authority, what, code), names[what, code]
        further = counts[authority, what, code] - len(quotes)
        same = next((s for s in group.shown if s.quotes == quotes and s.further == further), None)
        if same is None:
            own = mark(authority, what, code, tally.findings.cell(authority, what, code))
            group.shown.append(Shown([anchor], [name], own, quotes, further))
        else:
            same.anchors.append(anchor)
            same.names += [name] if name not in same.names else []
    return list(by_authority.values())


def cell_names(tally: Tally) -> dict[tuple[str, str], str]:
    """Return what each cell is called on the page, by (what, code)."""
    p = tally.protocol
    named = {mention.code: mention.name for mention in p.mentions}
    names = {("keyword", k.code): named.get(k.mention or "", k.name) for k in p.keywords}
    names |= {("mention", m.code): m.name for m in p.mentions}
    return names | {("approach", a.code): a.name for a in p.approaches}


@dataclass(frozen=True)
class Named:
    """One page that holds a name or a definition."""

    authority: str
    quote: str
    url: str
    day: str
    remarks: str


@dataclass(frozen=True)
class NamedGroup:
    """A name: on how many pages of how many authorities it stands, what it is about, and quotes (not of all)."""

    code: str
    name: str
    pages: int
    authorities: int
    about: tuple[tuple[str, int], ...]
    explained: int
    linked: int
    beside: int
    quotes: tuple[Named, ...]


def names_of(tally: Tally, table: pd.DataFrame) -> list[NamedGroup]:
    """Return what is said where the names stand that a keyword group counts: those beside the subject and explained first."""
    groups = []
    meant = table[table["which"] == ""] if len(table) else table
    for keyword in tally.protocol.keywords:
        if keyword.counts != "mention":
            continue
        own = meant[meant["what"] == keyword.mention] if len(meant) else meant
        about: dict[str, int] = {}
        for said in own["about"] if len(own) else ():
            for code in filter(None, said.split("; ")):
                about[code] = about.get(code, 0) + 1
        tells = (
            own.sort_values(["beside_keyword", "explained", "linked"], ascending=False, kind="stable")
            if len(own)
            else own
        )
        groups.append(
            NamedGroup(
                code=keyword.code,
                name=cell_names(tally)["keyword", keyword.code],
                pages=len(own),
                authorities=int(own["authority"].nunique()) if len(own) else 0,
                about=tuple(sorted(about.items(), key=lambda item: (-item[1], item[0]))),
                explained=_yes(own, "explained"),
                linked=_yes(own, "linked"),
                beside=_yes(own, "beside_keyword"),
                quotes=tuple(_named(tells.head(FEWER if len(own) > NAMES else NAMES))),
            )
        )
    return groups


def _yes(rows: pd.DataFrame, column: str) -> int:
    return int((rows[column] == "yes").sum()) if len(rows) else 0


def _named(rows: pd.DataFrame) -> Iterator[Named]:
    remarks = {"beside_keyword": "beside mentoring or coaching", "explained": "explained", "linked": "linked"}
    for row in records(rows):
        said = ", ".join(words for column, words in remarks.items() if row[column] == "yes")
        yield Named(row["authority_name"], row["quote"], row["url"], row["fetched"], said)


def definitions_of(table: pd.DataFrame) -> list[Named]:
    """Return the definitions that relevant and ambiguous pages give."""
    if not len(table):
        return []
    own = table[table["relevance"].isin(["relevant", "ambiguous"])].head(DEFINITIONS)
    return [
        Named(row["authority_name"], row["quote"], row["url"], row["fetched"], row["relevance"]) for row in records(own)
    ]
