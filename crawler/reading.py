"""Reading one query to its proven end: page after page, counted, resumable after any page.

The end is proven by the site: no way on, an empty page, or a page that repeats an earlier one (many engines answer a page
number out of range with the last page). An empty page that the site's own link leads to must be made like the others. The
stated total decides afterwards whether that end can be believed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Set
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from crawler import outcomes
from crawler.anatomy import short
from crawler.choosing import Reader
from crawler.function import SearchFunction
from crawler.generatedforms import generated_forms
from crawler.hits import MOST_HITS, Item
from crawler.platforms import named, site_exceptions
from crawler.proving import FULL_PAGES, answer, settled
from crawler.results import ResultsPage, read
from crawler.searchbox import adds_up
from crawler.searchform import form_candidates
from crawler.totals import TotalIs
from crawler.web import Ask, Fetch, FetchProblem, Page
from study.addresses import canonical_url

ReadStatus = Literal["complete", "capped", "suspect", "failed", "robots", "blocked"]
ReadPage = Callable[[Page, str, Reader, int, int], ResultsPage]
PROBLEMS = {"robots", "blocked", "refused", "timeout", "network", "too-large", "http", "budget"}
MOST_STALE = 2
MOST_AGAIN = 3
LEAST_CAP = 20
LEAST_GAP = 10
# How a way on is found (`ResultsPage.next_how`) where it is ours: a number counted up may well lead past the last page.
BUILT = {"parameter", "feed"}


@dataclass(frozen=True)
class Hit:
    """One item as read: `rank` runs over all pages of the query from 1; `new` = its canonical URL is not yet seen."""

    rank: int
    url: str
    canonical: str
    title: str
    snippet: str
    new: bool


@dataclass(frozen=True)
class State:
    """How far one query has been read: small, JSON-able, enough to go on after a kill.

    `next` is None when there is nothing more to ask; `ended` then says why: 'no way on', 'empty page', 'page repeated',
    'nothing new', 'no hits', 'not understood', 'no query', 'page limit', or a FetchProblem's kind (there `next` is what
    failed, and reading on tries it again). `collected` counts items as the site lists them, `distinct` canonical URLs.
    `signatures` are hashes of the pages' lists, `asked` of the requests, `drift` says that stated totals differed,
    `size` is how many items the first page lists, `uneven` says that a later one listed another number,
    `pass_` 2 and 3 are the re-asks after a total that did not fit ('check' of the first page, then a second reading),
    `shuffled` says that the first page then listed otherwise: pages cut from such lists repeat some hits and leave out others;
    `led` says that the site's own link or control leads to `next`, `again` counts items that an earlier page had listed,
    `of_pages` is how many pages the site says there are,
    `stuck` what a control says that promises more and that only a script can press; `cut` says that the one page may be the first
    of several: a round number of items, and no way on where the control query listed no more, or one that brings it again.
    """

    query: str
    next: Ask | None
    ended: str = ""
    reason: str = ""
    rank: int = 0
    pages: int = 0
    reported_total: int | None = None
    total_is: TotalIs = "absent"
    collected: int = 0
    distinct: int = 0
    ran_query: str = ""
    turned: int = 0
    signatures: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    stale: int = 0
    drift: bool = False
    size: int = 0
    uneven: bool = False
    pass_: int = 1
    shuffled: bool = False
    again: int = 0
    of_pages: int = 0
    stuck: str = ""
    cut: bool = False
    led: bool = False
    around: str = ""  # what was read round a cap (caps.py)

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        kept = asdict(self)
        kept["next"] = self.next.to_json() if self.next else None
        kept["signatures"], kept["asked"] = list(self.signatures), list(self.asked)
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> State:
        """The State that `to_json` kept."""
        onward = Ask.from_json(kept["next"]) if kept.get("next") else None
        lists = {name: tuple(kept.get(name, ())) for name in ("signatures", "asked")}
        return cls(**{**kept, **lists, "next": onward})


@dataclass(frozen=True)
class Reading:
    """One results page as read: its hits, where it stood, and the state after it (commit both together)."""

    hits: tuple[Hit, ...]
    page_url: str
    state: State


async def read_search(
    fetch: Fetch,
    function: SearchFunction,
    query: str,
    *,
    state: State | None = None,
    seen: Set[str] = frozenset(),
    max_pages: int = 1000,
    read_page: ReadPage = read,
) -> AsyncIterator[Reading]:
    """Ask `query` and yield one Reading per results page until the proven end.

    To go on after an interruption, give the last `state` and the canonical URLs `seen` in this query so far. A
    FetchProblem ends the reading with a state that says so; it is not raised. ``read_page`` takes the place of
    :func:`crawler.results.read`.
    """
    if function.spec is None:
        raise ValueError(f"{function.home_url} has no search function: {function.status}, {function.reason}")
    reader = Reader(function.spec, function.layout, named(function.platform, site_exceptions()))
    known = set(seen)
    now = state or State(query, function.spec.ask(query))
    if now.ended in PROBLEMS:
        now = replace(now, ended="", reason="")
    while now.next is not None and not now.ended:
        if now.pages >= max_pages:
            yield Reading(
                (), now.next.url, replace(now, next=None, ended="page limit", reason=f"{max_pages} pages read")
            )
            return
        try:
            page, result = await _read_page(fetch, reader, query, now, read_page)
        except FetchProblem as problem:
            yield Reading((), now.next.url, replace(now, ended=problem.kind, reason=problem.reason))
            return
        reading = _after(now, page, result, known, reader)
        known |= {hit.canonical for hit in reading.hits}
        now = reading.state
        yield reading


async def _read_page(
    fetch: Fetch, reader: Reader, query: str, state: State, read_page: ReadPage
) -> tuple[Page, ResultsPage]:
    """The next page and what it says; a form that went stale (view state, tokens) is fetched afresh, once."""
    assert state.next is not None
    page = await answer(fetch, state.next, query)
    result = read_page(page, query, reader, state.turned, state.collected)
    spec = reader.spec
    stale = page.status >= 400 or not result.understood
    if stale and state.turned == 0 and spec.method == "POST" and spec.found_on:
        form = await settled(fetch, Ask(spec.found_on))
        known = generated_forms(form, reader.platform) if reader.platform else []
        fresh = [s for s in (*known, *(c.spec for c in form_candidates(form))) if s.query_param == spec.query_param]
        if fresh:
            page = await answer(fetch, fresh[0].ask(query), query)
            result = read_page(page, query, reader, state.turned, state.collected)
    refused = outcomes.blocked(page.status, page.headers, page.body)
    if refused:
        raise FetchProblem("blocked", str(refused), page.status, page.url)
    # Some engines say 404 where they find nothing, as they did for the nonsense word, or past the last page.
    found_nothing = page.status == 404 and (state.turned or result.same_as_nonsense)
    if page.status >= 400 and not result.understood and not found_nothing:
        raise FetchProblem("http", f"HTTP {page.status}", page.status, page.url)
    return page, result


def _after(state: State, page: Page, result: ResultsPage, known: set[str], reader: Reader) -> Reading:
    """The reading of one page and the state after it."""
    asked = short(repr(state.next.to_json())) if state.next else ""
    state = replace(
        state, pages=state.pages + 1, asked=(*state.asked, asked), ran_query=result.ran_query or state.ran_query
    )
    if not result.items:
        return Reading((), page.url, _ended(state, *_why_empty(state, result), reader))
    if state.pass_ == 2:
        return Reading((), page.url, _rechecked(state, result, reader))
    if result.signature in state.signatures:
        cut = state.turned == 1 and state.size in FULL_PAGES
        return Reading((), page.url, _ended(replace(state, cut=cut), "page repeated", "", reader))

    items = _without_repeats(result, known)
    if state.turned and _grown(items, state, known):
        items = items[state.collected :] or items  # 'show more' lists what it listed before, and then more
    hits, fresh = _hits(items, state, known)
    distinct = state.distinct + fresh
    if state.pass_ == 3:
        # The second reading counts anew, but brings only what the first did not.
        hits = tuple(replace(hit, rank=state.rank + n) for n, hit in enumerate((h for h in hits if h.new), 1))
    state = replace(
        state,
        turned=state.turned + 1,
        rank=state.rank + len(hits),
        collected=state.collected + len(items),
        distinct=distinct,
        signatures=(*state.signatures, result.signature),
        stale=0 if fresh or state.pass_ == 3 or _moves_on(result, state) else state.stale + 1,
    )
    state = replace(
        state, again=state.again + sum(1 for hit in hits if hit.canonical in known) if state.pass_ == 1 else 0
    )
    state = replace(state, of_pages=result.total.pages or result.offered or state.of_pages)
    state = replace(
        state, size=state.size or len(items), uneven=state.uneven or len(items) != (state.size or len(items))
    )
    state = _with_total(state, result)
    if result.torn:
        return Reading(hits, page.url, _ended(state, "not understood", "the answer broke off", reader))
    if result.too_many:
        reason = f"a page lists more than {MOST_HITS} hits, of which no more are read"
        return Reading(hits, page.url, _ended(state, "page limit", reason, reader))
    if result.next is None:
        cut = state.turned == 1 and 0 < reader.layout.cut <= len(items) and len(items) in FULL_PAGES
        return Reading(hits, page.url, _ended(replace(state, stuck=result.stuck, cut=cut), "no way on", "", reader))
    if short(repr(result.next.to_json())) in state.asked:
        return Reading(hits, page.url, _ended(state, "page repeated", "its next link leads back", reader))
    if state.stale >= MOST_STALE:
        return Reading(hits, page.url, _ended(state, "nothing new", "", reader))
    return Reading(hits, page.url, replace(state, next=result.next, led=result.next_how not in BUILT))


def _grown(items: list[Item], state: State, known: set[str]) -> bool:
    """Whether a page lists everything that was listed before it, and then more."""
    before = {canonical_url(item.url) for item in items[: state.collected]}
    longer = len(items) > state.collected and len(before) == state.distinct
    return before <= known and (adds_up(state.next) or longer)


def _why_empty(state: State, result: ResultsPage) -> tuple[str, str]:
    if state.turned and (result.says_error or (result.alien and state.reported_total != state.distinct)):
        return "not understood", "another page stands where the next results should be"
    if state.turned and state.led and not (result.says_none or result.made_alike) and not _counts(state):
        return "not understood", "the site's own way on leads to a page that is no page of results"
    if state.turned:
        return "empty page", ""
    if result.says_none or result.same_as_nonsense:
        return "no hits", ""
    if result.says_no_query:
        return "no query", "the page asks for a query"
    return "not understood", "neither hits nor words that say there are none"


def _counts(state: State) -> bool:
    """Whether the site says how many there are, so that the end need not be proven by the last page."""
    return state.total_is not in {"absent", "estimate"}


def _without_repeats(result: ResultsPage, known: set[str]) -> list[Item]:
    """The items; where the page lists more than its range says, without the promoted ones that every page repeats."""
    items = list(result.items)
    spare = len(items) - (result.total.on_page or len(items))
    for item in list(items):
        if spare > 0 and canonical_url(item.url) in known:
            items.remove(item)
            spare -= 1
    return items


def _hits(items: list[Item], state: State, known: set[str]) -> tuple[tuple[Hit, ...], int]:
    hits = []
    met: set[str] = set()
    for rank, item in enumerate(items, state.rank + 1):
        canonical = canonical_url(item.url)
        new = canonical not in known and canonical not in met
        met.add(canonical)
        hits.append(Hit(rank, item.url, canonical, item.title, item.snippet, new))
    return tuple(hits), sum(hit.new for hit in hits)


def _moves_on(result: ResultsPage, state: State) -> bool:
    """Whether the page itself says that it lists later items than those counted before it."""
    return result.total.first is not None and result.total.first > state.collected


def _with_total(state: State, result: ResultsPage) -> State:
    number, kind = result.total.number, result.total.kind
    if result.says_capped and kind == "exact":
        kind = "capped"
    if number is None:
        return replace(state, total_is="capped") if result.says_capped and state.reported_total is not None else state
    drift = state.drift or (state.reported_total not in (None, number) and kind == "exact")
    return replace(state, reported_total=number, total_is=kind, drift=drift)


def _ended(state: State, why: str, reason: str, reader: Reader) -> State:
    """The state at an end, or the first page once more where an exact total does not fit what was read."""
    if why == "no hits":
        return replace(state, next=None, ended=why, reason=reason, reported_total=0, total_is="exact")
    # Where the total counts an address twice, the site lists it twice, or it has left another out in its stead.
    agrees = state.reported_total == state.distinct
    if state.pass_ == 1 and state.total_is == "exact" and not agrees and state.turned > 1 and why in PROVEN:
        first = state.signatures[:1]
        return replace(
            state, next=reader.spec.ask(state.query), pass_=2, signatures=first, asked=(), reason=why, turned=0
        )
    return replace(state, next=None, ended=why, reason=reason)


def _rechecked(state: State, result: ResultsPage, reader: Reader) -> State:
    """The first page asked again: its total now fits, or has moved (then all is read again), or stays as it was."""
    before = state.reported_total
    why = state.reason or "no way on"
    state = _with_total(state, result)
    moved = state.reported_total != before or state.drift
    counted = state.reported_total in (state.collected, state.distinct)
    shuffled = counted and state.reported_total != state.distinct and result.signature not in state.signatures
    state = replace(state, shuffled=shuffled)
    if counted and not shuffled:
        reason = "the total moved while reading; asked again, it fits" if moved else ""
        return replace(state, next=None, ended=why, reason=reason)
    if not moved and not shuffled:
        return replace(state, next=None, ended=why, reason="")
    return replace(
        state,
        next=reader.spec.ask(state.query),
        pass_=3,
        collected=0,
        turned=0,
        signatures=(),
        asked=(),
        stale=0,
        reason="",
    )


def _not_all(state: State) -> str:
    return f"{state.ended} after page {state.turned}, though there are links to {state.of_pages}"


PROVEN = {"no way on", "empty page", "page repeated", "nothing new"}


def conclude(state: State) -> tuple[ReadStatus, str]:
    """The status of a query that has been read as far as it goes, and the reason in words."""
    total, kind, got = state.reported_total, state.total_is, state.collected
    note = f"; the site ran '{state.ran_query}'" if state.ran_query else ""
    note += f"; {state.around}" if state.around else ""
    counted = f"{got} items read on {state.pages} pages ({state.distinct} addresses)"
    if state.ended == "no hits":
        return "complete", f"the site says there are none{note}"
    if state.ended == "page limit":
        return "capped", f"{state.reason}; {counted}"
    if state.ended in {"robots", "blocked"}:
        return ("robots" if state.ended == "robots" else "blocked"), state.reason
    if state.ended in PROBLEMS:
        return "failed", f"{state.ended}: {state.reason}; {counted}"
    if state.ended not in PROVEN:
        return ("suspect", state.reason) if state.ended else ("failed", f"not read to its end; {counted}")
    if total is None or kind in {"absent", "estimate"}:
        if state.turned < state.of_pages:
            reached = f"page {state.turned} of {state.of_pages} was the last that leads on"
            return "suspect", f"{counted}, {reached if state.ended == 'no way on' else _not_all(state)}{note}"
        if state.stuck and state.ended == "no way on":
            return "suspect", f"{counted}; '{state.stuck}' can be pressed by a script only (--render){note}"
    if total is None and state.cut:
        again = state.ended == "page repeated"
        why = (
            "a full one, and the next brings it again"
            if again
            else "a round number, and no query lists more: no way on"
        )
        return "suspect", f"{counted}, {why}, no total{note}"
    if total is None or kind == "absent":
        return "complete", f"{counted}; {state.ended}, no total stated{note}"
    if kind == "estimate" and 2 * got < total - LEAST_GAP:
        return "suspect", f"{counted}, less than half of the {total} that the site estimates{note}"
    if kind == "estimate":
        return "complete", f"{counted}; {state.ended}, the stated {total} is an estimate{note}"
    if state.shuffled and state.distinct < total:
        return "suspect", f"{counted}, but {total} stated; the site lists in another order each time it is asked{note}"
    if total == got and state.again > max(MOST_AGAIN, got // 10):
        return "suspect", f"{counted}, as stated, but {state.again} were listed on an earlier page already{note}"
    if total in (got, state.distinct):
        if state.distinct - total > max(MOST_AGAIN, got // 10):
            return "suspect", f"{counted}, but {total} stated; what is listed changes while it is read{note}"
        if kind == "capped":
            return "capped", f"{counted}; the site shows the first {total} only{note}"
        return "complete", f"{counted}, as stated{note}"
    # Full pages to the last, the same total when asked again, and then no further: not a list that broke off.
    full = state.pages > 2 and not state.uneven and not state.drift
    # So is one that the site's other lists add to.
    if kind == "capped" or (got < total and ((full and got >= LEAST_CAP) or state.around)):
        return "capped", f"{counted} of {total} stated; the site pages no further{note}"
    return "suspect", f"{counted}, but {total} stated{note}"
