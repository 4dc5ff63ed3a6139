"""Whether what is known of a site's search still holds: its two control queries asked again.

Before a crawl's searches they decide whether the search of an earlier crawl can be used as it was (two requests in place of a
whole discovery); after them, whether what was read in between can be believed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from crawler import outcomes
from crawler.choosing import Reader
from crawler.function import Controls, SearchFunction
from crawler.platforms import Platform, for_host, named, site_exceptions
from crawler.proving import FEW_ITEMS, answer, hit_count, verdict
from crawler.reading import PROBLEMS, Hit, State, read_search
from crawler.results import learn
from crawler.seeking import find_search
from crawler.web import Ask, Fetch, FetchProblem, Page


async def find_or_reuse(
    fetch: Fetch,
    home_url: str,
    last: SearchFunction | None,
    *,
    use_platforms: bool = True,
    site_rules: Sequence[Platform] | None = None,
    discover: Callable[[], Awaitable[SearchFunction]] | None = None,
) -> SearchFunction:
    """Return the search function ``last`` of an earlier crawl where its controls still pass, else what is found anew.

    ``fetch`` asks the controls; ``discover`` looks for the search in place of :func:`find_search` with the same ``fetch``.
    Raises nothing for what a site does. A site file goes before what an earlier crawl found.
    """
    sites = site_exceptions() if site_rules is None else site_rules
    anew = discover or partial(find_search, fetch, home_url, use_platforms=use_platforms, site_rules=site_rules)
    if last is None or not _may_be_reused(last, home_url, sites, use_platforms):
        return await anew()
    asked = 0

    async def counted(ask: Ask) -> Page:
        nonlocal asked
        asked += 1
        return await fetch(ask)

    try:
        again, fault = await _asked_again(counted, last, sites)
    except FetchProblem as problem:
        again, fault = None, problem.reason
    if again is not None:
        return replace(again, requests=asked)
    found = await anew()
    reason = f"{found.reason}; looked for anew because the search known from earlier did not pass: {fault}"
    return replace(found, reason=reason, requests=found.requests + asked)


def _may_be_reused(last: SearchFunction, home_url: str, sites: Sequence[Platform], use_platforms: bool) -> bool:
    if last.spec is None or not (last.controls.nonsense and last.controls.known_word):
        return False
    if last.how == "site" or for_host(home_url, sites) or for_host(last.spec.found_on, sites):
        return False  # the file may have been written, changed or taken away since
    return use_platforms or not last.platform


async def _asked_again(
    fetch: Fetch, last: SearchFunction, sites: Sequence[Platform]
) -> tuple[SearchFunction | None, str]:
    """(The function with what its pages look like today, ''), or (None, what is wrong)."""
    spec, before = last.spec, last.controls
    assert spec is not None
    empty = await answer(fetch, spec.ask(before.nonsense), before.nonsense)
    page = await answer(fetch, spec.ask(before.known_word), before.known_word)
    for each in (empty, page):
        refused = outcomes.blocked(each.status, each.headers, each.body)
        if refused:
            return None, f"{spec.url}: {refused}"
        if each.status >= 500 or (each.status >= 400 and before.nonsense not in each.text.lower()):
            return None, f"{spec.url} answers HTTP {each.status}"
    reader = Reader(spec, platform=named(spec.platform, sites))
    layout, nothing, some = learn(empty, before.nonsense, page, before.known_word, reader)
    found = verdict(nothing, some, empty, page, before.nonsense, before.known_word)
    if found != "differs":
        return None, f"{spec.url}: {found}"
    if len(some.items) < min(FEW_ITEMS, before.known_word_hits or 0):
        return None, f"{spec.url}: too few hits for '{before.known_word}' to know the list by"
    controls = replace(before, nonsense_hits=hit_count(nothing), known_word_hits=hit_count(some))
    said = f"'{controls.nonsense}' brings {controls.nonsense_hits} hits, '{controls.known_word}' {controls.known_word_hits}"
    return replace(last, reason=f"as known from earlier; {said}", layout=layout, controls=controls), ""


@dataclass(frozen=True)
class Closing:
    """The controls after a site's searches: hits of the nonsense and the known word; ``fault`` says what is wrong, or ''."""

    nonsense_hits: int | None = None
    known_word_hits: int | None = None
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        return asdict(self)


async def controls_after(fetch: Fetch, function: SearchFunction) -> Closing:
    """Ask the two control queries once more, when all searches of a site have been read; two requests.

    A search that now brings hits for the nonsense word, an error for either, or nothing for the known word has broken
    on the way, and nobody can say when.
    """
    before = function.controls
    nonsense, empty = await _first_page(fetch, function, before.nonsense)
    known, full = await _first_page(fetch, function, before.known_word)
    closing = Closing(_count(nonsense, empty), _count(known, full))
    fault = _fault_of_known(before, closing, full) or _fault_of_nonsense(before, closing, empty)
    if not fault and nonsense and _addresses(nonsense) == _addresses(known):
        fault = f"'{before.nonsense}' and '{before.known_word}' bring the same hits"
    return replace(closing, fault=fault)


async def _first_page(fetch: Fetch, function: SearchFunction, query: str) -> tuple[tuple[Hit, ...], State]:
    reading = await anext(aiter(read_search(fetch, function, query)))  # which yields at least why there is nothing
    return reading.hits, reading.state


def _count(hits: tuple[Hit, ...], state: State) -> int | None:
    return None if state.ended in PROBLEMS else max(len(hits), state.reported_total or 0)


def _fault_of_known(before: Controls, closing: Closing, full: State) -> str:
    if full.ended in PROBLEMS:
        return f"'{before.known_word}' brings {full.ended}: {full.reason}"
    if not closing.known_word_hits:
        why = f" ({full.reason})" if full.reason else ""
        return f"'{before.known_word}' brought {before.known_word_hits} hits before the searches and none after{why}"
    return ""


def _fault_of_nonsense(before: Controls, closing: Closing, empty: State) -> str:
    # A page that says nothing found with 404 is an answer: the known word has just shown that the search works.
    if empty.ended in PROBLEMS and not (empty.ended == "http" and "404" in empty.reason):
        return f"'{before.nonsense}' brings {empty.ended}: {empty.reason}"
    if closing.nonsense_hits and not before.nonsense_hits:
        return f"'{before.nonsense}', which nobody has, brought no hit before the searches and {closing.nonsense_hits} after"
    return ""


def _addresses(hits: tuple[Hit, ...]) -> set[str]:
    return {hit.canonical for hit in hits}
