"""Results that come as data: Google appliance XML, RSS and Atom with OpenSearch elements; the rest is datafeeds.py's."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from crawler.anatomy import unwrapped
from crawler.datafeeds import Feed, as_data, as_text, local_name, next_by_param, parsed, read_data
from crawler.hits import LONGEST_SNIPPET, LONGEST_TITLE, MOST_HITS, Item
from crawler.searchspec import SearchSpec
from crawler.totals import Total, says_error
from crawler.turning import with_param
from crawler.web import Ask, Page, joined, number

ROOT = re.compile(
    # Nothing in it is tried a second way: what comes before the root may be long.
    r"(<\?xml[^>]*+>\s*+)?+(?:(?><!--.*?-->)\s*+|<!DOCTYPE (?!html)[^>]*+>\s*+|<\?[^>]*+>\s*+)*+<([\w:.-]+)(?=[\s>/])",
    re.DOTALL,
)
STANDARD = {"GSP", "rss", "feed", "rdf:RDF"}


def is_feed(page: Page) -> bool:
    """Whether the page is XML or JSON rather than HTML, by its body more than by its stated type."""
    start = page.text[:600].lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return "json" in page.content_type or "javascript" in page.content_type or parsed(page.text) is not None
    root = ROOT.match(start)
    if root is None:
        return False
    return (
        root[2] in STANDARD or root[2].endswith(":feed") or (bool(root[1]) and root[2].lower() not in {"html", "wml"})
    )


def read_feed(page: Page, spec: SearchSpec, turned: int = 0, collected: int = 0) -> Feed:
    """The items, total and next page of data results. A body that is neither XML nor JSON gives an empty Feed.

    `turned` pages with `collected` items were read before this one.
    """
    data = parsed(page.text)
    if data is not None:
        return read_data(data, page, spec, turned, collected)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(page.text.encode("utf-8"), parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return Feed()
    if root is None:
        return Feed()
    if root.tag == "GSP":
        feed = _read_gsa(root, page)
    elif local_name(root) in {"rss", "feed", "rdf"}:
        feed = _read_rss(root, page, spec, turned, collected)
    else:
        feed = read_data(as_data(root), page, spec, turned, collected)
    return replace(feed, torn=not _is_whole(page))


def _is_whole(page: Page) -> bool:
    """Whether the root is closed: one that broke off is mended by the parser, and lists what came until then."""
    root = ROOT.match(page.text.lstrip("\ufeff \t\r\n"))
    return root is not None and f"</{root[2]}" in page.text


def _read_gsa(root: etree._Element, page: Page) -> Feed:
    """Google Search Appliance XML: R elements, M is an estimate, NB/NU the next page (GSA protocol reference 7.2)."""
    items: list[Item] = []
    for result in islice(root.iter("R"), MOST_HITS + 1):
        url = joined(page.url, result.findtext("U") or result.findtext("UE") or "")
        if url:
            title = as_text(result.findtext("T")) or url
            items.append(Item(url, title[:LONGEST_TITLE], as_text(result.findtext("S"))[:LONGEST_SNIPPET]))
    res = root.find("RES")
    stated = number(res.findtext("M")) if res is not None else None
    first, last = (number(res.get(a)) if res is not None else None for a in ("SN", "EN"))
    total = Total(stated, "estimate" if stated is not None else "absent", first or None, last or None, line="M")
    onward = root.findtext("RES/NB/NU")
    ask = None
    if onward and items:
        start = dict(parse_qsl(urlsplit(onward).query)).get("start", str(last or 0))
        ask = Ask(with_param(page.url, "start", start))
    # It repeats the query in Q whatever it finds, and leaves RES out where that is nothing.
    none = res is None and root.find("Q") is not None and _is_whole(page)
    return Feed(tuple(items), Total(0, "exact", line="no RES") if none else total, none, "", ask, linked=True)


def _read_rss(root: etree._Element, page: Page, spec: SearchSpec, turned: int, collected: int) -> Feed:
    items: list[Item] = []
    numbers, onward = {}, ""
    for element in root.iter():
        name = local_name(element)
        if name in {"item", "entry"}:
            item = _rss_item(element, page) if len(items) <= MOST_HITS else None
            if item:
                items.append(item)
        elif name in {"totalresults", "startindex", "itemsperpage"}:
            if (value := number(element.text)) is not None:
                numbers[name] = value
        elif name == "link" and element.get("rel") == "next" and element.get("href"):
            onward = joined(page.url, element.get("href") or "")
    stated = numbers.get("totalresults")
    total = Total(stated, "exact" if stated is not None else "absent", line="totalResults")
    start = numbers.get("startindex")
    if start is not None and items and stated is not None:
        first = max(start, 1)
        total = Total(stated, "exact", first, min(first + len(items) - 1, stated), line="totalResults")
    ask = (
        Ask(onward)
        if onward
        else next_by_param(page.url, spec, turned, collected, len(items), total, numbers.get("itemsperpage", 0))
    )
    none = not items and (stated == 0 or (stated is None and _is_whole(page) and _heads_list(root)))
    return Feed(tuple(items), total, none, "", ask if items else None, linked=bool(onward))


def _heads_list(root: etree._Element) -> bool:
    """Whether a feed without entries has what each is to begin with, a title and an address or id, and tells of no fault."""
    names = {local_name(element) for element in root.iter()}
    texts = (" ".join((element.text or "").split()) for element in root.iter())
    return "title" in names and bool(names & {"link", "id"}) and not says_error(texts)


def _rss_item(element: etree._Element, page: Page) -> Item | None:
    texts: dict[str, str] = {}
    for child in element:
        name = local_name(child)
        if name == "link" and child.get("href") and child.get("rel", "alternate") == "alternate":
            texts.setdefault("link", child.get("href") or "")
        elif child.text:
            texts.setdefault(name, child.text.strip())
    url = (
        texts.get("link")
        or texts.get("guid")
        or element.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about")
        or ""
    )
    url = unwrapped(joined(page.url, url)) if url else ""
    if not url:
        return None
    snippet = as_text(texts.get("description") or texts.get("summary") or texts.get("content"))
    return Item(url, (as_text(texts.get("title")) or url)[:LONGEST_TITLE], snippet[:LONGEST_SNIPPET])
