"""Reading one results page: its items, the total, what the engine says it ran, and where the next page is.

The centre is a comparison: what stands on a nonsense query's page too is furniture, what does not is the answer
(`learn`). Selectors of a platform file come first where they hold; where they find fewer items than the comparison
trusts, the comparison is used and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from crawler import feeds, paging, totals
from crawler.anatomy import Anatomy, Line, short, take_apart
from crawler.choosing import Reader, choose, learned_list
from crawler.hits import MOST_HITS, Item, item_lines, items_of
from crawler.layout import Layout
from crawler.lists import Group
from crawler.searchbox import METHOD
from crawler.searchspec import SearchSpec
from crawler.web import Ask, Page
from study.addresses import canonical_url

# A results page without hits shares most lines with the others; a notice in its place shares none.
LEAST_COMMON = 5
COMMON = 0.2
# Of the lines that all results pages share, a later page may have one in so many, and one at least, in another form ('page 3').
SPARE = 20


@dataclass(frozen=True)
class ResultsPage:
    """One results page as read. `notes` say where a platform's selectors did not hold, `alien` that the page lists nothing
    and has next to nothing of what stands on every results page of the site: a notice in place of an answer, `made_alike` that it
    has nearly all of that; `next_how` is how the way on was found, for data 'feed' where we built it, else 'feed link'; `stuck` is what a
    control says that promises more and that only a script can press; `too_many` says that more are listed than are read, `torn`
    that the answer broke off."""

    url: str
    items: tuple[Item, ...] = ()
    total: totals.Total = field(default_factory=totals.Total)
    says_none: bool = False
    says_capped: bool = False
    too_many: bool = False
    torn: bool = False
    says_no_query: bool = False
    ran_query: str = ""
    next: Ask | None = None
    next_how: str = ""
    same_as_nonsense: bool = False
    says_error: bool = False
    alien: bool = False
    made_alike: bool = False
    stuck: str = ""
    offered: int = 0
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
    """Read a results page of `query`; before it, `turned` pages of this query with `collected` items were read.

    At most :data:`MOST_HITS` items of it: from a page that lists more, no way on is taken.
    """
    result = _read(page, query, reader, turned, collected)
    if len(result.items) <= MOST_HITS:
        return result
    return replace(result, items=result.items[:MOST_HITS], too_many=True, next=None, next_how="")


def _read(page: Page, query: str, reader: Reader, turned: int, collected: int) -> ResultsPage:
    if feeds.is_feed(page):
        feed = feeds.read_feed(page, reader.spec, turned, collected)
        if feed.html:
            piece = replace(page, body=feed.html.encode(), content_type="text/html; charset=utf-8")
            listed = read_html(take_apart(piece, query), replace(reader, layout=Layout(nonsense_url=page.url)), turned)
            feed = replace(feed, items=listed.items, next=feed.next if listed.items else None)
        return ResultsPage(
            page.url,
            feed.items,
            feed.total,
            says_none=feed.says_none,
            ran_query=feed.ran_query,
            next=feed.next,
            next_how="feed link" if feed.linked else "feed",
            torn=feed.torn,
        )
    result = read_html(take_apart(page, query), reader, turned, collected)
    if not turned and _leads_straight_to_hit(page, query, reader, result):
        title = " ".join((page.tree.findtext(".//title") or "").split()) or page.url
        return replace(result, items=(Item(page.url, title, ""),), next=None, total=totals.Total(), says_none=False)
    # What an error page lists is not the answer, but it may say that there are no hits.
    return replace(result, items=(), next=None, total=totals.Total()) if page.status >= 400 else result


def read_html(anatomy: Anatomy, reader: Reader, turned: int = 0, collected: int = 0) -> ResultsPage:
    """Read an HTML results page that is already taken apart."""
    page, query = anatomy.page, anatomy.query
    fresh = _fresh_lines(anatomy, reader.layout)
    outside = [line.text for line in fresh if not line.linked]
    stated = _stated(fresh, query, reader.layout) or totals.read_total(outside, query)
    # Where a layout was learned, a number that stands elsewhere than its total did is a snippet's ('15 mentoring matches').
    learned = bool(reader.layout.slot or reader.layout.total_at)
    sure = not learned or _stated(fresh, query, reader.layout) is not None
    group, notes = choose(anatomy, reader, stated, sure=sure)
    none = _says_none(fresh, anatomy, reader)
    if group is not None and none and not _outweighs_none(group, stated, reader.layout):
        group = None
    items = items_of(group, anatomy) if group else []
    if items and reader.layout.stray and signature(items) == reader.layout.stray:
        # The engine lists what it listed for a word that nobody has: it found nothing, and does not say so.
        items, none = [], True
    above: int | None = None
    if group:
        start, end = item_lines(group, anatomy)
        fresh = [line for line in fresh if not start <= line.at <= end]
        outside = [line.text for line in fresh if not line.linked]
        above = sum(line.at < start for line in fresh if not line.linked)
    total = _total(anatomy, fresh, outside, reader.layout, len(items), max(turned, collected), above)
    if not items and total.number and none:
        total = totals.Total(0, "exact", line=total.line)
    if group is not None and group.parts:
        total = _counted_in_items(total, turned, collected)
    turn = paging.find_next(anatomy, reader.spec, reader.layout, group, total, turned, _next_selector(reader))
    ran = totals.ran_instead(outside, query)
    if not ran and reader.layout.echoes:
        ran = _echoed_otherwise(page, query, reader.spec)
    return ResultsPage(
        url=page.url,
        items=tuple(items),
        total=total,
        says_none=not items and (none or total.number == 0),
        says_capped=totals.says_capped(outside, total.number),
        says_no_query=not items and totals.says_no_query(outside),
        ran_query=ran,
        next=turn.ask if items and turn else None,
        next_how=turn.how if items and turn else "",
        offered=turn.offered if items and turn else 0,
        same_as_nonsense=not items and _as_for_nonsense(anatomy, reader.layout),
        says_error=not items and not none and totals.says_error(line.text for line in anatomy.lines),
        stuck=paging.only_scripts_lead_on(anatomy, reader.layout, group) if group and items and not turn else "",
        alien=not items and not none and page.status != 404 and _alien(anatomy, reader.layout),
        made_alike=not items and page.status < 400 and _made_alike(anatomy, reader.layout),
        notes=tuple(notes),
    )


def _leads_straight_to_hit(page: Page, query: str, reader: Reader, result: ResultsPage) -> bool:
    """Whether the engine sent us to its only hit instead of listing it (MediaWiki's 'Go', some WordPress plug-ins).

    The page is elsewhere than the search, not where the nonsense word led, and has the query in its text.
    """
    asked, there = urlsplit(page.ask.url), urlsplit(page.url)
    if (
        page.status != 200
        or page.ask.method == METHOD
        or result.understood
        or result.same_as_nonsense
        or result.says_no_query
        or not reader.layout.slot
    ):
        return False
    moved = (asked.netloc, asked.path.rstrip("/")) != (there.netloc, there.path.rstrip("/"))
    elsewhere = canonical_url(page.url) not in {
        canonical_url(reader.layout.nonsense_url),
        canonical_url(reader.spec.found_on),
    }
    return (
        moved
        and elsewhere
        and query.casefold() not in there.query.casefold()
        and query.casefold() in page.text.casefold()
    )


def _total(
    anatomy: Anatomy,
    fresh: Sequence[Line],
    outside: Sequence[str],
    layout: Layout,
    items: int,
    before: int,
    above: int | None,
) -> totals.Total:
    """The stated total: where it stood on the page that was learned from, else wherever a line reads like one.

    A total below what is listed (and was listed on the pages before) is some other number. `above` of the lines `outside`
    stand above the list.
    """
    there = _where_it_stood(fresh, layout)
    bare = totals.bare_total(there, anatomy.query) if layout.bare else None
    total = totals.Total()
    for total in (
        *([bare] if bare is not None else []),
        totals.read_total(there, anatomy.query, items),
        totals.read_total(outside, anatomy.query, items, above),
    ):
        if total.number is not None and (total.number >= items + before or not items):
            return total
    return totals.Total(first=total.first, last=total.last, pages=total.pages) if items else totals.Total()


def _counted_in_items(total: totals.Total, turned: int, collected: int) -> totals.Total:
    """The total of a page whose range counts blocks of items: it begins after what was collected if it moves on at all."""
    moves_on = total.first is not None and total.first > turned
    return replace(total, first=collected + 1 if moves_on else total.first, last=None)


def _where_it_stood(fresh: Sequence[Line], layout: Layout) -> list[str]:
    return [line.text for line in fresh if layout.total_at and _place(line) == layout.total_at]


def _stated(fresh: Sequence[Line], query: str, layout: Layout) -> totals.Total | None:
    """The total where it stood on the page that was learned from; None where that line says none."""
    there = _where_it_stood(fresh, layout)
    total = totals.bare_total(there, query) if layout.bare else totals.read_total(there, query)
    return total if total.number is not None else None


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
    said = totals.read_total([ln.text for ln in _fresh_lines(full, layout) if not ln.linked], query)
    # Where only the nonsense page says that there is nothing, what stands in its place is the answer, though it be one hit.
    plainly = _says_none(empty.lines, empty, reader) and not _says_none(full.lines, full, reader)
    group, _ = choose(full, learning, said, plainly=plainly)
    if group is None:
        return layout, read_html(empty, learning), read_html(full, learning)
    layout = replace(layout, container=_container_path(group), slot=group.key, per_page=len(group.links))
    # An engine that widens lists hits on the nonsense page too: those are not furniture.
    bare = replace(layout, links=frozenset())
    widened, _ = learned_list(empty, Reader(reader.spec, bare, reader.platform), None, None)
    if widened is not None:
        # What stands there on both pages is a breadcrumb or a promoted link, nothing that was found.
        both = {key for link in full.links for key in full.hard(link)}
        widened = None if all(empty.hard(link) & both for link in widened.links) else widened
    layout = replace(layout, widens=widened is not None)
    if widened is not None:
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
    if not layout.total_at and (counter := _counter(empty, full, len(some.items))):
        layout = replace(layout, total_at=counter, bare=True)
        some = read_html(full, replace(reader, layout=layout))
    nothing = read_html(empty, replace(reader, layout=layout))
    return replace(layout, stray=nothing.signature if nothing.signature != some.signature else ""), nothing, some


def _counter(empty: Anatomy, full: Anatomy, items: int) -> str:
    """Where a number stands that is 0 on the nonsense page and at least what is listed on the other; '' if nowhere.

    'Pages [33]' in a heading says that there are 33 only to someone who has seen it say 'Pages [0]'.
    """
    nothing = {
        (_place(line), said)
        for line in empty.lines
        if (said := totals.skeleton(totals.told(line.text, empty.query))[0]) and _alone(line, empty.query) == 0
    }
    best, at = items - 1, ""
    for line in full.lines if nothing else ():
        number, said = _alone(line, full.query), totals.skeleton(totals.told(line.text, full.query))[0]
        if number is not None and number > best and (_place(line), said) in nothing:
            best, at = number, _place(line)
    return at


def _alone(line: Line, query: str) -> int | None:
    """The number of a line that has just one."""
    return totals.skeleton(totals.told(line.text, query))[1]


def _furniture(empty: Anatomy, full: Anatomy, spec: SearchSpec) -> Layout:
    links: set[str] = set()
    for link in empty.links:
        links |= empty.hard(link) | {f"s{key}" for key in empty.soft(link)}
    here = [empty.line_keys(line) for line in empty.lines]
    there = full.keys
    return Layout(
        links=frozenset(links),
        lines=frozenset(key for line_keys in here for key in line_keys & there),
        # Not the spelling with the nonsense word in it of a line that is on both pages but for the query.
        none_lines=frozenset(key for line_keys in here if not line_keys & there for key in line_keys),
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


def _as_for_nonsense(anatomy: Anatomy, layout: Layout) -> bool:
    """Whether this is the nonsense page again: no lines but its own, all that stand on any results page, and of those that
    say there is nothing one at least (the others may be a clock's).

    A blank page, and one that broke off, have no other lines either.
    """
    here = anatomy.keys
    known = layout.lines | layout.none_lines
    whole = layout.lines <= here and (not layout.none_lines or bool(layout.none_lines & here))
    return bool(layout.lines) and whole and all(anatomy.line_keys(line) & known for line in anatomy.lines)


def _alien(anatomy: Anatomy, layout: Layout) -> bool:
    """Whether a page lacks nearly all lines that the site's results pages have in common."""
    return len(layout.lines) >= LEAST_COMMON and len(layout.lines & anatomy.keys) < COMMON * len(layout.lines)


def _made_alike(anatomy: Anatomy, layout: Layout) -> bool:
    """Whether a page has nearly all lines that the site's results pages have in common."""
    return bool(layout.lines) and len(layout.lines - anatomy.keys) <= max(1, len(layout.lines) // SPARE)


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
