"""What an unchanged recrawl costs, against the first crawl and against what no recrawl can do without.

    python -m benchmarks.recrawl [--scale 0.2] [--base-port 9300]

The replica of July 2008 is crawled and judged twice, once with the share of sites that honour validators as the fact sheet has it
(`as-is`), once with all. Bytes are those of the answers, heads and bodies as sent. Unavoidable is every distinct request of the
second crawl once, answered as briefly as the site will: where a page came whole though it had validators, the benchmark asks whether
a conditional request would have been told 304. CPU time is of all processes of a stage, user and system; the first crawl's
training of the model is told apart, since it has nothing to do with sites.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

import replica

_TALLY = "RECRAWL_TALLY"  # where the crawl under measurement writes its requests
_MOST_BYTES, _MOST_CPU = 1.1, 0.4


class Tally:
    """A Scrapy extension that notes what was asked and how long the answer was, one JSON line a request."""

    def __init__(self, crawler: Crawler) -> None:
        self._file = Path(os.environ[_TALLY]).open("a", encoding="utf-8")  # noqa: SIM115 - closed with the spider
        crawler.signals.connect(self._downloaded, signal=signals.response_downloaded)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Tally:
        return cls(crawler)

    def _downloaded(self, response: Response, request: Request) -> None:
        head = sum(len(name) + len(value) + 4 for name, values in response.headers.items() for value in values)
        line = {
            "asked": [request.method, request.url, request.body.decode("latin-1")],
            "status": response.status,
            "bytes": len(f"HTTP/1.1 {response.status} Reason\r\n\r\n") + head + len(response.body),
            "validators": {
                name: value.decode("latin-1")
                for name, header in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
                if (value := response.headers.get(header))
            },
        }
        self._file.write(json.dumps(line) + "\n")

    def _closed(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Cost:
    """What one crawl with its judging cost: CPU seconds by stage, and its requests."""

    cpu: dict[str, float]
    requests: list[dict[str, Any]]

    @property
    def received(self) -> int:
        """Bytes of all answers."""
        return sum(request["bytes"] for request in self.requests)


def main() -> None:
    """Measure both shares and print the figures; exit code 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--base-port", type=int, default=9300)
    options = parser.parse_args()
    kept = [measure(share, options.scale, options.base_port) for share in ("as-is", "all")]
    sys.exit(0 if all(kept) else 1)


def measure(share: Any, scale: float, base_port: int) -> bool:
    """Crawl twice with this share of honest validators; print what it cost and tell whether the bounds are kept."""
    with (
        tempfile.TemporaryDirectory() as folder,
        replica.running("2008-07", scale=scale, base_port=base_port, validators=share) as sites,
    ):
        first, second = (_crawl(Path(folder), sites.homes, number) for number in (1, 2))
        least = _unavoidable(first, second)
    crawled, again = first.cpu["crawl"] + first.cpu["classify"], second.cpu["crawl"] + second.cpu["classify"]
    unchanged = sum(request["status"] == 304 for request in second.requests)
    print(f"validators {share}: {unchanged} of {len(second.requests)} answers were 304")
    print(
        f"  bytes   first {first.received:>12,}   second {second.received:>12,}   unavoidable {least:>12,}   "
        f"ratio {second.received / least:.3f} (at most {_MOST_BYTES})"
    )
    for stage in ("crawl", "classify"):
        print(f"  CPU s   {stage:<8} first {first.cpu[stage]:7.1f}   second {second.cpu[stage]:7.1f}")
    print(f"  CPU s   training once {first.cpu['train']:.1f}")
    print(f"  CPU     second / first {again / crawled:.2f} (at most {_MOST_CPU}), training left out")
    return second.received <= _MOST_BYTES * least and again <= _MOST_CPU * crawled


def _crawl(work: Path, homes: dict[str, str], number: int) -> Cost:
    record = f"--record=sqlite:///{work / 'bench.db'}"
    homes_file, tally = work / "homes.csv", work / f"requests-{number}.jsonl"
    homes_file.write_text("code,website\n" + "".join(f"{code},{home}\n" for code, home in homes.items()))
    allow = [f"--allow={urlsplit(home).netloc}" for home in homes.values()]
    asked = [*allow, "--delay=0", f"--homes={homes_file}", "--sample=nfer-2008", f"--as-of=2008-{6 + number:02d}-29"]
    cpu = {
        "crawl": _run("crawl", [record, *asked], tally),
        "train": _run("train", [record], tally) if number == 1 else 0.0,
        "classify": _run("classify", [record], tally),
    }
    return Cost(cpu, [json.loads(line) for line in tally.read_text().splitlines()])


_COUNTED = """
import crawler.settings
crawler.settings.EXTENSIONS["benchmarks.recrawl.Tally"] = 900
from mentorwatch.cli import main
main()
"""


def _run(verb: str, arguments: list[str], tally: Path) -> float:
    """Run one of our commands; return the CPU seconds that it and its children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", _COUNTED, verb, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, _TALLY: str(tally)},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _unavoidable(first: Cost, second: Cost) -> int:
    """Bytes of every distinct request of the second crawl, answered once and as briefly as the site will."""
    marks = {tuple(request["asked"]): request["validators"] for request in first.requests if request["validators"]}
    least: dict[tuple[str, ...], int] = {}
    for request in second.requests:
        asked = tuple(request["asked"])
        size = request["bytes"]
        if request["status"] == 200 and asked in marks and asked[0] == "GET":
            size = min(size, _conditional(asked[1], marks[asked], size))
        least[asked] = min(size, least.get(asked, size))
    return sum(least.values())


def _conditional(url: str, validators: dict[str, str], whole: int) -> int:
    """Bytes of the answer to a conditional request where it is 304, else ``whole``."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=validators)
        answer = connection.getresponse()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        return len("HTTP/1.1 304 Not Modified\r\n\r\n") + head if answer.status == 304 else whole
    finally:
        connection.close()


if __name__ == "__main__":
    main()
