"""Which links of a page are a list of results, found from how they stand: no selectors, no platform knowledge.

Links with equal paths of tags form groups; each group is scored by what a results list has (a heading or a text
beside each link, addresses of their own, as many as the page says it lists) and what menus, facets and pagers have.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from crawler.anatomy import Anatomy, Link
from crawler.web import params, readable
from crawler.wording import finder

FURNITURE = re.compile(
    r"\b(nav|navigation|menu|footer|foot|facets?|filters?|refine|related|popular|breadcrumbs?|pager|pagination|paging|sidebar|recent|tags?|"
    r"cloud|suggest\w*|promo\w*|best bets?|cookie|social|share|sort|toolbar|tabs?|help|tips|skip|a to z|trail|login|quick links?)\b"
)
RESULTS = re.compile(r"\b(results?|hits?|search result\w*|list\w*|main|content|canlyniadau|matches|items?)\b")
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "dt", "th"}
STRESS = {"strong", "b"}
URLISH = re.compile(r"^(https?://|www\.|/)\S*$|^[\w-]+(\.[\w-]+)+(/\S*)?$|^\S+/\S+\.\w{2,5}$", re.IGNORECASE)
ASIDE = re.compile(
    r"^(similar( pages)?|cached?|more( info| information| details| results)?|read more|view|details|html|pdf|word|download|open|"
    r"view as html|text version|highlight\w*|go|>+|»|\.+|\[?\d+\]?|full (text|record)|find similar|remove|print|share|save|edit|"
    r"mwy|darllen mwy|explain|preview)\W*$",
    re.IGNORECASE,
)  # fmt: skip
MOST_LINKS = 3000


@dataclass
class Group:
    """Links that stand alike.

    `key` says how alike: 'fine' (tags and styles), 'strict' (tags), 'bare' (block tags), 'first' (tags, one per block).
    """

    key: tuple[str, ...]
    links: list[Link]
    chain: list[HtmlElement] = field(default_factory=list)
    blocks: list[HtmlElement] = field(default_factory=list)
    score: float = 0.0
    whole: bool = True

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
            found.setdefault(tuple(link.at for link in group.links), group)
            if key[0] == "strict" and len(firsts := first_of_each(group)) > 1:
                place(group := Group(("first", *key[1:]), firsts, whole=whole))
                found.setdefault(tuple(link.at for link in group.links), group)
    ranked = list(found.values())
    text = _Texts(anatomy)
    for group in ranked:
        group.score = _score(group, anatomy, text, expected, total)
    return sorted(ranked, key=lambda group: (-group.score, group.links[0].at))


def keys(link: Link) -> list[tuple[str, ...]]:
    """The three keys of a link, finest first."""
    return [("fine", *link.path[:-2], *link.styled[-2:]), ("strict", *link.path), ("bare", *link.bare)]


def first_of_each(group: Group) -> list[Link]:
    """Of the links in each part of the container the first that is a title: 'Similar pages' may stand just like it."""
    level = len(group.chain)
    chosen: dict[HtmlElement, Link] = {}
    for link in group.links:
        chain = [*reversed(list(link.element.iterancestors())), link.element]
        part = chain[min(level, len(chain) - 1)]
        if part not in chosen or (_poor(chosen[part].text) and not _poor(link.text)):
            chosen[part] = link
    return list(chosen.values()) if len(chosen) < len(group.links) else []


def _keyed(eligible: Iterable[Link]) -> dict[tuple[str, ...], list[Link]]:
    keyed: dict[tuple[str, ...], list[Link]] = {}
    for link in eligible:
        for key in keys(link):
            keyed.setdefault(key, []).append(link)
    return keyed


def place(group: Group) -> None:
    """Fill in the container and the item blocks of a group: the highest elements that hold one link each."""
    group.links = _deduplicated(group.links)
    chains = [[*reversed(list(link.element.iterancestors())), link.element] for link in group.links]
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
        if kept and kept[-1].url == link.url:
            if not kept[-1].text or (_poor(kept[-1].text) and not _poor(link.text)):
                kept[-1] = link
        else:
            kept.append(link)
    return kept


def _parts(links: list[Link], depth: int = 0) -> list[tuple[list[Link], bool]]:
    """The links as one list, and, where they hang on several branches, each branch as a list of its own."""
    parts = [(links, True)]
    if depth > 3 or len(links) < 3:
        return parts
    chains = [[*reversed(list(link.element.iterancestors())), link.element] for link in links]
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


class _Texts:
    """How much text stands between two positions of a page, in words."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.at = [line.at for line in anatomy.lines]
        self.sums = [0]
        for line in anatomy.lines:
            self.sums.append(self.sums[-1] + len(line.text.split()))

    def words(self, start: int, end: int) -> int:
        return self.sums[bisect_left(self.at, end)] - self.sums[bisect_left(self.at, start)]


def _poor(text: str) -> bool:
    return not text or bool(ASIDE.match(text)) or bool(URLISH.match(text))


