"""Addresses of pages: one spelling for each, whatever a search, a link or a label file makes of it."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

TRACKING = re.compile(
    r"^(utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|_ga|phpsessid|jsessionid|aspsessionid\w*|asp\.net_sessionid|"
    r"cfid|cftoken|oscsid|sessionid|session_id|sid_session|searchterm|highlight)$",
    re.IGNORECASE,
)
SESSION_IN_PATH = re.compile(r";(jsessionid|phpsessid|sessionid)=[^/?#]*|/\((?:[SAF]\([^)]*\))+\)", re.IGNORECASE)


@lru_cache(maxsize=8192)
def canonical_url(url: str) -> str:
    """One spelling per page: sorted parameters, no fragment, no default port, no session ids or campaign tags."""
    try:
        parts = urlsplit(SESSION_IN_PATH.sub("", url.strip()))
        kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.match(pair[0])]
        host = parts.hostname or ""
        if parts.port and (parts.scheme, parts.port) not in {("http", 80), ("https", 443)}:
            host = f"{host}:{parts.port}"
        return canonicalize_url(urlunsplit((parts.scheme.lower(), host, parts.path or "/", urlencode(kept), "")))
    except ValueError:
        return url.strip()


def without_scheme(url: str) -> str:
    """The canonical address less `http://` or `https://`: what is asked for in secret is the same page."""
    return canonical_url(url).removeprefix("https://").removeprefix("http://")
