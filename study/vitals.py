"""What a newest crawl shows beside the ones before it: searches that broke or list less, sites that block, totals far from their median.

Read from the record alone, so that it can be told at any time; nothing here judges a text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from study import record as r

ANSWERED = (
    "complete",
    "capped",
    "sitemap",
)  # statuses of a search that brought what there is, or says how much it did not
FAR = 2.0  # times its median, up or down, that a total is worth a look
FAR_LEAST = 10  # hits that it must differ by
LEAST_CRAWLS = 3  # before a median means anything


@dataclass(frozen=True)
class Broken:
    """A site whose searches were answered in the crawl before and are not now."""

    authority: str
    home_url: str
    status: str
    reason: str
    queries: int
    answered_last: str  # as-of date


@dataclass(frozen=True)
class Blocked:
    """A site that refuses: ``searches`` and ``pages`` of this crawl that were blocked, and as of when it first did so without a break."""

    authority: str
    home_url: str
    searches: int
    pages: int
    since: str


@dataclass(frozen=True)
class Outlier:
    """A search whose hits are far from the median of its earlier crawls."""

    authority: str
    home_url: str
    query: str
    hits: int
    median: float
    crawls: int


@dataclass(frozen=True)
class Shrunk:
    """A site whose search lists less than half of what it did: part of its index is lost, or much was taken off the site.

    ``served`` and ``gone`` tell these apart: pages that it listed once, lists no more, and that were asked for all the same.
    """

    authority: str
    home_url: str
    hits: int  # of all its queries
    median: float  # over the earlier crawls in which all of these were complete
    served: int
    gone: int


@dataclass(frozen=True)
class LastGood:
    """When all searches of an authority's sites were last answered; '' where they never were."""

    authority: str
    as_of: str


@dataclass(frozen=True)
class Vitals:
    """See the module."""

    asked: int  # queries on sites
    unusable: int  # of them, those that no way answered, or that are still to do
    broken: tuple[Broken, ...]
    blocked: tuple[Blocked, ...]
    outliers: tuple[Outlier, ...]
    shrunk: tuple[Shrunk, ...]
    last_good: tuple[LastGood, ...]
    ended_at: str  # of the newest crawl; '' while it is under way
    age_days: float  # since then, else since it began

    @property
    def unusable_percent(self) -> float:
        """Share of what was asked that could not be answered, in percent."""
        return 100 * self.unusable / self.asked if self.asked else 0.0


_Site = tuple[str, str, str]  # authority, host kind, home page


@dataclass(frozen=True)
class _Asked:
    """One query on one site in one crawl, by whichever way went best."""

    site: _Site
    query: str
    status: str
    reason: str
    hits: int

    @property
    def answered(self) -> bool:
        return self.status in ANSWERED


@dataclass(frozen=True)
class _Crawl:
    id: int
    as_of: date
    asked: dict[tuple[_Site, str], _Asked]


def vitals(db: Connection, crawl_id: int, now: datetime | None = None) -> Vitals:
    """Return the vitals of a crawl beside the earlier ones of its protocol (taken-in archives left out)."""
    crawl = db.execute(select(r.crawl).where(r.crawl.c.id == crawl_id)).one()
    crawls = _crawls(db, crawl)
    newest, earlier = crawls[-1], crawls[:-1]
    ended = crawl.finished_at or crawl.started_at
    return Vitals(
        asked=len(newest.asked),
        unusable=sum(not asked.answered for asked in newest.asked.values()),
        broken=tuple(_broken(newest, earlier)),
        blocked=tuple(_blocked(db, newest, earlier)),
        outliers=tuple(_outliers(newest, earlier)),
        shrunk=tuple(_shrunk(db, newest, earlier)),
        last_good=tuple(_last_good(crawls)),
        ended_at=crawl.finished_at.isoformat(timespec="seconds") if crawl.finished_at else "",
        age_days=round(((now or datetime.now(UTC)) - ended).total_seconds() / 86400, 2),
    )


def _crawls(db: Connection, crawl: Any) -> list[_Crawl]:
    """This crawl and the earlier ones of its protocol, the newest last."""
    query = (
        select(
            r.crawl.c.id,
            r.crawl.c.as_of,
            r.site.c.authority,
            r.site.c.host_kind,
            r.site.c.home_url,
            r.search.c.query,
            func.coalesce(r.search.c.status, "pending").label("status"),
            r.search.c.reason,
            r.search.c.distinct_urls,
        )
        .join(r.site, r.site.c.crawl_id == r.crawl.c.id)
        .join(r.search, r.search.c.site_id == r.site.c.id)
        .where(
            r.crawl.c.protocol == crawl.protocol,
            r.crawl.c.sample != r.ARCHIVE,
            (r.crawl.c.as_of < crawl.as_of) | ((r.crawl.c.as_of == crawl.as_of) & (r.crawl.c.id <= crawl.id)),
        )
        .order_by(r.crawl.c.as_of, r.crawl.c.id, r.search.c.id)
    )
    found: dict[int, _Crawl] = {}
    for row in db.execute(query):
        asked = found.setdefault(row.id, _Crawl(row.id, row.as_of, {})).asked
        site = (row.authority, row.host_kind, row.home_url)
        this = _Asked(site, row.query, row.status, row.reason or "", row.distinct_urls or 0)
        if (site, row.query) not in asked or this.answered:
            asked[site, row.query] = this
    newest = found.pop(crawl.id, _Crawl(crawl.id, crawl.as_of, {}))
    return [*found.values(), newest]


