"""HTML to text: main content by resiliparse, the whole page when there is next to none of it.

Menus that are built as ordinary text (layout tables) stay; `site_block` masking, which sees all pages of a
site, takes them out later. Nothing is fetched and no external entity is resolved.
"""

import re
from datetime import date
from itertools import pairwise

from bs4 import BeautifulSoup
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree

from study.formats.charset import decode
from study.formats.dates import read_date, stated_date
from study.formats.extraction import Extraction, tidied, tidy

# Below this many characters (one or two sentences) the main content was probably missed.
NEARLY_EMPTY = 200
# Main-content extraction takes time with the square of the nesting (10,000 levels: 2 s). Browsers stop at
# 512 levels too.
MAX_DEPTH = 512

_MENU_LEVELS = 3
_NESTING_TAG = re.compile(r"<(/?)(?:div|span|table|b|i|u|font|em|strong|a|ul|ol|center|section|blockquote)\b", re.I)
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
    return tidied(_title(tree), _text(tree, source), _date(tree, source))


def _text(tree: HTMLTree, source: str) -> str:
    main = ""
    if not _too_deep(source):
        _keep_lists(tree)
        main = tidy(extract_plain_text(tree, main_content=True, preserve_formatting=True))
    if len(main) >= NEARLY_EMPTY:
        return main
    whole = tidy(extract_plain_text(tree, main_content=False, preserve_formatting=True, noscript=True))
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


def _date(tree: HTMLTree, source: str) -> date | None:
    stated: dict[str, str] = {}
    for meta in tree.document.query_selector_all("meta[content]") if tree.document else ():
        name = meta.getattr("name") or meta.getattr("property") or meta.getattr("itemprop")
        name = name or meta.getattr("http-equiv") or ""
        stated.setdefault(name.strip().lower(), meta.getattr("content") or "")
    for name in _DATE_NAMES:
        if name in stated and (found := read_date(stated[name])):
            return found
    if match := _SCRIPTED_DATE.search(source):
        return read_date(match.group(1))
    return stated_date(source)


def _keep_lists(tree: HTMLTree) -> None:
    """Put lists of prose three levels further down, where resiliparse does not take them for the menu.

    It drops every <ul> with fewer than three elements between it and <body> (html2text, 'Global navigation'),
    so simple pages would lose all their lists. A list whose words are mostly links stays where it is.
    """
    for items in tree.document.get_elements_by_tag_name("ul") if tree.document else ():
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
    half = len(element.text or "") / 2
    linked = 0
    for link in element.get_elements_by_tag_name("a"):
        linked += len(link.text or "")
        if linked >= half:
            return True
    return False


def _too_deep(source: str) -> bool:
    depth = deepest = 0
    for tag in _NESTING_TAG.finditer(source):
        depth += -1 if tag.group(1) else 1
        deepest = max(deepest, depth)
    return deepest > MAX_DEPTH
