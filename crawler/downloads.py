"""Scrapy's download handler with what it leaves open: a response's head has a size limit, and certificates are checked host by host.

DOWNLOAD_MAXSIZE counts bodies alone. A host that never ends its headers, or its interim (1xx) answers, would fill the memory at the
speed of its line until DOWNLOAD_TIMEOUT; it is hung up on instead.
"""

from __future__ import annotations

from typing import cast

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web._newclient import BODY, DONE
from twisted.web.iweb import IPolicyForHTTPS

from crawler.certificates import ByHost

HEAD_MAXSIZE = 256 * 1024  # bytes of status line and headers; servers and browsers take 8 to 256 KiB of them


class HeadTooLarge(ValueError):
    """A response whose headers did not end within HEAD_MAXSIZE."""


class _BoundedHead(_LenientHTTP11ClientProtocol):
    """Scrapy's own protocol, which hangs up on a head without end."""

    _head = 0  # bytes since the last head ended

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if self._parser is None or self._parser.state in (BODY, DONE):
            self._head = 0
            return
        self._head += len(data)
        if self._head > HEAD_MAXSIZE:
            self._giveUp(Failure(HeadTooLarge(f"headers of more than {HEAD_MAXSIZE // 1024} KiB")))


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _BoundedHead:
        return _BoundedHead(self._quiescentCallback)


class Handler(HTTP11DownloadHandler):
    """Scrapy's download handler, bounded in what it takes and with certificates checked host by host."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory
        self._contextFactory = cast("IPolicyForHTTPS", ByHost(self._contextFactory))
