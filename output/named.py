"""Names as they stand on pages: every mention with what it is about, and the definitions that pages give."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from sqlalchemy import func, select

from output.evidence import http_only
from output.masking import one_line, quote
from output.places import NOT_KNOWN
from output.tallies import Tally
from study import record as r
from study.judging import UNCLEAR
from study.record import Record

_DEFINITION = "definition"  # the mention that is a table of its own
_AT_ONCE = 500
_TELLS = ["beside_keyword", "explained", "linked"]  # what a mention shows beyond that it is there
_ONE_ROW = ["text_hash", "what", "which"]  # mentions of one name on one text
_COLUMNS = (
    "what",
    "which",
    "about",
    "beside_keyword",
    "explained",
    "linked",
    "quote",
    "url",
    "fetched",
    "document_date",
)


def mentions(record: Record, tally: Tally) -> pd.DataFrame:
    """Return one row for each page and name (or namesake) on it: of several the one that says most, by authority and URL.

    ``about`` and the three tells (beside a keyword, explained, linked) join what all of them say; the quote is that of the one
    with most of the tells. A page that only gives a definition is in :func:`definitions`.
    """
    known = {mention.code: number for number, mention in enumerate(tally.protocol.mentions)}
    seen = tally.rows.mentions
    seen = seen[seen["what"].isin([code for code in known if code != _DEFINITION])]
    shown = _shown(record, tally, seen)
    names = {mention.code: mention.name for mention in tally.protocol.mentions}
    place = {p.key: number for number, p in enumerate(tally.places)}
    keys = pd.DataFrame(
        {
            "place": shown["authority"].map(place),
            "kind": shown["what"].map(known),
            "meant": shown["which"] != "",
            "which": shown["which"],
            "url": shown["identity"],
        }
    )
    shown = shown.loc[keys.sort_values(list(keys.columns), kind="stable").index]
    return shown.assign(what_name=shown["what"].map(names))[
        ["authority", "authority_name", "what", "what_name", *_COLUMNS[1:]]
    ]


def definitions(record: Record, tally: Tally) -> pd.DataFrame:
    """Return one row for each page that defines mentoring or coaching, those of relevant texts first within an authority."""
    seen = tally.rows.mentions
    seen = seen[(seen["what"] == _DEFINITION) & seen["counts"].astype(bool)]
    shown = _shown(record, tally, seen)
    verdicts = tally.rows.verdicts
    relevance = [verdicts[h].relevance if h in verdicts else NOT_KNOWN for h in shown["text_hash"]]
    shown = shown.assign(relevance=relevance)
    place = {p.key: number for number, p in enumerate(tally.places)}
    order = ["relevant", "ambiguous", NOT_KNOWN, "off-topic"]
    keys = pd.DataFrame(
        {"place": shown["authority"].map(place), "rank": [order.index(x) for x in relevance], "url": shown["identity"]}
    )
    shown = shown.loc[keys.sort_values(list(keys.columns), kind="stable").index]
    return shown[["authority", "authority_name", "relevance", "quote", "url", "fetched", "document_date"]]


def _shown(record: Record, tally: Tally, seen: pd.DataFrame) -> pd.DataFrame:
    """Mentions as rows of pages, quotes and addresses fit to publish; ``which`` is '' for what is meant."""
    meant = seen["counts"].astype(bool)
    which = [("" if m else (w or UNCLEAR)) for m, w in zip(meant, seen["which"].fillna(""), strict=True)]
    seen = seen.assign(which=which, tells=seen[_TELLS].astype(int).sum(axis=1))
    about: dict[tuple[str, str, str], set[str]] = {}
    for key, said in zip(_keys(seen), seen["about"], strict=True):
        about.setdefault(key, set()).update(said)
    best = seen.sort_values("tells", ascending=False, kind="stable").drop_duplicates(_ONE_ROW)
    # Two mentions of one page may each tell something else: the page tells both.
    best = best.drop(columns=_TELLS).merge(seen.groupby(_ONE_ROW, as_index=False)[_TELLS].any(), on=_ONE_ROW)
    pages = tally.rows.pages[["authority", "identity", "url", "text_hash", "raw_hash", "fetched_at"]]
    shown = best.merge(pages, on="text_hash")
    dates = _document_dates(record, sorted(set(shown["raw_hash"].dropna())))
    names = {place.key: place.name for place in tally.places}
    quotes = {said: quote(said) for said in set(shown["quote"])}
    return shown.assign(
        authority_name=shown["authority"].map(names),
        about=["; ".join(sorted(about[key])) for key in _keys(shown)],
        which=[one_line(name) for name in shown["which"]],
        **{tell: _yes_no(shown[tell]) for tell in _TELLS},
        quote=shown["quote"].map(quotes),
        url=http_only(shown["url"]),
        fetched=[at.strftime("%Y-%m-%d") if isinstance(at, pd.Timestamp) else "" for at in shown["fetched_at"]],
        document_date=[dates.get(raw_hash, NOT_KNOWN) for raw_hash in shown["raw_hash"]],
    )


def _keys(frame: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    return zip(*(frame[name] for name in _ONE_ROW), strict=True)


def _yes_no(values: pd.Series) -> list[str]:
    return ["yes" if value else "no" for value in values]


def _document_dates(record: Record, hashes: list[str]) -> dict[str, str]:
    """The day a document itself gives, by body: where extractors differ, the latest they read."""
    dates: dict[str, str] = {}
    with record.begin() as db:
        for start in range(0, len(hashes), _AT_ONCE):
            query = (
                select(r.extraction.c.raw_hash, func.max(r.extraction.c.document_date).label("day"))
                .where(r.extraction.c.raw_hash.in_(hashes[start : start + _AT_ONCE]))
                .group_by(r.extraction.c.raw_hash)
            )
            dates.update({row.raw_hash: row.day.isoformat() for row in db.execute(query) if row.day})
    return dates
