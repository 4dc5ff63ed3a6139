"""Who stands near the keyword, and how: the words of ``roles.toml`` found in running text.

'Headteachers will be mentored by colleagues' and 'pupils will be mentored by staff' share every signal a word model sees; what
tells them apart is who stands on which side of the keyword and what joins them. Tokens are folded to roles, function words and
keyword forms, the rest is skipped, so that a sentence never seen before still reads ``leader be M:ed by teacher``.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "roles.toml"
_TOKEN = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?|[.!?:;|\n]", re.IGNORECASE)
_LONGEST = 5  # words in a phrase
_KEYWORD = re.compile(r"(?:co)?(mentor|mentee|coach)(\w*)")
_NEAR = 14  # tokens each side in which the nearest role is looked for

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
def lexicon() -> tuple[dict[tuple[str, ...], str], dict[str, str], frozenset[str]]:
    """Return phrases -> role, function words -> class, and the folded first words of phrases longer than one."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    phrases: dict[tuple[str, ...], str] = {}
    for role, entries in data["roles"].items():
        for entry in entries:
            key = tuple(fold(token) for token in _TOKEN.findall(entry))
            phrases.setdefault(key, role)
    words = {word: name if name != "kept" else word for name, group in data["words"].items() for word in group}
    firsts = frozenset(key[0] for key in phrases)
    return phrases, words, firsts


def tokens(text: str) -> list[str]:
    """Return words and sentence boundaries of ``text``."""
    return _TOKEN.findall(text)


def tag(words: list[str]) -> Tagged:
    """Return what each stretch of ``words`` is: a role, a function class, a keyword form, ``.`` or nothing ('')."""
    phrases, functions, firsts = lexicon()
    folded = [fold(word) for word in words]
    out: Tagged = []
    position, count = 0, len(folded)
    while position < count:
        word = folded[position]
        length = 1
        if word in firsts:
            for size in range(min(_LONGEST, count - position), 0, -1):
                role = phrases.get(tuple(folded[position : position + size]))
                if role is not None:
                    out.append(role)
                    length = size
                    break
            else:
                out.append(_single(word, words[position], functions))
        else:
            out.append(_single(word, words[position], functions))
        position += length
    return out


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


def relations(tagged: Tagged, roles: frozenset[str]) -> list[str]:
    """Return features of who stands where around each keyword: nearest roles, joints, and sequences of three.

    ``roles`` are the role names of the lexicon, to tell them from function classes.
    """
    found: list[str] = []
    kept = [item for item in tagged if item]
    for index, item in enumerate(kept):
        if item[:2] not in ("M:", "C:"):
            continue
        form = item[2:]
        left = _nearest(kept, index, -1, roles)
        right = _nearest(kept, index, 1, roles)
        found += [f"left={left[0]}", f"right={right[0]}", f"form={form}", f"{form}:left={left[0]}", f"{form}:right={right[0]}"]
        found.append(f"sides={left[0]}/{right[0]}")
        if left[1] <= 3:
            found.append(f"close-left={left[0]}")
        if right[1] <= 3:
            found.append(f"close-right={right[0]}")
        around = ["KW" if k == index else kept[k] for k in range(max(0, index - 3), min(len(kept), index + 4))]
        found += [f"{a}>{b}" for a, b in zip(around, around[1:], strict=False)]
        found += [f"{a}>{b}>{c}" for a, b, c in zip(around, around[1:], around[2:], strict=False)]
        joint = _joint(kept, index, right[2])
        if joint:
            found.append(f"joint={joint}>{right[0]}")
    present = set(kept) & roles
    found += [f"has={role}" for role in present]
    return found


def _nearest(kept: Tagged, index: int, step: int, roles: frozenset[str]) -> tuple[str, int, int]:
    for distance in range(1, _NEAR):
        position = index + step * distance
        if not 0 <= position < len(kept):
            return "edge", distance, position
        if kept[position] in roles:
            return kept[position], distance, position
    return "none", _NEAR, index


def _joint(kept: Tagged, index: int, until: int) -> str:
    for item in kept[index + 1 : until]:
        if item in ("for", "by", "of", "to", "with", "as", "from", "in"):
            return item
    return ""
