"""How many hits a results page says there are, in the wordings of some sixty engines (search-platforms.md, section 6).

A line is first made plain (dashes, thousands separators, the query itself taken out), then read by a ladder: a range with
a total, a counted noun, a total after a colon, one of many, a range alone. The words are in wording.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from crawler.wording import finder, in_digits, pattern, phrases, plain, words

TotalIs = Literal["exact", "estimate", "capped", "absent"]
LONGEST_LINE = 400
# 'Page 3', 'Topic 12' name a thing more often than they count it.
_UNSURE = re.compile(r"page|tudalen|file|link|post|job|topic|article|product|item|answer|object|listing")
MOST_LINES = 3000
# Taken off a reading that stands below the list.
BELOW = 1.0
DIGIT = re.compile(r"\d")
NUMERAL = re.compile(r"(?<![\d.,])\d{1,9}(?![\d.,]*\d)")


@dataclass(frozen=True)
class Total:
    """What the page states: a total and its kind, the range of this page's items, how many pages."""

    number: int | None = None
    kind: TotalIs = "absent"
    first: int | None = None
    last: int | None = None
    pages: int | None = None
    line: str = ""

    @property
    def on_page(self) -> int | None:
        """How many items the range says this page lists."""
        return None if self.first is None or self.last is None else self.last - self.first + 1


@dataclass(frozen=True)
class _Rules:
    ranged: re.Pattern[str]
    counted: re.Pattern[str]
    stated: re.Pattern[str]
    one_of: re.Pattern[str]
    range_only: re.Pattern[str]
    paged: re.Pattern[str]
    about_query: re.Pattern[str]
    unit: re.Pattern[str]
    at_end: re.Pattern[str]
    many: re.Pattern[str]


@cache
def _rules() -> _Rules:
    def group(key: str) -> str:
        return f"(?:{pattern('totals', key)})"

    number = r"(?<![\d.,:/£$€])(\d{1,9})(?![\d]|[.,:]\d)"
    noun, to, of = group("nouns"), group("to"), rf"(?:{pattern('totals', 'of')})"
    about = rf"(?:(?P<about>{pattern('totals', 'about')})\s*)?"
    exactly = rf"(?:(?:{pattern('totals', 'exactly')})\s+)?"
    first = rf"(?:(?P<first>{pattern('totals', 'first')})\s+)?"
    filler = rf"(?:\W*\b(?:{pattern('totals', 'nouns')}|{pattern('totals', 'verbs')}|{pattern('totals', 'between')}|shown|displayed)\b)"
    small = rf"(?P<word>{pattern('totals', 'one')}|{pattern('totals', 'none')})"
    # Lines come in lower case, so no pattern needs to ignore it: that alone halves the time they take.
    flags = re.NOFLAG
    return _Rules(
        ranged=re.compile(
            rf"{number}\s*{to}\s*{number}{filler}{{0,3}}[\s(,;:]*(?<![a-z]){of}(?![a-z])\s*{about}{exactly}{first}"
            rf"{number.replace('/', '')}",
            flags,
        ),
        counted=re.compile(
            rf"(?:(?<![\w-]){about}{exactly}{first}(?:{number}|(?<![\w.-]){small}(?!\w)))"
            rf"(?P<plus>\s*\+)?(?:\s+\{{q\}})?(?:\s*\(?(?:{pattern('totals', 'between')}))*\s*"
            rf"(?P<noun>{noun}|{pattern('totals', 'in_all')})(?:\(s\)|\(es\))?(?!\w)",
            flags,
        ),
        stated=re.compile(
            rf"(?<!\w)(?:(?:{noun}|{group('verbs')}|total)(?:\s+(?:found|returned|for\s+\S{{1,40}}|{noun}))*"
            rf"\s*(?::|=|\(|\bis\b|\bwas\b|\bwere\b|-)?\s*{about}{exactly}{number}\s*\)?)\s*(?=$|[).,;|]|{noun}|for\b|in\b|that\b|of your)",
            flags,
        ),
        one_of=re.compile(
            rf"(?:\b(?:{noun}|showing|displaying|dangos|viewing)\s+)#?{number}\s+{of}\s+{about}{exactly}{first}{number}"
            rf"|{number}\s+{of}\s+{about.replace('about>', 'about2>')}{exactly}{number}\s+{noun}",
            flags,
        ),
        range_only=re.compile(
            rf"(?:(?<!\w)(?:{noun}|showing|displaying|dangos|viewing|listing)\W{{0,3}}\s*{number}\s*{to}\s*{number})"
            rf"|(?:^{number}\s*{to}\s*{number}\s*{noun})",
            flags,
        ),
        paged=re.compile(
            rf"\b{group('page_words')}\s*\(?{number}\s*(?:{of}|/)\s*{exactly}{number}"
            rf"|(?:\b\w+\s+)?{number}\s*{of}\s*{exactly}{number}\s*(?:pages|screens|tudalen)\b",
            flags,
        ),
        about_query=re.compile(
            rf"(?<![\w-]){about}{exactly}(?:{number}|{small})(?:\s+(?!of\b)[^\W\d]+){{0,3}}?"
            rf"\s+(?:{pattern('totals', 'said_of_query')})(?:\s+\w+){{0,3}}?\W{{0,3}}\{{q\}}",
            flags,
        ),
        unit=re.compile(rf"^\s*(?:{pattern('totals', 'not_totals')})(?!\w)", flags),
        many=re.compile(rf"^(?:{noun})\W{{0,3}}{number}\W*$", flags),
        at_end=re.compile(
            rf"^(?:{noun}|number|total|{group('verbs')})(?!\w)(?P<said>[^:]{{0,150}}):\s*{about}{number}\W*$", flags
        ),
    )


