"""Read a site's own pages where its search cannot be used: those its sitemap lists, else those its links lead to.

The pages are fetched as hits are (captures, robots.txt, delay, bounds), and the keyword variants are looked for in their
title and text. The answer is a search of another way (via 'sitemap' or 'crawl'): the site's own search keeps the status
that says why it could not be used, and nothing adds the two up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings
from sqlalchemy.engine import Connection

from crawler import frontier, known, listing, localsearch
from crawler.frontier import SiteRow, Wanted
from crawler.listing import Fetched, WantedFile
from crawler.localsearch import LocalSearch
from crawler.matching import Seen, match_pages
from crawler.pagelinks import Step, Trail, has_text, onward, site_of
from crawler.searchlinks import refreshed
from crawler.sitemaps import SitemapFile, read_sitemap
from crawler.warcfile import WarcFile, read_body
from crawler.web import Ask, Fetch, FetchProblem, Page
from crawler.writer import Writer
from study.addresses import canonical_url
from study.formats.kind import kind_of
from study.record import Record

# Asked in this order, the next one only while no page is listed; robots.txt names a site's sitemaps.
LOOKED_FOR = ("/robots.txt", "/sitemap.xml", "/sitemap_index.xml", "/sitemap.txt")
MOST_FILES = 200  # sitemap files of one site
DEEPEST_FILE = 4  # an index in an index in an index; sitemaps.org allows none in another
THIN = 0.5  # a sitemap that lists fewer pages than this share of what the home page links to is not the site's
_FETCHED = 60  # pages between two looks at whether the site blocks us
_BLOCKED = 15  # pages in a row
_AT_ONCE = 20  # pages whose links are followed in one transaction


@dataclass(frozen=True)
class Bounds:
    """How much of one site is read: see crawler/settings.py."""

    sitemap_pages: int
    crawl_pages: int
    crawl_depth: int

    @classmethod
    def of(cls, settings: BaseSettings) -> Bounds:
        """Return the bounds that the settings give."""
        names = ("MENTORWATCH_SITEMAP_PAGES", "MENTORWATCH_CRAWL_PAGES", "MENTORWATCH_CRAWL_DEPTH")
        return cls(*(settings.getint(name) for name in names))


@dataclass
class Fallback:
    """Reads sites in place of their searches. ``fetch_pages`` fetches captures; it says why it gave up, '' if it did not."""

    record: Record
    writer: Writer
    fetch: Fetch
    fetch_pages: Callable[[SiteRow, list[Wanted]], Awaitable[str]]
    bounds: Bounds
    tell: Callable[[SiteRow, str], None]  # which way a site is read

    async def read(self, site: SiteRow, *, begin: bool) -> None:
        """Answer a site's unusable searches; go on with what an earlier process began. ``begin`` false begins nothing."""
        searches = localsearch.local_searches(self.record, site.id)
        if not searches and not (begin and localsearch.is_wanted(self.record, site.id)):
            return
        home = await self._home(site)
        if home.outcome != "ok":
            await self._refuse(site, home)
            return
        hosts = await asyncio.to_thread(self._own_hosts, site, home)
        if not searches:
            via = await self._sitemaps(site, home, hosts)
            await self.writer.do(lambda db, _: localsearch.begin(db, site.id, via))
            searches = localsearch.local_searches(self.record, site.id)
        self.tell(site, searches[0].via)
        if searches[0].via == "crawl":
            trouble = await self._crawl(site, hosts)
        else:
            trouble = await self._fetch_open(site)
        await self._conclude(site, searches, hosts, trouble)

    async def give_up(self, site: SiteRow, reason: str, *, begin: bool) -> None:
        """End a site's local searches with what was read of it so far."""
        if begin:
            await self.writer.do(lambda db, _: localsearch.begin(db, site.id, "sitemap"))
        searches = localsearch.local_searches(self.record, site.id)
        home = listing.home_page(self.record, site.id)
        hosts = await asyncio.to_thread(self._own_hosts, site, home)
        await self._conclude(site, searches, hosts, reason)

    # -- The home page ---------------------------------------------------------------------------------------------------

    async def _home(self, site: SiteRow) -> Fetched:
        """The home page: it shows whether the site may be read at all, and which host it really is."""
        home = listing.home_page(self.record, site.id)
        if home is None or home.outcome is None:
            entries = [(site.home_url, "")]
            await self.writer.do(lambda db, _: listing.add_pages(db, site.id, entries, 0, self.bounds.crawl_pages))
            await self._fetch_open(site)
            home = listing.home_page(self.record, site.id)
        assert home is not None
        return home

    async def _refuse(self, site: SiteRow, home: Fetched) -> None:
        status = home.outcome if home.outcome in ("blocked", "robots") else "failed"
        reason = f"its pages cannot be read either; home page: {home.reason or home.outcome or 'not fetched'}"
        await self.writer.do(partial(_keep_refusal, site_id=site.id, status=str(status), reason=reason))

    def _own_hosts(self, site: SiteRow, home: Fetched | None) -> frozenset[str]:
        """Host and port of the authority's sites of this kind, and of where the home page sends its visitors."""
        urls = listing.own_homes(self.record, site.id)
        if home is not None and home.outcome == "ok":
            page = self._page(home)
            urls += [home.final_url, *([refreshed(page)] if page else [])]
        return frozenset(site_of(url) for url in urls if url)

    # -- Sitemaps --------------------------------------------------------------------------------------------------------

    async def _sitemaps(self, site: SiteRow, home: Fetched, hosts: frozenset[str]) -> str:
        """Read the site's sitemaps; return the way that its pages are to be found: 'sitemap' or 'crawl'."""
        links = await asyncio.to_thread(self._own_links, home, hosts)
        while True:
            file = listing.next_file(self.record, site.id)
            if file is not None:
                await self._read_file(site, file, hosts)
                continue
            listed = len(listing.listed_urls(self.record, site.id)) - 1
            if listed > 0 and listed >= THIN * len(links):
                return "sitemap"
            tried = {url for url, _ in listing.files(self.record, site.id)}
            root = "{0.scheme}://{0.netloc}".format(urlsplit(home.final_url))
            untried = [root + path for path in LOOKED_FOR if root + path not in tried]
            if not untried:
                return "crawl"
            await self.writer.do(partial(_look_for, site_id=site.id, url=untried[0]))

    async def _read_file(self, site: SiteRow, file: WantedFile, hosts: frozenset[str]) -> None:
        found, reason = SitemapFile(), ""
        try:
            page = await self.fetch(Ask(file.url))
        except FetchProblem as problem:
            reason = problem.reason
        else:
            if page.status in (404, 410):
                pass  # gone, or never there: nothing is left unread
            elif page.status != 200:
                reason = f"HTTP {page.status}"
            else:
                found = await asyncio.to_thread(read_sitemap, page.body, file.url)
                reason = "no sitemap" if found.kind == "nothing" else found.unread
        most = self.bounds.sitemap_pages
        work = partial(_keep_file, site_id=site.id, file=file, found=found, reason=reason, hosts=hosts, most=most)
        await self.writer.do(work)

    # -- Links -----------------------------------------------------------------------------------------------------------

    async def _crawl(self, site: SiteRow, hosts: frozenset[str]) -> str:
        """Follow the site's links, nearest first, until there are none left; return why not all were, '' if all were.

        A level is fetched before its links are followed, in the order of finding: so a crawl that was killed goes the
        same way as one that was not.
        """
        known = set(listing.listed_urls(self.record, site.id))
        bodies = listing.bodies_followed(self.record, site.id)
        trail = Trail(hosts, self.bounds.crawl_pages, self.bounds.crawl_depth, known, bodies)
        while True:
            if trouble := await self._fetch_open(site):
                return trouble
            level, pages = listing.to_follow(self.record, site.id, _AT_ONCE)
            if not pages:
                return ""
            depth = level
            while pages and depth == level:
                steps = await asyncio.to_thread(self._follow, pages, trail)
                most = self.bounds.crawl_pages
                await self.writer.do(partial(_keep_steps, site_id=site.id, steps=steps, most=most))
                depth, pages = listing.to_follow(self.record, site.id, _AT_ONCE)

    def _follow(self, pages: Sequence[Fetched], trail: Trail) -> list[Step]:
        return [trail.step(page.id, page.depth, page.raw_hash, self._page(page)) for page in pages]

    def _own_links(self, home: Fetched, hosts: frozenset[str]) -> list[str]:
        page = self._page(home)
        found = onward(page) if page else []
        here = canonical_url(home.final_url)
        return [url for url in found if site_of(url) in hosts and has_text(url) and canonical_url(url) != here]

    def _page(self, fetched: Fetched) -> Page | None:
        """A page as it was fetched, from its WARC file; None where it is no HTML."""
        if fetched.outcome != "ok" or fetched.raw_hash is None:
            return None
        with self.record.begin() as db:
            place = known.holder(db, fetched.raw_hash)
        if place is None:
            return None
        body = read_body(self.record.directory / "warc" / place[0], place[1])
        if kind_of(body, fetched.media_type) != "html":
            return None
        return Page(Ask(fetched.url), fetched.final_url, 200, fetched.media_type, body)

    async def _fetch_open(self, site: SiteRow) -> str:
        """Fetch what is listed; return why not all of it was, '' if it was. A site that blocks us is left alone."""
        wanted = frontier.captures_to_do(self.record, site.id)
        for some in (wanted[at : at + _FETCHED] for at in range(0, len(wanted), _FETCHED)):
            if trouble := await self.fetch_pages(site, some):
                return trouble
            if listing.all_blocked(self.record, [page.capture_id for page in some[-_BLOCKED:]], _BLOCKED):
                trouble = f"left alone: {_BLOCKED} pages in a row were blocked"
                await self.writer.do(partial(_end_blocked, site_id=site.id, reason=trouble))
                return trouble
        return ""

    # -- The answer ------------------------------------------------------------------------------------------------------

    async def _conclude(
        self, site: SiteRow, searches: Sequence[LocalSearch], hosts: frozenset[str], trouble: str
    ) -> None:
        if not searches:
            return
        seen = await asyncio.to_thread(self._match, site, searches, hosts)
        status, reason = seen.verdict(*self._beyond(site, searches[0].via), trouble)
        await self.writer.do(partial(_keep_answers, searches=searches, seen=seen, status=status, reason=reason))

    def _match(self, site: SiteRow, searches: Sequence[LocalSearch], hosts: frozenset[str]) -> Seen:
        variants = {search.id: search.query for search in searches}
        return match_pages(listing.texts(self.record, site.id), variants, hosts)

    def _beyond(self, site: SiteRow, via: str) -> tuple[int, str]:
        """How many pages are known to lie beyond the bounds, and what else is known not to have been read, in words."""
        pages, files = listing.files_left_out(self.record, site.id)
        if via == "sitemap":
            said = [f"the bound is {self.bounds.sitemap_pages} pages"] if pages else []
            said += [f"{files} of its sitemap files could not be read whole"] if files else []
            return pages, "; ".join(said)
        links, _ = listing.links_left_out(self.record, site.id)
        bounds = f"{self.bounds.crawl_pages} pages, {self.bounds.crawl_depth} links from the home page"
        return 0, f"more are linked beyond the bounds ({bounds})" if links else ""


