"""The register: English local authorities responsible for education, the samples, and which became which.

Sources and licences: ``study/authorities-notes.md`` (mySociety CC BY 4.0, DfE and GDS under OGL v3).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from study.errors import UserError

_HERE = Path(__file__).parent


class UnknownAuthority(UserError):
    """Raised for a code, slug or sample the register does not hold; the text offers what is near."""


class HostError(UserError):
    """Raised for a line of study/hosts.csv that does not hold; the text names it. Correct the file."""


@dataclass(frozen=True)
class Authority:
    """One authority as the register has it; ``code`` is the GSS code, ``end_date`` is set once it was abolished."""

    code: str
    dfe_code: str
    slug: str
    name: str
    region: str
    type: str
    website: str
    start_date: date | None
    end_date: date | None
    successors: tuple[str, ...]

    def in_force(self, day: date) -> bool:
        """Tell whether the authority existed on ``day``."""
        return (self.start_date is None or self.start_date <= day) and (self.end_date is None or day <= self.end_date)


@dataclass(frozen=True)
class Sampled:
    """One authority of a sample: as the register has it, and as the study named and sized it."""

    authority: Authority
    name: str
    region: str
    type: str
    size: str


@cache
def register() -> dict[str, Authority]:
    """Return all authorities by code: those of July 2008 and those created since."""
    with (_HERE / "authorities.csv").open(newline="", encoding="utf-8-sig") as file:
        return {row["code"]: _authority(row) for row in csv.DictReader(file)}


def _authority(row: dict[str, str]) -> Authority:
    return Authority(
        code=row["code"],
        dfe_code=row["dfe_code"],
        slug=row["slug"],
        name=row["name"],
        region=row["region"],
        type=row["type"],
        website=row["website"],
        start_date=_day(row["start_date"]),
        end_date=_day(row["end_date"]),
        successors=tuple(code for code in row["successors"].split(";") if code),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@dataclass(frozen=True)
class Host:
    """A further host of an authority: ``host_kind`` is ``committee`` or ``portal``."""

    authority: str
    host_kind: str
    home_url: str


@cache
def hosts(path: Path = _HERE / "hosts.csv") -> dict[str, tuple[Host, ...]]:
    """Return the further hosts that are known beforehand, by authority: study/hosts.csv, which may be missing or empty.

    Raises :class:`HostError` for a line that does not hold.
    """
    if not path.exists():
        return {}
    found: dict[str, tuple[Host, ...]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            code, kind, home = (str(row.get(name) or "").strip() for name in ("code", "host_kind", "home_url"))
            if code not in register():
                raise HostError(f"{path}, line {number}: code {code!r} is no GSS code of the register")
            if kind not in ("committee", "portal"):
                raise HostError(f"{path}, line {number}: host_kind {kind!r}; expected committee or portal")
            if not home.startswith(("http://", "https://")):
                raise HostError(f"{path}, line {number}: home_url {home!r} is no web address")
            found[code] = (*found.get(code, ()), Host(code, kind, home))
    return found


@cache
def region_codes() -> dict[str, str]:
    """Return the GSS code of each region by name."""
    with (_HERE / "regions.csv").open(newline="", encoding="utf-8-sig") as file:
        return {row["region_name"]: row["region_code"] for row in csv.DictReader(file)}


def find(code_or_slug: str) -> Authority:
    """Return the authority with this GSS code or slug; raise :class:`UnknownAuthority` offering what is near."""
    wanted = code_or_slug.strip()
    by_code = register()
    if wanted.upper() in by_code:
        return by_code[wanted.upper()]
    for authority in by_code.values():
        if authority.slug == wanted.lower():
            return authority
    near = [a.slug for a in by_code.values() if wanted.lower() in a.slug or wanted.lower() in a.name.lower()][:5]
    hint = f"; did you mean {', '.join(near)}?" if near else "; `mentorwatch authorities` lists them"
    raise UnknownAuthority(f"{code_or_slug!r} is no GSS code or slug of the register{hint}")


def samples() -> list[str]:
    """Return the names of the samples: ``england`` (all in force on a day) and the files in study/samples."""
    return ["england", *sorted(path.stem for path in (_HERE / "samples").glob("*.csv"))]


def sample(name: str, day: date) -> list[Sampled]:
    """Return the authorities of a sample in its own order; ``england`` means all in force on ``day``.

    Raises :class:`UnknownAuthority` for a sample there is no file for.
    """
    if name == "england":
        return [Sampled(a, a.name, a.region, a.type, "") for a in register().values() if a.in_force(day)]
    path = _HERE / "samples" / f"{name}.csv"
    if name not in samples():
        raise UnknownAuthority(f"there is no sample {name!r}; there are {', '.join(samples())}")
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [
            Sampled(
                find(row["code"]),
                row["name_2008"],
                row["region_2008"],
                row["type_2008"],
                row["size_2008"].lower(),
            )
            for row in csv.DictReader(file)
        ]


def successors(code: str, day: date) -> list[Authority]:
    """Return who holds the area of authority ``code`` on ``day``: itself, or whom it became, followed to the end."""
    authority = find(code)
    if authority.end_date is None or day <= authority.end_date:
        return [authority]
    found = [heir for successor in authority.successors for heir in successors(successor, day)]
    return sorted(set(found), key=lambda heir: heir.code)


def predecessors(code: str) -> list[Authority]:
    """Return the authorities that directly became authority ``code``."""
    wanted = find(code).code
    return [a for a in register().values() if wanted in a.successors]
