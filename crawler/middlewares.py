"""Downloader middlewares: what stands between a request and the network.

``AddressGuard`` refuses what may not be asked for, ``CautiousRobots`` obeys robots.txt and its Crawl-delay, ``Patience``
honours Retry-After.
"""

from __future__ import annotations

import asyncio
import re
import time
from email.utils import parsedate_to_datetime

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares import cookies
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from tldextract import TLDExtract

from crawler import outcomes
from crawler.guard import allowed_pairs, refusal
from crawler.sharing import Sharing
from crawler.web import split

_ROBOTS = 512 * 1024  # bytes of robots.txt
# The line that a group of robots.txt begins with, up to the product token; what may follow is a version or a comment.
_GROUP = re.compile(
    rb"^((?:\xef\xbb\xbf)?[ \t]*user[- ]?agent[ \t]*:[ \t]*[^\s/]+)[^\r\n]*", re.IGNORECASE | re.MULTILINE
)
# Which domains are public suffixes is known as the package has it; Scrapy's cookies would fetch the newest list from the web.
cookies._split_domain = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


class RefusedAddress(IgnoreRequest):
    """The address guard let no request through; the text says why. Not to be retried."""


class RobotsForbidden(IgnoreRequest):
    """robots.txt forbids the request, or could not be read; the text says which. Not to be gone round."""


class RobotsBlocked(IgnoreRequest):
    """A firewall answered in place of robots.txt, so nothing may be asked for; the text names it and its evidence."""


class WaitTooLong(IgnoreRequest):
    """The host asked, by Retry-After, for a longer wait than a run may spend."""


def slot_of(request: Request) -> str:
    """Return what a request is throttled together with, as AddressGuard has set it (crawler/sharing.py).

    Where a rendered page goes by itself, no request of ours has passed the guard: there it is the host.
    """
    return str(request.meta.get("download_slot") or split(request.url).netloc.lower())


class AddressGuard:
    """Refuses addresses by their spelling; what they resolve to is checked by the resolver (guard.py).

    What it lets through it puts in a slot: hosts on shared machines are throttled together.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.allowed = allowed_pairs(crawler.settings.getlist("MENTORWATCH_ALLOW"))
        self.sharing = Sharing(self.allowed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AddressGuard:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        reason = refusal(request.url, self.allowed)
        if reason:
            raise RefusedAddress(reason)
        request.meta["download_slot"] = await self.sharing.slot(request.url)


class CautiousRobots(RobotsTxtMiddleware):
    """robots.txt as RFC 9309 has it: 4xx allows all; a server error, no answer or a firewall's page forbids all.

    Scrapy's own middleware takes every failure for leave, and a group that names us with a version for another's. Its
    Crawl-delay, which it parses but does not apply, becomes the delay of the host's slot where it is longer than ours.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unknown: dict[str, Exception] = {}  # netloc -> why its robots.txt is not known

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        if request.meta.get("dont_obey_robotstxt"):
            return
        parser = await self.robot_parser(request)
        netloc = urlparse_cached(request).netloc
        if netloc in self._unknown:
            raise self._unknown[netloc]
        if parser is None:
            return
        agent = self._robotstxt_useragent or self._default_useragent
        if not parser.allowed(request.url, agent):
            self._stats.inc_value("robotstxt/forbidden")
            raise RobotsForbidden(f"robots.txt of {netloc} forbids {request.url}")
        self._apply_crawl_delay(parser, request)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            why = f"robots.txt could not be read (HTTP {response.status}), so nothing is asked for"
            self._unknown[netloc] = RobotsForbidden(why)
            super()._robots_error(IgnoreRequest(), netloc)
        elif (refused := outcomes.blocked(response.status, headers_of(response), response.body)) and refused.vendor:
            self._unknown[netloc] = RobotsBlocked(f"robots.txt: {refused}, so nothing is asked for")
            super()._robots_error(IgnoreRequest(), netloc)
        elif response.status >= 400:
            super()._robots_error(IgnoreRequest(), netloc)
        else:
            # All that a crawler need read (RFC 9309, 2.5); to read much more would keep every other site waiting.
            groups_by_token = _GROUP.sub(rb"\1", response.body[:_ROBOTS])  # RFC 9309, 2.2.1
            await super()._parse_robots(response.replace(body=groups_by_token), netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        # Scrapy's own is of a redirect without end, which is leave (RFC 9309, 2.3.1.2); ours say why there is no answer.
        if type(exc) is not IgnoreRequest:
            self._unknown[netloc] = exc
        super()._robots_error(exc, netloc)

    def _apply_crawl_delay(self, parser: RobotParser, request: Request) -> None:
        protego = getattr(parser, "rp", None)
        delay = protego.crawl_delay(self._robotstxt_useragent or "*") if protego is not None else None
        if delay:
            downloader = self.crawler.engine.downloader if self.crawler.engine else None
            slots = downloader.per_slot_settings if downloader is not None else {}
            key = slot_of(request)
            longer = max(float(delay), self.crawler.settings.getfloat("DOWNLOAD_DELAY"))
            slots.setdefault(key, {"delay": longer, "concurrency": 1})
            if downloader is not None and key in downloader.slots:
                downloader.slots[key].delay = max(downloader.slots[key].delay, longer)


class Patience:
    """Honours Retry-After: the host's whole slot waits, then the request is asked again.

    429 and 503 without the header are left to Scrapy's retries. A wait past MENTORWATCH_RETRY_AFTER_MAX is not waited
    for: the request ends with :class:`WaitTooLong`, and the host is left for this run.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("MENTORWATCH_RETRY_AFTER_MAX")
        self._until: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Patience:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        key = slot_of(request)
        while (wait := self._until.get(key, 0.0) - time.monotonic()) > 0:
            if wait > self.longest:
                raise WaitTooLong(f"{key} asked to be left alone for {wait:.0f} more seconds")
            await asyncio.sleep(wait)

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        if response.status not in (429, 503):
            return response
        wait = seconds_to_wait(response.headers.get("Retry-After"))
        if wait is None:
            return response
        key = slot_of(request)
        self._until[key] = max(self._until.get(key, 0.0), time.monotonic() + wait)
        if wait > self.longest:
            raise WaitTooLong(f"{key} answered {response.status} and asks for {wait:.0f} seconds without requests")
        spider = self.crawler.spider
        if spider is None:
            return response
        return get_retry_request(request, spider=spider, reason="retry-after", max_retry_times=4) or response


def seconds_to_wait(header: bytes | None, now: float | None = None) -> float | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3): seconds, or a date; None where it is neither."""
    if not header:
        return None
    value = header.decode("latin-1").strip()
    if re.fullmatch(r"[0-9]+", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


def headers_of(response: Response) -> dict[str, str]:
    """Return a response's headers with lower-case names, several of a name joined by a comma."""
    return {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
    }
