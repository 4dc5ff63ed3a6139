"""Asking a site: find its own search function, prove it with controls, read a query to the proven end.

This is the face of the search code. `seeking` finds, `reading` reads, `results` understands one page; everything is driven
by one `fetch`, so robots, politeness and the record are the caller's.
"""

from __future__ import annotations

from crawler.function import Controls, SearchFunction
from crawler.reading import Hit, Reading, State, conclude, read_search
from crawler.seeking import find_search
from crawler.web import Ask, Fetch, FetchProblem, Page

__all__ = [
    "Ask",
    "Controls",
    "Fetch",
    "FetchProblem",
    "Hit",
    "Page",
    "Reading",
    "SearchFunction",
    "State",
    "conclude",
    "find_search",
    "read_search",
]
