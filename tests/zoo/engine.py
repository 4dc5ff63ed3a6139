"""The search behind an animal: what a query finds, and over which pages the engine spreads it, quirks included."""

import difflib
import functools
import itertools
import tomllib
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from tests.zoo.animal import HERE, Animal
from tests.zoo.corpus import Doc, words_of
from tests.zoo.formats import FORMATS

WORDING: dict[str, dict[str, Any]] = tomllib.loads((HERE / "wording.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Options:
    """What a request may change about the listing."""

    sort: str = ""
    section: str = ""
    size: int = 0


PLAIN = Options()


@dataclass(frozen=True)
class Plan:
    """Everything an engine will say to one query."""

    query: str
    hits: list[Doc]  # all matches, best first
    pages: list[list[tuple[int, Doc]]]  # what it lists, page by page, with ranks
    stated: int  # the total it claims
    size: int
    note: str = ""  # HTML above the list
    filler: list[Doc] = field(default_factory=list)  # listed like hits although nothing matched

    @property
    def listed(self) -> list[Doc]:
        return [doc for page in self.pages for _, doc in page]


def match(docs: list[Doc], query: str, any_word: bool = False) -> list[Doc]:
    """Pages with every (or any) word of the query, most frequent first."""
    words = words_of(query)
    if not words:
        return []
    test = any if any_word else all
    found = [d for d in docs if test(d.counts[w] for w in words)]
    return sorted(found, key=lambda d: (-sum(d.counts[w] for w in words), d.number))


def make_plan(animal: Animal, docs: list[Doc], query: str, options: Options = PLAIN) -> Plan:
    """What the animal's engine answers. Pure: the same question gets the same answer."""
    quirks, pager = animal.quirks, animal.pager
    size = options.size or pager.size
    hits = match(docs, query)
    note, filler = "", list[Doc]()
    if "ignore-query" in quirks:
        hits = list(docs)
    if "dead-index" in quirks:
        hits = []
    if options.section:
        hits = [d for d in hits if d.section == options.section]
    if options.sort == "date":
        hits = sorted(hits, key=lambda d: (d.date, d.number), reverse=True)
    elif options.sort == "title":
        hits = sorted(hits, key=lambda d: d.title)
    if not hits and words_of(query) and not options.section:
        note, filler = _widen(animal, docs, query)
    listing = _listing(animal, hits)
    stated = len(listing) + (1 if "overcount" in quirks and hits else 0)
    if "undercount" in quirks:
        stated = max(stated - 1, 0)
    capped = listing[: pager.cap] if pager.cap else listing
    pages = _pages(animal, capped, size)
    if {"overlap", "sticky-first", "shuffled", "omitted"} & set(quirks):
        stated = len(hits)
    return Plan(query, hits, pages, stated, size, note, filler)


def _listing(animal: Animal, hits: list[Doc]) -> list[Doc]:
    if animal.pager.family == "letters":
        return sorted(hits, key=lambda d: (d.title[0].upper(), d.title))
    if "omitted" in animal.quirks:
        # very similar pages are left out: every fifth
        return [d for n, d in enumerate(hits, 1) if n % 5]
    if "group" in animal.quirks or animal.list == "grouped":
        order = list(dict.fromkeys(d.section for d in hits))
        hits = sorted(hits, key=lambda d: order.index(d.section))
    if "duplicates" in animal.quirks and len(hits) > 3:
        # the second hit is listed again at once and the first again at the end
        return [*hits[:2], hits[1], *hits[2:], hits[0]]
    return list(hits)


def _pages(animal: Animal, listing: list[Doc], size: int) -> list[list[tuple[int, Doc]]]:
    ranked = list(enumerate(listing, 1))
    if animal.pager.family == "none":
        return [ranked]
    if "overlap" in animal.quirks:
        pages, start = [ranked[:size]], size
        while start < len(ranked):
            pages.append(ranked[start - 1 : start - 1 + size])
            start += size - 1
        return pages
    if animal.pager.family == "letters":
        return [list(group) for _, group in itertools.groupby(ranked, lambda pair: first_letter(pair[1]))] or [[]]
    if animal.pager.family == "view-all" and len(ranked) > size:
        return [ranked[:size], ranked[size:]]
    if "sticky-first" in animal.quirks and len(ranked) > size:
        # the best hit stands on top of every page
        rest = [ranked[n : n + size - 1] for n in range(1, len(ranked), size - 1)]
        return [[ranked[0], *part] for part in rest]
    if "shuffled" in animal.quirks and len(ranked) > size:
        # each page sorts anew: the last three of a page come again on the next, and three others never
        ranked = [ranked[n - 3 if n >= size and n % size < 3 else n] for n in range(len(ranked))]
    return [ranked[n : n + size] for n in range(0, len(ranked), size)] or [[]]


def _widen(animal: Animal, docs: list[Doc], query: str) -> tuple[str, list[Doc]]:
    """What some engines show when nothing matches: popular pages, or the hits of the nearest known word."""
    if "widen-popular" in animal.quirks:
        return "<p>Sorry, nothing matched. These pages are popular with other visitors:</p>", docs[3:8]
    if "widen-popular-silent" in animal.quirks:
        return "", docs[3:8]
    if "widen-ignored" in animal.quirks:
        note = f"<p>The following words were not found and have been ignored: <em>{escape(query)}</em></p>"
        return note, docs[5 : 5 + animal.pager.size]
    if "widen-fuzzy" in animal.quirks:
        known = sorted({w for d in docs for w in d.counts if len(w) > 4})
        close = difflib.get_close_matches(words_of(query)[0], known, 1, 0.0)
        if not close:  # the index is lost: there is no word to be near to
            return "", []
        near = close[0]
        note = f"<p>No results found for <b>{escape(query)}</b>. Showing results for <b>{escape(near)}</b> instead.</p>"
        return note if "widen-silently" not in animal.quirks else "", match(docs, near)[:5]
    return "", []


def total_line(animal: Animal, plan: Plan, page: int, cumulative: bool = False) -> str:
    """The line that says how much there is (HTML); empty where the engine keeps quiet."""
    shown = plan.pages[page - 1] if page <= len(plan.pages) else []
    if not shown:
        return ""
    wording = _wording(animal)
    n = plan.stated
    text = str(wording["text"])
    kind = wording.get("is", "exact")
    if kind == "estimate":
        n = estimate(n)
    if kind == "capped":
        text = text if _is_capped(animal, plan) else str(wording["uncapped"])
        n = min(n, animal.pager.cap or n)
    if kind == "floor" and plan.stated <= 10:
        text = str(wording["uncapped"])
    if plan.stated == 1 and "one" in wording:
        text = str(wording["one"])
    if page > 1 and "later" in wording:
        text = str(wording["later"])
    first = 1 if cumulative else min(rank for rank, _ in shown)
    return text.format(
        a=first, b=max(rank for rank, _ in shown), n=n, N=f"{n:,}", T=f"{n:,}".replace(",", "&nbsp;"), q=escape(plan.query), p=page,
        P=len(plan.pages), s="" if n == 1 else "s", f=n - n // 2, g=n // 2, w=in_words(n), W=in_words(n).capitalize(),
        D=f"{n:,}".replace(",", "."), C=f"{n:,}".replace(",", "'"), t=(n - 1) // 10 * 10, x=n * 3 + 41, k=n // 3, l=len(shown),
    )  # fmt: skip


def stated_total(animal: Animal, plan: Plan) -> tuple[int | None, str]:
    """The number a reader can find on the page and what it is: exact, estimate, capped or absent."""
    if not plan.pages or not plan.pages[0]:
        return (None, "absent") if animal.zero == "silent" else (0, "exact")
    if animal.ask.answer == "bare-rss":
        return None, "absent"
    if animal.ask.answer in ("json", "funnelback", "rss", "atom") or animal.ask.answer in FORMATS:
        return plan.stated, "exact"
    if animal.ask.answer == "gsa":
        return estimate(plan.stated), "estimate"
    kind = str(_wording(animal).get("is", "exact"))
    if kind == "absent":
        return None, "absent"
    if kind == "estimate":
        return estimate(plan.stated), "estimate"
    if kind == "floor" and plan.stated > 10:
        return (plan.stated - 1) // 10 * 10, "capped"
    if kind == "capped":
        return (animal.pager.cap, "capped") if _is_capped(animal, plan) else (plan.stated, "exact")
    return plan.stated, "exact"


def _is_capped(animal: Animal, plan: Plan) -> bool:
    return bool(animal.pager.cap) and plan.stated > animal.pager.cap


def estimate(n: int) -> int:
    return n if n < 10 else n + n // 9 + 1


ONES = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(n: int) -> str:
    """A number below a hundred in English words; digits above."""
    if n < 20:
        return ONES[n]
    if n > 99:
        return str(n)
    return TENS[n // 10 - 2] + (f"-{ONES[n % 10]}" if n % 10 else "")


def first_letter(doc: Doc) -> str:
    return doc.title[0].upper()


def letters(plan: Plan) -> str:
    """The first letters of a plan's pages, where pages are letters."""
    return "".join(first_letter(page[0][1]) for page in plan.pages if page)


def also_kinds(animal: Animal, plan: Plan) -> tuple[str, ...]:
    """Other kinds of total that a careful reader may report for what the page says."""
    if animal.ask.answer == "wp-json":
        return ("absent",)  # its total stands in a header alone
    floor_is_low = _wording(animal).get("is") == "floor" and plan.stated <= 10
    return () if floor_is_low or not plan.hits else tuple(_wording(animal).get("also_is", ()))


def said_in_title(animal: Animal) -> bool:
    return _wording(animal).get("place") == "title"


@functools.cache
def _named(name: str) -> dict[str, Any]:
    found: dict[str, Any] = WORDING["total"][name]
    return found


def _wording(animal: Animal) -> dict[str, Any]:
    return _named(animal.total)


def zero_text(animal: Animal, query: str) -> str:
    """What the engine says when nothing is found (HTML)."""
    return str(WORDING["zero"][animal.zero]).format(q=escape(query))


def drifted(plan: Plan, by: int) -> Plan:
    """The same answer with a total that has moved."""
    return replace(plan, stated=plan.stated + by)
