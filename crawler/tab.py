"""One page in the browser: loaded, brought to rest, typed into, pressed, and taken as it stands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from scrapy.exceptions import DownloadCancelledError, DownloadFailedError

from crawler.searchbox import CLICK, steps_of
from crawler.web import Ask
from crawler.wording import words

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Request, Response

_TICK = 0.1  # seconds between two looks at a page
_POLLING = 8.0  # seconds after which a request that is still open is taken for one that stays open
_DROPPED = ("content-encoding", "content-length", "transfer-encoding", "set-cookie", "content-type")


@dataclass(frozen=True)
class Limits:
    """Bounds of rendering, times in seconds. `heap` is megabytes of JavaScript objects in one page."""

    load: float = 30.0  # until a page answers
    settle: float = 15.0  # until its scripts rest; what stands there then is taken
    quiet: float = 0.5  # without a request or a change, and a page rests
    step: float = 2.0  # until something happens after typing or pressing
    at_once: int = 2  # pages that are loading
    kept: int = 4  # pages that stay open to be gone on from
    requests: int = 600  # of one page
    body: int = 32 * 1024 * 1024  # bytes of a page, and of any one connection
    heap: int = 512
    recycle: int = 300  # pages after which the browser is started afresh

    @property
    def whole(self) -> float:
        """The longest that one page may take."""
        return self.load + 3 * (self.settle + self.step)


@dataclass(frozen=True)
class Rendered:
    """What a page came to: `body` is its markup in UTF-8, or the bytes of what is not HTML."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Tab:
    """One open page, what it shows, and what its requests have met."""

    context: BrowserContext
    page: Page
    site: str
    limits: Limits
    may: Callable[[str], Awaitable[None]]
    ask: Ask | None = None
    answered: Response | None = None
    problem: Exception | None = None
    going: str = ""  # where the page itself last went
    requests: int = 0
    in_flight: dict[Request, float] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: float = 0.0  # when a request last began or ended
    by_button: bool = False  # its box is sent by a button, not by Enter

    async def show(self, ask: Ask) -> Rendered:
        """The page for `ask`, all its steps taken; of the page that is open as much is used as fits."""
        self.problem, self.requests = None, 0
        done = _steps_done(self.ask, self.page.url, ask)
        if done is None:
            self.ask, self.answered = None, None
            await self.page.goto("about:blank")
            self.ask = ask
            self.in_flight.clear()
            await self.page.goto(ask.url, wait_until="commit", timeout=self.limits.load * 1000)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.limits.load):
                    await self.page.wait_for_load_state("domcontentloaded", timeout=0)
            await self._settle(_expected(ask))
            done = 0
        self.ask = None  # until every step has been taken, nobody knows where the page stands
        for verb, where, value in steps_of(ask)[done:]:
            await (self._click(where, value) if verb == CLICK else self._type(where, value))
        if self.problem is not None:
            raise self.problem
        await self.may(self.page.url)
        rendered = await self._taken()
        self.ask = ask
        return rendered

    async def _taken(self) -> Rendered:
        """The page as it stands."""
        response = self.answered
        status = response.status if response else 200
        headers = await response.all_headers() if response else {}
        kind = headers.get("content-type", "text/html")
        kept = {name: value for name, value in headers.items() if name not in _DROPPED}
        if response is not None and "html" not in kind.lower():
            return Rendered(self.page.url, status, {**kept, "content-type": kind}, await response.body())
        markup: str = await self.page.evaluate(_script("snapshot"))
        body = markup.encode("utf-8", "replace")
        if len(body) > self.limits.body:
            raise DownloadCancelledError(f"larger than {self.limits.body} bytes")
        return Rendered(self.page.url, status, {**kept, "content-type": "text/html; charset=utf-8"}, body)

    async def _settle(self, expected: list[str]) -> None:
        """Wait until the page rests: no request open, no change, no sign of waiting, and one of the words `expected` shown.

        A page that keeps changing, or never shows them, is taken when its requests have rested for longer.
        """
        async for quiet, state in self._looks(expected, self.limits.settle):
            if not state or not state["ready"] or quiet < self.limits.quiet:
                continue
            still = state["still"] / 1000
            if still >= self.limits.quiet and state["told"] and not state["busy"]:
                return
            if (state["told"] and not state["busy"] and quiet >= 2.5) or (still >= 3 and quiet >= 3):
                return

    async def _looks(self, expected: list[str], longest: float) -> AsyncIterator[tuple[float, dict[str, Any]]]:
        """Look at a page again and again: seconds since the network rested, and its state ({} while it moves on)."""
        from playwright.async_api import Error as PlaywrightError

        end = time.monotonic() + longest
        while (now := time.monotonic()) < end and self.problem is None:
            open_now = [begun for begun in self.in_flight.values() if now - begun < _POLLING]
            quiet = 0.0 if open_now else now - self.last
            state: dict[str, Any] = {}
            try:
                async with asyncio.timeout(self.limits.load / 2):  # a script that never returns answers nothing
                    state = await self.page.evaluate(_script("state", "words"), expected)
            except PlaywrightError as problem:
                if "context was destroyed" not in str(problem) and "navigat" not in str(problem):
                    raise
            yield quiet, state
            await asyncio.sleep(_TICK)

    async def _reacts(self, act: Callable[[], Awaitable[Any]]) -> bool:
        """Whether the page does anything at all within the bound after `act`: asks, changes, goes elsewhere."""
        before = (self.page.url, (await self.page.evaluate(_script("state", "words"), []))["changes"])
        requests = self.requests
        await act()
        async for _, state in self._looks([], self.limits.step):
            if self.requests != requests or not state or (self.page.url, state["changes"]) != before:
                return True
        return self.problem is not None

    async def _type(self, where: str, query: str) -> None:
        """Type a query into a box and send it: by Enter, and where nothing follows, by the button beside it.

        A page that draws its hits while one types has them already: they stay where nothing else follows.
        """
        from playwright.async_api import TimeoutError as PlaywrightTimeout

        box = self.page.locator(where).first
        before = await self._shown(query)
        try:
            await box.fill(query, timeout=1500)
            await box.dispatch_event("keyup", {"key": query[-1:]})  # all that some boxes listen to
        except PlaywrightTimeout:
            await box.evaluate(_script("put", "box, query"), query, timeout=1500)
        await asyncio.sleep(self.limits.quiet)  # suggestions are asked for now; what follows them is the better answer
        await self._settle([])
        drawn = any(now > then for then, now in zip(before, await self._shown(query), strict=True))
        seen = await box.is_visible()
        await box.evaluate(_script("keep", "box"), timeout=1500)

        def by_enter() -> Awaitable[Any]:
            return (
                box.press("Enter", no_wait_after=True) if seen else box.evaluate(_script("enter", "box"), timeout=1500)
            )

        if self.by_button or not await self._reacts(by_enter):
            beside = {"never": [*words("forms", "clearing")], "sends": [*words("forms", "sending")], "drawn": drawn}
            self.by_button = await self._reacts(
                lambda: box.evaluate(_script("go", "box, beside"), beside, timeout=1500)
            )
        await self._settle([query.lower()])

    async def _shown(self, query: str) -> list[int]:
        """How many links the page has, and how often the query stands in its text."""
        counts: list[int] = await self.page.evaluate(_script("shown", "query"), query.lower())
        return counts

    async def _click(self, where: str, said: str) -> None:
        """Press a control; it must still say what it said when the way to it was noted, else one that does is pressed."""
        control = self.page.locator(where).first
        found = await self.page.locator(where).count() > 0
        if not found or (said and not _alike(said, str(await control.evaluate(_script("said", "e"))))):
            buttons = self.page.get_by_role("button", name=said, exact=True)
            control = buttons.or_(self.page.get_by_role("link", name=said, exact=True)).first
            if not said or not await control.count():
                raise DownloadFailedError(f"the control {said!r} at {where} is no longer on {self.page.url}")
        await self._reacts(lambda: control.evaluate("e => e.click()"))
        await self._settle([])