def _score(group: Group, anatomy: Anatomy, text: _Texts, expected: int | None, total: int | None) -> float:
    links = group.links
    n = len(links)
    urls = {link.url for link in links}
    texts = Counter(link.text for link in links)
    score = math.log2(n + 1)
    if expected is not None:
        score += 5 if n == expected else -2 if n > expected else -1
    elif total is not None:
        score += 4 if n == total else -3 if n > total else 0
    score -= 3 * (1 - len(urls) / n)
    poor = sum(_poor(link.text) for link in links) / n
    repeated = n > 2 and texts.most_common(1)[0][1] > n / 2
    if poor or repeated:
        # 'Read more' under a heading that is no link is a result all the same.
        untitled = 1 - len(_headings(group)) / n
        score -= (3 * repeated + 4 * poor) * untitled
    score += min(2.0, sum(len(link.text.split()) for link in links) / n / 2)
    tags = [set(link.path) for link in links[:50]]
    above = sum(1 for link in links[:50] if set(link.path[-5:]) & HEADINGS) / len(tags)
    below = sum(
        1 for link in links[:50] if link.element.find("h2") is not None or link.element.find("h3") is not None
    ) / len(tags)
    score += 2 * max(above, below) + (0.7 if any(t & STRESS for t in tags) else 0)
    if any(re.search(r"title|heading|headline", " ".join(link.styled[-2:]), re.IGNORECASE) for link in links[:3]):
        score += 1
    if any(t & {"nav", "aside", "footer", "header"} for t in tags):
        score -= 4
    about = _about(group)
    score -= 3.5 if FURNITURE.search(about) else 0
    score += 1.5 if RESULTS.search(about) else 0
    score += _density(group, anatomy, text)
    score += _echo(group, anatomy)
    if group.blocks and group.blocks[0] is not links[0].element:
        score += 0.7
    if not group.whole and group.chain[-1].tag in {"li", "tr", "p"}:
        score -= 1
    return score


def _headings(group: Group) -> set[str]:
    """The different headings in a group's blocks."""
    first = (next(block.iter("h1", "h2", "h3", "h4", "h5", "h6", "strong"), None) for block in group.blocks)
    return {" ".join((heading.text_content() or "").split()) for heading in first if heading is not None} - {""}


def _about(group: Group) -> str:
    """The ids, classes and roles around a list, as words."""
    near = [group.blocks[0], *reversed(group.chain[-4:])] if group.blocks else group.chain[-4:]
    marks = " ".join(
        f"{e.get('id') or ''} {e.get('class') or ''} {e.get('role') or ''}"
        for e in near
        if e.tag not in {"body", "html"}
    )
    return re.sub(r"[\W_\d]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", marks)).lower()


def _density(group: Group, anatomy: Anatomy, text: _Texts) -> float:
    """Texts beside the links speak for results: snippets, dates, addresses."""
    spans = list(zip(group.blocks, group.blocks[1:], strict=False))[:60]
    beside = []
    for (block, following), link in zip(spans, group.links, strict=False):
        beside.append(text.words(anatomy.starts[block], anatomy.starts[following]) - len(link.text.split()))
    if not beside:
        block = group.blocks[0]
        beside = [
            text.words(anatomy.starts[block], anatomy.ends.get(block, anatomy.starts[block]))
            - len(group.links[0].text.split())
        ]
    average = sum(max(0, min(words, 60)) for words in beside) / len(beside)
    return 2.5 if average >= 6 else 1.2 if average >= 2 else 0.0


def _echo(group: Group, anatomy: Anatomy) -> float:
    """The query in titles and snippets speaks for results; the query in every address speaks for facets and sorting."""
    stems = [word[:5] for word in re.findall(r"\w{3,}", anatomy.query.lower())]
    if not stems:
        return 0.0
    first, last = group.blocks[0], group.blocks[-1]
    said = anatomy.between(anatomy.starts[first], anatomy.ends.get(last, anatomy.starts[last])).lower()
    hits = sum(said.count(stem) for stem in stems) / len(stems)
    carried = sum(carries(link.url, anatomy.query) for link in group.links) / len(group.links)
    return min(2.0, 2.0 * hits / len(group.links)) - 2.0 * carried


def carries(url: str, query: str) -> bool:
    """Whether one of the address's parameters is the query itself."""
    wanted = query.casefold().strip()
    return bool(wanted) and any(value.casefold().strip("\"' ") == wanted for _, value in params(url))


def is_search_link(url: str, page_url: str, query: str, param: str, *, bare: bool = True) -> bool:
    """Whether an address is the search itself in another state: a page, facet, order or related search, not a hit.

    With `bare`, the search's own address without parameters counts too ('new search', 'reset').
    """
    try:
        there, here = urlsplit(url), urlsplit(page_url)
    except ValueError:
        return False
    names = {name for name, _ in params(url)}
    path, own = there.path.rstrip("/"), here.path.rstrip("/")
    if there.netloc != here.netloc:
        return False
    if query.casefold() in readable(own).casefold() and (path == own or path.startswith(own + "/")):
        return True
    if path == own:
        # '/' and '/index.php' serve every page of some sites; there, other parameters make another page.
        return (bare and not there.query) or (param in names if param else False) or carries(url, query)
    return bool(own) and path.startswith(own + "/") and (param in names if param else False) and carries(url, query)


def offers_other_query(text: str) -> bool:
    """Whether a link's text offers a search ('Did you mean')."""
    return finder("ran", "offers").search(text) is not None
