"""How much a group of alike links looks like a list of results rather than a menu, a facet list or a pager."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from lxml.html import HtmlElement

from crawler.anatomy import Anatomy, Link
from crawler.web import params

if TYPE_CHECKING:
    from crawler.lists import Group

FURNITURE = re.compile(
    r"\b(nav|navigation|menu|footer|foot|facets?|filters?|refine|related|popular|breadcrumbs?|pager|pagination|paging|"
    r"side|aside|sidebar|recent|tags?|cloud|suggest\w*|promo\w*|best bets?|cookie|social|share|sort|toolbar|tabs?|help|"
    r"tips|skip|a to z|trail|login|quick links?|browse|see also|most (viewed|popular|read)|latest|featured|recommended|"
    r"topics?|categor\w+)\b"
)
RESULTS = re.compile(r"\b(results?|hits?|search result\w*|list\w*|main|content|canlyniadau|matches|items?)\b")
COUNT = re.compile(r"^\s*[(\[]\d+[)\]]\s*$")
# More than a total that fits by chance brings.
CROWDED = 4.5
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "dt", "th"}
STRESS = {"strong", "b"}
URLISH = re.compile(r"^(https?://|www\.|/)\S*$|^[\w-]+(\.[\w-]+)+(/\S*)?$|^\S[^\s/]*/\S+\.\w{2,5}$", re.IGNORECASE)
ASIDE = re.compile(
    r"^(similar( pages)?|cached?|more( info| information| details| results)?|read more|view|details|html|pdf|word|download|open|"
    r"view as html|text version|highlight\w*|go|>++|»|\.++|\[?\d+\]?|full (text|record)|find similar|remove|print|share|save|edit|"
    r"mwy|darllen mwy|explain|preview)\W*$",
    re.IGNORECASE,
)  # fmt: skip


def carries(url: str, query: str) -> bool:
    """Whether one of the address's parameters is the query itself."""
    wanted = query.casefold().strip()
    return bool(wanted) and any(value.casefold().strip("\"' ") == wanted for _, value in params(url))


def poor(text: str) -> bool:
    return not text or bool(ASIDE.match(text)) or bool(URLISH.match(text))


class Texts:
    """How much text stands between two positions of a page, in words."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.at = [line.at for line in anatomy.lines]
        self.sums = [0]
        for line in anatomy.lines:
            self.sums.append(self.sums[-1] + len(line.text.split()))

    def words(self, start: int, end: int) -> int:
        return self.sums[bisect_left(self.at, end)] - self.sums[bisect_left(self.at, start)]


def score_of(group: Group, anatomy: Anatomy, text: Texts, expected: int | None, total: int | None) -> float:
    """How much a group looks like a list of results; `expected` items are said to be listed, `total` to be found."""
    links = group.links
    n = len(links)
    urls = {link.url for link in links}
    texts = Counter(link.text for link in links)
    score = math.log2(n + 1)
    if expected is not None:
        score += 5 if n == expected else -2 if n > expected else -1
    elif total is not None:
        score += 4 if n == total else -3 if n > total else 0
    score -= 6 * (1 - len(urls) / n)
    share_poor = sum(poor(link.text) for link in links) / n
    repeated = n > 2 and texts.most_common(1)[0][1] > n / 2
    if share_poor or repeated:
        # 'Read more' under a heading that is no link is a result all the same.
        untitled = 1 - len(_headings(group)) / n
        score -= (3 * repeated + 4 * share_poor) * untitled
    score += min(2.0, sum(len(link.text.split()) for link in links) / n / 2)
    tags = [set(link.path) for link in links[:50]]
    above = sum(1 for link in links[:50] if set(link.path[-5:]) & HEADINGS) / len(tags)
    below = sum(
        1 for link in links[:50] if link.element.find("h2") is not None or link.element.find("h3") is not None
    ) / len(tags)
    score += 2 * max(above, below) + (0.7 if any(t & STRESS for t in tags) else 0)
    if any(re.search(r"title|heading|headline", " ".join(link.styled[-2:]), re.IGNORECASE) for link in links[:3]):
        score += 1
    if sum(bool(COUNT.match(link.element.tail or "")) for link in links) > 0.7 * n:
        score -= 5  # 'Your council (5)' heads hits, or narrows them
    if any(t & {"nav", "aside", "footer", "header"} for t in tags):
        score -= 4
    about = _about(group)
    score -= 3.5 if FURNITURE.search(about) else 0
    score += 1.5 if RESULTS.search(about) else 0
    score += _density(group, anatomy, text)
    score += _echo(group, anatomy)
    if group.blocks and group.blocks[0] is not links[0].element:
        score += 0.7
    score -= _mixed(group, anatomy, text) + (CROWDED if group.crowded else 0)
    if not group.whole and group.chain[-1].tag in {"li", "tr", "p"}:
        score -= 1
    return score


def _density(group: Group, anatomy: Anatomy, text: Texts) -> float:
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


def _mixed(group: Group, anatomy: Anatomy, text: Texts) -> float:
    """What is taken off where a group hangs on unlike branches: a list of results and one of topics are two lists."""
    level = len(group.chain)
    branches: dict[HtmlElement, list[Link]] = {}
    for link in group.links:
        chain = [*reversed(list(link.element.iterancestors())), link.element]
        branches.setdefault(chain[min(level, len(chain) - 1)], []).append(link)
    if len(branches) < 2 or max(len(links) for links in branches.values()) < 2:
        return 0.0
    beside = []
    for branch, links in branches.items():
        said = text.words(anatomy.starts[branch], anatomy.ends.get(branch, anatomy.starts[branch]))
        beside.append((said - sum(len(link.text.split()) for link in links)) / len(links))
    styles = {f"{b.tag} {b.get('id') or ''} {re.sub(r'[0-9]+', '', b.get('class') or '')}" for b in branches}
    lists = all(branch.tag in {"ul", "ol", "dl", "table"} for branch in branches)
    unlike = 1.5 if len(styles) > 1 or lists else 0.0
    return unlike + (3.0 if min(beside) < 1 <= max(beside) / 3 else 0.0)


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
    before = group.container.getprevious()
    if before is not None and before.tag in {"h2", "h3", "h4", "h5", "h6", "strong", "b", "p", "label"}:
        marks += f" {(before.text_content() or '')[:40]}"
    return re.sub(r"[\W_\d]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", marks)).lower()
