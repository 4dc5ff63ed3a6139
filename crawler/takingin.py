"""Take in a crawl of another day that was made elsewhere: its pages become captures, and the keywords are looked for in their texts.

An archived copy can say yes, never no: the searches have via 'archive' and status capped, for nobody knows what was not copied.
Killed at any instant, the same command goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from crawler import localsearch, outcomes
from crawler.archives import Content, Copy, Index, read_file, read_warc
from crawler.items import Capture
from crawler.listing import Read
from crawler.matching import match_pages
from crawler.opening import Target, insert_crawl
from crawler.pagelinks import site_of
from crawler.pipelines import keep
from crawler.revisits import NOT_FETCHED
from crawler.warcfile import WarcFile
from crawler.web import host_of
from study import authorities
from study import record as r
from study.addresses import canonical_url
from study.documents import DocumentReader
from study.protocol import Protocol
from study.purged import purged
from study.record import Record
from study.text import EXTRACTOR, has_text

_AT_ONCE = 50  # captures in one transaction


@dataclass(frozen=True)
class TakenIn:
    """One crawl as it was taken in."""

    crawl_id: int
    as_of: date
    pages: int
    hits: int
    authorities: int


def take_in(record: Record, protocol: Protocol, index: Index, warc: WarcFile, authority: str = "") -> Iterator[TakenIn]:
    """Take in what was indexed, a crawl for each day; ``index.problems`` grows by what cannot be read. What was taken down is
    left out.

    ``authority`` is whose all pages are; by default their hosts tell.
    """
    days: dict[date, list[Copy]] = defaultdict(list)
    with record.begin() as db:
        taken_down = purged(db, (address for _, address in index.copies))
    for (day, address), copy in index.copies.items():
        if address not in taken_down:
            days[day].append(copy)
    for day, copies in sorted(days.items()):
        yield asyncio.run(_Day(record, protocol, warc, day, authority, index.problems).take_in(copies))


class _Day:
    def __init__(
        self, record: Record, protocol: Protocol, warc: WarcFile, day: date, authority: str, problems: list[str]
    ) -> None:
        self.record, self.protocol, self.warc, self.day = record, protocol, warc, day
        self.authority, self.problems = authority, problems

    async def take_in(self, copies: Sequence[Copy]) -> TakenIn:
        with self.record.begin() as db:
            taken_down = purged(db, (canonical_url(copy.url) for copy in copies))
        copies = [copy for copy in copies if canonical_url(copy.url) not in taken_down]
        homes = {home_of(copy.url): self.authority or authority_of(copy.url, self.day) for copy in copies}
        targets = [Target(authority, home) for home, authority in sorted(homes.items())]
        with self.record.begin_crawling() as db:
            crawl_id, sites = _open(db, self.protocol, targets, self.day)
        async with DocumentReader() as reader:
            for some in (copies[at : at + _AT_ONCE] for at in range(0, len(copies), _AT_ONCE)):
                await self._keep_some(crawl_id, sites, homes, some, reader)
        with self.record.begin_crawling() as db:
            hits = sum(_answer(db, crawl_id, site, home) for home, site in sites.items())
            done = update(r.crawl).where(r.crawl.c.id == crawl_id).values(finished_at=datetime.now(UTC))
            db.execute(done)
        return TakenIn(crawl_id, self.day, len(copies), hits, len(set(homes.values())))

    async def _keep_some(
        self,
        crawl_id: int,
        sites: dict[str, int],
        homes: dict[str, str],
        copies: Sequence[Copy],
        reader: DocumentReader,
    ) -> None:
        items = []
        for copy in copies:
            with self.record.begin() as db:
                known = _is_done(db, crawl_id, homes[home_of(copy.url)], copy)
            if not known:
                items.append((copy, await self._item(copy, reader)))
        with self.record.begin_crawling() as db:
            for copy, item in items:
                home = home_of(copy.url)
                item.capture_id = _add(db, crawl_id, sites[home], homes[home], copy, self.day)
            keep(db, self.warc, [item for _, item in items])
            self.warc.sync()

    async def _item(self, copy: Copy, reader: DocumentReader) -> Capture:
        item = Capture(0, copy.url, copy.at, "ok", final_url=copy.url)
        if copy.file is None:
            item.outcome, item.reason = NOT_FETCHED, f"listed in {copy.source.name}, without a copy"
            return item
        try:
            content = read_warc(copy) if copy.file == copy.source else read_file(copy)
        except ValueError as problem:
            self.problems.append(f"{copy.source}, {copy.place}: {copy.url}: {problem}")
            item.outcome, item.reason = "failed", f"its copy {problem}"
            return item
        return await _judge_answer(item, content, reader)


async def _judge_answer(item: Capture, content: Content, reader: DocumentReader) -> Capture:
    item.status, item.headers, item.body = content.status, content.headers, content.body
    item.media_type = content.headers.get("content-type", "")
    refused = outcomes.blocked(content.status, content.headers, content.body)
    if refused:
        item.outcome, item.reason = "blocked", str(refused)
    elif content.status in (404, 410):
        item.outcome, item.reason = "gone", f"HTTP {content.status}"
    elif content.status != 200:
        item.outcome, item.reason = "failed", f"HTTP {content.status}"
    else:
        await _read_text(item, reader)
    return item


async def _read_text(item: Capture, reader: DocumentReader) -> None:
    """Read the text of a copy, which may show that it is a 'not found' that says 200."""
    item.raw_hash = hashlib.sha256(item.body).hexdigest()
    item.extraction = await reader.extract(item.body, item.media_type)
    if outcomes.soft_404(200, item.extraction.title):
        item.outcome, item.reason = "soft-404", f"status 200, but titled {item.extraction.title!r}"
        item.extraction = None


# -- Whose it is ---------------------------------------------------------------------------------------------------------


def home_of(url: str) -> str:
    """Return the home page of an address's host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def authority_of(url: str, day: date) -> str:
    """Return whose an address is: of the authority whose website's host it has or is under, else its host itself."""
    host = host_of(url)
    parts = host.split(".")
    for suffix in (".".join(parts[at:]) for at in range(len(parts) - 1)):
        owners = _owners().get(suffix, [])
        if owners:
            return next((a.code for a in owners if a.in_force(day)), owners[0].code)
    return urlsplit(url).netloc.rpartition("@")[2].lower()


