"""Where the next page of results is: a link, a number, a button, a postback, a script, or a parameter to count up.

The site's own link is preferred over building addresses (search-platforms.md, section 8). A link counts as the pager's
only where it stays in the search: it carries the query, or leads to the same address, and is not furniture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from urllib.parse import parse_qsl

from lxml.html import HtmlElement

from crawler import forms
from crawler.anatomy import Anatomy, Line, Link
from crawler.layout import Layout
from crawler.lists import Group, is_search_link
from crawler.platforms import css
from crawler.pressing import Control, press
from crawler.searchbox import way_to
from crawler.searchspec import SearchSpec
from crawler.totals import Total
from crawler.turning import NUMBER, every, from_box, from_select, header_next, with_param
from crawler.web import Ask, Page, joined, readable, split
from crawler.wording import pattern, table, words
from study.addresses import canonical_url

SPAN = re.compile(r"^\W*(\d{1,6})\s*(?:-|–|to)\s*(\d{1,6})\W*$")
COUNTED = re.compile(
    r"(/[a-z]{0,6}[-_]?\d{1,6})?(?<!/)/*$", re.IGNORECASE
)  # the end of a path that counts pages or items
GRID_PAGE = re.compile(r"['\"]Page\$(\d{1,6})['\"]")
MOST_LINKS = 3000
# A gap in a row of page numbers: '...', '[. .]', '…', also as a control that leads to the numbers not shown.
GAP = re.compile(r"^[\[(<\s]*(?:\.\s*+){2,5}[\])>\s]*$|^[^\w…]*…\W*$")


@dataclass(frozen=True)
class Turn:
    """The request for the next page and how it was found; `offered` is the highest page number that the pager shows beyond
    this page without a gap, 0 where it shows none."""

    ask: Ask
    how: str
    offered: int = 0


def find_next(
    anatomy: Anatomy,
    spec: SearchSpec,
    layout: Layout,
    group: Group | None,
    total: Total,
    turned: int,
    selector: str = "",
) -> Turn | None:
    """The next page after this one, or None where the page shows no way on.

    `turned` pages of the query were read before this one; `group` is the list of results, whose links are no pager.
    """
    controls = _controls(anatomy, spec, layout, _links_to_hits(anatomy, group), selector)
    turn = _turn(controls, anatomy, spec, layout, group, total, turned)
    return replace(turn, offered=_offered(controls, turned + 2)) if turn else None


def _turn(
    controls: list[Control],
    anatomy: Anatomy,
    spec: SearchSpec,
    layout: Layout,
    group: Group | None,
    total: Total,
    turned: int,
) -> Turn | None:
    page, number = anatomy.page, turned + 2
    numbered = _numbered(controls, number, total) or _past_gap(controls, number, anatomy)
    labelled = _labelled([control for control in controls if not _of_another_form(control, page, anatomy.query)])
    chosen = labelled
    if numbered is not None and (labelled is None or not _plainly_next(labelled)):
        chosen = numbered
    if chosen is not None:
        ask = press(chosen, page)
        if ask is not None and (ask.method != "GET" or _elsewhere(ask, page)):
            return Turn(ask, "number" if chosen is numbered else "next")
    head = _head_next(page, anatomy.query, spec)
    if head:
        return Turn(Ask(head, encoding=spec.encoding), "link rel=next")
    chooser = from_select(page, anatomy.query, number)
    if chooser is not None:
        return Turn(chooser, "select")
    typed = from_box(page, anatomy.query, number, total)
    if typed is not None:
        return Turn(typed, "box")
    if head := header_next(page):
        return Turn(Ask(head, encoding=spec.encoding), "header")
    onward = _by_address(controls, anatomy, group, total, turned) or every(controls, page, group, total)
    if onward is not None:
        return Turn(onward, "address")
    return _counted_up(anatomy, spec, layout, group, total, turned)


def _links_to_hits(anatomy: Anatomy, group: Group | None) -> set[HtmlElement]:
    """All links to the hits that are listed: a hit's own 'more' leads to the hit, not on."""
    if group is None:
        return set()
    listed = {canonical_url(link.url) for link in group.links if link.url}
    return {link.element for link in group.links} | {
        link.element for link in anatomy.links[:MOST_LINKS] if link.url and canonical_url(link.url) in listed
    }