def _broken(newest: _Crawl, earlier: list[_Crawl]) -> Iterator[Broken]:
    groups: dict[tuple[_Site, str, str, date], int] = defaultdict(int)
    for key, asked in newest.asked.items():
        last = next((crawl for crawl in reversed(earlier) if key in crawl.asked), None)
        if last is not None and last.asked[key].answered and not asked.answered:
            groups[asked.site, asked.status, asked.reason, last.as_of] += 1
    for (site, status, reason, day), queries in groups.items():
        yield Broken(site[0], site[2], status, reason, queries, day.isoformat())


def _blocked(db: Connection, newest: _Crawl, earlier: list[_Crawl]) -> Iterator[Blocked]:
    searches: dict[_Site, int] = defaultdict(int)
    for asked in newest.asked.values():
        searches[asked.site] += asked.status == "blocked"
    query = (
        select(r.site.c.authority, r.site.c.host_kind, r.site.c.home_url, func.count())
        .join(r.capture, r.capture.c.site_id == r.site.c.id)
        .where(r.capture.c.crawl_id == newest.id, r.capture.c.outcome == "blocked")
        .group_by(r.site.c.id, r.site.c.authority, r.site.c.host_kind, r.site.c.home_url)
        .order_by(r.site.c.id)
    )
    pages = {(row[0], row[1], row[2]): int(row[3]) for row in db.execute(query)}
    for site in dict.fromkeys([*(site for site, count in searches.items() if count), *pages]):
        since = newest.as_of
        for crawl in reversed(earlier):
            if not any(asked.site == site and asked.status == "blocked" for asked in crawl.asked.values()):
                break
            since = crawl.as_of
        yield Blocked(site[0], site[2], searches[site], pages.get(site, 0), since.isoformat())


def _outliers(newest: _Crawl, earlier: list[_Crawl]) -> Iterator[Outlier]:
    for key, asked in newest.asked.items():
        before = [c.asked[key].hits for c in earlier if key in c.asked and c.asked[key].status == "complete"]
        if not asked.answered or len(before) < LEAST_CRAWLS:
            continue
        usual = float(median(before))
        far = asked.hits > FAR * usual or asked.hits * FAR < usual
        if far and abs(asked.hits - usual) >= FAR_LEAST:
            yield Outlier(asked.site[0], asked.site[2], asked.query, asked.hits, usual, len(before))


def _shrunk(db: Connection, newest: _Crawl, earlier: list[_Crawl]) -> Iterator[Shrunk]:
    queries: dict[_Site, list[tuple[_Site, str]]] = defaultdict(list)
    for key, asked in newest.asked.items():
        if asked.status == "complete":
            queries[asked.site].append(key)
    found: dict[_Site, tuple[int, float]] = {}
    for site, keys in queries.items():
        whole = (c.asked for c in earlier if all(k in c.asked and c.asked[k].status == "complete" for k in keys))
        before = [sum(asked[key].hits for key in keys) for asked in whole]
        hits, usual = sum(newest.asked[key].hits for key in keys), float(median(before)) if before else 0.0
        if hits * FAR < usual and usual - hits >= FAR_LEAST:
            found[site] = hits, usual
    unlisted = _unlisted(db, newest.id) if found else {}
    for site, (hits, usual) in found.items():
        outcomes = unlisted.get(site, {})
        gone = outcomes.get("gone", 0) + outcomes.get("soft-404", 0)
        yield Shrunk(site[0], site[2], hits, usual, outcomes.get("ok", 0), gone)


def _unlisted(db: Connection, crawl_id: int) -> dict[_Site, dict[str, int]]:
    """What came of the pages that a crawl asked for though no search of it listed them: site -> outcome -> pages."""
    listed = select(r.hit.c.page_id).join(r.search).where(r.search.c.crawl_id == crawl_id)
    query = (
        select(r.site.c.authority, r.site.c.host_kind, r.site.c.home_url, r.capture.c.outcome, func.count())
        .join(r.capture, r.capture.c.site_id == r.site.c.id)
        .where(r.capture.c.crawl_id == crawl_id, r.capture.c.page_id.not_in(listed))
        .group_by(r.site.c.authority, r.site.c.host_kind, r.site.c.home_url, r.capture.c.outcome)
    )
    found: dict[_Site, dict[str, int]] = defaultdict(dict)
    for authority, kind, home, outcome, count in db.execute(query):
        found[authority, kind, home][outcome] = count
    return found


def _last_good(crawls: list[_Crawl]) -> Iterator[LastGood]:
    for authority in dict.fromkeys(site[0] for site, _ in crawls[-1].asked):
        good = (crawl for crawl in reversed(crawls) if _all_answered(crawl.asked.values(), authority))
        last = next(good, None)
        yield LastGood(authority, last.as_of.isoformat() if last else "")


def _all_answered(asked: Iterable[_Asked], authority: str) -> bool:
    own = [each.answered for each in asked if each.site[0] == authority]
    return bool(own) and all(own)
