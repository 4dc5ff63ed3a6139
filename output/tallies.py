"""Counting: a crawl's hits, relevant hits and authorities, as the study counted them, beside what it published.

    tally = take(record, protocols.load("nfer-2008"))
    for row in tally.study_table(): print(row.keyword, row.ours.total_hits, row.published.total_hits)

How things are counted, and why, is in docs/reports.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import pandas as pd

from output.findings import YES, Findings, find
from output.places import Place, places
from output.reading import CrawlRows, read_crawl
from study.protocol import Keyword, Protocol, Published
from study.record import Record

MAIN = "main"  # the study asked authorities' own websites: portals and committee systems are not in its totals
USABLE = ("complete", "capped")


@dataclass(frozen=True)
class Figures:
    """One round's figures for a keyword group; None where unpublished, not countable or not applicable."""

    total_hits: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    relevant_hits: int | None = None  # of groups that count relevance
    authorities: int | None = None  # with a relevant hit, or with the mention


@dataclass(frozen=True)
class StudyRow:
    """One keyword group of the study's table: ours beside the published."""

    keyword: str
    name: str
    ours: Figures
    published: Figures
    capped: bool  # some site pages no further: our total is what it reported
    authorities_counted: int  # whose searches of the group could all be used
    authorities_asked: int

    def equal(self, figure: str) -> bool | None:
        """Tell whether a figure (a field of Figures) is the published one; None where either is unknown."""
        ours, theirs = getattr(self.ours, figure), getattr(self.published, figure)
        return None if ours is None or theirs is None else ours == theirs

    @property
    def differs(self) -> tuple[str, ...]:
        """The published figures that ours do not equal, by field name of Figures."""
        return tuple(
            field.name
            for field in fields(Figures)
            if getattr(self.published, field.name) is not None and not self.equal(field.name)
        )


@dataclass(frozen=True)
class GroupTotal:
    """The total hits of a keyword group on one authority's main sites."""

    hits: int | None = None  # None: some search of the group could not be used
    total_is: Literal["exact", "capped", "x"] = "x"


@dataclass(frozen=True)
class Tally:
    """Everything that is counted of one crawl."""

    protocol: Protocol
    rows: CrawlRows
    places: tuple[Place, ...]
    findings: Findings
    totals: dict[tuple[str, str], GroupTotal]  # by authority and keyword group; absent: not asked

    def total(self, authority: str, keyword: str) -> GroupTotal:
        """Return a group's total on an authority's sites."""
        return self.totals.get((authority, keyword), GroupTotal())

    def cells(self, what: str, code: str) -> dict[str, str]:
        """Return each authority's cell for a keyword group, mention or approach."""
        return {place.key: self.findings.cell(place.key, what, code) for place in self.places}

    def codes(self) -> list[tuple[str, str]]:
        """Return all that has a cell, as (what, code): keyword groups, mentions, approaches, in the protocol's order."""
        p = self.protocol
        return [
            *(("keyword", keyword.code) for keyword in p.keywords),
            *(("mention", mention.code) for mention in p.mentions),
            *(("approach", approach.code) for approach in p.approaches),
        ]

    def study_table(self) -> list[StudyRow]:
        """Return the study's table, one row a keyword group in the protocol's order."""
        return [self._study_row(keyword) for keyword in self.protocol.keywords]

    def _study_row(self, keyword: Keyword) -> StudyRow:
        totals = [self.total(place.key, keyword.code) for place in self.places]
        counted = [total.hits for total in totals if total.hits is not None]
        cells = list(self.cells("keyword", keyword.code).values())
        return StudyRow(
            keyword=keyword.code,
            name=keyword.name,
            ours=Figures(
                total_hits=sum(counted) if counted else None,
                minimum=min(counted, default=None),
                maximum=max(counted, default=None),
                relevant_hits=self.hits_with(keyword, YES) if keyword.counts == "relevance" else None,
                authorities=sum(cell in YES for cell in cells),
            ),
            published=_published(self.protocol.published, keyword.code),
            capped=any(total.total_is == "capped" for total in totals),
            authorities_counted=len(counted),
            authorities_asked=len(self.places),
        )

    def hits_with(self, keyword: Keyword, cells: tuple[str, ...], *, main: bool = True, by_search: bool = True) -> int:
        """Count a group's hits (distinct pages that were found on an authority) whose page has one of ``cells``.

        ``main`` counts those of the authorities' own sites, false those that only stand on their other hosts.
        ``by_search`` counts what their searches gave, false what was only found by reading pages in a search's place:
        the two are never added up.
        """
        found = self.findings.hits[self.findings.hits["keyword"] == keyword.code]
        searched = found["via"] == "search"
        asked = found[searched]
        if by_search:
            on_main = set(asked.loc[asked["host_kind"] == MAIN, "page_id"])
            pages = on_main if main else set(asked["page_id"]) - on_main
        else:
            pages = set(found.loc[~searched, "page_id"]) - set(asked["page_id"])
        rows = self.findings.rows
        wanted = (rows["what"] == "keyword") & (rows["code"] == keyword.code) & rows["cell"].isin(list(cells))
        return len(pages & set(rows.loc[wanted, "page_id"]))