def _offered(controls: Iterable[Control], number: int) -> int:
    """The highest page number of a row of controls that begins with the next page's and has no gap; 0 where it is not there."""
    shown = {int(match[1]) for control in controls if (match := NUMBER.match(_said(control)))}
    return next(n for n in count(number) if n not in shown) - 1 if number in shown else 0


def only_scripts_lead_on(anatomy: Anatomy, layout: Layout, group: Group) -> str:
    """What a control says that promises more of a list and that only a script can press; '' where there is none.

    Looked for below the list's first item; what stands on the nonsense page too, or is disabled, promises nothing.
    """
    begins = anatomy.starts[group.blocks[0]] if group.blocks else 0
    for element in anatomy.starts:
        href = (element.get("href") or "#").strip().lower()
        pressed = element.tag == "button" or (element.tag == "a" and href.startswith(("#", "javascript:")))
        if not pressed or anatomy.starts[element] < begins or element.get("disabled") is not None:
            continue
        said = " ".join((element.text_content() or "").split())
        marks = f"{element.get('class') or ''} {element.get('aria-disabled') or ''}".lower()
        inside = any(element in block.iterdescendants() for block in group.blocks)
        if re.search(r"\b(more|mwy|rhagor)\b", said.lower()) and _text_rank(said.lower()) and not inside:
            known = anatomy.line_keys(Line(said, 0, element)) & layout.lines
            if not known and "disabled" not in marks and "true" not in marks:
                return said
    return ""


def _of_another_form(control: Control, page: Page, query: str) -> bool:
    """Whether a button with an arrow on it sends a form that knows nothing of the query: a menu's, a site's drop-down."""
    if control.script or control.element.tag not in {"button", "input"} or _label_rank(control) not in {2, 3}:
        return False
    ask = press(control, page)
    return ask is not None and ask.method == "GET" and query.casefold() not in readable(readable(ask.url)).casefold()


def _elsewhere(ask: Ask, page: Page) -> bool:
    """Whether a request leads away from the page it stands on."""
    there, _, fragment = ask.url.partition("#")
    here, _, now = page.url.partition("#")
    return ask != page.ask and (there != here or ("=" in fragment and fragment != now))


def _controls(
    anatomy: Anatomy, spec: SearchSpec, layout: Layout, hits: set[HtmlElement], selector: str
) -> list[Control]:
    page = anatomy.page
    found = []
    for link in anatomy.links[:MOST_LINKS]:
        if link.element in hits:
            continue
        script = _script_of(link.element, link.href)
        way = way_to(link.element)
        stays = bool(link.url and not way) and _stays(link, page, anatomy.query, spec)
        if not stays and not script and not way:
            continue
        if anatomy.hard(link) & layout.links:
            continue
        found.append(
            Control(
                link.element, link.text, link.url if stays else "", script, (link.element.get("rel") or "").lower(), way
            )
        )
    known = {control.element for control in found} | {link.element for link in anatomy.links}
    for element in anatomy.starts:
        if element.tag in {"a", "button", "input", "span", "div", "td", "li", "i"} and element not in known:
            is_button = element.tag in {"input", "button"} and forms.is_submit(element)
            script = _script_of(element, element.get("href") or "")
            way = way_to(element)
            if is_button or script or way:
                said = (
                    forms.label_of(element)
                    if element.tag in {"input", "button"}
                    else " ".join((element.text_content() or "")[:100].split())
                )
                found.append(Control(element, said, "", script, way=way))
    if selector:
        wanted = set(css(selector)(page.tree))
        preferred = [control for control in found if control.element in wanted]
        found = [replace(control, said="next", rel="next") for control in preferred[:1]] + found
    return found


def _script_of(element: HtmlElement, href: str) -> str:
    onclick = element.get("onclick") or ""
    script = href[11:] if href.lower().startswith("javascript:") else ""
    script = readable(script.replace("+", "%2B")) if "%" in script else script
    return script if script and script.strip(" ;") not in {"void(0)", ""} else onclick


