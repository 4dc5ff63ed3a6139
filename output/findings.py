"""From what was read to what a table may say: findings, and the cell of each authority.

A finding is one page that speaks for (or may speak for) one thing: a keyword group, a mention or an approach. A cell is the
best of an authority's findings; where there is none, it is 'no' only if everything that bears on it was asked and read,
and 'x' (not known) otherwise. Failure is never read as silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from output.reading import CrawlRows, Verdict
from study.judging import UNCLEAR
from study.protocol import Keyword, Protocol

CONFIRMED, MODEL, AMBIGUOUS = "yes_confirmed", "yes_model", "ambiguous"
NO, NO_BY_SITEMAP, NOT_KNOWN = "no", "no_by_sitemap", "x"
STRENGTH = {CONFIRMED: 0, MODEL: 1, AMBIGUOUS: 2}  # the best finding makes the cell
YES = (CONFIRMED, MODEL)

_COLUMNS = ("authority", "what", "code", "page_id", "text_hash", "cell", "quote")
_Key = tuple[str, str, str]  # authority, what (keyword | mention | approach), code


@dataclass(frozen=True)
class Findings:
    """All findings of a crawl, one row a page, and the cells they make."""

    rows: pd.DataFrame  # columns _COLUMNS; quote is set for mentions only
    hits: pd.DataFrame  # one row for each page a group found on a kind of host, with how that page was seen
    _best: dict[_Key, str]
    _silence: dict[tuple[str, str | None], str]

    def cell(self, authority: str, what: str, code: str) -> str:
        """Return what a table may say of an authority: a key of STRENGTH, or no, no_by_sitemap, x."""
        best = self._best.get((authority, what, code))
        return best or self.silence(authority, code if what == "keyword" else None)

    def silence(self, authority: str, keyword: str | None) -> str:
        """Return what finding nothing means: no, no_by_sitemap or x; ``keyword`` None asks for all groups together."""
        return self._silence.get((authority, keyword), NOT_KNOWN)


def find(rows: CrawlRows, protocol: Protocol, authorities: Iterable[str], *, without_brief: bool = False) -> Findings:
    """Work out the findings of a crawl and what their absence means; ``without_brief`` drops texts that only touch on it."""
    found = _hits(rows)
    verdicts = {h: v for h, v in rows.verdicts.items() if not (without_brief and v.depth == "brief")}
    named = _mentions(rows, protocol)
    parts = [_approaches(rows, protocol, verdicts), named]
    for keyword in protocol.keywords:
        if keyword.counts == "relevance":
            parts.append(_relevant(found, keyword, verdicts))
        else:
            of_it = named[named["code"] == keyword.mention]
            parts.append(of_it.assign(what="keyword", code=keyword.code))
    findings = pd.concat([part for part in parts if len(part)] or [_frame([])], ignore_index=True)
    best: dict[_Key, str] = {}
    for authority, what, code, cell in zip(
        findings["authority"], findings["what"], findings["code"], findings["cell"], strict=True
    ):
        key = (authority, what, code)
        if key not in best or STRENGTH[cell] < STRENGTH[best[key]]:
            best[key] = cell
    return Findings(findings, found, best, _silences(rows, protocol, found, authorities))


def standing_for(keyword: Keyword, verdict: Verdict) -> str | None:
    """Return what a text means for a relevance group that hit it: a key of STRENGTH, or None where it does not count.

    STUDY: a relevant hit's relation includes the group's. Relevant with no relation at all, or with several of which one does not
    include it, or ambiguous, is for a person.
    """
    including = [relation for relation in verdict.relations if relation in keyword.relations]
    if verdict.relevance == "off-topic" or (verdict.relations and not including):
        return None
    if verdict.relevance == "ambiguous" or not including or len(including) < len(verdict.relations):
        return AMBIGUOUS
    return CONFIRMED if verdict.confirmed else MODEL


def _hits(rows: CrawlRows) -> pd.DataFrame:
    asked = rows.searches[["search_id", "authority", "host_kind", "via", "keyword"]]
    pages = rows.pages[["page_id", "text_hash", "seen"]]
    hits = rows.hits.merge(asked, on="search_id").drop(columns="search_id").drop_duplicates()
    return hits.merge(pages, on="page_id")


def _frame(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame.from_records(list(rows), columns=list(_COLUMNS))


def _relevant(found: pd.DataFrame, keyword: Keyword, verdicts: dict[str, Verdict]) -> pd.DataFrame:
    standing = {h: cell for h, verdict in verdicts.items() if (cell := standing_for(keyword, verdict))}
    hits = found[(found["keyword"] == keyword.code) & found["text_hash"].isin(list(standing))]
    hits = hits.drop_duplicates(["authority", "page_id"])
    cells = hits["text_hash"].map(standing)
    return hits.assign(what="keyword", code=keyword.code, cell=cells, quote=None)[list(_COLUMNS)]


def _mentions(rows: CrawlRows, protocol: Protocol) -> pd.DataFrame:
    """Named mentions in any text of an authority. Found by rule, so never 'confirmed': people decide on relevance.

    A candidate that neither counts nor is a known namesake could not be told apart: ambiguous.
    """
    codes = {mention.code for mention in protocol.mentions}
    seen = rows.mentions[rows.mentions["what"].isin(list(codes))]
    counts = seen["counts"].astype(bool)
    seen = seen[counts | seen["which"].isna() | seen["which"].isin(["", UNCLEAR])]
    seen = seen.assign(cell=seen["counts"].astype(bool).map({True: MODEL, False: AMBIGUOUS}))
    seen = seen.sort_values("counts", ascending=False, kind="stable").drop_duplicates(["text_hash", "what"])
    seen = seen.rename(columns={"what": "code"}).assign(what="mention")
    return seen.merge(rows.pages[["page_id", "authority", "text_hash"]], on="text_hash")[list(_COLUMNS)]


def _approaches(rows: CrawlRows, protocol: Protocol, verdicts: dict[str, Verdict]) -> pd.DataFrame:
    codes = {approach.code for approach in protocol.approaches}
    spoken = {h: said for h, verdict in verdicts.items() if (said := approach_cells(verdict))}
    pages = rows.pages[rows.pages["text_hash"].isin(list(spoken))]

    def each() -> Iterator[tuple[object, ...]]:
        for authority, page_id, text_hash in zip(pages["authority"], pages["page_id"], pages["text_hash"], strict=True):
            for code, cell in spoken[text_hash].items():
                if code in codes:
                    yield authority, "approach", code, page_id, text_hash, cell, None

    return _frame(each())


def approach_cells(verdict: Verdict) -> dict[str, str]:
    """Return the cells that a text makes for the approaches it speaks for: none where it is off-topic."""
    if verdict.relevance == "off-topic":
        return {}
    contested = dict.fromkeys(verdict.contested, AMBIGUOUS)
    if verdict.relevance == "ambiguous":
        return contested | dict.fromkeys(verdict.approaches, AMBIGUOUS)
    return contested | dict.fromkeys(verdict.approaches, CONFIRMED if verdict.confirmed else MODEL)


# -- What finding nothing means ------------------------------------------------------------------------------------------


def _silences(
    rows: CrawlRows, protocol: Protocol, found: pd.DataFrame, authorities: Iterable[str]
) -> dict[tuple[str, str | None], str]:
    """What the absence of findings says, per authority and group (None: all groups)."""
    unread = found[found["seen"] == "unread"]
    left = set(zip(unread["authority"], unread["keyword"], strict=True))
    taken_down = rows.searches[rows.searches["left_out"] > 0]
    left |= set(zip(taken_down["authority"], taken_down["keyword"], strict=True))
    asked = _asked(rows)
    silences: dict[tuple[str, str | None], str] = {}
    for authority in authorities:
        for keyword in protocol.keywords:
            ends = [
                asked.get((site, keyword.code, v), NOT_KNOWN)
                for site in _sites(rows, authority)
                for v in keyword.variants
            ]
            silences[authority, keyword.code] = NOT_KNOWN if (authority, keyword.code) in left else weakest(ends)
        silences[authority, None] = weakest([silences[authority, k.code] for k in protocol.keywords])
    return silences


def _sites(rows: CrawlRows, authority: str) -> list[int]:
    of_it = rows.searches.loc[rows.searches["authority"] == authority, "site_id"]
    return [int(site) for site in of_it.unique()]


def _asked(rows: CrawlRows) -> dict[tuple[int, str, str], str]:
    """What each (site, group, variant) proves where it found nothing: the better of search and sitemap."""
    asked: dict[tuple[int, str, str], str] = {}
    searches = rows.searches
    for site, keyword, query, via, status in zip(
        searches["site_id"], searches["keyword"], searches["query"], searches["via"], searches["status"], strict=True
    ):
        key = (int(site), keyword, query)
        asked[key] = min(asked.get(key, NOT_KNOWN), proves(via, status), key=SILENCES.index)
    return asked


def proves(via: str, status: str) -> str:
    """Return what a search that found nothing says: no, no_by_sitemap or x."""
    if via == "search" and status == "complete":
        return NO
    if via != "archive" and (status == "sitemap" or (via == "sitemap" and status == "complete")):
        return NO_BY_SITEMAP
    return NOT_KNOWN


SILENCES = (NO, NO_BY_SITEMAP, NOT_KNOWN)


def weakest(ends: list[str]) -> str:
    """The least that is proven; nothing asked proves nothing."""
    return max(ends, key=SILENCES.index, default=NOT_KNOWN)
