"""The replica's own log: what it did to which page in which month.

Read by tests, benchmarks and people; no stage of mentorwatch may look here. Together with the key of a month
(`replica.answers.answers(scale, month)`) it says all that a year of crawls can find, and nothing of when a crawl finds it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in `month` (YYYY-MM) at the site of `authority`.

    | kind | what | further facts |
    |---|---|---|
    | appears | a page is there and listed by the search | |
    | changes | a page says something else: `what` = passage (what it says of mentoring or coaching), other (another part of a written text), line (a sentence below it), date ("last updated"). Without a page: every page's menu or footer | `was`: its relevance before, where that changed |
    | moves | the same text is at `to` (of `to_authority`, where another), listed there; `address` answers `how`: redirect, 404, soft-404 | |
    | goes | `address` answers `how`: 404, 410, soft-404. The search drops it now, or next month (then `unlisted` says so) | |
    | returns | a page that had gone is there and listed again, at `to` where that is another address | |
    | unlisted, listed | the search no longer knows a page, or knows it again; what its address answers does not change | |
    | fails, works | `address` answers 500, and no longer | |
    | outage | once for each month of it, from `since` to `until`; `how`: blocked (403 everywhere), maintenance (503 everywhere), search-error (500 for every search), search-silent (no hits for anything), index-lost (hits for council prose only), robots (robots.txt bars the search), refused (connection refused) | |
    | redesign | the site has another search and look; where its pages have other addresses too, old ones answer `how` (each page's move is an event of its own) | |
    | splits | the authority becomes those in `to`; its host keeps a notice and redirects | |
    | closes | the host is no more: connection refused | |

    `page` is the text's identity, the same wherever it stands and however it changes; `relevance` and `relation` are those of the key
    after the event.
    """  # noqa: E501

    month: str
    authority: str
    kind: str
    address: str = ""
    page: str = ""
    relevance: str = ""
    relation: str = ""
    format: str = ""
    what: str = ""
    how: str = ""
    to: str = ""
    to_authority: str = ""
    since: str = ""
    until: str = ""
    was: str = ""

    def facts(self) -> dict[str, str]:
        """The event as one JSON object, without what it does not say."""
        return {name: value for name, value in asdict(self).items() if value}


def events(scale: float = 1.0, until: str | None = None, only: Sequence[str] | None = None) -> Iterator[Event]:
    """What happens from August 2008 to the month `until` (the last one when None), in order.

    `scale` and `only` as in `replica.serve`. Raises ValueError for a month outside the replica's life.
    """
    from replica.evolution import evolution
    from replica.year import Year

    months = evolution().months(until)
    year = Year(scale, only)
    for _ in months[1:]:
        yield from year.advance()
