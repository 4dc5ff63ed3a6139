"""Round a cap: where a site pages no further than it does, the other orders and narrower lists that its own page offers.

Only links of the results page are followed, for the same query, and only lists that state an exact total no greater than
the query's: their union is what the site finds. Equal to the stated total it is complete; short of it, capped as before.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Set
from dataclasses import replace
from urllib.parse import urlsplit

from crawler import paging
from crawler.anatomy import Link, take_apart
from crawler.function import SearchFunction
from crawler.proving import answer
from crawler.reading import PROVEN, Hit, Reading, ReadPage, State, read_search
from crawler.results import read
from crawler.web import Ask, Fetch, FetchProblem, Page, params
from study.addresses import canonical_url

MOST_WAYS = 12
LETTERS = re.compile(r"^\W*[A-Z]\W*$", re.IGNORECASE)
MOST_PAGES = 50  # of one way


async def read_whole(
    fetch: Fetch,
    function: SearchFunction,
    query: str,
    *,
    state: State | None = None,
    seen: Set[str] = frozenset(),
    max_pages: int = 1000,
    read_page: ReadPage = read,
) -> AsyncIterator[Reading]:
    """Like :func:`read_search`; where that ends at a cap, go on with the other lists that the site offers.

    Resumable in the same way: a way that was cut off is read again, what it had brought is known by ``seen``.
    """
    known = set(seen)
    reading_on = read_search(fetch, function, query, state=state, seen=known, max_pages=max_pages, read_page=read_page)
    async for reading in reading_on:
        known |= {hit.canonical for hit in reading.hits}
        state = reading.state
        yield reading
    if state is None or not _falls_short(state) or function.spec is None or function.spec.method != "GET":
        return
    try:
        ways = _ways(await answer(fetch, function.spec.ask(query), query), function, query)
    except FetchProblem:
        return  # the cap stands as it was found
    read = 0
    for way in ways:
        before = state.distinct
        async for reading in _along(fetch, function, way, state, known):
            known |= {hit.canonical for hit in reading.hits}
            state = reading.state
            yield reading
        read += state.distinct > before
        if state.distinct == state.reported_total:
            break
    if read:
        yield Reading((), function.spec.url, replace(state, around=f"{read} other lists of its own read as well"))


def _falls_short(state: State) -> bool:
    """Whether all pages were read to the site's end, and it states that there is more."""
    total = state.reported_total if state.total_is == "exact" else None
    return total is not None and state.distinct < total and state.ended in PROVEN and not state.around


def _ways(page: Page, function: SearchFunction, query: str) -> list[Ask]:
    """The requests for the same query that differ from the page's own in one parameter that is not its pager's."""
    spec = function.spec
    assert spec is not None
    here, own = urlsplit(page.url), params(page.url)
    counting = spec.paging.param if spec.paging else ""
    found: dict[str, Ask] = {}
    letters: dict[str, Ask] = {}
    for link in take_apart(page, query).links:
        there, given = urlsplit(link.url), params(link.url)
        letter = LETTERS.match(link.text) is not None
        if (there.netloc, there.path) != (here.netloc, here.path) or not (letter or _says_something(link, query)):
            continue
        changed = {pair for pair in given if pair not in own}
        kept = [pair for pair in own if pair[1] and pair[0] not in {name for name, _ in changed}]
        names = {name for name, _ in changed}
        if len(changed) == 1 and not names & {spec.query_param, counting} and set(kept) <= set(given):
            (letters if letter else found).setdefault(canonical_url(link.url), Ask(link.url, encoding=spec.encoding))
    # Hits under the first letters of their titles: the letters together are the list, whatever else is offered.
    return list(letters.values()) if len(letters) > 1 else list(found.values())[:MOST_WAYS]


def _says_something(link: Link, query: str) -> bool:
    """Whether a link has a word for what it leads to: numbers, dots and arrows are the pager's."""
    return re.search(r"[^\W\d_]{3}", link.text) is not None and not paging.is_pager(link, query)


async def _along(
    fetch: Fetch, function: SearchFunction, way: Ask, main: State, known: Set[str]
) -> AsyncIterator[Reading]:
    """The hits of one way that are not known yet, each page with the query's own state after it."""
    begun = State(main.query, way)
    async for reading in read_search(fetch, function, main.query, state=begun, seen=known, max_pages=MOST_PAGES):
        step = reading.state
        fits = step.total_is == "exact" and step.reported_total is not None
        if not fits or (step.reported_total or 0) > (main.reported_total or 0):
            return
        new = tuple(_numbered(reading.hits, main.rank))
        main = replace(
            main,
            rank=main.rank + len(new),
            pages=main.pages + 1,
            collected=main.collected + len(new),
            distinct=main.distinct + len(new),
        )
        yield Reading(new, reading.page_url, main)
        if main.distinct == main.reported_total or step.pass_ > 1:
            return  # nothing is gained by asking a way's first page once more


def _numbered(hits: tuple[Hit, ...], rank: int) -> list[Hit]:
    return [replace(hit, rank=rank + number) for number, hit in enumerate((h for h in hits if h.new), 1)]
