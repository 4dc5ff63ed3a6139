"""The real engines that the tests install, visited as the zoo's animals are: search, five queries each, every hit compared.

How many there are is the engine's own count, asked beside the web. Which they are is known from what was put in: an item is
false where neither its address nor its title names a document that holds the query. Requests are those of the reader;
redirects and robots.txt are not counted.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.score import Score
from crawler.asking import Ask, Hit, Page, State, conclude, find_search
from crawler.caps import read_whole
from crawler.fetching import AskingSpider
from tests.services.content import QUERIES, articles
from tests.services.dokuwiki import dokuwiki
from tests.services.engine import Engine
from tests.services.htdig import htdig
from tests.services.namazu import namazu
from tests.services.omega import omega
from tests.services.plone import plone
from tests.services.swishe import swishe
from tests.services.trac import trac
from tests.services.wagtail import wagtail
from tests.services.wordpress import wordpress

ENGINES: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
    "wordpress": wordpress,
    "htdig": htdig,
    "plone": plone,
    "wagtail": wagtail,
    "omega": omega,
    "dokuwiki": dokuwiki,
    "trac": trac,
    "namazu": namazu,
    "swishe": swishe,
}
# Requests before the nonsense word where that is not the home page alone, but a linked search page too.
STEPS = {"htdig": 2, "omega": 2, "namazu": 2, "swishe": 2}
STATES_A_TOTAL = {"htdig", "plone", "omega", "trac", "namazu", "swishe"}
SLUG = re.compile(r"item-\d{3}")


def engines_of(stack: contextlib.ExitStack, only: str) -> dict[str, Engine]:
    """Start the engines whose name holds ``only``; they stop when the stack closes."""
    return {name: stack.enter_context(start()) for name, start in ENGINES.items() if only in name}


class Visitor(AskingSpider):
    """Visits every engine and scores what the reader makes of it."""

    name = "visitor"

    def __init__(self, engines: Mapping[str, Engine], score: Score, **_: Any) -> None:
        super().__init__()
        self.engines, self.score = engines, score
        self.requests = 0
        self.holding = {
            query: {a.slug: a.title for a in articles() if not a.draft and any(query in text for text in a.paragraphs)}
            for query in QUERIES
        }

    async def start(self) -> AsyncIterator[Any]:
        for name, engine in self.engines.items():
            await self._visit(name, engine)
        return
        yield

    async def _counted(self, ask: Ask) -> Page:
        self.requests += 1
        return await self.fetch(ask)

    async def _visit(self, name: str, engine: Engine) -> None:
        score, self.requests = self.score, 0
        use = self.settings.getbool("MENTORWATCH_PLATFORMS")
        function = await find_search(self._counted, engine.url, use_platforms=use)
        score.add(function.found, "found", f"{name}: not found: {function.status}, {function.reason}")
        least = STEPS.get(name, 1) + 2
        for query in QUERIES:
            hits: list[Hit] = []
            state: State | None = None
            if function.found:
                async for reading in read_whole(self._counted, function, query):
                    hits += reading.hits
                    state = reading.state
            own_count = engine.count(query)
            self._compare(name, query, own_count, hits, state)
            per_page = state.size if state and state.size else 10
            least += max(1, -(-own_count // per_page))
        score.sums["requests"] += self.requests
        score.sums["least"] += least

    def _compare(self, name: str, query: str, own_count: int, hits: list[Hit], state: State | None) -> None:
        score, what = self.score, f"{name} {query!r}"
        status, reason = conclude(state) if state else ("failed", "no search")
        score.add(status == "complete", "status", f"{what}: status {status} ({reason})")
        right, listed = _right(hits, self.holding[query]), len({hit.canonical for hit in hits})
        score.sums["items"] += own_count
        score.sums["items right"] += right
        score.sums["read"] += listed
        score.sums["read right"] += right
        score.sums["collected"] += listed
        if not right == listed == own_count:
            score.wrong.append(f"{what}: {right} of {own_count} read, {listed - right} false")
        if name in STATES_A_TOTAL and state is not None and own_count:
            stated = (state.reported_total, state.total_is)
            score.add(stated == (own_count, "exact"), "totals", f"{what}: total {stated}, own count {own_count}")


def _right(hits: list[Hit], holding: Mapping[str, str]) -> int:
    """How many of the documents ``holding`` the query (slug: title) were read; by title where addresses are numbers."""
    named = {found[0] for hit in hits if (found := SLUG.search(hit.url))} & holding.keys()
    titles = Counter({hit.canonical: hit.title for hit in hits if not SLUG.search(hit.url)}.values())
    return len(named) + (titles & Counter(t for slug, t in holding.items() if slug not in named)).total()
