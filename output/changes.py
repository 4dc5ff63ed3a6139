"""changes.csv and trend.csv: the history of findings and the trend over crawls, as tables in the DfE's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from output.evidence import http_only
from output.history import SEARCH, Event
from output.lifecycle import STILL_THERE
from output.masking import one_line
from output.places import Place, places
from output.trend import Point
from study.protocol import Protocol

NOT_KNOWN = "x"
_COUNTRY = {"geographic_level": "National", "country_code": "E92000001", "country_name": "England"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_KEY = ["authority", "what", "code", "as_of", "event", "url", "url_before", "quote", "evidence"]
_Row = dict[str, object]


def changes_table(events: Sequence[Event], protocol: Protocol) -> pd.DataFrame:
    """Return changes.csv: a row an event, oldest first; what is still there as it was is left out."""
    known = {place.key: place for place in _places(events)}
    names = thing_names(protocol)
    rows = [_change(event, known[event.authority], names) for event in events if event.event != STILL_THERE]
    # two crawls of one day may tell the same twice
    return pd.DataFrame(rows, columns=CHANGES, dtype=object).drop_duplicates(_KEY, keep="last", ignore_index=True)


def trend_table(points: Iterable[Point], protocol: Protocol) -> pd.DataFrame:
    """Return trend.csv: a row a day, map and thing."""
    names = thing_names(protocol)
    return pd.DataFrame([_trend(point, names) for point in points], columns=TREND, dtype=object)


def thing_names(protocol: Protocol) -> dict[tuple[str, str], str]:
    """Return what keyword groups, mentions and approaches are called, by what and code."""
    return {
        **{("keyword", keyword.code): keyword.name for keyword in protocol.keywords},
        **{("mention", mention.code): mention.name for mention in protocol.mentions},
        **{("approach", approach.code): approach.name for approach in protocol.approaches},
    }


def when(day: date) -> _Row:
    """Return the DfE's time columns of a day, and the day itself."""
    return {"time_period": day.year, "time_identifier": _MONTHS[day.month - 1], "as_of": day.isoformat()}


CHANGES = [
    "time_period",
    "time_identifier",
    "as_of",
    "previous_as_of",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "old_la_code",
    "new_la_code",
    "la_name",
    "authority",
    "what",
    "code",
    "name",
    "event",
    "status",
    "url",
    "url_before",
    "quote",
    "quote_before",
    "diff",
    "evidence",
]

TREND = [
    "time_period",
    "time_identifier",
    "as_of",
    "geographic_level",
    "country_code",
    "country_name",
    "source",
    "map",
    "what",
    "code",
    "name",
    "authorities",
    "authorities_yes",
    "authorities_yes_lower_ci",
    "authorities_yes_upper_ci",
    "yes_confirmed",
    "yes_model",
    "ambiguous",
    "no",
    "no_by_sitemap",
    "not_known",
]


def _places(events: Sequence[Event]) -> list[Place]:
    return places({event.authority for event in events}, "", date.max)


def _change(event: Event, place: Place, names: dict[tuple[str, str], str]) -> _Row:
    url, before = http_only([event.url, event.url_before])
    return {
        **when(event.as_of),
        "previous_as_of": event.previous.isoformat() if event.previous else NOT_KNOWN,
        "geographic_level": "Local authority",
        "country_code": place.country_code,
        "country_name": place.country_name,
        "region_code": place.region_code,
        "region_name": place.region_name,
        "old_la_code": place.old_la_code,
        "new_la_code": place.new_la_code,
        "la_name": place.name,
        "authority": event.authority,
        "what": event.what,
        "code": event.code,
        "name": "site search" if event.what == SEARCH else names.get((event.what, event.code), event.code),
        "event": event.event,
        "status": event.status,
        "url": url,
        "url_before": before,
        "quote": event.quote,
        "quote_before": event.quote_before,
        "diff": event.diff,
        "evidence": one_line(event.evidence),
    }


def _trend(point: Point, names: dict[tuple[str, str], str]) -> _Row:
    return {
        **when(point.as_of),
        **_COUNTRY,
        "source": point.source,
        "map": point.map,
        "what": point.what,
        "code": point.code,
        "name": names[point.what, point.code],
        "authorities": point.authorities,
        "authorities_yes": _or_x(point.yes),
        "authorities_yes_lower_ci": _or_x(point.lower),
        "authorities_yes_upper_ci": _or_x(point.upper),
        "yes_confirmed": _or_x(point.yes_confirmed),
        "yes_model": _or_x(point.yes_model),
        "ambiguous": _or_x(point.ambiguous),
        "no": _or_x(point.no),
        "no_by_sitemap": _or_x(point.no_by_sitemap),
        "not_known": _or_x(point.not_known),
    }


def _or_x(number: int | None) -> object:
    return NOT_KNOWN if number is None else number
