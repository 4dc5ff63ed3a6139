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

from sqlalchemy import Select, and_, func, not_, or_, select, union
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
_A_FEW = 6  # pages of an authority at a time
_PROVING = ("complete", "sitemap")  # what a search must be for its silence to say anything


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
        captures = list(_each(db, _captures().where(of_study), r.capture.c.text_hash, texts))
        page_ids = {row.page_id for row in captures}
        if things is None:
            captures = list(_each(db, _captures().where(of_study), r.capture.c.page_id, page_ids))
            texts = {row.text_hash for row in captures if row.text_hash is not None}
        verdicts, judged_by = _judged(db, protocol, texts)
        for text_hash, decision in decided.items():
            if text_hash in texts:
                model = verdicts.get(text_hash)
                relation = decision.relation if decision.relation != "none" or model is None else model.relation
                judged_by[text_hash] = PEOPLE
                verdicts[text_hash] = Verdict(
                    decision.relevance, relation, decision.approaches, decision.depth, 0.0, confirmed=True
                )
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
            unread=_unread(db, protocol, runs, asked),
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


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield ``items`` in order, as many at a time as one question may hold: both databases bound its parameters."""
    ordered = sorted(items)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def _each(db: Connection, query: Select[Any], column: Any, items: Iterable[Any]) -> Iterator[Any]:
    for chunk in chunks(items):
        yield from db.execute(query.where(column.in_(chunk)))


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
    for page, search in _each(db, select(r.hit.c.page_id, r.hit.c.search_id), r.hit.c.page_id, pages):
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
        for row in _each(db, query, r.page.c.id, ids)
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


def _unread(
    db: Connection, protocol: Protocol, runs: Sequence[Run], asked: Mapping[int, Sequence[Asked]]
) -> frozenset[tuple[int, str, str]]:
    """Where a hit could not be read, so that silence proves nothing: fetches without a text, and texts nobody judged.

    Only of sites with a search that was read to its end: of others, silence proves nothing anyway. A hit always has a
    capture: the crawler writes both at once.
    """
    believed = {a.site_id: a.authority for of_crawl in asked.values() for a in of_crawl if a.status in _PROVING}
    capture = r.capture.c
    # Every text has a row of its own, and there are far fewer of these than of captures, until retention removes them.
    retained = db.execute(select(r.purge.c.id).where(r.purge.c.kind == "retention").limit(1)).first() is not None
    text_hash = capture.text_hash if retained else r.text.c.text_hash
    unjudged = (
        select(text_hash)
        .distinct()
        .outerjoin(
            r.judgement,
            and_(r.judgement.c.text_hash == text_hash, r.judgement.c.protocol_hash == protocol.hash),
        )
        .where(text_hash.is_not(None), r.judgement.c.text_hash.is_(None))
    )
    of_study = capture.crawl_id.in_([run.crawl_id for run in runs])
    fetched = select(capture.page_id, capture.crawl_id, capture.site_id).where(of_study)
    gone = and_(
        capture.state == "done", or_(capture.outcome.in_(GONE), func.coalesce(capture.status, 0).in_(NOT_FOUND))
    )
    rows = list(db.execute(fetched.where(capture.text_hash.is_(None), func.coalesce(not_(gone), True))))
    rows += _each(db, fetched, capture.text_hash, db.execute(unjudged).scalars())
    unread: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))  # by authority and page: crawls
    for page, crawl, site in rows:
        if site in believed:
            unread[believed[site]][page].add(crawl)
    return frozenset(_found_by(db, unread, asked))


def _found_by(
    db: Connection, unread: Mapping[str, Mapping[int, set[int]]], asked: Mapping[int, Sequence[Asked]]
) -> Iterator[tuple[int, str, str]]:
    """Yield crawl, authority and keyword group of searches that found a page which that crawl could not read.

    One such page is enough: pages are looked at a few at a time, those of most crawls first, until no search is in doubt.
    """
    searches: dict[int, tuple[int, str, str]] = {}
    open_searches: dict[str, set[tuple[int, str, str]]] = defaultdict(set)
    for crawl, of_crawl in asked.items():
        for search in of_crawl:
            searches[search.search_id] = key = (crawl, search.authority, search.keyword)
            if search.status in _PROVING and (search.collected or search.via != "search"):
                open_searches[search.authority].add(key)
    waiting = {a: sorted(pages, key=lambda page: (len(pages[page]), page)) for a, pages in unread.items()}
    while waiting:
        some = {page: a for a, pages in waiting.items() for page in pages[-_A_FEW:]}
        waiting = {a: pages[:-_A_FEW] for a, pages in waiting.items() if len(pages) > _A_FEW}
        for page, search_id in _each(db, select(r.hit.c.page_id, r.hit.c.search_id), r.hit.c.page_id, some):
            key = searches.get(search_id, (0, "", ""))
            if key in open_searches[some[page]] and key[0] in unread[some[page]][page]:
                open_searches[some[page]].discard(key)
                yield key
        waiting = {a: pages for a, pages in waiting.items() if open_searches[a]}
