"""Results as JSON, or as XML of no standard: the list, the total and the next page by what their keys are called.

The list is the largest array of objects that have an address and a title, the total a number beside it, the next page a link
or the paging parameter counted up. A list that comes as a piece of HTML inside of data is left to the reader of HTML.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import lxml.html
from lxml import etree

from crawler.anatomy import unwrapped
from crawler.hits import LONGEST_SNIPPET, LONGEST_TITLE, MOST_HITS, Item
from crawler.searchspec import SearchSpec
from crawler.totals import Total, says_error
from crawler.turning import header_next, with_param
from crawler.web import Ask, Page, joined, number

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
# What the list of hits is called, alone or at a name's end ('searchResults'); other lists are facets', suggestions', errors'.
LISTS = re.compile(
    r"(results?|items?|hits?|docs?|documents?|entry|entries|records?|rows?|matches|data|list|pages?|posts?|articles?|content|value)$"
)
FAULTS = {"error", "errors", "errormessage", "exception", "exceptions", "fault", "faults", "failure", "timedout"}
LONGEST_NOTICE = 400
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
MOST_DEPTH = 40


@dataclass(frozen=True)
class Feed:
    """A page of results that came as data."""

    items: tuple[Item, ...] = ()
    total: Total = field(default_factory=Total)
    says_none: bool = False
    ran_query: str = ""
    next: Ask | None = None
    html: str = ""  # a piece of HTML that holds the items
    linked: bool = False  # whether `next` is an address that the answer itself gives
    torn: bool = False  # whether the answer broke off: there may be more than it lists


def as_data(element: etree._Element, depth: int = 0) -> Any:
    """XML of no standard in the shape of JSON: texts, and lists of the elements of one name."""
    children = [child for child in element if isinstance(child.tag, str)] if depth < MOST_DEPTH else []
    said = " ".join((element.text or "").split())
    if not children and not element.attrib:
        return said
    data: dict[str, Any] = {str(name).lower(): value for name, value in element.attrib.items()}
    for child in children:
        value = as_data(child, depth + 1)
        if isinstance(value, str):
            data.setdefault(local_name(child), value)
        else:
            data.setdefault(local_name(child), [])
            if isinstance(data[local_name(child)], list):
                data[local_name(child)].append(value)
    return data | ({"value": said} if said else {})


def as_text(markup: str | None) -> str:
    text = markup or ""
    if "<" in text or "&" in text:
        text = lxml.html.fromstring(f"<div>{text}</div>").text_content()
    return " ".join(text.split())


def local_name(element: etree._Element) -> str:
    # Not by etree.QName, which refuses the names that a mended feed may have ('a:b:c').
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


def parsed(text: str) -> Any:
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


def _walk(data: Any, *, into_lists: bool = True) -> Iterator[Any]:
    stack = deque([data])
    for _ in range(MOST_NODES):
        if not stack:
            return
        node = stack.popleft()
        yield node
        if isinstance(node, dict):
            stack += node.values()
        elif into_lists and isinstance(node, list):
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
    inner = next(
        (folded[key] for key in ("fields", "source", "document", "attributes", "item") if folded.get(key)), None
    )
    if isinstance(inner, dict):
        folded |= {key.lower().replace("_", ""): value for key, value in inner.items()}
    for name in names:
        text = _scalar(folded.get(name.replace("_", "")))
        if text.strip():
            return text.strip()
    return ""


def read_data(data: Any, page: Page, spec: SearchSpec, turned: int, collected: int) -> Feed:
    best: list[Item] = []
    for node in _walk(data):
        if isinstance(node, list):
            records = islice((record for record in node if isinstance(record, dict)), MOST_HITS + 1)
            items = [item for record in records if (item := _json_item(record, page))]
            if len(items) > len(best):
                best = items
    stated = next((n for n in _numbers(data) if n >= len(best)), None)
    if stated is None:
        stated = number(page.headers.get("x-wp-total") or page.headers.get("X-WP-Total"))
    total = Total(stated, "exact" if stated is not None else "absent", line="json")
    piece = "" if best else _markup(data)
    listed = len(best) or piece.count("<a ")
    onward = _json_next(data, page) or _header_ask(page)
    done = stated is not None and collected + listed >= stated
    ask = onward or (None if done else _next_as_said(data, page, turned, collected, listed))
    ask = ask or next_by_param(page.url, spec, turned, collected, listed, total, 0)
    none = not listed and (stated == 0 or (stated is None and _has_empty_list(data))) and not _tells_of_fault(data)
    return Feed(tuple(best), total, none, "", ask if listed else None, piece, linked=bool(onward))


def _has_empty_list(data: Any) -> bool:
    """Whether the list of hits is there and empty: not a list inside of another, which is a facet's."""
    if isinstance(data, list):
        return not data
    records = (node for node in _walk(data, into_lists=False) if isinstance(node, dict))
    return any(value == [] and LISTS.search(key.lower()) for record in records for key, value in record.items())