def read_total(lines: Iterable[str], query: str = "", items: int | None = None, above: int | None = None) -> Total:
    """The best reading of the total among `lines` (text outside the items, in reading order).

    `items` is how many items the page lists, where known: a range that fits it is believed, a total below it is not.
    `above` is how many of the lines stand above the items: those below may be another list's.
    """
    best, best_score = Total(), 0.0
    pages: int | None = None
    previous = ""
    for count, raw in enumerate(lines):
        if count > MOST_LINES:
            break
        line = told(raw, query)
        if not line or len(line) > LONGEST_LINE:
            previous = ""
            continue
        paged = _rules().paged.search(line) if DIGIT.search(line) else None
        if paged and not _rules().ranged.search(line):
            pages = int(paged[2] or paged[4])
            line = line[: paged.start()] + " | " + line[paged.end() :]
        readings = _readings(line)
        if not readings and min(len(previous), len(line)) in range(1, 30) and len(previous) + len(line) < 120:
            # 'Results' and '45' in two blocks beside each other; weaker than one line that says both.
            readings = [(total, score - 1.5) for total, score in _readings(f"{previous} {line}")]
        previous = line
        for total, score in readings:
            score += _fit(total, items) - count * 0.002 + (0.5 if "{q}" in line else 0)
            score -= BELOW if above is not None and count >= above else 0.0
            if score > best_score:
                best, best_score = total, score
    return Total(best.number, best.kind, best.first, best.last, pages, best.line)


def skeleton(line: str) -> tuple[str, int | None]:
    """A told line with its numbers taken out, and the number where there is just one."""
    numbers = NUMERAL.findall(line)
    return NUMERAL.sub("#", line), int(numbers[0]) if len(numbers) == 1 else None


def bare_total(lines: Iterable[str], query: str = "") -> Total:
    """The largest number that stands alone in one of `lines`: for places where that is known to be the total."""
    told_lines = [told(raw, query) for raw in lines]
    alone = [(number, line) for line in told_lines if (number := skeleton(line)[1]) is not None]
    return Total(max(alone)[0], "exact", line=max(alone)[1]) if alone else Total()


@cache
def _numeral() -> re.Pattern[str]:
    """A number written as a word."""
    return re.compile(rf"\b(?:{pattern('totals', 'one')}|{pattern('totals', 'none')})\b")


@cache
def _counts() -> re.Pattern[str]:
    """A word or sign that every wording of a total has beside its number."""
    many = "|".join(pattern("totals", key) for key in ("nouns", "verbs", "of", "to"))
    return re.compile(rf"\b(?:{many}|showing|displaying|dangos|viewing|listing)\b|[/-]")


