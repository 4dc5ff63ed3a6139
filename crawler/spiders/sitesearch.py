"""The crawl: each site is asked its own search function, and what it finds is fetched once.

    scrapy crawl sitesearch -a authorities=E10000016,E10000032 -s MENTORWATCH_CONTACT=you@example.org
    scrapy crawl sitesearch -a sample=nfer-2008
    scrapy crawl sitesearch -a sites=https://www.example.gov.uk/

One task per site runs the whole story of that site; the record is the frontier, so a task begins where an earlier process
was killed. Tasks of different sites run side by side, each at its own host's pace.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from crawler import earlier, frontier, opening, outcomes, progress, revisits
from crawler.asking import Reading, SearchFunction, State
from crawler.caps import read_whole
from crawler.certificates import noted
from crawler.committees import COMMITTEE, Overhearing, Staying, committee_homes, place_of
from crawler.fallback import Bounds, Fallback
from crawler.fetching import AskingSpider
from crawler.frontier import SearchRow, SiteRow, Wanted
from crawler.items import Capture
from crawler.middlewares import headers_of
from crawler.planning import CrawlPlan, plan_from_arguments
from crawler.proving import settled
from crawler.reading import PROBLEMS
from crawler.rereading import Rereader, rereader
from crawler.verifying import Closing, controls_after, find_or_reuse
from crawler.warcfile import WarcFile, begin
from crawler.web import Ask, Fetch, FetchProblem
from crawler.writer import Writer, WriterFailed
from study import record as r
from study.record import Record

logger = logging.getLogger(__name__)
# Kinds of problem that say something about the page, not about the site; the others count towards giving a site up.
_PAGE_PROBLEMS = {"robots", "refused", "too-large"}
_GIVE_UP_AFTER = 15  # fetches in a row that failed at one site
_OUTCOME = {"network": "failed", "timeout": "failed", "http": "failed", "budget": "failed"}


class SiteSearch(AskingSpider):
    """Asks every site of a crawl and fetches what is found. Arguments: see the module's examples."""

    name = "sitesearch"
    writer: Writer
    trouble = ""  # why the record could not be written or read, where that ended the crawl

    def __init__(self, plan: CrawlPlan | None = None, **arguments: str) -> None:
        super().__init__()
        self._arguments = arguments
        self._plan = plan

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SiteSearch:
        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider._plan is None:
            spider._plan = plan_from_arguments(spider._arguments, crawler.settings)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        plan = self._plan
        assert plan is not None
        self.record = Record.open(plan.record_url)
        self.record.settle()
        self.writer = Writer(self.record, begin(self.record, plan.software, frontier.warc_ends(self.record)))
        try:
            crawl_id, resumed = opening.open_crawl(
                self.record, plan.protocol, plan.sample, plan.targets, plan.as_of, fresh=plan.fresh
            )
            self.crawl_id = crawl_id
            bounds = Bounds.of(self.settings)
            self.fallback = Fallback(
                self.record, self.writer, self.fetch, self._fetch_all, bounds, self._tell_reading_pages
            )
            self.via = plan.via
            sites = frontier.sites_to_visit(self.record, crawl_id, plan.via)
            self._tell(progress.crawl_began, crawl_id=crawl_id, resumed=resumed, sites=sites, plan=plan)
            try:
                await self._visit_all(sites)
            finally:
                await self._keep_traffic()
            self.finished = frontier.finish_crawl(self.record, crawl_id, plan.via)
        finally:
            await asyncio.to_thread(self.writer.close)
            self.record.close()
        return
        yield  # an async generator that yields nothing: pages are asked for by the tasks

    async def _keep_traffic(self) -> None:
        names = {"requests": "request_count", "sent": "request_bytes", "received": "response_bytes"}
        stats = self.crawler.stats
        assert stats is not None
        seen = {name: int(stats.get_value(f"downloader/{key}", 0)) for name, key in names.items()}
        with suppress(WriterFailed):  # which whoever needed the writer has heard of
            await self.writer.do(partial(_keep_traffic, crawl_id=self.crawl_id, seen=seen))

    async def _visit_all(self, sites: list[SiteRow]) -> None:
        try:
            await _together([asyncio.create_task(self._visit(site), name=site.home_url) for site in sites])
        except (WriterFailed, SQLAlchemyError) as problem:
            self.trouble = str(problem)
            raise CloseSpider(f"record: {problem}") from problem

    # -- One site --------------------------------------------------------------------------------------------------------

    async def _visit(self, site: SiteRow) -> None:
        """Visit a site and, beside it, the further hosts of its authority that it turns out to have."""
        others: list[asyncio.Task[None]] = []
        try:
            await self._visit_host(site, others)
            await asyncio.gather(*others)
        finally:
            await _stop(others)

    async def _visit_host(self, site: SiteRow, others: list[asyncio.Task[None]]) -> None:
        budget = self.settings.getfloat("MENTORWATCH_SITE_BUDGET")
        self._tell(progress.site_began, site=site)
        reason = ""
        try:
            async with asyncio.timeout(budget):
                function = await self._find(site, others)
                if function is not None:
                    for search in frontier.searches_to_do(self.record, site.id):
                        await self._read(site, function, search)
                    await self._close(site, function)
                await self._fetch_all(site, frontier.captures_to_do(self.record, site.id))
                await self.fallback.read(site, begin=self.via == "auto")
        except TimeoutError:
            reason = f"the site took longer than its budget of {budget:.0f} seconds"
        except (WriterFailed, SQLAlchemyError):
            raise
        except Exception as problem:
            # A page that we cannot cope with is no reason to leave the other sites alone.
            logger.exception("%s: not read on, the other sites are", site.home_url)
            reason = f"mentorwatch could not cope with what the site sent ({_named(problem)})"
        if reason:
            await self.writer.do(lambda db, _: frontier.end_searches(db, site.id, "failed", reason))
            await self.writer.do(lambda db, _: earlier.keep_broken_off(db, site.id, reason))
            await self.writer.do(lambda db, _: frontier.end_captures(db, site.id, "failed", reason))
            await self.fallback.give_up(site, reason, begin=self.via == "auto")
        self._tell(progress.site_ended, site=site)

    async def _find(self, site: SiteRow, others: list[asyncio.Task[None]]) -> SearchFunction | None:
        if site.state != "pending":
            return SearchFunction.from_json(site.function) if site.function else None
        fetch = Staying(self.fetch, site.home_url) if site.host_kind == COMMITTEE else Overhearing(self.fetch)
        last = earlier.last_function(self.record, site.id, rendered=self.settings.getbool("MENTORWATCH_RENDER"))
        function = await self._known_or_found(site, fetch, last[1] if last else None)
        function = noted(function)
        changed = earlier.changed_from(last, function)
        homes: list[str] = []
        if isinstance(fetch, Overhearing) and self.settings.getbool("MENTORWATCH_COMMITTEES"):
            homes = await self._committees(site, fetch)
        found = await self.writer.do(lambda db, _: self._keep_discovery(db, site, function, changed, homes))
        self._tell(progress.search_found, site=site, function=function)
        for other in found:
            self._tell(progress.host_found, site=other)
            others.append(asyncio.create_task(self._visit_host(other, others), name=other.home_url))
        return function if function.found else None

    async def _known_or_found(self, site: SiteRow, fetch: Fetch, last: SearchFunction | None) -> SearchFunction:
        return await find_or_reuse(
            self.fetch_for(last) if last else self.fetch,
            site.home_url,
            last,
            use_platforms=self.settings.getbool("MENTORWATCH_PLATFORMS"),
            discover=partial(self.find, site.home_url, fetch),
        )

    async def _committees(self, site: SiteRow, fetch: Overhearing) -> list[str]:
        """Home pages of the committee systems: those that the site links to, and those that an earlier crawl could ask."""
        if not fetch.pages:  # its search was known, so that nobody has looked at the home page yet
            with suppress(FetchProblem):
                await settled(fetch, Ask(site.home_url))
        return [*committee_homes(fetch.pages, site.home_url), *earlier.hosts(self.record, site.id, COMMITTEE)]

    def _keep_discovery(
        self,
        db: Connection,
        site: SiteRow,
        function: SearchFunction,
        changed: dict[str, Any] | None,
        homes: list[str],
    ) -> list[SiteRow]:
        assert self._plan is not None
        earlier.keep_function(db, site.id, function, changed)
        if not function.found:
            self._plan_revisits(db, site)
        return opening.add_hosts(db, site, homes, COMMITTEE, self._plan.protocol, place_of)

    async def _read(self, site: SiteRow, function: SearchFunction, search: SearchRow) -> None:
        assert function.spec is not None
        if function.spec.rendered and not self.settings.getbool("MENTORWATCH_RENDER"):
            reason = "results are drawn in the browser, and were read there before; --render reads them"
            await self.writer.do(lambda db, _: frontier.end_searches(db, site.id, "script-only", reason))
            return
        state = State.from_json(search.progress) if search.progress else None
        seen = frontier.urls_seen(self.record, search.id) if state else set()
        with self.record.begin() as db:
            pages = rereader(db, site.authority, site.host_kind, site.home_url, search.query)
        fetch = self.fetch_for(function)
        async for reading in read_whole(fetch, function, search.query, state=state, seen=seen, read_page=pages.read):
            state = reading.state
            work = partial(_keep_reading, search_id=search.id, site_id=site.id, reading=reading, pages=pages)
            await self.writer.do(work)
            self._tell(progress.page_read, site=site, query=search.query, state=state)
        if state is None:  # nothing could be read at all: read_whole yields at least the state that says why
            raise RuntimeError(f"{site.home_url}: reading {search.query!r} ended without a state")
        url, final = function.spec.ask(search.query).url, state
        await self.writer.do(partial(_keep_conclusion, search_id=search.id, state=final, url=url, pages=pages))

    async def _close(self, site: SiteRow, function: SearchFunction) -> None:
        """The controls once more, when all searches of a site are read: what was read in between stands or falls by them."""
        if site.state == "done":
            return
        closing = (
            await controls_after(self.fetch_for(function), function) if earlier.was_read(self.record, site.id) else None
        )
        await self.writer.do(lambda db, _: self._keep_end_of_searches(db, site, closing))

    def _keep_end_of_searches(self, db: Connection, site: SiteRow, closing: Closing | None) -> None:
        earlier.keep_closing(db, site.id, closing)
        self._plan_revisits(db, site)

    def _plan_revisits(self, db: Connection, site: SiteRow) -> None:
        beyond = revisits.plan_revisits(db, site.id, revisits.Bounds.of(self.settings))
        if beyond:
            logger.warning("%s: %d known pages are due that the bounds leave for later crawls", site.home_url, beyond)

    # -- Its pages -------------------------------------------------------------------------------------------------------

    async def _fetch_all(self, site: SiteRow, wanted: list[Wanted]) -> str:
        """Fetch pages of a site; return why it was given up, '' if it was not."""
        self._tell(progress.captures_planned, site=site, count=len(wanted))
        waiting = iter(wanted)
        trouble = _Trouble()
        workers = min(self.settings.getint("MENTORWATCH_CAPTURES_AT_ONCE"), len(wanted))
        await _together([asyncio.create_task(self._fetch_some(site, waiting, trouble)) for _ in range(workers)])
        if not trouble.given_up:
            return ""
        reason = f"given up after {_GIVE_UP_AFTER} failures in a row, the last: {trouble.last}"
        await self.writer.do(lambda db, _: frontier.end_captures(db, site.id, trouble.outcome, reason))
        return reason

    async def _fetch_some(self, site: SiteRow, waiting: Iterable[Wanted], trouble: _Trouble) -> None:
        for wanted in waiting:
            item = await self._capture(wanted, trouble)
            assert self.crawler.engine is not None
            # Past the scraper, which would wait for ever for an item that a signal to stop has cancelled.
            keep = self.crawler.engine.scraper.itemproc.process_item_async
            try:
                await keep(item)
            except (WriterFailed, SQLAlchemyError):
                raise
            except Exception as problem:
                logger.exception("%s: not read", wanted.url)
                item.outcome, item.reason, item.extraction = "failed", f"not read: {_named(problem)}", None
                await keep(item)
            self._tell(progress.page_captured, site=site, item=item)
            if trouble.given_up:
                return

    async def _capture(self, wanted: Wanted, trouble: _Trouble) -> Capture:
        moment = datetime.now(UTC)
        try:
            response, not_modified = await self._ask_for_page(wanted)
        except FetchProblem as problem:
            trouble.count(problem.kind, problem.reason)
            return Capture(
                wanted.capture_id,
                wanted.url,
                moment,
                _OUTCOME.get(problem.kind, problem.kind),
                problem.reason,
                problem.status,
            )
        headers = headers_of(response)
        known = wanted.known
        raw_hash = known.raw_hash if known and not_modified else hashlib.sha256(response.body).hexdigest()
        refused = None if not_modified else outcomes.blocked(response.status, headers, response.body)
        if refused:
            trouble.count("blocked", str(refused))
        else:
            trouble.clear()
        item = Capture(
            wanted.capture_id,
            wanted.url,
            moment,
            "ok",
            status=response.status,
            final_url=response.url,
            headers=headers,
            media_type=headers.get("content-type", ""),
            body=response.body,
            known=known,
            not_modified=not_modified,
            raw_hash=raw_hash,
        )
        if not_modified:
            return item
        if refused:
            item.outcome, item.reason = "blocked", str(refused)
        elif response.status in (404, 410):
            item.outcome, item.reason = "gone", f"HTTP {response.status}"
        elif response.status != 200:
            item.outcome, item.reason = "failed", f"HTTP {response.status}"
        return item

    async def _ask_for_page(self, wanted: Wanted) -> tuple[Response, bool]:
        """The answer for a page, and whether it says that the page is as the record has it."""
        headers = wanted.known.validators() if wanted.known else {}
        response = await self.download(Ask(wanted.url), headers=headers)
        if response.status != 304 or not wanted.known or not headers:
            return response, False
        if response.url == wanted.known.final_url:
            return response, True
        # It now leads to another page, and that one has not changed since: we never saw it.
        return await self.download(Ask(wanted.url)), False

    def _tell_reading_pages(self, site: SiteRow, via: str) -> None:
        self._tell(progress.reading_pages, site=site, via=via)

    def _tell(self, signal: object, **facts: Any) -> None:
        self.crawler.signals.send_catch_log(signal, **facts)