def take(
    record: Record,
    protocol: Protocol,
    crawl_id: int | None = None,
    *,
    model_only: bool = False,
    without_brief: bool = False,
) -> Tally:
    """Count a crawl (default: the protocol's newest).

    ``model_only`` ignores what people decided; ``without_brief`` leaves out texts that only touch on their subject.
    Raises :class:`study.record.RecordError` where there is no such crawl.
    """
    rows = read_crawl(record, protocol, crawl_id, model_only=model_only)
    keys = {*rows.targets, *rows.searches["authority"]}
    known = tuple(places(keys, rows.sample, rows.as_of))
    findings = find(rows, protocol, [place.key for place in known], without_brief=without_brief)
    return Tally(protocol, rows, known, findings, _totals(rows, protocol))


def study_table(
    record: Record, protocol: Protocol, crawl_id: int | None = None, model_only: bool = False
) -> list[StudyRow]:
    """Return the study's table of a crawl: see :func:`take` and :meth:`Tally.study_table`."""
    return take(record, protocol, crawl_id, model_only=model_only).study_table()


def _published(published: Published | None, keyword: str) -> Figures:
    if published is None:
        return Figures()
    return Figures(
        total_hits=published.totals.get(keyword),
        minimum=published.minimum.get(keyword),
        maximum=published.maximum.get(keyword),
        relevant_hits=published.relevant.get(keyword),
        authorities=published.authorities.get(keyword),
    )


class _Asked(NamedTuple):
    query: str
    status: str
    stated: int  # the total the site reported, where it is one to go by; else 0


def _totals(rows: CrawlRows, protocol: Protocol) -> dict[tuple[str, str], GroupTotal]:
    """Distinct pages over a group's variants and an authority's main sites.

    Where a site's search is capped, the largest total it reported for the group takes the place of what it let us count.
    """
    main = _main_searches(rows)
    hits = rows.hits.merge(main[["search_id", "site_id", "authority", "keyword"]], on="search_id")
    per_authority = _distinct(hits, "authority")
    per_site = _distinct(hits, "site_id")
    groups: dict[tuple[str, str], dict[int, list[_Asked]]] = defaultdict(lambda: defaultdict(list))
    stated = main["reported_total"].where(main["total_is"].isin(["exact", "capped"])).fillna(0)
    for authority, keyword, site, query, status, number in zip(
        main["authority"], main["keyword"], main["site_id"], main["query"], main["status"], stated, strict=True
    ):
        groups[authority, keyword][site].append(_Asked(query, status, int(number)))
    variants = {keyword.code: set(keyword.variants) for keyword in protocol.keywords}
    totals = {}
    for (authority, keyword), sites in groups.items():
        usable = [{asked.query for asked in of_site if asked.status in USABLE} for of_site in sites.values()]
        if keyword not in variants or any(variants[keyword] - queries for queries in usable):
            continue
        capped = {site: max(a.stated for a in asked) for site, asked in sites.items() if _is_capped(asked)}
        beyond = sum(max(0, most - per_site.get((site, keyword), 0)) for site, most in capped.items())
        distinct = per_authority.get((authority, keyword), 0)
        totals[authority, keyword] = GroupTotal(distinct + beyond, "capped" if capped else "exact")
    return totals


def _main_searches(rows: CrawlRows) -> pd.DataFrame:
    return rows.searches[(rows.searches["host_kind"] == MAIN) & (rows.searches["via"] == "search")]


def _is_capped(asked: list[_Asked]) -> bool:
    return any(search.status == "capped" for search in asked)


def _distinct(hits: pd.DataFrame, by: str) -> dict[tuple[object, str], int]:
    """How many pages each owner (authority or site) and group has."""
    once = hits[[by, "keyword", "page_id"]].drop_duplicates()
    return Counter(zip(once[by], once["keyword"], strict=True))


def reported_by_variant(tally: Tally, keyword: Keyword) -> dict[str, int | None]:
    """Return, for each variant of a group, the sum of the totals the main sites themselves reported; None: none did."""
    main = _main_searches(tally.rows)
    stated = main[(main["keyword"] == keyword.code) & main["reported_total"].notna()]
    sums = stated.groupby("query")["reported_total"].sum()
    return {variant: int(sums[variant]) if variant in sums.index else None for variant in keyword.variants}


def searched(tally: Tally) -> tuple[int, int, int]:
    """Return how many authorities could be searched fully, in part, and not at all (reading by sitemap is searching)."""
    searches = tally.rows.searches
    usable = searches["status"].isin([*USABLE, "sitemap"]) & (searches["via"] != "archive")
    columns = ["authority", "site_id", "keyword", "query"]
    answered = searches.loc[usable, columns].drop_duplicates().groupby("authority").size()
    sites = searches.groupby("authority")["site_id"].nunique()
    variants = sum(len(keyword.variants) for keyword in tally.protocol.keywords)
    fully = partly = 0
    for place in tally.places:
        got, wanted = int(answered.get(place.key, 0)), int(sites.get(place.key, 0)) * variants
        fully += 0 < wanted <= got
        partly += 0 < got < wanted
    return fully, partly, len(tally.places) - fully - partly
