"""Words for the control queries: one that no site has, and ones that this site surely has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from crawler.anatomy import take_apart
from crawler.web import Page, host_of
from crawler.wording import words

WORD = re.compile(r"(?<!\w)[^\W\d_]{5,14}(?!\w)")


def nonsense_word(pages: Iterable[Page]) -> str:
    """The first of the nonsense words that the pages do not have."""
    texts = " ".join(page.text.lower() for page in pages)
    return next((word for word in words("known", "nonsense") if word not in texts), words("known", "nonsense")[0])


def general_words() -> Sequence[str]:
    """Words that any council's site has: for one whose own pages bring none."""
    return words("known", "general")


def known_words(pages: Sequence[Page], most: int = 5) -> list[str]:
    """Words that the site's search should find, likeliest first.

    A word in the text of a link whose address has it too ('Schools' -> /schools) names a page of the site; words that
    the page's text repeats come next; words of forms, and those on every page, are left out. Different links' words
    are preferred, so that one missing page does not fail them all.
    """
    avoided = set(words("known", "avoid")) | {w for page in pages for w in WORD.findall(host_of(page.url).lower())}
    weights: Counter[str] = Counter()
    first_seen: dict[str, int] = {}
    for page in pages:
        anatomy = take_apart(page)
        for line in anatomy.lines:
            for word in dict.fromkeys(w.lower() for w in WORD.findall(line.text)):
                weights[word] += 1
                first_seen.setdefault(word, len(first_seen))
        for link in anatomy.links:
            if host_of(link.url) != host_of(page.url):
                continue
            path = urlsplit(link.url).path.lower()
            for word in dict.fromkeys(w.lower() for w in WORD.findall(link.text)):
                weights[word] += 4 if word in path else 1
    ranked = [word for word in weights if word not in avoided]
    ranked.sort(key=lambda word: (-min(weights[word], 12), first_seen.get(word, 10**6)))
    # A site with hardly any text of its own may still find what it is called, or 'welcome'.
    last = [
        word
        for page in pages
        for word in WORD.findall((page.tree.findtext(".//title") or "").lower())
        if word in avoided
    ]
    return (
        ranked[:most]
        + [word for word in dict.fromkeys([*last, *weights]) if word not in ranked][: 1 if ranked else most]
    )
