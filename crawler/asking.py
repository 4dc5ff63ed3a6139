"""The story of asking one site: find its own search function, prove it with controls, read a query to the end.

Everything is driven by one `fetch`; robots, politeness and the record are the caller's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from crawler.layout import Layout
from crawler.searchspec import SearchSpec
from crawler.web import Ask, Fetch

FindStatus = Literal["found", "none", "robots", "blocked", "script-only", "suspect", "failed"]
ReadStatus = Literal["complete", "capped", "suspect", "failed", "robots", "blocked"]
TotalIs = Literal["exact", "estimate", "capped", "absent"]


@dataclass(frozen=True)
class Controls:
    """What the control queries gave: hits of a nonsense word and of a word from the site's own home page."""

    nonsense: str = ""
    nonsense_hits: int | None = None
    known_word: str = ""
    known_word_hits: int | None = None
    passed: bool = False


@dataclass(frozen=True)
class SearchFunction:
    """A site's own search function as found, or why there is none."""

    home_url: str
    status: FindStatus
    reason: str
    how: str = ""
    platform: str = ""
    spec: SearchSpec | None = None
    layout: Layout = field(default_factory=Layout)
    controls: Controls = field(default_factory=Controls)
    requests: int = 0

    @property
    def found(self) -> bool:
        """Whether the site can be asked."""
        return self.status == "found"

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> SearchFunction:
        """The SearchFunction that `to_json` kept."""
        raise NotImplementedError


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

    `next` is None when there is nothing more to ask; `ended` says why then ('no next link', 'page repeated', 'no hits',
    'page limit', or a FetchProblem's kind).
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

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> State:
        """The State that `to_json` kept."""
        raise NotImplementedError


@dataclass(frozen=True)
class Reading:
    """One results page as read: its hits, where it stood, and the state after it (commit both together)."""

    hits: tuple[Hit, ...]
    page_url: str
    state: State


async def find_search(
    fetch: Fetch, home_url: str, *, use_platforms: bool = True, site_rules: Sequence[Any] | None = None
) -> SearchFunction:
    """Find and prove the search function of the site at `home_url`. Raises nothing: failures are statuses."""
    raise NotImplementedError


def read_search(
    fetch: Fetch,
    function: SearchFunction,
    query: str,
    *,
    state: State | None = None,
    seen: Set[str] = frozenset(),
    max_pages: int = 1000,
) -> AsyncIterator[Reading]:
    """Ask `query` and yield one Reading per results page until the proven end; resume from `state` and `seen`."""
    raise NotImplementedError


def conclude(state: State) -> tuple[ReadStatus, str]:
    """The status of a query that has been read as far as it goes, and the reason in words."""
    raise NotImplementedError