async def _together(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all tasks; where one fails, the others are stopped before its error goes on."""
    try:
        await asyncio.gather(*tasks)
    finally:
        await _stop(tasks)


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _named(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:300]


def _keep_traffic(db: Connection, _: WarcFile, crawl_id: int, seen: dict[str, int]) -> None:
    before = db.execute(select(r.crawl.c.traffic).where(r.crawl.c.id == crawl_id)).scalar_one() or {}
    total = {name: before.get(name, 0) + count for name, count in seen.items()}
    db.execute(update(r.crawl).where(r.crawl.c.id == crawl_id).values(traffic=total))


def _keep_reading(db: Connection, _: WarcFile, search_id: int, site_id: int, reading: Reading, pages: Rereader) -> None:
    frontier.keep_reading(db, search_id, site_id, reading)
    pages.keep(db)


def _keep_conclusion(db: Connection, _: WarcFile, search_id: int, state: State, url: str, pages: Rereader) -> None:
    earlier.keep_conclusion(db, search_id, state, url)
    if state.ended not in PROBLEMS:
        pages.forget(db)


class _Trouble:
    """Counts failures in a row at one site, and how many of them were refusals: a firewall drops a connection now and then."""

    def __init__(self) -> None:
        self.row, self.blocked, self.last, self.given_up, self.outcome = 0, 0, "", False, ""

    def count(self, kind: str, reason: str) -> None:
        if kind in _PAGE_PROBLEMS:
            return
        self.row += 1
        self.blocked += kind == "blocked"
        self.last = reason
        if self.row >= _GIVE_UP_AFTER and not self.given_up:  # what other fetches under way still bring changes nothing
            self.given_up, self.outcome = True, "blocked" if 2 * self.blocked > self.row else "failed"

    def clear(self) -> None:
        self.row = self.blocked = 0
