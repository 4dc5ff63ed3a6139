"""Chromium, driven: an `Ask` in, the page as it stands after its scripts have come to rest out.

One browser, a context (cookies, cache) for each site, a bounded number of pages at once. Every request of a page meets
the address guard twice: by its spelling before it is sent, by what it resolves to where it connects (tunnel.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
)

from crawler.guard import refusal
from crawler.middlewares import RefusedAddress
from crawler.tab import Limits, Rendered, Tab
from crawler.tunnel import GuardedTunnel
from crawler.web import Ask, host_of

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import Page, Playwright, Request, Response, Route

FLAGS = (
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--dns-prefetch-disable", "--disable-default-apps", "--mute-audio", "--disable-gpu",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--renderer-process-limit=4",
)  # fmt: skip
_FORBIDS = (
    IgnoreRequest,
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
_REMEMBERED = {"script", "stylesheet"}
_MAY_KEEP = re.compile(r"^(?!.*\bno-(?:store|cache)\b).*\bmax-age=[1-9]", re.IGNORECASE)  # RFC 9111, section 5.2.2
_AS_SENT = ("content-encoding", "content-length", "transfer-encoding", "set-cookie")
_NOT_FETCHED = {"image", "font", "media", "texttrack", "eventsource", "ping", "manifest", "cspviolationreport"}


class Browser:
    """A Chromium that is started when first asked, restarted after a crash and closed by `close`.

    `may` raises where robots.txt forbids an address. `counts` holds what was done: pages, requests, 'third-party',
    'not fetched' and 'refused' ones; `others[site]` the hosts that a site's pages called, `refused[site]` why not.
    """

    def __init__(
        self,
        program: str,
        user_agent: str,
        allowed: frozenset[tuple[str, int]],
        may: Callable[[str], Awaitable[None]],
        limits: Limits | None = None,
    ) -> None:
        self.program, self.user_agent, self.allowed, self.may = program, user_agent, allowed, may
        self.limits = limits or Limits()
        self.counts: Counter[str] = Counter()
        self.others: dict[str, Counter[str]] = {}
        self.refused: dict[str, dict[str, str]] = {}
        self.tunnel: GuardedTunnel | None = None
        self._driver: Playwright | None = None
        self._chromium: Chromium | None = None
        self._scripts: dict[tuple[str, str], tuple[dict[str, str], bytes]] = {}
        self._tabs: OrderedDict[str, Tab] = OrderedDict()
        self._turn = asyncio.Semaphore(self.limits.at_once)
        self._starting = asyncio.Lock()
        self._rendering = 0
        self._since_start = 0

    async def render(self, ask: Ask) -> Rendered:
        """Load and settle the page for `ask` and take its steps; the open page is gone on with where it is part of the way.

        Raises the exceptions that Scrapy's own downloads raise, RefusedAddress, or what `may` raises.
        """
        from playwright.async_api import Error as PlaywrightError

        async with self._turn:
            self._rendering += 1
            tab: Tab | None = None
            try:
                async with asyncio.timeout(self.limits.whole):
                    tab = await self._tab(host_of(ask.url))
                    async with tab.lock:
                        rendered = await tab.show(ask)
                self.counts["pages"] += 1
                return rendered
            except TimeoutError as problem:
                await self._drop(tab)
                raise DownloadTimeoutError(f"the page did not come to rest: {ask.url}") from problem
            except PlaywrightError as problem:
                met = self._met(tab, ask, str(problem))
                await self._drop(tab)
                raise met from problem
            except BaseException:
                await self._drop(tab)
                raise
            finally:
                self._rendering -= 1

    async def close(self) -> None:
        """Close every page, the browser and its way out. May be called twice."""
        from playwright.async_api import Error as PlaywrightError

        self._tabs.clear()
        chromium, driver, tunnel = self._chromium, self._driver, self.tunnel
        self._chromium = self._driver = None
        if chromium is not None:
            with contextlib.suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(10):
                    await chromium.close()
        if driver is not None:
            with contextlib.suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(10):
                    await driver.stop()
        if tunnel is not None:
            await tunnel.close()

    # -- The browser -----------------------------------------------------------------------------------------------------

    async def _ready(self) -> Chromium:
        """The browser, started where there is none, it died, or it has shown so many pages that its memory is in doubt."""
        from playwright.async_api import async_playwright

        async with self._starting:
            worn = self._since_start >= self.limits.recycle and self._rendering <= 1
            if self._chromium is not None and (worn or not self._chromium.is_connected()):
                await self.close()
            if self._chromium is None:
                self.tunnel = GuardedTunnel(self.allowed, self.limits.body)
                proxy = await self.tunnel.open()
                self._driver = await async_playwright().start()
                self._chromium = await self._driver.chromium.launch(
                    executable_path=self.program,
                    headless=True,
                    chromium_sandbox=os.geteuid()
                    != 0,  # Chromium has no sandbox for root; --no-sandbox then, and only then
                    args=[*FLAGS, f"--js-flags=--max-old-space-size={self.limits.heap}"],
                    proxy={"server": proxy, "bypass": "<-loopback>"},
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
                self._since_start = 0
                self.counts["starts"] += 1
            self._since_start += 1
            return self._chromium

    async def _tab(self, site: str) -> Tab:
        """The open page of a site, or a new one; the longest unused is closed where there are too many."""
        chromium = await self._ready()
        tab = self._tabs.get(site)
        if tab is None or tab.page.is_closed():
            while len(self._tabs) >= self.limits.kept:
                idle = next((t for t in self._tabs.values() if not t.lock.locked()), None)
                if idle is None:
                    break
                await self._drop(idle)
            context = await chromium.new_context(
                user_agent=self.user_agent,
                accept_downloads=False,
                service_workers="block",
                permissions=[],
                locale="en-GB",
                viewport={"width": 1280, "height": 1600},
            )
            tab = Tab(context, await context.new_page(), site, self.limits, self.may)
            await self._watch(tab)
            self._tabs[site] = tab
        self._tabs.move_to_end(site)
        return tab

    async def _drop(self, tab: Tab | None) -> None:
        from playwright.async_api import Error as PlaywrightError

        if tab is None:
            return
        if self._tabs.get(tab.site) is tab:
            del self._tabs[tab.site]
        with contextlib.suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(3):
                await tab.context.close()
                return
        await self.close()  # a page that does not even let itself be closed takes the browser with it

    # -- What a page may ask for -----------------------------------------------------------------------------------------

    async def _watch(self, tab: Tab) -> None:
        from playwright.async_api import Error as PlaywrightError

        page = tab.page

        def begun(request: Request) -> None:
            tab.last = tab.in_flight[request] = time.monotonic()
            if request.is_navigation_request() and _of_main_frame(request, page):
                tab.going = request.url  # of a redirect too

        def ended(request: Request) -> None:
            tab.in_flight.pop(request, None)
            tab.last = time.monotonic()
            if request.resource_type in _REMEMBERED and request.method == "GET":
                _beside(self._remember(tab.site, request))

        def answered(response: Response) -> None:
            if response.request.is_navigation_request() and response.frame is page.main_frame:
                tab.answered = response

        page.on("request", begun)
        page.on("requestfinished", ended)
        page.on("requestfailed", ended)
        page.on("response", answered)
        tab.context.on("page", _close)

        async def decide(route: Route, request: Request) -> None:
            with contextlib.suppress(PlaywrightError):  # the page is gone already, and its request with it
                await self._let_through(tab, route, request)

        await tab.context.route("**/*", decide)

    async def _let_through(self, tab: Tab, route: Route, request: Request) -> None:
        """Decide over one request of a page: the guard, robots.txt for where the page itself goes, the bounds."""
        url = request.url
        self.counts["requests"] += 1
        tab.requests += 1
        going = request.is_navigation_request()
        reason = refusal(url, self.allowed)
        if reason:
            self.counts["refused"] += 1
            self.refused.setdefault(tab.site, {})[url[:200]] = reason
            if going and _of_main_frame(request, tab.page):
                tab.problem = RefusedAddress(reason)
            await route.abort("blockedbyclient")
            return
        if request.resource_type in _NOT_FETCHED or tab.requests > self.limits.requests:
            self.counts["not fetched"] += 1
            await route.abort("blockedbyclient")
            return
        if going and _of_main_frame(request, tab.page):
            try:
                await self.may(url)
            except _FORBIDS as problem:
                tab.problem = problem  # for the one who asked for the page: tab.py raises it
                await route.abort("blockedbyclient")
                return
        elif going and not _has_frame(request):
            await route.abort("blockedbyclient")  # a window of its own
            return
        remembered = self._scripts.get((tab.site, url)) if request.method == "GET" else None
        if remembered is not None:
            self.counts["remembered"] += 1
            await route.fulfill(status=200, headers=remembered[0], body=remembered[1])
            return
        other = host_of(url)
        if other != tab.site:
            self.counts["third-party"] += 1
            self.others.setdefault(tab.site, Counter())[other] += 1
        ask = tab.ask
        if going and ask is not None and ask.method == "POST" and url == ask.url.split("#")[0] and tab.answered is None:
            headers = {**request.headers, "content-type": "application/x-www-form-urlencoded"}
            await route.continue_(method="POST", headers=headers, post_data=ask.body())
            return
        await route.continue_()

    async def _remember(self, site: str, request: Request) -> None:
        """Keep a script or style sheet that may be kept: where requests are looked at, Chromium's own cache is off."""
        from playwright.async_api import Error as PlaywrightError

        with contextlib.suppress(PlaywrightError):
            response = await request.response()
            if response is None or response.status != 200 or (site, request.url) in self._scripts:
                return
            headers = await response.all_headers()
            if not _MAY_KEEP.search(headers.get("cache-control", "")):
                return
            body = await response.body()
            if sum(len(kept) for _, kept in self._scripts.values()) + len(body) <= self.limits.body:
                kept = {name: value for name, value in headers.items() if name not in _AS_SENT}
                self._scripts[site, request.url] = kept, body

    def _met(self, tab: Tab | None, ask: Ask, said: str) -> Exception:
        """What a problem of Playwright's means."""
        if tab is not None and tab.problem is not None:
            return tab.problem
        parts = urlsplit(tab.going if tab is not None and tab.going else ask.url)
        where = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        first = said.splitlines()[0][:200] if said else "no reason given"
        if self.tunnel is not None and where in self.tunnel.refused:
            return RefusedAddress(self.tunnel.refused[where])
        if "Download is starting" in said:
            return NotSupported("a download, not a page")
        if "Timeout" in first:
            return DownloadTimeoutError(first)
        if "crash" in said.lower() or "has been closed" in said:
            return DownloadFailedError(f"the page crashed in the browser ({first})")
        return DownloadFailedError(first)


def _of_main_frame(request: Request, page: Page) -> bool:
    return _has_frame(request) and request.frame is page.main_frame


def _has_frame(request: Request) -> bool:
    from playwright.async_api import Error as PlaywrightError

    try:
        return request.frame is not None
    except PlaywrightError:
        return False


def _close(page: Page) -> None:
    """Close a window that a page opened: nobody looks at it."""
    _beside(_closed(page))


def _beside(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    _working.add(task)  # the loop itself holds tasks weakly
    task.add_done_callback(_working.discard)


_working: set[asyncio.Future[None]] = set()


async def _closed(page: Page) -> None:
    from playwright.async_api import Error as PlaywrightError

    with contextlib.suppress(PlaywrightError):
        await page.close()
