"""The key: what a careful researcher should answer about every page, and how many hits each query has.

Read by tests and by the scripted researcher only; no stage of mentorwatch may look here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from replica.corpus import State, documents, indexed, union
from replica.plan import GROUPS, plans
from replica.texts import Key


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one address.

    `source` is study, ambiguous, negatives, or filler:<group>; `groups` the keyword groups whose search lists the
    page; `listed` is False for the address that a listed one redirects to. A page that is dead or a soft 404
    (`state`) cannot be read: its key tells what it once was.
    """

    key: Key
    title: str
    format: str
    source: str
    groups: tuple[str, ...]
    state: State
    listed: bool = True


@cache
def answers(scale: float = 1.0) -> Mapping[str, Mapping[str, Answer]]:
    """Code -> path with query -> the answer."""
    key: dict[str, dict[str, Answer]] = {}
    for code, plan in plans().items():
        pages = documents(code, scale)
        index = indexed(plan, pages)
        found = {group: union(index, group) for group in GROUPS}
        site = key[code] = {}
        for position, page in enumerate(pages):
            groups = tuple(group for group in GROUPS if position in found[group])
            facts = (page.key, page.title, page.format, page.source, groups, page.state)
            site[page.path] = Answer(*facts)
            if page.target != page.path:
                site[page.target] = Answer(*facts, listed=False)
    return key


@cache
def expected(scale: float = 1.0) -> Mapping[str, Mapping[str, int]]:
    """Code -> query -> distinct result addresses; a group's name (mentor, ...) stands for the union of its variants.

    The two share the word 'mentor' as name and query, so unions are under ``"group:mentor"`` and the like.
    """
    figures: dict[str, dict[str, int]] = {}
    for code, plan in plans().items():
        index = indexed(plan, documents(code, scale))
        figures[code] = {variant: len(index.find(variant)) for variants in GROUPS.values() for variant in variants}
        figures[code] |= {f"group:{group}": len(union(index, group)) for group in GROUPS}
    return figures


def relevant_hits(scale: float = 1.0) -> dict[str, list[tuple[str, str]]]:
    """Group (mentor, coach) -> (code, address) of its relevant hits, as STUDY.md counts them."""
    wanted = {"mentor": {"mentoring", "both"}, "coach": {"coaching", "both"}}
    return {
        group: [
            (code, path)
            for code, site in answers(scale).items()
            for path, answer in site.items()
            if answer.listed
            and group in answer.groups
            and answer.key.relevance == "relevant"
            and answer.key.relation in relations
        ]
        for group, relations in wanted.items()
    }
