"""How much of a page is about mentoring or coaching: what a page looks like around its keyword, in a few numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from classifier.passages import Passage

DEPTHS = ("main", "section", "brief")


def measures(title: str, text: str, passages: Sequence[Passage]) -> list[float]:
    """Return the numbers that tell a page on mentoring from one that mentions it: always the same count, all finite."""
    matches = [match for passage in passages for match in passage.matches]
    words = max(1, len(text.split()))
    in_title = any(match[0] <= len(title) for match in matches)
    in_text = [match[0] - len(title) - 1 for match in matches if match[0] > len(title)]
    first = in_text[0] / max(1, len(text)) if in_text else 1.0
    span = (in_text[-1] - in_text[0]) / max(1, len(text)) if in_text else 0.0
    covered = sum(passage.end - passage.start for passage in passages) / max(1, len(text))
    return [
        float(in_title),
        math.log1p(len(matches)),
        100 * len(matches) / words if words > 20 else 2.0,
        math.log(words),
        first,
        span,
        min(covered, 1.5),
    ]


def by_rule(title: str, text: str, passages: Sequence[Passage]) -> str:
    """Return a page's depth where there is no model: the title names it, or it stands in several places, or just once."""
    in_title, matches, *_ = measures(title, text, passages)
    if in_title:
        return "main"
    return "section" if matches >= math.log1p(3) else "brief"
