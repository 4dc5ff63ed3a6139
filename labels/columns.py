"""What a row of a label file may hold, column by column: each is read from whatever a file has there, or refused by name.

Files come from tools and editors, so any type can stand anywhere. All functions raise ValueError that names the column.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

from labels.files import LIST_SEPARATOR
from study.record import clean

_MOST = {
    "text_hash": 64,
    "authority": 100,
    "annotator": 100,
    "codebook": 50,
}  # characters that study.tables has room for
_NUMBER = re.compile(r"[\d.,]+(E[+-]?\d+)?", re.IGNORECASE)
_YES, _NO = ("true", "1", "yes"), ("", "false", "0", "no")

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80
_short.maxlevel = 2


def shown(value: object) -> str:
    """Return a value for a message: cut short, however long or deep it is."""
    return _short.repr(value)


def plain(row: Mapping[str, Any], column: str) -> str:
    """Return a column's text as the record can keep it; '' where there is none."""
    value = row.get(column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{column} {shown(value)}; expected text")
    most = _MOST.get(column)
    if most is not None and len(value) > most:
        raise ValueError(f"{column} {shown(value)}; expected at most {most} characters")
    return clean(value)


def text_hash(row: Mapping[str, Any]) -> str:
    """Return the identity of a row's text; refuses one that a spreadsheet took for a number, and so rounded or cut."""
    value = plain(row, "text_hash").strip()
    if len(value) < _MOST["text_hash"] and _NUMBER.fullmatch(value):
        raise ValueError(f"text_hash {shown(value)} was made a number by a spreadsheet; format that column as text")
    return value


def texts(value: object, column: str) -> list[str]:
    """Return a list of texts; empty where there is none."""
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{column} {shown(value)}; expected a list of texts")
    return [clean(one) for one in value]


def codes(row: Mapping[str, Any], column: str, known: set[str] | None) -> list[str]:
    """Return a column's codes, a list or joined with ';'; ``known`` are those that may stand there, None any."""
    given = row.get(column)
    found = given.split(LIST_SEPARATOR) if isinstance(given, str) else texts(given, column)
    found = [clean(code.strip()) for code in found if code.strip()]
    unknown = [code for code in found if known is not None and code not in known]
    if unknown:
        raise ValueError(f"{column} {shown(', '.join(unknown))}; expected some of {', '.join(sorted(known or ()))}")
    return found


def seconds(given: object) -> float | None:
    """Return a number of seconds, 0 or more; None where there is none."""
    if given in (None, ""):
        return None
    try:
        number = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number < inf:
        raise ValueError(f"seconds {shown(given)}; expected a number, 0 or more")
    return number


def moment(given: object) -> datetime | None:
    """Return a moment, in UTC where no zone is said; None where there is none."""
    if given in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
        if found is not None:
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # no date, or one that has no place in UTC
        pass
    raise ValueError(f"decided_at {shown(given)}; expected a moment as 2026-11-27T09:30:00+00:00")


def yes(given: object, column: str) -> bool:
    """Return whether a column says yes; no where it says nothing."""
    said = str(given).lower() if isinstance(given, bool | int | str) else "" if given is None else "?"
    if said not in (*_YES, *_NO):
        raise ValueError(f"{column} {shown(given)}; expected true or false")
    return said in _YES
