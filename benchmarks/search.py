"""How well searches are found and read: every animal of the zoo, or every real engine, every query, platform files on or off.

    python -m benchmarks.search [--engines] [--set first|second] [--no-platforms] [--only WORD] [--wrong]

Prints search found %, items recall %, items precision %, totals exact %, statuses right %, and requests per collected item
against the fewest an honest reader needs (way to the form, two controls, the result pages). ``--wrong`` lists what was wrong.
``--engines`` takes the real engines that the tests install (benchmarks/engines.py) in place of the zoo.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from benchmarks.engines import Visitor, engines_of
from benchmarks.score import Score
from crawler.asking import Hit, State, conclude, find_search
from crawler.caps import read_whole
from crawler.fetching import AskingSpider
from crawler.run import Manners
from tests.zoo import Animal, Zoo, animals, serve

_AT_ONCE = 8
_SITE_SECONDS = 60.0  # for one animal: stalling ones never end by themselves
_ANSWER_SECONDS = 4.0
_LARGEST = 3_000_000


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
            score.sums["items"] += sum(len(e.urls) for e in accepted if e.judge_items)  # what nobody found is missed
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
                    async for reading in read_whole(self.fetch, function, query, max_pages=200):
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
    parser.add_argument("--engines", action="store_true", help="real engines in place of the zoo")
    parser.add_argument("--set", choices=("first", "second"), help="one set of the zoo's animals")
    parser.add_argument("--no-platforms", action="store_true")
    parser.add_argument("--only", default="", help="animals or engines whose name (or what they prove) holds this")
    parser.add_argument("--wrong", action="store_true", help="list what was wrong")
    options = parser.parse_args()
    score = Score()
    with contextlib.ExitStack() as stack:
        judge: type[AskingSpider]
        given: dict[str, Any]
        if options.engines:
            running = engines_of(stack, options.only)
            named = f"{len(running)} real engines ({', '.join(running)})"
            allow = tuple(engine.allow for engine in running.values())
            judge, given = Visitor, {"engines": running}
        else:
            chosen = [a for a in animals() if options.only in f"{a.id} {a.name}" and options.set in (None, a.set)]
            zoo = stack.enter_context(serve(only=chosen))
            named = f"{len(chosen)} animals of the zoo" + (f" ({options.set} set)" if options.set else "")
            allow = tuple(sorted({pair for animal in chosen for pair in zoo.allow(animal)}))
            judge, given = Judge, {"zoo": zoo, "chosen": chosen}
        settings = Manners(allow, delay=0, platforms=not options.no_platforms, show_progress=False).settings()
        if not options.engines:
            settings.setdict({"DOWNLOAD_TIMEOUT": _ANSWER_SECONDS, "RETRY_TIMES": 1}, priority="cmdline")
        settings.setdict(
            {"DOWNLOAD_MAXSIZE": _LARGEST, "LOG_LEVEL": "CRITICAL", "MENTORWATCH_RETRY_AFTER_MAX": 5.0},
            priority="cmdline",
        )
        process = AsyncCrawlerProcess(settings)
        process.crawl(process.create_crawler(judge), score=score, **given)
        process.start()
    print(f"{named}, platform files {'off' if options.no_platforms else 'on'}")
    print(score.table())
    if options.wrong:
        print(*sorted(score.wrong), sep="\n")


if __name__ == "__main__":
    main()
