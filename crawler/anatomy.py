"""A page taken apart once: its links and its lines of text, in reading order, each with the path of tags above it.

Everything that reads results works on this: lists are links with equal paths, totals are lines, snippets are what
stands between two links. One walk over the tree, no recursion.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from crawler.web import Page, joined, readable
from crawler.wording import plain

INLINE = {
    "span", "b", "strong", "i", "em", "font", "u", "small", "big", "mark", "tt", "code", "cite", "sup", "sub", "abbr", "acronym",
    "a", "img", "nobr", "wbr", "bdi", "bdo", "data", "time", "label", "ins", "del", "s", "q", "kbd", "var", "svg", "picture", "source",
}  # fmt: skip
UNREAD = {"script", "style", "template", "noscript", "head", "svg", "select", "textarea", "object", "iframe"}
MOST_ELEMENTS = 60_000
# Browsers nest no deeper. The path of every link is kept: deeper ones would take memory with the square of their depth.
DEEPEST_LINK = 512
SPACED_NUMBER = re.compile(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))")
LIVE_URL = ("data-live-url", "data-ctorig", "data-url", "data-target-url")
JUMP = re.compile(r"location(?:\.href)?\s*=\s*['\"]([^'\"]+)['\"]|window\.open\(\s*['\"]([^'\"]+)['\"]")
# In what a script is given: a file's name, or a web address. Each quoted piece is gone through once.
QUOTED_ADDRESS = re.compile(r"['\"]((?=[^'\"\s]+?\.[a-z]{3,4})[^'\"\s]++|https?://[^'\"]++)['\"]")
WRAPPED = re.compile(r"redir|click|track|/out\b|/go\b|/url$|/link|exit|leave|jump|goto|log", re.IGNORECASE)
CARRIERS = {
    "url",
    "u",
    "q",
    "target",
    "dest",
    "destination",
    "link",
    "redirect",
    "to",
    "href",
    "goto",
    "location",
    "page_url",
}


@dataclass
class Link:
    """A link where it stands: `path` is the tags from the root to it, `styled` the same with ids and classes."""

    element: HtmlElement
    url: str
    href: str
    text: str
    at: int
    path: tuple[str, ...]
    styled: tuple[str, ...]

    @cached_property
    def bare(self) -> tuple[str, ...]:
        """The path without the tags that only dress text."""
        return (*(tag for tag in self.path[:-1] if tag not in INLINE), "a")


@dataclass
class Line:
    """A run of visible text between two block boundaries; `linked` where it is nothing but links."""

    text: str
    at: int
    element: HtmlElement
    linked: bool = False


@dataclass
class Anatomy:
    """The links and lines of a page; `ends[element]` is where an element's content stops, `starts` where it begins."""

    page: Page
    query: str
    links: list[Link] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    starts: dict[HtmlElement, int] = field(default_factory=dict)
    ends: dict[HtmlElement, int] = field(default_factory=dict)
    _hard: dict[int, set[str]] = field(default_factory=dict)

    def hard(self, link: Link) -> set[str]:
        """Keys of a link in its place; equal on two pages only for the same link in the same place."""
        # Ids and classes of the nearest elements only: those further out say the page's state ('search-no-results').
        if link.at not in self._hard:
            where = " ".join((*link.path, *link.styled[-3:]))
            self._hard[link.at] = {short(where + key) for key in self._spellings(link)}
        return self._hard[link.at]

    def soft(self, link: Link) -> set[str]:
        """Keys of a link wherever it stands."""
        return {short(key) for key in self._spellings(link)}

    def _spellings(self, link: Link) -> set[str]:
        said = f"{link.url}\n{link.text}".casefold()
        generic = self.without_query(said)
        path_only = f"{link.url.split('?')[0]}\n{link.text}".casefold() if link.text else generic
        return {said, generic, path_only}

    def line_keys(self, line: Line) -> set[str]:
        """Keys of a line of text, as it stands and with the query taken out."""
        said = plain(line.text).casefold()
        return {short(said), short(self.without_query(said))}

    @cached_property
    def keys(self) -> set[str]:
        """The keys of all its lines."""
        return {key for line in self.lines for key in self.line_keys(line)}

    def without_query(self, text: str) -> str:
        """Text in which every occurrence of the query is {q}."""
        text = readable(readable(text)) if "%" in text or "+" in text else text
        query = plain(self.query).casefold()
        return text.replace(query, "{q}") if query else text

    def between(self, start: int, end: int) -> str:
        """The text of the lines from position `start` up to `end`."""
        return " ".join(line.text for line in self.lines if start <= line.at < end)


def short(text: str) -> str:
    """A short hash that is the same on every machine and run."""
    return hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=5).hexdigest()


