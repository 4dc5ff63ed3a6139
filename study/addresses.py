"""Addresses of pages: one spelling for each, whatever a search, a link or a label file makes of it."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

TRACKING = re.compile(
    r"^(utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|_ga|phpsessid|jsessionid|aspsessionid\w*|asp\.net_sessionid|"
    r"cfid|cftoken|oscsid|searchterm|highlight)$",
    re.IGNORECASE,
)
# No product's own names: a session may be one of a course, and book?sessionid=101 another page than 102. A token is long.
SESSION = re.compile(r"^(sessionid|session_id|sid_session)$", re.IGNORECASE)
TOKEN = re.compile(r"[\w-]{16,}")
SESSION_IN_PATH = re.compile(r";(jsessionid|phpsessid|sessionid)=[^/?#]*|/\((?:[SAF]\([^)]*\))+\)", re.IGNORECASE)


@lru_cache(maxsize=8192)
def canonical_url(url: str) -> str:
    """One spelling per page: sorted parameters, no fragment, no default port, no session ids or campaign tags."""
    try:
        parts = urlsplit(SESSION_IN_PATH.sub("", url.strip()))
        # Escaped bytes that are no UTF-8 ('gw%EAn', of a site in windows-1252) stay the bytes that they are.
        pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
        kept = [pair for pair in pairs if not _says_nothing(*pair)]
        host = parts.hostname or ""
        if parts.port and (parts.scheme, parts.port) not in {("http", 80), ("https", 443)}:
            host = f"{host}:{parts.port}"
        query = urlencode(kept, errors="surrogateescape")
        return canonicalize_url(urlunsplit((parts.scheme.lower(), host, parts.path or "/", query, "")))
    except ValueError:
        return url.strip()


def _says_nothing(name: str, value: str) -> bool:
    """Whether a parameter tells a visit or a campaign, and not a page."""
    return bool(TRACKING.match(name) or (SESSION.match(name) and TOKEN.fullmatch(value)))


def without_scheme(url: str) -> str:
    """The canonical address less `http://` or `https://`: what is asked for in secret is the same page."""
    return canonical_url(url).removeprefix("https://").removeprefix("http://")
