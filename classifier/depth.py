"""How much of a page is about mentoring or coaching: what a page looks like around its keyword, in a few numbers."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from classifier.passages import Cut

DEPTHS = ("main", "section", "brief")
_HEADING_WORDS = 8


def measures(page: Cut) -> list[float]:
    """Return the numbers that tell a page on mentoring from one that mentions it: always the same count, all finite."""
    title, text, passages = page.title, page.text, page.passages
    matches = [match for passage in passages for match in passage.matches]
    words = max(1, len(text.split()))
    in_title = any(match[0] <= len(title) for match in matches)
    in_text = [match[0] - len(title) - 1 for match in matches if match[0] > len(title)]
    first = in_text[0] / max(1, len(text)) if in_text else 1.0
    span = (in_text[-1] - in_text[0]) / max(1, len(text)) if in_text else 0.0
    covered = sum(passage.end - passage.start for passage in passages) / max(1, len(text))
    sentences = max(1, len(page.bounds) - 1)
    naming = len({bisect_right(page.bounds, match[0]) for match in matches if match[0] > len(title)})
    lines, naming_lines, headings = _lines(text, in_text)
    return [
        float(in_title),
        math.log1p(len(matches)),
        100 * len(matches) / words if words > 20 else 2.0,
        math.log(words),
        first,
        span,
        min(covered, 1.5),
        naming / sentences,
        in_title * naming / sentences,
        math.log1p(naming),
        math.log1p(sentences),
        float(naming == 1),
        float(naming <= 2),
        float(not in_text),
        math.log1p(lines),
        naming_lines / max(1, lines),
        float(headings > 0),
    ]


def _lines(text: str, matches: Sequence[int]) -> tuple[int, int, int]:
    """Return how many lines there are, how many of them name the keyword, and how many of these look like a heading."""
    lines = naming = headings = 0
    position = 0
    places = iter([*matches, len(text) + 1])
    place = next(places)
    for line in text.split("\n"):
        end = position + len(line) + 1
        bare = line.strip()
        lines += bool(bare)
        if place < end:
            naming += 1
            headings += len(bare.split()) <= _HEADING_WORDS and bare[-1:] not in ".;,"
            while place < end:
                place = next(places)
        position = end
    return lines, naming, headings


def by_rule(page: Cut) -> str:
    """Return a page's depth where there is no model: the title names it, or it stands in several places, or just once."""
    in_title, matches, *_ = measures(page)
    if in_title:
        return "main"
    return "section" if matches >= math.log1p(3) else "brief"
