"""What a report needs of the record, read once: one crawl's searches, hits and pages, and what was ruled on its texts.

Nothing here counts; texts themselves stay in the record until a quote is asked for (:mod:`output.quotes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, or_, select
from sqlalchemy.engine import Connection

from study import record as r
from study.decisions import Decision, decisions
from study.judging import model_in_use, texts_of
from study.protocol import Protocol
from study.record import Record
from study.text import has_text

GONE = ("gone", "soft-404")  # outcomes of a hit that leads nowhere: seen, and nothing there
_GONE_STATUS = (404, 410)


@dataclass(frozen=True)
class Verdict:
    """What stands about one text; ``confirmed`` where a person said so, else it is the model's judgement."""

    relevance: str  # relevant | off-topic | ambiguous
    relations: tuple[str, ...]  # several where people differ, none where nobody said
    approaches: tuple[str, ...]
    depth: str  # main | section | brief
    probability: float  # of relevance by the model; 0 where it gave none
    confirmed: bool
    topics: tuple[str, ...] = ()  # of an off-topic text
    contested: tuple[str, ...] = ()  # approaches that some people gave and others did not


@dataclass(frozen=True)
class CrawlRows:
    """One crawl as the record has it. The frames' columns are named in the functions that read them."""

    crawl_id: int
    as_of: date
    sample: str
    model_id: str
    targets: tuple[str, ...]  # authorities the crawl was to visit
    searches: pd.DataFrame
    hits: pd.DataFrame
    pages: pd.DataFrame
    verdicts: dict[str, Verdict]  # by text hash
    mentions: pd.DataFrame
    unjudged: int  # texts that were fetched and that the model has not judged


def read_crawl(record: Record, protocol: Protocol, crawl_id: int | None, *, model_only: bool = False) -> CrawlRows:
    """Read a crawl (default: the protocol's newest); with ``model_only`` as if no person had decided anything.

    Raises :class:`study.record.RecordError` where there is no such crawl, or it is of another protocol.
    """
    wanted = record.crawl_of(protocol.name, crawl_id)
    with record.begin() as db:
        crawl = db.execute(select(r.crawl).where(r.crawl.c.id == wanted)).one()
        model_id = model_in_use(db, protocol, wanted)
        judged = _judged(db, protocol, wanted, model_id)
        pages = _pages(db, wanted, judged)
        searches = _searches(db, wanted)
        hits = _frame(
            db,
            select(r.hit.c.search_id, r.hit.c.page_id)
            .join(r.search, r.search.c.id == r.hit.c.search_id)
            .where(r.search.c.crawl_id == wanted),
        ).drop_duplicates()
        mentions = _frame(
            db,
            select(
                r.mention.c.text_hash,
                r.mention.c.what,
                r.mention.c.counts,
                r.mention.c.which,
                r.mention.c.quote,
                r.mention.c.about,
                r.mention.c.beside_keyword,
                r.mention.c.explained,
                r.mention.c.linked,
            )
            .where(r.mention.c.protocol_hash == protocol.hash, r.mention.c.text_hash.in_(texts_of(wanted)))
            .order_by(r.mention.c.text_hash, r.mention.c.what, r.mention.c.start),
        )
    decided = {} if model_only else decisions(record, protocol.name)
    texts = set(pages["text_hash"].dropna())
    return CrawlRows(
        crawl_id=wanted,
        as_of=crawl.as_of,
        sample=crawl.sample,
        model_id=model_id,
        targets=tuple(dict.fromkeys(str(target["authority"]) for target in crawl.targets)),
        searches=searches,
        hits=hits,
        pages=pages,
        verdicts=judged | {h: ruled(decision, judged.get(h)) for h, decision in decided.items() if h in texts},
        mentions=mentions,
        unjudged=int(pages["unjudged"].sum()),
    )


def _frame(db: Connection, query: Select[Any]) -> pd.DataFrame:
    result = db.execute(query)
    return pd.DataFrame.from_records([tuple(row) for row in result], columns=list(result.keys()))


def _judged(db: Connection, protocol: Protocol, crawl_id: int, model_id: str) -> dict[str, Verdict]:
    query = select(
        r.judgement.c.text_hash,
        r.judgement.c.relevance,
        r.judgement.c.relation,
        r.judgement.c.approaches,
        r.judgement.c.depth,
        r.judgement.c.probability,
        r.judgement.c.topics,
    ).where(
        r.judgement.c.protocol_hash == protocol.hash,
        r.judgement.c.model_id == model_id,
        r.judgement.c.text_hash.in_(texts_of(crawl_id)),
    )
    return {row.text_hash: replace(by_model(row), topics=tuple(row.topics)) for row in db.execute(query)}


