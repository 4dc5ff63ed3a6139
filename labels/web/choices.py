"""What can be said of a text and the key of each choice: the same key for the same choice as long as the protocol stands.

Decisions have the keys 1 0 u s, relations their first letter where it is free, depths j k l, topics the figures from 2, approaches the
letters of the keyboard from its top row, flags the signs beside the letters. A choice too many has no key and is still there to be clicked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from study.decisions import DEPTHS
from study.protocol import Coded, Protocol, Relation

RESERVED = "10uszno?"
_RELATIONS, _DEPTHS, _TOPICS, _APPROACHES, _FLAGS = "mcbx", "jkl", "23456789", "qwertyadfghipv", ",./;"


@dataclass(frozen=True)
class Choice:
    """One thing to choose; ``key`` is '' where the keyboard has run out."""

    code: str
    name: str
    key: str
    about: str = ""


@dataclass(frozen=True)
class Choices:
    """All there is to choose on the labelling page, in the order in which it stands there."""

    decisions: tuple[Choice, ...]
    relations: tuple[Choice, ...]
    depths: tuple[Choice, ...]
    topics: tuple[Choice, ...]
    approaches: tuple[Choice, ...]
    flags: tuple[Choice, ...]


DECISIONS = (
    Choice("relevant", "Relevant", "1"),
    Choice("off-topic", "Off-topic", "0"),
    Choice("ambiguous", "Unsure", "u"),
    Choice("skip", "Skip", "s"),
)
_ABOUT_DEPTHS = ("It is what the page is about", "A part with its own heading or paragraph", "A sentence or less")


def choices(protocol: Protocol) -> Choices:
    """Return the choices that a protocol offers, with their keys."""
    return Choices(
        decisions=DECISIONS,
        relations=_relations(protocol.relations),
        depths=tuple(
            Choice(code, code, key, about) for code, key, about in zip(DEPTHS, _DEPTHS, _ABOUT_DEPTHS, strict=True)
        ),
        topics=_keyed(protocol.topics, _TOPICS),
        approaches=_keyed(protocol.approaches, _APPROACHES),
        flags=_keyed(protocol.flags, _FLAGS),
    )


def name_of(decision: str) -> str:
    """Return what the page calls a decision."""
    return next((choice.name for choice in DECISIONS if choice.code == decision), decision)


def _keyed(coded: Iterable[Coded], keys: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(one.code, one.name, keys[place] if place < len(keys) else "", one.about)
        for place, one in enumerate(coded)
    )


def _relations(relations: Iterable[Relation]) -> tuple[Choice, ...]:
    free = list(_RELATIONS)
    made = []
    for relation in relations:
        key = relation.code[0] if relation.code[0] in free else ""
        if not key and free:
            key = free[-1]
        if key:
            free.remove(key)
        made.append(Choice(relation.code, relation.name, key))
    return tuple(made)
