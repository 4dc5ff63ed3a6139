"""How one site's own search function is asked: a request with a place for the query in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from crawler.web import Ask, form_encoded, joined

How = Literal["site", "platform", "opensearch", "searchaction", "form", "path", "typed"]
SLOT = "{searchTerms}"


@dataclass(frozen=True)
class Paging:
    """How a platform numbers its result pages: the parameter, its first value, and its step (0 = the page's size)."""

    param: str
    first: int = 1
    step: int = 1
    size: int = 0

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        return {"param": self.param, "first": self.first, "step": self.step, "size": self.size}


@dataclass(frozen=True)
class SearchSpec:
    """One way to ask one site.

    `fields` are everything the form sends, in order, with the query field's own value empty; hidden and default inputs
    are kept, and of the buttons the one that searches. A `url` with {searchTerms} in it takes the query there instead,
    and `phrase_url`, where the engine has one, a query of several words: elsewhere it would look for any of them.
    `rendered` says that the answer is drawn by scripts; a `method` TYPE that the query is typed (see searchbox.py).
    """

    how: How
    url: str
    query_param: str
    platform: str = ""
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    encoding: str = "utf-8"
    found_on: str = ""
    paging: Paging | None = None
    rendered: bool = False
    phrase_url: str = ""

    def ask(self, query: str) -> Ask:
        """The request for `query`, encoded as a browser would in the form's charset."""
        template = self.phrase_url if self.phrase_url and " " in query.strip() else self.url
        if SLOT in template:
            slot = quote(query, safe="", encoding=self.encoding, errors="xmlcharrefreplace")
            in_path = SLOT in urlsplit(template).path
            asked, mark, fragment = template.partition("#")  # scripts read a fragment, and to them '+' is no space
            asked = asked.replace(SLOT, slot if in_path else slot.replace("%20", "+"))
            url = asked + mark + fragment.replace(SLOT, slot)
            return Ask(joined(url, "") or url, "GET", (), self.encoding)
        filled = tuple((n, query if n == self.query_param else v) for n, v in self.fields)
        if all(name != self.query_param for name, _ in filled):
            filled = (*filled, (self.query_param, query))
        if self.method != "GET":
            return Ask(self.url, self.method, filled, self.encoding)
        parts = urlsplit(self.url)
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, form_encoded(filled, self.encoding), ""))
        return Ask(url, "GET", (), self.encoding)

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        return {
            "how": self.how,
            "url": self.url,
            "query_param": self.query_param,
            "platform": self.platform,
            "method": self.method,
            "fields": [list(pair) for pair in self.fields],
            "encoding": self.encoding,
            "found_on": self.found_on,
            "paging": self.paging.to_json() if self.paging else None,
            "rendered": self.rendered,
            "phrase_url": self.phrase_url,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> SearchSpec:
        """The SearchSpec that `to_json` kept."""
        fields = tuple((str(name), str(value)) for name, value in kept.get("fields", ()))
        paging = Paging(**kept["paging"]) if kept.get("paging") else None
        return cls(**{**kept, "fields": fields, "paging": paging})
