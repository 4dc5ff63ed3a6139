"""Proving that a way to ask really searches: control queries, and what their difference teaches.

A nonsense word must bring nothing, or clearly other hits than a word that the site has on its own pages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from crawler import outcomes
from crawler.anatomy import Anatomy, take_apart
from crawler.choosing import Reader
from crawler.function import Controls, FindStatus
from crawler.knownwords import general_words, known_words, nonsense_word
from crawler.layout import Layout
from crawler.platforms import Platform, named, recognised
from crawler.results import ResultsPage, learn, read
from crawler.scripted import drawn_later, never_sent, script_search, sent_by_script
from crawler.searchbox import METHOD, addressed
from crawler.searchform import form_candidates
from crawler.searchlinks import frames, refreshed
from crawler.searchspec import SLOT, Paging, SearchSpec
from crawler.totals import read_total, says_none, skeleton, told
from crawler.turning import with_param
from crawler.web import Ask, Fetch, FetchProblem, Page, host_of, readable
from study.addresses import canonical_url

MOST_WORDS = 4
MOST_ASKED = 9
FEW_WORDS = 2
FEW_ITEMS = 3
SAME_HITS = 0.6
GONE = {404, 410}
FULL_PAGES = {10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 200, 250, 500, 1000}
GUESSES = (
    Paging("page", 1, 1),
    Paging("start", 0, 0),
    Paging("p", 1, 1),
    Paging("offset", 0, 0),
    Paging("paged", 1, 1),  # WordPress, whose pager a plug-in may draw
)


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
class Trial:
    """What trying one candidate gave. `page` = its answer to the nonsense word; `reacted` = that answer is a search's,
    `broken` = it says that the site is out of order."""

    spec: SearchSpec
    status: FindStatus
    reason: str
    layout: Layout | None = None
    controls: Controls | None = None
    page: Page | None = None
    reacted: bool = False
    broken: bool = False

    @property
    def telling(self) -> bool:
        """Whether this says something of the site: a guessed address that did not react was never its search."""
        guessed = self.spec.how == "path" or (self.spec.how == "platform" and SLOT in self.spec.url)
        return self.reacted or not guessed or (self.status in {"robots", "blocked"} and self.spec.how != "path")


class Prover:
    """Tries candidates of one site. `pages` are the site's pages in hand, `scripts` what was seen to draw results."""

    def __init__(self, fetch: Fetch, known: Sequence[Platform], sites: Sequence[Platform]) -> None:
        self.fetch = fetch
        self.known = known
        self.sites = sites
        self.pages: list[Page] = []
        self.more: list[Page] = []
        self.scripts = ""

    async def prove(self, spec: SearchSpec) -> Trial:
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
                return Trial(spec, "none", f"{spec.url} answers HTTP {empty.status}")
            reacted = alone.says_none and _asks_again(empty, spec)
            if spec.how == "path" and not alone.says_none and nonsense not in empty.text.lower():
                return Trial(spec, "none", f"{spec.url} does not react to a query", page=empty)
            typed, spec = spec, addressed(_as_get(spec, empty, nonsense), empty, nonsense)
            trial = await self._compare(spec, empty, nonsense)
            if alone.says_no_query and trial.status == "suspect":
                return Trial(spec, "suspect", f"{spec.url} says that no query arrived", page=empty)
            if trial.status == "suspect" and spec.method != typed.method == METHOD:
                trial = await self._compare(typed, empty, nonsense)  # the address alone does not bring the answer
            if alone.says_error and trial.status == "suspect":
                trial = replace(trial, broken=True, reason=f"{spec.url} answers with a notice that something is wrong")
            return replace(trial, page=empty, reacted=reacted)
        except FetchProblem as problem:
            if problem.kind == "budget":
                raise
            return Trial(spec, status_of(problem), f"{spec.url}: {problem.reason}")

    async def _compare(self, spec: SearchSpec, empty: Page, nonsense: str) -> Trial:
        """Ask known words until one brings hits that the nonsense word does not."""
        reader = Reader(spec, platform=named(spec.platform, self.sites))
        best: tuple[Layout, ResultsPage, ResultsPage, str] | None = None
        unread = passed = 0
        reason = ""
        asked: list[str] = []
        says_none = read(empty, nonsense, reader).says_none
        async for word in self._words(asked):
            asked.append(word)
            if best is not None and len(best[2].items) > 1 and len(asked) > MOST_WORDS:
                break
            page = await answer(self.fetch, spec.ask(word), word)
            if (refused := _refusal(page, spec)) is not None:
                return refused
            gone = len(asked) == 1 and {empty.status, page.status} <= GONE
            if gone and spec.how == "path" and not _asks_again(empty, spec):
                # Nothing is there for either word. A search that says of zero hits that they are not found has its own box.
                return Trial(spec, "none", f"{spec.url} answers HTTP {page.status}")
            layout, nothing, some = learn(empty, nonsense, page, word, reader)
            if (some.same_as_nonsense and read(page, word, reader).says_none) or (
                says_none and not some.items and self._denied(empty, nonsense, page, word)
            ):
                # Both pages say that there is nothing, so that the line that says so does not stand out.
                some = replace(some, says_none=True)
            found = verdict(nothing, some, empty, page, nonsense, word)
            if found == "differs":
                if best is None or len(some.items) > len(best[2].items):
                    best = (layout, nothing, some, word)
                passed += 1
                if len(best[2].items) >= FEW_ITEMS or (passed > 1 and len(best[2].items) > 1):
                    break
                continue
            reason = reason if some.says_none else f"{spec.url}: {found}"
            if not self.scripts and not some.says_none:
                drawn = script_search(page) or drawn_later(page)
                self.scripts = (
                    drawn or never_sent(empty, page, spec.query_param) or sent_by_script(page, spec.query_param)
                )
            # What says of the nonsense word that there is nothing says so of this one, too, where the two pages are alike.
            unread += not (some.says_none or (some.same_as_nonsense and says_none))
            if unread > 1 and best is None:
                break
        if best is None:
            hits = f"no hits for any of the site's own words {', '.join(asked)}"
            return Trial(spec, "suspect", reason or f"{spec.url}: {hits}")
        layout, nothing, some, word = best
        spec = await self._with_paging(spec, some, layout, word)
        if spec.paging is None and some.next is None and some.total.number is None:
            layout = replace(layout, cut=len(some.items))
        controls = Controls(nonsense, hit_count(nothing), word, hit_count(some), True)
        notes = "; ".join(some.notes)
        said = f"'{nonsense}' brings {controls.nonsense_hits} hits, '{word}' {controls.known_word_hits}"
        return Trial(spec, "found", said + (f"; {notes}" if notes else ""), layout, controls)

    def _denied(self, empty: Page, nonsense: str, page: Page, word: str) -> bool:
        """Whether a page says in the nonsense page's own place and words that there is nothing, and has no more on it.

        Other lines may differ: a footer says how long the page took, another line how the query was taken apart. But what
        has a link or more lines than the nonsense page may have hits that were not recognised, and what stands on the home
        page too ('0 items in your basket') says nothing of the query.
        """
        before, after = take_apart(empty, nonsense), take_apart(page, word)
        known = {key for link in before.links for key in before.soft(link)}
        if len(after.lines) > len(before.lines) or not all(after.soft(link) & known for link in after.links):
            return False
        furniture = {line for home in self.pages[:1] for line in _denials(take_apart(home, nonsense))}
        return bool(_denials(before) & _denials(after) - furniture)

    async def _words(self, asked: Sequence[str]) -> AsyncIterator[str]:
        """Words that the site should find: those of its pages in hand, then of one page more, then any council's."""
        first = known_words(self.pages, MOST_WORDS)
        if len(first) >= FEW_WORDS:
            for word in first:
                yield word
        await self._read_one_more()
        for word in known_words([*self.pages, *self.more], MOST_WORDS) if len(first) < FEW_WORDS else []:
            yield word
        for word in [*known_words(self.more, MOST_WORDS), *general_words()]:
            if word not in asked and len(asked) < MOST_ASKED:
                yield word

    async def _read_one_more(self) -> None:
        """One page more of the site, for its words: the first one that a page in hand links to."""
        if self.more:
            return
        met = {canonical_url(page.url) for page in self.pages}
        for page in self.pages[::-1]:
            for link in take_apart(page).links:
                if host_of(link.url) == host_of(page.url) and canonical_url(link.url) not in met:
                    try:
                        found = await settled(self.fetch, Ask(link.url))
                    except FetchProblem as problem:
                        if problem.kind == "budget":
                            raise
                        return
                    self.more = [found] if found.status < 400 else []
                    return

    async def _with_paging(self, spec: SearchSpec, some: ResultsPage, layout: Layout, word: str) -> SearchSpec:
        """The spec with a paging parameter found by trying, where a page has (or may have) more hits than it lists and no way on."""
        stated = some.total.number
        more = stated > len(some.items) >= 5 if stated is not None else _may_be_cut(some)
        if some.next is not None or spec.paging is not None or not more or spec.method != "GET" or "#" in spec.url:
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