def take_apart(page: Page, query: str = "") -> Anatomy:
    """The anatomy of an HTML page. Bounded: what comes after 60,000 elements is left out."""
    body = page.tree.find("body")
    anatomy = Anatomy(page, query)
    root = body if body is not None else page.tree
    base = page.base_url
    path: list[str] = []
    styled: list[str] = []
    words: list[str] = []
    plain_text: list[bool] = []
    columns: Counter[HtmlElement | None] = Counter()
    owner: HtmlElement = root
    at = unread = inside = 0

    def flush() -> None:
        nonlocal at
        # '1&nbsp;103' is one number; after that every kind of space is a space.
        text = " ".join(SPACED_NUMBER.sub("", "".join(words)).split())
        words.clear()
        if text:
            at += 1
            anatomy.lines.append(Line(text, at, owner, linked=not plain_text))
        plain_text.clear()

    for count, (event, element) in enumerate(etree.iterwalk(root, events=("start", "end"))):
        tag = element.tag if isinstance(element.tag, str) else ""
        block = tag not in INLINE
        if event == "start":
            if count > 2 * MOST_ELEMENTS:
                break
            if block:
                flush()
                owner = element
            path.append(tag)
            if tag in {"td", "th"}:
                # Columns of a table are told apart by their place: title, category, date.
                row = element.getparent()
                styled.append(_style(element, f"{tag}:{columns[row]}"))
                columns[row] += 1
            else:
                styled.append(_style(element, tag))
            at += 1
            anatomy.starts[element] = at
            unread += tag in UNREAD or _unseen(element)
            inside += _leads_away(element, tag)
            leads = tag in {"a", "area"} or (not unread and (element.get("onclick") or element.get("data-href")))
            if leads and len(path) <= DEEPEST_LINK:
                link = _link(element, tag, base)
                if link:
                    url, href, said = link
                    anatomy.links.append(Link(element, url, href, said, at, tuple(path), tuple(styled)))
            if (tag == "a" and _abuts(element)) or (not block and _changes(words, element)):
                words.append(" ")
            if not unread and element.text:
                words.append(element.text)
                if not inside and not element.text.isspace():
                    plain_text.append(True)
            if not unread and tag == "img" and element.get("alt"):
                words.append(" ")
        else:
            if block:
                flush()
                parent = element.getparent()
                owner = parent if parent is not None else root
            unread -= tag in UNREAD or _unseen(element)
            inside -= _leads_away(element, tag)
            path.pop()
            styled.pop()
            at += 1
            anatomy.ends[element] = at
            if not unread and element.tail and element is not root:
                words.append(element.tail)
                if not inside and re.search(r"\w", element.tail):
                    plain_text.append(True)
    flush()
    return anatomy


def _style(element: HtmlElement, tag: str) -> str:
    if tag == "body":
        return tag
    marks = f"{element.get('id') or ''} {element.get('class') or ''}"
    return tag + "." + re.sub(r"\d+", "", " ".join(marks.split())) if marks.strip() else tag


def _leads_away(element: HtmlElement, tag: str) -> bool:
    """Whether an element is a link to another page; themes put the total into a tab's <a href="#">."""
    return tag == "a" and not (element.get("href") or "#").strip().lower().startswith(("#", "javascript:"))


def _abuts(link: HtmlElement) -> bool:
    """Whether a link follows another without a space: '5</a><a>Next' is two words."""
    before = link.getprevious()
    return before is not None and before.tag == "a" and not before.tail


def _changes(words: list[str], element: HtmlElement) -> bool:
    """Whether an element goes on in letters after another's digits, or the other way round: '<b>33</b><span>matches</span>'."""
    before = element.getprevious()
    if before is None or before.tail or not words or not words[-1] or not element.text:
        return False
    one, other = words[-1][-1], element.text[0]
    return (one.isdigit() and other.isalpha()) or (one.isalpha() and other.isdigit())


def _unseen(element: HtmlElement) -> bool:
    style = element.get("style")
    return element.get("hidden") is not None or bool(style and "display:none" in style.replace(" ", "").lower())


def _link(element: HtmlElement, tag: str, base: str) -> tuple[str, str, str] | None:
    """A link's address (unwrapped), its href as written, and what it says."""
    href = ""
    if tag in {"a", "area"}:
        href = (element.get("href") or "").strip()
    if (not href or href.startswith("#")) and element.get("onclick"):
        jump = JUMP.search(element.get("onclick") or "")
        href = (jump[1] or jump[2]) if jump else href
    if not href and element.get("data-href"):
        href = element.get("data-href") or ""
    if not href:
        return None
    live = next((element.get(name) for name in LIVE_URL if element.get(name)), "")
    if href.lower().startswith("javascript:"):
        quoted = QUOTED_ADDRESS.search(href)
        url = joined(base, quoted[1]) if quoted else ""
    else:
        url = joined(base, href)
    url = unwrapped(joined(base, live) if live else url)
    text = " ".join((element.text_content() or "").split())
    if not text:
        text = next((t for t in (element.get("aria-label"), element.get("title")) if t and t.strip()), "")
        text = text or " ".join(image.get("alt") or "" for image in element.iter("img")).strip()
    return url, href, text[:1000]


def unwrapped(url: str) -> str:
    """The real address behind a click-counting redirect (/s/redirect?url=..., /url?q=...); others as they are."""
    if "http" not in url[8:].lower():
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.query and ("http" in parts.query.lower()) and WRAPPED.search(parts.path):
        for name, value in parse_qsl(parts.query):
            if name.lower() in CARRIERS and re.match(r"https?://", value, re.IGNORECASE):
                return joined(url, value) or url
    return url
