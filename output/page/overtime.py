"""What has changed since the last crawl, and the trend since the first: drawn with what is not known, and in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from output.findings import AMBIGUOUS, NOT_KNOWN
from output.lifecycle import APPEARED, BACK, CHANGED, ENDED, FIRST_SEEN, GONE, MISSING, MOVED
from output.lifecycle import NOT_KNOWN as EVENT_NOT_KNOWN
from output.page.rows import records
from output.tallies import Tally

ENTRIES = 150  # changes quoted on the page
SILENCES = 60  # findings and searches that could not be seen this time, listed on the page
DAYS = 36  # crawls in the trend's table; the chart has as many as there are

EVENTS = {
    APPEARED: "New",
    BACK: "Back again",
    CHANGED: "Changed",
    MOVED: "Moved",
    GONE: "Gone",
    MISSING: "Missing once: gone only if a second good look finds it so",
    ENDED: "Ended with the authority",
    FIRST_SEEN: "First looked for, and there",
}


@dataclass
class Change:
    """One thing that happened to one page, and all that the page spoke for."""

    authority: str
    names: list[str]
    cell: str  # what the page alone makes of the answer
    url: str
    url_before: str
    quote: str
    quote_before: str
    diff: tuple[tuple[str, str], ...]  # (del | ins | '', words)
    said: str  # what was seen, in words


@dataclass
class Changes:
    """All changes of this crawl, in groups, bounded."""

    since: str
    counts: tuple[tuple[str, int, int], ...]  # event, changes, of these ambiguous
    groups: list[tuple[str, str, list[Change]]] = field(default_factory=list)  # code, title, changes
    left: int = 0
    unseen: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)  # authority, what, why
    unseen_left: int = 0


def changes_of(tally: Tally, table: pd.DataFrame, trend: pd.DataFrame) -> Changes | None:
    """Return what is new since the crawl before; None where there was none. ``trend`` tells when crawls were."""
    today = tally.rows.as_of.isoformat()
    earlier = {day for day in trend.loc[trend["source"] == "crawl", "as_of"] if day < today}
    if not earlier:
        return None
    now = table[(table["as_of"] == today) & (table["event"] != FIRST_SEEN)]
    seen = now[(now["event"] != EVENT_NOT_KNOWN) & (now["what"] != "search")]
    merged: dict[str, dict[tuple[str, ...], Change]] = {}
    for row in records(seen):
        key = (row["authority"], row["status"], row["url"], row["url_before"], row["quote"], row["quote_before"])
        of_event = merged.setdefault(row["event"], {})
        if key not in of_event:
            parts = tuple(_diff(row["diff"]))
            of_event[key] = Change(row["la_name"], [], *key[1:], diff=parts, said=row["evidence"])
        if row["name"] not in of_event[key].names:
            of_event[key].names.append(row["name"])
    counts = [
        (EVENTS[event].split(":")[0].lower(), len(own), sum(change.cell == AMBIGUOUS for change in own.values()))
        for event in EVENTS
        if (own := merged.get(event, {}))
    ]
    made = Changes(max(earlier), tuple(counts))
    room = ENTRIES
    for event, title in EVENTS.items():
        of_event = merged.get(event, {})
        shown = list(of_event.values())[:room]
        room, made.left = room - len(shown), made.left + len(of_event) - len(shown)
        if shown:
            made.groups.append((event, title, shown))
    unseen: dict[tuple[str, str], dict[str, None]] = {}
    for row in records(now[(now["event"] == EVENT_NOT_KNOWN) | (now["what"] == "search")]):
        unseen.setdefault((row["la_name"], row["evidence"]), {})[row["name"]] = None
    told = [(name, tuple(what), why) for (name, why), what in unseen.items()]
    made.unseen, made.unseen_left = told[:SILENCES], max(0, len(told) - SILENCES)
    return made


_DIFF = re.compile(r"\[-(.*?)-\]|\{\+(.*?)\+\}", re.DOTALL)


def _diff(text: str) -> Iterator[tuple[str, str]]:
    """A diff as words that stayed (''), were taken out (del) and put in (ins)."""
    at = 0
    for match in _DIFF.finditer(text):
        if match.start() > at:
            yield "", text[at : match.start()]
        yield ("del", match[1]) if match[1] is not None else ("ins", match[2])
        at = match.end()
    if at < len(text):
        yield "", text[at:]


# -- Trend ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """The trend of one keyword group: paths of a chart 300 wide and 110 high."""

    name: str
    path: str
    bounds: str  # between the least and the most there can have been
    dots: tuple[tuple[float, float, str], ...]
    top: int
    last: str
    published: float | None  # height of the published round's figure, of the same number of authorities
    published_words: str


@dataclass(frozen=True)
class Trend:
    """All lines, and the same as a table: a row a day, a cell a group."""

    first: str
    last: str
    lines: tuple[Line, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]  # day, source, cells
    left: int


def trend_of(tally: Tally, table: pd.DataFrame) -> Trend | None:
    """Return the trend of the keyword groups on the map of each day; None where there is but one crawl."""
    own = table[(table["what"] == "keyword") & (table["map"] == "day")]
    crawled = own[own["source"] == "crawl"]
    days = sorted(set(crawled["as_of"]))
    if len(days) < 2:
        return None
    groups = [(k.code, k.name) for k in tally.protocol.keywords]
    published = {
        row["code"]: row for row in records(table[(table["source"] == "published") & (table["what"] == "keyword")])
    }
    lines = tuple(_line(name, crawled[crawled["code"] == code], days, published.get(code)) for code, name in groups)
    by_day = {(row["as_of"], row["code"]): row for row in records(crawled)}
    rows = [
        (day, "crawl", tuple(_words(by_day.get((day, code))) for code, _ in groups)) for day in reversed(days[-DAYS:])
    ]
    if published:
        day = next(iter(published.values()))["as_of"]
        rows.append((day, "published", tuple(_words(published.get(code)) for code, _ in groups)))
    return Trend(days[0], days[-1], lines, tuple(n for _, n in groups), tuple(rows), max(0, len(days) - DAYS))


def _words(row: dict[str, object] | None) -> str:
    if row is None or row["authorities_yes"] == NOT_KNOWN:
        return "not known"
    yes, low, high = row["authorities_yes"], row["authorities_yes_lower_ci"], row["authorities_yes_upper_ci"]
    spread = "" if low == high or NOT_KNOWN in (low, high) else f" ({low} to {high})"
    return f"{yes} of {row['authorities']}{spread}"


_WIDE, _HIGH = 300.0, 110.0


def _line(name: str, own: pd.DataFrame, days: list[str], published: dict[str, object] | None) -> Line:
    rows = {row["as_of"]: row for row in records(own)}
    top = max((int(row["authorities"]) for row in rows.values()), default=1) or 1
    begin = date.fromisoformat(days[0])
    span = (date.fromisoformat(days[-1]) - begin).days or 1

    def at(day: str, number: object) -> tuple[float, float]:
        x = (date.fromisoformat(day) - begin).days / span * _WIDE
        return round(x, 1), round(_HIGH - int(str(number)) / top * _HIGH, 1)

    known = [day for day in days if day in rows and rows[day]["authorities_yes"] != NOT_KNOWN]
    dots = tuple((*at(day, rows[day]["authorities_yes"]), f"{day}: {_words(rows[day])}") for day in known)
    lows = [at(day, rows[day]["authorities_yes_lower_ci"]) for day in known]
    highs = [at(day, rows[day]["authorities_yes_upper_ci"]) for day in known]
    bounds = "M" + "L".join(f"{x} {y}" for x, y in [*highs, *reversed(lows)]) + "Z" if lows else ""
    same = published is not None and published["authorities"] == top and published["authorities_yes"] != NOT_KNOWN
    height = at(days[0], published["authorities_yes"])[1] if same and published else None
    words = f"{published['authorities_yes']} of {published['authorities']}" if same and published else ""
    path = "M" + "L".join(f"{x} {y}" for x, y, _ in dots) if dots else ""
    return Line(name, path, bounds, dots, top, _words(rows.get(days[-1])), height, words)
