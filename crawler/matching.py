"""Look for a protocol's keyword variants in the pages that were read, as a plain search engine would: whole words, any case.

What came of it is said with the same care as of a search: a page that was not read may hold anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crawler.listing import Read
from crawler.localsearch import Match
from crawler.pagelinks import site_of
from study.addresses import canonical_url

LEAST_READ = 0.9  # share of the listed pages that must have been read, or lead nowhere, for 'sitemap'
_GONE = ("gone", "soft-404")
_REFUSALS = ("blocked", "robots")
SNIPPET = 240  # characters around the first match
_SPELLINGS = {"'": "['’‘]", "’": "['’‘]", "-": "[-‐‑–]"}


def variant_pattern(variant: str) -> re.Pattern[str]:
    """Return the pattern of a variant: its words in order, whole, in any case, with any white space between them."""
    words = ["".join(_SPELLINGS.get(letter, re.escape(letter)) for letter in word) for word in variant.split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", re.IGNORECASE)


def snippet(pattern: re.Pattern[str], title: str, text: str) -> str | None:
    """Return the words around the first match in ``text``, its beginning where only ``title`` matches, None without one."""
    match = pattern.search(text)
    if match is None:
        return _folded(text[:SNIPPET]) if pattern.search(title) else None
    start = max(0, match.start() - SNIPPET // 2)
    return _folded(text[start : match.end() + SNIPPET // 2])


def _folded(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Seen:
    """What was read of a site's pages, and where each search's words stand (by search id, in the pages' order)."""

    listed: int = 0
    read: int = 0
    nowhere: int = 0  # gone, or led to another host
    unread: Counter[str] = field(default_factory=Counter)  # by outcome
    matches: dict[int, list[Match]] = field(default_factory=dict)

    def verdict(self, left_out: int, beyond: str, trouble: str) -> tuple[str, str]:
        """Return status and reason.

        ``left_out`` pages are known to be listed and were not fetched, ``beyond`` says what else is known not to have
        been read, ``trouble`` why reading stopped; both '' where there is nothing to say. 'sitemap' is said only where
        none of them is set and nearly all pages were read.
        """
        parts = [f"{self.read} of {self.listed + left_out} pages read and matched locally"]
        parts += [f"{self.nowhere} lead nowhere or elsewhere"] if self.nowhere else []
        unread = ", ".join(f"{count} {outcome}" for outcome, count in self.unread.most_common())
        parts += [f"not read: {unread}"] if unread else []
        parts += [part for part in (beyond, trouble) if part]
        return self._status(bool(left_out or beyond), bool(trouble)), "; ".join(parts)

    def _status(self, beyond: bool, trouble: bool) -> str:
        settled = self.read + self.nowhere >= LEAST_READ * self.listed
        if self.read and settled and not trouble:
            return "capped" if beyond else "sitemap"
        most = self.unread.most_common(1)
        return most[0][0] if most and most[0][0] in _REFUSALS else "failed"


def match_pages(pages: Iterable[Read], variants: Mapping[int, str], hosts: frozenset[str]) -> Seen:
    """Look for each search's variant (by search id) in title and text of each page, once a final address."""
    patterns = {search_id: variant_pattern(variant) for search_id, variant in variants.items()}
    seen = Seen(matches={search_id: [] for search_id in variants})
    places: set[str] = set()
    for page in pages:
        seen.listed += 1
        if page.outcome in _GONE or (page.outcome == "ok" and site_of(page.final_url) not in hosts):
            seen.nowhere += 1
            continue
        if page.text is None:
            seen.unread["without text" if page.outcome == "ok" else page.outcome or "not fetched"] += 1
            continue
        seen.read += 1
        place = canonical_url(page.final_url)
        if place in places:  # two addresses, one page: they are one hit
            continue
        places.add(place)
        for search_id, pattern in patterns.items():
            words = snippet(pattern, page.title, page.text)
            if words is not None:
                seen.matches[search_id].append(Match(page.page_id, page.url, page.title, words))
    return seen
