"""The address guard: which addresses a request may go to, decided where the connection is made.

A scraped link may point anywhere: at this machine, its network, a cloud's metadata service. So a request is let through
only to http(s) on ports 80 and 443, and only if *every* address its host name resolves to is a public one. The check
stands in the resolver that the connection itself uses: redirects and names that resolve differently a second time
(rebinding) meet it too. Pairs HOST:PORT given with ``--allow`` are the one way past it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.resolver import CachingHostnameResolver
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface.declarations import implementer

from study.errors import UserError

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AllowError(UserError):
    """An ``--allow`` value is no HOST:PORT pair."""


def allowed_pairs(values: Sequence[str]) -> frozenset[tuple[str, int]]:
    """Return ``HOST:PORT`` values as (host, port) pairs; raise :class:`AllowError` naming the one that is none."""
    pairs = set()
    for value in values:
        host, _, port = value.strip().rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise AllowError(f"--allow {value}: expected HOST:PORT, e.g. 127.0.0.1:8700")
        pairs.add((host.strip("[]").lower(), int(port)))
    return frozenset(pairs)


def is_public(address: str) -> bool:
    """Tell whether an IP address is a public one; addresses inside addresses (mapped, 6to4, Teredo, NAT64) count too."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def refusal(url: str, allowed: frozenset[tuple[str, int]]) -> str | None:
    """Say why ``url`` may not be asked for, going by its spelling alone; None if it may."""
    if _UNSAFE.search(url):
        return "the address holds control characters, spaces or a backslash"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        return f"not an address: {problem}"
    if parts.scheme not in ("http", "https"):
        return f"scheme {parts.scheme!r} is not fetched; http and https are"
    if parts.username is not None or parts.password is not None:
        return "the address holds a user name or password"
    if not parts.hostname:
        return "the address names no host"
    port = port or (443 if parts.scheme == "https" else 80)
    if (parts.hostname.lower(), port) in allowed:
        return None
    if port not in (80, 443):
        return f"port {port} is not fetched; 80 and 443 are (--allow {parts.hostname}:{port} lets it through)"
    if _is_literal(parts.hostname) and not is_public(parts.hostname):
        return f"{parts.hostname} is not a public address (--allow {parts.hostname}:{port} lets it through)"
    return None


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@implementer(IResolutionReceiver)
class _Checking:
    """Passes a resolution on only when every address of it may be connected to."""

    def __init__(self, receiver: Any, guard: GuardedResolver, host: str, port: int) -> None:
        self.receiver, self.guard, self.host, self.port = receiver, guard, host, port
        self.addresses: list[Any] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        private = [a.host for a in self.addresses if not is_public(a.host)]
        if private and (self.host.lower(), self.port) not in self.guard.allowed:
            # Twisted reports 'no results'; the reason is kept for whoever asked (fetching.py).
            self.guard.refused[self.host.lower()] = (
                f"{self.host} resolves to {private[0]}, which is not a public address"
            )
        else:
            for address in self.addresses:
                self.receiver.addressResolved(address)
        self.receiver.resolutionComplete()


class GuardedResolver(CachingHostnameResolver):
    """Scrapy's resolver with the check between it and the connection."""

    refused: ClassVar[dict[str, str]] = {}  # host -> why; shared by the process, as the reactor's resolver is

    def __init__(self, reactor: ReactorBase, cache_size: int, allowed: frozenset[tuple[str, int]]) -> None:
        super().__init__(reactor, cache_size)
        self.allowed = allowed

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        allowed = allowed_pairs(crawler.settings.getlist("MENTORWATCH_ALLOW"))
        return cls(reactor, crawler.settings.getint("DNSCACHE_SIZE"), allowed)

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        checking = _Checking(resolutionReceiver, self, hostName, portNumber)
        return super().resolveHostName(
            cast("IResolutionReceiver", checking), hostName, portNumber, addressTypes, transportSemantics
        )
