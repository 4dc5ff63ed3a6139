"""Conditional requests: who honours them, and who sends marks that mean nothing.

`as-is` follows what is known of council sites of the time: static pages and files have an entity tag and a date that hold; a CMS
stamps every answer with the time it was made, or sends nothing; two servers behind one address each have tags of their own.
`all` and `none` are for benchmarks.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Literal, Protocol

from replica.evolution import evolution
from replica.exchange import Request, Response
from replica.plan import SitePlan
from replica.shape import Shape
from replica.site import HOMES

Policy = Literal["all", "as-is", "none"]
_Manner = Literal["honest", "now", "farm", "none"]


class Answering(Protocol):
    """A site, as far as validators go."""

    plan: SitePlan
    shape: Shape

    def respond(self, request: Request) -> Response: ...

    def changed(self, request: Request) -> str | None: ...

    def is_file(self, request: Request) -> bool: ...


class Validated:
    """A site that answers conditional requests after its manner. Search results never have validators."""

    def __init__(self, site: Answering, policy: Policy) -> None:
        self._site = site
        self._policy = policy
        self._asked = 0

    def respond(self, request: Request) -> Response:
        """The site's answer with validators, or 304."""
        if self._policy == "none":
            return self._site.respond(request)
        response = self._site.respond(request)
        manner = self._manner(request) if response.status == 200 and request.method != "POST" else "none"
        if manner == "none":
            return response
        self._asked += 1
        changed = self._site.changed(request) or "2008-07"
        when = datetime.fromisoformat(f"{changed}-01T09:00:00+00:00").astimezone(UTC)
        tag = hashlib.md5(response.body, usedforsecurity=False).hexdigest()[:16]
        match manner:
            case "now":
                month = self._site.shape.month or "2008-07"
                when = datetime.fromisoformat(f"{month}-01T09:00:00+00:00") + timedelta(seconds=self._asked)
                tag = f"{int(when.timestamp()):x}"
            case "farm":
                tag = f"{tag}:{self._asked % 2}"
        headers = [("ETag", f'"{tag}"')]
        if manner != "farm" and (self._policy == "as-is" or self._site.changed(request) is not None):
            headers.append(("Last-Modified", format_datetime(when, usegmt=True)))
        if _unchanged(request, f'"{tag}"', when if len(headers) > 1 else None):
            return Response(b"", 304, response.type, tuple(headers))
        return Response(response.body, 200, response.type, (*response.headers, *headers))

    def _manner(self, request: Request) -> _Manner:
        content = self._site.changed(request) is not None
        if self._policy == "all":
            return (
                "honest" if content or request.target in {"/", HOMES[self._site.plan.home], "/robots.txt"} else "none"
            )
        if not content:
            return "none"
        rules = evolution().validators
        code = self._site.plan.code
        if self._site.is_file(request):
            return "farm" if code in rules.farm else "honest"
        return "honest" if code in rules.honest else "now" if code in rules.now else "none"


def _unchanged(request: Request, tag: str, when: datetime | None) -> bool:
    """RFC 9110, section 13.2.2: an entity tag, where sent, decides alone."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tag in [one.strip().removeprefix("W/") for one in tags.split(",")] or tags.strip() == "*"
    since = request.headers.get("if-modified-since")
    if since is None or when is None:
        return False
    try:
        return when <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