@lru_cache(maxsize=4096)
def told(raw: str, query: str = "") -> str:
    """A line as the rules read it: plain, lower case, the query as {q}, numbers as digits."""
    line = plain(raw[: 2 * LONGEST_LINE]).lower()
    wanted = plain(query).lower()
    if wanted and not wanted.isdigit():
        line = re.sub(rf"(?<!\w){re.escape(wanted)}(?!\w)", "{q}", line)
    return in_digits(line)


def _fit(total: Total, items: int | None) -> float:
    if items is None:
        return 0.0
    if total.on_page is not None:
        return 3.0 if total.on_page == items else -1.0
    if total.number is not None and total.number < items:
        return -5.0
    return 1.0 if total.number == items else 0.0


@lru_cache(maxsize=4096)
def _readings(line: str) -> list[tuple[Total, float]]:
    """What the rules read in a line, with how sure each reading is. A page's lines are read several times: kept."""
    rules = _rules()
    found: list[tuple[Total, float]] = []
    digit = DIGIT.search(line) is not None
    if not (digit or _numeral().search(line)) or not ("{q}" in line or _counts().search(line)):
        return found
    for match in rules.ranged.finditer(line):
        first, last, number = int(match[1]), int(match[2]), int(match[match.re.groups])
        if first <= last <= number and not rules.unit.match(line[match.end() :]):
            found.append((Total(number, _kind(match, line), first, last, None, line), 6.0))
    if found:
        return found
    for match in rules.one_of.finditer(line):
        numbers = [int(group) for group in match.groups() if group and group.isdigit()]
        before = line[: match.start()].rstrip()
        if len(numbers) == 2 and numbers[0] <= numbers[1] and not re.search(r"(pages?|tudalen)$", before):
            single = re.match(r"(?:showing|displaying|dangos|viewing)", match[0]) is None
            low = numbers[0] if single else 1
            found.append((Total(numbers[1], _kind(match, line), low, numbers[0], None, line), 4.0))
    for match in rules.counted.finditer(line):
        counted = _counted(match)
        after = line[match.end() :]
        lone_page = _UNSURE.match(match["noun"]) is not None
        listed = re.search(r"\d[\s|,/]*$", line[: match.start()]) is not None
        before = line[: match.start()]
        if (
            counted is None
            or re.match(r"\s*(per|a|each|every|on (this|each))\s*page|\s*per\b|\s*/\s*page", after)
            or re.search(r"(?<![a-z])(next|previous|prev|nesaf|blaenorol)\s*$", before)
            or listed
            or re.search(rf"(?:{pattern('totals', 'of_index')})\W*$", before)
            or re.match(rf"\s*(?:{pattern('totals', 'of_index_after')})(?!\w)", after)
        ):
            continue
        if counted == 0 and match["word"] and lone_page:
            continue
        score = 4.5 - (2.0 if lone_page and not re.search(r"found|match|return|search|{q}", line) else 0)
        score -= 1.5 if re.search(r"\b(show|display|top|last|latest|recent)\s*$", line[: match.start()]) else 0
        score -= 1.0 if len(line) > 160 else 0
        if match["first"] and not re.search(r"of\s*$", line[: match.start()]):
            score -= 1.0
        found.append((Total(counted, _kind(match, line), None, None, None, line), score))
    for match in rules.about_query.finditer(line) if "{q}" in line else ():
        counted = _counted(match)
        if counted is not None:
            found.append((Total(counted, _kind(match, line), None, None, None, line), 4.0))
    for match in rules.stated.finditer(line) if digit else ():
        rest = line[match.end() :]
        if _UNSURE.match(match[0]) and not re.search(r"[:=(]", match[0]):
            continue
        if not rules.unit.match(rest) and not re.match(rf"\s*(?:{pattern('totals', 'to')})\s*\d", rest):
            number = int(next(g for g in reversed(match.groups()) if g and g.isdigit()))
            found.append((Total(number, _kind(match, line), None, None, None, line), 3.0))
    # 'Pages (33)' counts them, 'Page 3' is one of them.
    many = rules.many.match(line) if digit and re.match(r"\w+(?<!s)s\b", line) else None
    if many:
        found.append((Total(int(many[1]), "exact", None, None, None, line), 2.5))
    at_end = rules.at_end.match(line) if digit else None
    if at_end and not re.search(rf"(?:{pattern('totals', 'no_total_before')})\W*$", at_end["said"]):
        number = int(next(g for g in reversed(at_end.groups()) if g and g.isdigit()))
        found.append((Total(number, _kind(at_end, line), None, None, None, line), 2.5))
    for match in rules.range_only.finditer(line) if digit else ():
        low, high = (int(group) for group in match.groups() if group)
        if low <= high and high - low < 500:
            beside = next((t for t, _ in found if t.number is not None and t.number >= high), Total())
            score = 2.5 if beside.number is None else 5.5
            found.append((Total(beside.number, beside.kind, low, high, None, line), score))
    return found


