"""All crawls of a study, read sparsely: only pages that ever had something to say, and how everything was asked.

A crawl holds a hundred thousand captures, and a few hundred of them speak for anything. What history and trends need is
read in as many questions as there are tables, whatever the number of crawls, and fits in memory for a year of England.

Each text has one standing, whichever crawl fetched it: a person's decision, else the judgement of the newest model that
judged it. So a model trained since changes no site, and a crawl taken in late is read like the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select, union
from sqlalchemy.engine import Connection

from output.findings import AMBIGUOUS, MODEL
from output.reading import GONE, Verdict
from study import record as r
from study.decisions import decisions
from study.judging import UNCLEAR
from study.protocol import Protocol
from study.record import Record

NOT_FOUND = (404, 410)
PEOPLE = "people"  # who judged a text that a person decided
_NEVER = datetime.min.replace(tzinfo=UTC)
_AT_ONCE = 500


@dataclass(frozen=True)
class Run:
    """One crawl: the day it speaks for, and whom it asked."""

    crawl_id: int
    as_of: date
    sample: str
    authorities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One search of one crawl, as far as it bears on what silence means."""

    site_id: int
    authority: str
    host_kind: str
    home_url: str
    keyword: str
    query: str
    via: str
    status: str  # pending where it is still to do
    reason: str


@dataclass(frozen=True, slots=True)
class Site:
    """One site of one crawl whose search is asked otherwise than an earlier crawl did."""

    authority: str
    home_url: str
    changed_from: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """One capture of a page that had something to say at some time. ``seen`` is read, gone (404, 410), empty or unread."""

    url: str
    address: str  # where it led
    seen: str
    why: str
    raw_hash: str | None
    text_hash: str | None


@dataclass(frozen=True)
class Page:
    """A page that had something to say at some time; ``groups`` are the keyword groups that ever found it."""

    id: int
    authority: str
    url: str
    groups: frozenset[str]
    host_kinds: frozenset[str]


@dataclass(frozen=True)
class Runs:
    """What is known of a study's crawls, oldest first."""

    protocol: Protocol
    runs: tuple[Run, ...]
    asked: Mapping[int, Sequence[Asked]]  # by crawl
    changed_sites: Mapping[int, Sequence[Site]]  # by crawl
    pages: Mapping[int, Page]
    looks: Mapping[tuple[int, int], Look]  # by crawl and page
    listed: Mapping[tuple[int, int], frozenset[str]]  # keyword groups that found a page in a crawl
    verdicts: Mapping[str, Verdict]  # by text; texts that say nothing are not here
    judged_by: Mapping[str, str]  # by text: a model's id, or PEOPLE; a text that is not here was not judged
    mentions: Mapping[str, Mapping[str, tuple[str, str]]]  # by text and code: cell and quote
    unread: frozenset[tuple[int, str, str]]  # crawl, authority, keyword group: some hit could not be read


def read_runs(
    record: Record,
    protocol: Protocol,
    *,
    until: date | None = None,
    only: Iterable[int] | None = None,
    model_only: bool = False,
    without_brief: bool = False,
) -> Runs:
    """Read the crawls of a study that speak for days up to ``until`` (default: all), or ``only`` these, by id.

    ``model_only`` ignores what people decided, ``without_brief`` leaves out texts that only touch on their subject.
    """
    decided = {} if model_only else decisions(record, protocol.name)
    with record.begin() as db:
        runs = _runs(db, protocol, until, only)
        of_study = r.capture.c.crawl_id.in_([run.crawl_id for run in runs])
        speaking = _speaking(protocol)
        with_decision = set(decided)
        interesting = select(r.capture.c.page_id).where(r.capture.c.text_hash.in_(speaking), of_study).distinct()
        page_ids = set(db.execute(interesting).scalars()) | _pages_of(db, with_decision, of_study)
        texts = _texts(db, page_ids, of_study)
        verdicts, judged_by = _judged(db, protocol, texts)
        for text_hash, decision in decided.items():
            if text_hash in texts:
                model = verdicts.get(text_hash)
                relation = decision.relation if decision.relation != "none" or model is None else model.relation
                judged_by[text_hash] = PEOPLE
                verdicts[text_hash] = Verdict(
                    decision.relevance, relation, decision.approaches, decision.depth, 0.0, confirmed=True
                )
        asked, changed = _asked(db, runs)
        listed, groups, kinds = _listed(db, page_ids, runs)
        return Runs(
            protocol=protocol,
            runs=runs,
            asked=asked,
            changed_sites=changed,
            pages=_pages(db, page_ids, groups, kinds),
            looks=_looks(db, page_ids, of_study, judged_by),
            listed=listed,
            verdicts={
                text_hash: verdict
                for text_hash, verdict in verdicts.items()
                if verdict.relevance != "off-topic" and not (without_brief and verdict.depth == "brief")
            },
            judged_by=judged_by,
            mentions=_mentions(db, protocol, texts),
            unread=_unread(db, protocol, runs),
        )


