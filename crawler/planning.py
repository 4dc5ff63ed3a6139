"""What a crawl is to visit, worked out before it starts, and refused where it may not."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings

from crawler.committees import COMMITTEE
from crawler.guard import allowed_pairs, refusal
from crawler.opening import Target, day_to_go_on
from study import authorities, protocol
from study.errors import UserError
from study.protocol import Protocol
from study.record import DEFAULT_URL, ENVIRONMENT_VARIABLE, Record
from study.version import VERSION

VIA = ("search", "auto")  # ways to find hits


class PlanError(UserError):
    """A crawl cannot start as asked; the text says what to change."""


@dataclass(frozen=True)
class CrawlPlan:
    """Everything a crawl needs to know before its first request."""

    protocol: Protocol
    sample: str
    targets: tuple[Target, ...]
    as_of: date
    record_url: str
    fresh: bool = False
    via: str = "search"  # search | auto: where a site's search cannot be used, read its pages

    @property
    def software(self) -> str:
        """Name and version, for WARC files and the record."""
        return f"mentorwatch/{VERSION}"


def plan(
    *,
    protocol_name: str,
    record_url: str = "",
    codes: Sequence[str] = (),
    sample: str = "",
    sites: Sequence[str] = (),
    homes: Path | None = None,
    as_of: date | None = None,
    fresh: bool = False,
    allow: Sequence[str] = (),
    contact: str = "",
    via: str = "search",
    committees: bool = True,
) -> CrawlPlan:
    """Work out a crawl.

    ``codes`` are authorities (GSS code or slug), ``sample`` a sample's name, ``sites`` home pages outside the register;
    none of the three means the protocol's own sample. ``homes`` is a CSV (code, website) of home pages to use in place of
    the register's; ``committees`` false leaves out the register's committee systems (study/hosts.csv). ``via`` auto reads
    a site's pages where its search cannot be used. Raises :class:`PlanError`, or the errors of the protocol and the
    register.
    """
    if via not in VIA:
        raise PlanError(f"there is no way {via!r} to find hits; expected one of {', '.join(VIA)}")
    study = protocol.load(protocol_name)
    day = as_of or datetime.now(UTC).date()
    websites = _homes(homes) if homes else {}
    targets: list[Target] = []
    name = sample or ("sites" if sites and not codes else "" if codes else study.sample)
    if codes:
        targets += [_target(authorities.find(code), day, websites) for code in codes]
        name = name or "authorities"
    elif name != "sites":
        targets += [
            _target(heir, day, websites)
            for sampled in authorities.sample(name, day)
            for heir in ([sampled.authority] if sampled.authority.code in websites else _heirs(sampled.authority, day))
        ]
    targets += [
        Target(host.authority, host.home_url, host.host_kind)
        for code in dict.fromkeys(target.authority for target in targets if target.authority not in websites)
        for host in authorities.hosts().get(code, ())
        if committees or host.host_kind != COMMITTEE
    ]
    targets += [site_target(url) for url in sites]
    targets = list({(t.authority, t.home_url): t for t in targets}.values())
    if not targets:
        raise PlanError("there is nothing to crawl: name --authority, --sample or --site")
    may_start(targets, allow, contact)
    return CrawlPlan(study, name, tuple(targets), day, record_url or default_record(), fresh, via)


def going_on(planned: CrawlPlan, given: date | None) -> tuple[CrawlPlan, str]:
    """Return the plan for the day of the interrupted crawl that it goes on with; and what is to be said of one that it leaves.

    ``given`` is the day that was asked for, None where nobody named one.
    """
    if planned.fresh:
        return planned, ""
    with Record.open(planned.record_url) as record:
        day, said = day_to_go_on(record, planned.protocol, planned.sample, planned.targets, given)
    return replace(planned, as_of=day or planned.as_of), said


def default_record() -> str:
    """Return the record's URL: MENTORWATCH_RECORD of the environment, else the default."""
    return os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_URL


def site_target(url: str) -> Target:
    """Return the target for a home page outside the register; its host stands for the authority's code."""
    spelled = url if "://" in url else f"https://{url}"
    parts = urlsplit(spelled)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PlanError(f"{url!r} is no web address; expected something like https://www.example.gov.uk/")
    return Target(parts.netloc.lower(), spelled if parts.path else f"{spelled}/")


def plan_from_arguments(arguments: Mapping[str, str], settings: BaseSettings) -> CrawlPlan:
    """Work out the crawl that ``scrapy crawl sitesearch -a authorities=... -a sample=... -a sites=...`` asks for."""
    as_of = date.fromisoformat(arguments["as_of"]) if "as_of" in arguments else None
    planned = plan(
        protocol_name=arguments.get("protocol", "nfer-2008"),
        record_url=arguments.get("record", "") or settings.get("MENTORWATCH_RECORD", ""),
        codes=_split(arguments.get("authorities", "")),
        sample=arguments.get("sample", ""),
        sites=_split(arguments.get("sites", "")),
        as_of=as_of,
        allow=settings.getlist("MENTORWATCH_ALLOW"),
        contact=settings.get("MENTORWATCH_CONTACT", ""),
        via=arguments.get("via", "search"),
        committees=settings.getbool("MENTORWATCH_COMMITTEES", True),
    )
    return going_on(planned, as_of)[0]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _heirs(authority: authorities.Authority, day: date) -> list[authorities.Authority]:
    return authorities.successors(authority.code, day)


def _target(authority: authorities.Authority, day: date, websites: Mapping[str, str]) -> Target:
    if authority.code in websites:
        return Target(authority.code, websites[authority.code])
    if authority.end_date is not None and authority.end_date < day:
        heirs = ", ".join(heir.slug for heir in _heirs(authority, day))
        raise PlanError(f"{authority.name} was abolished on {authority.end_date}; crawl {heirs} instead")
    return Target(authority.code, authority.website)


def _homes(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise PlanError(f"{path}: cannot be read: {problem}") from problem
    homes = {}
    for number, row in enumerate(rows, start=2):
        code, website = (row.get("code") or "").strip(), (row.get("website") or "").strip()
        if not code or not website:
            raise PlanError(f"{path}, line {number}: expected columns code and website, both filled")
        homes[authorities.find(code).code] = website
    return homes


def may_start(targets: Iterable[Target], allow: Sequence[str], contact: str) -> None:
    """Raise :class:`PlanError` where a home page may not be asked for, or is live and nobody says who is asking."""
    allowed = allowed_pairs(allow)
    for target in targets:
        reason = refusal(target.home_url, allowed)
        if reason:
            raise PlanError(f"{target.home_url}: {reason}")
    if contact:
        return
    live = [t.home_url for t in targets if (urlsplit(t.home_url).hostname, _port(t.home_url)) not in allowed]
    if live:
        raise PlanError(
            f"{live[0]} is a live site: say who is asking with --contact (or MENTORWATCH_CONTACT), an e-mail address or a "
            "page; it goes into the User-Agent so that a webmaster can reach you"
        )


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
