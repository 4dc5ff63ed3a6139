"""What is throttled together: a host, or all hosts of a vendor, or all hosts that one address answers for (shared.toml).

Dozens of councils' committee systems stand on a vendor's few machines; a second between two requests to each host would be many
requests a second to those. What an address resolves to decides only the pace here; whether it may be asked is the guard's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import tomllib
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# The addresses of a host name; empty where it has none.
Resolve = Callable[[str], Awaitable[list[str]]]


async def resolved(host: str) -> list[str]:
    """Ask the system's resolver for the addresses of a host; [] where there are none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(info[4][0]) for info in found]


class Sharing:
    """Names the slot of an address; every host is looked up once."""

    def __init__(self, allowed: frozenset[tuple[str, int]], resolve: Resolve = resolved) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._of_host: dict[str, asyncio.Future[str]] = {}

    async def slot(self, url: str) -> str:
        """What the address is throttled with: 'host:port' for allowed test pairs, else a vendor, an address or the host."""
        parts = urlsplit(url)
        host, own = (parts.hostname or "").lower(), parts.netloc.rpartition("@")[2].lower()
        if (host, parts.port or (443 if parts.scheme == "https" else 80)) in self._allowed:
            return own
        if host not in self._of_host:
            self._of_host[host] = asyncio.ensure_future(self._shared(host))
        return await asyncio.shield(self._of_host[host])

    async def _shared(self, host: str) -> str:
        if vendor := vendor_of(host):
            return f"vendor {vendor}"
        addresses = sorted(await self._resolve(host))
        return f"address {addresses[0]}" if addresses and not any(map(delivers, addresses)) else host


def vendor_of(host: str) -> str:
    """The vendor on whose machines a host stands by its name; '' for others."""
    for vendor, ends in _table()["vendors"].items():
        if any(host == end or host.endswith(f".{end}") for end in ends):
            return str(vendor)
    return ""


def delivers(address: str) -> bool:
    """Whether an address is a content delivery network's."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(ip in network for network in _networks() if network.version == ip.version)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("shared.toml").read_text(encoding="utf-8"))


@cache
def _networks() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for texts in _table()["networks"].values() for text in texts)
