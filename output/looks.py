"""What each crawl saw of each finding: rows of the record turned into looks (:mod:`output.lifecycle`)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from output.findings import AMBIGUOUS, approach_cells, standing_for
from output.lifecycle import CARRIES, NOT_FOUND, NOT_KNOWN, NOT_LISTED, WITHOUT, Seen
from output.runs import Look, Page, Run, Runs

Thing = tuple[str, str]  # what (keyword | mention | approach) and code

_SESSION = re.compile(
    r";jsessionid=[^?#]*|(?<=[?&])(?:phpsessid|jsessionid|aspsessionid\w*|sid)=[^&]*&?", re.IGNORECASE
)


class Looks:
    """Asks the rows of all runs what a crawl saw of a page, and what a page says."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self._says: dict[tuple[str, frozenset[str]], Mapping[Thing, str]] = {}

    @cached_property
    def findings(self) -> dict[tuple[str, str, str], list[int]]:
        """The pages that ever carried each authority's each thing, by authority, what and code."""
        carried: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        for (_, page_id), look in self.runs.looks.items():
            page = self.runs.pages[page_id]
            if look.seen == "read":
                for what, code in self.says(page, self._text(page_id, look)):
                    carried[page.authority, what, code].add(page_id)
        return {key: sorted(pages) for key, pages in carried.items()}

    def says(self, page: Page, text_hash: str | None) -> Mapping[Thing, str]:
        """Return what a text speaks for on a page, with the cell it makes.

        A keyword group counts a page that it found in any crawl: a page that the search has dropped, and that still says
        it, still says it.
        """
        if text_hash is None:
            return {}
        key = (text_hash, page.groups)
        if key not in self._says:
            self._says[key] = self._work_out(text_hash, page.groups)
        return self._says[key]

    def _work_out(self, text_hash: str, groups: frozenset[str]) -> dict[Thing, str]:
        protocol = self.runs.protocol
        said: dict[Thing, str] = {}
        verdict = self.runs.verdicts.get(text_hash)
        named = {code: cell for code, (cell, _) in self.runs.mentions.get(text_hash, {}).items()}
        for keyword in protocol.keywords:
            cell: str | None = None
            if keyword.counts == "mention":
                cell = named.get(keyword.mention or "")
            elif verdict is not None and keyword.code in groups:
                cell = standing_for(keyword, verdict)
            if cell:
                said["keyword", keyword.code] = cell
        said |= {("mention", code): cell for code, cell in named.items()}
        if verdict is not None:
            known = {approach.code for approach in protocol.approaches}
            said |= {("approach", code): cell for code, cell in approach_cells(verdict).items() if code in known}
        return said

    def seen(self, run: Run, page_id: int, thing: Thing) -> Seen | None:
        """Return what a run saw of a finding; None where it did not ask that authority at all."""
        page = self.runs.pages[page_id]
        look = self.runs.looks.get((run.crawl_id, page_id))
        if look is None:
            if page.authority not in run.authorities:
                return None
            if (run.crawl_id, page_id) in self.runs.listed:
                return Seen(NOT_KNOWN, run.as_of, why="listed, and never fetched", url=page.url)
            why = self.incomplete(run, page, thing)
            kind = NOT_KNOWN if why else NOT_LISTED
            return Seen(kind, run.as_of, why=why or "not listed by searches read to their end", url=page.url)
        text_hash = self._text(page_id, look)
        stayed = look.address == look.url or plain(look.address) == plain(look.url)
        seen = Seen(
            NOT_KNOWN,
            run.as_of,
            why=look.why,
            url=look.url,
            address=page.url if stayed else look.address,
            shown=look.url if stayed else look.address,
            text_hash=text_hash,
            raw_hash=look.raw_hash,
            judged_by=self.runs.judged_by.get(text_hash or "", "") if self._is_judged(thing) else "",
        )
        if look.seen == "unread":
            return seen
        if look.seen == "gone":
            return replace(seen, kind=NOT_FOUND)
        cell = self.says(page, text_hash).get(thing) if look.seen == "read" else None
        if cell is None:
            return replace(seen, kind=WITHOUT, why=look.why or "read, and does not say it")
        return replace(seen, kind=CARRIES, cell=cell)

    def _text(self, page_id: int, look: Look) -> str | None:
        """The text that stands for what was seen: of the same bytes, as they were last masked and judged."""
        return self.runs.newest_text.get((page_id, look.raw_hash or ""), look.text_hash)

    def _is_judged(self, thing: Thing) -> bool:
        """Names are found by rule; the rest is judged, and two models' judgements cannot be set side by side."""
        what, code = thing
        return what == "approach" or (what == "keyword" and self.runs.protocol.keyword(code).counts == "relevance")

    def incomplete(self, run: Run, page: Page, thing: Thing) -> str:
        """Return why a run's not listing a page says nothing ('' where it does): a search that was not read to its end."""
        scope = thing[1] if thing[0] == "keyword" else None
        kinds, open_searches = self._searches[run.crawl_id].get(page.authority, (frozenset(), {}))
        unasked = page.host_kinds - kinds
        if unasked or not kinds:
            return f"its {', '.join(sorted(unasked)) or 'sites'} was not asked"
        if scope is not None:
            return open_searches.get(scope, "")
        return next((why for why in open_searches.values() if why), "")

    @cached_property
    def _searches(self) -> Mapping[int, Mapping[str, tuple[frozenset[str], Mapping[str, str]]]]:
        """By crawl and authority: the kinds of host asked, and for each keyword group why it is not read to its end, or ''."""
        wanted = {keyword.code: set(keyword.variants) for keyword in self.runs.protocol.keywords}
        by_crawl: dict[int, Mapping[str, tuple[frozenset[str], Mapping[str, str]]]] = defaultdict(dict)
        for run in self.runs.runs:
            kinds: dict[str, set[str]] = defaultdict(set)
            sites: dict[str, set[int]] = defaultdict(set)
            read: dict[tuple[int, str], set[str]] = defaultdict(set)
            broken: dict[tuple[str, str], str] = {}
            for asked in self.runs.asked.get(run.crawl_id, ()):
                kinds[asked.authority].add(asked.host_kind)
                sites[asked.authority].add(asked.site_id)
                if asked.via != "search":
                    continue
                if asked.status == "complete":
                    read[asked.site_id, asked.keyword].add(asked.query)
                else:
                    said = f"search {asked.status}" + (f": {asked.reason}" if asked.reason else "")
                    broken.setdefault((asked.authority, asked.keyword), said)
            by_crawl[run.crawl_id] = {
                authority: (
                    frozenset(of_it),
                    {
                        code: broken.get((authority, code))
                        or ("" if all(read[s, code] >= variants for s in sites[authority]) else "not all was searched")
                        for code, variants in wanted.items()
                    },
                )
                for authority, of_it in kinds.items()
            }
        return by_crawl


def is_yes(cell: str) -> bool:
    """Tell whether a finding's cell says yes, rather than leaving it to a person."""
    return bool(cell) and cell != AMBIGUOUS


@lru_cache(maxsize=50_000)
def plain(url: str) -> str:
    """Return an address without what does not tell pages apart: scheme, www., fragment, session, order of parameters, and the
    `=` of one without a value, which a page's canonical address has and the address that a server leads to may not.
    """
    parts = urlsplit(_SESSION.sub("", url))
    host = parts.netloc.lower().removeprefix("www.")
    query = "&".join(sorted(part.removesuffix("=") for part in parts.query.split("&")))
    return f"{host}{parts.path.rstrip('/')}?{query}".rstrip("?")
