"""Run a spider from the command line's side: settings in, outcome out. One spider per process, as Twisted has it."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from crawler import rendering
from crawler.frontier import warc_ends
from crawler.planning import CrawlPlan
from crawler.scaffolding import Gathered
from crawler.spiders.gather import Gather
from crawler.spiders.probe import Probe
from crawler.spiders.sitesearch import SiteSearch
from crawler.warcfile import claim
from study.record import Record, RecordError
from study.runlock import run_lock
from study.version import VERSION

_OBJECTS = 50_000  # made between two looks for cycles


@dataclass(frozen=True)
class Manners:
    """What a run may set of how it fetches; see crawler/settings.py for units and defaults."""

    allow: tuple[str, ...] = ()
    contact: str = ""
    delay: float | None = None
    platforms: bool = True
    site_budget: float | None = None
    log_file: Path | None = None
    verbose: bool = False
    show_progress: bool = True
    render: bool = False
    committees: bool = True

    def settings(self) -> Settings:
        """Return the Scrapy settings of this run; raise :class:`rendering.CannotRender` where it cannot render."""
        settings = Settings()
        settings.setmodule("crawler.settings", priority="project")
        values: dict[str, Any] = {
            "MENTORWATCH_ALLOW": list(self.allow),
            "MENTORWATCH_CONTACT": self.contact,
            "MENTORWATCH_COMMITTEES": self.committees,
            "MENTORWATCH_PLATFORMS": self.platforms,
            "MENTORWATCH_PROGRESS": self.show_progress,
            "LOG_LEVEL": "INFO" if self.verbose else "WARNING",
        }
        if self.contact:
            values["USER_AGENT"] = f"mentorwatch/{VERSION} (research crawler; {self.contact})"
        if self.delay is not None:
            values["DOWNLOAD_DELAY"] = self.delay
            if self.delay == 0:  # only asked for on one's own machine: let the server be the limit
                values |= {"CONCURRENT_REQUESTS": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 8}
        if self.render:
            rendering.chromium()
            values |= {"MENTORWATCH_RENDER": True, "DOWNLOAD_HANDLERS": rendering.HANDLERS}
        if self.site_budget is not None:
            values["MENTORWATCH_SITE_BUDGET"] = self.site_budget
        if self.log_file is not None:
            values["LOG_FILE"] = str(self.log_file)
        settings.setdict(values, priority="cmdline")
        return settings


@dataclass(frozen=True)
class Crawled:
    """What a crawl came to: ``finished`` false means there is work left (it was interrupted)."""

    crawl_id: int | None
    finished: bool


def crawl(plan: CrawlPlan, manners: Manners) -> Crawled:
    """Run a crawl to its end; raise :class:`study.runlock.RecordLocked` if one runs on this record, or the record's own errors."""
    with Record.open(plan.record_url) as record, run_lock(record, "run"), run_lock(record, "crawl"):
        claim(record, warc_ends(record))
        _quiet_libraries()
        # Little of what a crawl makes are cycles, and looking for them after every 700 objects takes a tenth of its time.
        gc.freeze()
        gc.set_threshold(_OBJECTS)
        process = AsyncCrawlerProcess(manners.settings())
        crawler = process.create_crawler(SiteSearch)
        process.crawl(crawler, plan=plan)
        process.start()
        spider = crawler.spider
        if trouble := getattr(spider, "trouble", ""):
            raise RecordError(
                f"{record.name} could not be written or read, so the crawl has stopped: {trouble}\n"
                "What was committed is safe; once the cause is mended (a full disk, a database that is down), the same command goes on."
            )
    return Crawled(getattr(spider, "crawl_id", None), bool(getattr(spider, "finished", False)))


def probe(home_url: str, query: str, manners: Manners, *, to_end: bool, save: bool = False) -> dict[str, Any] | None:
    """Probe one site; return the dict of :func:`crawler.spiders.probe.describe`, None if it was interrupted."""
    _quiet_libraries()
    process = AsyncCrawlerProcess(manners.settings())
    crawler = process.create_crawler(Probe)
    process.crawl(crawler, home_url=home_url, query=query, to_end=to_end, save=save)
    process.start()
    return getattr(crawler.spider, "found", None)


def gather(url: str, query: str, manners: Manners) -> Gathered | str:
    """Fetch a nonsense page and a results page for a scaffold; return them, or why they cannot be had."""
    _quiet_libraries()
    process = AsyncCrawlerProcess(manners.settings())
    crawler = process.create_crawler(Gather)
    process.crawl(crawler, home_url=url, query=query)
    process.start()
    return getattr(crawler.spider, "gathered", "interrupted")


def _quiet_libraries() -> None:
    # PDF and encoding libraries narrate their work; what matters of it is in the record.
    for name in ("pypdfium2", "charset_normalizer", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
