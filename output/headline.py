"""The result of a report in one sentence, as the terminal and the page begin."""

from __future__ import annotations

from output.findings import YES
from output.tallies import Tally, searched
from study.protocol import Keyword


def headline(tally: Tally) -> str:
    """Return the result in words: how many authorities have what, of all that were asked, and how many could not be searched.

    One that could not be searched may have a hit all the same: of a search that broke off, or of another way to its pages.
    """
    _, partly, not_at_all = searched(tally)
    parts = []
    for keyword in tally.protocol.keywords:
        cells = list(tally.cells("keyword", keyword.code).values())
        what = "a relevant hit for" if keyword.counts == "relevance" else "a mention of"
        yes = sum(cell in YES for cell in cells)
        parts.append(f"{yes} {'has' if yes == 1 else 'have'} {what} {thing(tally, keyword)}")
    could = f"{not_at_all} could not be searched" if not_at_all else "All could be searched"
    in_part = f", {partly} only in part" if partly else ""
    asked = len(tally.places)
    return f"Of {asked} {authorities_word(asked)} asked, {'; '.join(parts)}. {could}{in_part}."


def thing(tally: Tally, keyword: Keyword) -> str:
    """Return what is counted: the group, or the name it looks for, which may be told more closely than the group's."""
    named = {mention.code: mention.name for mention in tally.protocol.mentions}
    name = named.get(keyword.mention or "", keyword.name)
    return f"the {name[4:]}" if name.startswith("The ") else name


def authorities_word(count: int) -> str:
    """Return the word for so many of them."""
    return "authority" if count == 1 else "authorities"
