"""How a crawl begins in the record: its sites, pending, with everything that is to be asked of them; and how hosts join it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from crawler.frontier import SiteRow
from study import record as r
from study.protocol import Protocol
from study.record import Record
from study.version import VERSION

# A crawl's day may be so long ago that it is gone on with unasked: a month's run is not the last month's.
GOES_ON_DAYS = 14


@dataclass(frozen=True)
class Target:
    """One site to visit: whose it is, its home page, and what kind of host it is (main | portal | committee)."""

    authority: str
    home_url: str
    host_kind: str = "main"


def open_crawl(
    record: Record,
    protocol: Protocol,
    sample: str,
    targets: Sequence[Target],
    as_of: date,
    *,
    fresh: bool = False,
) -> tuple[int, bool]:
    """Return (crawl id, resumed): the unfinished crawl of the same protocol, sample, targets and day, or a new one.

    ``fresh`` leaves an unfinished one as it is and begins anew.
    """
    wanted = _as_kept(targets)
    with record.begin_crawling() as db:
        if not fresh:
            for crawl in _asking_the_same(db, protocol, sample, wanted):
                if crawl.finished_at is None and crawl.as_of == as_of:
                    return int(crawl.id), True
        crawl_id = insert_crawl(db, protocol, sample, wanted, as_of)
        for target in targets:
            _add_site(db, crawl_id, target, protocol)
    return crawl_id, False


def day_to_go_on(
    record: Record, protocol: Protocol, sample: str, targets: Sequence[Target], given: date | None
) -> tuple[date | None, str]:
    """Return the day of the interrupted crawl that goes on, if any; and what is to be said of one that is left as it is.

    Where no day was ``given``, an interrupted crawl goes on for :data:`GOES_ON_DAYS`; else the days must agree.
    """
    with record.begin() as db:
        same = list(_asking_the_same(db, protocol, sample, _as_kept(targets)))
    for crawl in same:
        if crawl.finished_at is None and goes_on(crawl.as_of, given):
            return crawl.as_of, ""
    if not same or same[0].finished_at is not None:
        return None, ""
    why = f"--as-of asks for {given}" if given else f"that is more than {GOES_ON_DAYS} days ago"
    left = f"Crawl {same[0].id}, as of {same[0].as_of}, was interrupted and is left as it is: {why}"
    return None, f"{left}. A new one begins; --as-of={same[0].as_of} goes on with the old one."


def goes_on(as_of: date, given: date | None) -> bool:
    """Tell whether a crawl that speaks for ``as_of`` is gone on with, where the day ``given`` (None: today) is asked for."""
    if given is not None:
        return as_of == given
    return abs(datetime.now(UTC).date() - as_of).days <= GOES_ON_DAYS


def finished_crawls(record: Record) -> list[int]:
    """Return the ids of all crawls that are finished."""
    with record.begin() as db:
        return list(db.execute(select(r.crawl.c.id).where(r.crawl.c.finished_at.is_not(None))).scalars())


def newly_finished(
    record: Record, protocol: Protocol, sample: str, targets: Sequence[Target], besides: Collection[int]
) -> tuple[int, date] | None:
    """Return id and day of the newest finished crawl that asks the same and is not among ``besides``."""
    with record.begin() as db:
        for crawl in _asking_the_same(db, protocol, sample, _as_kept(targets)):
            if crawl.finished_at is not None and crawl.id not in besides:
                return int(crawl.id), crawl.as_of
    return None


def _as_kept(targets: Sequence[Target]) -> list[dict[str, str]]:
    return [{"authority": t.authority, "home_url": t.home_url, "host_kind": t.host_kind} for t in targets]


def _asking_the_same(
    db: Connection, protocol: Protocol, sample: str, wanted: list[dict[str, str]]
) -> Iterator[Row[Any]]:
    """The crawls of this protocol, sample and targets, the newest first."""
    of_it = (r.crawl.c.protocol_hash == protocol.hash) & (r.crawl.c.sample == sample)
    for crawl in db.execute(select(r.crawl).where(of_it).order_by(r.crawl.c.id.desc())):
        if crawl.targets == wanted:
            yield crawl


def _add_site(db: Connection, crawl_id: int, target: Target, protocol: Protocol) -> int:
    """Add a site with everything that is to be asked of it; return its id."""
    site_id = _id(
        db,
        r.site,
        crawl_id=crawl_id,
        authority=target.authority,
        host_kind=target.host_kind,
        home_url=target.home_url,
        state="pending",
    )
    r.insert_new(
        db,
        r.search,
        [
            {
                "crawl_id": crawl_id,
                "site_id": site_id,
                "keyword": keyword.code,
                "query": variant,
                "via": "search",
                "state": "pending",
            }
            for keyword in protocol.keywords
            for variant in keyword.variants
        ],
    )
    return site_id


def insert_crawl(db: Connection, protocol: Protocol, sample: str, targets: list[dict[str, str]], as_of: date) -> int:
    """Add a crawl that begins now; return its id."""
    return _id(
        db,
        r.crawl,
        protocol=protocol.name,
        protocol_hash=protocol.hash,
        sample=sample,
        targets=targets,
        as_of=as_of,
        version=VERSION,
        started_at=datetime.now(UTC),
    )


def _id(db: Connection, table: Any, **values: Any) -> int:
    key = db.execute(table.insert().values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def add_hosts(
    db: Connection, site: SiteRow, homes: Sequence[str], host_kind: str, protocol: Protocol, same: Callable[[str], str]
) -> list[SiteRow]:
    """Add further hosts of a site's authority to its crawl, pending, and return them.

    To be committed with the discovery that found them: whoever goes on after a kill finds both or neither. ``same`` gives
    equal values for home pages of one host; those that the crawl has already are left as they are.
    """
    crawl_id = db.execute(select(r.site.c.crawl_id).where(r.site.c.id == site.id)).scalar_one()
    of_it = (r.site.c.crawl_id == crawl_id) & (r.site.c.authority == site.authority)
    known = {same(home) for home in db.execute(select(r.site.c.home_url).where(of_it)).scalars()}
    added = []
    for home in homes:
        if same(home) not in known:
            known.add(same(home))
            site_id = _add_site(db, crawl_id, Target(site.authority, home, host_kind), protocol)
            added.append(SiteRow(site_id, site.authority, home, "pending", None, None, host_kind))
    return added