def _denials(anatomy: Anatomy) -> set[tuple[str, ...]]:
    """The lines that say that there is nothing: wording without query and numbers, then the tags above."""
    query = anatomy.query
    return {
        (skeleton(told(line.text, query))[0], *(e.tag for e in (line.element, *line.element.iterancestors())))
        for line in anatomy.lines
        if says_none([line.text], query) or read_total([line.text], query).number == 0
    }


def _may_be_cut(some: ResultsPage) -> bool:
    """Whether a page may be the first of several whose pager was not understood: a round number of hits, no total, no way on."""
    return some.next is None and some.total.number is None and len(some.items) in FULL_PAGES


def status_of(problem: FetchProblem) -> FindStatus:
    if problem.kind == "robots":
        return "robots"
    return "blocked" if problem.kind == "blocked" else "failed"


def _refusal(page: Page, spec: SearchSpec) -> Trial | None:
    refused = outcomes.blocked(page.status, page.headers, page.body)
    if refused:
        return Trial(spec, "blocked", f"{spec.url}: {refused}")
    if login_wall(page):
        return Trial(spec, "blocked", f"{spec.url}: asks for a login")
    if page.status >= 500:
        return Trial(spec, "failed", f"{spec.url} answers HTTP {page.status}")
    return None


def login_wall(page: Page) -> bool:
    """Whether a password is asked for at another address than the one that was to be searched."""
    asked, there = urlsplit(page.ask.url), urlsplit(page.url)
    moved = (asked.netloc, asked.path.rstrip("/")) != (there.netloc, there.path.rstrip("/"))
    return moved and any((box.get("type") or "").lower() == "password" for box in page.tree.iter("input"))


