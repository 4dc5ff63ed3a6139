"""The tables of a report, as they are published. What each column means: output/columns.toml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from output.changes import changes_table, trend_table
from output.evidence import http_only
from output.findings import AMBIGUOUS, YES
from output.groups import groups
from output.history import Event
from output.mapping import mapping
from output.masking import one_line
from output.named import definitions, mentions
from output.places import NOT_KNOWN
from output.tallies import USABLE, StudyRow, Tally, reported_by_variant
from output.topics import funnel, topics
from output.trend import Point
from study.authorities import sample, samples
from study.health import way
from study.record import Record

NOT_APPLICABLE = "z"  # of the DfE's data standards, as x is for not available
_HOST_KINDS = ("main", "portal", "committee")
_Row = dict[str, object]


def tables(
    record: Record, tally: Tally, shown: pd.DataFrame, events: Sequence[Event], points: Iterable[Point]
) -> dict[str, pd.DataFrame]:
    """Return the tables of a report by file name, in the order they are read in; ``shown`` is :func:`evidence`'s, ``events``
    and ``points`` are the history and the trend up to the crawl.

    A table the protocol gives no cause for (no framework, no group that counts relevance) is not among them.

    The record is asked for quotes, titles, dates and the texts that are mapped to the framework, nothing else.
    """
    made = {
        "keywords": table(_keywords(tally)),
        "authorities": table(_authorities(tally)),
        "approaches": table(_approaches(tally, shown)),
        "framework": table(mapping(record, tally)),
        "mentions": mentions(record, tally),
        "definitions": definitions(record, tally),
        "funnel": table(funnel(tally)),
        "topics": table(topics(tally)),
        "groups": table(groups(tally)),
        "evidence": _evidence(tally, shown),
        "coverage": table(_coverage(tally)),
        "changes": changes_table(events, tally.protocol),
        "trend": trend_table(points, tally.protocol),
    }
    return {name: one for name, one in made.items() if len(one.columns)}


def column(what: str, code: str) -> str:
    """Return the name of a cell's column in authorities.csv: column('approach', 'early-years') is approach_early_years."""
    return f"{what}_{code.replace('-', '_')}"


def table(rows: Iterable[_Row]) -> pd.DataFrame:
    """Return rows as a frame; numbers stay as they are beside an x or a z."""
    kept = list(rows)
    # object, so that a column of numbers with an x in it is written as it was put in
    return pd.DataFrame(kept, columns=list(kept[0]) if kept else None, dtype=object)


def _or_x(number: int | None) -> object:
    return NOT_KNOWN if number is None else number


def _keywords(tally: Tally) -> list[_Row]:
    return [_keyword_row(tally, row) for row in tally.study_table()]


def _keyword_row(tally: Tally, row: StudyRow) -> _Row:
    keyword = tally.protocol.keyword(row.keyword)
    counts_relevance = keyword.counts == "relevance"
    searches = tally.rows.searches
    statuses = searches.loc[(searches["keyword"] == row.keyword) & (searches["via"] == "search"), "status"]
    cells = list(tally.cells("keyword", row.keyword).values())
    reported = reported_by_variant(tally, keyword)
    ours, published = row.ours, row.published
    return {
        "keyword": row.keyword,
        "keyword_name": row.name,
        "total_hits": _or_x(ours.total_hits),
        "total_is": NOT_KNOWN if ours.total_hits is None else "capped" if row.capped else "exact",
        "min_hits": _or_x(ours.minimum),
        "max_hits": _or_x(ours.maximum),
        "relevant_hits": _or_x(ours.relevant_hits) if counts_relevance else NOT_APPLICABLE,
        "relevant_hits_other_hosts": tally.hits_with(keyword, YES, main=False) if counts_relevance else NOT_APPLICABLE,
        "hits_with_mention": NOT_APPLICABLE if counts_relevance else tally.hits_with(keyword, YES),
        "hits_by_sitemap": tally.hits_with(keyword, YES, by_search=False),
        "ambiguous_hits": tally.hits_with(keyword, (AMBIGUOUS,)),
        "authorities": _or_x(ours.authorities),
        "authorities_ambiguous": cells.count(AMBIGUOUS),
        "authorities_not_known": cells.count(NOT_KNOWN),
        "authorities_counted": row.authorities_counted,
        "authorities_asked": row.authorities_asked,
        "searches": len(statuses),
        "searches_complete": int((statuses == "complete").sum()),
        "searches_capped": int((statuses == "capped").sum()),
        "searches_not_usable": int((~statuses.isin(USABLE)).sum()),
        "reported_by_variant": "; ".join(f"{variant}: {_or_x(total)}" for variant, total in reported.items()),
        "published_total_hits": _or_x(published.total_hits),
        "published_min_hits": _or_x(published.minimum),
        "published_max_hits": _or_x(published.maximum),
        "published_relevant_hits": _or_x(published.relevant_hits) if counts_relevance else NOT_APPLICABLE,
        "published_authorities": _or_x(published.authorities),
    }