def _tells_of_fault(data: Any) -> bool:
    """Whether data say, by a key or in words, that something went wrong: such an answer is none, whatever lists it has."""
    records = [node for node in _walk(data) if isinstance(node, dict)]
    pairs = [(key.lower().replace("_", ""), value) for record in records for key, value in record.items()]
    if any(value and key in FAULTS for key, value in pairs) or ("success", False) in pairs:
        return True
    said = [value[:LONGEST_NOTICE] for _, value in pairs if isinstance(value, str)]
    return any(text.lower() in FAULTS for text in said) or says_error(said)


def _markup(data: Any) -> str:
    """The longest text of the data that is a piece of HTML with links."""
    texts = (
        value for node in _walk(data) if isinstance(node, dict) for value in node.values() if isinstance(value, str)
    )
    return max((text for text in texts if re.search(r"<a\s[^<>]*href", text)), key=len, default="")


def _header_ask(page: Page) -> Ask | None:
    url = header_next(page)
    return Ask(url) if url else None


def _next_as_said(data: Any, page: Page, turned: int, collected: int, listed: int) -> Ask | None:
    """The next page where the data say which one this is ('start': 0), in a word that is a paging parameter's."""
    for node in _walk(data):
        for key, value in node.items() if isinstance(node, dict) else ():
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            if key.lower() in OFFSET_PARAMS and value in (collected, collected + 1):
                return Ask(with_param(page.url, key, str(value + listed)))
            if key.lower() in PAGE_PARAMS and value in (turned, turned + 1):
                return Ask(with_param(page.url, key, str(value + 1)))
    return None


def _json_item(record: dict[str, Any], page: Page) -> Item | None:
    url, title = _pick(record, URL_KEYS) or _linked(record), as_text(_pick(record, TITLE_KEYS))
    address = unwrapped(joined(page.url, url)) if url and " " not in url else ""
    if not address or not title:
        return None
    return Item(address, title[:LONGEST_TITLE], as_text(_pick(record, SNIPPET_KEYS))[:LONGEST_SNIPPET])


def _linked(record: dict[str, Any]) -> str:
    """The address in a record's own links (JSON:API, HAL): that for people before that for programs."""
    links = record.get("links") or record.get("_links")
    if not isinstance(links, dict):
        return ""
    return next(
        (text for key in ("html", "canonical", "alternate", "web", "self") if (text := _href(links.get(key)))), ""
    )


def _href(value: Any) -> str:
    inner = value[0] if isinstance(value, list) and value else value
    inner = inner.get("href") if isinstance(inner, dict) else inner
    return inner if isinstance(inner, str) else ""


def _numbers(data: Any) -> Iterator[int]:
    found: dict[str, int] = {}
    for node in _walk(data):
        if isinstance(node, dict):
            for key, value in node.items():
                name = key.lower().replace("_", "")
                if isinstance(value, dict) and isinstance(value.get("value"), int):
                    value = value["value"]
                if (stated := number(value)) is not None:
                    found.setdefault(name, stated)
    for wanted in TOTAL_KEYS:
        if wanted.replace("_", "") in found:
            yield found[wanted.replace("_", "")]


def _json_next(data: Any, page: Page) -> Ask | None:
    for node in _walk(data):
        if isinstance(node, dict):
            for key, value in node.items():
                text = _href(value) if key.lower() in NEXT_KEYS else ""
                if re.match(r"https?://|/|\?", text):
                    url = joined(page.url, text)
                    return Ask(url) if url and url != page.url else None
                if key in NEXT_RANKS and isinstance(value, int) and value > 1:
                    return Ask(with_param(page.url, NEXT_RANKS[key], str(value)))
    return None


def next_by_param(
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
        here = number(stated)
        if here is not None and name.lower() in PAGE_PARAMS:
            return Ask(with_param(url, name, str(here + 1)))
        if here is not None and name.lower() in OFFSET_PARAMS:
            return Ask(with_param(url, name, str(here + size)))
    if total.number is not None:
        return Ask(with_param(url, "page", str(turned + 2)))
    return None
