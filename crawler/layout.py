"""What is learned about a site's results pages by comparing a nonsense query's page with a real one's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Layout:
    """Where a site's results list stands, and what on its pages is furniture (stands there for any query).

    `container` and `slot` are paths of tags (see anatomy.py); `links` and `lines` are short hashes of the links and
    the lines of text that the nonsense page has too; `none_lines` are lines that only the nonsense page has. `echoes` says
    that the page's search box holds the query that was run; `total_at` is where the line with the total stands, and `bare`
    that the number in it is the total whatever else it says; `widens` that the nonsense page has links where results stand,
    too, and `stray` is the signature of those: a real query that brings them was not found either. `cut` is how many items
    the control query's page listed where it had neither a total nor a way on: another query that lists a round number, and
    no fewer, may have more of them.
    """

    container: tuple[str, ...] = ()
    slot: tuple[str, ...] = ()
    per_page: int = 0
    links: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    none_lines: frozenset[str] = frozenset()
    nonsense_url: str = ""
    echoes: bool = False
    total_at: str = ""
    bare: bool = False
    widens: bool = False
    stray: str = ""
    cut: int = 0

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        return {
            "container": list(self.container),
            "slot": list(self.slot),
            "per_page": self.per_page,
            "links": sorted(self.links),
            "lines": sorted(self.lines),
            "none_lines": sorted(self.none_lines),
            "nonsense_url": self.nonsense_url,
            "echoes": self.echoes,
            "total_at": self.total_at,
            "bare": self.bare,
            "widens": self.widens,
            "stray": self.stray,
            "cut": self.cut,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Layout:
        """The Layout that `to_json` kept."""
        return cls(
            container=tuple(kept.get("container", ())),
            slot=tuple(kept.get("slot", ())),
            per_page=int(kept.get("per_page", 0)),
            links=frozenset(kept.get("links", ())),
            lines=frozenset(kept.get("lines", ())),
            none_lines=frozenset(kept.get("none_lines", ())),
            nonsense_url=str(kept.get("nonsense_url", "")),
            echoes=bool(kept.get("echoes", False)),
            total_at=str(kept.get("total_at", "")),
            bare=bool(kept.get("bare", False)),
            widens=bool(kept.get("widens", False)),
            stray=str(kept.get("stray", "")),
            cut=int(kept.get("cut", 0)),
        )
