"""Tell the page that was asked for from a block, a 'not found' that says 200, and an error page. Wording: outcomes.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_FILE = Path(__file__).with_name("outcomes.toml")
_LOOK_AT = 60_000  # bytes of the body that are looked at: block pages are short, markers stand early
_SHORT = 3_000  # characters of visible text under which a 200 may be a block page


@dataclass(frozen=True)
class Blocked:
    """A refusal: by which firewall ('' where no name is known), and on what evidence."""

    vendor: str
    evidence: str

    def __str__(self) -> str:
        return f"blocked by {self.vendor or 'an unnamed server'} ({self.evidence})"


@cache
def _signs() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def blocked(status: int, headers: dict[str, str], body: bytes) -> Blocked | None:
    """Say which firewall refused, going by status, headers (lower-case names) and body; None if none did.

    401, 403, 406, 429, 451 and 503 need one signal of a vendor, a 200 or 202 two and a short text. A bare 401, 403 or 451 is
    a block by an unnamed vendor.
    """
    if status not in (200, 202, 401, 403, 406, 429, 451, 503):
        return None
    start = body[:_LOOK_AT].decode("latin-1").lower()
    if status < 300 and len(_visible(start)) > _SHORT:
        return None
    for vendor in _signs()["vendor"]:
        seen = [h for h in vendor["headers"] if _header_shows(headers, h)] + [m for m in vendor["body"] if m in start]
        named = any(marker in start for marker in vendor["body"])
        # A firewall passes a site's own 503 on, with its headers: only its own words make it a refusal.
        if len(seen) >= (2 if status < 300 else 1) and (status != 503 or named or len(seen) > 1):
            return Blocked(vendor["name"], f"HTTP {status}; {'; '.join(seen)}")
    if status in (401, 403, 451):
        return Blocked("", f"HTTP {status}")
    return None


def soft_404(status: int, title: str) -> bool:
    """Tell whether a page that came with 200 says in its title that there is no such page."""
    said = " ".join(title.lower().split())
    head = re.split(r"\s[|\-–:]\s", said)
    wordings = _signs()["soft_404"]["titles"]
    return status == 200 and any(
        part.strip(" .!") == w or (len(w) > 8 and part.startswith(w)) for part in head for w in wordings
    )


def error_page(url: str) -> bool:
    """Tell whether an address is one that a platform redirects to, with 200, in place of what was asked for."""
    return urlsplit(url).path.lower().endswith(tuple(_signs()["soft_404"]["addresses"]))


def _visible(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", " ", markup, flags=re.DOTALL))


def _header_shows(headers: dict[str, str], sign: str) -> bool:
    name, _, value = sign.partition(": ")
    return name in headers and value in headers[name].lower()
