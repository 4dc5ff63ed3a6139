"""The pages of one pretend site: placed texts, filler up to the plan's totals, addresses that say nothing."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Literal

from replica.compose import compose
from replica.index import Index, Match
from replica.plan import GROUPS, SitePlan, plans
from replica.texts import Key, Placed, placed

State = Literal["ok", "redirect", "dead", "soft", "gone", "error"]
_FEW = 12


@dataclass(slots=True)
class Document:
    """A page of a site as its index knows it. `target` is where a redirect leads, else the same as `path`.

    `state` is what its address answers: the page, 301, 404 (dead), 200 with 'not found' (soft), 410 (gone), 500 (error).
    The rest changes from month to month: whether the search lists it, the date it shows, what stands below its text without
    meaning anything, older addresses that lead to it, and the last month in which it changed.
    """

    number: int
    title: str
    text: str
    format: str
    key: Key
    source: str
    path: str = ""
    target: str = ""
    state: State = "ok"
    id: str = ""
    listed: bool = True
    dated: str = ""
    tail: str = ""
    old: tuple[str, ...] = ()
    changed: str = ""

    @property
    def body(self) -> str:
        """All that the page says."""
        return f"{self.text}\n\n{self.tail}" if self.tail else self.text


def documents(code: str, scale: float = 1.0) -> list[Document]:
    """All pages of a site, in the site's own (meaningless) order.

    `scale` multiplies the filler; the study's texts and those that name something stay.
    Raises ValueError where the placed texts alone exceed the plan's total of a group.
    """
    plan = plans()[code]
    here = _spread()[code]
    counts = {"extranet": plan.extranet, "plain": plan.plain}
    for group, total in (("mentor", plan.mentor), ("coach", plan.coach)):
        counts[group] = total - _matching(plan, here, group)
        if counts[group] < 0:
            raise ValueError(f"{code}: placed texts exceed the plan's {total} {group} hits by {-counts[group]}")
    kept = {text.id for text in _kept(scale)}
    found = [Document(0, t.title, t.text, t.format, t.answer, t.source, id=t.id) for t in here if t.id in kept]
    seen = {document.text for document in found}
    for group, count in counts.items():
        floor = min(count, 8) if group == "plain" else 0
        for number in range(max(floor, round(count * scale))):
            found.append(filler(plan, group, number, seen))
    random.Random(f"{code}/order").shuffle(found)
    _address(plan, found)
    _mishaps(plan, found, scale)
    return found


def indexed(plan: SitePlan, pages: Iterable[Document | Placed]) -> Index:
    """The site's index of these pages."""
    texts = ((page.title, page.body if isinstance(page, Document) else page.text) for page in pages)
    return Index(texts, plan.match, plan.words)


def union(index: Index, group: str) -> set[int]:
    """Positions of the distinct hits of a keyword group: the union over its query variants."""
    return {position for variant in GROUPS[group] for position in index.find(variant)}


def _matching(plan: SitePlan, texts: Iterable[Placed], group: str) -> int:
    return len(union(indexed(plan, texts), group))


def filler(plan: SitePlan, group: str, number: int, seen: set[str]) -> Document:
    """Filler page `number` of a group, its text unlike those in `seen` (to which it is added); not yet addressed."""
    attempt = 0
    page = compose(plan.code, group, number)
    while page.text in seen:
        attempt += 1
        page = compose(plan.code, group, number, attempt)
    seen.add(page.text)
    draw = random.Random(f"{plan.code}/{group}/{number}/format").randrange(1000)
    pdf, docx, pptx = plan.documents
    form = "pdf" if draw < pdf else "docx" if draw < pdf + docx else "pptx" if draw < pdf + docx + pptx else "html"
    return Document(0, page.title, page.text, form, page.key, f"filler:{group}", id=f"{group}-{number}")


def _address(plan: SitePlan, pages: list[Document]) -> None:
    """Gives every page a number and an address drawn without regard to what it holds."""
    numbers = random.Random(f"{plan.code}/numbers").sample(range(10_000, 99_000), len(pages))
    for page, number in zip(pages, numbers, strict=True):
        page.number = number
        page.path = page.target = address(plan, number, page.format)


