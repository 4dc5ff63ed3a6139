"""The words of result pages, forms and error pages, read from wording.toml and made ready for matching."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘－"), "-")
QUOTES = {ord("‘"): "'", ord("’"): "'", ord("“"): '"', ord("”"): '"', ord("«"): "«", ord("»"): "»"}


@cache
def table() -> dict[str, dict[str, Any]]:
    """wording.toml as a dict of tables."""
    return tomllib.loads((Path(__file__).parent / "wording.toml").read_text(encoding="utf-8"))


@cache
def words(section: str, key: str) -> tuple[str, ...]:
    """One list of wording.toml."""
    return tuple(table()[section][key])


@cache
def pattern(section: str, key: str) -> str:
    """One list as the inside of a regular expression group: longest first, '*' as a stem's open end.

    No word is matched in two ways: what a shorter stem covers is left out. In a repeated group a second way doubles the
    time with every word of the line ('resultat' is result*, resulta* and resultat*: a line of 400 letters took years).
    """
    every = dict.fromkeys(words(section, key))
    stems = [word[:-1] for word in every if word.endswith("*")]
    ordered = sorted((word for word in every if not any(_covers(stem, word) for stem in stems)), key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in ordered)


def _covers(stem: str, word: str) -> bool:
    """Whether a stem's open end takes in all of another word or stem: letters only, since a phrase has spaces."""
    rest = word.removeprefix(stem).removesuffix("*")
    return word.startswith(stem) and word != f"{stem}*" and re.fullmatch(r"\w*", rest) is not None


@cache
def finder(section: str, key: str) -> re.Pattern[str]:
    """Finds any word or phrase of one list as whole words, ignoring case."""
    return re.compile(rf"(?<!\w)(?:{pattern(section, key)})(?!\w)", re.IGNORECASE)


@cache
def phrases(section: str, key: str) -> re.Pattern[str]:
    """Finds any entry of one list of regular expressions, in lower-case text."""
    return re.compile("|".join(f"(?:{entry})" for entry in words(section, key)))


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Text for matching: spaces collapsed, dashes and quotes plain, thousands separators inside numbers gone."""
    text = text.translate(DASHES).translate(QUOTES)
    text = re.sub(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))", "", text)
    text = " ".join(text.split())
    for mark in ",.'":
        if mark in text:
            text = _grouped(mark).sub(_joined_groups, text)
    return text


@cache
def _grouped(mark: str) -> re.Pattern[str]:
    """A number in groups of three digits: 1,051 or 1.051 or 1'051."""
    return re.compile(rf"(?<![\d.,'])([1-9]\d{{0,2}})((?:{re.escape(mark)}\d{{3}})+)(?![\d.,']\d|\d)")


def _joined_groups(number: re.Match[str]) -> str:
    return number[1] + re.sub(r"[.,']", "", number[2])


@lru_cache(maxsize=4096)
def in_digits(text: str) -> str:
    """Text in which numbers from two to 999 that are written as words are digits; lower case."""
    return _spelled().sub(lambda match: str(_value(match[0])), text)


@cache
def _spelled() -> re.Pattern[str]:
    numerals = table()["numerals"]
    small, tens = "|".join(numerals["small"]), "|".join(numerals["tens"])
    below = rf"(?:(?:{tens})(?:[- ](?:one|{small}))?|{small})"
    hundreds = rf"(?:(?:a|one|{small}) hundred(?:(?: and)? (?:{below}|one))?)"
    return re.compile(rf"\b(?:{hundreds}|{below})\b(?!-)")


def _value(said: str) -> int:
    numerals = table()["numerals"]
    value: dict[str, int] = {**numerals["small"], **numerals["tens"], "one": 1, "a": 1, "and": 0}
    before, hundred, after = said.rpartition(" hundred")
    rest = sum(value[word] for word in after.replace("-", " ").split())
    return (100 * value[before] if hundred else 0) + rest
