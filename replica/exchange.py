"""A request as the pretend sites see it, and their answers."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `target` is path and query as sent, `body` the undecoded bytes of a POST."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def fields(self, codec: str = "utf-8") -> dict[str, str]:
        """Form fields of the query and, for a form POST, of the body; the last of a repeated name counts."""
        sent = self.target.partition("?")[2]
        if self.method == "POST" and "urlencoded" in self.headers.get("content-type", "urlencoded"):
            sent = f"{sent}&{self.body.decode('ascii', 'replace')}"
        return dict(parse_qsl(sent, keep_blank_values=True, encoding=codec, errors="replace"))


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `headers` are further lines such as Location or Set-Cookie."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()


def redirect(location: str, status: int = 302) -> Response:
    """A redirect; `location` may be relative, as many old servers sent it."""
    return Response(b"<html><body>Object moved.</body></html>", status, headers=(("Location", location),))
