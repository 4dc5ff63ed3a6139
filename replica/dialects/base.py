"""What every search dialect shares: the window of hits asked for, and how a hit looks before markup."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol
from urllib.parse import quote_plus

from replica.exchange import Request, Response
from replica.plan import SitePlan


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: `title` and `snippet` are HTML already, `path` is the listed address."""

    rank: int
    path: str
    title: str
    snippet: str
    form: str
    size: int
    updated: str


class Host(Protocol):
    """What a dialect needs of its site."""

    plan: SitePlan
    home: str

    @property
    def classes(self) -> dict[str, str]: ...

    def find(self, query: str) -> Sequence[int]: ...

    def hit(self, position: int, rank: int, query: str, mark: str) -> Hit: ...

    def results(self, title: str, main: str, query: str) -> Response: ...

    def error(self) -> Response: ...


@dataclass(frozen=True, slots=True)
class Window:
    """Hits `first` (0-based) to `last` (exclusive) of `total`."""

    query: str
    total: int
    first: int
    last: int
    size: int
    hits: list[Hit]

    @property
    def page(self) -> int:
        return self.first // self.size + 1

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def more(self) -> bool:
        return self.last < self.total


class Dialect(ABC):
    """One kind of search, as one site speaks it. Subclasses say where it is and how its pages look."""

    entry = "/search"
    field = "q"
    mark = "b"

    def __init__(self, host: Host) -> None:
        self.host = host
        self.size = host.plan.per_page

    @abstractmethod
    def box(self, query: str = "") -> str:
        """The search form, with the words already asked in its field."""

    @abstractmethod
    def respond(self, request: Request) -> Response | None:
        """The answer to a request for the search; None if the address is not the search's."""

    def form(self, query: str, method: str = "get", hidden: dict[str, str] | None = None, button: str = "Go") -> str:
        """A plain form in the site's own class vocabulary."""
        kept = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}" />' for name, value in (hidden or {}).items()
        )
        return (
            f'<form action="{self.entry}" method="{method}" class="{self.host.classes["form"]}">{kept}'
            f'<input type="text" name="{self.field}" size="18" value="{escape(query)}" />'
            f'<input type="submit" value="{button}" /></form>'
        )

    def window(self, query: str, first: int, clamp: bool = False) -> Window:
        """The hits from `first`; beyond the end none, or with `clamp` the last page again."""
        found = self.host.find(query)
        size = self.size or max(1, len(found))
        if clamp and first >= len(found):
            first = max(0, (len(found) - 1) // size * size)
        first = max(0, first)
        last = min(first + size, len(found))
        hits = [self.host.hit(found[at], at + 1, query, self.mark) for at in range(first, last)]
        return Window(query, len(found), first, max(first, last), size, hits)


def number(text: str | None, default: int) -> int:
    """A whole number from a query string; anything else is `default`."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,6}", text) else default


def url(path: str, /, **fields: object) -> str:
    """An address for an href, with &amp; as HTML asks."""
    return escape(raw_url(path, **fields))


def raw_url(path: str, /, **fields: object) -> str:
    """An address with bare ampersands, as careless templates wrote them."""
    query = "&".join(f"{name}={quote_plus(str(value))}" for name, value in fields.items())
    return f"{path}?{query}"


def pager(window: Window, link: str, reach: int = 9) -> list[tuple[int, str]]:
    """Numbered pages round the current one; `link` has {page} where the number goes."""
    low = max(1, window.page - reach // 2)
    return [(page, link.replace("{page}", str(page))) for page in range(low, min(window.pages, low + reach) + 1)]


def snippet(text: str, query: str, mark: str, reach: int = 110) -> str:
    """The words round the first match, matches marked with the tag `mark`; HTML."""
    words = "|".join(re.escape(word) for word in re.findall(r"[^\W_]+", query)) or r"\Z"
    found = re.search(words, text, re.IGNORECASE)
    middle = found.start() if found else 0
    low = max(0, middle - reach)
    cut = re.sub(r"\s+", " ", text[low : middle + reach])
    if low:
        cut = cut.partition(" ")[2]
    cut = cut.rpartition(" ")[0] or cut
    shown = escape(cut, quote=False)
    if mark:
        shown = re.sub(f"({words})", rf"<{mark}>\1</{mark}>", shown, flags=re.IGNORECASE)
    return f"{'... ' if low else ''}{shown} ..."
