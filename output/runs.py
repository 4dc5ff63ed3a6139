"""All crawls of a study, read sparsely: only pages that ever had something to say, and how everything was asked.

A crawl holds a hundred thousand captures, and a few hundred of them speak for anything. What history and trends need is
read in as many questions as there are tables, whatever the number of crawls, and fits in memory for a year of England.

Each text has one standing, whichever crawl fetched it: a person's decision, else the judgement of the newest model that
judged it. So a model trained since changes no site, and a crawl taken in late is read like the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, literal, or_, select, union
from sqlalchemy.engine import Connection

from output.batches import each
from output.findings import AMBIGUOUS, MODEL
from output.reading import GONE, Verdict, by_model, ruled
from output.unread import NOT_FOUND, unread
from study import record as r
from study.decisions import decisions
from study.judging import UNCLEAR
from study.protocol import Protocol
from study.record import Record

PEOPLE = "people"  # who judged a text that a person decided
_NEVER = datetime.min.replace(tzinfo=UTC)


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

    search_id: int
    site_id: int
    authority: str
    host_kind: str
    home_url: str
    keyword: str
    query: str
    via: str
    collected: int  # items read
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
    newest_text: Mapping[tuple[int, str], str]  # by page and bytes: their text as it was last masked and judged
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
    things: Iterable[tuple[str, str]] | None = None,
    model_only: bool = False,
    without_brief: bool = False,
) -> Runs:
    """Read the crawls of a study that speak for days up to ``until`` (default: all).

    ``model_only`` ignores what people decided, ``without_brief`` leaves out texts that only touch on their subject.
    ``things`` (what and code) reads what a trend of these needs and no more: no history can be told of it.
    """
    decided = {} if model_only else decisions(record, protocol.name)
    wanted = _wanted(protocol, things)
    with record.begin() as db:
        runs = _runs(db, protocol, until)
        of_study = r.capture.c.crawl_id.in_([run.crawl_id for run in runs])
        texts = set(db.execute(_speaking(protocol, wanted)).scalars()) | set(decided)
        of_them = _captures() if things is None else _sparse()
        captures = list(each(db, of_them.where(of_study), r.capture.c.text_hash, texts))
        page_ids = {row.page_id for row in captures}
        if things is None:
            captures = list(each(db, _captures().where(of_study), r.capture.c.page_id, page_ids))
            texts = {row.text_hash for row in captures if row.text_hash is not None}
        verdicts, judged_by = _judged(db, protocol, texts)
        for text_hash, decision in decided.items():
            if text_hash in texts:
                judged_by[text_hash] = PEOPLE
                verdicts[text_hash] = ruled(decision, verdicts.get(text_hash))
        asked, changed = _asked(db, runs, wanted.groups)
        listed, groups, kinds = _listed(db, page_ids if wanted.listed else (), asked)
        return Runs(
            protocol=protocol,
            runs=runs,
            asked=asked,
            changed_sites=changed,
            pages=_pages(db, page_ids, groups, kinds),
            looks={(row.crawl_id, row.page_id): _look(row, judged_by) for row in captures},
            newest_text=_newest_texts(captures, judged_by),
            listed=listed,
            verdicts={
                text_hash: verdict
                for text_hash, verdict in verdicts.items()
                if verdict.relevance != "off-topic" and not (without_brief and verdict.depth == "brief")
            },
            judged_by=judged_by,
            mentions=_mentions(db, protocol, texts),
            unread=unread(db, protocol, runs, asked),
        )


@dataclass(frozen=True)
class _Wanted:
    """What must be read for some things."""

    relevance: bool  # texts that are relevant, or may be
    names: frozenset[str]  # mentions of these
    groups: frozenset[str]  # searches of these keyword groups
    listed: bool  # which groups found a page


def _wanted(protocol: Protocol, things: Iterable[tuple[str, str]] | None) -> _Wanted:
    keywords = {keyword.code: keyword for keyword in protocol.keywords}
    names = frozenset(mention.code for mention in protocol.mentions)
    if things is None:
        return _Wanted(relevance=True, names=names, groups=frozenset(keywords), listed=True)
    some = list(things)
    groups = frozenset(code for what, code in some if what == "keyword")
    judged = any(keywords[code].counts == "relevance" for code in groups)
    of_groups = {keywords[code].mention for code in groups}
    return _Wanted(
        relevance=judged or any(what == "approach" for what, _ in some),
        names=frozenset(code for what, code in some if what == "mention") | (names & of_groups),
        groups=groups if len(groups) == len(some) else frozenset(keywords),
        listed=judged,
    )


def _runs(db: Connection, protocol: Protocol, until: date | None) -> tuple[Run, ...]:
    query = select(r.crawl.c.id, r.crawl.c.as_of, r.crawl.c.sample, r.crawl.c.targets).where(
        r.crawl.c.protocol == protocol.name
    )
    if until is not None:
        query = query.where(r.crawl.c.as_of <= until)
    visited: dict[int, set[str]] = defaultdict(set)
    for crawl_id, authority in db.execute(select(r.site.c.crawl_id, r.site.c.authority).distinct()):
        visited[crawl_id].add(authority)
    return tuple(
        Run(row.id, row.as_of, row.sample, frozenset(visited[row.id] | {str(t["authority"]) for t in row.targets}))
        for row in db.execute(query.order_by(r.crawl.c.as_of, r.crawl.c.id))
    )


def _speaking(protocol: Protocol, wanted: _Wanted) -> Any:
    """The texts that a model ever let stand, or that hold a name: who decides, and what stands today, is seen later."""
    mentioned = select(r.mention.c.text_hash).where(
        r.mention.c.protocol_hash == protocol.hash, r.mention.c.what.in_(wanted.names), _named()
    )
    judged = select(r.judgement.c.text_hash).where(
        r.judgement.c.protocol_hash == protocol.hash, r.judgement.c.relevance.in_(["relevant", "ambiguous"])
    )
    return union(judged, mentioned) if wanted.relevance else mentioned.distinct()


def _named() -> Any:
    """A mention that counts, or one that could not be told from its namesakes."""
    return or_(r.mention.c.counts, r.mention.c.which.is_(None), r.mention.c.which.in_(["", UNCLEAR]))


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
    for row in each(db, query, r.judgement.c.text_hash, texts):
        age = (made.get(row.model_id) or _NEVER, row.model_id)
        if row.text_hash in newest and age < newest[row.text_hash]:
            continue
        newest[row.text_hash] = age
        judged_by[row.text_hash] = row.model_id
        verdicts[row.text_hash] = by_model(row)
    return verdicts, judged_by


def _mentions(db: Connection, protocol: Protocol, texts: set[str]) -> dict[str, dict[str, tuple[str, str]]]:
    query = (
        select(r.mention.c.text_hash, r.mention.c.what, r.mention.c.counts, r.mention.c.quote)
        .where(r.mention.c.protocol_hash == protocol.hash, _named())
        .order_by(r.mention.c.text_hash, r.mention.c.what, r.mention.c.counts.desc(), r.mention.c.start)
    )
    codes = {mention.code for mention in protocol.mentions}
    mentions: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in each(db, query, r.mention.c.text_hash, texts):
        if row.what in codes:
            mentions[row.text_hash].setdefault(row.what, (MODEL if row.counts else AMBIGUOUS, row.quote))
    return dict(mentions)


def _asked(
    db: Connection, runs: Sequence[Run], groups: Iterable[str]
) -> tuple[dict[int, list[Asked]], dict[int, list[Site]]]:
    ids = [run.crawl_id for run in runs]
    query = (
        select(
            r.search.c.crawl_id,
            r.search.c.id,
            r.search.c.site_id,
            r.site.c.authority,
            r.site.c.host_kind,
            r.site.c.home_url,
            r.search.c.keyword,
            r.search.c.query,
            r.search.c.via,
            r.search.c.collected,
            r.search.c.state,
            r.search.c.status,
            r.search.c.reason,
        )
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .where(r.search.c.crawl_id.in_(ids), r.search.c.keyword.in_(sorted(groups)))
        .order_by(r.search.c.id)
    )
    asked: dict[int, list[Asked]] = defaultdict(list)
    for row in db.execute(query):
        status = row.status if row.state == "done" and row.status else "pending"
        site = (row.site_id, row.authority, row.host_kind, row.home_url)
        asked[row.crawl_id].append(
            Asked(row.id, *site, row.keyword, row.query, row.via, row.collected, status, row.reason or "")
        )
    changed: dict[int, list[Site]] = defaultdict(list)
    of_sites = select(r.site.c.crawl_id, r.site.c.authority, r.site.c.home_url, r.site.c.changed_from)
    found = r.site.c.status.is_(None)  # a search that was not found is not asked otherwise: it is not asked
    for site in db.execute(of_sites.where(r.site.c.crawl_id.in_(ids), found).order_by(r.site.c.id)):
        if site.changed_from:
            changed[site.crawl_id].append(Site(site.authority, site.home_url, site.changed_from))
    return dict(asked), dict(changed)


def _listed(
    db: Connection, pages: Iterable[int], asked: Mapping[int, Sequence[Asked]]
) -> tuple[dict[tuple[int, int], frozenset[str]], dict[int, set[str]], dict[int, set[str]]]:
    """Which keyword groups found a page in each crawl; and over all crawls, with the kinds of host that listed it."""
    searches = {a.search_id: (crawl, a.keyword, a.host_kind) for crawl, of_it in asked.items() for a in of_it}
    listed: dict[tuple[int, int], set[str]] = defaultdict(set)
    groups: dict[int, set[str]] = defaultdict(set)
    kinds: dict[int, set[str]] = defaultdict(set)
    for page, search in each(db, select(r.hit.c.page_id, r.hit.c.search_id), r.hit.c.page_id, pages):
        if search in searches:
            crawl, keyword, kind = searches[search]
            listed[crawl, page].add(keyword)
            groups[page].add(keyword)
            kinds[page].add(kind)
    return {key: frozenset(found) for key, found in listed.items()}, groups, kinds


def _pages(
    db: Connection, ids: set[int], groups: Mapping[int, set[str]], kinds: Mapping[int, set[str]]
) -> dict[int, Page]:
    query = select(r.page.c.id, r.page.c.authority, r.page.c.url)
    return {
        row.id: Page(
            row.id, row.authority, row.url, frozenset(groups.get(row.id, ())), frozenset(kinds.get(row.id, ()))
        )
        for row in each(db, query, r.page.c.id, ids)
    }


def _captures() -> Select[Any]:
    return select(
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
    )


def _sparse() -> Select[Any]:
    """The same rows with what a trend needs of them: all of it stands in the index by text."""
    known = ("crawl_id", "page_id", "state", "outcome", "status", "text_hash")
    left_out = ("url", "final_url", "reason", "raw_hash")
    return select(*(r.capture.c[name] for name in known), *(literal(None).label(name) for name in left_out))


def _look(row: Any, judged_by: Mapping[str, str]) -> Look:
    seen, why = _seen(row, judged_by)
    return Look(row.url, row.final_url or row.url, seen, why, row.raw_hash, row.text_hash)


def _newest_texts(captures: Iterable[Any], judged_by: Mapping[str, str]) -> dict[tuple[int, str], str]:
    """What is masked of a page depends on its crawl: of the same bytes, the newest crawl's text stands for all."""
    ordered = sorted(captures, key=lambda row: int(row.crawl_id))
    return {
        (row.page_id, row.raw_hash): row.text_hash for row in ordered if row.raw_hash and row.text_hash in judged_by
    }


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
