"""Rendering as Scrapy sees it: a download handler, so that robots.txt, the delay and the retries hold as for any request.

Requests with an Ask in ``meta["render"]`` go through the browser, all others as before. On by ``--render``.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from importlib.util import find_spec
from typing import cast
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response

from crawler.browser import Browser
from crawler.downloads import Handler
from crawler.function import SearchFunction
from crawler.guard import allowed_pairs
from crawler.middlewares import CautiousRobots, RefusedAddress
from crawler.tab import Limits
from crawler.web import Ask, host_of
from study.errors import UserError

HANDLERS = {"http": "crawler.rendering.RenderingHandler", "https": "crawler.rendering.RenderingHandler"}
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_USUAL = "/usr/bin/chromium"
_browsers: WeakKeyDictionary[Crawler, Browser] = WeakKeyDictionary()


class CannotRender(UserError):
    """``--render`` was asked for, and the extra or the browser is missing. Says which, and what to install."""


def chromium() -> str:
    """Return the path of the browser to drive: MENTORWATCH_CHROMIUM, Debian's, or one on PATH; none is ever downloaded.

    Raises :class:`CannotRender` where Playwright or a browser is missing.
    """
    if find_spec("playwright") is None:
        raise CannotRender(
            "--render needs the extra that drives a browser: in the checkout, pip install -e '.[render]'"
        )
    given = os.environ.get("MENTORWATCH_CHROMIUM", "")
    if given:
        if not os.access(given, os.X_OK) or os.path.isdir(given):
            raise CannotRender(f"MENTORWATCH_CHROMIUM is {given}, which is no program that can be run")
        return given
    found = _USUAL if os.access(_USUAL, os.X_OK) else next(filter(None, map(shutil.which, _PROGRAMS)), "")
    if not found:
        raise CannotRender(
            "--render needs Chromium, and there is none: install it (Debian: apt install chromium) or name it in "
            "MENTORWATCH_CHROMIUM"
        )
    return found


def told(crawler: Crawler, home_url: str) -> str:
    """Say which other hosts a site's pages called while they were rendered, and what was refused; '' for nothing."""
    browser, site = _browsers.get(crawler), host_of(home_url)
    if browser is None:
        return ""
    others, refused = browser.others.get(site), dict(browser.refused.get(site, {}))
    if browser.tunnel is not None:
        refused |= {host: why for host, why in browser.tunnel.refused.items() if others and host_in(others, host)}
    parts = []
    if others:
        parts.append(f"its pages called {len(others)} other hosts ({', '.join(sorted(others)[:5])})")
    if refused:
        parts.append(f"{len(refused)} addresses refused ({next(iter(refused.values()))})")
    return "; ".join(parts)


def concluded(plain: SearchFunction, rendered: SearchFunction, met: str) -> SearchFunction:
    """The outcome of a site whose search is drawn in the browser, asked again there; `met` is what `told` says."""
    reason = f"{rendered.reason}; {plain.reason.partition('; --render')[0]}" + (f"; {met}" if met else "")
    if rendered.found:
        return replace(rendered, reason=reason)
    # That nothing was found by rendering either does not make the site one without a search.
    status = "script-only" if rendered.status == "none" else rendered.status
    return replace(rendered, status=status, reason=f"rendered, no search was proven: {reason}")


def host_in(others: dict[str, int], where: str) -> bool:
    """Whether 'host:port' is one of the hosts that were called."""
    host, _, port = where.rpartition(":")
    return bool({where, host} & set(others)) or f"{host.removeprefix('www.')}:{port}" in others


class RenderingHandler(Handler):
    """Scrapy's own handler, and the browser for requests that carry an Ask to render."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        if crawler not in _browsers:  # one browser a crawler, not one a scheme
            settings = crawler.settings
            limits = Limits(
                load=settings.getfloat("MENTORWATCH_RENDER_LOAD", Limits.load),
                settle=settings.getfloat("MENTORWATCH_RENDER_SETTLE", Limits.settle),
                at_once=settings.getint("MENTORWATCH_RENDER_AT_ONCE", Limits.at_once),
                body=settings.getint("DOWNLOAD_MAXSIZE"),
            )
            allowed = allowed_pairs(settings.getlist("MENTORWATCH_ALLOW"))
            _browsers[crawler] = Browser(chromium(), settings["USER_AGENT"], allowed, self._may, limits)
        self._browser = _browsers[crawler]

    async def download_request(self, request: Request) -> Response:
        ask = request.meta.get("render")
        if ask is None:
            return await super().download_request(request)
        rendered = await self._browser.render(cast("Ask", ask))
        return HtmlResponse(
            rendered.url, rendered.status, headers=rendered.headers, body=rendered.body, request=request
        )

    async def close(self) -> None:
        browser = self._browser
        for what, count in browser.counts.items():
            if self.crawler.stats is not None:
                self.crawler.stats.set_value(f"render/{what.replace(' ', '-')}", count)
        await browser.close()
        await super().close()

    async def _may(self, url: str) -> None:
        """Raise where robots.txt forbids where a page goes by itself: after typing, pressing or a script's redirect."""
        robots = self.crawler.get_downloader_middleware(CautiousRobots)
        if robots is not None and url.startswith(("http://", "https://")):
            await robots.process_request(Request(url))
        elif not url.startswith(("http://", "https://")):
            raise RefusedAddress(f"the page went to {url[:100]}")