def by_model(row: Any) -> Verdict:
    """Return what stands about a text on which nobody decided, by a row of its judgement; its topics are left out."""
    relations = () if row.relation == "none" else (row.relation,)
    return Verdict(row.relevance, relations, tuple(row.approaches), row.depth, row.probability or 0.0, confirmed=False)


def ruled(decision: Decision, model: Verdict | None) -> Verdict:
    """Return what stands about a text on which people decided; ``model`` is its judgement, None where it has none.

    A person who leaves relation or depth open is taken to have left that to the model, and so is one who is unsure and gives no
    approaches: these then stand as unsure as the text. Where there is no model either, a text is about it in the main.
    """
    relations, approaches, depth = decision.relations, decision.approaches, decision.depth
    if model is not None:
        relations = relations or model.relations
        depth = depth or model.depth
        approaches += model.approaches if decision.approaches_open else ()
    return Verdict(
        decision.relevance,
        relations,
        tuple(dict.fromkeys(approaches)),
        depth or "main",
        model.probability if model else 0.0,
        confirmed=True,
        topics=decision.topics,
        contested=decision.contested,
    )


def _searches(db: Connection, crawl_id: int) -> pd.DataFrame:
    """One row a search: where it was asked, what, and what came of it. A search still to do has status 'pending'."""
    searches = _frame(
        db,
        select(
            r.search.c.id.label("search_id"),
            r.search.c.site_id,
            r.site.c.authority,
            r.site.c.host_kind,
            r.site.c.home_url,
            r.search.c.keyword,
            r.search.c.query,
            r.search.c.via,
            r.search.c.state,
            r.search.c.status,
            r.search.c.reason,
            r.search.c.reported_total,
            r.search.c.total_is,
            r.search.c.collected,
            r.search.c.distinct_urls,
            r.search.c.left_out,
            r.search.c.pages_read,
            r.site.c.changed_from,
        )
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .where(r.search.c.crawl_id == crawl_id),
    )
    pending = (searches["state"] != "done") | searches["status"].isna()
    return searches.assign(status=searches["status"].mask(pending, "pending")).drop(columns="state")


def _pages(db: Connection, crawl_id: int, judged: dict[str, Verdict]) -> pd.DataFrame:
    """One row a page that was found or fetched: authority, url (as asked for), how it ended (``seen``), its text and where it is kept.

    ``seen`` is read (fetched, its text judged), gone (it leads nowhere) or unread: anything else, so that what was not
    read is never taken for silence.
    """
    unreadable = _unreadable(db, crawl_id)
    pages = _frame(
        db,
        select(
            r.page.c.id.label("page_id"),
            r.page.c.authority,
            r.page.c.url.label("identity"),
            func.coalesce(r.capture.c.url, r.page.c.url).label("url"),
            r.capture.c.outcome,
            r.capture.c.status,
            func.coalesce(r.capture.c.state, "pending").label("state"),
            r.capture.c.raw_hash,
            r.capture.c.text_hash,
            r.capture.c.fetched_at,
            r.capture.c.warc_file,
            r.capture.c.warc_offset,
        )
        .join(r.capture, (r.capture.c.page_id == r.page.c.id) & (r.capture.c.crawl_id == crawl_id), isouter=True)
        .where(
            or_(
                r.capture.c.id.is_not(None),
                r.page.c.id.in_(
                    select(r.hit.c.page_id)
                    .join(r.search, r.search.c.id == r.hit.c.search_id)
                    .where(r.search.c.crawl_id == crawl_id)
                ),
            )
        ),
    )
    fetched = (pages["state"] == "done") & (pages["outcome"] == "ok") & ~pages["raw_hash"].isin(list(unreadable))
    known = pages["text_hash"].isin(list(judged))
    gone = (pages["state"] == "done") & (pages["outcome"].isin(GONE) | pages["status"].isin(_GONE_STATUS))
    seen = pd.Series("unread", index=pages.index).mask(fetched & known, "read").mask(gone, "gone")
    return pages.assign(seen=seen, unjudged=fetched & ~known)


def _unreadable(db: Connection, crawl_id: int) -> set[str]:
    """Bodies no extractor got text from (a scan, a format we cannot read): a long text that was cut is not one."""
    query = select(r.extraction.c.raw_hash, r.extraction.c.error).where(
        r.extraction.c.raw_hash.in_(select(r.capture.c.raw_hash).where(r.capture.c.crawl_id == crawl_id))
    )
    read: dict[str, bool] = {}
    for raw_hash, error in db.execute(query):
        read[raw_hash] = read.get(raw_hash, False) or has_text(error)
    return {raw_hash for raw_hash, was_read in read.items() if not was_read}