def _asks_again(page: Page, spec: SearchSpec) -> bool:
    """Whether an answer has the search's own box on it, as results pages do and a soft 404 does not."""
    return any(candidate.spec.query_param == spec.query_param for candidate in form_candidates(page))


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


def verdict(nothing: ResultsPage, some: ResultsPage, empty: Page, page: Page, nonsense: str, word: str) -> str:
    """'differs' where the two pages show that the engine searches; else what is wrong."""
    if not some.items:
        if some.says_none:
            return f"no hits for '{word}'"
        return "the same page for any query" if some.same_as_nonsense else f"the page for '{word}' is not understood"
    listed, stray = {item.url for item in some.items}, {item.url for item in nothing.items}
    if (
        stray
        and len(listed & stray) / max(len(listed), len(stray)) > SAME_HITS
        and hit_count(some) == hit_count(nothing)
    ):
        return "the same hits for any query"
    stated = some.total.number != nothing.total.number
    echoed = word in page.text.lower() and nonsense in empty.text.lower()
    told = sum(word[:5] in f"{item.title} {item.snippet}".lower() for item in some.items)
    if nothing.says_none or stated or echoed or told > len(some.items) / 2:
        return "differs"
    return f"the hits for '{word}' do not show that the query arrived"


def hit_count(result: ResultsPage) -> int:
    """How many hits a page stands for: the stated total, at least what it lists."""
    if result.total.number is not None:
        return max(result.total.number, len(result.items))
    return len(result.items)


def _follows(result: ResultsPage, first: ResultsPage) -> bool:
    """Whether a page is the one right after the first, where the pages say which items they list."""
    if result.total.first is None or first.total.last is None:
        return True
    return result.total.first == first.total.last + 1
