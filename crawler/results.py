"""Reading one results page: its items, the total, what the engine says it ran, and where the next page is.

The centre is a comparison: what stands on a nonsense query's page too is furniture, what does not is the answer
(`learn`). Selectors of a platform file come first where they hold; where they find fewer items than the comparison
trusts, the comparison is used and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lxml.html import HtmlElement

from crawler import feeds, paging, totals
from crawler.anatomy import Anatomy, Line, Link, short, take_apart
from crawler.hits import Item, completed, item_lines, items_of
from crawler.layout import Layout
from crawler.lists import Group, first_of_each, groups, is_search_link, keys, offers_other_query, place
from crawler.platforms import Platform, css
from crawler.searchspec import SearchSpec
from crawler.web import Ask, Page, canonical_url

TRUSTED = 5.5
TRUSTED_ALONE = 7.0


@dataclass(frozen=True)
class Reader:
    """What reading needs to know of a search function: how it is asked, its platform, what was learned."""

    spec: SearchSpec
    layout: Layout = field(default_factory=Layout)
    platform: Platform | None = None


@dataclass(frozen=True)
class ResultsPage:
    """One results page as read. `notes` say where a platform's selectors did not hold."""

    url: str
    items: tuple[Item, ...] = ()
    total: totals.Total = field(default_factory=totals.Total)
    says_none: bool = False
    says_capped: bool = False
    says_no_query: bool = False
    ran_query: str = ""
    next: Ask | None = None
    next_how: str = ""
    same_as_nonsense: bool = False
    notes: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """A short hash of the addresses listed: equal for a page that repeats another."""
        return signature(self.items)

    @property
    def understood(self) -> bool:
        """Whether the page is plainly an answer: items, or words that say there are none."""
        return bool(self.items) or self.says_none


def signature(items: Sequence[Item]) -> str:
    """A short hash of the addresses of items; '' for none."""
    return short("\n".join(item.url for item in items)) if items else ""


def read(page: Page, query: str, reader: Reader, turned: int = 0, collected: int = 0) -> ResultsPage:
    """Read a results page of `query`; before it, `turned` pages of this query with `collected` items were read."""
    if feeds.is_feed(page):
        feed = feeds.read_feed(page, reader.spec, turned, collected)
        return ResultsPage(
            page.url,
            feed.items,
            feed.total,
            says_none=feed.says_none,
            ran_query=feed.ran_query,
            next=feed.next,
            next_how="feed",
        )
    result = read_html(take_apart(page, query), reader, turned, collected)
    # What an error page lists is not the answer, but it may say that there are no hits.
    return replace(result, items=(), next=None, total=totals.Total()) if page.status >= 400 else result


def read_html(anatomy: Anatomy, reader: Reader, turned: int = 0, collected: int = 0) -> ResultsPage:
    """Read an HTML results page that is already taken apart."""
    page, query = anatomy.page, anatomy.query
    fresh = _fresh_lines(anatomy, reader.layout)
    outside = [line.text for line in fresh]
    stated = totals.read_total(outside, query)
    group, notes = _list(anatomy, reader, stated)
    none = _says_none(fresh, anatomy, reader)
    if group is not None and none and not _outweighs_none(group, stated, reader.layout):
        group = None
    items = items_of(group, anatomy) if group else []
    if items and reader.layout.stray and signature(items) == reader.layout.stray:
        # The engine lists what it listed for a word that nobody has: it found nothing, and does not say so.
        items, none = [], True
    if group:
        start, end = item_lines(group, anatomy)
        fresh = [line for line in fresh if not start <= line.at <= end]
        outside = [line.text for line in fresh]
    total = _total(anatomy, fresh, outside, reader.layout, len(items), max(turned, collected))
    if not items and total.number and none:
        total = totals.Total(0, "exact", line=total.line)
    turn = paging.find_next(anatomy, reader.spec, reader.layout, group, total, turned, _next_selector(reader))
    ran = totals.ran_instead(outside, query)
    if not ran and reader.layout.echoes:
        ran = _echoed_otherwise(page, query, reader.spec)
    return ResultsPage(
        url=page.url,
        items=tuple(items),
        total=total,
        says_none=not items and (none or total.number == 0),
        says_capped=totals.says_capped(outside),
        says_no_query=not items and totals.says_no_query(outside),
        ran_query=ran,
        next=turn.ask if items and turn else None,
        next_how=turn.how if items and turn else "",
        same_as_nonsense=not items and bool(reader.layout.lines) and _all_known(anatomy, reader.layout),
        notes=tuple(notes),
    )