# -- Pieces of work for the writer ---------------------------------------------------------------------------------------


def _keep_refusal(db: Connection, _: WarcFile, site_id: int, status: str, reason: str) -> None:
    localsearch.begin(db, site_id, "sitemap")
    for search in localsearch.open_searches(db, site_id):
        localsearch.keep_answer(db, search.id, status, reason)


def _end_blocked(db: Connection, _: WarcFile, site_id: int, reason: str) -> None:
    frontier.end_captures(db, site_id, "blocked", reason)


def _look_for(db: Connection, _: WarcFile, site_id: int, url: str) -> None:
    # Room beyond the bound: what robots.txt names must not crowd out what is looked for by name.
    listing.add_files(db, site_id, [(url, "")], 0, MOST_FILES + len(LOOKED_FOR))


def _keep_file(
    db: Connection,
    _: WarcFile,
    site_id: int,
    file: WantedFile,
    found: SitemapFile,
    reason: str,
    hosts: frozenset[str],
    most: int,
) -> None:
    pages = [entry for entry in found.pages if site_of(entry[0]) in hosts and has_text(entry[0])]
    files = [entry for entry in found.files if site_of(entry[0]) in hosts]
    left_out = found.left_out + listing.add_pages(db, site_id, pages, 1, most)
    if files and file.depth >= DEEPEST_FILE:
        reason = f"lists {len(files)} further files, deeper than {DEEPEST_FILE}"
    elif files:
        beyond = listing.add_files(db, site_id, files, file.depth + 1, MOST_FILES)
        reason = f"{beyond} of the files it lists are beyond the bound of {MOST_FILES}" if beyond else reason
    elsewhere = len(found.pages) + len(found.files) - len(files) - len(pages)
    # One that we looked for and that is there counts as if it were named: what was not read of it is missing too.
    depth = file.depth if found.kind == "nothing" else max(1, file.depth)
    listing.end_file(db, file.id, reason, listed=len(pages), elsewhere=elsewhere, left_out=left_out, depth=depth)


def _keep_steps(db: Connection, _: WarcFile, site_id: int, steps: Sequence[Step], most: int) -> None:
    for step in steps:
        left_out = listing.add_pages(db, site_id, [(url, "") for url in step.links], step.depth + 1, most)
        listing.end_page(db, step.listed_id, step.left_out + left_out, step.trapped)


def _keep_answers(
    db: Connection, _: WarcFile, searches: Sequence[LocalSearch], seen: Seen, status: str, reason: str
) -> None:
    for search in searches:
        localsearch.keep_answer(db, search.id, status, reason, matches=seen.matches[search.id], read=seen.read)
