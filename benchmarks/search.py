"""How well searches are found and read: every animal of the zoo, every query, platform files on or off.

    python -m benchmarks.search [--no-platforms] [--only WORD] [--wrong]

Prints search found %, items recall %, items precision %, totals exact %, statuses right %, and requests per collected item
against the fewest an honest reader needs (way to the form, two controls, the result pages). ``--wrong`` lists what was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from crawler.asking import Hit, State, conclude, find_search, read_search
from crawler.fetching import AskingSpider
from crawler.run import Manners
from tests.zoo import Animal, Zoo, animals, serve

_AT_ONCE = 8
_SITE_SECONDS = 60.0  # for one animal: stalling ones never end by themselves
_ANSWER_SECONDS = 4.0
_LARGEST = 3_000_000


@dataclass
class Score:
    """Sums over animals and queries; ``wrong`` holds a line for each thing that was not right."""

    sums: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, right: bool, name: str, line: str) -> None:
        self.sums[name] += 1
        self.sums[f"{name} right"] += right
        if not right:
            self.wrong.append(line)

    def share(self, name: str) -> str:
        whole, right = self.sums[name], self.sums[f"{name} right"]
        return f"{100 * right / whole if whole else 100:6.2f} %  ({right:,} of {whole:,})"


class Judge(AskingSpider):
    """Visits every animal and scores what the reader makes of it."""

    name = "judge"

    def __init__(self, zoo: Zoo, chosen: list[Animal], score: Score, **_: Any) -> None:
        super().__init__()
        self.zoo, self.chosen, self.score = zoo, chosen, score

    async def start(self) -> AsyncIterator[Any]:
        waiting = iter(self.chosen)
        await asyncio.gather(*(self._some(waiting) for _ in range(_AT_ONCE)))
        return
        yield

    async def _some(self, waiting: Any) -> None:
        for animal in waiting:
            await self._judge(animal)

    async def _judge(self, animal: Animal) -> None:
        score, zoo = self.score, self.zoo
        try:
            async with asyncio.timeout(_SITE_SECONDS):
                function = await find_search(
                    self.fetch, zoo.home(animal), use_platforms=self.settings.getbool("MENTORWATCH_PLATFORMS")
                )
        except TimeoutError:
            score.add(animal.expect.status == "failed", "status", f"{animal.id}: no end while looking for the search")
            return
        if animal.expect.found and animal.expect.status in ("complete", "capped"):
            score.add(
                function.found,
                "found",
                f"{animal.id} ({animal.name}): not found: {function.status}, {function.reason}",
            )
        if not function.found:
            accepted = [zoo.expected(animal, query) for query in animal.queries]
            right = any(e.accepts_status(function.status) for e in accepted)
            score.add(
                right,
                "status",
                f"{animal.id} ({animal.name}): {function.status} ({function.reason}), expected {accepted[-1].status}",
            )
            return
        spent = zoo.requests(animal)
        for query in animal.queries:
            hits: list[Hit] = []
            state: State | None = None
            try:
                async with asyncio.timeout(_SITE_SECONDS):
                    async for reading in read_search(self.fetch, function, query, max_pages=200):
                        hits += reading.hits
                        state = reading.state
            except TimeoutError:
                pass
            self._compare(animal, query, hits, state)
        entry = zoo.minimum_requests(animal, animal.queries[0])
        least = entry + sum(zoo.minimum_requests(animal, q) - entry + 1 for q in animal.queries[1:])
        if animal.expect.status == "complete" and animal.expect.found:
            score.sums["requests"] += zoo.requests(animal)
            score.sums["least"] += least
            score.sums["finding"] += spent

    def _compare(self, animal: Animal, query: str, hits: list[Hit], state: State | None) -> None:
        score, expected = self.score, self.zoo.expected(animal, query)
        status, reason = conclude(state) if state else ("failed", "no end")
        what = f"{animal.id} ({animal.name}) {query!r}"
        score.add(
            expected.accepts_status(status), "status", f"{what}: status {status} ({reason}), expected {expected.status}"
        )
        if not expected.judge_items:
            return
        compared = self.zoo.compare(animal, query, [hit.url for hit in hits])
        score.sums["items"] += len(expected.urls)
        score.sums["items right"] += len(expected.urls) - len(compared.missing)
        score.sums["read"] += len(expected.urls) - len(compared.missing) + len(compared.false)
        score.sums["read right"] += len(expected.urls) - len(compared.missing)
        score.sums["collected"] += len(hits)
        if compared.missing or compared.false:
            score.wrong.append(
                f"{what}: {len(compared.missing)} of {len(expected.urls)} missing {compared.missing[:2]}, "
                f"{len(compared.false)} false {compared.false[:3]}"
            )
        if state is not None and expected.urls:
            right = expected.accepts_total(state.reported_total, state.total_is)
            stated = f"{state.reported_total} {state.total_is}"
            score.add(
                right, "totals", f"{what}: total {stated}, expected {expected.reported_total} {expected.total_is}"
            )


def main() -> None:
    """Score the reader and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-platforms", action="store_true")
    parser.add_argument("--only", default="", help="animals whose name or what they prove holds this")
    parser.add_argument("--wrong", action="store_true", help="list what was wrong")
    options = parser.parse_args()
    chosen = [a for a in animals() if options.only in f"{a.id} {a.name}"]
    score = Score()
    with serve() as zoo:
        allow = tuple(sorted({pair for animal in chosen for pair in zoo.allow(animal)}))
        settings = Manners(allow, delay=0, platforms=not options.no_platforms, show_progress=False).settings()
        settings.setdict(
            {
                "DOWNLOAD_TIMEOUT": _ANSWER_SECONDS,
                "RETRY_TIMES": 1,
                "DOWNLOAD_MAXSIZE": _LARGEST,
                "LOG_LEVEL": "CRITICAL",
                "MENTORWATCH_RETRY_AFTER_MAX": 5.0,
            },
            priority="cmdline",
        )
        process = AsyncCrawlerProcess(settings)
        crawler = process.create_crawler(Judge)
        process.crawl(crawler, zoo=zoo, chosen=chosen, score=score)
        process.start()
    sums = score.sums
    print(f"{len(chosen)} animals of the zoo, platform files {'off' if options.no_platforms else 'on'}")
    print(f"search found      {score.share('found')}")
    print(f"statuses right    {score.share('status')}")
    print(f"items recall      {score.share('items')}")
    print(f"items precision   {score.share('read')}")
    print(f"totals exact      {score.share('totals')}")
    if sums["least"] and sums["collected"]:
        print(
            f"requests          {sums['requests'] / sums['least']:6.2f} x the fewest ({sums['requests']:,} of {sums['least']:,})"
        )
    if options.wrong:
        print(*sorted(score.wrong), sep="\n")
    sys.exit(0)


if __name__ == "__main__":
    main()
