"""Finding a site's own search function and proving it with control queries.

A candidate is believed only when a nonsense word and a word from the site's own pages bring clearly different answers;
else the next one is tried. On a well-behaved site that is three requests: home page, nonsense word, known word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crawler import outcomes
from crawler.candidates import candidates, common_paths, distinct, identity, search_addresses
from crawler.function import FindStatus, SearchFunction
from crawler.platforms import Platform, for_host, platforms, recognised, site_exceptions
from crawler.proving import Prover, Trial, settled, status_of
from crawler.scripted import script_search
from crawler.searchbox import boxes
from crawler.searchlinks import (
    entry_forms,
    frames,
    help_pages,
    opensearch_links,
    opensearch_specs,
    search_pages,
    ways_in,
)
from crawler.searchspec import SearchSpec
from crawler.web import Ask, Fetch, FetchProblem, Page
from study.addresses import canonical_url

MOST_PAGES = 8
MOST_TRIALS = 8


async def find_search(
    fetch: Fetch,
    home_url: str,
    *,
    use_platforms: bool = True,
    site_rules: Sequence[Platform] | None = None,
    rendered: bool = False,
) -> SearchFunction:
    """Find and prove the search function of the site at `home_url`.

    `use_platforms` False leaves the platform files out (everything by comparison); `site_rules` replaces the site files.
    `rendered` says that `fetch` brings pages as they stand after their scripts ran: search boxes are typed into as well.
    Raises nothing for what a site does: failures are statuses with a reason.
    """
    sites = site_exceptions() if site_rules is None else site_rules
    seeker = _Seeker(fetch, home_url, platforms() if use_platforms else (), sites)
    seeker.rendered = rendered
    return await seeker.find()


class _Seeker:
    """One search for a search function; counts its requests and keeps what it met."""

    def __init__(self, fetch: Fetch, home_url: str, known: Sequence[Platform], sites: Sequence[Platform]) -> None:
        self._fetch = fetch
        self.home_url = home_url
        self.known = known
        self.sites = sites
        self.rendered = False
        self.requests = 0
        self.trials: list[Trial] = []
        self.tried: set[str] = set()
        self.prover = Prover(self.fetch, known, sites)
        self.pages = self.prover.pages

    async def fetch(self, ask: Ask) -> Page:
        self.requests += 1
        return await self._fetch(ask)

    async def find(self) -> SearchFunction:
        try:
            home = await settled(self.fetch, Ask(self.home_url))
        except FetchProblem as problem:
            return self._not_found(status_of(problem), problem.reason)
        refused = outcomes.blocked(home.status, home.headers, home.body)
        if refused:
            return self._not_found("blocked", f"home page: {refused}")
        if home.status >= 400:
            return self._not_found("failed", f"home page {home.url} answers HTTP {home.status}")
        try:
            return await self._search_from(home)
        except FetchProblem as problem:
            return self._not_found(status_of(problem), problem.reason)

    async def _search_from(self, home: Page) -> SearchFunction:
        site = for_host(home.url, self.sites)
        if site and site.home:
            home = await settled(self.fetch, Ask(site.home))
        look_at = [home]
        waiting: list[str] = []
        seen = {canonical_url(home.url), canonical_url(self.home_url)}
        helped = False
        while look_at or waiting or not helped:
            if not look_at and not waiting:
                # No page so far leads to a search, none was tried: those that explain the site may.
                helped = True
                further = [] if any(trial.reacted for trial in self.trials) else help_pages(home)
                waiting += [url for url in further if canonical_url(url) not in seen]
                seen |= {canonical_url(url) for url in waiting}
                continue
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
            self.prover.scripts = self.prover.scripts or script_search(page)
            found = await self._try_all([*boxes(page), *candidates(page, self.known, site)])
            if found:
                return found
            if len(self.pages) == 1 and (entered := await self._enter(page)) is not None:
                look_at.append(entered)
            described = [spec for url in opensearch_links(page) for spec in await self._described(url)]
            found = await self._try_all(described)
            if found:
                return found
            onward = [*frames(page), *search_pages(page), *(ways_in(page) if len(self.pages) <= 2 else [])]
            for url in onward:
                if canonical_url(url) not in seen and len(seen) < MOST_PAGES:
                    seen.add(canonical_url(url))
                    waiting.append(url)
        found = None if self._met("robots") else await self._guess(home, seen)
        return found or self._conclusion(home)

    async def _guess(self, home: Page, seen: set[str]) -> SearchFunction | None:
        """Nothing on the site shows a search: ask where many sites have one, and read the forms of what answers there."""
        found = await self._try_all(common_paths(home))
        if found:
            return found
        answers = [trial.page for trial in self.trials if trial.spec.how == "path" and trial.page]
        gone = {trial.spec.url.split("?")[0].rstrip("/") for trial in self.trials if trial.spec.how == "path"}
        for url in search_addresses(home):
            if url.rstrip("/") not in gone and canonical_url(url) not in seen:
                page = await self._look(url)
                answers += [page] if page else []
        for page in answers:
            found = await self._try_all(candidates(page, self.known))
            if found:
                return found
        return None

    async def _look(self, url: str) -> Page | None:
        """A further page to look at for a search form; None where it cannot be had."""
        try:
            page = await settled(self.fetch, Ask(url))
        except FetchProblem as problem:
            if problem.kind == "budget":
                raise
            if problem.kind in {"robots", "blocked"}:
                self.trials.append(Trial(SearchSpec("form", url, ""), status_of(problem), f"{url}: {problem.reason}"))
            return None
        return page if page.status < 400 else None

    async def _enter(self, page: Page) -> Page | None:
        """The page behind a consent form that stands before the site; None where there is none."""
        for ask in entry_forms(page):
            try:
                entered = await settled(self.fetch, ask)
            except FetchProblem as problem:
                if problem.kind == "budget":
                    raise
                return None
            if entered.status < 400 and entered.body != page.body:
                return entered
        return None

    async def _described(self, url: str) -> list[SearchSpec]:
        page = await self._look(url)
        return opensearch_specs(page) if page else []

    async def _try_all(self, specs: Sequence[SearchSpec]) -> SearchFunction | None:
        for spec in distinct([replace(spec, rendered=self.rendered) for spec in specs]):
            if identity(spec) in self.tried or len(self.tried) >= MOST_TRIALS + 8 * (spec.how == "path"):
                continue
            self.tried.add(identity(spec))
            trial = await self.prover.prove(spec)
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

    def _met(self, status: FindStatus) -> bool:
        return any(trial.status == status for trial in self.trials if trial.telling)

    def _conclusion(self, home: Page) -> SearchFunction:
        for status in ("robots", "blocked"):
            for trial in self.trials:
                if trial.status == status and trial.telling:
                    return self._not_found(trial.status, trial.reason)
        broken = next((trial for trial in self.trials if trial.broken and trial.telling), None)
        if broken is not None:
            return self._not_found(broken.status, broken.reason)
        engine = self.prover.scripts or next((p.name for p in recognised(home, self.known) if p.script_only), "")
        if engine and not self.rendered:
            return self._not_found("script-only", f"results are drawn in the browser: {engine}; --render reads it")
        for status in ("suspect", "failed"):
            for trial in self.trials:
                if trial.status == status and trial.telling:
                    return self._not_found(trial.status, trial.reason)
        return self._not_found(
            "none", f"no search function on {len(self.pages)} pages looked at, nor at common addresses"
        )

    def _not_found(self, status: FindStatus, reason: str) -> SearchFunction:
        return SearchFunction(self.home_url, status, reason, requests=self.requests)
