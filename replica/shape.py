"""What a pretend site is in one month."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from replica.chrome import Look
from replica.corpus import Document
from replica.plan import SitePlan


@dataclass(slots=True)
class Shape:
    """What a site is in one month: its plan, pages and frame, what ails it, and since when its frame looks like that.

    `sends` maps addresses that have moved to another authority's host to (code, address there); a site that only does that has
    no search (`holding`). `outage` is a word of evolution.toml; `month` is empty for July 2008.
    """

    plan: SitePlan
    pages: list[Document]
    look: Look = field(default_factory=Look)
    framed: str = ""
    outage: str = ""
    month: str = ""
    sends: dict[str, tuple[str, str]] = field(default_factory=dict)
    holding: bool = False
    heirs: tuple[str, ...] = ()
    open: bool = True


def one_spelling(target: str) -> str:
    """Path and query as a server understands them: escapes undone, fields in any order, `?open` and `?open=` alike."""
    path, mark, query = unquote(target).partition("?")
    if not mark:
        return path
    return f"{path}?{'&'.join(sorted(field.removesuffix('=') for field in query.split('&')))}"
