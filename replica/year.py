"""The replica's life: from the sites of July 2008, month by month, what evolution.toml and a little chance make of them.

Chance is a digest of authority, page and month: the same in every process, whatever else is served.
"""

import hashlib
import random
from collections.abc import Sequence
from math import floor

from replica.chrome import MONTHS, Look, day, updated
from replica.corpus import Document, address, documents, filler
from replica.evolution import Happening, Redesign, Split, evolution, following
from replica.history import Event
from replica.lineage import holder, sites_of
from replica.plan import SitePlan, plans
from replica.shape import Shape
from replica.texts import Key, later

_HOW = {"dead": "404", "gone": "410", "soft": "soft-404", "error": "500"}


def chance(*of: object) -> float:
    """A number from 0 to 1 that depends on its arguments alone."""
    digest = hashlib.md5("/".join(map(str, of)).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class Year:
    """The sites as they stand in `month`; `advance` takes them to the next one and tells what happened.

    `sites` has the authorities of Table 5.1 by code and, once they exist, the heirs of those that were split.
    """

    def __init__(self, scale: float = 1.0, only: Sequence[str] | None = None) -> None:
        self._rules = evolution()
        self._scale = scale
        self.month = self._rules.first
        codes = sites_of(only)
        self.sites = {code: Shape(plans()[code], documents(code, scale)) for code in codes}
        self._used = {code: _addresses(shape) for code, shape in self.sites.items()}
        self._away: dict[str, dict[str, Document]] = {code: {} for code in codes}
        self._stale: dict[str, list[Document]] = {code: [] for code in codes}
        self._events: list[Event] = []

    def advance(self) -> list[Event]:
        """Goes to the next month. Raises ValueError after the last one."""
        if self.month == self._rules.last:
            raise ValueError(f"the replica's life ends in {self.month}")
        self.month = following(self.month)
        self._events = []
        for code, shape in list(self.sites.items()):
            shape.month = self.month
            for split in self._rules.split:
                if split.code == code and split.closes == self.month:
                    shape.open = False
                    self._tell(code, "closes", how="refused")
            if shape.holding:
                continue
            self._frame(code, shape)
            self._stale_entries(code)
            touched = self._written(code, shape)
            if not self._upheaval(code, shape):
                self._drift(code, shape, touched)
            self._outage(code, shape)
        return self._events

    # Frames and outages.

    def _frame(self, code: str, shape: Shape) -> None:
        before = shape.look
        year, number = map(int, self.month.split("-"))
        line = f" Site last updated {MONTHS[number - 1]} {year}." if code in self._rules.dated_footers else before.line
        menu = self.month if self.month in self._rules.new_menus.get(code, ()) else before.menu
        shape.look = Look(menu, before.skin, year, line)
        if shape.look != before:
            shape.framed = self.month
            what = "menu" if menu != before.menu else "footer"
            self._tell(code, "changes", what=what)

    def _outage(self, code: str, shape: Shape) -> None:
        shape.outage = ""
        for failure in self._rules.outage:
            if failure.code == code and failure.since <= self.month <= failure.until:
                shape.outage = failure.how
                self._tell(code, "outage", how=failure.how, since=failure.since, until=failure.until)

    # What evolution.toml says of single pages.

    def _written(self, code: str, shape: Shape) -> set[str]:
        pages = {page.id: page for page in shape.pages}
        touched = set()
        for happening in self._rules.page:
            if (happening.code, happening.month) != (code, self.month):
                continue
            touched.add(happening.id)
            if happening.kind == "appears":
                text = later()[happening.id]
                page = Document(0, text.title, text.text, text.format, text.answer, text.source, id=text.id)
                self._add(code, shape, page)
                pages[page.id] = page
            elif happening.id not in pages:
                raise ValueError(f"evolution.toml: {code} has no page {happening.id} in {self.month}")
            else:
                self._befall(code, shape, pages[happening.id], happening)
        return touched

    def _befall(self, code: str, shape: Shape, page: Document, happening: Happening) -> None:
        match happening.kind:
            case "changes":
                self._change(code, page, happening)
            case "moves":
                self._move(code, shape, page, happening.redirect)
            case "goes":
                self._lose(code, page, happening.how, keeps=happening.search == "keeps")
            case "returns":
                self._return(code, shape, page, anew=happening.at == "new")
            case "unlisted" | "listed":
                page.listed = happening.kind == "listed"
                self._tell(code, happening.kind, page)
            case "fails" | "works":
                page.state = "error" if happening.kind == "fails" else "ok"
                self._tell(code, happening.kind, page, how="500" if happening.kind == "fails" else "")
            case _:
                raise AssertionError(happening.kind)

    def _change(self, code: str, page: Document, happening: Happening) -> None:
        before = page.key.relevance
        page.title, page.text = happening.title or page.title, happening.text or page.text
        for old, new in happening.replace:
            if page.text.count(old) != 1:
                raise ValueError(f"evolution.toml: {page.id} has {old!r} {page.text.count(old)} times, not once")
            page.text = page.text.replace(old, new)
        if happening.append:
            page.text = f"{page.text}\n\n{happening.append}"
        if happening.answer:
            page.key = Key.model_validate({**page.key.model_dump(), **happening.answer})
        page.changed = self.month
        was = before if before != page.key.relevance else ""
        self._tell(code, "changes", page, what=happening.what, was=was)

    # What can befall any page.

    def _add(self, code: str, shape: Shape, page: Document) -> None:
        page.number = self._number(code, shape.plan, page)
        page.path = page.target = address(shape.plan, page.number, page.format)
        page.changed = self.month
        page.dated = self._day(code, page)
        place = floor(chance(code, page.id, self.month, "place") * (len(shape.pages) + 1))
        shape.pages.insert(place, page)
        self._tell(code, "appears", page)

    def _move(self, code: str, shape: Shape, page: Document, leads: bool) -> None:
        before = page.path
        page.dated = page.dated or updated(page.number)
        page.number = self._number(code, shape.plan, page)
        page.path = page.target = address(shape.plan, page.number, page.format)
        page.old = (*page.old, before) if leads else ()
        page.changed = self.month
        self._tell(code, "moves", page, address=before, to=page.path, how=self._leaving(shape.plan, leads))

    def _lose(self, code: str, page: Document, how: str, keeps: bool) -> None:
        page.state = how  # type: ignore[assignment]
        page.listed = keeps
        if keeps:
            self._stale[code].append(page)
        self._away[code][page.id] = page
        self._tell(code, "goes", page, how=_HOW[how])

    def _return(self, code: str, shape: Shape, page: Document, anew: bool) -> None:
        before = page.path
        page.state = "ok"
        page.listed = True
        self._away[code].pop(page.id, None)
        self._stale[code] = [stale for stale in self._stale[code] if stale is not page]
        if anew:
            page.dated = page.dated or updated(page.number)
            page.number = self._number(code, shape.plan, page)
            page.path = page.target = address(shape.plan, page.number, page.format)
            page.old = ()
        page.changed = self.month
        self._tell(code, "returns", page, address=before, to=page.path if anew else "")

    def _stale_entries(self, code: str) -> None:
        """The search forgets what went last month."""
        for page in self._stale[code]:
            page.listed = False
            self._tell(code, "unlisted", page)
        self._stale[code] = []

    # Chance.

    def _drift(self, code: str, shape: Shape, touched: set[str]) -> None:
        rules = self._rules.drift
        for page in list(shape.pages):
            if page.id in touched or page.state != "ok":
                continue
            drawn = {what: chance(code, page.id, self.month, what) for what in ("text", "fate", "how", "search")}
            passing = page.source in {"filler:mentor", "filler:coach"}
            if passing and page.listed and drawn["fate"] < rules.go:
                how = (
                    "dead"
                    if drawn["how"] < 0.5
                    else "soft"
                    if drawn["how"] < 0.75 and page.format == "html"
                    else "gone"
                )
                self._lose(code, page, how, keeps=drawn["search"] < rules.stale)
            elif passing and drawn["fate"] < rules.go + rules.move:
                self._move(code, shape, page, drawn["how"] < rules.redirect)
            elif passing and drawn["fate"] < rules.go + rules.move + rules.unlist:
                page.listed = not page.listed
                self._tell(code, "listed" if page.listed else "unlisted", page)
            elif page.format == "html" and page.source != "filler:plain" and drawn["text"] < rules.redate:
                page.dated = self._day(code, page)  # always another: it names this month
                page.changed = self.month
                self._tell(code, "changes", page, what="date")
            elif page.format == "html" and page.source != "filler:plain" and drawn["text"] < rules.redate + rules.tail:
                others = [tail for tail in rules.tails if tail != page.tail]
                page.tail = others[floor(drawn["how"] * len(others))]
                page.changed = self.month
                self._tell(code, "changes", page, what="line")
        busy = touched | {event.page for event in self._events if event.authority == holder(code, self.month)}
        for page in list(self._away[code].values()):
            back = page.source.startswith("filler") and chance(code, page.id, self.month, "back") < rules.come_back
            if back and page.id not in busy:
                self._return(code, shape, page, anew=False)
        self._arrivals(code, shape)

    def _arrivals(self, code: str, shape: Shape) -> None:
        seen = {page.text for page in shape.pages}
        serial = evolution().months().index(self.month)
        for group, total in (("mentor", shape.plan.mentor), ("coach", shape.plan.coach)):
            wanted = total * self._scale * self._rules.drift.appear
            count = floor(wanted) + (chance(code, group, self.month, "arrivals") < wanted % 1)
            for number in range(count):
                # Numbers from 100,000 belong to no page of July 2008.
                self._add(code, shape, filler(shape.plan, group, 100_000 + 1_000 * serial + number, seen))

    # Whole sites.

    def _upheaval(self, code: str, shape: Shape) -> bool:
        """Redesigns or splits a site whose month it is; then nothing else happens to its pages, so that each event can be seen."""
        redesigns = [row for row in self._rules.redesign if (row.code, row.month) == (code, self.month)]
        splits = [row for row in self._rules.split if (row.code, row.month) == (code, self.month)]
        for redesign in redesigns:
            self._redesign(code, shape, redesign)
        for split in splits:
            self._split(shape, split)
        return bool(redesigns or splits)

    def _redesign(self, code: str, shape: Shape, redesign: Redesign) -> None:
        changed = {**shape.plan.model_dump(), **redesign.plan}
        shape.plan = SitePlan.model_validate(changed)
        shape.look = Look(shape.look.menu, self.month, shape.look.year, shape.look.line)
        shape.framed = self.month
        readdressed = bool({"pages", "files"} & redesign.plan.keys())
        self._tell(code, "redesign", how=self._leaving(shape.plan, redesign.redirects) if readdressed else "")
        if not readdressed:
            return
        for page in list(shape.pages):
            if page.state not in {"ok", "redirect", "error"}:
                shape.pages.remove(page)
                if page.listed:
                    self._tell(code, "unlisted", page)
                continue
            before = page.path
            page.old = (*page.old, *{page.path: None, page.target: None}) if redesign.redirects else ()
            if page.state == "redirect":
                page.state = "ok"
            page.path = page.target = address(shape.plan, page.number, page.format)
            self._used[code].add(page.path)
            page.changed = self.month
            how = self._leaving(shape.plan, redesign.redirects)
            self._tell(code, "moves", page, address=before, to=page.path, how=how)
        self._away[code] = {}
        self._stale[code] = []

    def _split(self, shape: Shape, split: Split) -> None:
        heirs = [
            (plan.code, Shape(plan, [], look=shape.look, month=self.month)) for plan in (split.first, split.second)
        ]
        for heir, site in heirs:
            site.framed = self.month
            self.sites[heir] = site
            self._used[heir], self._away[heir], self._stale[heir] = set(), {}, []
        self._tell(split.code, "splits", to=";".join(heir for heir, _ in heirs))
        for page in shape.pages:
            if page.state not in {"ok", "redirect"}:
                if page.listed:
                    self._tell(split.code, "unlisted", page)
                continue
            second = page.id in split.to_second or (
                not page.id.startswith("t") and chance(split.code, page.id, "half") < 0.5
            )
            taken = heirs if page.source == "filler:plain" else [heirs[second]]
            for heir, site in taken:
                copy = Document(0, page.title, page.text, page.format, page.key, page.source, id=page.id)
                copy.listed, copy.tail = page.listed, page.tail
                copy.dated, copy.changed = page.dated or updated(page.number), self.month
                copy.number = self._number(heir, site.plan, copy)
                copy.path = copy.target = address(site.plan, copy.number, copy.format)
                site.pages.append(copy)
                leads = heir == split.first.code
                if not leads and len(taken) > 1:
                    self._tell(heir, "appears", copy)
                    continue
                if leads:
                    for path in (page.path, page.target, *page.old):
                        shape.sends[path] = (heir, copy.path)
                how = "redirect" if leads else "404"
                self._tell(split.code, "moves", page, to=copy.path, to_authority=heir, how=how)
        shape.pages, shape.holding, shape.heirs = [], True, tuple(heir for heir, _ in heirs)

    # Small things.

    def _number(self, code: str, plan: SitePlan, page: Document) -> int:
        """A number whose address nothing on this site has had."""
        rng = random.Random(f"{code}/{page.id}/{self.month}/number")
        while True:
            number = rng.randrange(10_000, 99_000)
            path = address(plan, number, page.format)
            if path not in self._used[code]:
                self._used[code].add(path)
                return number

    def _day(self, code: str, page: Document) -> str:
        year, number = map(int, self.month.split("-"))
        return day(1 + floor(chance(code, page.id, self.month, "day") * 27), year, number)

    @staticmethod
    def _leaving(plan: SitePlan, leads: bool) -> str:
        """What an old address answers."""
        return "redirect" if leads else "soft-404" if plan.soft_errors else "404"

    def _tell(self, code: str, kind: str, page: Document | None = None, address: str = "", **facts: str) -> None:
        about = {}
        if page is not None:
            about = {
                "address": address or page.path,
                "page": page.id,
                "relevance": page.key.relevance,
                "relation": page.key.relation,
                "format": page.format,
            }
        self._events.append(Event(self.month, holder(code, self.month), kind, **about, **facts))


def _addresses(shape: Shape) -> set[str]:
    return {path for page in shape.pages for path in (page.path, page.target)}
