"""HTML to text: main content by resiliparse, the whole page when there is next to none of it.

Menus that are built as ordinary text (layout tables) stay; `site_block` masking, which sees all pages of a
site, takes them out later. Nothing is fetched and no external entity is resolved.
"""

import re
from datetime import date
from itertools import pairwise

from bs4 import BeautifulSoup
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import DOMContext, ElementNode, HTMLTree, traverse_dom

from study.formats.charset import decode
from study.formats.dates import read_date, stated_date
from study.formats.extraction import Extraction, tidied, tidy

# Below this many characters (one or two sentences) the main content was probably missed.
NEARLY_EMPTY = 200
# Main-content extraction takes time with the square of the nesting (10,000 levels: 2 s), whatever the elements
# are. Browsers stop at 512 levels too.
MAX_DEPTH = 512
# It goes up from each element, too: so many steps take about a second. A page of 32 MB in tables has as many.
MAX_STEPS = 10_000_000

_MENU_LEVELS = 3
_NESTING_TAG = re.compile(r"<(/?)(?:div|span|table|b|i|u|font|em|strong|a|ul|ol|center|section|blockquote)\b", re.I)
_LIST = re.compile(r"<[uo]l\b", re.I)
_SCRIPTED_DATE = re.compile(r'"date(?:Modified|Published)"\s*:\s*"([^"]{8,40})"')
# Best first: the last change, then the publication (Dublin Core, eGMS, Open Graph, schema.org).
_DATE_NAMES = (
    "dcterms.modified",
    "dc.date.modified",
    "article:modified_time",
    "og:updated_time",
    "last-modified",
    "datemodified",
    "dcterms.issued",
    "dc.date.issued",
    "article:published_time",
    "datepublished",
    "dcterms.created",
    "dc.date.created",
    "dc.date",
    "dcterms.date",
    "date",
)


def read_html(body: bytes, media_type: str) -> Extraction:
    """Title, text and date of a page (HTML, XHTML, or XML such as a news feed).

    Raises `Unreadable` ('no text') when the page holds none.
    """
    source = decode(body, media_type).replace("\0", "")
    tree = HTMLTree.parse(source)
    seen = _Seen(tree)
    return tidied(_title(tree), _text(tree, source, seen), _date(source, seen))


class _Seen:
    """What one walk over a page meets: its lists, its metadata, and whether it is `too_deep`; there the walk ends.

    resiliparse's own collections are searched anew for every element that is taken out of them: going through one takes
    time with the square of the page.
    """

    def __init__(self, tree: HTMLTree) -> None:
        self.lists: list[ElementNode] = []
        self.metas: list[ElementNode] = []
        self.too_deep = False
        self._steps = 0
        if tree.document and tree.document.document_element:
            try:
                traverse_dom(tree.document.document_element, self._take, elements_only=True)
            except _TooDeep:
                self.too_deep = True

    def _take(self, context: DOMContext) -> None:
        self._steps += context.depth
        if context.depth > MAX_DEPTH or self._steps > MAX_STEPS:
            raise _TooDeep
        node = context.node
        if isinstance(node, ElementNode):
            if node.tag == "ul":
                self.lists.append(node)
            elif node.tag == "meta":
                self.metas.append(node)


class _TooDeep(Exception):
    """The page is nested deeper than `MAX_DEPTH`, or so deep at so many places that `MAX_STEPS` do not do."""


def _text(tree: HTMLTree, source: str, seen: _Seen) -> str:
    main = ""
    if not seen.too_deep and not _never_closed(source):
        _keep_lists(tree, seen.lists)
        main = tidy(extract_plain_text(tree, main_content=True, preserve_formatting=True))
    if len(main) >= NEARLY_EMPTY:
        return main
    # Each line of a list is indented by its depth: with lists without end, a page of 1 MB becomes gigabytes.
    lines = not seen.too_deep or len(_LIST.findall(source)) * (source.count("<") + source.count("\n")) < MAX_STEPS
    whole = tidy(extract_plain_text(tree, main_content=False, preserve_formatting=lines, noscript=True))
    if not whole and not main:
        # Frame sets and other odd markup whose text no tree walk over the body shows.
        return BeautifulSoup(source, "lxml").get_text("\n")
    return whole if len(whole) > len(main) else main


def _title(tree: HTMLTree) -> str:
    if title := (tree.title or "").strip():
        return title
    root = tree.document
    heading = root and (root.query_selector("h1") or root.query_selector("h2"))
    return (heading.text or "") if heading else ""


def _date(source: str, seen: _Seen) -> date | None:
    stated: dict[str, str] = {}
    for meta in seen.metas:
        if not meta.hasattr("content"):
            continue
        name = meta.getattr("name") or meta.getattr("property") or meta.getattr("itemprop")
        name = name or meta.getattr("http-equiv") or ""
        stated.setdefault(name.strip().lower(), meta.getattr("content") or "")
    for name in _DATE_NAMES:
        if name in stated and (found := read_date(stated[name])):
            return found
    if match := _SCRIPTED_DATE.search(source):
        return read_date(match.group(1))
    return stated_date(source)


def _keep_lists(tree: HTMLTree, lists: list[ElementNode]) -> None:
    """Put lists of prose three levels further down, where resiliparse does not take them for the menu.

    It drops every <ul> with fewer than three elements between it and <body> (html2text, 'Global navigation'),
    so simple pages would lose all their lists. A list whose words are mostly links stays where it is.
    """
    for items in lists:
        if items.parent is not None and _is_shallow(items) and not _is_mostly_links(items):
            divisions = [made for _ in range(_MENU_LEVELS) if (made := tree.create_element("div"))]
            items.parent.replace_child(divisions[0], items)
            for outer, inner in pairwise([*divisions, items]):
                outer.append_child(inner)


def _is_shallow(element: ElementNode) -> bool:
    above = element.parent_element
    for _ in range(_MENU_LEVELS):
        if above is None or above.tag == "body":
            return True
        above = above.parent_element
    return False


def _is_mostly_links(element: ElementNode) -> bool:
    links: list[int] = []

    def take(context: DOMContext) -> None:
        node = context.node
        if isinstance(node, ElementNode) and node.tag == "a":
            links.append(len(node.text or ""))

    traverse_dom(element, take, elements_only=True)
    return bool(links) and sum(links) >= len(element.text or "") / 2


def _never_closed(source: str) -> bool:
    """Whether more than `MAX_DEPTH` of the tags that pages nest are left open, wherever the parser closes them."""
    depth = deepest = 0
    for tag in _NESTING_TAG.finditer(source):
        depth += -1 if tag.group(1) else 1
        deepest = max(deepest, depth)
    return deepest > MAX_DEPTH
