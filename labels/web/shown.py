"""A text as it is shown: keywords and evidence marked, signs that could deceive the eye made visible, giants cut.

Nothing here is HTML: the templates escape every piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from study.protocol import Protocol

LONGEST = 40_000  # characters shown of one text; of a longer one its beginning and what stands around the marks
MARGIN = 1_000  # characters around a mark far down in a long text
_KEYWORD, _EVIDENCE, _ODD = 1, 2, 4
_SIGN = "\N{SYMBOL FOR SUBSTITUTE FORM TWO}"  # stands for a sign that is not shown
# Signs that steer terminals or turn the direction of writing (UAX 9): a text could show other words than it holds.
_HIDDEN = [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F]
_HIDDEN += [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)]
_VISIBLE = dict.fromkeys(_HIDDEN, _SIGN) | {ord("\r"): "\n", ord("\u2028"): "\n", ord("\u2029"): "\n"}


@dataclass(frozen=True)
class Piece:
    """A run of characters; ``kind`` is '' or some of 'keyword', 'evidence', 'odd', joined with a space."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Shown:
    """``parts`` are the lines in order; a number among them says how many characters are left out there."""

    title: tuple[Piece, ...]
    parts: tuple[tuple[Piece, ...] | int, ...]
    left_out: int
    odd: int


def shown(protocol: Protocol, title: str, text: str, evidence: Iterable[str]) -> Shown:
    """Return a text as it is to be shown; ``evidence`` are quotes from it, exact."""
    pattern, quotes = _keywords(protocol), [quote.translate(_VISIBLE) for quote in evidence]
    heading, body = title.translate(_VISIBLE), text.translate(_VISIBLE)
    marks = _marks(body, pattern, quotes)
    parts: list[tuple[Piece, ...] | int] = []
    end = 0
    for start, stop in _windows(marks):
        if start > end:
            parts.append(start - end)
        parts += _lines(body[start:stop], marks[start:stop])
        end = stop
    if len(body) > end:
        parts.append(len(body) - end)
    return Shown(
        title=tuple(_pieces(heading[:500], _marks(heading, pattern, quotes)[:500])),
        parts=tuple(parts),
        left_out=sum(part for part in parts if isinstance(part, int)),
        odd=heading.count(_SIGN) + body.count(_SIGN),
    )


def _keywords(protocol: Protocol) -> re.Pattern[str]:
    """Every word that is searched for: in running text as the protocol says, else as a word."""
    others = [v for keyword in protocol.keywords if keyword.counts == "mention" for v in keyword.variants]
    parts = [protocol.core.pattern, *(rf"\b{re.escape(variant)}\b" for variant in others)]
    return re.compile("|".join(parts), re.IGNORECASE)


def _marks(text: str, pattern: re.Pattern[str], quotes: Sequence[str]) -> bytearray:
    marks = bytearray(len(text))
    for quote in quotes:
        at = text.find(quote) if quote else -1
        if at >= 0:
            marks[at : at + len(quote)] = bytes([_EVIDENCE]) * len(quote)
    for match in pattern.finditer(text):
        for k in range(*match.span()):
            marks[k] |= _KEYWORD
    at = text.find(_SIGN)
    while at >= 0:
        marks[at] |= _ODD
        at = text.find(_SIGN, at + 1)
    return marks


def _windows(marks: bytearray) -> Iterator[tuple[int, int]]:
    """Yield the stretches to show: all of a text, or a beginning and the surroundings of marks until LONGEST is full."""
    if len(marks) <= LONGEST:
        yield 0, len(marks)
        return
    start, stop = 0, LONGEST // 2
    room = LONGEST - stop
    for match in re.finditer(rb"[\x01-\x03]+", marks):
        if room <= 0:
            break
        begin, end = max(match.start() - MARGIN, 0), min(match.end() + MARGIN, match.start() + LONGEST, len(marks))
        if end <= stop:
            continue
        if begin > stop:
            yield start, stop
            start, stop = begin, begin
        end = min(end, stop + room)
        room -= end - stop
        stop = end
    yield start, stop


def _lines(text: str, marks: bytearray) -> Iterator[tuple[Piece, ...]]:
    at = 0
    for line in text.split("\n"):
        if line.strip():
            yield tuple(_pieces(line, marks[at : at + len(line)]))
        at += len(line) + 1


def _pieces(text: str, marks: bytearray) -> Iterator[Piece]:
    at = 0
    for mark, run in groupby(marks):
        length = sum(1 for _ in run)
        names = (("keyword", _KEYWORD), ("evidence", _EVIDENCE), ("odd", _ODD))
        yield Piece(text[at : at + length], " ".join(name for name, bit in names if mark & bit))
        at += length
