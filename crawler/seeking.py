"""Finding a site's own search function and proving it with control queries.

A candidate is believed only when a nonsense word and a word from the site's own pages bring clearly different answers;
else the next one is tried. On a well-behaved site that is three requests: home page, nonsense word, known word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from crawler import outcomes
from crawler.anatomy import take_apart
from crawler.candidates import candidates, common_paths, distinct, identity
from crawler.choosing import Reader
from crawler.function import Controls, FindStatus, SearchFunction
from crawler.knownwords import known_words, nonsense_word
from crawler.layout import Layout
from crawler.paging import with_param
from crawler.platforms import Platform, for_host, named, platforms, recognised, site_exceptions
from crawler.results import ResultsPage, learn, read
from crawler.scripted import script_search
from crawler.searchlinks import frames, opensearch_links, opensearch_specs, refreshed, search_pages, ways_in
from crawler.searchspec import Paging, SearchSpec
from crawler.totals import read_total, says_none
from crawler.web import Ask, Fetch, FetchProblem, Page, canonical_url, host_of, readable

MOST_PAGES = 8
MOST_TRIALS = 8
MOST_WORDS = 4
FEW_ITEMS = 3
FEW_WORDS = 2
SAME_HITS = 0.6
GUESSES = (Paging("page", 1, 1), Paging("start", 0, 0), Paging("p", 1, 1), Paging("offset", 0, 0))


async def find_search(
    fetch: Fetch, home_url: str, *, use_platforms: bool = True, site_rules: Sequence[Platform] | None = None
) -> SearchFunction:
    """Find and prove the search function of the site at `home_url`.

    `use_platforms` False leaves the platform files out (everything by comparison); `site_rules` replaces the site files.
    Raises nothing for what a site does: failures are statuses with a reason.
    """
    sites = site_exceptions() if site_rules is None else site_rules
    return await _Seeker(fetch, home_url, platforms() if use_platforms else (), sites).find()


async def settled(fetch: Fetch, ask: Ask) -> Page:
    """The page for `ask`, after the meta refreshes and script redirects that stand between."""
    page = await fetch(ask)
    for _ in range(3):
        onward = refreshed(page) if page.status < 400 else ""
        if not onward:
            break
        page = replace(await fetch(Ask(onward)), ask=ask)
    return page


async def answer(fetch: Fetch, ask: Ask, query: str) -> Page:
    """The results page for `ask`: where it is only a shell around a frame that carries the query, the frame's page."""
    page = await settled(fetch, ask)
    if page.status < 400 and ("<iframe" in page.text or "<frame" in page.text):
        inner = [url for url in frames(page) if query.casefold() in readable(url).casefold()]
        lines = [line.text for line in take_apart(page, query).lines] if inner else []
        if read_total(lines, query).number is None and not says_none(lines, query):
            for url in inner:
                return replace(await settled(fetch, Ask(url)), ask=ask)
    return page


@dataclass
class _Trial:
    """What trying one candidate gave."""

    spec: SearchSpec
    status: FindStatus
    reason: str
    layout: Layout | None = None
    controls: Controls | None = None


