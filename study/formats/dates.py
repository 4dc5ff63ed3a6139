"""The day a document states of itself, in the forms that council pages and files use."""

import re
from datetime import date

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_ISO = re.compile(r"(?:D:)?((?:19|20)\d\d)[-/]?(0[1-9]|1[0-2])[-/]?(0[1-9]|[12]\d|3[01])(?!\d{1,5}\b)")
_WORDS = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([A-Za-z]{3,9})\.?,?\s+((?:19|20)\d\d)")
_NUMBERS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]((?:19|20)\d\d)")
_STATED = re.compile(
    r"(?:last\s+(?:updated|modified|reviewed|amended)|page\s+(?:last\s+)?updated|updated\s+on)"
    r"[\s:–-]{0,5}(?:on\s+)?(?:<[^<>]{0,120}>\s*){0,4}([^<>]{6,40})",
    re.IGNORECASE,
)


def read_date(text: str) -> date | None:
    """The first day written in `text`: 2008-07-12, D:20080712, 12 July 2008, 12/07/2008 (day first: UK)."""
    text = text.strip()[:60]
    if match := _ISO.match(text):
        return _day(match.group(1), match.group(2), match.group(3))
    if match := _WORDS.search(text):
        month = _MONTHS.get(match.group(2)[:3].lower())
        return _day(match.group(3), month, match.group(1)) if month else None
    if match := _NUMBERS.search(text):
        return _day(match.group(3), match.group(2), match.group(1))
    return None


def stated_date(html: str) -> date | None:
    """The day in a line such as 'Last updated: 12 July 2008' of a page's source; None without one."""
    lowered = html.lower()
    if not any(word in lowered for word in ("updated", "modified", "reviewed", "amended")):
        return None  # the pattern is slow on a page without such a line
    for match in _STATED.finditer(html):
        if found := read_date(match.group(1)):
            return found
    return None


def _day(year: int | str, month: int | str, day: int | str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