def address(plan: SitePlan, number: int, form: str) -> str:
    """The path (and query) of page `number`, after the manner of the site's platform."""
    digest = hashlib.md5(f"{plan.code}/{number}".encode(), usedforsecurity=False).hexdigest()
    values = {"n": number, "m": number // 1000, "d": number % 9 + 1, "h": digest.upper(), "ext": form}
    section = plan.sections[int(digest, 16) % len(plan.sections)]
    return (plan.pages if form == "html" else plan.files).format(section=section, **values)


def _mishaps(plan: SitePlan, pages: list[Document], scale: float) -> None:
    """Lets a few filler hits have moved, gone, or turned into a 'not found' page."""
    rng = random.Random(f"{plan.code}/mishaps")
    open_to_it = [page for page in pages if page.source in {"filler:mentor", "filler:coach"} and page.format == "html"]
    rng.shuffle(open_to_it)
    counts: dict[State, int] = {"redirect": plan.redirects, "dead": plan.dead, "soft": plan.soft}
    wanted = [state for state, count in counts.items() for _ in range(count)]
    rng.shuffle(wanted)
    for page, state in zip(open_to_it[: len(open_to_it) // 4], wanted[: ceil(len(wanted) * scale)], strict=False):
        page.state = state
        if state == "redirect":
            # Numbers from 100,000 belong to nobody else: the old address is listed, the new one is not.
            page.target = address(plan, 100_000 + page.number, page.format)


@cache
def _spread() -> dict[str, list[Placed]]:
    """Code -> the placed texts of that site; texts of no authority go where there is room for one more."""
    sites: dict[str, list[Placed]] = {code: [] for code in plans()}
    loose = []
    for text in placed():
        if text.authority:
            sites[text.authority].append(text)
        else:
            loose.append(text)
    naming_tda = {code for code, texts in sites.items() if any("tda" in t.answer.mentions for t in texts)}
    rng = random.Random("replica/spread")
    room = {code: _room(plan, sites[code]) for code, plan in plans().items()}
    for text in loose:
        # The study saw the agency named on 16 sites: a loose text that names it may not open a seventeenth.
        allowed = naming_tda if "tda" in text.answer.mentions else set(sites)
        weights = [
            min(room[code][group] for group in _groups(text, plan.match))
            if code in allowed and _shows(plan, text)
            else 0
            for code, plan in plans().items()
        ]
        if not any(weights):
            raise ValueError(f"no site has room for the text {text.id}")
        code = rng.choices(list(sites), weights)[0]
        sites[code].append(text)
        for group in _groups(text, plans()[code].match):
            room[code][group] -= 1
    return sites


def _room(plan: SitePlan, texts: list[Placed]) -> dict[str, int]:
    """Group -> how many more placed texts a site takes, so that filler stays the greater part of each group."""
    room = {"mentor": min(plan.mentor // 2, 25), "coach": min(plan.coach // 2, 25), "": 25}
    for text in texts:
        for group in _groups(text, plan.match):
            room[group] = max(0, room[group] - 1)
    return room


def _groups(text: Placed, match: Match) -> tuple[str, ...]:
    """Which of mentor and coach a text is a hit of; ("",) for neither."""
    index = Index([(text.title, text.text)], match, "all")
    return tuple(group for group in ("mentor", "coach") if union(index, group)) or ("",)


def _shows(plan: SitePlan, text: Placed) -> bool:
    return text.format == "html" or sum(plan.documents) > 0


@cache
def _kept(scale: float) -> tuple[Placed, ...]:
    """The placed texts present at a scale: the study's, those that name something, and a share of the rest."""
    stay = [text for text in placed() if text.source == "study" or text.answer.mentions]
    for source in ("ambiguous", "negatives"):
        rest = [text for text in placed() if text.source == source and not text.answer.mentions]
        rest.sort(key=lambda text: hashlib.md5(text.id.encode(), usedforsecurity=False).digest())
        stay += rest[: max(min(_FEW, len(rest)), round(len(rest) * min(scale, 1.0)))]
    return tuple(stay)