class _Seeker:
    """One search for a search function; counts its requests and keeps what it met."""

    def __init__(self, fetch: Fetch, home_url: str, known: Sequence[Platform], sites: Sequence[Platform]) -> None:
        self._fetch = fetch
        self.home_url = home_url
        self.known = known
        self.sites = sites
        self.requests = 0
        self.pages: list[Page] = []
        self.trials: list[_Trial] = []
        self.tried: set[str] = set()
        self.scripts = ""
        self.more: list[Page] = []

    async def fetch(self, ask: Ask) -> Page:
        self.requests += 1
        return await self._fetch(ask)

    async def find(self) -> SearchFunction:
        try:
            home = await settled(self.fetch, Ask(self.home_url))
        except FetchProblem as problem:
            return self._not_found(_status_of(problem), problem.reason)
        refused = outcomes.blocked(home.status, home.headers, home.body)
        if refused:
            return self._not_found("blocked", f"home page: {refused.vendor} ({refused.evidence})")
        if home.status >= 400:
            return self._not_found("failed", f"home page {home.url} answers HTTP {home.status}")
        try:
            return await self._search_from(home)
        except FetchProblem as problem:
            return self._not_found(_status_of(problem), problem.reason)

    async def _search_from(self, home: Page) -> SearchFunction:
        site = for_host(home.url, self.sites)
        if site and site.home:
            home = await settled(self.fetch, Ask(site.home))
        look_at = [home]
        waiting: list[str] = []
        seen = {canonical_url(home.url), canonical_url(self.home_url)}
        while look_at or waiting:
            if not look_at:
                page = await self._look(waiting.pop(0))
                look_at += [page] if page else []
                continue
            page = look_at.pop(0)
            self.pages.append(page)
            if page.tree.find(".//frameset") is not None:
                # The frames of one page are one page: all are read before any form in them is tried.
                framed = [await self._look(url) for url in frames(page)]
                look_at += [frame for frame in framed if frame]
                self.pages += [frame for frame in framed if frame]
                seen |= {canonical_url(url) for url in frames(page)}
            self.scripts = self.scripts or script_search(page)
            found = await self._try_all(candidates(page, self.known, site))
            if found:
                return found
            described = [spec for url in opensearch_links(page) for spec in await self._described(url)]
            found = await self._try_all(described)
            if found:
                return found
            onward = [*frames(page), *search_pages(page), *(ways_in(page) if len(self.pages) <= 2 else [])]
            for url in onward:
                if canonical_url(url) not in seen and len(seen) < MOST_PAGES:
                    seen.add(canonical_url(url))
                    waiting.append(url)
        guesses = [] if self._met("robots") else common_paths(home)
        return await self._try_all(guesses) or self._conclusion(home)

    async def _look(self, url: str) -> Page | None:
        """A further page to look at for a search form; None where it cannot be had."""
        try:
            page = await settled(self.fetch, Ask(url))
        except FetchProblem as problem:
            if problem.kind == "budget":
                raise
            if problem.kind in {"robots", "blocked"}:
                self.trials.append(_Trial(SearchSpec("form", url, ""), _status_of(problem), f"{url}: {problem.reason}"))
            return None
        return page if page.status < 400 else None

    async def _described(self, url: str) -> list[SearchSpec]:
        page = await self._look(url)
        return opensearch_specs(page) if page else []

    async def _try_all(self, specs: Sequence[SearchSpec]) -> SearchFunction | None:
        for spec in distinct(specs):
            if identity(spec) in self.tried or len(self.tried) >= MOST_TRIALS + 8 * (spec.how == "common-path"):
                continue
            self.tried.add(identity(spec))
            trial = await self._try(spec)
            if trial.status == "found":
                assert trial.layout is not None
                assert trial.controls is not None
                spec, how = trial.spec, trial.spec.how
                return SearchFunction(
                    self.home_url,
                    "found",
                    trial.reason,
                    how,
                    spec.platform,
                    spec,
                    trial.layout,
                    trial.controls,
                    self.requests,
                )
            self.trials.append(trial)
        return None

    async def _try(self, spec: SearchSpec) -> _Trial:
        nonsense = nonsense_word(self.pages)
        try:
            empty = await answer(self.fetch, spec.ask(nonsense), nonsense)
            if (refused := _refusal(empty, spec)) is not None:
                return refused
            if not spec.platform and (at := _platform_of(empty, self.known, spec)):
                spec = replace(spec, platform=at.name, paging=spec.paging or at.counting)
            reader = Reader(spec, platform=named(spec.platform, self.sites))
            alone = read(empty, nonsense, reader)
            if empty.status >= 400 and not alone.understood and nonsense not in empty.text.lower():
                return _Trial(spec, "none", f"{spec.url} answers HTTP {empty.status}")
            if spec.how == "common-path" and not alone.says_none and nonsense not in empty.text.lower():
                return _Trial(spec, "none", f"{spec.url} does not react to a query")
            if alone.says_no_query:
                return _Trial(spec, "suspect", f"{spec.url} says that no query arrived")
            spec = _as_get(spec, empty, nonsense)
            return await self._compare(spec, empty, nonsense)
        except FetchProblem as problem:
            if problem.kind == "budget":
                raise
            return _Trial(spec, _status_of(problem), f"{spec.url}: {problem.reason}")

    async def _compare(self, spec: SearchSpec, empty: Page, nonsense: str) -> _Trial:
        """Ask known words until one brings hits that the nonsense word does not."""
        reader = Reader(spec, platform=named(spec.platform, self.sites))
        best: tuple[Layout, ResultsPage, ResultsPage, str] | None = None
        unread = passed = 0
        reason = ""
        for word in await self._words():
            page = await answer(self.fetch, spec.ask(word), word)
            if (refused := _refusal(page, spec)) is not None:
                return refused
            layout, nothing, some = learn(empty, nonsense, page, word, reader)
            verdict = _verdict(nothing, some, empty, page, nonsense, word)
            if verdict == "differs":
                if best is None or len(some.items) > len(best[2].items):
                    best = (layout, nothing, some, word)
                passed += 1
                if len(best[2].items) >= FEW_ITEMS or passed > 1:
                    break
                continue
            reason = f"{spec.url}: {verdict}"
            self.scripts = self.scripts or (script_search(page) if not some.says_none else "")
            unread += not some.says_none
            if unread > 1 and best is None:
                break
        if best is None:
            hits = f"no hits for any of the site's own words {', '.join(await self._words())}"
            return _Trial(spec, "suspect", reason or f"{spec.url}: {hits}")
        layout, nothing, some, word = best
        spec = await self._with_paging(spec, some, layout, word)
        controls = Controls(nonsense, _hits(nothing), word, _hits(some), True)
        notes = "; ".join(some.notes)
        said = f"'{nonsense}' brings {controls.nonsense_hits} hits, '{word}' {controls.known_word_hits}"
        return _Trial(spec, "found", said + (f"; {notes}" if notes else ""), layout, controls)

    async def _words(self) -> list[str]:
        """Words that the site should find; where the pages looked at have hardly any text, from one page more."""
        if len(known_words(self.pages, MOST_WORDS)) < FEW_WORDS and not self.more:
            for link in take_apart(self.pages[-1]).links:
                if host_of(link.url) == host_of(self.pages[-1].url) and canonical_url(link.url) != canonical_url(
                    self.home_url
                ):
                    page = await self._look(link.url)
                    self.more = [page] if page else []
                    break
        return known_words([*self.pages, *self.more], MOST_WORDS)

    async def _with_paging(self, spec: SearchSpec, some: ResultsPage, layout: Layout, word: str) -> SearchSpec:
        """The spec with a paging parameter found by trying, where a page has more hits than it lists and no way on."""
        more = some.total.number is not None and some.total.number > len(some.items) >= 5
        if some.next is not None or spec.paging is not None or not more or spec.method != "GET":
            return spec
        first = {item.url for item in some.items}
        for guess in GUESSES:
            step = guess.step or len(some.items)
            for start in (guess.first, 0) if guess.step else (0, 1):
                url = with_param(spec.ask(word).url, guess.param, str(start + step))
                page = await answer(self.fetch, Ask(url, encoding=spec.encoding), word)
                result = read(page, word, Reader(spec, layout, named(spec.platform, self.sites)), 1)
                listed = {item.url for item in result.items}
                if not listed or listed == first or (listed & first and not guess.step):
                    break
                if not listed & first and _follows(result, some):
                    return replace(spec, paging=Paging(guess.param, start, step, len(some.items)))
        return spec

    def _met(self, status: FindStatus) -> bool:
        return any(trial.status == status for trial in self.trials if trial.spec.how != "common-path")

    def _conclusion(self, home: Page) -> SearchFunction:
        for status in ("robots", "blocked"):
            for trial in self.trials:
                if trial.status == status and trial.spec.how != "common-path":
                    return self._not_found(trial.status, trial.reason)
        engine = self.scripts or next((p.name for p in recognised(home, self.known) if p.script_only), "")
        if engine:
            return self._not_found("script-only", f"results are drawn in the browser: {engine}")
        for status in ("suspect", "failed"):
            for trial in self.trials:
                if trial.status == status and trial.spec.how != "common-path":
                    return self._not_found(trial.status, trial.reason)
        return self._not_found(
            "none", f"no search function on {len(self.pages)} pages looked at, nor at common addresses"
        )

    def _not_found(self, status: FindStatus, reason: str) -> SearchFunction:
        return SearchFunction(self.home_url, status, reason, requests=self.requests)


