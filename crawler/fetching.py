"""The fetch that the search code is driven by, on Scrapy's engine: every request passes its middlewares and slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response

from crawler import outcomes, rendering
from crawler.asking import SearchFunction, find_search
from crawler.guard import GuardedResolver
from crawler.middlewares import RefusedAddress, RobotsBlocked, RobotsForbidden, WaitTooLong, headers_of
from crawler.web import Ask, Fetch, FetchProblem, Page, ProblemKind


class AskingSpider(Spider):
    """A spider that asks one question after the other and waits for the answers, rather than by callbacks."""

    async def find(self, home_url: str, fetch: Fetch | None = None) -> SearchFunction:
        """Find the site's search; where its results are drawn in the browser and rendering is on, there."""
        use = self.settings.getbool("MENTORWATCH_PLATFORMS")
        found = await find_search(fetch or self.fetch, home_url, use_platforms=use)
        if found.status != "script-only" or not self.settings.getbool("MENTORWATCH_RENDER"):
            return found
        rendered = await find_search(self.fetch_rendered, home_url, use_platforms=use, rendered=True)
        return rendering.concluded(found, rendered, rendering.told(self.crawler, home_url))

    def fetch_for(self, function: SearchFunction) -> Fetch:
        """Return the fetch that a search is read with: a rendering one where it was found by rendering."""
        return self.fetch_rendered if function.spec is not None and function.spec.rendered else self.fetch

    async def fetch_rendered(self, ask: Ask) -> Page:
        """Like :meth:`fetch`, but the page as it stands after its scripts have come to rest."""
        return await self.fetch(ask, rendered=True)

    async def fetch(self, ask: Ask, *, rendered: bool = False) -> Page:
        """Return the answer to ``ask``; raise :class:`FetchProblem` where there is none, or a firewall's instead."""
        response = await self.download(ask, rendered=rendered)
        page = Page(
            ask=ask,
            url=response.url,
            status=response.status,
            content_type=headers_of(response).get("content-type", ""),
            body=response.body,
            headers=headers_of(response),
        )
        refused = outcomes.blocked(page.status, page.headers, page.body)
        if refused:
            raise FetchProblem("blocked", str(refused), page.status, page.url)
        if outcomes.error_page(page.url):
            raise FetchProblem("http", f"redirected to the error page {page.url}", page.status, page.url)
        return page

    async def download(self, ask: Ask, *, rendered: bool = False, headers: Mapping[str, str] | None = None) -> Response:
        """Send ``ask`` through Scrapy's downloader; raise :class:`FetchProblem` where nothing comes back."""
        assert self.crawler.engine is not None
        try:
            return await self.crawler.engine.download_async(_request(ask, rendered, headers or {}))
        except RobotsForbidden as problem:
            raise FetchProblem("robots", str(problem), url=ask.url) from problem
        except RobotsBlocked as problem:
            raise FetchProblem("blocked", str(problem), url=ask.url) from problem
        except RefusedAddress as problem:
            raise FetchProblem("refused", str(problem), url=ask.url) from problem
        except WaitTooLong as problem:
            raise FetchProblem("http", str(problem), 429, ask.url) from problem
        except (
            IgnoreRequest
        ) as problem:  # Scrapy's own two: redirects without end, a body that grew while decompressing
            kind: ProblemKind = "http" if "redirections" in str(problem) else "too-large"
            raise FetchProblem(kind, str(problem), url=ask.url) from problem
        except DownloadCancelledError as problem:
            raise FetchProblem(
                "too-large", f"larger than {self.settings.getint('DOWNLOAD_MAXSIZE')} bytes", url=ask.url
            ) from problem
        except DownloadTimeoutError as problem:
            seconds = self.settings.getfloat("DOWNLOAD_TIMEOUT")
            raise FetchProblem("timeout", f"no answer within {seconds:.0f} seconds", url=ask.url) from problem
        except CannotResolveHostError as problem:
            host = _host(ask.url)
            if host in GuardedResolver.refused:
                raise FetchProblem("refused", GuardedResolver.refused[host], url=ask.url) from problem
            raise FetchProblem("network", f"{host}: there is no such host", url=ask.url) from problem
        except (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError) as problem:
            why = _words(problem)
            if "certificate" in why:
                why += "; a site file with verify = false would leave it unverified (docs/platforms.md)"
            raise FetchProblem("network", f"{_host(ask.url)}: {why}", url=ask.url) from problem
        except (NotSupported, UnsupportedURLSchemeError, ValueError) as problem:
            raise FetchProblem("refused", str(problem), url=ask.url) from problem


def _request(ask: Ask, rendered: bool, given: Mapping[str, str]) -> Request:
    if rendered:
        return Request(ask.url, dont_filter=True, meta={"render": ask})
    if ask.method != "POST":
        return Request(ask.url, headers=dict(given), dont_filter=True)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(ask.url, method="POST", body=ask.body(), headers=headers, dont_filter=True)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url).lower()


def _words(problem: Any) -> str:
    inner = problem.__cause__ or problem
    return (str(inner) or type(inner).__name__).strip("[]<>").splitlines()[0][:300]
