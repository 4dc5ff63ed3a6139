"""How a crawl stands, read from the record: what is done, what is left, which searches were not complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from study import record as r
from study.record import Record
from study.vitals import Vitals, vitals


@dataclass(frozen=True)
class Trouble:
    """One search that is done and not complete."""

    authority: str
    home_url: str
    keyword: str
    query: str
    status: str
    reason: str


@dataclass(frozen=True)
class Change:
    """A site whose search is another than an earlier crawl found; ``was`` and ``now`` say how it is asked."""

    authority: str
    home_url: str
    was: str
    now: str


@dataclass(frozen=True)
class Health:
    """The state of one crawl."""

    crawl_id: int
    protocol: str
    sample: str
    as_of: str
    finished: bool
    sites: int
    searches: dict[str, int]  # status -> count
    pages: dict[str, int]  # outcome -> count
    searches_left: int
    pages_left: int
    troubles: tuple[Trouble, ...]
    vitals: Vitals
    changes: tuple[Change, ...] = ()
    traffic: dict[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain dict."""
        return {**asdict(self), "unusable_percent": round(self.vitals.unusable_percent, 1)}


def way(asked: dict[str, Any] | None) -> str:
    """Return in words how a site is asked (``site.changed_from``): 'form GET http://.../search, q'; '' for None."""
    if not asked:
        return ""
    return f"{asked['how']} {asked['method']} {asked['url']}, {asked['param']}"


def health(record: Record, crawl_id: int | None = None) -> Health:
    """Return how a crawl (default: the newest) stands; raise RecordError where there is none."""
    crawl_id = crawl_id or record.latest_crawl()
    with record.begin() as db:
        crawl = db.execute(select(r.crawl).where(r.crawl.c.id == crawl_id)).one()
        sites = db.execute(select(func.count()).select_from(r.site).where(r.site.c.crawl_id == crawl_id)).scalar_one()
        searches = {
            str(status or "pending"): count
            for status, count in db.execute(
                select(r.search.c.status, func.count())
                .where(r.search.c.crawl_id == crawl_id)
                .group_by(r.search.c.status)
            )
        }
        pages = {
            str(outcome or "pending"): count
            for outcome, count in db.execute(
                select(r.capture.c.outcome, func.count())
                .where(r.capture.c.crawl_id == crawl_id)
                .group_by(r.capture.c.outcome)
            )
        }
        troubles = db.execute(
            select(
                r.site.c.authority,
                r.site.c.home_url,
                r.search.c.keyword,
                r.search.c.query,
                r.search.c.status,
                r.search.c.reason,
            )
            .join(r.site, r.site.c.id == r.search.c.site_id)
            .where(r.search.c.crawl_id == crawl_id, r.search.c.state == "done", r.search.c.status != "complete")
            .order_by(r.search.c.id)
        ).all()
        changes = tuple(_changes(db, crawl_id))
        beside = vitals(db, crawl_id)
    return Health(
        crawl_id=crawl_id,
        protocol=crawl.protocol,
        sample=crawl.sample,
        as_of=crawl.as_of.isoformat(),
        finished=crawl.finished_at is not None,
        sites=sites,
        searches=searches,
        pages=pages,
        searches_left=searches.get("pending", 0),
        pages_left=pages.get("pending", 0),
        troubles=tuple(Trouble(t[0], t[1], t[2], t[3], t[4], t[5] or "") for t in troubles),
        vitals=beside,
        changes=changes,
        traffic=crawl.traffic,
    )


def _changes(db: Connection, crawl_id: int) -> Iterator[Change]:
    query = select(r.site).where(r.site.c.crawl_id == crawl_id).order_by(r.site.c.id)
    for row in db.execute(query):
        if row.changed_from:
            spec = (row.function or {}).get("spec")
            now = way({**spec, "param": spec["query_param"]}) if spec else f"{row.status}: {row.reason}"
            yield Change(
                row.authority, row.home_url, f"{way(row.changed_from)} (crawl {row.changed_from['crawl']})", now
            )