def _total(
    anatomy: Anatomy, fresh: Sequence[Line], outside: Sequence[str], layout: Layout, items: int, before: int
) -> totals.Total:
    """The stated total: where it stood on the page that was learned from, else wherever a line reads like one.

    A total below what is listed (and was listed on the pages before) is some other number.
    """
    at = [line.text for line in fresh if layout.total_at and _place(line) == layout.total_at]
    for lines in (at, outside):
        total = totals.read_total(lines, anatomy.query, items)
        if total.number is not None and (total.number >= items + before or not items):
            return total
    return totals.Total(first=total.first, last=total.last, pages=total.pages) if items else totals.Total()


def _place(line: Line) -> str:
    """A short hash of the tags, ids and classes above a line."""
    return short(
        " ".join(f"{e.tag}.{e.get('id')}.{e.get('class')}" for e in [line.element, *line.element.iterancestors()])
    )


def learn(
    nonsense: Page, nonsense_query: str, real: Page, query: str, reader: Reader
) -> tuple[Layout, ResultsPage, ResultsPage]:
    """What the difference between the two pages teaches; with it, both pages as read (nonsense, real)."""
    if feeds.is_feed(real):
        return Layout(nonsense_url=nonsense.url), read(nonsense, nonsense_query, reader), read(real, query, reader)
    empty, full = take_apart(nonsense, nonsense_query), take_apart(real, query)
    layout = _furniture(empty, full, reader.spec)
    learning = Reader(reader.spec, layout, reader.platform)
    group, _ = _list(full, learning, totals.read_total([ln.text for ln in _fresh_lines(full, layout)], query))
    if group is None:
        return layout, read_html(empty, learning), read_html(full, learning)
    layout = replace(layout, container=_container_path(group), slot=group.key, per_page=len(group.links))
    # An engine that widens lists hits on the nonsense page too: those are not furniture.
    bare = replace(layout, links=frozenset())
    widened, _ = _learned(empty, Reader(reader.spec, bare, reader.platform), None, None)
    layout = replace(layout, widens=widened is not None)
    if widened is not None and not totals.says_none((line.text for line in empty.lines), nonsense_query):
        listed: set[str] = set()
        for link in widened.links:
            listed |= empty.hard(link) | {f"s{key}" for key in empty.soft(link)}
        layout = replace(layout, links=layout.links - listed)
    reader = Reader(reader.spec, layout, reader.platform)
    some = read_html(full, reader)
    stated = (
        _place(line) for line in full.lines if some.total.line and totals.told(line.text, query) == some.total.line
    )
    layout = replace(layout, total_at=next(stated, ""))
    nothing = read_html(empty, replace(reader, layout=layout))
    return replace(layout, stray=nothing.signature if nothing.signature != some.signature else ""), nothing, some


def _furniture(empty: Anatomy, full: Anatomy, spec: SearchSpec) -> Layout:
    links: set[str] = set()
    for link in empty.links:
        links |= empty.hard(link) | {f"s{key}" for key in empty.soft(link)}
    here = {key for line in empty.lines for key in empty.line_keys(line)}
    there = {key for line in full.lines for key in full.line_keys(line)}
    return Layout(
        links=frozenset(links),
        lines=frozenset(here & there),
        none_lines=frozenset(here - there),
        nonsense_url=empty.page.url,
        echoes=_box_value(empty.page, spec).casefold() == empty.query.casefold(),
    )


def _container_path(group: Group) -> tuple[str, ...]:
    link = group.links[0]
    depth = len(link.styled) - sum(1 for _ in _up_to(link.element, group.container))
    return link.styled[:depth]


def _up_to(element: HtmlElement, ancestor: HtmlElement) -> Iterable[HtmlElement]:
    while element is not None and element is not ancestor:
        yield element
        element = element.getparent()


def _fresh_lines(anatomy: Anatomy, layout: Layout) -> list[Line]:
    if not layout.lines:
        return anatomy.lines
    return [line for line in anatomy.lines if not anatomy.line_keys(line) & layout.lines]


def _all_known(anatomy: Anatomy, layout: Layout) -> bool:
    """Whether every line of the page stood on the nonsense page too."""
    known = layout.lines | layout.none_lines
    return all(anatomy.line_keys(line) & known for line in anatomy.lines)


