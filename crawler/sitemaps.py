"""Read a sitemap file: XML (sitemaps.org, and Google's own of before 2006), plain text, or the Sitemap lines of robots.txt.

The file is taken apart as a stream and nothing of it is believed: no entity is replaced, nothing is loaded, and bytes,
addresses and their length are bounded. Form: sitemaps.org/protocol.html; 50,000 addresses and 50 MB a file.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal
from urllib.parse import urlsplit

from lxml import etree

from crawler.web import joined

MOST_BYTES = 50 * 1024 * 1024  # of one file, after decompression
MOST_URLS = 50_000  # of one file
MOST_ELEMENTS = 2_000_000  # of one file: 50 MB of what sitemaps hold have fewer
LONGEST_URL = 2_048
LONGEST_DATE = 40
_CHUNK = 64 * 1024
_TAIL = 4_096  # bytes in which the end of the list must stand; comments may follow it
_END = re.compile(rb"</(?:\w+:)?(?:urlset|sitemapindex)\s*>|<(?:\w+:)?(?:urlset|sitemapindex)\b[^<]*/>", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_GZIP_STREAM = 31  # zlib's window bits for 'gzip, 32 KiB'


@dataclass
class SitemapFile:
    """What one file lists: ``pages`` and ``files`` (further sitemaps) as (address, lastmod as written or '').

    ``kind`` is nothing for what is no sitemap. ``unread`` says why the rest of the file is not known, '' if it was read
    whole; ``left_out`` counts pages beyond the bound, ``elements`` those of its XML.
    """

    kind: Literal["pages", "index", "text", "robots", "nothing"] = "nothing"
    pages: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    left_out: int = 0
    unread: str = ""
    elements: int = 0


def read_sitemap(body: bytes, url: str, *, most_bytes: int = MOST_BYTES, most_urls: int = MOST_URLS) -> SitemapFile:
    """Read the file served at ``url``; never raises for what is in it. Gzip is known by its first bytes."""
    found = SitemapFile()
    chunks = _Chunks(body, most_bytes)
    if urlsplit(url).path == "/robots.txt":
        found.kind = "robots"
        _read_robots(chunks, url, found)
    else:
        start = _beginning(chunks)
        if start.startswith(b"<"):
            _read_xml(start, chunks, url, found, most_urls)
        elif start[:8].lower().startswith((b"http://", b"https://")):
            found.kind = "text"
            _read_text(start, chunks, url, found, most_urls)
    if chunks.problem and found.kind != "nothing":
        found.unread = chunks.problem
    return found


class _Chunks:
    """The bytes of a file piece by piece, decompressed as long as they are gzip, up to a bound."""

    def __init__(self, body: bytes, most: int) -> None:
        self.problem = ""
        self._most, self._given = most, 0
        pieces: Iterator[bytes] = (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))
        # Twice: a .gz file that a server compressed once more for the way.
        for _ in range(2):
            first = next(pieces, b"")
            pieces = _rejoined(first, pieces)
            if first.startswith(_GZIP):
                pieces = self._inflated(pieces)
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._given += len(piece)
            if self._given > self._most:
                self.problem = f"larger than {self._most:,} bytes"
                return
            yield piece

    def _inflated(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        inflate = zlib.decompressobj(_GZIP_STREAM)
        for piece in pieces:
            while piece:
                try:
                    out = inflate.decompress(piece, _CHUNK)
                except zlib.error as problem:
                    self.problem = f"torn gzip ({problem})"
                    return
                if out:
                    yield out
                piece = inflate.unconsumed_tail
                if inflate.eof:  # a gzip file may hold several members (RFC 1952, 2.2)
                    piece = inflate.unused_data
                    if not piece.startswith(_GZIP):
                        break
                    inflate = zlib.decompressobj(_GZIP_STREAM)
        if not inflate.eof:
            self.problem = "torn gzip (it ends too early)"


def _rejoined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _beginning(chunks: _Chunks) -> bytes:
    """The first piece that holds anything, without byte order mark and white space: XML allows none before itself."""
    for piece in chunks:
        start = piece.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start:
            return start
    return b""


def _read_robots(chunks: _Chunks, url: str, found: SitemapFile) -> None:
    for line in re.finditer(rb"[^\r\n]+", b"".join(chunks)):
        name, _, value = line[0].removeprefix(b"\xef\xbb\xbf").partition(b":")
        if name.strip().lower() == b"sitemap":
            at = joined(url, value.decode("utf-8", "replace").partition("#")[0])
            if at and len(at) <= LONGEST_URL and len(found.files) < MOST_URLS:
                found.files.append((at, ""))


def _read_text(start: bytes, chunks: _Chunks, url: str, found: SitemapFile, most_urls: int) -> None:
    left = start
    for piece in chain(chunks, [b"\n"]):
        *lines, left = (left + piece).split(b"\n")
        for line in lines:
            _add(found.pages, line.decode("utf-8", "replace"), "", url, found, most_urls)
        left = left[: LONGEST_URL * 4]


def _read_xml(start: bytes, chunks: _Chunks, url: str, found: SitemapFile, most_urls: int) -> None:
    parser = etree.XMLPullParser(
        events=("start", "end"),
        recover=True,  # unescaped ampersands are common
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    tail = b""
    entry: dict[str, str] = {}
    try:
        for piece in _rejoined(start, iter(chunks)):
            tail = (tail + piece)[-_TAIL:]
            parser.feed(piece)
            if not _take(parser, entry, url, found, most_urls):
                return
        parser.close()
        _take(parser, entry, url, found, most_urls)
    except etree.XMLSyntaxError as problem:
        found.unread = f"not well-formed ({problem.msg})"
    if found.kind != "nothing" and not _END.search(tail):
        found.unread = found.unread or "it ends too early"


def _take(parser: etree.XMLPullParser, entry: dict[str, str], url: str, found: SitemapFile, most_urls: int) -> bool:
    """Take what the parser has finished; false where the rest is not to be read. `entry`: what the open entry has said so far.

    Every element is let go of when it ends, whatever it is: 50 MB of elements that no sitemap has would be 1.5 GB of tree.
    """
    for event, element in parser.read_events():
        found.elements += event == "start"
        if found.elements > MOST_ELEMENTS:
            found.unread = f"more than {MOST_ELEMENTS:,} elements"
            return False
        tag = _local_name(element)
        if found.kind == "nothing":
            if event == "start" and tag in ("urlset", "sitemapindex"):
                found.kind = "pages" if tag == "urlset" else "index"
                continue
            return False
        if event == "start":
            continue
        parent = element.getparent()
        if parent is None:
            continue
        if tag in ("url", "sitemap"):
            loc, lastmod = entry.get("loc", ""), entry.get("lastmod", "")
            _add(found.pages if tag == "url" else found.files, loc, lastmod, url, found, most_urls)
            entry.clear()
        elif tag in ("loc", "lastmod") and _local_name(parent) in ("url", "sitemap"):
            entry.setdefault(tag, _text(element))
        element.clear()
        before = element.getprevious()
        if before is not None:  # the element itself has to stay until the parser has gone on
            parent.remove(before)
    return True


def _local_name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _text(element: etree._Element) -> str:
    """An element's text; '' where an entity stands in it, since none is replaced."""
    if len(element):
        return ""
    return str(element.text or "").strip()


def _add(entries: list[tuple[str, str]], loc: str, lastmod: str, url: str, found: SitemapFile, most_urls: int) -> None:
    at = joined(url, loc) if loc.strip() and len(loc) <= LONGEST_URL else ""
    if not at:
        return
    if len(entries) < most_urls:
        entries.append((at, lastmod[:LONGEST_DATE]))
    else:
        found.left_out += 1