def _status_of(problem: FetchProblem) -> FindStatus:
    if problem.kind == "robots":
        return "robots"
    return "blocked" if problem.kind == "blocked" else "failed"


def _refusal(page: Page, spec: SearchSpec) -> _Trial | None:
    refused = outcomes.blocked(page.status, page.headers, page.body)
    if refused:
        return _Trial(spec, "blocked", f"{spec.url}: {refused.vendor} ({refused.evidence})")
    if page.status >= 500:
        return _Trial(spec, "failed", f"{spec.url} answers HTTP {page.status}")
    return None


def _platform_of(page: Page, known: Sequence[Platform], spec: SearchSpec) -> Platform | None:
    """The platform that a results page gives away (often another than the home page's)."""
    found = [
        p
        for p in recognised(page, known)
        if not p.script_only and (not p.query.param or spec.query_param in p.query.param)
    ]
    return found[0] if found else None


def _as_get(spec: SearchSpec, page: Page, nonsense: str) -> SearchSpec:
    """A form that posts to an address which redirects to one with the query in it can be asked there, without view state."""
    parts = urlsplit(page.url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    param = next((name for name, value in pairs if value.casefold() == nonsense), "")
    if spec.method != "POST" or not param or host_of(page.url) != host_of(spec.url) or page.url == spec.url:
        return spec
    url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    fields = tuple((name, "" if name == param else value) for name, value in pairs)
    return replace(spec, method="GET", url=url, query_param=param, fields=fields)


def _verdict(nothing: ResultsPage, some: ResultsPage, empty: Page, page: Page, nonsense: str, word: str) -> str:
    """'differs' where the two pages show that the engine searches; else what is wrong."""
    if not some.items:
        if some.says_none:
            return f"no hits for '{word}'"
        return "the same page for any query" if some.same_as_nonsense else f"the page for '{word}' is not understood"
    listed, stray = {item.url for item in some.items}, {item.url for item in nothing.items}
    if stray and len(listed & stray) / max(len(listed), len(stray)) > SAME_HITS and _hits(some) == _hits(nothing):
        return "the same hits for any query"
    stated = some.total.number != nothing.total.number
    echoed = word in page.text.lower() and nonsense in empty.text.lower()
    told = sum(word[:5] in f"{item.title} {item.snippet}".lower() for item in some.items)
    if nothing.says_none or stated or echoed or told > len(some.items) / 2:
        return "differs"
    return f"the hits for '{word}' do not show that the query arrived"


def _hits(result: ResultsPage) -> int:
    if result.total.number is not None:
        return max(result.total.number, len(result.items))
    return len(result.items)


def _follows(result: ResultsPage, first: ResultsPage) -> bool:
    """Whether a page is the one right after the first, where the pages say which items they list."""
    if result.total.first is None or first.total.last is None:
        return True
    return result.total.first == first.total.last + 1
