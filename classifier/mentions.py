"""Find the names a protocol asks for, and tell each from its namesakes: by rule, the same for every text.

A candidate counts when its own words leave no doubt, or when words that belong to it stand near. A namesake (another body of the
same letters, spelt out in the text or near the name) is kept with ``counts`` false and says which it is; what cannot be told is kept
as ``unclear``. White space in a pattern stands for any white space, so names are found across line breaks, table cells and slides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from study import protocol as study_protocol
from study.judging import UNCLEAR
from study.protocol import Protocol

QUOTE_LIMIT = 300  # characters
_NEAR = 300  # characters in which what a mention is about, explained or linked by is looked for
_AT = 40  # characters each side in which `unless` rules a candidate out
_BESIDE = 150  # characters in which mentoring or coaching stands 'beside' the name
_GAP = r"(?:[\s\u00a0\u00ad\u200b|·]+)"  # what may stand between two words of a name
_SPELT_AFTER = re.compile(
    r"\s*(?:[(\[]|[-–—=:]\s|stands for\s|is short for\s|means\s)\s*((?:[\w’'&-]+\s+){1,6}[\w’'&-]+)"
)
_WORDS = re.compile(r"[\w’'&-]+")
_BARS = "|·\u00ad\u200b"  # stand between the words of a name, beside white space
_SMALL = frozenset({"and", "for", "of", "the", "in", "to", "at", "&", "on"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in a text. ``start`` and ``end`` count characters of title + newline + text."""

    what: str  # the protocol's code
    which: str | None  # the namesake, or 'unclear', where it does not count
    counts: bool
    quote: str
    start: int
    end: int
    about: tuple[str, ...]
    beside_keyword: bool
    explained: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    """One mention's patterns, compiled."""

    mention: study_protocol.Mention
    candidates: tuple[
        tuple[str, re.Pattern[str]], ...
    ]  # a literal that no match can lack ('' if there is none), pattern
    certain: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    namesakes: tuple[tuple[str, re.Pattern[str]], ...]
    about: tuple[tuple[str, re.Pattern[str]], ...]
    explained: re.Pattern[str] | None
    linked: re.Pattern[str] | None


def find_mentions(protocol: Protocol, title: str, text: str) -> list[Mention]:
    """Return the names found in a text, in order of place; a pure function of protocol, title and text."""
    whole = f"{title}\n{text}"
    lowered = whole.lower()
    for character in _BARS:
        lowered = lowered.replace(character, " ")
    lowered = " ".join(lowered.split())
    found: list[Mention] = []
    for rules in _compiled(protocol):
        last = -1
        for start, end in _candidates(rules, whole, lowered):
            if start >= last:
                last = end
                which = _decide(rules, whole, start, end)
                found.append(_mention(rules, protocol, whole, len(title), start, end, which))
    return sorted(_without_overlaps(found), key=lambda m: (m.start, m.what))


def _candidates(rules: _Rules, whole: str, lowered: str) -> list[tuple[int, int]]:
    """Return the spans that match any pattern, in order; of two that begin together, the earlier pattern's."""
    spans = []
    for rank, (anchor, pattern) in enumerate(rules.candidates):
        # Most texts hold no name at all, and looking for a literal is many times faster than for a pattern.
        if anchor in lowered:
            spans += [(match.start(), rank, match.end()) for match in pattern.finditer(whole)]
    return [(start, end) for start, _, end in sorted(spans)]


def _decide(rules: _Rules, whole: str, start: int, end: int) -> str | None:
    """Return None where the candidate counts, else the namesake or :data:`study.judging.UNCLEAR`."""
    name = whole[start:end]
    for namesake, pattern in rules.namesakes:
        # A namesake at the name itself decides even a candidate that looks certain.
        for other in pattern.finditer(whole, max(0, start - 80), min(len(whole), end + 80)):
            if other.start() < end and start < other.end():
                return namesake
    long_name = _spelt_out(whole, name) if name.isupper() and name.isalpha() else None
    if long_name is not None and not (rules.certain is not None and rules.certain.search(long_name)):
        return long_name
    if rules.unless is not None:
        # The name's own words do not rule it out: what stands beside it does.
        beside = (whole[max(0, start - _AT) : start], whole[end : end + _AT])
        ruled_out = next(filter(None, map(rules.unless.search, beside)), None)
        if ruled_out is not None:
            return f"beside '{' '.join(ruled_out.group().split())}'"
    if long_name is not None or (rules.certain is not None and rules.certain.search(name)):
        return None
    for namesake, pattern in rules.namesakes:
        if pattern.search(whole):
            return namesake
    if rules.needs is None:
        return None
    within = rules.mention.within
    near = whole if not within else whole[max(0, start - within) : start] + " … " + whole[end : end + within]
    return None if rules.needs.search(near) else UNCLEAR


def _mention(
    rules: _Rules, protocol: Protocol, whole: str, title_length: int, start: int, end: int, which: str | None
) -> Mention:
    near = whole[max(0, start - _NEAR) : end + _NEAR]
    beside = whole[max(0, start - _BESIDE) : start] + " … " + whole[end : end + _BESIDE]
    return Mention(
        what=rules.mention.code,
        which=which,
        counts=which is None,
        quote=_quote(whole, title_length, start, end),
        start=start,
        end=end,
        about=tuple(code for code, pattern in rules.about if pattern.search(near)),
        beside_keyword=protocol.core.search(beside) is not None,
        explained=rules.explained is not None and rules.explained.search(near) is not None,
        linked=rules.linked is not None and rules.linked.search(near) is not None,
    )


