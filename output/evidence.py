"""Where a finding can be checked: the quote that carries it, the page, the day and the WARC record it was read from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from sqlalchemy import func, select

from output.batches import each
from output.findings import STRENGTH
from output.masking import one_line, quote
from output.tallies import Tally
from study import record as r
from study.protocol import Protocol
from study.record import Record

_OPENING = 600  # characters read of a text whose judgement kept no quote
_SEARCHED = 50_000  # characters of a text in which the words of an approach are looked for
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+")


def evidence(record: Record, tally: Tally) -> pd.DataFrame:
    """Return one row a finding, best first within what it shows, with columns authority, what, code, cell, quote, url,
    title, fetched, warc_record, text_hash and probability; nothing in it is guarded against formulas yet.
    """
    rows = tally.findings.rows
    pages = tally.rows.pages.drop(columns=["authority", "text_hash"]).set_index("page_id")
    rows = rows.join(pages, on="page_id")
    hashes = sorted(set(rows["text_hash"]))
    titles = _titles(record, hashes)
    judged = sorted(set(rows.loc[rows["what"] != "mention", "text_hash"]))
    quotes = _quotes(record, tally, judged)
    around = patterns(tally.protocol)
    further = _of_approaches(record, tally, quotes)
    seen: dict[tuple[str, str, str], str] = {}

    def best(text_hash: str, what: str, code: str, own: object) -> str:
        key = (text_hash, what, code)
        if key not in seen:
            pattern = around.get((what, code))
            given = own if isinstance(own, str) else further.get(key) or _fitting(quotes.get(text_hash, ()), pattern)
            seen[key] = quote(given, pattern)
        return seen[key]

    of_page = zip(rows["text_hash"], rows["what"], rows["code"], rows["quote"], strict=True)
    verdicts = tally.rows.verdicts
    shown = rows.assign(
        quote=[best(*parts) for parts in of_page],
        title=[one_line(titles.get(text_hash, "")) for text_hash in rows["text_hash"]],
        fetched=[_moment(at) for at in rows["fetched_at"]],
        warc_record=[_place(f, o) for f, o in zip(rows["warc_file"], rows["warc_offset"], strict=True)],
        probability=[verdicts[h].probability if h in verdicts else 0.0 for h in rows["text_hash"]],
    )
    return _ordered(shown, tally)


def _ordered(rows: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """By authority, what and code in the protocol's order, strength, probability, URL: never by a database's own order."""
    place = {p.key: number for number, p in enumerate(tally.places)}
    kind = {key: number for number, key in enumerate(tally.codes())}
    keys = pd.DataFrame(
        {
            "place": [place[a] for a in rows["authority"]],
            "kind": [kind[key] for key in zip(rows["what"], rows["code"], strict=True)],
            "strength": [STRENGTH[cell] for cell in rows["cell"]],
            "unlikely": [-p for p in rows["probability"]],
            "url": list(rows["identity"]),
        },
        index=rows.index,
    )
    return rows.loc[keys.sort_values(list(keys.columns), kind="stable").index].reset_index(drop=True)


def patterns(protocol: Protocol) -> dict[tuple[str, str], re.Pattern[str]]:
    """Return what a quote should show, by what and code: the group's own words, the approach's cues."""
    patterns: dict[tuple[str, str], re.Pattern[str]] = {}
    for keyword in protocol.keywords:
        parts = [keyword.core] if keyword.core else [re.escape(variant) for variant in keyword.variants]
        patterns["keyword", keyword.code] = re.compile("|".join(parts), re.IGNORECASE)
    for approach in protocol.approaches:
        if approach.cues:
            patterns["approach", approach.code] = re.compile("|".join(approach.cues), re.IGNORECASE)
    return patterns


def _fitting(quotes: Sequence[str], pattern: re.Pattern[str] | None) -> str:
    """The first quote with what is to be shown in it, else the first there is."""
    showing = (said for said in quotes if pattern is not None and pattern.search(said))
    return next(showing, quotes[0] if quotes else "")


def _of_approaches(
    record: Record, tally: Tally, quotes: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str, str], str]:
    """Sentences for the approaches that no quote of a judgement shows: it kept those that show it is relevant."""
    around = patterns(tally.protocol)
    rows = tally.findings.rows
    wanted: dict[str, set[str]] = defaultdict(set)
    for text_hash, code in zip(*(rows.loc[rows["what"] == "approach", c] for c in ("text_hash", "code")), strict=True):
        pattern = around.get(("approach", code))
        if pattern is not None and not any(map(pattern.search, quotes.get(text_hash, ()))):
            wanted[text_hash].add(code)
    query = select(r.text.c.text_hash, func.substr(r.text.c.text, 1, _SEARCHED).label("text"))
    with record.begin() as db:
        return {
            (row.text_hash, "approach", code): said
            for row in each(db, query, r.text.c.text_hash, wanted)
            for code in wanted[row.text_hash]
            if (said := _showing(row.text, around["approach", code], tally.protocol.core))
        }


def _showing(text: str, pattern: re.Pattern[str], core: re.Pattern[str]) -> str:
    """The first sentence with words of an approach and of the study, else one in a paragraph with both; '' without any."""
    second = ""
    for paragraph in text.splitlines():
        if pattern.search(paragraph) and core.search(paragraph):
            showing = list(filter(pattern.search, _BETWEEN_SENTENCES.split(paragraph)))
            both = next(filter(core.search, showing), "")
            if both:
                return both
            second = second or next(iter(showing), "")
    return second


def _titles(record: Record, hashes: Sequence[str]) -> dict[str, str]:
    titled = select(r.text.c.text_hash, r.text.c.title)
    with record.begin() as db:
        return {row.text_hash: row.title for row in each(db, titled, r.text.c.text_hash, hashes)}


def _quotes(record: Record, tally: Tally, hashes: Sequence[str]) -> dict[str, Sequence[str]]:
    """The quotes that carried each judgement; the opening of a text whose judgement kept none."""
    quotes: dict[str, Sequence[str]] = {}
    with record.begin() as db:
        carried = select(r.judgement.c.text_hash, r.judgement.c.evidence).where(
            r.judgement.c.protocol_hash == tally.protocol.hash, r.judgement.c.model_id == tally.rows.model_id
        )
        for row in each(db, carried, r.judgement.c.text_hash, hashes):
            if row.evidence:
                quotes[row.text_hash] = row.evidence
        opening = select(r.text.c.text_hash, func.substr(r.text.c.text, 1, _OPENING).label("opening"))
        for row in each(db, opening, r.text.c.text_hash, [key for key in hashes if key not in quotes]):
            quotes[row.text_hash] = (row.opening,)
    return quotes


def _moment(at: object) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(at, pd.Timestamp) and not pd.isna(at) else ""


def _place(file: object, offset: object) -> str:
    return f"{file}:{int(offset)}" if isinstance(file, str) and isinstance(offset, int | float) else ""


def http_only(urls: Iterable[str]) -> list[str]:
    """Return the URLs, those that are not http(s) left blank: a report's links must be safe to follow."""
    return [url if url.startswith(("http://", "https://")) else "" for url in urls]
