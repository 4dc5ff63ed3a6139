"""Which list on a results page is the answer: by a platform's selector, by what was learned, or by comparison.

A selector that finds fewer items than the comparison trusts gives way, and the page says so.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from itertools import groupby

from crawler import paging, totals
from crawler.anatomy import Anatomy, Link
from crawler.hits import completed
from crawler.layout import Layout
from crawler.lists import (
    Group,
    alone,
    branches,
    first_of_each,
    groups,
    is_search_link,
    keys,
    offers_other_query,
    place,
    ranked,
    windows,
)
from crawler.platforms import Platform, css
from crawler.searchspec import SearchSpec
from study.addresses import canonical_url

TRUSTED = 5.5
TRUSTED_ALONE = 7.0
# Taken off both where the nonsense page says that it has none, and the page in hand does not.
PLAIN = 2.0


@dataclass(frozen=True)
class Reader:
    """What reading needs to know of a search function: how it is asked, its platform, what was learned."""

    spec: SearchSpec
    layout: Layout = field(default_factory=Layout)
    platform: Platform | None = None


def choose(
    anatomy: Anatomy, reader: Reader, stated: totals.Total, *, sure: bool = True, plainly: bool = False
) -> tuple[Group | None, list[str]]:
    """The group that is the results list: by the platform's selector, by what was learned, or by comparison.

    `sure` = the stated total stands where it was learned; `plainly` = by its words this page has hits.
    """
    expected, total = stated.on_page, stated.number
    if total == 0:
        return None, []
    notes: list[str] = []
    chosen = _selected(anatomy, reader)
    if chosen is not None and chosen.parts and chosen.parts == expected:
        return chosen, notes
    learned, candidates = learned_list(anatomy, reader, expected, total if sure else None)
    if (
        learned is None
        or (expected is not None and len(learned.links) != expected)
        or (sure and _too_many(learned, total))
    ):
        generic = _generic(anatomy, reader, candidates, expected, total, PLAIN if plainly else 0.0)
        if learned is None or (generic is not None and len(generic.links) in (expected, total)):
            learned = generic
    if learned is not None and chosen is not None and expected == len(learned.links) != len(chosen.links):
        notes.append(
            f"{reader.platform.name if reader.platform else ''}: its item selector does not fit the stated range"
        )
        return learned, notes
    if reader.platform and reader.platform.results.item:
        trusted = len(learned.links) if learned is not None else 0
        if chosen is None:
            notes.append(f"{reader.platform.name}: its item selector finds nothing here; read by comparison")
        elif len(chosen.links) < trusted and expected != len(chosen.links):
            notes.append(
                f"{reader.platform.name}: its item selector finds {len(chosen.links)} of {trusted}; read by comparison"
            )
            chosen = None
    return chosen or learned, notes


def _too_many(group: Group, total: int | None) -> bool:
    """Whether a list is longer than the total that the page states."""
    return total is not None and len(group.links) > total


def _selected(anatomy: Anatomy, reader: Reader) -> Group | None:
    """The items that the platform's selectors find: in each item its title link, else its first.

    Where the file names what splits blocks, the first link of a block heads the others and is a hit only by itself.
    """
    rules = reader.platform.results if reader.platform else None
    if rules is None or not rules.item:
        return None
    blocks = css(rules.item)(anatomy.page.tree)
    title = css(rules.title) if rules.title else None
    by_element = {
        link.element: link for link in anatomy.links if link.url and not anatomy.hard(link) & reader.layout.links
    }
    links = []
    for block in blocks[:1000]:
        wanted = [by_element[e] for e in (title(block) if title else []) if e in by_element]
        wanted = wanted or [by_element[e] for e in block.iter("a") if e in by_element]
        links += wanted[:1]
    if not links:
        return None
    if not rules.split:
        place(group := Group(("selected",), links))
        return group
    cuts = sorted(anatomy.starts[e] for e in css(rules.split)(anatomy.page.tree) if e in anatomy.starts)
    parts = [list(part) for _, part in groupby(links, lambda link: bisect(cuts, link.at))]
    papers = [link for part in parts for link in part[len(part) > 1 :]]
    place(group := Group(("selected",), papers, parts=len(parts), cuts=tuple(cuts)))
    return group


def possible_hits(anatomy: Anatomy, reader: Reader) -> list[Link]:
    """Links that may be hits: on the web, not the search itself in another state, no offers of other queries."""
    page_url, param = anatomy.page.url, reader.spec.query_param
    own, stem = canonical_url(page_url), len(page_url.split("?")[0])
    return [
        link
        for link in anatomy.links
        if link.url
        and not link.href.startswith("#")
        and (link.url[:stem] != page_url[:stem] or canonical_url(link.url) != own)
        and not offers_other_query(link.text)
        and not paging.is_pager(link, anatomy.query)
        and not is_search_link(link.url, page_url, anatomy.query, param, bare=False)
    ]


def learned_list(
    anatomy: Anatomy, reader: Reader, expected: int | None, total: int | None
) -> tuple[Group | None, list[Link]]:
    """The links that stand where the learned list stands; also the page's candidates."""
    layout = reader.layout
    candidates = possible_hits(anatomy, reader)
    if not layout.slot:
        return None, candidates
    depth = len(layout.container)
    new = [link for link in candidates if not anatomy.hard(link) & layout.links]
    slot = ("strict", *layout.slot[1:]) if layout.slot[0] == "first" else layout.slot
    alike = [link for link in new if slot in keys(link)]
    inside = [link for link in alike if link.styled[:depth] == layout.container] or [
        link
        for link in alike
        if [s.split(".")[0] for s in link.styled[:depth]] == [s.split(".")[0] for s in layout.container]
    ]
    if not inside:
        return None, candidates
    if layout.slot[0] == "first":
        inside = first_of_each(inside, depth + 1) or inside
    group = Group(layout.slot, inside)
    place(group)
    parts = [*branches(group, depth), *windows(group, expected if expected is not None else total)]
    if len(parts) > 1:
        group = ranked(parts, anatomy, expected, total)[0]
    if len(group.links) == 1:
        group = alone(group, depth)
    within = [link for link in new if link.styled[:depth] == layout.container]
    whole = completed(group, within)
    wanted = expected if expected is not None else total
    if wanted is not None and len(group.links) == wanted != len(whole.links):
        return group, candidates
    return whole, candidates


def _generic(
    anatomy: Anatomy,
    reader: Reader,
    candidates: list[Link],
    expected: int | None,
    total: int | None,
    spare: float,
) -> Group | None:
    """The best group of links that the nonsense page does not have, if it is good enough to be a results list."""
    layout = reader.layout
    strict = [
        c for c in candidates if not is_search_link(c.url, anatomy.page.url, anatomy.query, reader.spec.query_param)
    ]
    new = [link for link in strict if not anatomy.hard(link) & layout.links]
    compared = bool(layout.links or layout.nonsense_url)
    strong = {link.at for link in new if not {f"s{key}" for key in anatomy.soft(link)} & layout.links}
    for group in groups(anatomy, new, expected, total)[:30]:
        own = sum(link.at in strong for link in group.links)
        score = group.score - 4 * (1 - own / len(group.links)) - (0 if compared else 3)
        enough = TRUSTED if len(group.links) > 1 or expected == 1 or total == 1 else TRUSTED_ALONE
        if score + spare >= (enough if compared else enough - 1):
            return completed(group, new)
    return None
