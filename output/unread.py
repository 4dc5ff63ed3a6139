"""What a crawl found and could not read: where that is, finding nothing is no silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.engine import Connection

from output.batches import each
from output.reading import GONE
from study import record as r
from study.protocol import Protocol

if TYPE_CHECKING:
    from output.runs import Asked, Run

NOT_FOUND = (404, 410)
_A_FEW = 6  # pages of an authority at a time
_PROVING = ("complete", "sitemap")  # what a search must be for its silence to say anything

Place = tuple[int, str, str]  # crawl, authority, keyword group


def unread(
    db: Connection, protocol: Protocol, runs: Sequence[Run], asked: Mapping[int, Sequence[Asked]]
) -> frozenset[Place]:
    """Where a hit could not be read, so that silence proves nothing: fetches without a text, texts nobody judged, and what was
    taken down.

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
    rows += each(db, fetched, capture.text_hash, db.execute(unjudged).scalars())
    left: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))  # by authority and page: crawls
    for page, crawl, site in rows:
        if site in believed:
            left[believed[site]][page].add(crawl)
    return frozenset(_found_by(db, left, asked)) | _taken_down(db, runs)


def _found_by(
    db: Connection, left: Mapping[str, Mapping[int, set[int]]], asked: Mapping[int, Sequence[Asked]]
) -> Iterator[Place]:
    """Yield crawl, authority and keyword group of searches that found a page which that crawl could not read.

    One such page is enough: pages are looked at a few at a time, those of most crawls first, until no search is in doubt.
    """
    searches: dict[int, Place] = {}
    open_searches: dict[str, set[Place]] = defaultdict(set)
    for crawl, of_crawl in asked.items():
        for search in of_crawl:
            searches[search.search_id] = key = (crawl, search.authority, search.keyword)
            if search.status in _PROVING and (search.collected or search.via != "search"):
                open_searches[search.authority].add(key)
    waiting = {a: sorted(pages, key=lambda page: (len(pages[page]), page)) for a, pages in left.items()}
    while waiting:
        some = {page: a for a, pages in waiting.items() for page in pages[-_A_FEW:]}
        waiting = {a: pages[:-_A_FEW] for a, pages in waiting.items() if len(pages) > _A_FEW}
        for page, search_id in each(db, select(r.hit.c.page_id, r.hit.c.search_id), r.hit.c.page_id, some):
            key = searches.get(search_id, (0, "", ""))
            if key in open_searches[some[page]] and key[0] in left[some[page]][page]:
                open_searches[some[page]].discard(key)
                yield key
        waiting = {a: pages for a, pages in waiting.items() if open_searches[a]}


def _taken_down(db: Connection, runs: Sequence[Run]) -> frozenset[Place]:
    """Searches that listed what a takedown removed."""
    query = (
        select(r.search.c.crawl_id, r.site.c.authority, r.search.c.keyword)
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .where(r.search.c.crawl_id.in_([run.crawl_id for run in runs]), r.search.c.left_out > 0)
    )
    return frozenset((row.crawl_id, row.authority, row.keyword) for row in db.execute(query))
