"""What the crawler asks of the web and what comes back: the vocabulary that every crawler module shares.

An `Ask` is a request that can be kept and repeated, a `Page` is the answer, `FetchProblem` says why there is none,
and `Fetch` is the one function that the search code needs from the outside world. Nothing here touches a network.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urljoin, urlsplit

import lxml.html
from bs4 import BeautifulSoup
from lxml import etree
from w3lib.encoding import html_to_unicode
from w3lib.url import safe_url_string

ProblemKind = Literal["robots", "blocked", "refused", "timeout", "network", "too-large", "http", "budget"]

UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
PLAIN_URL = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*")
LONGEST_TEXT = 4_000_000
# Of an attribute. Rules look at them again and again; only what a form sends (__VIEWSTATE) has any length.
LONGEST_ATTRIBUTE = 4_096
ADDRESSES = {
    "href",
    "src",
    "action",
    "formaction",
    "data-href",
    "data-live-url",
    "data-ctorig",
    "data-url",
    "data-target-url",
}


@dataclass(frozen=True)
class Ask:
    """One request. A GET has its query in `url`; `fields` are the form data of a POST, in order."""

    url: str
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    encoding: str = "utf-8"

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        return {
            "url": self.url,
            "method": self.method,
            "fields": [list(pair) for pair in self.fields],
            "encoding": self.encoding,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Ask:
        """The Ask that `to_json` kept."""
        pairs = tuple((str(name), str(value)) for name, value in kept.get("fields", ()))
        return cls(kept["url"], kept.get("method", "GET"), pairs, kept.get("encoding", "utf-8"))

    def body(self) -> bytes:
        """The form data of a POST as bytes; what the charset lacks goes as a character reference, as browsers do."""
        return form_encoded(self.fields, self.encoding).encode("ascii")


@dataclass(frozen=True)
class Page:
    """One answer: `url` is the address after redirects, `body` the bytes after content decoding."""

    ask: Ask
    url: str
    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """The body as text: charset from the header, BOM or meta, else UTF-8, else windows-1252."""
        return self._decoded[1]

    @property
    def encoding(self) -> str:
        """The charset that `text` was read in, which is also the one its forms are sent in."""
        return self._decoded[0]

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        charset, text = html_to_unicode(
            self.content_type or None, self.body[:LONGEST_TEXT], auto_detect_fun=_guessed_charset
        )
        return charset, UNWANTED.sub("", text)

    @cached_property
    def tree(self) -> lxml.html.HtmlElement:
        """The body parsed as HTML, always with a root, however broken. Parsed once; much faster than `soup`."""
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
        markup = self.text.encode("utf-8", "replace").strip() or b"<html><body></body></html>"
        try:
            root = lxml.html.document_fromstring(markup, parser=parser)
        except (etree.ParserError, etree.XMLSyntaxError):
            root = lxml.html.document_fromstring(b"<html><body></body></html>", parser=parser)
        _shorten(root)
        return root

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The body as BeautifulSoup (lxml)."""
        return BeautifulSoup(self.text, "lxml")

    @cached_property
    def base_url(self) -> str:
        """What relative links are relative to: the page's <base href> where it has one, else its address."""
        for base in self.tree.iter("base"):
            href = (base.get("href") or "").strip()
            if href:
                return joined(self.url, href) or self.url
        return self.url


class FetchProblem(Exception):
    """Raised by a Fetch that brought no page. It is an outcome to keep; do not go round it or retry it here."""

    def __init__(self, kind: ProblemKind, reason: str, status: int | None = None, url: str = "") -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: ProblemKind = kind
        self.reason = reason
        self.status = status
        self.url = url


# An HTTP error (4xx, 5xx) comes back as a Page with that status; everything without a page is a FetchProblem.
Fetch = Callable[[Ask], Awaitable[Page]]


@lru_cache(maxsize=8192)
def split(url: str) -> SplitResult:
    """An address in its parts, kept: each is looked at by several rules. Raises ValueError where it is none."""
    return urlsplit(url)


# Every page of a site has the same menus: their addresses are worked out once.
@lru_cache(maxsize=8192)
def joined(base: str, href: str) -> str:
    """`href` made absolute against `base`, safe to ask for; '' where it is not a web address."""
    try:
        url = urljoin(base, re.sub(r"[\t\r\n]", "", href.strip()))
        parts = urlsplit(url)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return ""
        _ = parts.port
        # Nearly every address needs no quoting, and finding that out is ten times as fast as quoting it.
        return url if PLAIN_URL.fullmatch(url) else safe_url_string(url)
    except ValueError:
        return ""


def number(said: object) -> int | None:
    """The whole number that a text says or a value is, of at most nine digits; None for anything else. Larger ones count nothing."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said if 0 <= said < 10**9 else None
    return int(said) if isinstance(said, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", said) else None


def params(url: str) -> list[tuple[str, str]]:
    """The parameters of an address, decoded; ';' separates them too (W3C's advice to CGI authors, and ht://Dig's way)."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return []
    if ";" in query and query.count("=") > query.count("&") + 1:
        query = query.replace(";", "&")
    return parse_qsl(query, keep_blank_values=True)


def form_encoded(pairs: tuple[tuple[str, str], ...], encoding: str) -> str:
    """Form data as a browser writes it in the page's charset."""
    return urlencode(pairs, encoding=encoding, errors="xmlcharrefreplace")


@lru_cache(maxsize=8192)
def host_of(url: str) -> str:
    """Host with port, lower case, without 'www.': two addresses with the same one are the same site."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return (parts.hostname or "").removeprefix("www.") + port


@lru_cache(maxsize=8192)
def readable(url: str) -> str:
    """A URL with its percent escapes undone, for comparing and showing."""
    return unquote(url.replace("+", " "))


def _shorten(root: lxml.html.HtmlElement) -> None:
    """Cut attributes to `LONGEST_ATTRIBUTE`; longer addresses go altogether, since half of one is another's."""
    for value in root.xpath(f"//@*[string-length() > {LONGEST_ATTRIBUTE}][name() != 'value']"):
        element, name = value.getparent(), value.attrname
        if name in ADDRESSES:
            del element.attrib[name]
        else:
            element.set(name, value[:LONGEST_ATTRIBUTE])


def _guessed_charset(body: bytes) -> str:
    """Pages that declare nothing: UTF-8 if they are valid UTF-8, else windows-1252, as browsers assume."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as problem:
        return "utf-8" if problem.start > len(body) - 4 else "cp1252"
    return "utf-8"
