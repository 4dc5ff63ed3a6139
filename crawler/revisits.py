"""Pages that a study knows and a site's search does not list now: fetched as well, so that gone and not found stay two things.

Those that carried a finding (judged relevant or ambiguous, a mention that counts, or a person's word for it) are asked for in every
crawl, others once in ``REVISIT_EVERY``. Their captures have no hit. A page that two crawls, ``GONE_APART`` or more from each other,
both found gone is then one of the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scrapy.settings import BaseSettings
from sqlalchemy import Select, select, union
from sqlalchemy.engine import Connection

from study import record as r

REVISIT_EVERY = timedelta(days=180)  # by the crawls' as-of dates
GONE_APART = timedelta(days=14)
NOT_FETCHED = "no-copy"  # outcome of a page that was taken in by its address only (crawler.takingin)
_GONE = ("gone", "soft-404")


@dataclass(frozen=True)
class Bounds:
    """How many pages that its search does not list are fetched of one site in one crawl: see crawler/settings.py."""

    findings: int
    others: int

    @classmethod
    def of(cls, settings: BaseSettings) -> Bounds:
        """Return the bounds that the settings give."""
        return cls(settings.getint("MENTORWATCH_REVISIT_FINDINGS"), settings.getint("MENTORWATCH_REVISIT_OTHERS"))


@dataclass(frozen=True)
class Attempt:
    """One time that a page was fetched, or tried."""

    as_of: date
    outcome: str
    url: str
    host_kind: str
    home_url: str


def plan_revisits(db: Connection, site_id: int, bounds: Bounds) -> int:
    """Add what is due of a site's known pages to its crawl, as captures to do; return how many are due beyond the bounds.

    To be committed with the end of the site's searches, before which nobody knows what they do not list.
    """
    site = db.execute(
        select(r.site, r.crawl.c.protocol, r.crawl.c.as_of)
        .join(r.crawl, r.crawl.c.id == r.site.c.crawl_id)
        .where(r.site.c.id == site_id)
    ).one()
    visited = _visited(db, site)
    attempts = {page: tried for page, tried in _unlisted(db, site).items() if _is_of(site, visited, tried[-1])}
    findings = _with_finding(db, site.protocol, attempts) if attempts else set()
    always = [page for page in attempts if page in findings and not _gone_twice(attempts[page])]
    seldom = [page for page in attempts if page not in always and _is_due(attempts[page], site.as_of)]
    seldom.sort(key=lambda page: (_last_try(attempts[page]), page))
    wanted = [*sorted(always)[: bounds.findings], *seldom[: bounds.others]]
    rows = [
        {
            "crawl_id": site.crawl_id,
            "page_id": page,
            "site_id": site_id,
            "url": attempts[page][-1].url,
            "state": "pending",
        }
        for page in wanted
    ]
    r.insert_new(db, r.capture, rows)
    return len(always) + len(seldom) - len(wanted)


def _unlisted(db: Connection, site: Any) -> dict[int, list[Attempt]]:
    """The authority's pages that are no capture of this crawl, each with its attempts from the oldest to the newest.

    By crawls of the same protocol: what another study's searches brought is not this one's to look after.
    """
    listed = select(r.capture.c.page_id).where(r.capture.c.crawl_id == site.crawl_id)
    query = (
        select(
            r.capture.c.page_id,
            r.capture.c.outcome,
            r.capture.c.url,
            r.crawl.c.as_of,
            r.site.c.host_kind,
            r.site.c.home_url,
        )
        .join(r.page, r.page.c.id == r.capture.c.page_id)
        .join(r.crawl, r.crawl.c.id == r.capture.c.crawl_id)
        .join(r.site, r.site.c.id == r.capture.c.site_id)
        .where(
            r.page.c.authority == site.authority,
            r.crawl.c.protocol == site.protocol,
            r.capture.c.state == "done",
            r.capture.c.page_id.not_in(listed),
        )
        .order_by(r.crawl.c.as_of, r.capture.c.id)
    )
    found: defaultdict[int, list[Attempt]] = defaultdict(list)
    for row in db.execute(query):
        found[row.page_id].append(Attempt(row.as_of, row.outcome, row.url, row.host_kind, row.home_url))
    return found


def _visited(db: Connection, site: Any) -> set[str]:
    """Home pages of the authority's sites of this kind that the crawl visits."""
    query = select(r.site.c.home_url).where(
        r.site.c.crawl_id == site.crawl_id,
        r.site.c.authority == site.authority,
        r.site.c.host_kind == site.host_kind,
    )
    return set(db.execute(query).scalars())


def _is_of(site: Any, visited: set[str], last: Attempt) -> bool:
    """Whether a page is this site's to fetch: its own, or of a site of the same kind that the crawl does not visit."""
    return last.host_kind == site.host_kind and (last.home_url == site.home_url or last.home_url not in visited)


def _with_finding(db: Connection, protocol: str, pages: Iterable[int]) -> set[int]:
    """Those pages of which any text that was ever fetched carried a finding of the study."""
    hashes = select(r.crawl.c.protocol_hash).where(r.crawl.c.protocol == protocol)
    texts = union(
        select(r.judgement.c.text_hash).where(
            r.judgement.c.protocol_hash.in_(hashes), r.judgement.c.relevance.in_(("relevant", "ambiguous"))
        ),
        select(r.mention.c.text_hash).where(r.mention.c.protocol_hash.in_(hashes), r.mention.c.counts),
        select(r.label.c.text_hash).where(
            r.label.c.protocol == protocol, r.label.c.decision.in_(("relevant", "ambiguous"))
        ),
    )
    wanted = list(pages)
    found: set[int] = set()
    for some in (wanted[at : at + 400] for at in range(0, len(wanted), 400)):
        query: Select[Any] = (
            select(r.capture.c.page_id)
            .where(r.capture.c.page_id.in_(some), r.capture.c.text_hash.in_(select(texts.subquery().c.text_hash)))
            .distinct()
        )
        found.update(db.execute(query).scalars())
    return found


def _gone_twice(attempts: Sequence[Attempt]) -> bool:
    """Whether the page was found gone, and gone again long enough after, and by no attempt in between otherwise."""
    gone: list[date] = []
    for attempt in attempts:
        if attempt.outcome == "ok":
            gone = []
        elif attempt.outcome in _GONE:
            gone.append(attempt.as_of)
    return bool(gone) and gone[-1] - gone[0] >= GONE_APART


def _last_try(attempts: Sequence[Attempt]) -> date:
    """When the page was last asked for; the first of days where it never was."""
    return max((attempt.as_of for attempt in attempts if attempt.outcome != NOT_FETCHED), default=date.min)


def _is_due(attempts: Sequence[Attempt], as_of: date) -> bool:
    last = _last_try(attempts)
    return last == date.min or as_of - last >= REVISIT_EVERY
