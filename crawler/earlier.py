"""What earlier crawls knew of a site, and what the record says where this one sees otherwise.

The write functions are run by the writer; each is one step that a killed crawl has either taken or not.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, update
from sqlalchemy.engine import Connection

from crawler import frontier
from crawler.asking import SearchFunction, State
from crawler.verifying import Closing
from study import record as r
from study.addresses import canonical_url
from study.record import Record

LEAST_FALL = 5  # distinct hits that a search must have had for none to be a fall
_LOST = "0 hits now"  # how the reason of a fall begins
_BELIEVED = ("complete", "capped")


def last_function(record: Record, site_id: int, *, rendered: bool = True) -> tuple[int, SearchFunction] | None:
    """Return the newest earlier crawl in which this site's search was found, and the search; None where there is none.

    ``rendered`` false passes over those that only a browser can ask.
    """
    now = select(r.site).where(r.site.c.id == site_id).subquery()
    query = (
        select(r.site.c.crawl_id, r.site.c.function)
        .join(
            now,
            (r.site.c.authority == now.c.authority)
            & (r.site.c.host_kind == now.c.host_kind)
            & (r.site.c.home_url == now.c.home_url)
            & (r.site.c.crawl_id < now.c.crawl_id),
        )
        .where(r.site.c.how.is_not(None))
        .order_by(r.site.c.crawl_id.desc())
    )
    with record.begin() as db:
        known = [
            (int(row.crawl_id), SearchFunction.from_json(row.function)) for row in db.execute(query) if row.function
        ]
    return next((each for each in known if each[1].spec and (rendered or not each[1].spec.rendered)), None)


def hosts(record: Record, site_id: int, host_kind: str) -> list[str]:
    """Home pages of the further hosts of a site's authority whose search the last crawl of the site had found."""
    site = select(r.site.c.authority, r.site.c.home_url, r.site.c.crawl_id).where(r.site.c.id == site_id).subquery()
    last = (
        select(func.max(r.site.c.crawl_id))
        .join(site, (r.site.c.authority == site.c.authority) & (r.site.c.home_url == site.c.home_url))
        .where(r.site.c.crawl_id < site.c.crawl_id)
        .scalar_subquery()
    )
    query = (
        select(r.site.c.home_url)
        .join(site, r.site.c.authority == site.c.authority)
        .where(r.site.c.crawl_id == last, r.site.c.host_kind == host_kind, r.site.c.how.is_not(None))
        .order_by(r.site.c.id)
    )
    with record.begin() as db:
        return list(db.execute(query).scalars())


def changed_from(last: tuple[int, SearchFunction] | None, function: SearchFunction) -> dict[str, Any] | None:
    """Return how the site was asked in an earlier crawl where that was otherwise than ``function``; else None."""
    if last is None:
        return None
    then = _identity(last[1])
    return {"crawl": last[0], **then} if then != _identity(function) else None


def _identity(function: SearchFunction) -> dict[str, str]:
    spec = function.spec
    if spec is None:
        return {}
    return {
        "how": function.how,
        "url": canonical_url(spec.url),
        "param": spec.query_param,
        "method": spec.method,
    }


def keep_function(db: Connection, site_id: int, function: SearchFunction, changed: dict[str, Any] | None) -> None:
    """Keep a site's search, and how it was asked before where that has changed."""
    frontier.keep_function(db, site_id, function)
    if changed:
        db.execute(update(r.site).where(r.site.c.id == site_id).values(changed_from=changed))


def keep_conclusion(db: Connection, search_id: int, state: State, search_url: str) -> None:
    """End a search as :func:`frontier.keep_conclusion` does; 'complete' becomes 'suspect' where its hits are all gone."""
    frontier.keep_conclusion(db, search_id, state, search_url)
    lost = _lost(db, search_id)
    if lost:
        db.execute(update(r.search).where(r.search.c.id == search_id).values(status="suspect", reason=lost))


