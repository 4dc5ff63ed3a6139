"""Results that come as data: Google appliance XML, RSS and Atom with OpenSearch elements, JSON.

JSON has no standard: the list is the largest array of objects that have an address and a title, the total a number
beside it, the next page a link or the paging parameter counted up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import lxml.html
from lxml import etree

from crawler.anatomy import unwrapped
from crawler.hits import LONGEST_SNIPPET, LONGEST_TITLE, Item
from crawler.paging import with_param
from crawler.searchspec import SearchSpec
from crawler.totals import Total
from crawler.web import Ask, Page, joined

URL_KEYS = (
    "url",
    "link",
    "href",
    "liveurl",
    "permalink",
    "uri",
    "documenturl",
    "pageurl",
    "path",
    "address",
    "location",
    "loc",
    "guid",
    "u",
)
TITLE_KEYS = ("title", "name", "heading", "headline", "label", "text", "post_title", "t")
SNIPPET_KEYS = (
    "snippet",
    "summary",
    "description",
    "excerpt",
    "content",
    "abstract",
    "body",
    "teaser",
    "htmlsnippet",
    "s",
)
TOTAL_KEYS = (
    "total", "totalresults", "totalmatching", "totaldocument", "numfound", "count", "totalcount", "total_results", "totalhits", "nbhits",
    "found", "total_count", "resultcount", "hits", "recordcount", "numresults", "matches", "resultstotal", "totalrows", "recordsfiltered",
)  # fmt: skip
# A number that says where the next page starts, and the parameter it is sent in (Funnelback's search.json).
NEXT_RANKS = {"nextStart": "start_rank"}
NEXT_KEYS = ("next", "nextpage", "next_page", "nexturl", "next_url", "nextlink", "@odata.nextlink", "next_page_url")
PAGE_PARAMS = ("page", "p", "pg", "pagenumber", "pageindex", "paged", "currentpage", "pageno")
OFFSET_PARAMS = (
    "start",
    "offset",
    "startnum",
    "from",
    "skip",
    "first",
    "startindex",
    "start_rank",
    "startrow",
    "startrank",
)
MOST_NODES = 50_000


@dataclass(frozen=True)
class Feed:
    """A page of results that came as data."""

    items: tuple[Item, ...] = ()
    total: Total = field(default_factory=Total)
    says_none: bool = False
    ran_query: str = ""
    next: Ask | None = None


def is_feed(page: Page) -> bool:
    """Whether the page is XML or JSON rather than HTML, by its body more than by its stated type."""
    start = page.text[:600].lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return "json" in page.content_type or "javascript" in page.content_type or _json(page.text) is not None
    return bool(
        re.match(
            r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE (?!html)[^>]*>\s*|<\?[^>]*>\s*)*<(GSP|rss|feed|rdf:RDF|\w+:feed)\b",
            start,
            re.DOTALL,
        )
    )


def read_feed(page: Page, spec: SearchSpec, turned: int = 0, collected: int = 0) -> Feed:
    """The items, total and next page of data results. A body that is neither XML nor JSON gives an empty Feed.

    `turned` pages with `collected` items were read before this one.
    """
    data = _json(page.text)
    if data is not None:
        return _read_json(data, page, spec, turned, collected)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(page.text.encode("utf-8"), parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return Feed()
    if root is None:
        return Feed()
    return _read_gsa(root, page) if root.tag == "GSP" else _read_rss(root, page, spec, turned, collected)


def _plain(markup: str | None) -> str:
    text = markup or ""
    if "<" in text or "&" in text:
        text = lxml.html.fromstring(f"<div>{text}</div>").text_content()
    return " ".join(text.split())


def _read_gsa(root: etree._Element, page: Page) -> Feed:
    """Google Search Appliance XML: R elements, M is an estimate, NB/NU the next page (GSA protocol reference 7.2)."""
    items = []
    for result in root.iter("R"):
        url = joined(page.url, result.findtext("U") or result.findtext("UE") or "")
        if url:
            title = _plain(result.findtext("T")) or url
            items.append(Item(url, title[:LONGEST_TITLE], _plain(result.findtext("S"))[:LONGEST_SNIPPET]))
    res = root.find("RES")
    number = int(res.findtext("M") or 0) if res is not None and (res.findtext("M") or "").strip().isdigit() else None
    first, last = (int(res.get(a) or 0) if res is not None else 0 for a in ("SN", "EN"))
    total = Total(number, "estimate" if number is not None else "absent", first or None, last or None, line="M")
    onward = root.findtext("RES/NB/NU")
    ask = None
    if onward and items:
        start = dict(parse_qsl(urlsplit(onward).query)).get("start", str(last))
        ask = Ask(with_param(page.url, "start", start))
    ran = _plain(root.findtext("Spelling/Suggestion")) if res is None else ""
    return Feed(tuple(items), total if items else Total(0, "exact", line="no RES"), not items, ran and "", ask)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""


def _read_rss(root: etree._Element, page: Page, spec: SearchSpec, turned: int, collected: int) -> Feed:
    items, numbers, onward = [], {}, ""
    for element in root.iter():
        name = _local(element)
        if name in {"item", "entry"}:
            item = _rss_item(element, page)
            if item:
                items.append(item)
        elif name in {"totalresults", "startindex", "itemsperpage"}:
            text = (element.text or "").strip()
            if text.isdigit():
                numbers[name] = int(text)
        elif name == "link" and element.get("rel") == "next" and element.get("href"):
            onward = joined(page.url, element.get("href") or "")
    number = numbers.get("totalresults")
    total = Total(number, "exact" if number is not None else "absent", line="totalResults")
    start = numbers.get("startindex")
    if start is not None and items and number is not None:
        first = max(start, 1)
        total = Total(number, "exact", first, min(first + len(items) - 1, number), line="totalResults")
    ask = (
        Ask(onward)
        if onward
        else _next_by_param(page.url, spec, turned, collected, len(items), total, numbers.get("itemsperpage", 0))
    )
    return Feed(tuple(items), total, not items, "", ask if items else None)


def _rss_item(element: etree._Element, page: Page) -> Item | None:
    texts: dict[str, str] = {}
    for child in element:
        name = _local(child)
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
    snippet = _plain(texts.get("description") or texts.get("summary") or texts.get("content"))
    return Item(url, (_plain(texts.get("title")) or url)[:LONGEST_TITLE], snippet[:LONGEST_SNIPPET])


def _json(text: str) -> Any:
    body = text.strip().lstrip("\ufeff")
    padded = re.match(r"^[\w$.]+\((.*)\)\s*;?$", body, re.DOTALL)
    if padded:
        body = padded[1]
    if not body.startswith(("{", "[")):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _walk(data: Any) -> Iterator[Any]:
    stack = [data]
    for _ in range(MOST_NODES):
        if not stack:
            return
        node = stack.pop(0)
        yield node
        if isinstance(node, dict):
            stack += node.values()
        elif isinstance(node, list):
            stack += node


def _scalar(value: Any) -> str:
    """A text out of what JSON APIs wrap texts in: {"rendered": ...}, {"Value": ...}, [one]."""
    for _ in range(3):
        if isinstance(value, dict):
            value = next((value[k] for k in ("Value", "value", "rendered", "raw", "text", "url") if k in value), None)
        elif isinstance(value, list):
            value = value[0] if value else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _pick(record: dict[str, Any], names: tuple[str, ...]) -> str:
    folded = {key.lower().replace("_", "") if key != "post_title" else key: value for key, value in record.items()}
    inner = folded.get("fields") or folded.get("source") or folded.get("document")
    if isinstance(inner, dict):
        folded |= {key.lower().replace("_", ""): value for key, value in inner.items()}
    for name in names:
        text = _scalar(folded.get(name.replace("_", "")))
        if text.strip():
            return text.strip()
    return ""


def _read_json(data: Any, page: Page, spec: SearchSpec, turned: int, collected: int) -> Feed:
    best: list[Item] = []
    empty_list = False
    for node in _walk(data):
        if isinstance(node, list):
            empty_list |= not node
            items = [item for record in node if isinstance(record, dict) and (item := _json_item(record, page))]
            if len(items) > len(best):
                best = items
    number = next((n for n in _numbers(data) if n >= len(best)), None)
    if number is None and (stated := page.headers.get("x-wp-total") or page.headers.get("X-WP-Total") or "").isdigit():
        number = int(stated)
    total = Total(number, "exact" if number is not None else "absent", line="json")
    onward = _json_next(data, page)
    ask = onward if onward else _next_by_param(page.url, spec, turned, collected, len(best), total, 0)
    none = not best and (number == 0 or empty_list)
    return Feed(tuple(best), total, none, "", ask if best else None)


def _json_item(record: dict[str, Any], page: Page) -> Item | None:
    url, title = _pick(record, URL_KEYS), _plain(_pick(record, TITLE_KEYS))
    address = unwrapped(joined(page.url, url)) if url and " " not in url else ""
    if not address or not title:
        return None
    return Item(address, title[:LONGEST_TITLE], _plain(_pick(record, SNIPPET_KEYS))[:LONGEST_SNIPPET])


def _numbers(data: Any) -> Iterator[int]:
    found: dict[str, int] = {}
    for node in _walk(data):
        if isinstance(node, dict):
            for key, value in node.items():
                name = key.lower().replace("_", "")
                if isinstance(value, dict) and isinstance(value.get("value"), int):
                    value = value["value"]
                if isinstance(value, str) and value.isdigit():
                    value = int(value)
                if isinstance(value, int) and not isinstance(value, bool):
                    found.setdefault(name, value)
    for wanted in TOTAL_KEYS:
        if wanted.replace("_", "") in found:
            yield found[wanted.replace("_", "")]


def _json_next(data: Any, page: Page) -> Ask | None:
    for node in _walk(data):
        if isinstance(node, dict):
            for key, value in node.items():
                text = value.get("href") if isinstance(value, dict) else value
                if key.lower() in NEXT_KEYS and isinstance(text, str) and re.match(r"https?://|/|\?", text):
                    url = joined(page.url, text)
                    return Ask(url) if url and url != page.url else None
                if key in NEXT_RANKS and isinstance(value, int) and value > 1:
                    return Ask(with_param(page.url, NEXT_RANKS[key], str(value)))
    return None


def _next_by_param(
    url: str, spec: SearchSpec, turned: int, collected: int, items: int, total: Total, per_page: int
) -> Ask | None:
    """The same address with its paging parameter counted up, while the total says that there is more."""
    pairs = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    size = per_page or items
    done = total.last if total.last is not None else collected + items
    if not items or (total.number is not None and done >= total.number):
        return None
    if spec.paging is not None:
        step = spec.paging.step or size
        value = spec.paging.first + (turned + 1) * step
        return Ask(with_param(url, spec.paging.param, str(value)))
    for name, stated in pairs.items():
        if name.lower() in PAGE_PARAMS and stated.isdigit():
            return Ask(with_param(url, name, str(int(stated) + 1)))
        if name.lower() in OFFSET_PARAMS and stated.isdigit():
            return Ask(with_param(url, name, str(int(stated) + size)))
    if total.number is not None:
        return Ask(with_param(url, "page", str(turned + 2)))
    return None
