"""A zoo of misbehaving and odd council sites on loopback ports, to test a search reader that its author never saw.

with serve() as zoo:
    for animal in animals():
        for query in animal.queries:
            got = my_reader(zoo.home(animal), allow=zoo.allow(animal), query=query)
            wrong = zoo.compare(animal, query, got.urls)
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.zoo.animal import Animal, load
from tests.zoo.engine import Options, also_kinds, stated_total
from tests.zoo.entrances import STEPS
from tests.zoo.site import Site, home_words
from tests.zoo.transport import Server

__all__ = ["Animal", "Comparison", "Expected", "Zoo", "animals", "home_words", "serve"]

ENTRY_STEPS = {
    "frameset": 2, "iframe": 2, "refresh": 2, "js-redirect": 2, "splash": 2, "language": 2, "redirect": 2, "redirect-host": 2,
    "consent-link": 3, "consent-form": 3, "opensearch": 2, "opensearch-rss": 2,
} | STEPS  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What a perfect reader reports for one query on one animal."""

    urls: tuple[str, ...]  # distinct hit addresses in the order first shown, over all pages that plain paging reaches
    items: int  # items listed, duplicates included
    reported_total: int | None
    total_is: str  # exact | estimate | capped | absent
    status: str
    also: tuple[str, ...] = ()  # other statuses that a careful reading of DESIGN.md allows here
    reachable: tuple[str, ...] = ()  # true hits beyond `urls`, for a reader that gets round a cap or a break
    judge_items: bool = True  # False where no list of hits can be called right (broken search)
    also_total_is: tuple[str, ...] = ()  # other kinds of total that the page's words allow

    def accepts_status(self, status: str) -> bool:
        return status == self.status or status in self.also

    def accepts_total(self, total: int | None, kind: str) -> bool:
        """Whether a reported total is right; for nothing found, 0 and 'not said' are both right."""
        if not self.urls and self.reported_total in (0, None):
            return total in (0, None)
        if self.total_is == "absent" or (total is None and "absent" in self.also_total_is):
            return kind == "absent" or total is None
        return total == self.reported_total and kind in (self.total_is, *self.also_total_is)


@dataclass(frozen=True)
class Comparison:
    """A reader's hits against the expected ones, by canonical address."""

    missing: tuple[str, ...]
    false: tuple[str, ...]
    in_order: bool  # whether the right ones came in the right order


def animals() -> list[Animal]:
    """Every animal, in the order of the files."""
    return list(load())


class Zoo:
    """The running zoo."""

    def __init__(self, sites: dict[str, Site]) -> None:
        self._sites = sites

    def site(self, animal: Animal) -> Site:
        return self._sites[animal.id]

    def home(self, animal: Animal) -> str:
        """Address of the animal's home page, as an operator would type it."""
        return self.site(animal).bases["sister" if animal.home == "redirect-host" else "main"] + "/"

    def allow(self, animal: Animal) -> list[str]:
        """HOST:PORT of every host of the animal, sisters included."""
        return [urlsplit(base).netloc for base in self.site(animal).bases.values()]

    def requests(self, animal: Animal) -> int:
        """Requests so far, without robots.txt and favicon.ico."""
        return self.site(animal).requests["all"]

    def lose_index(self, animal: Animal, lost: bool = True) -> None:
        """From now on every search of this animal finds nothing (as when an index is lost between two crawls)."""
        self.site(animal).lost = lost

    def minimum_requests(self, animal: Animal, query: str) -> int:
        """Fewest requests of an honest reader: the way to the form, two controls, the result pages (and a post's redirect)."""
        steps = ENTRY_STEPS.get(animal.home, 2 if animal.home.startswith("linked") else 1)
        expected = self.expected(animal, query)
        if not animal.expect.found or (expected.status not in ("complete", "capped") and not expected.urls):
            return steps
        pages = len(self.site(animal).plan(query).pages)
        hops = 2 if animal.ask.redirect and animal.ask.redirect != animal.ask.path else 1
        turns = (pages - 1) * (2 if animal.pager.family == "goto-select" else 1)
        return steps + 2 * hops + turns + hops

    def expected(self, animal: Animal, query: str) -> Expected:
        """What the animal's own engine finds, and the status a reader must come to."""
        site, expect, pager = self.site(animal), animal.expect, animal.pager
        plan = site.plan(query, Options())
        distinct = list(dict.fromkeys(site.canonical(site.url(d)) for d in plan.listed))
        every = [u for u in dict.fromkeys(site.canonical(site.url(d)) for d in plan.hits) if u not in distinct]
        total, kind = stated_total(animal, plan)
        if plan.filler and "widen-silently" in animal.quirks:
            return Expected((), 0, None, "absent", "complete", ("suspect",), judge_items=False)
        fault_page = next(
            (int(f.at[4:]) for f in animal.faults if f.at.startswith("page") and not f.kind.endswith("-once")),
            0,
        )
        if fault_page:
            if len(plan.pages) < fault_page:
                return Expected(tuple(distinct), len(plan.listed), total, kind, "complete")
            before = [d for p in plan.pages[: fault_page - 1] for _, d in p]
            urls = tuple(dict.fromkeys(site.canonical(site.url(d)) for d in before))
            rest = tuple(u for u in [*distinct, *every] if u not in urls)
            return Expected(urls, len(before), total, kind, expect.status, expect.also, rest)
        if pager.cap:
            capped = len(plan.hits) > pager.cap
            status, also = (expect.status, expect.also) if capped else ("complete", ())
            return Expected(tuple(distinct), len(plan.listed), total, kind, status, also, tuple(every))
        if {"shuffled", "omitted"} & set(animal.quirks) and not every:  # too few hits to hide any
            return Expected(tuple(distinct), len(plan.listed), total, kind, "complete")
        if expect.status == "complete" or {"overcount", "undercount", "shuffled", "omitted"} & set(animal.quirks):
            status, also = (
                (expect.status, expect.also) if plan.hits or expect.status == "complete" else ("complete", ())
            )
            more = also_kinds(animal, plan)
            return Expected(
                tuple(distinct), len(plan.listed), total, kind, status, also, tuple(every), also_total_is=more
            )
        return Expected((), 0, None, "absent", expect.status, expect.also, judge_items=False)

    def compare(self, animal: Animal, query: str, urls: Iterable[str]) -> Comparison:
        """Missing and false hits; links that redirect, tracking parameters and fragments are read through."""
        site, expected = self.site(animal), self.expected(animal, query)
        got = list(dict.fromkeys(site.canonical(u) for u in urls))
        true = set(expected.urls) | set(expected.reachable)
        right = [u for u in got if u in expected.urls]
        return Comparison(
            tuple(u for u in expected.urls if u not in got),
            tuple(u for u in got if u not in true) if expected.judge_items else (),
            right == [u for u in expected.urls if u in got],
        )


@contextmanager
def serve(base_port: int = 0, only: Iterable[Animal] | None = None) -> Iterator[Zoo]:
    """Run the zoo: one loopback port per host of each animal, ephemeral, or counting up from `base_port`."""
    server = Server()
    server.start()
    sites: dict[str, Site] = {}
    port = base_port
    try:
        for animal in only if only is not None else animals():
            site = sites[animal.id] = Site(animal)
            for role in ("main", "sister") if _has_sister(animal) else ("main",):
                site.bases[role] = f"http://127.0.0.1:{server.listen(site.handle, role, port)}"
                port += 1 if base_port else 0
        yield Zoo(sites)
    finally:
        server.stop()


def _has_sister(animal: Animal) -> bool:
    return animal.sister or animal.ask.role == "sister" or animal.home == "redirect-host"