def _stays(link: Link, page: Page, query: str, spec: SearchSpec) -> bool:
    """Whether a link stays in this search."""
    if is_search_link(link.url, page.url, query, spec.query_param, bare=False):
        return True
    here, there = split(page.url), split(link.url)
    wanted = query.casefold()
    if wanted in readable(readable(link.url)).casefold():
        return True
    if here.netloc != there.netloc or link.url == page.url:
        return False
    if here.path == there.path:
        return there.query != ""
    return COUNTED.sub("", here.path) == COUNTED.sub("", there.path)  # /results/4f2a/ and /results/4f2a/P10/


@cache
def _next_words() -> re.Pattern[str]:
    starts = pattern("paging", "next_start")
    return re.compile(rf"^(?:(?:{pattern('paging', 'next')})|(?:{starts})\s+(?P<rest>.*))$", re.IGNORECASE)


@cache
def _rest() -> re.Pattern[str]:
    return re.compile("".join(words("paging", "next_rest")), re.IGNORECASE)


@cache
def _more() -> re.Pattern[str]:
    return re.compile(str(table()["paging"]["some_more"]), re.IGNORECASE)


def _label_rank(control: Control) -> int:
    """How plainly a control says 'next'; 0 where it does not."""
    element = control.element
    if "next" in control.rel.split():
        return 10
    best = 0
    images = [image.get("alt") or image.get("title") or "" for image in element.iter("img")]
    for text in (control.said, element.get("aria-label") or "", element.get("title") or "", *images):
        best = max(best, _text_rank(" ".join(text.split()).lower()))
    marks = f"{element.get('class') or ''} {element.get('id') or ''}".lower()
    parent = element.getparent()
    if parent is not None and parent.tag in {"li", "span", "div", "td"} and len(parent.findall(".//a")) == 1:
        marks += f" {parent.get('class') or ''} {parent.get('id') or ''}".lower()
    if best == 0 and re.search(
        r"(?<![a-z])(?:(?:pager|page|pagination|nav|link|btn|button)[-_]*)?next(?![a-z]*(slide|month))", marks
    ):
        best = 5
    sources = " ".join(image.get("src") or "" for image in element.iter("img"))
    if element.tag == "input":
        sources += element.get("src") or ""
    if best == 0 and re.search(
        r"(^|[/_\-.])(next|nxt|forward|arrow[-_]?right|right[-_]?arrow|buttonr)\w*\.(gif|png|jpe?g|svg)",
        sources,
        re.IGNORECASE,
    ):
        best = 4
    return best


def _text_rank(text: str) -> int:
    if not text or len(text) > 60:
        return 0
    bare = text[1:-1] if text[0] + text[-1] in {"()", "[]"} else text
    bare = re.sub(r"^\W+", "", bare) if bare.endswith(")") else re.sub(r"^\W+|\W+$", "", bare)
    match = _next_words().match(bare)
    if match and (match["rest"] is None or _rest().match(match["rest"].strip())):
        return 9 if match["rest"] is None and bare.startswith(("next", "nesaf")) else 8 if match["rest"] is None else 7
    if _more().match(bare):
        return 6
    if bare and set(bare.split()) & set(words("paging", "not_next")):
        return 0
    if text.strip(" []()|") in words("paging", "arrows"):
        return 3 if len(text.strip()) == 1 and text.strip() != "»" else 2
    return 0


def _labelled(controls: Iterable[Control]) -> Control | None:
    ranked = [(rank, control) for control in controls if (rank := _label_rank(control))]
    if not ranked:
        return None
    best = max(rank for rank, _ in ranked)
    return next(control for rank, control in ranked if rank == best)


def _plainly_next(control: Control) -> bool:
    return _label_rank(control) >= 8


def _numbered(controls: list[Control], number: int, total: Total) -> Control | None:
    """The control that says the next page's number, or the next range of items ('11-20')."""
    after = total.last + 1 if total.last is not None else None
    for control in controls:
        span = SPAN.match(control.said)
        if span and after is not None and int(span[1]) == after:
            return control
    # A GridView's pager says '...' for the page after the last number that it shows; its command says 'Page$11'.
    pages = [
        (int(match[1]), control)
        for control in controls
        if (match := GRID_PAGE.search(control.script) or NUMBER.match(_said(control)))
    ]
    if not pages:
        return None
    for value, control in pages:
        if value == number:
            return control
    values = {value for value, _ in pages}
    if after is not None and total.first is not None and after in values and len(values) > 1 and number not in values:
        return next(control for value, control in pages if value == after)
    return None


