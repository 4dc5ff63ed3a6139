"""Cut a page into the passages that judge it: sentence windows around the study's keywords.

A page is read as one string, ``title + "\\n" + text`` (:func:`reading`); every span counts characters in it. A keyword that
stands only in menu-like fragments (runs of short lines, or one line of short items between bars) is marked so: a menu says
what a site has, not what a page says.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import islice

QUOTE_LIMIT = 300  # characters; DESIGN.md: published files hold short quotes
_AROUND = 350  # characters each side, rounded to sentences: measured, narrower windows lose who is meant (docs/judging-tried.md)
_LEAD = 150  # characters before a keyword that its own window always holds
_WINDOW = 1400  # characters; windows that overlap are joined up to this length
_ENDLESS = 250  # characters each side of its keywords that are read of an endless sentence
_MOST_MATCHES = 200  # a 300-page timetable says 'coach' on every line: the first 200 decide
_MENU_RUN = 6  # consecutive short lines that make a menu; slides and tables are usually shorter or have longer lines
_MENU_WORDS = 5

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'’”)\]]*\s+(?=[\"'‘“(\[]?[A-Z0-9£])")
_BULLET = re.compile(r"\s*(?:[-•*·–▪◦●■]|\d{1,2}[.)]|\([a-z0-9]\))\s")
_BARS = re.compile(r"\s[|·•»›/]\s|\s{3,}|\t")


@dataclass(frozen=True, slots=True)
class Passage:
    """A window of sentences around one or more keyword matches."""

    start: int  # span in the reading
    end: int
    text: str
    matches: tuple[tuple[int, int], ...]  # keyword spans in the reading
    in_title: bool
    menu: bool  # its matches stand in menu-like fragments


def reading(title: str, text: str) -> str:
    """Return the one string that is judged: ``title``, a newline, ``text``."""
    return f"{title}\n{text}"


def cut(title: str, text: str, core: re.Pattern[str]) -> list[Passage]:
    """Return the passages of a page around matches of ``core``, in order; none where the keyword does not stand."""
    return Cut.of(title, text, core).passages


@dataclass(frozen=True, slots=True)
class Cut:
    """A page cut into its passages, with what is needed to quote them."""

    title: str
    text: str
    whole: str  # the reading
    passages: list[Passage]
    bounds: list[int]  # where sentences begin in the reading

    @classmethod
    def of(cls, title: str, text: str, core: re.Pattern[str]) -> Cut:
        """Cut a page around matches of ``core``."""
        whole = reading(title, text)
        matches = [found.span() for found in islice(core.finditer(whole), _MOST_MATCHES)]
        if not matches:
            return cls(title, text, whole, [], [])
        bounds = _sentence_starts(whole, len(title) + 1)
        return cls(title, text, whole, _passages(whole, len(title), matches, bounds), bounds)

    def sentence(self, match: tuple[int, int]) -> str:
        """Return the sentence in which a match stands."""
        start, end = self._span(match)
        return self.whole[start:end]

    def sentences(self, passage: Passage) -> list[tuple[str, tuple[int, int]]]:
        """Return a passage's sentences of the text in which a keyword stands, menus apart, each with its first match.

        Of an endless one what is about its keywords; one that recurs is given once.
        """
        matches: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for match in () if passage.menu else passage.matches:
            if match[0] > len(self.title):
                matches.setdefault(self._span(match), []).append(match)
        found: dict[str, tuple[int, int]] = {}
        for (start, end), held in matches.items():
            keywords = held[0][0], held[-1][1]
            around = max(start, keywords[0] - _ENDLESS), min(end, keywords[1] + _ENDLESS)
            first, last = _at_words(self.whole, (start, end), around, keywords)
            found.setdefault(self.whole[first:last].strip(), held[0])
        return list(found.items())

    def _span(self, match: tuple[int, int]) -> tuple[int, int]:
        index = bisect_right(self.bounds, match[0])
        return self.bounds[index - 1], self.bounds[index] if index < len(self.bounds) else len(self.whole)

    def quote(self, passage: Passage, match: tuple[int, int] | None = None, limit: int = QUOTE_LIMIT) -> str:
        """Return an exact substring of the title or of the text, at most ``limit`` characters, around a passage's ``match``.

        Where none is given, its first, outside the title if it can be: a title is shown beside the quote anyway.
        """
        whole, bounds, title_length = self.whole, self.bounds, len(self.title)
        match = match or next((m for m in passage.matches if m[0] > title_length), passage.matches[0])
        if match[0] <= title_length:
            return whole[: min(title_length, limit)].strip()
        start, end = self._span(match)
        after = bisect_right(bounds, end)  # where the sentence after the next begins
        if end - start > limit:
            start, end = _shorten(whole, start, end, match, limit)
        # A sentence too short to be understood alone takes the next one along.
        elif after < len(bounds) and end - start < 80 and bounds[after] - start <= limit:
            end = bounds[after]
        return whole[start:end].strip()


def _passages(whole: str, title_length: int, matches: list[tuple[int, int]], bounds: list[int]) -> list[Passage]:
    menus = [menu for menu in _menu_spans(whole, title_length + 1) if any(menu[0] <= m[0] < menu[1] for m in matches)]
    windows: list[tuple[int, int, bool, list[tuple[int, int]]]] = []
    for match in matches:
        start, end = _window(whole, bounds, match, title_length + 1)
        menu = any(a <= match[0] < b for a, b in menus)
        if not menu:  # what a menu says of mentors is no part of what the text beside it says
            start = max([start, *(b for _, b in menus if b <= match[0])])
            end = min([end, *(a for a, _ in menus if a >= match[1])])
        if windows and start < windows[-1][1] and end - windows[-1][0] <= _WINDOW and menu == windows[-1][2]:
            first, last, _, held = windows[-1]
            windows[-1] = (first, max(last, end), menu, [*held, match])
        else:
            # What the window before has read is not read twice, unless it is all that leads up to this keyword.
            if windows and start < windows[-1][1] <= match[0] - _LEAD:
                start = windows[-1][1]
            windows.append((start, end, menu, [match]))
    return [
        Passage(
            start=start,
            end=end,
            text=whole[start:end],
            matches=tuple(held),
            in_title=held[0][0] < title_length,
            menu=menu,
        )
        for start, end, menu, held in windows
    ]


def _shorten(whole: str, start: int, end: int, match: tuple[int, int], limit: int) -> tuple[int, int]:
    room = max(0, limit - (match[1] - match[0]))
    first = max(start, match[0] - room // 2)
    last = min(end, first + limit)
    first = max(start, last - limit)
    return _at_words(whole, (start, end), (first, last), match)


def _at_words(whole: str, sentence: tuple[int, int], cut: tuple[int, int], keep: tuple[int, int]) -> tuple[int, int]:
    """Return ``cut`` with its ends moved off the middle of words ('stagecoach' must not become a coach), ``keep`` inside."""
    first, last = cut
    if first > sentence[0]:
        space = whole.find(" ", first, keep[0])
        first = space + 1 if space >= 0 else first
    if last < sentence[1]:
        space = whole.rfind(" ", keep[1], last)
        last = space if space >= 0 else last
    return first, last


def _window(whole: str, bounds: list[int], match: tuple[int, int], text_start: int) -> tuple[int, int]:
    first, last = match[0] - _AROUND, match[1] + _AROUND
    if match[0] < text_start:
        start = 0
    elif first <= text_start:
        start = text_start
    else:
        begins = bisect_left(bounds, first)
        # An endless sentence is cut at a word instead.
        start = (
            bounds[begins] if begins < len(bounds) and bounds[begins] <= match[0] else whole.rfind(" ", 0, first) + 1
        )
        start = max(text_start, start)
    if last >= len(whole):
        return start, len(whole)
    end = bounds[bisect_right(bounds, last) - 1]
    if end < match[1]:
        space = whole.find(" ", last)
        end = space if space >= 0 else len(whole)
    return start, end


def _sentence_starts(whole: str, text_start: int) -> list[int]:
    """Where sentences begin. A line break ends one unless the line looks wrapped (long, no full stop, next in lower case)."""
    starts = [0]
    position = 0
    previous = ""
    for line in whole.splitlines(keepends=True):
        bare = line.strip()
        wrapped = (
            position > text_start
            and len(previous) >= 50
            and previous[-1] not in ".!?:;"
            and bare
            and not bare[0].isupper()
            and not _BULLET.match(line)
        )
        if position and bare and not wrapped:
            starts.append(position)
        starts.extend(position + found.end() for found in _SENTENCE_END.finditer(line) if found.end() < len(line))
        if bare or not previous:
            previous = bare
        position += len(line)
    return starts


def _menu_spans(whole: str, text_start: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    run_start, run_length, position = -1, 0, 0
    for line in whole.splitlines(keepends=True):
        bare = line.strip()
        if position >= text_start and bare:
            items = [item for item in _BARS.split(bare) if item.strip()]
            if len(items) >= 4 and all(len(item.split()) <= _MENU_WORDS for item in items):
                spans.append((position, position + len(line)))
            if len(bare.split()) <= _MENU_WORDS and bare[-1] not in ".!?:,;" and not any(c.isdigit() for c in bare):
                run_start = position if run_length == 0 else run_start
                run_length += 1
            else:
                if run_length >= _MENU_RUN:
                    spans.append((run_start, position))
                run_length = 0
        position += len(line)
    if run_length >= _MENU_RUN:
        spans.append((run_start, position))
    return spans
