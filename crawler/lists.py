"""Which links of a page are a list of results, found from how they stand: no selectors, no platform knowledge.

Links with equal paths of tags form groups; each group is scored by what a results list has (a heading or a text
beside each link, addresses of their own, as many as the page says it lists) and what menus, facets and pagers have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from lxml.html import HtmlElement

from crawler.anatomy import Anatomy, Link
from crawler.scoring import Texts, carries, poor, score_of
from crawler.web import params, readable, split
from crawler.wording import finder

MOST_LINKS = 3000
MOST_SPARE = 6
CELL_TEXT = 15  # characters beside the link that make a cell more than a column of links
WHOLE_LISTS = {"ul", "ol", "dl", "table", "tbody"}


@dataclass
class Group:
    """Links that stand alike.

    `key` says how alike: 'fine' (tags and styles), 'strict' (tags), 'bare' (block tags), 'first' (tags, one per block).
    `whole` is False for one branch of a larger group; `crowded` says that each item would hold several of the links.
    Where a platform's items come in blocks, `parts` is the number of blocks and `cuts` the positions between them.
    """

    key: tuple[str, ...]
    links: list[Link]
    chain: list[HtmlElement] = field(default_factory=list)
    blocks: list[HtmlElement] = field(default_factory=list)
    score: float = 0.0
    whole: bool = True
    crowded: bool = False
    parts: int = 0
    cuts: tuple[int, ...] = ()

    @property
    def container(self) -> HtmlElement:
        """The smallest element that holds the whole list."""
        return self.chain[-1]


def groups(anatomy: Anatomy, eligible: Sequence[Link], expected: int | None, total: int | None) -> list[Group]:
    """The groups of `eligible` links, best first. `expected` = items the page says it lists, `total` = in all."""
    found: dict[tuple[int, ...], Group] = {}
    for key, links in _keyed(eligible[:MOST_LINKS]).items():
        for part, whole in _parts(links):
            place(group := Group(key, part, whole=whole))
            group.crowded = crowded(group)
            found.setdefault(tuple(link.at for link in group.links), group)
            grid = in_cells(group)
            group.crowded = group.crowded and not grid
            if key[0] == "strict" and not grid and len(firsts := first_of_each(group.links, len(group.chain))) > 1:
                place(group := Group(("first", *key[1:]), firsts, whole=whole))
                found.setdefault(tuple(link.at for link in group.links), group)
    for group in list(found.values()):
        for window in windows(group, expected if expected is not None else total):
            found.setdefault(tuple(link.at for link in window.links), window)
    return ranked(found.values(), anatomy, expected, total)


def ranked(found: Iterable[Group], anatomy: Anatomy, expected: int | None, total: int | None) -> list[Group]:
    """Groups with their scores, best first."""
    scored = list(found)
    text = Texts(anatomy)
    for group in scored:
        group.score = score_of(group, anatomy, text, expected, total)
    return sorted(scored, key=lambda group: (-group.score, group.links[0].at))


def branches(group: Group, depth: int) -> list[Group]:
    """The group as a whole and, where it hangs on several containers at `depth`, each of them by itself."""
    parts: dict[HtmlElement, list[Link]] = {}
    for link in group.links:
        parts.setdefault(chain_of(link)[: depth + 1][-1], []).append(link)
    if len(parts) == 1:
        return [group]
    found = [group]
    for links in parts.values():
        place(part := Group(group.key, links))
        found.append(part if len(links) > 1 else alone(part, depth))
    return found


def alone(group: Group, depth: int) -> Group:
    """One link where a list was learned: its block is what stands right under the container at `depth`."""
    chain = chain_of(group.links[0])
    level = min(depth + 1, len(chain) - 1)
    group.chain, group.blocks = chain[:level], [chain[level]]
    return group


def windows(group: Group, wanted: int | None) -> list[Group]:
    """Where a group has a few links more than the page says it lists, its runs of just that many."""
    spare = len(group.links) - wanted if wanted else 0
    if not wanted or not 0 < spare <= MOST_SPARE or first_of_each(group.links, len(group.chain)):
        return []
    if any(chain_of(link)[: len(group.chain) + 1][-1].tag in WHOLE_LISTS for link in group.links):
        return []
    found = []
    for start in range(spare + 1):
        place(part := Group(group.key, group.links[start : start + wanted], whole=group.whole))
        found.append(part)
    return found


def keys(link: Link) -> list[tuple[str, ...]]:
    """The three keys of a link, finest first."""
    return [("fine", *link.path[:-2], *link.styled[-2:]), ("strict", *link.path), ("bare", *link.bare)]


def first_of_each(links: list[Link], level: int) -> list[Link]:
    """Of the links in each part (element at `level`) the first that is a title; [] where each part has but one.

    'Similar pages', a category or a printing version may stand in an item just like its title.
    """
    chosen: dict[HtmlElement, Link] = {}
    for link in links:
        part = chain_of(link)[: level + 1][-1]
        if part not in chosen or (poor(chosen[part].text) and not poor(link.text)):
            chosen[part] = link
    if any(part.tag in WHOLE_LISTS for part in chosen):
        return []
    return list(chosen.values()) if len(chosen) < len(links) else []


def crowded(group: Group) -> bool:
    """Whether every part of the container holds the same number of links, more than one: title and category, say."""
    level = len(group.chain)
    counts = Counter(id(chain_of(link)[: level + 1][-1]) for link in group.links)
    return len(counts) > 2 and min(counts.values()) == max(counts.values()) > 1


def in_cells(group: Group) -> bool:
    """Whether each link has a cell of its own, with a text of its own, in a part that holds several: hits in columns."""
    level = len(group.chain)
    cells = [chain[level + 1] for link in group.links if len(chain := chain_of(link)) > level + 2]
    if (
        len(cells) < len(group.links)
        or len(set(cells)) < len(cells)
        or len({(c.tag, c.get("class")) for c in cells}) > 1
    ):
        return False
    own = sum(
        len(cell.text_content()) > len(link.text) + CELL_TEXT for cell, link in zip(cells, group.links, strict=True)
    )
    return own > 0.7 * len(cells)


def chain_of(link: Link) -> list[HtmlElement]:
    """The elements from the root down to a link."""
    return [*reversed(list(link.element.iterancestors())), link.element]


def _keyed(eligible: Iterable[Link]) -> dict[tuple[str, ...], list[Link]]:
    keyed: dict[tuple[str, ...], list[Link]] = {}
    for link in eligible:
        for key in keys(link):
            keyed.setdefault(key, []).append(link)
    return keyed


def place(group: Group) -> None:
    """Fill in the container and the item blocks of a group: the highest elements that hold one link each."""
    group.links = _deduplicated(group.links)
    chains = [chain_of(link) for link in group.links]
    shared = len(list(takewhile(lambda abreast: all(e is abreast[0] for e in abreast), zip(*chains, strict=False))))
    if len(chains) == 1:
        shared = _lone_block(chains[0])
    group.chain = chains[0][: max(shared, 1)]
    wanted = len(chains)
    deepest = min(len(chain) for chain in chains)
    for level in range(shared, deepest):
        if len({id(chain[level]) for chain in chains}) == wanted:
            group.blocks = [chain[level] for chain in chains]
            return
    group.blocks = [link.element for link in group.links]


def _lone_block(chain: list[HtmlElement]) -> int:
    """For a list of one item: the level above its nearest item-like block."""
    for level in range(len(chain) - 1, 0, -1):
        if chain[level].tag in {"li", "article", "tr", "dt", "section"}:
            return level
    blocks = [level for level, element in enumerate(chain[:-1]) if element.tag in {"div", "p", "td", "dd"}]
    return blocks[-1] if blocks else len(chain) - 1


def _deduplicated(links: list[Link]) -> list[Link]:
    """Neighbours with the same address are one item; the one with a title stays."""
    kept: list[Link] = []
    for link in links:
        if kept and kept[-1].url == link.url and not _listed_twice(kept[-1], link):
            if not kept[-1].text or (poor(kept[-1].text) and not poor(link.text)):
                kept[-1] = link
        else:
            kept.append(link)
    return kept


def _listed_twice(one: Link, other: Link) -> bool:
    """Whether two neighbours are the same hit listed again, not title and picture of one item."""
    apart = one.element.getparent() is not other.element.getparent()
    return apart and one.text == other.text and one.styled == other.styled and not poor(one.text)


def _parts(links: list[Link], depth: int = 0) -> list[tuple[list[Link], bool]]:
    """The links as one list, and, where they hang on several branches, each branch as a list of its own."""
    parts = [(links, True)]
    if depth > 3 or len(links) < 3:
        return parts
    chains = [chain_of(link) for link in links]
    for level in zip(*chains, strict=False):
        if any(element is not level[0] for element in level):
            branches: dict[HtmlElement, list[Link]] = {}
            for element, link in zip(level, links, strict=True):
                branches.setdefault(element, []).append(link)
            if len(branches) <= max(2, len(links) // 2):
                for branch in list(branches.values())[:40]:
                    parts += [(part, False) for part, _ in _parts(branch, depth + 1)]
            break
    return parts


def is_search_link(url: str, page_url: str, query: str, param: str, *, bare: bool = True) -> bool:
    """Whether an address is the search itself in another state: a page, facet, order or related search, not a hit.

    With `bare`, the search's own address without parameters counts too ('new search', 'reset').
    """
    try:
        there, here = split(url), split(page_url)
    except ValueError:
        return False
    if there.netloc != here.netloc:
        return False
    names = {name for name, _ in params(url)} if there.query else set()
    path, own = there.path.rstrip("/"), here.path.rstrip("/")
    if query.casefold() in readable(own).casefold() and (path == own or path.startswith(own + "/")):
        return True
    if path == own:
        # '/' and '/index.php' serve every page of some sites; there, other parameters make another page.
        if param and param not in names and _is_another_page(url, page_url, query):
            return False
        return (bare and not there.query) or (param in names if param else False) or carries(url, query)
    return bool(own) and path.startswith(own + "/") and (param in names if param else False) and carries(url, query)


def _is_another_page(url: str, page_url: str, query: str) -> bool:
    """Whether an address at the search's own path names another page: hits that carry the query only to have it marked.

    'doku?id=bins&mark=coaching' beside 'doku?id=start&do=search&q=coaching': what both name, they name differently, and
    nothing of the search but the query is left.
    """
    own = {name: value for name, value in params(page_url) if value and value.casefold() != query.casefold()}
    given = dict(params(url))
    shared = own.keys() & given.keys()
    return bool(shared) and all(given[name] != own[name] for name in shared) and len(own) > len(shared)


def offers_other_query(text: str) -> bool:
    """Whether a link's text offers a search ('Did you mean')."""
    return finder("ran", "offers").search(text) is not None
