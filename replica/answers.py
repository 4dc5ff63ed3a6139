"""The key: what a careful researcher should answer about every page, and how many hits each query has.

Read by tests and by the scripted researcher only; no stage of mentorwatch may look here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from replica.corpus import Document, State, documents, indexed, union
from replica.evolution import evolution
from replica.lineage import holder
from replica.plan import GROUPS, SitePlan, plans
from replica.texts import Key
from replica.year import Year


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one address.

    `source` is study, ambiguous, negatives, later, or filler:<group>; `groups` the keyword groups whose search lists the
    page, were it listed; `listed` is False for what the search does not know, such as the address that a listed one redirects to.
    A page that cannot be read (`state` is neither ok nor redirect): its key tells what it once was. `page` is the text's identity.
    """

    key: Key
    title: str
    format: str
    source: str
    groups: tuple[str, ...]
    state: State
    listed: bool = True
    page: str = ""


@cache
def answers(scale: float = 1.0, month: str | None = None) -> Mapping[str, Mapping[str, Answer]]:
    """Code -> path with query -> the answer, in July 2008 or in `month`.

    In a month, codes are of the authorities that then exist, addresses those that answer in themselves (none that only redirects);
    outages are left out of account: the key says what there is, not what can be seen.
    """
    key: dict[str, dict[str, Answer]] = {}
    for code, (plan, pages) in _sites(scale, month).items():
        index = indexed(plan, pages)
        found = {group: union(index, group) for group in GROUPS}
        site = key[code] = {}
        for position, page in enumerate(pages):
            groups = tuple(group for group in GROUPS if position in found[group])
            facts = (page.key, page.title, page.format, page.source, groups, page.state)
            site[page.path] = Answer(*facts, listed=page.listed, page=page.id)
            if page.target != page.path:
                site[page.target] = Answer(*facts, listed=False, page=page.id)
    return key


def _sites(scale: float, month: str | None) -> Mapping[str, tuple[SitePlan, list[Document]]]:
    if month is None:
        return {code: (plan, documents(code, scale)) for code, plan in plans().items()}
    sites = at(scale, month).sites
    return {holder(code, month): (shape.plan, shape.pages) for code, shape in sites.items() if not shape.holding}


def at(scale: float, month: str) -> Year:
    """The sites as they stand in a month. Raises ValueError for one outside the replica's life."""
    year = Year(scale)
    for _ in evolution().months(month)[1:]:
        year.advance()
    return year


@cache
def expected(scale: float = 1.0, month: str | None = None) -> Mapping[str, Mapping[str, int]]:
    """Code -> query -> distinct result addresses; a group's name (mentor, ...) stands for the union of its variants.

    Outages are left out of account, as in `answers`.

    The two share the word 'mentor' as name and query, so unions are under ``"group:mentor"`` and the like.
    """
    figures: dict[str, dict[str, int]] = {}
    for code, (plan, pages) in _sites(scale, month).items():
        index = indexed(plan, [page for page in pages if page.listed])
        figures[code] = {variant: len(index.find(variant)) for variants in GROUPS.values() for variant in variants}
        figures[code] |= {f"group:{group}": len(union(index, group)) for group in GROUPS}
    return figures


def relevant_hits(scale: float = 1.0, month: str | None = None) -> dict[str, list[tuple[str, str]]]:
    """Group (mentor, coach) -> (code, address) of its relevant hits, as STUDY.md counts them."""
    wanted = {"mentor": {"mentoring", "both"}, "coach": {"coaching", "both"}}
    return {
        group: [
            (code, path)
            for code, site in answers(scale, month).items()
            for path, answer in site.items()
            if answer.listed
            and group in answer.groups
            and answer.state in {"ok", "redirect"}
            and answer.key.relevance == "relevant"
            and answer.key.relation in relations
        ]
        for group, relations in wanted.items()
    }