def _says_none(fresh: Sequence[Line], anatomy: Anatomy, reader: Reader) -> bool:
    extra = reader.platform.results.none if reader.platform else ()
    texts = [line.text for line in fresh]
    if totals.says_none(texts, anatomy.query):
        return True
    return any(phrase.lower() in text.lower() for phrase in extra for text in texts)


def _outweighs_none(group: Group, stated: totals.Total, layout: Layout) -> bool:
    """'No results' beside a list is believed, with two exceptions.

    The page also says how many it lists ('no promoted results'), or the list stands where only real results do: some
    WordPress themes print their no-results block under a single hit.
    """
    if stated.number and (stated.first is not None or stated.number >= len(group.links)):
        return True
    return bool(layout.slot) and not layout.widens and group.key in {layout.slot, ("selected",)}


def _next_selector(reader: Reader) -> str:
    return reader.platform.paging.next if reader.platform else ""


def _list(anatomy: Anatomy, reader: Reader, stated: totals.Total) -> tuple[Group | None, list[str]]:
    """The group that is the results list: by the platform's selector, by what was learned, or by comparison."""
    expected, total = stated.on_page, stated.number
    if total == 0:
        return None, []
    notes: list[str] = []
    chosen = _selected(anatomy, reader)
    learned, candidates = _learned(anatomy, reader, expected, total)
    if learned is None or (expected is not None and len(learned.links) != expected):
        generic = _generic(anatomy, reader, candidates, expected, total)
        if learned is None or (generic is not None and len(generic.links) == expected):
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


def _selected(anatomy: Anatomy, reader: Reader) -> Group | None:
    """The items that the platform's selectors find: in each item its title link, else its first."""
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
    group = Group(("selected",), links)
    place(group)
    return group


def _candidates(anatomy: Anatomy, reader: Reader) -> list[Link]:
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


def _learned(
    anatomy: Anatomy, reader: Reader, expected: int | None, total: int | None
) -> tuple[Group | None, list[Link]]:
    """The links that stand where the learned list stands; also the page's candidates."""
    layout = reader.layout
    candidates = _candidates(anatomy, reader)
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
    group = Group(layout.slot, inside)
    place(group)
    if layout.slot[0] == "first":
        group.chain = [*reversed(list(inside[0].element.iterancestors()))][: depth + 1]
        group.links = first_of_each(group) or inside
        place(group)
    if len(group.links) == 1:
        group = _lone(group, depth)
    within = [link for link in new if link.styled[:depth] == layout.container]
    whole = completed(group, within)
    wanted = expected if expected is not None else total
    if wanted is not None and len(group.links) == wanted != len(whole.links):
        return group, candidates
    return whole, candidates


def _lone(group: Group, depth: int) -> Group:
    """One link where a list was learned: its block is what stands right under the learned container."""
    chain = [*reversed(list(group.links[0].element.iterancestors())), group.links[0].element]
    level = min(depth + 1, len(chain) - 1)
    group.chain, group.blocks = chain[:level], [chain[level]]
    return group


def _generic(
    anatomy: Anatomy, reader: Reader, candidates: list[Link], expected: int | None, total: int | None
) -> Group | None:
    """The best group of links that the nonsense page does not have, if it is good enough to be a results list."""
    layout = reader.layout
    strict = [
        c for c in candidates if not is_search_link(c.url, anatomy.page.url, anatomy.query, reader.spec.query_param)
    ]
    new = [link for link in strict if not anatomy.hard(link) & layout.links]
    strong = {link.at for link in new if not {f"s{key}" for key in anatomy.soft(link)} & layout.links}
    for group in groups(anatomy, new, expected, total)[:30]:
        own = sum(link.at in strong for link in group.links)
        score = group.score - 4 * (1 - own / len(group.links)) - (3 if not layout.links else 0)
        enough = TRUSTED if len(group.links) > 1 or expected == 1 or total == 1 else TRUSTED_ALONE
        if score >= (enough if layout.links else enough - 1):
            return completed(group, new)
    return None


def _box_value(page: Page, spec: SearchSpec) -> str:
    """What the page's own search box holds."""
    for box in page.tree.iter("input"):
        if box.get("name") == spec.query_param and (box.get("type") or "text").lower() in {"text", "search"}:
            return (box.get("value") or "").strip()
    return ""


def _echoed_otherwise(page: Page, query: str, spec: SearchSpec) -> str:
    """The query in the page's own search box, where it is another than the one asked."""
    value = _box_value(page, spec)
    same = "".join(value.casefold().split()).strip("\"'") == "".join(query.casefold().split()).strip("\"'")
    return "" if same else value
