"""Look at how one site's own search works: what `mentorwatch probe` runs. Keeps nothing but, where asked to, a site file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from crawler.asking import Hit, SearchFunction, State, conclude
from crawler.caps import read_whole
from crawler.certificates import unverified_hosts
from crawler.exceptions import Saved, save_site
from crawler.fetching import AskingSpider
from crawler.web import Ask, Page

_PAGE_LIMIT = 1000


class Probe(AskingSpider):
    """Finds the search of ``home_url``, asks ``query`` (one page, or with ``to_end`` all) and leaves a dict in ``found``; ``save`` writes
    the site's file.
    """

    name = "probe"

    def __init__(
        self, home_url: str = "", query: str = "mentoring", to_end: bool = False, save: bool = False, **_: Any
    ) -> None:
        super().__init__()
        self.home_url, self.query, self.to_end, self.save = home_url, query, to_end, save
        self.home: Page | None = None
        self.found: dict[str, Any] | None = None

    async def start(self) -> AsyncIterator[Any]:
        function = await self.find(self.home_url, self._fetch)
        hits: list[Hit] = []
        state: State | None = None
        if function.found:
            async for reading in read_whole(self.fetch_for(function), function, self.query, max_pages=_PAGE_LIMIT):
                hits += reading.hits
                state = reading.state
                if not self.to_end:
                    break
        self.found = describe(self.home_url, function, self.query, hits, state, to_end=self.to_end)
        if self.save:
            saved = Saved(None, f"there is nothing to save: {function.reason}")
            if function.found and self.home is not None:
                use = self.settings.getbool("MENTORWATCH_PLATFORMS")
                saved = await save_site(self.fetch, function, self.home, use_platforms=use)
            self.found |= {"saved": str(saved.path) if saved.path else None, "not_saved": saved.reason or None}
        return
        yield

    async def _fetch(self, ask: Ask) -> Page:
        """Fetch, and remember where the home address led."""
        page = await self.fetch(ask)
        self.home = self.home or page
        return page


def describe(
    home_url: str, function: SearchFunction, query: str, hits: list[Hit], state: State | None, *, to_end: bool
) -> dict[str, Any]:
    """Return what was seen under the keys that `mentorwatch probe --json` promises (docs/probe.md)."""
    spec, controls = function.spec, function.controls
    status: str = function.status
    reason = function.reason
    if function.found and state is not None:
        if to_end or state.next is None:
            status, reason = conclude(state)
        else:
            status, reason = "found", f"read 1 page of {query!r}; --to-end reads them all and proves the end"
    if (said := unverified_hosts(function)) and said not in reason:
        reason = f"{reason}; {said}"
    seen: dict[str, Any] = {
        "home_url": home_url,
        "found": function.found,
        "how": function.how or None,
        "platform": function.platform or None,
        "method": spec.method if spec else None,
        "search_url": spec.url if spec else None,
        "query_param": spec.query_param if spec else None,
        "controls": {
            "nonsense_hits": controls.nonsense_hits,
            "known_word_hits": controls.known_word_hits,
            "passed": controls.passed,
        },
        "query": query,
        "reported_total": state.reported_total if state else None,
        "total_is": state.total_is if state else "absent",
        "hits": [{"rank": h.rank, "url": h.url, "title": h.title, "snippet": h.snippet} for h in hits],
        "next_page": state.next.url if state and state.next else None,
        "status": status,
        "reason": reason,
    }
    if to_end:
        seen |= {
            "collected": state.collected if state else 0,
            "distinct": state.distinct if state else 0,
            "pages": state.pages if state else 0,
        }
    return seen