@cache
def _owners() -> dict[str, list[authorities.Authority]]:
    found: dict[str, list[authorities.Authority]] = defaultdict(list)
    for authority in authorities.register().values():
        if authority.website:
            found[host_of(authority.website)].append(authority)
    return found


# -- The record ----------------------------------------------------------------------------------------------------------


def _open(db: Connection, protocol: Protocol, targets: Sequence[Target], day: date) -> tuple[int, dict[str, int]]:
    """The crawl to take these into, its sites by home page: one that was broken off, or a new one."""
    wanted = [{"authority": t.authority, "home_url": t.home_url, "host_kind": t.host_kind} for t in targets]
    unfinished = select(r.crawl.c.id, r.crawl.c.targets).where(
        r.crawl.c.finished_at.is_(None),
        r.crawl.c.protocol_hash == protocol.hash,
        r.crawl.c.sample == r.ARCHIVE,
        r.crawl.c.as_of == day,
    )
    crawl_id = next((int(row.id) for row in db.execute(unfinished) if row.targets == wanted), None)
    if crawl_id is None:
        crawl_id = insert_crawl(db, protocol, r.ARCHIVE, wanted, day)
        rows = [
            {"crawl_id": crawl_id, "state": "done", "reason": "taken in from an archive", **target} for target in wanted
        ]
        r.insert_new(db, r.site, rows)
    sites = db.execute(select(r.site.c.id, r.site.c.home_url).where(r.site.c.crawl_id == crawl_id)).all()
    r.insert_new(
        db,
        r.search,
        [
            {
                "crawl_id": crawl_id,
                "site_id": site.id,
                "keyword": keyword.code,
                "query": variant,
                "via": "archive",
                "state": "pending",
            }
            for site in sites
            for keyword in protocol.keywords
            for variant in keyword.variants
        ],
    )
    return crawl_id, {site.home_url: int(site.id) for site in sites}


def _is_done(db: Connection, crawl_id: int, authority: str, copy: Copy) -> bool:
    query = (
        select(r.capture.c.id)
        .join(r.page, r.page.c.id == r.capture.c.page_id)
        .where(
            r.capture.c.crawl_id == crawl_id,
            r.page.c.authority == authority,
            r.page.c.url == canonical_url(copy.url),
            r.capture.c.state == "done",
        )
    )
    return db.execute(query).first() is not None


def _add(db: Connection, crawl_id: int, site_id: int, authority: str, copy: Copy, day: date) -> int:
    """Add the page of a copy and its capture, to be kept in the same transaction; return the capture's id."""
    same = (r.page.c.authority == authority) & (r.page.c.url == canonical_url(copy.url))
    page = {"authority": authority, "url": canonical_url(copy.url), "first_seen": day, "last_seen": day}
    r.insert_new(db, r.page, [page])
    db.execute(update(r.page).where(same, r.page.c.first_seen > day).values(first_seen=day))
    db.execute(update(r.page).where(same, r.page.c.last_seen < day).values(last_seen=day))
    page_id = db.execute(select(r.page.c.id).where(same)).scalar_one()
    row = {"crawl_id": crawl_id, "page_id": page_id, "site_id": site_id, "url": copy.url, "state": "pending"}
    r.insert_new(db, r.capture, [row])
    of_it = (r.capture.c.crawl_id == crawl_id) & (r.capture.c.page_id == page_id)
    return int(db.execute(select(r.capture.c.id).where(of_it)).scalar_one())


def _answer(db: Connection, crawl_id: int, site_id: int, home: str) -> int:
    """Look for each search's words in the texts of a site's copies; return how many hits there are."""
    searches = db.execute(
        select(r.search.c.id, r.search.c.query)
        .where(r.search.c.site_id == site_id, r.search.c.via == "archive", r.search.c.state == "pending")
        .order_by(r.search.c.id)
    ).all()
    seen = match_pages(_texts(db, site_id), {s.id: s.query for s in searches}, frozenset([site_of(home)]))
    reason = (
        f"{seen.read} of {seen.listed} copies of its pages read and matched locally; what was not copied is not known"
    )
    for search in searches:
        matches = seen.matches[search.id]
        localsearch.keep_answer(db, search.id, "capped", reason, matches=matches, read=seen.read)
    return sum(len(matches) for matches in seen.matches.values())


def _texts(db: Connection, site_id: int) -> Iterator[Read]:
    query = (
        select(
            r.capture.c.page_id,
            r.capture.c.url,
            r.capture.c.outcome,
            r.extraction.c.title,
            r.extraction.c.text,
            r.extraction.c.error,
        )
        .join(
            r.extraction,
            (r.extraction.c.raw_hash == r.capture.c.raw_hash) & (r.extraction.c.extractor == EXTRACTOR),
            isouter=True,
        )
        .where(r.capture.c.site_id == site_id)
        .order_by(r.capture.c.id)
    )
    for row in db.execute(query):
        readable = row.text is not None and has_text(row.error)
        yield Read(row.page_id, row.url, row.outcome, row.url, row.title or "", row.text if readable else None)
