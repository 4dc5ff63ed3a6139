"""From a group of alike links to items: one per hit, with its title, address and snippet."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lxml.html import HtmlElement

from crawler.anatomy import Anatomy, Line, Link
from crawler.lists import Group, place
from crawler.scoring import ASIDE, HEADINGS, URLISH, poor

LONGEST_SNIPPET = 600
LONGEST_TITLE = 300
MOST_HITS = 10_000  # of one page: HTML is read as far as 60,000 elements, but a page of data may have a million


@dataclass(frozen=True)
class Item:
    """One hit as the site shows it."""

    url: str
    title: str
    snippet: str


def completed(group: Group, candidates: Iterable[Link]) -> Group:
    """The group with the items that stand in the list but are built a little differently (no heading, other icon).

    `candidates` are links that may be hits; for each block beside the list's own blocks, of the same tag and parent and
    without a link of the group, the best of them is taken.
    """
    blocks = {id(block): block for block in group.blocks}
    parents = {id(parent) for block in group.blocks if (parent := block.getparent()) is not None}
    tags = {block.tag for block in group.blocks}
    if not group.blocks or group.blocks[0] is group.links[0].element:
        return group
    best: dict[int, Link] = {}
    for link in candidates:
        for element in link.element.iterancestors():
            parent = element.getparent()
            if parent is not None and id(parent) in parents:
                if element.tag in tags and id(element) not in blocks and alike(element, group.blocks):
                    kept = best.get(id(element))
                    best[id(element)] = link if kept is None or _rank(link) > _rank(kept) else kept
                break
    extra = [link for link in best.values() if link.text]
    if not extra:
        return group
    more = Group(group.key, sorted([*group.links, *extra], key=lambda link: link.at), score=group.score)
    place(more)
    return more


def alike(element: HtmlElement, blocks: list[HtmlElement]) -> bool:
    """Whether an element looks like the blocks of a list: no class where they have one means it is something else."""
    own = set((element.get("class") or "").split())
    classes = [set((block.get("class") or "").split()) for block in blocks[:20]]
    shared = set.intersection(*classes) if classes else set()
    if shared:
        return shared <= own or bool(own & set().union(*classes))
    return element.tag in {"li", "article", "dt", "tr"} or not own


def _rank(link: Link) -> tuple[int, int]:
    return (2 * _under_heading(link) + (not ASIDE.match(link.text) and not URLISH.match(link.text)), -link.at)


def _under_heading(link: Link) -> bool:
    return bool(set(link.path[-4:]) & HEADINGS)


def items_of(group: Group, anatomy: Anatomy) -> list[Item]:
    """The group's items in reading order."""
    repeated = {
        text for text, n in Counter(link.text for link in group.links).items() if n > max(1, len(group.links) // 3)
    }
    headings = defaultdict(list)
    for link in anatomy.links:
        if _under_heading(link) and not poor(link.text) and link.text not in repeated:
            headings[link.url].append(link)
    spans = _spans(group, anatomy)
    items = []
    for link, block, (start, end) in zip(group.links, group.blocks, spans, strict=True):
        lines = [line for line in anatomy.lines if start <= line.at <= end]
        # A hit's 'Continue reading ...' may be what is listed; what heads it is the link of its heading.
        begins = anatomy.starts[block]
        heading = next((other.text for other in headings[link.url] if begins <= other.at <= end), "")
        title = heading or _title(link, lines, repeated)
        items.append(Item(link.url, title[:LONGEST_TITLE], _snippet(lines, title, link)))
    return items


def item_lines(group: Group, anatomy: Anatomy) -> tuple[int, int]:
    """The first and last position of the list on the page."""
    spans = _spans(group, anatomy)
    return spans[0][0], spans[-1][1]


def _spans(group: Group, anatomy: Anatomy) -> list[tuple[int, int]]:
    """Where each item's text starts and ends: from its block to the next one's, the last as long as the others."""
    starts = [anatomy.starts[block] for block in group.blocks]
    if len(starts) == 1 and not ASIDE.match(group.links[0].text):
        # The block of a lone item may reach up to what stands above the list.
        starts = [anatomy.starts[group.links[0].element]]
    ends = [start - 1 for start in starts[1:]]
    last = group.blocks[-1]
    own_end = anatomy.ends.get(last, starts[-1])
    holder = anatomy.ends.get(group.container, own_end)
    if len(starts) > 1:
        trailing = [end for end, block in zip(ends, group.blocks, strict=False)]
        outside = [
            sum(1 for line in anatomy.lines if anatomy.ends.get(block, 0) < line.at <= end)
            for block, end in zip(group.blocks, trailing, strict=False)
        ]
        spare = max(outside, default=0)
    else:
        spare = 3 if last.tag in {"a", "dt"} else 0
    after = [line.at for line in anatomy.lines if own_end < line.at <= holder]
    end = after[min(spare, len(after)) - 1] if spare and after else own_end
    spans = zip(starts, [*ends, end], strict=True)
    # What stands after a cut belongs to the next block, whose heading is no item itself.
    return [(s, min([e, *(cut for cut in group.cuts if cut > s)])) for s, e in spans]


def _title(link: Link, lines: list[Line], repeated: set[str]) -> str:
    if len(link.path) and (inner := _heading(link.element)) is not None:
        return inner
    if link.text and link.text not in repeated and not ASIDE.match(link.text) and not URLISH.match(link.text):
        return link.text
    for line in lines:
        if {e.tag for e in [line.element, *list(line.element.iterancestors())[:2]]} & HEADINGS:
            return link.text if link.text and link.text in line.text else line.text
    for line in lines:
        if re.search(r"[^\W\d]{3}", line.text) and not ASIDE.match(line.text) and not URLISH.match(line.text):
            return line.text
    return link.text or link.url


def _heading(element: HtmlElement) -> str | None:
    for heading in element.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        text = " ".join((heading.text_content() or "").split())
        if text:
            return text
    return None


def _snippet(lines: list[Line], title: str, link: Link) -> str:
    kept = [line.text for line in lines if line.text not in (title, link.text) and not URLISH.match(line.text)]
    text = " ".join(kept)
    for lead in (title, link.text):
        if lead and text.startswith(lead):
            text = text[len(lead) :].lstrip(" -:")
    return text[:LONGEST_SNIPPET]
