"""Composes filler pages: one off-topic subject's sentences among general council prose, slots filled.

A page is a function of authority, group, number and attempt, so that it is the same at every scale.
"""

import random
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from replica.index import words_of
from replica.plan import HERE
from replica.texts import Filler, Key, fillers

_SUBJECTS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "mentor": (
        ("learning-mentor", "", 34),
        ("youth-mentor", "", 20),
        ("business-mentor", "", 16),
        ("pupil-peer-mentor", "", 12),
        ("bme-mentor", "", 8),
        ("other", "fostering", 4),
        ("other", "mentor-misc", 4),
        ("other", "mentor-job", 2),
    ),
    "coach": (
        ("sports-coach", "", 47),
        ("bus-coach", "", 38),
        ("other", "coach-house", 7),
        ("other", "life-coach", 4),
        ("other", "coach-job", 4),
    ),
    "extranet": (("other", "extranet", 1),),
    "plain": (("council", "", 1),),
}
_VARIANTS: dict[str, frozenset[str]] = {
    "mentor": frozenset({"mentor", "mentoring"}),
    "coach": frozenset({"coach", "coaching"}),
    "extranet": frozenset({"extranet"}),
}
_SLOTS: dict[str, list[str]] = tomllib.loads((HERE / "texts" / "slots.toml").read_text(encoding="utf-8"))
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Page:
    """A composed page and what a researcher should answer about it."""

    title: str
    text: str
    key: Key


def compose(code: str, group: str, number: int, attempt: int = 0) -> Page:
    """Filler page `number` of a group (mentor, coach, extranet, plain) for an authority.

    Every page of mentor, coach and extranet holds one of the group's exact query words. A higher `attempt`
    gives another page, for the rare case that two come out alike.
    """
    rng = random.Random(f"{code}/{group}/{number}/{attempt}")
    subjects = _SUBJECTS[group]
    topic, strand, _ = rng.choices(subjects, weights=[weight for *_, weight in subjects])[0]
    words = _Words(rng, _places(code))
    titles, sentences = _bank(topic, strand)
    general_titles, general = _bank("council", "")
    passing = group != "plain" and rng.random() < 0.15
    lines = rng.sample(sentences, min(len(sentences), 1 if passing else rng.randint(3, 8)))
    variants = _VARIANTS.get(group)
    if variants and not any(variants.intersection(words_of(line)) for line in lines):
        lines[rng.randrange(len(lines))] = rng.choice(_naming(topic, strand, group))
    around = rng.sample(general, rng.randint(5, 12) if passing else rng.randint(1, 6))
    title = rng.choice(general_titles if passing or rng.random() < 0.2 else titles)
    text = _layout(rng, [words.fill(line) for line in lines], [words.fill(line) for line in around])
    topics = () if topic == "council" else (topic,)
    return Page(
        words.fill(title), text, Key(relevance="off-topic", topics=topics, depth="brief" if passing else "main")
    )


def _layout(rng: random.Random, lines: list[str], around: list[str]) -> str:
    """Paragraphs of one to four sentences, sometimes a list, the subject's sentences kept near each other."""
    cut = rng.randint(0, min(2, len(around)))
    flow = around[:cut] + lines + around[cut:]
    listed: list[str] = []
    if rng.random() < 0.3 and len(flow) > 5:
        start = rng.randrange(len(flow) - 3)
        listed, flow = flow[start : start + 3], flow[:start] + flow[start + 3 :]
    paragraphs = []
    while flow:
        size = rng.randint(1, 4)
        paragraphs.append(" ".join(flow[:size]))
        flow = flow[size:]
    if listed:
        paragraphs.insert(rng.randint(1, len(paragraphs)), _lines(rng, listed))
    return "\n\n".join(paragraphs)


def _lines(rng: random.Random, rows: list[str]) -> str:
    """A list as people typed them: dashes, dashes under a first line, or bare lines."""
    kind = rng.random()
    if kind < 0.3:
        return "\n".join(rows)
    start = 1 if kind < 0.6 else 0
    return "\n".join(rows[:start] + [f"- {row}" for row in rows[start:]])


class _Words:
    """Fills the slots of a page: one district and a few names, so that a page does not wander."""

    def __init__(self, rng: random.Random, places: tuple[str, ...]) -> None:
        self._rng = rng
        self._places = places

    def fill(self, text: str) -> str:
        return _SLOT.sub(self._slot, text)

    def _slot(self, found: re.Match[str]) -> str:
        rng = self._rng
        match found[1]:
            case "place":
                return rng.choice(self._places)
            case "school":
                return f"{rng.choice(self._places)} {rng.choice(_SLOTS['schools'])}"
            case "day":
                return rng.choice(_SLOTS["days"])
            case "team":
                return rng.choice(_SLOTS["teams"])
            case "name":
                return f"{rng.choice(_SLOTS['first_names'])} {rng.choice(_SLOTS['last_names'])}"
            case "number":
                return str(rng.randint(4, 96))
            case _:
                month = f"{rng.choice(_SLOTS['months'])} {rng.choice((2006, 2007, 2007, 2008))}"
                before = found.string[: found.start()]
                return month if before.endswith("in ") or not before else f"{rng.randint(1, 28)} {month}"


@cache
def _places(code: str) -> tuple[str, ...]:
    return tuple(random.Random(f"{code}/places").sample(_SLOTS["places"], 18))


@cache
def _bank(topic: str, strand: str) -> tuple[list[str], list[str]]:
    """Titles and sentences of a subject."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in _subject(topic, strand):
        found[row.part].append(row.text)
    return found["title"], found["sentence"]


@cache
def _naming(topic: str, strand: str, group: str) -> list[str]:
    """Sentences of a subject that hold an exact query word of the group."""
    return [text for text in _bank(topic, strand)[1] if _VARIANTS[group].intersection(words_of(text))]


def _subject(topic: str, strand: str) -> list[Filler]:
    return [row for row in fillers() if row.topic == topic and row.strand == strand]
