"""How a crawl stands, read from the record: what is done, what is left, which searches were not complete."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select

from study import record as r
from study.record import Record


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

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain dict."""
        return asdict(self)


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
    )