def _authorities(tally: Tally) -> Iterable[_Row]:
    for place in tally.places:
        row: _Row = {
            "time_period": tally.rows.as_of.year,
            "time_identifier": "Reporting year",
            "geographic_level": "Local authority",
            "country_code": place.country_code,
            "country_name": place.country_name,
            "region_code": place.region_code,
            "region_name": place.region_name,
            "old_la_code": place.old_la_code,
            "new_la_code": place.new_la_code,
            "la_name": place.name,
            "la_type": place.type,
            "la_size": place.size,
        }
        row |= {column(what, code): tally.findings.cell(place.key, what, code) for what, code in tally.codes()}
        for keyword in tally.protocol.keywords:
            total = tally.total(place.key, keyword.code)
            row[column("hits", keyword.code)] = _or_x(total.hits)
            row[column("hits", keyword.code) + "_is"] = total.total_is
        yield row


def _approaches(tally: Tally, shown: pd.DataFrame) -> Iterable[_Row]:
    """Every authority by every approach, so that silence and not knowing stand in the table too."""
    found = shown[shown["what"] == "approach"]
    relevant = found[found["cell"].isin(list(YES))]
    texts = relevant.drop_duplicates(["authority", "code", "text_hash"])
    counts = Counter(zip(texts["authority"], texts["code"], strict=True))
    first = found.drop_duplicates(["authority", "code"]).set_index(["authority", "code"])[["quote", "url"]]
    best = {key: (said, url) for key, said, url in zip(first.index, first["quote"], first["url"], strict=True)}
    published = tally.protocol.published
    named = published.approaches if published else {}
    sampled = in_study(tally)
    for place in tally.places:
        for approach in tally.protocol.approaches:
            cell = tally.findings.cell(place.key, "approach", approach.code)
            said, url = best.get((place.key, approach.code), ("", ""))
            if place.key in named.get(approach.code, []):
                in_published = "yes"
            else:
                in_published = "not_named" if approach.code in named and place.key in sampled else NOT_KNOWN
            yield {
                "authority": place.key,
                "authority_name": place.name,
                "region_name": place.region_name,
                "approach": approach.code,
                "approach_name": approach.name,
                "cell": cell,
                "relevant_texts": NOT_KNOWN if cell == NOT_KNOWN else counts[place.key, approach.code],
                "quote": said,
                "url": url,
                "published": in_published,
            }


def in_study(tally: Tally) -> set[str]:
    """Return the authorities of the published round: the protocol's own sample."""
    name = tally.protocol.sample
    if tally.protocol.published is None or name not in samples():
        return set()
    return {sampled.authority.code for sampled in sample(name, tally.rows.as_of)}


def _evidence(tally: Tally, shown: pd.DataFrame) -> pd.DataFrame:
    names = {place.key: place.name for place in tally.places}
    table = shown.assign(
        authority_name=[names[authority] for authority in shown["authority"]], url=http_only(shown["url"])
    )
    columns = ["authority", "authority_name", "what", "code", "cell", "quote", "url", "title", "fetched", "warc_record"]
    return table[columns]


def _coverage(tally: Tally) -> Iterable[_Row]:
    order = {place.key: (number, place.name) for number, place in enumerate(tally.places)}
    variants = [(keyword.code, variant) for keyword in tally.protocol.keywords for variant in keyword.variants]
    unread = _unread(tally)
    columns = [str(name) for name in tally.rows.searches.columns]
    searches: list[dict[str, Any]] = [
        dict(zip(columns, row, strict=True)) for row in tally.rows.searches.itertuples(index=False)
    ]

    def place_in_file(search: dict[str, Any]) -> tuple[object, ...]:
        asked = (search["keyword"], search["query"])
        kind = search["host_kind"]
        return (
            order[search["authority"]][0],
            _HOST_KINDS.index(kind) if kind in _HOST_KINDS else len(_HOST_KINDS),
            search["home_url"],
            variants.index(asked) if asked in variants else len(variants),
            search["keyword"],
            search["query"],
            search["via"],
        )

    for search in sorted(searches, key=place_in_file):
        reported, reason, changed = search["reported_total"], search["reason"], search["changed_from"]
        yield {
            "authority": search["authority"],
            "authority_name": order[search["authority"]][1],
            "host_kind": search["host_kind"],
            "site": search["home_url"],
            "keyword": search["keyword"],
            "query": search["query"],
            "via": search["via"],
            "status": search["status"],
            "reported": NOT_KNOWN if pd.isna(reported) else int(reported),
            "total_is": search["total_is"] if isinstance(search["total_is"], str) else "absent",
            "collected": search["collected"],
            "distinct": search["distinct_urls"],
            "pages_read": search["pages_read"],
            "hits_unread": unread[search["search_id"]] + search["left_out"],
            "why": one_line(reason) if isinstance(reason, str) else "",
            "changed_from": way(changed) if isinstance(changed, dict) else "",
        }


def _unread(tally: Tally) -> Counter[int]:
    """How many of a search's hits could not be read: by search id."""
    pages = tally.rows.pages
    missing = pages.loc[pages["seen"] == "unread", "page_id"]
    hits = tally.rows.hits
    return Counter(hits.loc[hits["page_id"].isin(list(missing)), "search_id"])
