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
_BARE = 100  # and under which a script that a service puts into ordinary pages, too, is all that a page is for


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

    Headers that every answer through a service carries tell of a refusal only where the status does (401, 403, 406, 429, 451);
    with a 200, 202 or 503 something else must say that this very answer is one, and for a 200 or 202 the text must be short.
    A bare 401, 403 or 451 is a block by an unnamed vendor.
    """
    if status not in (200, 202, 401, 403, 406, 429, 451, 503):
        return None
    start = body[:_LOOK_AT].decode("latin-1").lower()
    text = len(_visible(start))
    if status < 300 and text > _SHORT:
        return None
    for vendor in _signs()["vendor"]:
        passive = [sign for sign in vendor["headers"] if _header_shows(headers, sign)]
        challenge = [sign for sign in vendor.get("challenge", ()) if _header_shows(headers, sign)]
        scripts = [mark for mark in vendor.get("scripts", ()) if mark in start]
        said = [mark for mark in vendor["body"] if mark in start]
        seen = [*challenge, *passive, *said, *scripts]
        telling = challenge or said or (scripts if text < _BARE else [])
        refuses = telling if status in (200, 202, 503) else seen  # a site's own 503 comes through the service, too
        if refuses and (status >= 300 or challenge or len(seen) > 1):
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
    return re.sub(r"\s+", " ", re.sub(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<[^<>]*>", " ", markup, flags=re.DOTALL))


def _header_shows(headers: dict[str, str], sign: str) -> bool:
    name, _, value = sign.partition(": ")
    return name in headers and value in headers[name].lower()
