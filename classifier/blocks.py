"""Mask what repeats over an authority's pages: menus, banners, footers, which a reader of one page cannot know for what they are.

A line that stands on at least :func:`quorum` of an authority's pages says nothing about any of them; a sidebar that links 'Coaching'
on every page would otherwise make every page a candidate. A sentence is said by the authority all the same, however often: it is left
on the first page that has it, so that it counts once and not never. Each table of such lines is kept under a version, so that a
judgement can be repeated as it was made.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from study.lines import normalised
from study.record import site_block

LEAST_PAGES = 5
SHARE = 0.2
SENTENCE = 8  # words; shorter ones are slogans and captions


def quorum(pages: int) -> int:
    """Return on how many of an authority's ``pages`` a line must stand to be masked."""
    return max(LEAST_PAGES, math.ceil(SHARE * pages))


def repeated(texts: Iterable[str]) -> list[str]:
    """Return the normalised lines that repeat over ``texts`` (one a distinct page), sorted."""
    counts: Counter[str] = Counter()
    pages = 0
    for text in texts:
        pages += 1
        counts.update({normalised(line) for line in text.splitlines()} - {""})
    least = quorum(pages)
    return sorted(line for line, count in counts.items() if count >= least)


def mask(texts: Mapping[str, str], blocks: Collection[str]) -> dict[str, str]:
    """Return ``texts`` without the lines that stand in ``blocks``, but for sentences, which the first text that has them keeps.

    Blank lines that this leaves are folded to one.
    """
    kept: set[str] = set()
    return {key: _masked(text, blocks, kept) for key, text in texts.items()} if blocks else dict(texts)


def _masked(text: str, blocks: Collection[str], kept: set[str]) -> str:
    left = []
    for line in text.splitlines():
        plain = normalised(line)
        if plain in blocks:
            if plain in kept or not _is_sentence(line):
                continue
            kept.add(plain)
        left.append(line)
    folded = [line for k, line in enumerate(left) if line.strip() or (k and left[k - 1].strip())]
    return "\n".join(folded).strip("\n")


def _is_sentence(line: str) -> bool:
    return len(line.split()) >= SENTENCE and line.rstrip("\"'”’) ").endswith((".", "!", "?"))


def keep(db: Connection, authority: str, blocks: list[str]) -> int:
    """Write an authority's table unless the newest one says the same; return the version that holds."""
    query = (
        select(site_block.c.version, site_block.c.blocks)
        .where(site_block.c.authority == authority)
        .order_by(site_block.c.version.desc())
        .limit(1)
    )
    newest = db.execute(query).first()
    if newest is not None and list(newest.blocks) == blocks:
        return int(newest.version)
    version = int(newest.version) + 1 if newest is not None else 1
    db.execute(insert(site_block).values(authority=authority, version=version, blocks=blocks))
    return version
