"""What happens to the pretend sites after July 2008: evolution.toml, checked on reading."""

import tomllib
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from replica.plan import HERE, SitePlan

Lost = Literal["dead", "gone", "soft"]
Outage = Literal["blocked", "maintenance", "search-error", "search-silent", "index-lost", "robots", "refused"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Happening(_Row):
    """Something that befalls one page in one month; the kinds are explained at the head of evolution.toml."""

    month: str
    code: str
    id: str
    kind: Literal["appears", "changes", "moves", "goes", "returns", "unlisted", "listed", "fails", "works"]
    replace: tuple[tuple[str, str], ...] = ()
    append: str = ""
    title: str = ""
    text: str = ""
    what: Literal["passage", "other"] = "passage"
    answer: dict[str, Any] = {}
    redirect: bool = True
    how: Lost = "dead"
    search: Literal["drops", "keeps"] = "drops"
    at: Literal["same", "new"] = "same"


class Redesign(_Row):
    """A site made anew. `plan` replaces keys of its plan; with `redirects` every old address leads to its new one."""

    month: str
    code: str
    redirects: bool = True
    plan: dict[str, Any]


class Failure(_Row):
    """An outage from the month `since` to the month `until`, both included."""

    code: str
    how: Outage
    since: str
    until: str


class Split(_Row):
    """An authority replaced by two: the pages of the first heir are redirected to, those of the second only stand there anew."""

    month: str
    code: str
    closes: str
    first: SitePlan
    second: SitePlan
    to_second: tuple[str, ...]


class Drift(_Row):
    """Shares of a site's pages that something befalls in any month, and lines without meaning that appear below pages."""

    redate: float
    tail: float
    appear: float
    go: float
    stale: float
    come_back: float
    move: float
    redirect: float
    unlist: float
    tails: tuple[str, ...]


class Validators(_Row):
    """Which sites honour conditional requests for pages (`honest`), send marks that mean nothing (`now`), or for files marks
    that differ between two servers (`farm`). All others: pages without, files with honest ones."""

    honest: tuple[str, ...]
    now: tuple[str, ...]
    farm: tuple[str, ...]


class Evolution(_Row):
    """The whole file."""

    first: str
    last: str
    drift: Drift
    dated_footers: tuple[str, ...]
    new_menus: dict[str, tuple[str, ...]]
    renamed: dict[str, tuple[str, str]]
    validators: Validators
    page: tuple[Happening, ...] = Field(default=())
    redesign: tuple[Redesign, ...] = Field(default=())
    outage: tuple[Failure, ...] = Field(default=())
    split: tuple[Split, ...] = Field(default=())

    def months(self, until: str | None = None) -> list[str]:
        """The months from the first to `until` (the last when None). Raises ValueError for a month outside."""
        found = [self.first]
        while found[-1] != self.last:
            found.append(following(found[-1]))
        if until is None:
            return found
        if until not in found:
            raise ValueError(f"month {until!r}: the replica lives from {self.first} to {self.last}, as in 2008-08")
        return found[: found.index(until) + 1]


def following(month: str) -> str:
    """The month after: 2008-12 -> 2009-01."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"


@cache
def evolution() -> Evolution:
    """The file, read once. Raises ValueError where it does not hold."""
    with (HERE / "evolution.toml").open("rb") as handle:
        return Evolution.model_validate(tomllib.load(handle))
