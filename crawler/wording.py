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
    """One list as the inside of a regular expression group: longest first, '*' as a stem's open end."""
    ordered = sorted(words(section, key), key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in ordered)


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
    text = re.sub(r"(?<![\d.,])([1-9]\d{0,2})((?:,\d{3})+)(?![\d,])", _joined_groups, text)
    return re.sub(r"(?<![\d.,])([1-9]\d{0,2})((?:\.\d{3})+)(?![\d.,])", _joined_groups, text)


def _joined_groups(number: re.Match[str]) -> str:
    return number[1] + re.sub(r"[.,]", "", number[2])
