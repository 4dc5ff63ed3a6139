"""Fetch the two pages that a scaffold is made of: what `mentorwatch scaffold --from` runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from crawler.asking import FetchProblem, find_search
from crawler.fetching import AskingSpider
from crawler.proving import answer
from crawler.scaffolding import Gathered


class Gather(AskingSpider):
    """Finds the search of ``home_url`` without platform files and leaves its pages in ``gathered``, or why there are none.

    ``query`` is what the results page is asked for; without one, the word that the controls passed with.
    """

    name = "gather"

    def __init__(self, home_url: str = "", query: str = "", **_: Any) -> None:
        super().__init__()
        self.home_url, self.query = home_url, query
        self.gathered: Gathered | str = "interrupted"

    async def start(self) -> AsyncIterator[Any]:
        function = await find_search(self.fetch, self.home_url, use_platforms=False, site_rules=())
        spec, controls = function.spec, function.controls
        if spec is None:
            self.gathered = f"no search to make a scaffold of: {function.status}, {function.reason}"
            return
        query = self.query or controls.known_word
        try:
            nonsense = await answer(self.fetch, spec.ask(controls.nonsense), controls.nonsense)
            results = await answer(self.fetch, spec.ask(query), query)
        except FetchProblem as problem:
            self.gathered = f"{spec.url}: {problem.reason}"
            return
        self.gathered = Gathered(nonsense, controls.nonsense, results, query, spec)
        return
        yield
