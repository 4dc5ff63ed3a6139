"""TLS certificates are verified, but for hosts whose site file says otherwise (`verify = false`), and that is said.

Some council hosts send an incomplete chain or a certificate of another name. Leaving one out is a person's decision, written down in
crawler/sites/*.toml; it holds for that host alone, and the reason of every discovery there names it.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from twisted.web.iweb import IPolicyForHTTPS
from zope.interface.declarations import implementer

from crawler.function import SearchFunction
from crawler.platforms import site_exceptions


def unverified(host: str, port: int) -> bool:
    """Whether a site file says that this host's certificate is not to be verified; other ports than 443 are named with it."""
    wanted = {host, host.removeprefix("www.")} if port == 443 else {f"{host}:{port}"}
    return any(not site.verify and wanted & set(site.hosts) for site in site_exceptions())


def unverified_hosts(function: SearchFunction) -> str:
    """Say which hosts of a site's search are asked without verifying their certificates; '' for none."""
    urls = [function.home_url, *([function.spec.url] if function.spec else [])]
    parts = [urlsplit(url) for url in urls if url.startswith("https:")]
    hosts = {p.netloc for p in parts if unverified((p.hostname or "").lower(), p.port or 443)}
    return f"the certificate of {', '.join(sorted(hosts))} is not verified (site file)" if hosts else ""


def noted(function: SearchFunction) -> SearchFunction:
    """The outcome of a discovery, with a word where a certificate was not verified."""
    said = unverified_hosts(function)
    return replace(function, reason="; ".join(filter(None, (function.reason, said)))) if said else function


@implementer(IPolicyForHTTPS)
class ByHost:
    """Scrapy's own factory, strict; for the hosts of such site files a copy that verifies nothing."""

    def __init__(self, strict: Any) -> None:
        self._strict, self._lenient = strict, copy.copy(strict)
        self._lenient._verify_certificates = False

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        lenient = unverified(hostname.decode("ascii").lower(), port)
        return (self._lenient if lenient else self._strict).creatorForNetloc(hostname, port)