def _runs(db: Connection, protocol: Protocol, until: date | None, only: Iterable[int] | None) -> tuple[Run, ...]:
    query = select(r.crawl.c.id, r.crawl.c.as_of, r.crawl.c.sample, r.crawl.c.targets).where(
        r.crawl.c.protocol == protocol.name
    )
    if until is not None:
        query = query.where(r.crawl.c.as_of <= until)
    if only is not None:
        query = query.where(r.crawl.c.id.in_(list(only)))
    visited: dict[int, set[str]] = defaultdict(set)
    for crawl_id, authority in db.execute(select(r.site.c.crawl_id, r.site.c.authority).distinct()):
        visited[crawl_id].add(authority)
    return tuple(
        Run(row.id, row.as_of, row.sample, frozenset(visited[row.id] | {str(t["authority"]) for t in row.targets}))
        for row in db.execute(query.order_by(r.crawl.c.as_of, r.crawl.c.id))
    )


def _speaking(protocol: Protocol) -> Any:
    """The texts that a model ever let stand, or that hold a name: who decides, and what stands today, is seen later."""
    return union(
        select(r.judgement.c.text_hash).where(
            r.judgement.c.protocol_hash == protocol.hash, r.judgement.c.relevance.in_(["relevant", "ambiguous"])
        ),
        select(r.mention.c.text_hash).where(r.mention.c.protocol_hash == protocol.hash, _named()),
    )


