"""The links of a page that lead on within its own site, and the traps among them. Wording and bounds: traps.toml."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.searchlinks import frames, refreshed
from crawler.web import Page, host_of, joined, params
from study.addresses import canonical_url

_FILE = Path(__file__).with_name("traps.toml")
_NUMBER = re.compile(r"\d+")
_MONTH = re.compile(r"/(19|20)\d\d[/-](0?[1-9]|1[0-2])(?=[/-]|$)")
_WORD = re.compile(r"[a-z]+")


@cache
def _bounds() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def site_of(url: str) -> str:
    """Return host and port of an address, default ports and 'www.' left out: equal for addresses of one site."""
    return host_of(canonical_url(url))


def onward(page: Page) -> list[str]:
    """Return the addresses a page links to, in reading order, each once; none where its robots meta says nofollow."""
    if _nofollow(page):
        return []
    found = [refreshed(page), *frames(page)]
    for link in page.tree.iter("a", "area"):
        if "nofollow" not in (link.get("rel") or "").lower():
            found.append(joined(page.base_url, link.get("href") or ""))
    return list({canonical_url(url): url.partition("#")[0] for url in reversed(found) if url}.values())[::-1]


def _nofollow(page: Page) -> bool:
    return any(
        (meta.get("name") or "").strip().lower() == "robots" and "nofollow" in (meta.get("content") or "").lower()
        for meta in page.tree.iter("meta")
    )


def has_text(url: str) -> bool:
    """Tell whether an address may lead to text, going by its ending."""
    last = urlsplit(url).path.rpartition("/")[2].lower()
    return "." not in last or last.rpartition(".")[2] not in _bounds()["endings"]


class Traps:
    """Tells addresses that are worth following from those a machine makes without end; knows what was followed so far."""

    def __init__(self, followed: Iterable[str] = ()) -> None:
        self._alike: Counter[str] = Counter()
        self._calendars: Counter[str] = Counter()
        for url in followed:
            self.follow(url)

    def caught(self, url: str) -> bool:
        """Tell whether ``url`` is one too many of its kind."""
        bounds = _bounds()
        given = [name.lower() for name, _ in params(url)]
        segments = [part for part in urlsplit(url).path.split("/") if part]
        words = Counter(part for part in segments if not part.isdigit())
        if (
            len(url) > bounds["longest"]
            or len(given) > bounds["parameters"]
            or any(name in bounds["idle_parameters"] for name in given)
            or len(segments) > bounds["segments"]
            or max(words.values(), default=0) >= bounds["repeated_segment"]
        ):
            return True
        if self._alike[_shape(url)] >= bounds["alike"]:
            return True
        return _is_calendar(url) and self._calendars[_calendar(url)] >= bounds["calendar_pages"]

    def follow(self, url: str) -> None:
        """Count an address that is followed."""
        self._alike[_shape(url)] += 1
        if _is_calendar(url):
            self._calendars[_calendar(url)] += 1


@dataclass(frozen=True)
class Step:
    """The links of one page that a crawl follows, and how many it does not: beyond the bounds, or traps."""

    listed_id: int
    depth: int
    links: tuple[str, ...] = ()
    left_out: int = 0
    trapped: int = 0


@dataclass
class Trail:
    """Where a crawl of a site's links has been: ``known`` are canonical addresses, ``bodies`` hashes of pages followed."""

    hosts: frozenset[str]
    most_pages: int
    deepest: int
    known: set[str]
    bodies: set[str]
    traps: Traps = field(init=False)

    def __post_init__(self) -> None:
        self.traps = Traps(self.known)

    def step(self, listed_id: int, depth: int, raw_hash: str | None, page: Page | None) -> Step:
        """Take the links of a page (None: it has none), and remember them; of equal pages only the first one's."""
        if page is None or raw_hash in self.bodies or site_of(page.url) not in self.hosts:
            return Step(listed_id, depth)
        self.bodies.add(raw_hash or "")
        links: list[str] = []
        left_out = trapped = 0
        for url in onward(page):
            canonical = canonical_url(url)
            if canonical in self.known or site_of(url) not in self.hosts or not has_text(url):
                continue
            if self.traps.caught(canonical):
                trapped += 1
            elif depth >= self.deepest or len(self.known) >= self.most_pages:
                left_out += 1
            else:
                self.known.add(canonical)
                self.traps.follow(canonical)
                links.append(url)
        return Step(listed_id, depth, tuple(links), left_out, trapped)


def _shape(url: str) -> str:
    """An address with its numbers left out: equal for pages that differ only in them."""
    return _NUMBER.sub("0", url)


def _is_calendar(url: str) -> bool:
    parts = urlsplit(url)
    if not _NUMBER.search(parts.path + parts.query):
        return False
    said = {word for name, _ in params(url) for word in _WORD.findall(name.lower())}
    said |= set(_WORD.findall(parts.path.lower()))
    return bool(_MONTH.search(parts.path)) or bool(said & set(_bounds()["calendar"]))


def _calendar(url: str) -> str:
    """Which calendar an address belongs to: the words of its path and the names of its parameters."""
    names = ",".join(sorted(name.lower() for name, _ in params(url)))
    return f"{_NUMBER.sub('', urlsplit(url).path)}?{names}"
