"""A site's own search function, as found and proven, or why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from crawler.layout import Layout
from crawler.searchspec import SearchSpec

FindStatus = Literal["found", "none", "robots", "blocked", "script-only", "suspect", "failed"]


@dataclass(frozen=True)
class Controls:
    """What the control queries gave: hits of a nonsense word and of a word from the site's own home page."""

    nonsense: str = ""
    nonsense_hits: int | None = None
    known_word: str = ""
    known_word_hits: int | None = None
    passed: bool = False


@dataclass(frozen=True)
class SearchFunction:
    """A site's own search function. `status` is 'found' or says what was met instead, `reason` in words."""

    home_url: str
    status: FindStatus
    reason: str
    how: str = ""
    platform: str = ""
    spec: SearchSpec | None = None
    layout: Layout = field(default_factory=Layout)
    controls: Controls = field(default_factory=Controls)
    requests: int = 0

    @property
    def found(self) -> bool:
        """Whether the site can be asked."""
        return self.status == "found"

    def to_json(self) -> dict[str, Any]:
        """A plain dict, as kept in the record."""
        return {
            "home_url": self.home_url,
            "status": self.status,
            "reason": self.reason,
            "how": self.how,
            "platform": self.platform,
            "spec": self.spec.to_json() if self.spec else None,
            "layout": self.layout.to_json(),
            "controls": asdict(self.controls),
            "requests": self.requests,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> SearchFunction:
        """The SearchFunction that `to_json` kept."""
        spec = SearchSpec.from_json(kept["spec"]) if kept.get("spec") else None
        layout, controls = Layout.from_json(kept.get("layout") or {}), Controls(**(kept.get("controls") or {}))
        return cls(**{**kept, "spec": spec, "layout": layout, "controls": controls})