def _counted(match: re.Match[str]) -> int | None:
    numbers = [int(group) for group in match.groups() if group and group.isdigit() and group != match["word"]]
    if numbers:
        return numbers[-1]
    word = (match["word"] or "").lower()
    if word in words("totals", "none"):
        return 0
    return 1 if word else None


def _kind(match: re.Match[str], line: str) -> TotalIs:
    groups = match.groupdict()
    if groups.get("first") or phrases("totals", "capped").search(line):
        return "capped"
    return "estimate" if groups.get("about") or groups.get("about2") or groups.get("plus") else "exact"


def says_capped(lines: Iterable[str], total: int | None = None) -> bool:
    """Whether the page says that it shows no more than a part ('only the first 200 results are available').

    Where it names both the part and the `total`, the total is exact all the same.
    """
    for line in map(told, lines):
        if phrases("totals", "capped").search(line):
            numbers = [int(number) for number in re.findall(r"\d{1,9}", line)]
            if total is None or not numbers or min(numbers) >= total:
                return True
    return False


def says_error(lines: Iterable[str]) -> bool:
    """Whether the page says that something went wrong on the site's side."""
    return any(phrases("none", "errors").search(told(line)) for line in lines)


def says_none(lines: Iterable[str], query: str = "") -> bool:
    """Whether a line of visible text says that nothing was found (section 7); '10 results' is not '0 results'."""
    for raw in lines:
        line = told(raw, query)
        if len(line) > LONGEST_LINE or not _denies().search(line):
            continue
        match = finder("none", "phrases").search(line)
        if match and not re.match(r"\s*(for\s+)?(more than|fewer|less)", line[match.end() :]):
            return True
        if re.search(
            r"\bno\b.{0,60}\b(results?|matches|pages|documents|items|records)\b.{0,60}\b(found|match|for|your|contain)",
            line,
        ):
            return True
        if re.search(
            r"\b(not|nothing)\b.{0,40}\b(find|found|match\w*)\b.{0,80}({q}|your (search|query|term)|any)", line
        ):
            return True
    return False


@cache
def _denies() -> re.Pattern[str]:
    """A quick look for what every wording of nothing has: the first words of its phrases."""
    starts = {word.split()[0].removesuffix("*") for word in words("none", "phrases")} | {"no", "not", "nothing"}
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, starts)))})")


def says_no_query(lines: Iterable[str]) -> bool:
    """Whether the page asks for a query: it was not told the one it was sent."""
    return any(phrases("none", "no_query").search(told(line)) for line in lines)


def ran_instead(lines: Iterable[str], query: str) -> str:
    """The query that the engine says it ran in place of the one asked ('Showing results for X'); '' if it says none."""
    wanted = plain(query).casefold().strip("\"' ")
    for raw in lines:
        line = plain(raw[:LONGEST_LINE]).casefold()
        for before, wording in _instead():
            match = wording.search(line) if before in line else None
            ran = match[1].strip(" \"'") if match else ""
            if ran and ran != wanted and wanted not in ran:
                return ran
    return ""


@cache
def _instead() -> list[tuple[str, re.Pattern[str]]]:
    """The wordings of 'ran X in place of what was asked': how each begins, and a pattern with X as its group."""
    found = []
    for template in words("ran", "instead"):
        before, after = (part.strip() for part in template.split("{q}"))
        end = re.escape(after) if after else r"(?:$|[.;:|(]|instead|$)"
        found.append((before, re.compile(rf"{re.escape(before)}\s+[\"']?([^\"'.;:|()]{{2,60}}?)[\"']?\s*{end}")))
    return found