def _said(control: Control) -> str:
    """What a control says; where that is a dot or an arrow, its title."""
    if re.search(r"\w", control.said):
        return control.said
    return control.element.get("aria-label") or control.element.get("title") or control.said


def _past_gap(controls: list[Control], number: int, anatomy: Anatomy) -> Control | None:
    """The '...' that leads on from a window of page numbers: the first one after all the smaller numbers.

    A '...' before the numbers leads back, and one before a larger number jumps over pages.
    """
    at = {id(control): anatomy.starts.get(control.element, 0) for control in controls}
    pages = [(int(match[1]), at[id(c)]) for c in controls if (match := NUMBER.match(c.said))]
    smaller = max((place for value, place in pages if value < number), default=0)
    larger = min((place for value, place in pages if value > number), default=max(at.values(), default=0) + 1)
    gaps = sorted((c for c in controls if GAP.match(c.said)), key=lambda c: at[id(c)])
    onward = [c for c in gaps if smaller < at[id(c)] < larger]
    if len(pages) < 2 and len(gaps) == 1 and number > 2 and not smaller:
        return None  # A lone gap beside the current page's bare number leads back to the window before.
    return onward[-1] if not smaller and onward else onward[0] if onward else None


def is_pager(link: Link, query: str) -> bool:
    """Whether a link is one of a pager, wherever it leads: it carries the query and says a number or 'next'."""
    wanted = query.casefold()
    if not wanted or wanted not in readable(readable(link.url)).casefold():
        return False
    said = " ".join(link.text.split())
    return bool(NUMBER.match(said) or SPAN.match(said) or _text_rank(said.lower()))


def _head_next(page: Page, query: str, spec: SearchSpec) -> str:
    """<link rel=next> of the page's head."""
    for link in page.tree.iter("link"):
        if "next" in (link.get("rel") or "").lower().split():
            url = joined(page.base_url, link.get("href") or "")
            if url and url != page.url and is_search_link(url, page.url, query, spec.query_param, bare=False):
                return url
    return ""


def _by_address(
    controls: Iterable[Control], anatomy: Anatomy, group: Group | None, total: Total, turned: int
) -> Ask | None:
    """A link, whatever it says, that leads to this search with one number in it counted up to the next page or item.

    Only where the page says that there is more than was listed so far.
    """
    if group is None or total.number is None:
        return None
    listed = total.last if total.last is not None else (turned + 1) * len(group.links)
    if listed >= total.number:
        return None
    here = set(parse_qsl(split(anatomy.page.url).query))
    for value in (turned + 2, listed + 1, listed, turned + 1):
        for control in controls:
            there = split(control.url)
            changed = [pair for pair in parse_qsl(there.query) if pair not in here]
            said = [v for _, v in changed] or [there.path.rstrip("/").rpartition("/")[2]]
            back = set(control.said.lower().split()) & set(words("paging", "not_next"))
            if said == [str(value)] and not back and control.url.split("#")[0] != anatomy.page.url:
                return Ask(control.url)
    return None


def _counted_up(
    anatomy: Anatomy, spec: SearchSpec, layout: Layout, group: Group | None, total: Total, turned: int
) -> Turn | None:
    """The next page by a known paging parameter, where the page shows no way on but should have one."""
    if spec.paging is None or group is None:
        return None
    size = spec.paging.size or layout.per_page
    read_so_far = total.last if total.last is not None else (turned * size + len(group.links))
    if (total.number is not None and total.number <= read_so_far) or (
        total.number is None and (group.parts or len(group.links)) < max(size, 1)
    ):
        return None
    step = spec.paging.step or size or len(group.links)
    value = spec.paging.first + (turned + 1) * step
    return Turn(Ask(with_param(spec.ask(anatomy.query).url, spec.paging.param, str(value))), "parameter")
