"""Who stands in a text: the words of ``roles.toml`` found in running text.

'Headteachers will be mentored by colleagues' and 'pupils will be mentored by staff' share every signal a word model sees; what
tells them apart is who stands on which side of the keyword and what joins them. Tokens are folded to roles, function words and
keyword forms, the rest is skipped, so that a sentence never seen before still reads ``leader be M:ed by teacher``.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "roles.toml"
_TOKEN = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?|[.!?:;|\n]", re.IGNORECASE)
_KEYWORD = re.compile(r"(?:co)?(mentor|mentee|coach)(\w*)")

Tagged = list[str]  # role, function class, 'M:ed' and the like, '' for anything else, '.' for a boundary


@lru_cache(maxsize=100_000)
def fold(token: str) -> str:
    """Return ``token`` in lower case, without possessive and plural endings."""
    word = token.lower().replace("’", "'")
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def role_names() -> frozenset[str]:
    """Return the names of all roles."""
    return frozenset(_data()["roles"])


@cache
def people() -> frozenset[str]:
    """Return the names of the roles that are people, who can be mentored or coached."""
    return frozenset(_data()["people"]["roles"])


@cache
def kinds() -> dict[str, str]:
    """Return role -> the kind it stands for where roles are too fine; a role without one is its own."""
    return {role: kind for kind, roles in _data()["kinds"].items() for role in roles}


@cache
def lexicon() -> tuple[dict[tuple[str, ...], str], dict[str, str], dict[str, int]]:
    """Return phrases -> role, function words -> class, and folded first words -> length of the longest phrase they begin."""
    data = _data()
    phrases: dict[tuple[str, ...], str] = {}
    for role, entries in data["roles"].items():
        for entry in entries:
            key = tuple(fold(token) for token in _TOKEN.findall(entry))
            phrases.setdefault(key, role)
    words = {word: name if name != "kept" else word for name, group in data["words"].items() for word in group}
    longest: dict[str, int] = {}
    for key in phrases:
        longest[key[0]] = max(longest.get(key[0], 1), len(key))
    return phrases, words, longest


def is_keyword(word: str) -> bool:
    """Return whether a folded ``word`` is mentor, coach or a form of either."""
    return _keyword(word) is not None


def tokens(text: str) -> list[str]:
    """Return words and sentence boundaries of ``text``."""
    return _TOKEN.findall(text)


def tag(words: list[str]) -> Tagged:
    """Return what each stretch of ``words`` is: a role, a function class, a keyword form, ``.`` or nothing ('')."""
    phrases = lexicon()[0]
    known = [_known(word) for word in words]
    out: Tagged = []
    position, count = 0, len(known)
    while position < count:
        _folded, single, longest = known[position]
        length = 1
        for size in range(min(longest, count - position), 1, -1):
            role = phrases.get(tuple([item[0] for item in known[position : position + size]]))
            if role is not None:
                single, length = role, size
                break
        out.append(single)
        position += length
    return out


@lru_cache(maxsize=100_000)
def _known(word: str) -> tuple[str, str, int]:
    """Return a word's folded form, what it is by itself, and the length of the longest phrase that it begins."""
    phrases, functions, longest = lexicon()
    folded = fold(word)
    single = phrases.get((folded,)) or _single(folded, word, functions)
    return folded, single, longest.get(folded, 1)


@lru_cache(maxsize=100_000)
def _keyword(word: str) -> str | None:
    found = _KEYWORD.fullmatch(word)
    if found is None:
        return None
    stem, ending = found.groups()
    letter = "C" if stem == "coach" else "M"
    if stem == "mentee" or ending.startswith("ee"):
        return f"{letter}:ee"
    return f"{letter}:{ending if ending in ('ed', 'ing', 'ship') else 'er'}"


def _single(folded: str, word: str, functions: dict[str, str]) -> str:
    keyword = _keyword(folded)
    if keyword is not None:
        return keyword
    if not word[0].isalnum():
        return "."
    return functions.get(word.lower(), "")