def _named() -> Any:
    """A mention that counts, or one that could not be told from its namesakes."""
    return or_(r.mention.c.counts, r.mention.c.which.is_(None), r.mention.c.which.in_(["", UNCLEAR]))


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield ``items`` in order, as many at a time as one question may hold: both databases bound its parameters."""
    ordered = sorted(items)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def _each(db: Connection, query: Select[Any], column: Any, items: Iterable[Any]) -> Iterator[Any]:
    for chunk in chunks(items):
        yield from db.execute(query.where(column.in_(chunk)))


def _pages_of(db: Connection, texts: set[str], of_study: Any) -> set[int]:
    query = select(r.capture.c.page_id).where(of_study)
    return {row.page_id for row in _each(db, query, r.capture.c.text_hash, texts)}


def _texts(db: Connection, pages: set[int], of_study: Any) -> set[str]:
    query = select(r.capture.c.text_hash).where(of_study, r.capture.c.text_hash.is_not(None))
    return {row.text_hash for row in _each(db, query, r.capture.c.page_id, pages)}


def _judged(db: Connection, protocol: Protocol, texts: set[str]) -> tuple[dict[str, Verdict], dict[str, str]]:
    made = {row.id: row.created_at for row in db.execute(select(r.model.c.id, r.model.c.created_at))}
    query = select(
        r.judgement.c.text_hash,
        r.judgement.c.model_id,
        r.judgement.c.relevance,
        r.judgement.c.relation,
        r.judgement.c.approaches,
        r.judgement.c.depth,
        r.judgement.c.probability,
    ).where(r.judgement.c.protocol_hash == protocol.hash)
    verdicts: dict[str, Verdict] = {}
    judged_by: dict[str, str] = {}
    newest: dict[str, tuple[datetime, str]] = {}
    for row in _each(db, query, r.judgement.c.text_hash, texts):
        age = (made.get(row.model_id) or _NEVER, row.model_id)
        if row.text_hash in newest and age < newest[row.text_hash]:
            continue
        newest[row.text_hash] = age
        judged_by[row.text_hash] = row.model_id
        verdicts[row.text_hash] = Verdict(
            row.relevance, row.relation, tuple(row.approaches), row.depth, row.probability or 0.0, confirmed=False
        )
    return verdicts, judged_by


def _mentions(db: Connection, protocol: Protocol, texts: set[str]) -> dict[str, dict[str, tuple[str, str]]]:
    query = (
        select(r.mention.c.text_hash, r.mention.c.what, r.mention.c.counts, r.mention.c.quote)
        .where(r.mention.c.protocol_hash == protocol.hash, _named())
        .order_by(r.mention.c.text_hash, r.mention.c.what, r.mention.c.counts.desc(), r.mention.c.start)
    )
    codes = {mention.code for mention in protocol.mentions}
    mentions: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in _each(db, query, r.mention.c.text_hash, texts):
        if row.what in codes:
            mentions[row.text_hash].setdefault(row.what, (MODEL if row.counts else AMBIGUOUS, row.quote))
    return dict(mentions)


def _asked(db: Connection, runs: Sequence[Run]) -> tuple[dict[int, list[Asked]], dict[int, list[Site]]]:
    ids = [run.crawl_id for run in runs]
    query = (
        select(
            r.search.c.crawl_id,
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
        )
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .where(r.search.c.crawl_id.in_(ids))
        .order_by(r.search.c.id)
    )
    asked: dict[int, list[Asked]] = defaultdict(list)
    for row in db.execute(query):
        status = row.status if row.state == "done" and row.status else "pending"
        site = (row.site_id, row.authority, row.host_kind, row.home_url)
        asked[row.crawl_id].append(Asked(*site, row.keyword, row.query, row.via, status, row.reason or ""))
    changed: dict[int, list[Site]] = defaultdict(list)
    of_sites = select(r.site.c.crawl_id, r.site.c.authority, r.site.c.home_url, r.site.c.changed_from)
    for site in db.execute(of_sites.where(r.site.c.crawl_id.in_(ids)).order_by(r.site.c.id)):
        if site.changed_from:
            changed[site.crawl_id].append(Site(site.authority, site.home_url, site.changed_from))
    return dict(asked), dict(changed)


def _listed(
    db: Connection, pages: set[int], runs: Sequence[Run]
) -> tuple[dict[tuple[int, int], frozenset[str]], dict[int, set[str]], dict[int, set[str]]]:
    """Which keyword groups found a page in each crawl; and over all crawls, with the kinds of host that listed it."""
    ids = {run.crawl_id for run in runs}
    query = (
        select(r.search.c.crawl_id, r.hit.c.page_id, r.search.c.keyword, r.site.c.host_kind)
        .join(r.search, r.search.c.id == r.hit.c.search_id)
        .join(r.site, r.site.c.id == r.search.c.site_id)
    )
    listed: dict[tuple[int, int], set[str]] = defaultdict(set)
    groups: dict[int, set[str]] = defaultdict(set)
    kinds: dict[int, set[str]] = defaultdict(set)
    for row in _each(db, query, r.hit.c.page_id, pages):
        if row.crawl_id in ids:
            listed[row.crawl_id, row.page_id].add(row.keyword)
            groups[row.page_id].add(row.keyword)
            kinds[row.page_id].add(row.host_kind)
    return {key: frozenset(found) for key, found in listed.items()}, groups, kinds


def _pages(
    db: Connection, ids: set[int], groups: Mapping[int, set[str]], kinds: Mapping[int, set[str]]
) -> dict[int, Page]:
    query = select(r.page.c.id, r.page.c.authority, r.page.c.url)
    return {
        row.id: Page(
            row.id, row.authority, row.url, frozenset(groups.get(row.id, ())), frozenset(kinds.get(row.id, ()))
        )
        for row in _each(db, query, r.page.c.id, ids)
    }


def _looks(db: Connection, pages: set[int], of_study: Any, judged_by: Mapping[str, str]) -> dict[tuple[int, int], Look]:
    query = select(
        r.capture.c.crawl_id,
        r.capture.c.page_id,
        r.capture.c.url,
        r.capture.c.final_url,
        r.capture.c.state,
        r.capture.c.outcome,
        r.capture.c.reason,
        r.capture.c.status,
        r.capture.c.raw_hash,
        r.capture.c.text_hash,
    ).where(of_study)
    looks = {}
    for row in _each(db, query, r.capture.c.page_id, pages):
        seen, why = _seen(row, judged_by)
        looks[row.crawl_id, row.page_id] = Look(
            row.url, row.final_url or row.url, seen, why, row.raw_hash, row.text_hash
        )
    return looks


def _seen(row: Any, judged_by: Mapping[str, str]) -> tuple[str, str]:
    """What a capture shows: the page as it was read, that it is gone, or nothing."""
    if row.state != "done":
        return "unread", "not fetched yet"
    if row.status in NOT_FOUND:
        return "gone", f"HTTP {row.status}"
    if row.outcome in GONE:  # it says so itself, with a status that does not: believed like any other reading
        return "empty", row.reason or "says that there is no such page"
    if row.text_hash is None:
        return "unread", f"{row.outcome}: {row.reason}" if row.reason else f"{row.outcome}, without a text"
    if row.text_hash not in judged_by:
        return "unread", "not judged yet"
    return "read", ""


def _unread(db: Connection, protocol: Protocol, runs: Sequence[Run]) -> frozenset[tuple[int, str, str]]:
    """Where a hit could not be read, so that silence proves nothing: fetches without a text, and texts nobody judged."""
    capture, search = r.capture.c, r.search.c
    gone = and_(capture.state == "done", or_(capture.outcome.in_(GONE), capture.status.in_(NOT_FOUND)))
    unjudged = (
        select(r.text.c.text_hash)
        .outerjoin(
            r.judgement,
            and_(r.judgement.c.text_hash == r.text.c.text_hash, r.judgement.c.protocol_hash == protocol.hash),
        )
        .where(r.judgement.c.text_hash.is_(None))
    )
    fetched = (
        select(search.crawl_id, r.page.c.authority, search.keyword)
        .select_from(r.capture)
        .join(r.page, r.page.c.id == capture.page_id)
        .join(r.hit, r.hit.c.page_id == capture.page_id)
        .join(r.search, and_(search.id == r.hit.c.search_id, search.crawl_id == capture.crawl_id))
        .where(capture.crawl_id.in_([run.crawl_id for run in runs]))
        .distinct()
    )
    without_text = fetched.where(capture.text_hash.is_(None), or_(gone.is_(None), ~gone))
    found = {tuple(row) for row in db.execute(without_text)}
    for chunk in chunks(db.execute(unjudged).scalars()):
        found |= {tuple(row) for row in db.execute(fetched.where(capture.text_hash.in_(chunk)))}
    return frozenset(found)