def _without_overlaps(found: list[Mention]) -> list[Mention]:
    """Drop a mention inside a longer one of another kind that counts: the TDA's extranet is not 'an extranet' as well."""
    longer = [m for m in found if m.counts]
    return [
        m
        for m in found
        if not any(
            o is not m and o.what.endswith(f"-{m.what}") and o.start <= m.start and m.end <= o.end for o in longer
        )
    ]


def _spelt_out(whole: str, letters: str) -> str | None:
    """Return what the text itself says ``letters`` stand for: 'Tourism Development Area (TDA)', 'TDA: Tenancy Deposit ...'."""
    place = whole.find(letters)
    while place >= 0:
        after = place + len(letters)
        if whole[place - 1 : place] in ("(", "[") and whole[after : after + 1] in (")", "]"):
            words = _WORDS.findall(whole[max(0, place - 120) : place])
            long_name = _initials(words[-8:], letters, from_end=True)
        else:
            match = _SPELT_AFTER.match(whole, after)
            long_name = _initials(_WORDS.findall(match[1]), letters, from_end=False) if match else None
        if long_name is not None:
            return long_name
        place = whole.find(letters, after)
    return None


def _initials(words: list[str], letters: str, *, from_end: bool) -> str | None:
    """Return the run of ``words`` whose initials are ``letters`` (small words skipped), nearest the abbreviation."""
    spans = range(1, len(words) + 1)
    for size in spans:
        run = words[-size:] if from_end else words[:size]
        initials = "".join(word[0] for word in run if word.lower() not in _SMALL)
        if initials.upper() == letters and run[0].lower() not in _SMALL:
            return " ".join(run)
    return None


def _quote(whole: str, title_length: int, start: int, end: int) -> str:
    """Return an exact substring around the name, inside the title or inside the text, at most QUOTE_LIMIT characters."""
    floor, ceiling = (0, title_length) if start < title_length else (title_length + 1, len(whole))
    end = min(end, ceiling)
    room = max(0, QUOTE_LIMIT - (end - start)) // 2
    first, last = max(floor, start - room), min(ceiling, end + room)
    stops = [m.end() for m in re.finditer(r"[.!?]\s+|\n\s*\n", whole[first:start])]
    first = first + stops[-1] if stops else first
    stop = re.search(r"[.!?](?=\s)|\n\s*\n", whole[end:last])
    last = end + stop.end() if stop else last
    if first > floor and whole[first - 1].isalnum() and whole[first].isalnum():
        space = re.search(r"\s", whole[first:start])
        first = first + space.end() if space else start
    if last < ceiling and whole[last].isalnum() and whole[last - 1].isalnum():
        spaces = [m.start() for m in re.finditer(r"\s", whole[end:last])]
        last = end + spaces[-1] if spaces else end
    return whole[first : max(last, min(end, first + QUOTE_LIMIT))].strip()[:QUOTE_LIMIT]


def _compiled(protocol: Protocol) -> tuple[_Rules, ...]:
    known = _CACHE.get(protocol.hash)
    if known is None:
        known = _CACHE[protocol.hash] = tuple(_rules(mention) for mention in protocol.mentions)
    return known


_CACHE: dict[str, tuple[_Rules, ...]] = {}


def _rules(mention: study_protocol.Mention) -> _Rules:
    flags = 0 if mention.case_sensitive else re.IGNORECASE

    def union(patterns: list[str]) -> re.Pattern[str] | None:
        return re.compile("|".join(f"(?:{_spaced(p)})" for p in patterns), re.IGNORECASE) if patterns else None

    return _Rules(
        mention=mention,
        candidates=tuple((_anchor(p), re.compile(_spaced(p), flags)) for p in mention.patterns),
        certain=union(mention.certain),
        needs=union(mention.needs),
        unless=union(mention.unless),
        namesakes=tuple((n.name, re.compile(_spaced(n.pattern))) for n in mention.namesakes),
        about=tuple(
            (code, re.compile("|".join(map(_spaced, ps)), re.IGNORECASE)) for code, ps in mention.about.items()
        ),
        explained=union(mention.explained),
        linked=union(mention.linked),
    )


def _anchor(pattern: str) -> str:
    """Return a literal in lower case that no match of ``pattern`` can lack; '' where none can be read from it.

    What stands in a class, in a group or under a quantifier may be absent; what is left may not.
    """
    if "|" in (bare := _bare(pattern)):
        return ""
    runs = re.findall(r"[A-Za-z ]{3,}", re.sub(r"[A-Za-z ][?*{]", "\0", bare))
    return max((run.strip() for run in runs), key=len, default="").lower()


def _bare(pattern: str) -> str:
    bare = re.sub(r"\\.|\[[^]]*\]", "\0", pattern)
    while (simpler := re.sub(r"\([^()]*\)", "\0", bare)) != bare:
        bare = simpler
    return bare


def _spaced(pattern: str) -> str:
    """Return ``pattern`` with each space (outside a character class) standing for any gap between words."""
    out, in_class, escaped = [], False, False
    for char in pattern:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif char == " " and not in_class:
            out.append(_GAP)
            continue
        out.append(char)
    return "".join(out)
