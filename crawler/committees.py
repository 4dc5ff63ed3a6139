"""An authority's committee systems: found from the links of its home page, kept as further sites of the same crawl.

Councils publish agendas and minutes on a host of its own with its own search (ModernGov, CMIS). Such a host is asked by
itself, as host kind 'committee': its hits are never among the main site's. What a link must look like: committees.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.web import Ask, Fetch, FetchProblem, Page, host_of, joined, readable
from crawler.wording import words

COMMITTEE = "committee"
_FILE = Path(__file__).with_name("committees.toml")
_LEAST_SHARED = 3  # letters of a host's name that may be part of another's: 'kent' in 'kentcc'


class Overhearing:
    """A fetch that keeps the home page it brings: all pages up to the first that answers a control query."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._listening = True
        self.pages: list[Page] = []

    async def __call__(self, ask: Ask) -> Page:
        page = await self._fetch(ask)
        sent = readable(ask.url) + " ".join(value for _, value in ask.fields)
        self._listening = self._listening and not any(word in sent.casefold() for word in words("known", "nonsense"))
        if self._listening and page.status < 400:
            self.pages.append(page)
        return page


class Staying:
    """A fetch that refuses what leads away from a committee system: its pages carry the council's own site search too.

    Only the first page may lead elsewhere, and only to where a committee system stands (democracy.* to the vendor's host).
    """

    def __init__(self, fetch: Fetch, home_url: str) -> None:
        self._fetch = fetch
        self._home = home_url
        self.place = place_of(home_url)

    async def __call__(self, ask: Ask) -> Page:
        if not _within(ask.url, self.place):
            raise FetchProblem("refused", f"{ask.url} is not of the committee system at {self.place}", url=ask.url)
        page = await self._fetch(ask)
        if ask.url == self._home and _home(page.url) is not None:
            self.place = place_of(page.url)
        if not _within(page.url, self.place):
            reason = f"{ask.url} leads away from the committee system at {self.place}, to {page.url}"
            raise FetchProblem("refused", reason, url=page.url)
        return page


def committee_homes(pages: Iterable[Page], home_url: str) -> list[str]:
    """Where the committee systems stand that the pages of a site link to: one address each, the likeliest first.

    Hosts that share a name with the site come before others (a district links to its county's papers); where none does,
    the first is taken.
    """
    found: dict[str, tuple[int, str]] = {}
    own = {place_of(home_url), *(place_of(page.url) for page in pages)}
    for page in pages:
        for link in page.tree.iter("a", "area"):
            home = _home(joined(page.base_url, link.get("href") or "").split("#")[0])
            place = place_of(home[1]) if home is not None else ""
            if home is not None and place not in own and (place not in found or home[0] < found[place][0]):
                found[place] = home
    ours = [url for _, url in found.values() if _related(url, home_url)]
    others = [url for _, url in found.values() if url not in ours]
    return (ours or others[:1])[: int(_rules()["limits"]["hosts"])]


def place_of(url: str) -> str:
    """Host and folder of a committee system: addresses with the same one are of the same system."""
    path = urlsplit(url).path or "/"
    for pattern in _patterns("paths", "folders"):
        if match := pattern.match(path):
            return host_of(url) + match[0].lower()
    return host_of(url) + path.rpartition("/")[0].lower() + "/"


def _within(url: str, place: str) -> bool:
    return f"{host_of(url)}{urlsplit(url).path.lower() or '/'}".startswith(place)


def _home(url: str) -> tuple[int, str] | None:
    """Where the search of the committee system that an address is of is looked for, and how good that is, 0 best.

    A page that every install has is taken as it is, another stands for its folder, a host's name for its front page.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    patterns = _patterns("paths", "pages")
    for rank, pattern in enumerate(patterns):
        if pattern.search(parts.path):
            return rank, url
    if any(pattern.search(parts.path) for pattern in _patterns("paths", "others")):
        return len(patterns), joined(url, ".")
    if any(pattern.fullmatch(parts.hostname or "") for pattern in _patterns("hosts", "names")):
        return len(patterns) + 1, joined(url, "/")
    return None


def _related(url: str, home_url: str) -> bool:
    """Whether two hosts share a name: a label, or one as part of another."""
    if urlsplit(url).hostname == urlsplit(home_url).hostname:
        return True
    theirs, ours = _names(url), _names(home_url)
    return any(a in b or b in a for a in theirs for b in ours if min(len(a), len(b)) >= _LEAST_SHARED)


def _names(url: str) -> set[str]:
    return set((urlsplit(url).hostname or "").lower().split(".")) - set(_rules()["hosts"]["common"])


def _patterns(table: str, key: str) -> Sequence[re.Pattern[str]]:
    return _compiled()[table, key]


@cache
def _compiled() -> dict[tuple[str, str], tuple[re.Pattern[str], ...]]:
    wanted = (("hosts", "names"), ("paths", "pages"), ("paths", "others"), ("paths", "folders"))
    rules = _rules()
    return {(t, k): tuple(re.compile(p, re.IGNORECASE) for p in rules[t][k]) for t, k in wanted}


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
