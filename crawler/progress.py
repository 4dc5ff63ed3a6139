"""What a running crawl shows: bars on a terminal, plain lines in a log. Driven by the spider's signals."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from crawler.asking import SearchFunction, State
from crawler.frontier import SiteRow
from crawler.items import Capture
from study.authorities import register

crawl_began = object()
site_began = object()
search_found = object()
reading_pages = object()
host_found = object()
page_read = object()
captures_planned = object()
page_captured = object()
site_ended = object()


class _View(Protocol):
    def began(self, crawl_id: int, resumed: bool, sites: list[SiteRow]) -> None: ...
    def site(
        self, site: SiteRow, words: str, *, done: int = 0, total: int | None = None, last: bool = False
    ) -> None: ...
    def more(self, site: SiteRow) -> None: ...
    def close(self, summary: str) -> None: ...


class Progress:
    """The Scrapy extension; off with MENTORWATCH_PROGRESS = False."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("MENTORWATCH_PROGRESS", True):
            raise NotConfigured
        self.view: _View = _BarView() if sys.stderr.isatty() else _LineView()
        self.planned: Counter[int] = Counter()
        self.fetched: Counter[int] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.unfound: dict[str, str] = {}
        connect = crawler.signals.connect
        connect(self._crawl_began, signal=crawl_began)
        connect(self._search_found, signal=search_found)
        connect(self._reading_pages, signal=reading_pages)
        connect(self._host_found, signal=host_found)
        connect(self._page_read, signal=page_read)
        connect(self._captures_planned, signal=captures_planned)
        connect(self._page_captured, signal=page_captured)
        connect(self._site_ended, signal=site_ended)
        connect(self._closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Progress:
        return cls(crawler)

    def _crawl_began(self, crawl_id: int, resumed: bool, sites: list[SiteRow]) -> None:
        self.view.began(crawl_id, resumed, sites)

    def _search_found(self, site: SiteRow, function: SearchFunction) -> None:
        if function.found:
            self.view.site(site, f"search found ({function.platform or function.how})")
        else:
            self.unfound[site.home_url] = f"{function.status}: {function.reason}"
            self.view.site(site, f"no search: {function.status}, {function.reason}")

    def _reading_pages(self, site: SiteRow, via: str) -> None:
        found = "its sitemap lists" if via == "sitemap" else "its links lead to"
        self.view.site(site, f"reading the pages that {found}")

    def _host_found(self, site: SiteRow) -> None:
        self.view.more(site)

    def _page_read(self, site: SiteRow, query: str, state: State) -> None:
        total = "" if state.reported_total is None else f" of {state.reported_total}"
        self.view.site(site, f"{query}: {state.collected}{total}")

    def _captures_planned(self, site: SiteRow, count: int) -> None:
        self.planned[site.id] += count
        self.view.site(site, f"{count} pages to fetch", done=self.fetched[site.id], total=self.planned[site.id])

    def _page_captured(self, site: SiteRow, item: Capture) -> None:
        self.fetched[site.id] += 1
        self.outcomes[item.outcome] += 1
        self.view.site(site, "fetching", done=self.fetched[site.id], total=self.planned[site.id])

    def _site_ended(self, site: SiteRow) -> None:
        self.view.site(site, "done", done=self.fetched[site.id], total=self.planned[site.id], last=True)

    def _closed(self, spider: Any) -> None:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        self.view.close(f"fetched {self.outcomes.total()} pages" + (f" ({counts})" if counts else ""))


def _name(site: SiteRow) -> str:
    authority = register().get(site.authority)
    name = authority.name if authority else site.authority
    return name if site.host_kind == "main" else f"{name} ({site.host_kind})"


class _BarView:
    def __init__(self) -> None:
        self.bars = Bars(
            TextColumn("{task.fields[site]:<32.32}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self.tasks: dict[int, TaskID] = {}

    def began(self, crawl_id: int, resumed: bool, sites: list[SiteRow]) -> None:
        self.bars.console.print(f"Crawl {crawl_id}{' goes on' if resumed else ''}: {len(sites)} sites")
        self.sites = len(sites)
        self.overall = self.bars.add_task("sites done", total=self.sites, site="All sites")
        self.bars.start()

    def more(self, site: SiteRow) -> None:
        self.sites += 1
        self.bars.update(self.overall, total=self.sites)

    def site(self, site: SiteRow, words: str, *, done: int = 0, total: int | None = None, last: bool = False) -> None:
        if site.id not in self.tasks:
            self.tasks[site.id] = self.bars.add_task(words, total=None, site=_name(site))
        task = self.tasks[site.id]
        self.bars.update(task, description=words, completed=done, total=total, visible=not last)
        if last:
            self.bars.advance(self.overall)

    def close(self, summary: str) -> None:
        self.bars.stop()
        self.bars.console.print(summary)


class _LineView:
    """One line when a site's search is found, one when its pages are planned, one when it is done."""

    def began(self, crawl_id: int, resumed: bool, sites: list[SiteRow]) -> None:
        self._say(f"crawl {crawl_id}{' goes on' if resumed else ''}: {len(sites)} sites")

    def more(self, site: SiteRow) -> None:
        self._say(f"{_name(site)}: one site more, {site.home_url}")

    def site(self, site: SiteRow, words: str, *, done: int = 0, total: int | None = None, last: bool = False) -> None:
        if last:
            self._say(f"{_name(site)}: done, {done} pages fetched")
        elif (total is not None and done == 0) or words.startswith(("search found", "no search", "reading the pages")):
            self._say(f"{_name(site)}: {words}")

    def close(self, summary: str) -> None:
        self._say(summary)

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)