@cache
def _functions() -> str:
    return Path(__file__).with_name("rendering.js").read_text(encoding="utf-8")


def _script(name: str, arguments: str = "") -> str:
    """One function of rendering.js as Playwright evaluates it."""
    return f"({arguments}) => (\n{_functions()}\n).{name}({arguments})"


def _alike(noted: str, said: str) -> bool:
    return bool(said) and (noted in said or said in noted)


def _expected(ask: Ask) -> list[str]:
    """What an answer is expected to show: the longer values of the address's parameters, in query and fragment."""
    parts = urlsplit(ask.url)
    texts = [
        value
        for part in (parts.query, parts.fragment.partition("?")[2] or parts.fragment)
        for _, value in parse_qsl(part)
    ]
    return [text.lower() for text in texts if len(text) > 3 and not text.isdigit()]


def _steps_done(shown: Ask | None, there: str, wanted: Ask) -> int | None:
    """How many of the wanted steps the page that is shown has behind it; None where it must be loaded anew."""
    if shown is None or shown.method == "POST" or not steps_of(wanted):
        return None
    have, want = steps_of(shown), steps_of(wanted)
    same = wanted.url in ((shown.url,) if have else (shown.url, there))
    return len(have) if same and len(have) < len(want) and want[: len(have)] == have else None