def _lost(db: Connection, search_id: int, least: int = LEAST_FALL) -> str:
    """Why a search that found nothing is not believed: the last one that was believed had found something.

    Not the last one made: a search that stays empty would be believed at the second time of asking. ``home_url`` may have
    moved since; another site of the authority that this crawl visits as well is not the same site.
    """
    now = db.execute(
        select(
            r.search.c.crawl_id,
            r.search.c.query,
            r.search.c.via,
            r.search.c.status,
            r.search.c.distinct_urls,
            r.search.c.reason,
            r.site.c.id.label("site_id"),
            r.site.c.authority,
            r.site.c.host_kind,
            r.site.c.home_url,
        )
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .where(r.search.c.id == search_id)
    ).one()
    if now.status != "complete" or now.distinct_urls:
        return ""
    others = select(r.site.c.home_url).where(r.site.c.crawl_id == now.crawl_id, r.site.c.id != now.site_id)
    then = db.execute(
        select(r.search.c.distinct_urls, r.crawl.c.id, r.crawl.c.as_of)
        .join(r.site, r.site.c.id == r.search.c.site_id)
        .join(r.crawl, r.crawl.c.id == r.search.c.crawl_id)
        .where(
            r.crawl.c.id < now.crawl_id,
            r.site.c.authority == now.authority,
            r.site.c.host_kind == now.host_kind,
            r.site.c.home_url.not_in(others),
            r.search.c.query == now.query,
            r.search.c.via == now.via,
            r.search.c.status == "complete",
        )
        .order_by(case((r.site.c.home_url == now.home_url, 0), else_=1), r.crawl.c.id.desc())
        .limit(1)
    ).one_or_none()
    if then is None or then.distinct_urls < least:
        return ""
    return f"{_LOST}, {then.distinct_urls} in crawl {then.id} as of {then.as_of}: {now.reason}"


def was_read(record: Record, site_id: int) -> bool:
    """Tell whether any search of a site was read to an end that is believed so far."""
    query = select(func.count()).where(_believed(site_id))
    with record.begin() as db:
        return bool(db.execute(query).scalar_one())


def _believed(site_id: int) -> ColumnElement[bool]:
    """The searches that the site's own search function answered; what was read in other ways does not hang on it."""
    return and_(r.search.c.site_id == site_id, r.search.c.via == "search", r.search.c.status.in_(_BELIEVED))


def keep_closing(db: Connection, site_id: int, closing: Closing | None) -> None:
    """Keep the controls after a site's searches (None: nothing was read) and take back what they do not bear out."""
    controls = db.execute(select(r.site.c.controls).where(r.site.c.id == site_id)).scalar_one()
    if closing is not None:
        controls = {**(controls or {}), "after": closing.to_json()}
        if closing.fault:
            _take_back(db, site_id, closing.fault)
        _doubt_the_others(db, site_id)
    db.execute(update(r.site).where(r.site.c.id == site_id).values(state="done", controls=controls))


def keep_broken_off(db: Connection, site_id: int, reason: str) -> None:
    """End a site that its budget ended: without the controls after them, its searches are not proven."""
    state = db.execute(select(r.site.c.state).where(r.site.c.id == site_id)).scalar_one()
    if state == "found":
        keep_closing(db, site_id, Closing(fault=f"the control queries could not be asked again: {reason}"))
    elif state == "pending":
        db.execute(update(r.site).where(r.site.c.id == site_id).values(state="done", status="failed", reason=reason))


def _doubt_the_others(db: Connection, site_id: int) -> None:
    """Where one query's hits are all gone, the site has lost its index: one hit that is gone is then no news either."""
    of_it = (r.search.c.site_id == site_id) & (r.search.c.via == "search")
    fallen = select(r.search.c.id).where(of_it, r.search.c.status == "suspect", r.search.c.reason.startswith(_LOST))
    if db.execute(fallen.limit(1)).first() is None:
        return
    empty = select(r.search.c.id).where(of_it, r.search.c.status == "complete", r.search.c.distinct_urls == 0)
    for search_id in db.execute(empty).scalars().all():
        if lost := _lost(db, search_id, least=1):
            db.execute(update(r.search).where(r.search.c.id == search_id).values(status="suspect", reason=lost))


def _take_back(db: Connection, site_id: int, fault: str) -> None:
    read = db.execute(select(r.search.c.id, r.search.c.status, r.search.c.reason).where(_believed(site_id))).all()
    for row in read:
        reason = f"the site's search broke while it was read: {fault}; before that {row.status}: {row.reason}"
        db.execute(update(r.search).where(r.search.c.id == row.id).values(status="suspect", reason=reason))
