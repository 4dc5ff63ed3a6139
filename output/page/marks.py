"""How a cell is shown on the page: a mark of its own shape, words for those who do not see it, and where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NO, NO_BY_SITEMAP, NOT_KNOWN
from output.mapping import NOT_SAID

NOT_ASKED = "not_asked"  # on the map: an authority that is not in the report

WORDS = {
    CONFIRMED: "yes, confirmed by a person",
    MODEL: "yes, by the model or a rule",
    AMBIGUOUS: "ambiguous: for a person to decide",
    NO: "no: searched to the end, nothing found",
    NO_BY_SITEMAP: "no, by reading the site’s pages in place of its search",
    NOT_SAID: "not said in its relevant texts",
    NOT_KNOWN: "not known",
}
SHORT = {
    CONFIRMED: "confirmed",
    MODEL: "by the model",
    AMBIGUOUS: "ambiguous",
    NO: "no",
    NO_BY_SITEMAP: "no (by sitemap)",
    NOT_SAID: "not said",
    NOT_KNOWN: "not known",
    NOT_ASKED: "not in this study",
}
RANK = {cell: number for number, cell in enumerate(WORDS)}  # for sorting: the surest yes first, what is not known last


@dataclass(frozen=True)
class Mark:
    """One cell of a matrix."""

    cell: str
    href: str  # evidence for what was found, coverage for what was not

    @property
    def words(self) -> str:
        """What a reader is told who does not see the mark."""
        return WORDS[self.cell]

    @property
    def rank(self) -> int:
        """Its place when a column is sorted."""
        return RANK[self.cell]


def slug(*parts: str) -> str:
    """Return parts as one fragment identifier."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in parts)


def evidence_anchor(authority: str, what: str, code: str) -> str:
    """Return the id of a cell's evidence on the page."""
    return slug("e", authority, what, code)


def coverage_anchor(authority: str) -> str:
    """Return the id of an authority's row in the coverage table."""
    return slug("c", authority)


def mark(authority: str, what: str, code: str, cell: str) -> Mark:
    """Return the mark of a cell: what was found leads to its quotes, anything else to how the site was searched."""
    found = cell in (CONFIRMED, MODEL, AMBIGUOUS)
    return Mark(cell, f"#{evidence_anchor(authority, what, code) if found else coverage_anchor(authority)}")
